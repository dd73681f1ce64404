/**
 * What comes to a member: messages for its owners, and what stands in `control`.
 */
#include "scanner/base/clock.h"
#include "scanner/pipeline/member_private.h"

/* --- control ---------------------------------------------------------------------------------- */

/* Whoever reads that its seat is another's stops at once: what it still says would be said beside that one. */
static void on_take(struct member *m, const struct message_fleet_take *t)
{
    if (roster_take(&m->roster, t) && m->seated && t->member == m->number) {
        atomic_store(&m->taken, true);
        kafka_drop(m->kafka);
    }
}

static void on_control(struct member *m, enum message_kind kind, struct span body)
{
    switch ((int)kind) {
    case MESSAGE_FLEET_JOIN: {
        struct message_fleet_join j = message_get_fleet_join(body);
        roster_join(&m->roster, &j);
        m->heard_join = m->heard_join || span_eq(j.member, span_of(m->name));
        return;
    }
    case MESSAGE_FLEET_SETTLED: {
        struct message_fleet_settled s = message_get_fleet_settled(body);
        block_watch_settled(&m->watch, s.part, s.blocks);
        return;
    }
    case MESSAGE_FLEET_SENT: {
        struct message_fleet_sent s = message_get_fleet_sent(body);
        block_watch_sent(&m->watch, s.part, s.blocks, s.offsets);
        return;
    }
    case MESSAGE_FLEET_LAST:
        block_watch_last(&m->watch, message_get_fleet_last(body).blocks);
        return;
    case MESSAGE_FLEET_DONE:
        block_watch_done(&m->watch, message_get_fleet_done(body).part);
        return;
    case MESSAGE_FLEET_LEFT: {
        struct message_fleet_left l = message_get_fleet_left(body);
        roster_left(&m->roster, &l);
        return;
    }
    case MESSAGE_FLEET_TAKE: {
        struct message_fleet_take t = message_get_fleet_take(body);
        on_take(m, &t);
        return;
    }
    case MESSAGE_FLEET_AWAY:
        roster_away(&m->roster, message_get_fleet_away(body).member);
        return;
    default: /* files are collect's */
        return;
    }
}

/* Others' silence counts in beats of our own, as these lie in one order; where ours come late, it is the brokers who are silent. */
static void on_beat(struct member *m, struct span name, const struct message_fleet_beat *b)
{
    roster_beat(&m->roster, name, b->progress);
    if (!span_eq(name, span_of(m->name))) {
        return;
    }
    atomic_store_explicit(&m->sent_ms, (int64_t)b->sent_ms, memory_order_relaxed);
    if (member_is_fresh(m)) {
        roster_count_silence(&m->roster);
        roster_beat(&m->roster, name, b->progress);
    }
}

bool member_read_control(struct member *m, int ms)
{
    struct kafka_record r;
    enum message_kind kind;
    struct span body;
    if (!kafka_reader_next(m->control, ms, &r)) {
        return false;
    }
    if (member_read_message(m, &r, &kind, &body)) {
        (void)pthread_mutex_lock(&m->watching);
        if (kind == MESSAGE_FLEET_BEAT) {
            struct message_fleet_beat b = message_get_fleet_beat(body);
            on_beat(m, r.key, &b);
        } else {
            on_control(m, kind, body);
        }
        (void)pthread_mutex_unlock(&m->watching);
    }
    return true;
}

static void put_fences(const struct member *m, uint32_t block, struct buf *out)
{
    for (uint32_t from = 0; from < m->division.parts; from++) {
        struct message_block_fence f = {.block = block, .from = (uint16_t)from};
        message_put_block_fence(out, &f);
    }
}

/* The names of a block are with the worker when it has read what all have sent. Under the lock. */
static void open_blocks(struct member *m, uint32_t worker)
{
    uint32_t part = m->division.first + worker;
    uint32_t opened = block_watch_opened(&m->watch);
    if (m->served[part] < m->watch.needed[part]) {
        return;
    }
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (; m->fenced[part] < opened; m->fenced[part]++) {
        put_fences(m, m->fenced[part], &out);
    }
    if (m->rest_closed && opened >= m->closed && !m->rest_fenced[part]) {
        m->rest_fenced[part] = true;
        put_fences(m, BLOCK_OF_THE_REST, &out);
    }
    if (out.len > 0) {
        mailbox_post(&m->scan->workers[worker]->mailbox, &out);
    }
    buf_deinit(&out);
}

static void close_block(struct member *m, uint32_t block)
{
    struct message_block_close c = {.block = block};
    for (uint32_t i = 0; i < m->division.count; i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        message_put_block_close(&out, &c);
        mailbox_post(&m->scan->workers[i]->mailbox, &out);
        buf_deinit(&out);
    }
}

/* Behind the last block there is none that could close: who takes a part over may have a line without a row, whose host nobody has asked for. */
static void close_where_all_settled(struct member *m)
{
    uint32_t closed = block_watch_closed(&m->watch);
    while (m->closed < closed) {
        close_block(m, m->closed++);
    }
    if (!m->rest_closed && block_watch_is_all_closed(&m->watch)) {
        m->rest_closed = true;
        close_block(m, BLOCK_OF_THE_REST);
    }
    admission_close_everywhere(&m->scan->admission, closed);
}

void *member_control_run(void *arg)
{
    struct member *m = arg;
    while (!atomic_load(&m->stopping)) {
        bool more = true;
        for (unsigned i = 0; i < 1000 && more; i++) {
            more = member_read_control(m, i == 0 ? POLL_MS : 0);
        }
        if (!atomic_load(&m->restored)) {
            continue;
        }
        (void)pthread_mutex_lock(&m->watching);
        close_where_all_settled(m);
        for (uint32_t i = 0; i < m->division.count; i++) {
            open_blocks(m, i);
        }
        (void)pthread_mutex_unlock(&m->watching);
    }
    return NULL;
}

/* --- messages of others ----------------------------------------------------------------------- */

static void to_its_thread(struct member *m, const struct kafka_record *r, enum message_kind kind,
                          struct span body)
{
    uint32_t worker = r->partition - m->division.first;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    if (kind == MESSAGE_ENDPOINT_DONE) { /* sets of issuers are numbered within a process */
        struct message_endpoint_done done = message_get_endpoint_done(body);
        done.issuers = 0;
        message_put_endpoint_done(&out, &done);
    } else {
        buf_put(&out, r->value);
    }
    if (kind == MESSAGE_PERMIT_GRANT) {
        if (m->policies != NULL) {
            mailbox_post(m->policies, &out);
        }
    } else {
        mailbox_post(&m->scan->workers[worker]->mailbox, &out);
    }
    buf_deinit(&out);
}

void *member_inlet_run(void *arg)
{
    struct member *m = arg;
    struct kafka_record r;
    member_restore(m);
    while (!atomic_load(&m->stopping)) {
        if (!kafka_reader_next(m->inlet, POLL_MS, &r)) {
            member_look_for_permits(m);
            continue;
        }
        enum message_kind kind;
        struct span body;
        if (member_read_message(m, &r, &kind, &body) && member_is_of_partition(m, &r, kind, body) &&
            member_is_within_bounds(m, &r, kind, body) &&
            !member_hold_permit(m, r.partition, kind, body)) {
            to_its_thread(m, &r, kind, body);
        }
        if (fleet_topic_of(m->topics, r.topic) == FLEET_SERVICES) {
            (void)pthread_mutex_lock(&m->watching);
            m->served[r.partition] = r.offset;
            open_blocks(m, r.partition - m->division.first);
            (void)pthread_mutex_unlock(&m->watching);
        }
    }
    return NULL;
}
