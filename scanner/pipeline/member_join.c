/**
 * How a process becomes a member: it joins while there are seats, and else waits until one is free.
 */
#include <stdio.h>

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/flow/message_check.h"
#include "scanner/owners/remembered.h"
#include "scanner/pipeline/member_private.h"

#define JOIN_SAY_MS 10000 /* waiting for others is told */
#define AWAY_MS     5000  /* for the word that it does not stay */

/* Of no thread's yet, or of none's any more. */
static void say_in_control(struct member *m, const struct buf *message)
{
    (void)kafka_send(m->kafka, member_topic(m, FLEET_CONTROL), 0, (struct span){0},
                     buf_span(message), NULL);
}

static struct roster_place own_place(const struct member *m)
{
    const struct scan_params *p = m->scan->params;
    return (struct roster_place){
        .ipv4 = p->use_ipv4, .ipv6 = p->use_ipv6, .trust_ad = p->terms.trust_ad};
}

static void say_join(struct member *m)
{
    struct roster_place place = own_place(m);
    struct message_fleet_join j = {.member = span_of(m->name),
                                   .ipv4 = place.ipv4,
                                   .ipv6 = place.ipv6,
                                   .trust_ad = place.trust_ad};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_join(&message, &j);
    say_in_control(m, &message);
    buf_deinit(&message);
    m->said_join = true;
}

/* Its seat is free, if it has one. */
static void take_join_back(struct member *m)
{
    const struct message_fleet_away a = {.member = span_of(m->name)};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_away(&message, &a);
    say_in_control(m, &message);
    buf_deinit(&message);
    (void)kafka_flush(m->kafka, AWAY_MS);
}

static const char *families_text(const struct roster_place *place)
{
    return place->ipv4 && place->ipv6 ? "IPv4 and IPv6" : place->ipv4 ? "IPv4" : "IPv6";
}

/* @return false with one line in `why` */
static bool may_be_member(const struct member *m, struct buf *why)
{
    const struct roster *r = &m->roster;
    struct roster_place own = own_place(m);
    if (!roster_agrees(r, &own) && (r->place.ipv4 != own.ipv4 || r->place.ipv6 != own.ipv6)) {
        buf_putf(why,
                 "--scan %s: its other members connect over %s, this machine over %s: rows would "
                 "depend on who has a domain; feed the list with --ipv4-only or --ipv6-only, or "
                 "end those that wait and begin with this one",
                 m->p->scan, families_text(&r->place), families_text(&own));
    } else if (!roster_agrees(r, &own)) {
        buf_putf(why,
                 "--scan %s: its other members %s the AD bit of their resolvers, this machine does "
                 "%s: feed the list with --trust-ad yes or no, or end those that wait and begin "
                 "with this one",
                 m->p->scan, r->place.trust_ad ? "trust" : "do not trust",
                 r->place.trust_ad ? "not" : "so");
    }
    return why->len == 0;
}

static void say_who_is_missing(const struct member *m, const struct member_wait *wait)
{
    char line[200];
    (void)snprintf(line, sizeof(line),
                   "--scan %s: %u of %u members are here; waiting for the others", m->p->scan,
                   m->roster.count, m->roster.wanted);
    wait->say(wait->say_arg, line);
}

static bool has_read_control(const struct member *m)
{
    return kafka_reader_is_at_end(m->control);
}

/* Or we know that we are none. */
static bool all_are_there(const struct member *m)
{
    return m->heard_join &&
           (m->roster.complete || roster_find(&m->roster, span_of(m->name)) == ROSTER_NOBODY);
}

/* @return false with one line in `why`, but where `go_on` said so */
static bool read_control_until(struct member *m, bool (*is_enough)(const struct member *m),
                               const struct member_wait *wait, struct buf *why)
{
    uint64_t said = 0;
    int64_t began = clock_boot_ms();
    while (!is_enough(m)) {
        if (!wait->go_on(wait->arg)) {
            return false;
        }
        kafka_poll(m->kafka, 0);
        if (kafka_is_lost(m->kafka, why) || kafka_reader_is_lost(m->control, why)) {
            return false;
        }
        (void)member_read_control(m, POLL_MS);
        if ((uint64_t)(clock_boot_ms() - began) / JOIN_SAY_MS > said) {
            said++;
            say_who_is_missing(m, wait);
        }
    }
    return true;
}

/* None of these has a line of the seat any more that its owner of then waited for. */
static uint32_t settled_before(const struct member *m)
{
    uint32_t settled = UINT32_MAX;
    for (uint32_t i = 0; i < m->division.count; i++) {
        uint32_t of_part = m->watch.settled[m->division.first + i];
        settled = of_part < settled ? of_part : settled;
    }
    /* All: what has no row all the same belongs to the first that is open. */
    return settled == UINT32_MAX ? block_watch_closed(&m->watch) : settled;
}

static void take_seat(struct member *m, uint32_t number)
{
    m->number = (uint16_t)number;
    m->epoch = m->roster.members[number].epoch;
    m->seated = true;
    m->division.first = member_first_part(m, number);
    m->division.count = member_first_part(m, number + 1) - m->division.first;
    m->lines = memory_new(m->division.count, sizeof(*m->lines));
    for (uint32_t i = 0; i < m->division.count; i++) {
        m->lines[i].ahead = BUF_INIT(BUF_NO_LIMIT);
    }
    member_add_parts(m, FLEET_DOMAINS, m->domains);
    member_add_messages(m);
    if (m->epoch > ROSTER_FIRST_EPOCH) {
        m->first_block = settled_before(m);
        memcpy(m->sent_before, m->watch.sent, sizeof(m->watch.sent));
        m->dial_from_ms =
            clock_boot_ms() + (int64_t)pace_interval_ms(m->scan->params->address_rate, 0);
    }
}

/* --- spares ----------------------------------------------------------------------------------- */

static void say_spare(const struct member *m, const struct member_wait *wait)
{
    char line[300];
    (void)snprintf(line, sizeof(line),
                   "--scan %s: the places of its %u member%s are taken (feed --members); waiting "
                   "for one that becomes free",
                   m->p->scan, m->roster.wanted, m->roster.wanted == 1 ? "" : "s");
    wait->say(wait->say_arg, line);
}

static void say_seat(const struct member *m, const struct member_wait *wait)
{
    char line[300];
    (void)snprintf(line, sizeof(line),
                   "--scan %s: this is member %u of %u from here on, in the place of one that is "
                   "lost",
                   m->p->scan, m->number + 1U, m->roster.wanted);
    wait->say(wait->say_arg, line);
}

static void say_take(struct member *m, uint32_t seat)
{
    const struct message_fleet_take t = {.member = (uint16_t)seat,
                                         .epoch = m->roster.members[seat].epoch + 1,
                                         .name = span_of(m->name)};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_take(&message, &t);
    m->taking = (struct seat_epoch){seat, t.epoch};
    say_in_control(m, &message);
    buf_deinit(&message);
    m->said_join = true;
}

/* TAKE comes back as everything in `control` does: it was the first of its epoch, or somebody else's was. */
static bool is_waiting_for_take(const struct member *m)
{
    return m->taking.epoch != 0 && m->roster.members[m->taking.seat].epoch < m->taking.epoch;
}

static bool look_for_seat(struct member *m)
{
    for (unsigned i = 0; i < 1000 && member_read_control(m, i == 0 ? POLL_MS : 0); i++) {
    }
    if (roster_find(&m->roster, span_of(m->name)) != ROSTER_NOBODY) {
        return true;
    }
    uint32_t seat = roster_find_free(&m->roster, ROSTER_NOBODY, m->p->terms->silent_after);
    if (!is_waiting_for_take(m) && seat != ROSTER_NOBODY &&
        m->roster.members[seat].epoch < MESSAGE_EPOCHS_MAX) {
        say_take(m, seat);
    }
    return false;
}

/* @return false with one line in `why`, but where `go_on` said so */
static bool wait_for_seat(struct member *m, const struct member_wait *wait, enum scan_end *end,
                          struct buf *why)
{
    bool said = false;
    while (!look_for_seat(m)) {
        if (!wait->go_on(wait->arg)) {
            return false;
        }
        member_beat(m, 0);
        kafka_poll(m->kafka, 0);
        if (kafka_is_lost(m->kafka, why) || kafka_reader_is_lost(m->control, why)) {
            return false;
        }
        if (roster_is_done(&m->roster)) {
            buf_putf(why, "--scan %s: all members have ended their work: nothing is left to do",
                     m->p->scan);
            *end = SCAN_END_COMPLETE;
            return false;
        }
        if (!said && m->taking.epoch == 0) {
            said = true;
            say_spare(m, wait);
        }
    }
    return true;
}

/* --- joining ---------------------------------------------------------------------------------- */

/* Who cannot be a member says nothing to the others. @return false with one line in `why`, but where `go_on` said so */
static bool join_others(struct member *m, const struct member_wait *wait, enum scan_end *end,
                        struct buf *why)
{
    if (!read_control_until(m, has_read_control, wait, why)) {
        return false;
    }
    *end = SCAN_END_USAGE;
    if (!may_be_member(m, why)) {
        return false;
    }
    *end = SCAN_END_FATAL;
    if (m->roster.complete) {
        return wait_for_seat(m, wait, end, why);
    }
    say_join(m);
    if (!read_control_until(m, all_are_there, wait, why)) {
        return false;
    }
    if (roster_find(&m->roster, span_of(m->name)) != ROSTER_NOBODY) {
        return true;
    }
    *end = SCAN_END_USAGE; /* others were faster */
    if (!may_be_member(m, why)) {
        return false;
    }
    if (!m->roster.complete) {
        buf_putf(why, "--scan %s: what joins was taken back by somebody else", m->p->scan);
        return false;
    }
    *end = SCAN_END_FATAL;
    return wait_for_seat(m, wait, end, why);
}

static bool begin_in_seat(struct member *m, const struct member_wait *wait, struct buf *why)
{
    take_seat(m, roster_find(&m->roster, span_of(m->name)));
    if (m->epoch > ROSTER_FIRST_EPOCH) {
        say_seat(m, wait);
    }
    return kafka_reader_begin(m->inlet, why) && kafka_reader_begin(m->domains, why);
}

bool member_join(struct member *m, const struct member_wait *wait, enum scan_end *end,
                 struct buf *why)
{
    *end = SCAN_END_FATAL;
    bool joined = join_others(m, wait, end, why) && begin_in_seat(m, wait, why);
    if (!joined && m->said_join) {
        take_join_back(m);
    }
    return joined;
}
