#include "scanner/pipeline/member.h"

#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/member_private.h"
#include "scanner/pipeline/thread_join.h"

#define STEP_MAX_MS 1000 /* between two looks; longer, and the machine stood still */

/* --- the coordinator's ------------------------------------------------------------------------ */

static void say_settled(struct member *m, uint32_t blocks)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < m->division.count; i++) {
        struct message_fleet_settled s = {.part = (uint16_t)(m->division.first + i),
                                          .blocks = blocks};
        message_put_fleet_settled(&out, &s);
    }
    member_post_outward(m, m->division.first, 0, &out);
    buf_deinit(&out);
}

static void say_done(struct member *m)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < m->division.count; i++) {
        struct message_fleet_done d = {.part = (uint16_t)(m->division.first + i)};
        message_put_fleet_done(&out, &d);
    }
    member_post_outward(m, m->division.first, 0, &out);
    buf_deinit(&out);
}

void member_look(struct member *m, bool lines_read, uint64_t progress)
{
    struct admission *a = &m->scan->admission;
    member_beat(m, progress);
    if (admission_is_stopped(a)) { /* there may be lines that it did not take */
        return;
    }
    uint32_t settled = admission_settled_blocks(a);
    if (settled > m->settled) {
        m->settled = settled;
        say_settled(m, settled);
    }
    if (!m->done && settled == UINT32_MAX && lines_read && admission_is_empty(a)) {
        m->done = true;
        say_done(m);
    }
}

uint64_t member_progress_of_others(struct member *m)
{
    (void)pthread_mutex_lock(&m->watching);
    uint64_t progress = roster_progress_of_others(&m->roster, m->number);
    (void)pthread_mutex_unlock(&m->watching);
    return progress;
}

bool member_is_fed(struct member *m)
{
    (void)pthread_mutex_lock(&m->watching);
    bool fed = m->watch.last > 0;
    (void)pthread_mutex_unlock(&m->watching);
    return fed;
}

static bool is_busy(const struct member *m, uint32_t number)
{
    uint32_t part = member_first_part(m, number);
    while (part < member_first_part(m, number + 1) && m->watch.done[part]) {
        part++;
    }
    return part < member_first_part(m, number + 1);
}

uint32_t member_count_busy(struct member *m)
{
    uint32_t count = 0;
    (void)pthread_mutex_lock(&m->watching);
    for (uint32_t i = 0; i < m->p->terms->members; i++) {
        count += i != m->number && is_busy(m, i);
    }
    (void)pthread_mutex_unlock(&m->watching);
    return count;
}

bool member_is_over(struct member *m)
{
    (void)pthread_mutex_lock(&m->watching);
    bool over = block_watch_is_over(&m->watch);
    (void)pthread_mutex_unlock(&m->watching);
    return over;
}

/* --- seats that are free ---------------------------------------------------------------------- */

static void put_seat(const struct member *m, uint32_t seat, struct buf *text)
{
    buf_putf(text, "--scan %s: member %u of %u ", m->p->scan, seat + 1, m->p->terms->members);
}

static void say_free(struct member *m, const struct roster_member *who)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    put_seat(m, m->free.seat, &line);
    if (who->unfinished) {
        buf_put_text(&line, "has left before its work was done");
    } else {
        buf_putf(&line, "is silent for %u s", who->silent);
    }
    buf_putf(&line,
             ": its place is free for another mxcensus work; if none takes it within %d minutes, "
             "this one ends",
             KAFKA_LOST_MS / 60000);
    member_notice(m, &line);
    buf_deinit(&line);
}

static void say_not_free(struct member *m)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    bool same = m->roster.members[m->free.seat].epoch == m->free.epoch;
    put_seat(m, m->free.seat, &line);
    buf_put_text(&line, same ? "is heard again" : "is another mxcensus work now");
    member_notice(m, &line);
    buf_deinit(&line);
}

/* Time counts while brokers are well: else nobody could take it. @return false: for too long nobody took it. Under the lock */
static bool look_for_free_seat(struct member *m)
{
    int64_t now = clock_boot_ms();
    int64_t step = now - m->free.looked_ms;
    uint32_t seat = block_watch_is_over(&m->watch)
                        ? ROSTER_NOBODY
                        : roster_find_free(&m->roster, m->number, m->p->terms->silent_after);
    m->free.looked_ms = now;
    if (m->free.seat != ROSTER_NOBODY &&
        (seat != m->free.seat || m->roster.members[seat].epoch != m->free.epoch)) {
        say_not_free(m);
        m->free.seat = ROSTER_NOBODY;
    }
    if (seat == ROSTER_NOBODY || !member_is_fresh(m)) {
        return true;
    }
    const struct roster_member *who = &m->roster.members[seat];
    if (m->free.seat == ROSTER_NOBODY) {
        m->free.seat = seat;
        m->free.epoch = who->epoch;
        m->free.waited_ms = 0;
        say_free(m, who);
    }
    m->free.waited_ms += step < STEP_MAX_MS ? step : STEP_MAX_MS;
    return m->free.waited_ms <= KAFKA_LOST_MS;
}

bool member_is_held_up(struct member *m)
{
    return m->free.seat != ROSTER_NOBODY || !member_may_dial(m);
}

bool member_is_lost(struct member *m, struct buf *why)
{
    if (atomic_load(&m->taken)) {
        put_seat(m, m->number, why);
        buf_put_text(why, "was this one: another mxcensus work has taken its place, as it was not "
                          "heard; it sends nothing more, and what it had under way is done there");
        return true;
    }
    if (kafka_is_lost(m->kafka, why) || kafka_reader_is_lost(m->control, why) ||
        kafka_reader_is_lost(m->inlet, why) || kafka_reader_is_lost(m->domains, why)) {
        return true;
    }
    (void)pthread_mutex_lock(&m->watching);
    if (!look_for_free_seat(m)) {
        put_seat(m, m->free.seat, why);
        buf_putf(why,
                 "was lost %d minutes ago, and nobody has taken its place: start mxcensus work "
                 "again as often as there are members; the scan goes on where it was",
                 KAFKA_LOST_MS / 60000);
    }
    (void)pthread_mutex_unlock(&m->watching);
    return why->len > 0;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static bool open_reader(struct member *m, struct kafka_reader **r, struct buf *why)
{
    *r = kafka_reader_new(&m->p->kafka, m->p->scan, why);
    return *r != NULL;
}

struct member *member_alloc(struct scan *scan, const struct fleet_params *p)
{
    struct member *m = memory_new(1, sizeof(*m));
    m->scan = scan;
    m->p = p;
    m->topics = p->topics;
    m->notices = BUF_INIT(BUF_NO_LIMIT);
    m->division = (struct division){.parts = p->terms->parts, .runs = true};
    CHECK(pthread_mutex_init(&m->sending, NULL) == 0);
    CHECK(pthread_mutex_init(&m->watching, NULL) == 0);
    CHECK(pthread_mutex_init(&m->noticing, NULL) == 0);
    CHECK(pthread_cond_init(&m->acknowledged, NULL) == 0);
    outbox_init(&m->outbox, member_send_item, m);
    block_watch_init(&m->watch, p->terms->parts);
    roster_init(&m->roster, p->terms->members);
    for (uint32_t i = 0; i < FLEET_PARTS_MAX; i++) {
        m->sent[i] = m->served[i] = -1;
    }
    m->free.seat = ROSTER_NOBODY;
    uuid7_make(clock_unix_ms(), m->name);
    return m;
}

struct member *member_new(struct scan *scan, const struct fleet_params *p, struct buf *why)
{
    struct member *m = member_alloc(scan, p);
    m->kafka = kafka_new(&p->kafka, member_on_delivered, m, why);
    bool ok = m->kafka != NULL && kafka_connect(m->kafka, KAFKA_CONNECT_MS, why) &&
              open_reader(m, &m->control, why) && open_reader(m, &m->inlet, why) &&
              open_reader(m, &m->domains, why);
    if (ok) {
        kafka_reader_add(m->control, member_topic(m, FLEET_CONTROL), 0);
        kafka_reader_add(m->control, member_topic(m, FLEET_BEATS), 0);
        ok = kafka_reader_begin(m->control, why);
    }
    if (!ok) {
        member_free(m);
        return NULL;
    }
    return m;
}

struct division member_division(const struct member *m)
{
    return m->division;
}

void member_start(struct member *m, struct mailbox *policies)
{
    m->policies = policies;
    m->started = true;
    thread_start(&m->ack_thread, member_ack_run, m);
    thread_start(&m->control_thread, member_control_run, m);
    thread_start(&m->inlet_thread, member_inlet_run, m);
}

uint32_t member_first_block(const struct member *m)
{
    return m->first_block;
}

void member_free(struct member *m)
{
    if (m == NULL) {
        return;
    }
    kafka_reader_free(m->control);
    kafka_reader_free(m->inlet);
    kafka_reader_free(m->domains);
    kafka_free(m->kafka);
    outbox_deinit(&m->outbox);
    for (uint32_t i = 0; m->lines != NULL && i < m->division.count; i++) {
        buf_deinit(&m->lines[i].ahead);
    }
    free(m->lines);
    line_set_deinit(&m->lines_done);
    member_replay_deinit(&m->replay);
    buf_deinit(&m->notices);
    (void)pthread_mutex_destroy(&m->sending);
    (void)pthread_mutex_destroy(&m->watching);
    (void)pthread_mutex_destroy(&m->noticing);
    (void)pthread_cond_destroy(&m->acknowledged);
    free(m);
}
