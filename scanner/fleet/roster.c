#include "scanner/fleet/roster.h"

#include "scanner/base/check.h"

void roster_init(struct roster *r, uint32_t wanted)
{
    CHECK(wanted > 0 && wanted <= ROSTER_MEMBERS_MAX);
    *r = (struct roster){.wanted = wanted};
}

uint32_t roster_find(const struct roster *r, struct span name)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (span_eq(span_of(r->members[i].name), name)) {
            return i;
        }
    }
    return ROSTER_NOBODY;
}

bool roster_agrees(const struct roster *r, const struct roster_place *place)
{
    return r->count == 0 || (r->place.ipv4 == place->ipv4 && r->place.ipv6 == place->ipv6 &&
                             r->place.trust_ad == place->trust_ad);
}

static bool is_new_name(const struct roster *r, struct span name)
{
    return name.len > 0 && name.len < sizeof(r->members->name) &&
           roster_find(r, name) == ROSTER_NOBODY;
}

static void sit_down(struct roster_member *m, struct span name, uint32_t epoch)
{
    *m = (struct roster_member){.epoch = epoch};
    memcpy(m->name, name.at, name.len);
}

void roster_join(struct roster *r, const struct message_fleet_join *join)
{
    const struct roster_place place = {
        .ipv4 = join->ipv4, .ipv6 = join->ipv6, .trust_ad = join->trust_ad};
    if (r->complete || !is_new_name(r, join->member) || !roster_agrees(r, &place)) {
        return;
    }
    sit_down(&r->members[r->count++], join->member, ROSTER_FIRST_EPOCH);
    r->place = place;
    r->complete = r->count == r->wanted;
}

void roster_away(struct roster *r, struct span name)
{
    uint32_t number = roster_find(r, name);
    if (number == ROSTER_NOBODY) {
        return;
    }
    if (r->complete) {
        r->members[number].unfinished = true;
        return;
    }
    r->count--;
    memmove(&r->members[number], &r->members[number + 1],
            (r->count - number) * sizeof(r->members[0]));
}

void roster_left(struct roster *r, const struct message_fleet_left *left)
{
    if (left->member < r->count && r->members[left->member].epoch == left->epoch) {
        r->members[left->member].left = left->whole;
        r->members[left->member].unfinished = !left->whole;
    }
}

bool roster_take(struct roster *r, const struct message_fleet_take *take)
{
    bool taken = r->complete && take->member < r->count &&
                 take->epoch == r->members[take->member].epoch + 1 && is_new_name(r, take->name);
    if (taken) {
        sit_down(&r->members[take->member], take->name, take->epoch);
    }
    return taken;
}

void roster_beat(struct roster *r, struct span name, uint64_t progress)
{
    uint32_t number = roster_find(r, name);
    if (number != ROSTER_NOBODY) {
        r->members[number].silent = 0;
        r->members[number].progress = progress;
    }
}

void roster_count_silence(struct roster *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        r->members[i].silent++;
    }
}

uint64_t roster_progress_of_others(const struct roster *r, uint32_t ourselves)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        sum += i != ourselves ? r->members[i].progress : 0;
    }
    return sum;
}

static bool seat_is_free(const struct roster_member *m, uint32_t beats)
{
    return m->unfinished || (!m->left && m->silent > beats);
}

uint32_t roster_find_free(const struct roster *r, uint32_t ourselves, uint32_t beats)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (i != ourselves && seat_is_free(&r->members[i], beats)) {
            return i;
        }
    }
    return ROSTER_NOBODY;
}

bool roster_is_done(const struct roster *r)
{
    bool done = r->complete;
    for (uint32_t i = 0; i < r->count; i++) {
        done = done && r->members[i].left;
    }
    return done;
}
