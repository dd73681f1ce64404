#include "scanner/fleet/kafka.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/base/memory.h"

#define TEXT_MAX     512
#define ADMIN_MS     30000
#define NEW_TOPIC_US 100000
#define REPLICAS     3 /* where there are as many brokers */
#define TO_TEXT(x)   #x
#define NUMBER(x)    TO_TEXT(x)
#define BATCH_MS \
    "5" /* as long as a record waits for others: hops add up, and a turn of a worker is no longer */
#define FETCH_WAIT_MS "20"

/* What brokers said last. */
struct fault {
    pthread_mutex_t lock;
    char text[TEXT_MAX];
    bool refused;     /* us: waiting does not help */
    int64_t since_ms; /* all brokers are down; 0: they are not */
};

struct kafka {
    rd_kafka_t *handle;
    const char *brokers;
    kafka_delivered_fn *delivered;
    void *arg;
    struct fault fault;
    atomic_bool lost; /* a record was given up */
};

struct kafka_reader {
    rd_kafka_t *handle;
    rd_kafka_topic_partition_list_t *assigned;
    rd_kafka_message_t *current;
    int64_t eof_at; /* of the partition that was read last: its next offset, where it had no more */
    struct fault fault;
};

/* --- faults --------------------------------------------------------------------------------- */

static bool is_refusal(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           err == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || err == RD_KAFKA_RESP_ERR__SSL;
}

static void note_fault(struct fault *f, rd_kafka_resp_err_t err, const char *reason)
{
    (void)pthread_mutex_lock(&f->lock);
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || f->text[0] == '\0') {
        (void)snprintf(f->text, sizeof(f->text), "%s", reason);
    }
    f->refused = f->refused || is_refusal(err);
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && f->since_ms == 0) {
        f->since_ms = clock_boot_ms();
    }
    (void)pthread_mutex_unlock(&f->lock);
}

static void note_contact(struct fault *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->since_ms = 0;
    (void)pthread_mutex_unlock(&f->lock);
}

/* One line whatever they say. */
static void put_what_was_said(struct fault *f, struct buf *why)
{
    (void)pthread_mutex_lock(&f->lock);
    for (const char *c = f->text; *c != '\0'; c++) {
        buf_put_char(why, *c == '\n' ? ' ' : *c);
    }
    (void)pthread_mutex_unlock(&f->lock);
}

static void on_error(rd_kafka_t *handle, int err, const char *reason, void *opaque)
{
    (void)handle;
    note_fault(opaque, (rd_kafka_resp_err_t)err, reason);
}

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *line)
{
    (void)handle; /* what matters comes as an error, too */
    (void)level;
    (void)facility;
    (void)line;
}

/* --- settings ------------------------------------------------------------------------------- */

static bool set(rd_kafka_conf_t *conf, const char *key, const char *value, struct buf *why)
{
    char text[TEXT_MAX];
    if (rd_kafka_conf_set(conf, key, value, text, sizeof(text)) == RD_KAFKA_CONF_OK) {
        return true;
    }
    buf_putf(why, "--kafka-option %s: %s", key, text);
    return false;
}

struct setting {
    const char *key;
    const char *value;
};

/* Ours first: an option may say otherwise. */
static rd_kafka_conf_t *settings(const struct kafka_params *p, const struct setting *ours,
                                 size_t count, struct buf *why)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok = set(conf, "bootstrap.servers", p->brokers, why) &&
              set(conf, "client.id", "mxcensus", why) &&
              set(conf, "allow.auto.create.topics", "false", why) &&
              set(conf, "socket.keepalive.enable", "true", why) &&
              set(conf, "log.connection.close", "false", why);
    for (size_t i = 0; i < count && ok; i++) {
        ok = set(conf, ours[i].key, ours[i].value, why);
    }
    for (size_t i = 0; i < p->option_count && ok; i++) {
        ok = set(conf, p->options[i].key, p->options[i].value, why);
    }
    if (!ok) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

static rd_kafka_t *open_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct buf *why)
{
    char text[TEXT_MAX];
    rd_kafka_t *handle = rd_kafka_new(type, conf, text, sizeof(text));
    if (handle == NULL) {
        rd_kafka_conf_destroy(conf);
        buf_putf(why, "--kafka-option: %s", text);
    }
    return handle;
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *m, void *opaque)
{
    struct fault *f = opaque;
    struct kafka *k = (struct kafka *)((char *)f - offsetof(struct kafka, fault));
    (void)handle;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_fault(&k->fault, m->err, rd_kafka_err2str(m->err));
        atomic_store(&k->lost, true);
    } else {
        note_contact(&k->fault);
    }
    if (m->_private != NULL) {
        k->delivered(k->arg, m->_private, m->err == RD_KAFKA_RESP_ERR_NO_ERROR ? m->offset : -1);
    }
}

struct kafka *kafka_new(const struct kafka_params *p, kafka_delivered_fn *delivered, void *arg,
                        struct buf *why)
{
    static const struct setting ours[] = {
        {"enable.idempotence", "true"},
        {"linger.ms", BATCH_MS},
        {"compression.codec", "zstd"},
        {"message.max.bytes", "8400000"},
        {"message.timeout.ms", NUMBER(KAFKA_LOST_MS)},
        {"queue.buffering.max.messages", "200000"},
        {"queue.buffering.max.kbytes", "65536"},
    };
    struct kafka *k = memory_new(1, sizeof(*k));
    CHECK(pthread_mutex_init(&k->fault.lock, NULL) == 0);
    k->brokers = p->brokers;
    k->delivered = delivered;
    k->arg = arg;
    rd_kafka_conf_t *conf = settings(p, ours, sizeof(ours) / sizeof(ours[0]), why);
    if (conf != NULL) {
        rd_kafka_conf_set_opaque(conf, &k->fault);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        k->handle = open_handle(RD_KAFKA_PRODUCER, conf, why);
    }
    if (k->handle == NULL) {
        kafka_free(k);
        return NULL;
    }
    return k;
}

void kafka_free(struct kafka *k)
{
    if (k == NULL) {
        return;
    }
    if (k->handle != NULL) {
        (void)rd_kafka_purge(k->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(k->handle);
    }
    (void)pthread_mutex_destroy(&k->fault.lock);
    free(k);
}

bool kafka_connect(struct kafka *k, int ms, struct buf *why)
{
    const struct rd_kafka_metadata *m = NULL;
    int64_t until = clock_boot_ms() + ms;
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TRANSPORT;
    bool refused = false;
    while (err != RD_KAFKA_RESP_ERR_NO_ERROR && !refused && clock_boot_ms() < until) {
        err = rd_kafka_metadata(k->handle, 0, NULL, &m, 500);
        (void)rd_kafka_poll(k->handle, 0);
        (void)pthread_mutex_lock(&k->fault.lock);
        refused = k->fault.refused;
        (void)pthread_mutex_unlock(&k->fault.lock);
    }
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(m);
        note_contact(&k->fault);
        return true;
    }
    if (k->fault.text[0] == '\0') {
        note_fault(&k->fault, err, rd_kafka_err2str(err));
    }
    buf_putf(why, "--brokers %s: %s: ", k->brokers, refused ? "refused" : "cannot be reached");
    put_what_was_said(&k->fault, why);
    return false;
}

bool kafka_is_lost(struct kafka *k, struct buf *why)
{
    (void)pthread_mutex_lock(&k->fault.lock);
    bool lost = k->fault.refused ||
                (k->fault.since_ms != 0 && clock_boot_ms() - k->fault.since_ms > KAFKA_LOST_MS);
    (void)pthread_mutex_unlock(&k->fault.lock);
    lost = lost || atomic_load(&k->lost);
    if (lost) {
        buf_putf(why, "--brokers %s: no more records are taken: ", k->brokers);
        put_what_was_said(&k->fault, why);
    }
    return lost;
}

/* --- topics --------------------------------------------------------------------------------- */

static int refuse_topic(struct kafka *k, const char *topic, rd_kafka_resp_err_t err,
                        struct buf *why)
{
    buf_putf(why, "--brokers %s: topic %s: %s", k->brokers, topic, rd_kafka_err2str(err));
    return -1;
}

int kafka_partitions(struct kafka *k, const char *topic, struct buf *why)
{
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_topic_t *t = rd_kafka_topic_new(k->handle, topic, NULL);
    if (t == NULL) {
        return refuse_topic(k, topic, rd_kafka_last_error(), why);
    }
    rd_kafka_resp_err_t err = rd_kafka_metadata(k->handle, 0, t, &m, ADMIN_MS);
    rd_kafka_topic_destroy(t);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return refuse_topic(k, topic, err, why);
    }
    CHECK(m->topic_cnt == 1);
    err = m->topics[0].err;
    int count = m->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(m);
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        return 0;
    }
    return err == RD_KAFKA_RESP_ERR_NO_ERROR ? count : refuse_topic(k, topic, err, why);
}

static int count_brokers(struct kafka *k)
{
    const struct rd_kafka_metadata *m = NULL;
    int count = 1;
    if (rd_kafka_metadata(k->handle, 0, NULL, &m, ADMIN_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        count = m->broker_cnt;
        rd_kafka_metadata_destroy(m);
    }
    return count;
}

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic *t, int replicas)
{
    const struct setting settings_of[] = {
        {"retention.ms", "-1"},
        {"retention.bytes", "-1"},
        {"max.message.bytes", "8388608"},
        {"cleanup.policy", t->compacted ? "compact" : "delete"},
        {"min.insync.replicas", replicas == REPLICAS ? "2" : "1"},
    };
    char text[TEXT_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(t->name, (int)t->partitions, replicas, text, sizeof(text));
    for (size_t i = 0; topic != NULL && i < sizeof(settings_of) / sizeof(settings_of[0]); i++) {
        (void)rd_kafka_NewTopic_set_config(topic, settings_of[i].key, settings_of[i].value);
    }
    return topic;
}

/* What was wanted of the topics, as an admin event says it. */
static bool take_results(struct kafka *k, rd_kafka_queue_t *queue, rd_kafka_resp_err_t accepted,
                         struct buf *why)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_MS * 2);
    bool ok = event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!ok) {
        buf_putf(why, "--brokers %s: topics: %s", k->brokers,
                 event != NULL ? rd_kafka_event_error_string(event) : "no answer");
    }
    size_t count = 0;
    const rd_kafka_topic_result_t **results = NULL;
    if (ok && rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
        results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    } else if (ok) {
        results =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    }
    for (size_t i = 0; i < count && ok; i++) {
        rd_kafka_resp_err_t err = rd_kafka_topic_result_error(results[i]);
        const char *said = rd_kafka_topic_result_error_string(results[i]);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != accepted) {
            buf_putf(why, "--brokers %s: topic %s: %s", k->brokers,
                     rd_kafka_topic_result_name(results[i]),
                     said != NULL ? said : rd_kafka_err2str(err));
            ok = false;
        }
    }
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return ok;
}

bool kafka_make_topics(struct kafka *k, const struct kafka_topic *topics, size_t count,
                       struct buf *why)
{
    int brokers = count_brokers(k);
    rd_kafka_NewTopic_t **list = memory_new(count, sizeof(rd_kafka_NewTopic_t *));
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_NewTopic_t *t = new_topic(&topics[i], brokers < REPLICAS ? 1 : REPLICAS);
        if (t == NULL) {
            buf_putf(why, "--scan: Kafka takes no topic of the name %s", topics[i].name);
            break;
        }
        list[made++] = t;
    }
    bool ok = made == count;
    if (ok) {
        rd_kafka_queue_t *queue = rd_kafka_queue_new(k->handle);
        rd_kafka_CreateTopics(k->handle, list, count, NULL, queue);
        ok = take_results(k, queue, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, why);
    }
    for (size_t i = 0; i < made; i++) {
        rd_kafka_NewTopic_destroy(list[i]);
    }
    free(list);
    return ok;
}

bool kafka_drop_topics(struct kafka *k, const char *const *names, size_t count, struct buf *why)
{
    rd_kafka_DeleteTopic_t **list = memory_new(count, sizeof(rd_kafka_DeleteTopic_t *));
    for (size_t i = 0; i < count; i++) {
        list[i] = rd_kafka_DeleteTopic_new(names[i]);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->handle);
    rd_kafka_DeleteTopics(k->handle, list, count, NULL, queue);
    bool ok = take_results(k, queue, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, why);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_DeleteTopic_destroy(list[i]);
    }
    free(list);
    return ok;
}

/* --- records that we send ------------------------------------------------------------------- */

bool kafka_send(struct kafka *k, const char *topic, uint32_t partition, struct span key,
                struct span value, void *tag)
{
    const uint8_t *key_at = key.len > 0 ? key.at : NULL;
    void *value_at = (void *)(uintptr_t)value.at; /* copied */
    rd_kafka_resp_err_t err = rd_kafka_producev(
        k->handle, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((int32_t)partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key_at, key.len),
        RD_KAFKA_V_VALUE(value_at, value.len), RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        note_fault(&k->fault, err, rd_kafka_err2str(err));
        atomic_store(&k->lost, true);
    }
    return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool kafka_send_noted(struct kafka *k, const char *topic, struct span value,
                      const struct kafka_header *headers, size_t count)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++) {
        (void)rd_kafka_header_add(list, headers[i].name, -1, headers[i].value.at,
                                  (ssize_t)headers[i].value.len);
    }
    void *value_at = (void *)(uintptr_t)value.at;
    rd_kafka_resp_err_t err = rd_kafka_producev(
        k->handle, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value_at, value.len),
        RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(list);
    }
    return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_poll(struct kafka *k, int ms)
{
    (void)rd_kafka_poll(k->handle, ms);
}

bool kafka_flush(struct kafka *k, int ms)
{
    return rd_kafka_flush(k->handle, ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* --- records that we read ------------------------------------------------------------------- */

struct kafka_reader *kafka_reader_new(const struct kafka_params *p, const char *group,
                                      struct buf *why)
{
    const struct setting ours[] = {
        {"group.id", group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"fetch.wait.max.ms", FETCH_WAIT_MS},
        {"fetch.error.backoff.ms", "50"},
        {"enable.partition.eof", "true"},
        {"fetch.message.max.bytes", "8400000"},
        {"queued.max.messages.kbytes", "16384"},
    };
    struct kafka_reader *r = memory_new(1, sizeof(*r));
    CHECK(pthread_mutex_init(&r->fault.lock, NULL) == 0);
    r->assigned = rd_kafka_topic_partition_list_new(8);
    rd_kafka_conf_t *conf = settings(p, ours, sizeof(ours) / sizeof(ours[0]), why);
    if (conf != NULL) {
        rd_kafka_conf_set_opaque(conf, &r->fault);
        r->handle = open_handle(RD_KAFKA_CONSUMER, conf, why);
    }
    if (r->handle == NULL) {
        kafka_reader_free(r);
        return NULL;
    }
    (void)rd_kafka_poll_set_consumer(r->handle);
    return r;
}

static void drop_current(struct kafka_reader *r)
{
    if (r->current != NULL) {
        rd_kafka_message_destroy(r->current);
        r->current = NULL;
    }
}

void kafka_reader_free(struct kafka_reader *r)
{
    if (r == NULL) {
        return;
    }
    drop_current(r);
    rd_kafka_topic_partition_list_destroy(r->assigned);
    if (r->handle != NULL) {
        (void)rd_kafka_consumer_close(r->handle);
        rd_kafka_destroy(r->handle);
    }
    (void)pthread_mutex_destroy(&r->fault.lock);
    free(r);
}

void kafka_reader_add(struct kafka_reader *r, const char *topic, uint32_t partition)
{
    rd_kafka_topic_partition_list_add(r->assigned, topic, (int32_t)partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
}

bool kafka_reader_begin(struct kafka_reader *r, struct buf *why)
{
    rd_kafka_resp_err_t err = rd_kafka_assign(r->handle, r->assigned);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        buf_putf(why, "partitions cannot be read: %s", rd_kafka_err2str(err));
    }
    return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool kafka_reader_next(struct kafka_reader *r, int ms, struct kafka_record *record)
{
    drop_current(r);
    r->current = rd_kafka_consumer_poll(r->handle, ms);
    if (r->current == NULL) {
        return false;
    }
    if (r->current->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        r->eof_at = r->current->offset;
        drop_current(r);
        return false;
    }
    if (r->current->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_fault(&r->fault, r->current->err, rd_kafka_message_errstr(r->current));
        drop_current(r);
        return false;
    }
    note_contact(&r->fault);
    *record = (struct kafka_record){
        .topic = rd_kafka_topic_name(r->current->rkt),
        .partition = (uint32_t)r->current->partition,
        .offset = r->current->offset,
        .key = {r->current->key, r->current->key_len},
        .value = {r->current->payload, r->current->len},
    };
    return true;
}

void kafka_reader_pause(struct kafka_reader *r, const char *topic, uint32_t partition, bool paused)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition);
    (void)(paused ? rd_kafka_pause_partitions : rd_kafka_resume_partitions)(r->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_reader_is_at(const struct kafka_reader *r, int64_t end)
{
    return r->eof_at >= end;
}

/* A topic that was just made takes a moment. */
static bool is_new(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

int64_t kafka_reader_end(struct kafka_reader *r, const char *topic, uint32_t partition,
                         struct buf *why)
{
    int64_t low = 0;
    int64_t high = 0;
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t until = clock_boot_ms() + ADMIN_MS;
    do {
        err = rd_kafka_query_watermark_offsets(r->handle, topic, (int32_t)partition, &low, &high,
                                               ADMIN_MS);
    } while (is_new(err) && clock_boot_ms() < until && usleep(NEW_TOPIC_US) == 0);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        buf_putf(why, "topic %s: %s", topic, rd_kafka_err2str(err));
        return -1;
    }
    return high;
}

void kafka_reader_commit(struct kafka_reader *r, const char *topic, uint32_t partition,
                         int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition)->offset = offset;
    (void)rd_kafka_commit(r->handle, list, 1 /* without waiting */);
    rd_kafka_topic_partition_list_destroy(list);
}
