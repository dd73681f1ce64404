/**
 * What whoever takes over a seat reads first: the state of its parts, which each worker hears before all else, and which permits of fetches
 * are still wanted of the addresses there.
 */
#include <stdlib.h>
#include <unistd.h>

#include "scanner/base/memory.h"
#include "scanner/pipeline/member_private.h"

#define BACKLOG_MAX (32U << 20) /* of one worker, or of the writer, above which reading waits */
#define WAIT_US     1000

/* --- state ------------------------------------------------------------------------------------ */

void member_add_parts(struct member *m, enum fleet_topic topic, struct kafka_reader *r)
{
    for (uint32_t i = 0; i < m->division.count; i++) {
        kafka_reader_add(r, member_topic(m, topic), m->division.first + i);
    }
}

void member_add_messages(struct member *m)
{
    member_add_parts(m, FLEET_HOSTS, m->inlet);
    member_add_parts(m, FLEET_SERVICES, m->inlet);
    member_add_parts(m, FLEET_ANSWERS, m->inlet);
}

/* What is known is told to others again, by way of the writer. */
static bool is_behind(const struct member *m, const struct mailbox *worker)
{
    return atomic_load_explicit(&worker->backlog, memory_order_relaxed) > BACKLOG_MAX ||
           atomic_load_explicit(&m->scan->writer.backlog, memory_order_relaxed) > BACKLOG_MAX;
}

static void post_known(struct member *m, uint32_t part, struct span message)
{
    struct mailbox *to = &m->scan->workers[part - m->division.first]->mailbox;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&out, message);
    mailbox_post(to, &out);
    buf_deinit(&out);
    while (is_behind(m, to) && !atomic_load(&m->stopping)) {
        (void)usleep(WAIT_US);
    }
}

/* A line that is invalid or a repeat has its row, and no owner knows it. */
static void restore(struct member *m, const struct kafka_record *r)
{
    enum message_kind kind;
    struct span body;
    if (!member_read_message(m, r, &kind, &body) || !member_is_of_partition(m, r, kind, body) ||
        !member_is_within_bounds(m, r, kind, body)) {
        return;
    }
    if (kind == MESSAGE_KNOWN_DOMAIN) {
        struct message_known_domain d = message_get_known_domain(body);
        line_set_add(&m->lines_done, d.input_line);
        if (d.domain.len == 0) {
            return;
        }
    }
    post_known(m, r->partition, r->value);
}

/* @return false: the process ends; kafka_reader_is_lost() says why, where it is that */
static bool read_known(struct member *m)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    kafka_reader_clear(m->inlet);
    member_add_parts(m, FLEET_STATE, m->inlet);
    bool ok = kafka_reader_begin(m->inlet, &why);
    while (ok && !kafka_reader_is_at_end(m->inlet) && !atomic_load(&m->stopping)) {
        struct kafka_record r;
        if (kafka_reader_next(m->inlet, POLL_MS, &r) && r.value.len > 0) {
            restore(m, &r);
        }
    }
    kafka_reader_clear(m->inlet);
    member_add_messages(m);
    ok = ok && !atomic_load(&m->stopping) && kafka_reader_begin(m->inlet, &why);
    buf_deinit(&why);
    return ok;
}

void member_restore(struct member *m)
{
    bool read = true;
    if (m->epoch > ROSTER_FIRST_EPOCH) {
        read = read_known(m);
        m->replay.on = true;
    }
    atomic_store(&m->restored, read);
}

/* --- permits ---------------------------------------------------------------------------------- */

/* Whoever had the seat of the asker then is not there any more. */
static bool is_of_old_epoch(struct member *m, uint64_t fetch)
{
    uint64_t seat = fetch >> FETCH_SEAT_BIT;
    uint32_t epoch = (uint32_t)(fetch >> FETCH_EPOCH_BIT & MESSAGE_EPOCHS_MAX);
    (void)pthread_mutex_lock(&m->watching);
    bool old = seat >= m->roster.count || epoch < m->roster.members[seat].epoch;
    (void)pthread_mutex_unlock(&m->watching);
    return old;
}

static void hold_permit(struct member *m, const struct message_permit_want *w, uint32_t part)
{
    struct replay *p = &m->replay;
    bool added = false;
    (void)map_add(&p->wanted, hash_key_of_u64(w->fetch), p->permit_count, &added);
    if (added && !is_of_old_epoch(m, w->fetch)) {
        p->permits = memory_grow_list(p->permits, p->permit_count, sizeof(*p->permits));
        p->permits[p->permit_count++] =
            (struct held_permit){.fetch = w->fetch, .address = w->address, .part = part};
    }
}

/* What was granted, used and returned before our time would be granted again, one at the distance of an address after the other. */
bool member_hold_permit(struct member *m, uint32_t part, enum message_kind kind, struct span body)
{
    if (!m->replay.on || m->replay.ended[part]) {
        return false;
    }
    if (kind == MESSAGE_PERMIT_WANT) {
        struct message_permit_want w = message_get_permit_want(body);
        hold_permit(m, &w, part);
        return true;
    }
    if (kind == MESSAGE_PERMIT_RETURN) {
        struct message_permit_return r = message_get_permit_return(body);
        const uint64_t *at = map_find(&m->replay.wanted, hash_key_of_u64(r.fetch));
        if (at != NULL && *at < m->replay.permit_count && m->replay.permits[*at].fetch == r.fetch) {
            m->replay.permits[*at].returned = true;
        }
        return true;
    }
    return false;
}

static void post_permits(struct member *m, uint32_t part)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < m->replay.permit_count; i++) {
        const struct held_permit *h = &m->replay.permits[i];
        if (h->part == part && !h->returned) {
            const struct message_permit_want w = {.fetch = h->fetch, .address = h->address};
            message_put_permit_want(&out, &w);
        }
    }
    mailbox_post(&m->scan->workers[part - m->division.first]->mailbox, &out);
    buf_deinit(&out);
}

void member_look_for_permits(struct member *m)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; m->replay.on && i < m->division.count; i++) {
        uint32_t part = m->division.first + i;
        if (!m->replay.ended[part] &&
            kafka_reader_has_ended(m->inlet, member_topic(m, FLEET_SERVICES), part)) {
            m->replay.ended[part] = true;
            post_permits(m, part);
        }
        ended += m->replay.ended[part];
    }
    if (m->replay.on && ended == m->division.count) {
        m->replay.on = false;
        member_replay_deinit(&m->replay);
    }
}

void member_replay_deinit(struct replay *p)
{
    map_deinit(&p->wanted);
    free(p->permits);
    p->permits = NULL;
    p->permit_count = 0;
}
