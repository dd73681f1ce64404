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

void roster_join(struct roster *r, const struct message_fleet_join *join)
{
    const struct roster_place place = {
        .ipv4 = join->ipv4, .ipv6 = join->ipv6, .trust_ad = join->trust_ad};
    if (r->complete || join->member.len == 0 || join->member.len >= sizeof(r->members->name) ||
        roster_find(r, join->member) != ROSTER_NOBODY || !roster_agrees(r, &place)) {
        return;
    }
    struct roster_member *m = &r->members[r->count++];
    *m = (struct roster_member){0};
    memcpy(m->name, join->member.at, join->member.len);
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
        roster_left(r, number, false);
        return;
    }
    r->count--;
    memmove(&r->members[number], &r->members[number + 1],
            (r->count - number) * sizeof(r->members[0]));
}

void roster_left(struct roster *r, uint32_t number, bool whole)
{
    if (number < r->count) {
        r->members[number].left = whole;
        r->members[number].unfinished = !whole;
    }
}

void roster_beat(struct roster *r, struct span name, uint64_t progress, int64_t now_ms)
{
    uint32_t number = roster_find(r, name);
    if (number != ROSTER_NOBODY) {
        r->members[number].heard_ms = now_ms;
        r->members[number].silent = 0;
        r->members[number].progress = progress;
    }
}

void roster_count_silence(struct roster *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        r->members[i].silent += !r->members[i].left;
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

uint32_t roster_find_lost(const struct roster *r, uint32_t ourselves, uint32_t beats)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (i != ourselves && (r->members[i].unfinished || r->members[i].silent > beats)) {
            return i;
        }
    }
    return ROSTER_NOBODY;
}
