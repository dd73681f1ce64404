/**
 * What leaves a member: rows and messages of its threads, to brokers.
 */
#include <time.h>

#include "output/result_dir.h"
#include "scanner/base/check.h"
#include "scanner/base/codec.h"
#include "scanner/pipeline/member_private.h"

#define OUTBOX_MAX (64U << 20) /* octets, above which rows and messages wait */

/* --- ranks: what waits for what --------------------------------------------------------------- */

enum rank {
    RANK_FREE,     /* it names nothing that has to be there */
    RANK_RESOLVED, /* a host whose wants left is never resolved again */
    RANK_WANTS,    /* ADDRESS_WANTs */
    RANK_SENT,     /* behind all of these */
    RANK_CERTIFICATES,
    RANK_CHAINS, /* and bodies of policies */
    RANK_SERVICES,
    RANK_KNOWN_SERVICES, /* what is known is said behind the row, and before anybody hears of it */
    RANK_ENDPOINTS,
    RANK_KNOWN_NAMES,
    RANK_ENDPOINT_DONE,
    RANK_HOSTS,
    RANK_KNOWN_HOSTS,
    RANK_HOST_DONE,
    RANK_POLICIES,
    RANK_DOMAINS,
    RANK_KNOWN_DOMAINS,
    RANK_OTHERS,
    RANK_DONE,
};

static unsigned rank_of_table(enum table_id t)
{
    switch ((int)t) {
    case TABLE_CERTIFICATES:
        return RANK_CERTIFICATES;
    case TABLE_CHAINS:
    case TABLE_POLICY_BODIES:
        return RANK_CHAINS;
    case TABLE_SERVICES:
        return RANK_SERVICES;
    case TABLE_ENDPOINTS:
        return RANK_ENDPOINTS;
    case TABLE_HOSTS:
        return RANK_HOSTS;
    case TABLE_POLICIES:
        return RANK_POLICIES;
    case TABLE_DOMAINS:
        return RANK_DOMAINS;
    default:
        return RANK_OTHERS;
    }
}

static unsigned rank_of_kind(enum message_kind kind)
{
    switch ((int)kind) {
    case MESSAGE_KNOWN_RESOLVED:
        return RANK_RESOLVED;
    case MESSAGE_ADDRESS_WANT:
        return RANK_WANTS;
    case MESSAGE_KNOWN_SERVICE:
        return RANK_KNOWN_SERVICES;
    case MESSAGE_KNOWN_SPEAKER:
    case MESSAGE_KNOWN_NAME:
        return RANK_KNOWN_NAMES;
    case MESSAGE_ENDPOINT_DONE:
        return RANK_ENDPOINT_DONE;
    case MESSAGE_KNOWN_HOST:
        return RANK_KNOWN_HOSTS;
    case MESSAGE_HOST_DONE:
        return RANK_HOST_DONE;
    case MESSAGE_KNOWN_DOMAIN:
        return RANK_KNOWN_DOMAINS;
    case MESSAGE_FLEET_DONE:
        return RANK_DONE;
    default:
        return RANK_FREE;
    }
}

/* --- what leaves ------------------------------------------------------------------------------ */

/* How far its ADDRESS_WANTs lie is known when all of them are acknowledged. */
static void put_offsets(const struct member *m, struct span sent, struct buf *out)
{
    struct span in = sent;
    enum message_kind kind;
    struct span body;
    CHECK(message_next(&in, &kind, &body) && kind == MESSAGE_FLEET_SENT);
    struct message_fleet_sent s = message_get_fleet_sent(body);
    struct buf offsets = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < m->division.parts; i++) {
        codec_put_u64(&offsets, (uint64_t)m->sent[i]);
    }
    s.offsets = buf_span(&offsets);
    message_put_fleet_sent(out, &s);
    buf_deinit(&offsets);
}

bool member_send_item(void *arg, struct outbox_item *item)
{
    struct member *m = arg;
    if (atomic_load(&m->taken)) {
        return false;
    }
    if (item->rank != RANK_SENT) {
        return kafka_send(m->kafka, item->topic, item->partition, outbox_key(item),
                          outbox_value(item), item);
    }
    struct buf value = BUF_INIT(BUF_NO_LIMIT);
    put_offsets(m, outbox_value(item), &value);
    bool sent = kafka_send(m->kafka, item->topic, item->partition, outbox_key(item),
                           buf_span(&value), item);
    buf_deinit(&value);
    return sent;
}

void member_on_delivered(void *arg, void *tag, int64_t offset)
{
    struct member *m = arg;
    struct outbox_item *item = tag;
    (void)pthread_mutex_lock(&m->sending);
    if (offset < 0) {
        m->lost = true; /* kafka_is_lost() says why */
    } else {
        if (item->topic == member_topic(m, FLEET_SERVICES) && offset > m->sent[item->partition]) {
            m->sent[item->partition] = offset;
        }
        outbox_acknowledge(&m->outbox, item);
        outbox_send(&m->outbox);
    }
    (void)pthread_cond_signal(&m->acknowledged);
    (void)pthread_mutex_unlock(&m->sending);
}

void *member_ack_run(void *arg)
{
    struct member *m = arg;
    while (!atomic_load(&m->ack_stopping)) {
        kafka_poll(m->kafka, POLL_MS);
    }
    return NULL;
}

static void put_for_brokers(struct member *m, unsigned rank, unsigned to, uint32_t partition,
                            struct span key, struct span value)
{
    if (atomic_load(&m->taken)) {
        return;
    }
    (void)pthread_mutex_lock(&m->sending);
    outbox_put(&m->outbox, rank, member_topic(m, to), partition, key, value);
    (void)pthread_mutex_unlock(&m->sending);
}

static void put_message(struct member *m, uint32_t to, enum message_kind kind, struct span message,
                        struct span body)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    fleet_put_key(&key, kind, body);
    put_for_brokers(m, rank_of_kind(kind), fleet_topic_of_kind(kind), to, buf_span(&key), message);
    buf_deinit(&key);
}

static void take_fence(struct member *m, uint32_t part, uint32_t block)
{
    struct message_fleet_sent s = {.part = (uint16_t)part, .blocks = block + 1};
    if (s.blocks <= m->sent_before[part]) {
        return; /* by who sat here before */
    }
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_sent(&message, &s);
    put_for_brokers(m, RANK_SENT, FLEET_CONTROL, 0, (struct span){0}, buf_span(&message));
    buf_deinit(&message);
}

/* One message off the front, with its header. */
static bool next_whole(struct span *in, enum message_kind *kind, struct span *body,
                       struct span *whole)
{
    struct span before = *in;
    bool any = message_next(in, kind, body);
    *whole = (struct span){before.at, before.len - in->len};
    return any;
}

static void take_outward(struct member *m, const struct message_outward *o)
{
    struct span in = o->messages;
    enum message_kind kind;
    struct span body;
    struct span whole;
    while (next_whole(&in, &kind, &body, &whole)) {
        if (kind == MESSAGE_BLOCK_FENCE) {
            take_fence(m, o->from, message_get_block_fence(body).block);
        } else {
            put_message(m, o->to, kind, whole, body);
        }
    }
}

/* The value of a column of a row, as it stands there; of a text without its quotes. Keys are among the first. */
static struct span value_in(struct span row, struct span json_key)
{
    const uint8_t *at = memmem(row.at, row.len, json_key.at, json_key.len);
    if (at == NULL) {
        return (struct span){0};
    }
    struct span rest = span_drop(row, (size_t)(at - row.at) + json_key.len);
    bool text = rest.len > 0 && rest.at[0] == '"';
    size_t from = text ? 1 : 0;
    size_t end = from;
    while (end < rest.len &&
           (text ? rest.at[end] != '"' : rest.at[end] != ',' && rest.at[end] != '}')) {
        end += text && rest.at[end] == '\\' && end + 1 < rest.len ? 2 : 1;
    }
    return (struct span){rest.at + from, end - from};
}

static struct span find_key(enum table_id t, struct span row)
{
    const struct definition *d = table_definition(t);
    unsigned c = 0;
    while (c < d->column_count && d->columns[c].presence != COLUMN_PRESENCE_KEY) {
        c++;
    }
    return c < d->column_count ? value_in(row, d->columns[c].json_key) : (struct span){0};
}

static void rows_to_brokers(struct member *m, enum table_id t, enum row_format format,
                            struct span rows)
{
    while (format == ROW_FORMAT_NDJSON && rows.len > 0) {
        const uint8_t *end = memchr(rows.at, '\n', rows.len);
        CHECK(end != NULL);
        struct span row = {rows.at, (size_t)(end - rows.at)};
        struct span key = find_key(t, row);
        put_for_brokers(m, rank_of_table(t), FLEET_ROWS + (unsigned)t,
                        hash_partition_part(key, FLEET_ROWS_PARTS), key, row);
        rows = span_drop(rows, row.len + 1);
    }
}

bool member_take(struct member *m, enum message_kind kind, struct span body)
{
    switch ((int)kind) {
    case MESSAGE_OUTWARD: {
        struct message_outward o = message_get_outward(body);
        take_outward(m, &o);
        return true;
    }
    case MESSAGE_ROWS: {
        struct message_rows r = message_get_rows(body);
        rows_to_brokers(m, (enum table_id)r.table, (enum row_format)r.format, r.octets);
        return true;
    }
    case MESSAGE_ROWS_HELD: { /* a domain, and so its host, comes later all the same */
        struct message_rows_held r = message_get_rows_held(body);
        rows_to_brokers(m, (enum table_id)r.table, (enum row_format)r.format, r.octets);
        return true;
    }
    case MESSAGE_ROWS_AHEAD:
    case MESSAGE_ROWS_RELEASE:
        return true;
    default:
        return false;
    }
}

static void wait_a_little(struct member *m)
{
    struct timespec until;
    CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&m->acknowledged, &m->sending, &until);
}

void member_send(struct member *m, bool all)
{
    size_t enough = all ? 0 : OUTBOX_MAX;
    (void)pthread_mutex_lock(&m->sending);
    outbox_send(&m->outbox);
    while (m->outbox.octets > enough && !m->lost && !kafka_is_lost(m->kafka, NULL) &&
           !atomic_load(&m->stopping) && !atomic_load(&m->taken)) {
        wait_a_little(m);
        outbox_send(&m->outbox); /* what found no room before */
    }
    (void)pthread_mutex_unlock(&m->sending);
}

/* --- routes within the process, and out of it ------------------------------------------------- */

void member_post_outward(struct member *m, uint32_t from, uint32_t to, struct buf *messages)
{
    if (messages->len > 0) {
        struct message_outward o = {
            .from = (uint16_t)from, .to = (uint16_t)to, .messages = buf_span(messages)};
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        message_put_outward(&out, &o);
        mailbox_post(&m->scan->writer, &out);
        buf_deinit(&out);
    }
}

static bool is_for_brokers(uint32_t from, uint32_t to, enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_BLOCK_FENCE) { /* one is enough for all: SENT */
        return from == to && message_get_block_fence(body).may_come == 0;
    }
    return fleet_topic_of_kind(kind) != FLEET_TOPIC_COUNT;
}

void member_route(struct member *m, uint32_t from, uint32_t to, struct buf *messages)
{
    struct buf here = BUF_INIT(BUF_NO_LIMIT);
    struct buf outward = BUF_INIT(BUF_NO_LIMIT);
    struct span in = buf_span(messages);
    enum message_kind kind;
    struct span body;
    struct span whole;
    while (next_whole(&in, &kind, &body, &whole)) {
        if (is_for_brokers(from, to, kind, body)) {
            buf_put(&outward, whole);
        } else if (kind != MESSAGE_BLOCK_FENCE) {
            buf_put(&here, whole);
        }
    }
    member_post_outward(m, from, to, &outward);
    if (here.len > 0) {
        uint32_t worker = to - m->division.first;
        CHECK(worker < m->division.count);
        mailbox_post(&m->scan->workers[worker]->mailbox, &here);
    }
    buf_deinit(&here);
    buf_deinit(&outward);
    buf_reset(messages);
}

/* The own part comes last: there lies the fence that SENT is made of, and it tells of the wants to all parts. */
void member_route_turn(struct member *m, uint32_t from, struct buf *outboxes)
{
    for (uint32_t i = 1; i <= m->division.parts; i++) {
        uint32_t to = (from + i) % m->division.parts;
        member_route(m, from, to, &outboxes[to]);
    }
}

void member_route_policies(struct member *m, uint32_t from, struct buf *messages)
{
    struct buf here = BUF_INIT(BUF_NO_LIMIT);
    struct buf outward = BUF_INIT(BUF_NO_LIMIT);
    struct span in = buf_span(messages);
    enum message_kind kind;
    struct span body;
    struct span whole;
    while (next_whole(&in, &kind, &body, &whole)) {
        uint64_t asker = kind == MESSAGE_PERMIT_GRANT
                             ? message_get_permit_grant(body).fetch >> FETCH_SEAT_BIT
                             : m->number;
        if (asker == m->number) {
            buf_put(&here, whole);
        } else if (asker < m->p->terms->members) {
            buf_put(&outward, whole);
            member_post_outward(m, from, member_first_part(m, (uint32_t)asker), &outward);
            buf_reset(&outward);
        }
    }
    if (here.len > 0) {
        mailbox_post(m->policies, &here);
    }
    buf_deinit(&here);
    buf_deinit(&outward);
    buf_reset(messages);
}

uint64_t member_first_fetch(const struct member *m)
{
    return (uint64_t)m->number << FETCH_SEAT_BIT | (uint64_t)m->epoch << FETCH_EPOCH_BIT;
}
