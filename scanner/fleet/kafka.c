#include "scanner/fleet/kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/fleet/kafka_private.h"

#define AGAIN_US  100000
#define DESTROY_S 10
/* As long as a record waits for others: hops add up, and a turn of a worker is no longer. */
#define BATCH_MS "5"

/* --- faults -------------------------------------------------------------------------------------- */

/* Of what we want, or of us. */
static bool is_refusal(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

/* librdkafka looks for the coordinator of any reader's group; ours have one in name alone. */
static bool is_of_group(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
}

/* Also what a broker that ends in the middle of a handshake looks like. */
static bool is_failed_handshake(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           err == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED || err == RD_KAFKA_RESP_ERR__SSL;
}

bool kafka_is_new(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

bool kafka_is_passing(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR__TIMED_OUT || err == RD_KAFKA_RESP_ERR__TRANSPORT ||
           err == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT ||
           err == RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION ||
           err == RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE ||
           err == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE ||
           err == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
}

bool kafka_try_again(int64_t until_ms)
{
    return clock_boot_ms() < until_ms && usleep(AGAIN_US) == 0;
}

void kafka_fault_note(struct kafka_fault *f, rd_kafka_resp_err_t err, const char *reason)
{
    bool handshake = is_failed_handshake(err);
    if (is_of_group(err)) {
        return;
    }
    (void)pthread_mutex_lock(&f->lock);
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || f->text[0] == '\0') {
        (void)snprintf(f->text, sizeof(f->text), "%s", reason);
    }
    f->refused = f->refused || is_refusal(err) || (handshake && !f->contact);
    if ((err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || handshake) && f->since_ms == 0) {
        f->since_ms = clock_boot_ms();
    }
    (void)pthread_mutex_unlock(&f->lock);
}

void kafka_fault_end(struct kafka_fault *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->contact = true;
    f->since_ms = 0;
    (void)pthread_mutex_unlock(&f->lock);
}

bool kafka_is_refused(struct kafka_fault *f)
{
    (void)pthread_mutex_lock(&f->lock);
    bool refused = f->refused;
    (void)pthread_mutex_unlock(&f->lock);
    return refused;
}

/* Where brokers said nothing themselves. */
static void note_no_answer(struct kafka_fault *f, rd_kafka_resp_err_t err)
{
    (void)pthread_mutex_lock(&f->lock);
    if (f->text[0] == '\0') {
        (void)snprintf(f->text, sizeof(f->text), "%s", rd_kafka_err2str(err));
    }
    (void)pthread_mutex_unlock(&f->lock);
}

void kafka_fault_put(struct kafka_fault *f, struct buf *why)
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
    kafka_fault_note(opaque, (rd_kafka_resp_err_t)err, reason);
}

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *line)
{
    (void)handle; /* what matters comes as an error, too */
    (void)level;
    (void)facility;
    (void)line;
}

/* --- settings ------------------------------------------------------------------------------------ */

static bool set(rd_kafka_conf_t *conf, const char *key, const char *value, struct buf *why)
{
    char text[KAFKA_TEXT_MAX];
    if (rd_kafka_conf_set(conf, key, value, text, sizeof(text)) == RD_KAFKA_CONF_OK) {
        return true;
    }
    buf_putf(why, "--kafka-option %s: %s", key, text);
    return false;
}

rd_kafka_conf_t *kafka_settings(const struct kafka_params *p, const struct kafka_setting *ours,
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

rd_kafka_t *kafka_open_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct buf *why)
{
    char text[KAFKA_TEXT_MAX];
    rd_kafka_t *handle = rd_kafka_new(type, conf, text, sizeof(text));
    if (handle == NULL) {
        rd_kafka_conf_destroy(conf);
        buf_putf(why, "--kafka-option: %s", text);
    }
    return handle;
}

/* --- brokers ------------------------------------------------------------------------------------- */

/* A record that brokers do not take. */
static void give_up(struct kafka *k, const char *topic, rd_kafka_resp_err_t err)
{
    char text[KAFKA_TEXT_MAX];
    (void)snprintf(text, sizeof(text), "topic %s: %s", topic, rd_kafka_err2str(err));
    kafka_fault_note(&k->fault, err, text);
    atomic_store(&k->lost, true);
}

static void *destroy_run(void *handle)
{
    rd_kafka_destroy(handle);
    return NULL;
}

bool kafka_destroy(rd_kafka_t *handle)
{
    pthread_t thread;
    struct timespec until;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += DESTROY_S;
    CHECK(pthread_create(&thread, NULL, destroy_run, handle) == 0);
    bool gone = pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
    if (!gone) {
        (void)pthread_detach(thread);
    }
    return gone;
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *m, void *opaque)
{
    struct kafka_fault *f = opaque;
    struct kafka *k = (struct kafka *)((char *)f - offsetof(struct kafka, fault));
    (void)handle;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        give_up(k, rd_kafka_topic_name(m->rkt), m->err);
    } else {
        kafka_fault_end(&k->fault);
    }
    if (m->_private != NULL) {
        k->delivered(k->arg, m->_private, m->err == RD_KAFKA_RESP_ERR_NO_ERROR ? m->offset : -1);
    }
}

struct kafka *kafka_new(const struct kafka_params *p, kafka_delivered_fn *delivered, void *arg,
                        struct buf *why)
{
    static const struct kafka_setting ours[] = {
        {"enable.idempotence", "true"},
        {"linger.ms", BATCH_MS},
        {"compression.codec", "zstd"},
        {"message.max.bytes", KAFKA_NUMBER(KAFKA_SENT_OCTETS)},
        {"message.timeout.ms", KAFKA_NUMBER(KAFKA_LOST_MS)},
        {"queue.buffering.max.messages", "200000"},
        {"queue.buffering.max.kbytes", "65536"},
    };
    struct kafka *k = memory_new(1, sizeof(*k));
    CHECK(pthread_mutex_init(&k->fault.lock, NULL) == 0);
    k->brokers = p->brokers;
    k->delivered = delivered;
    k->arg = arg;
    rd_kafka_conf_t *conf = kafka_settings(p, ours, sizeof(ours) / sizeof(ours[0]), why);
    if (conf != NULL) {
        rd_kafka_conf_set_opaque(conf, &k->fault);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        k->handle = kafka_open_handle(RD_KAFKA_PRODUCER, conf, why);
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
        kafka_drop(k);
    }
    if (k->handle != NULL && !kafka_destroy(k->handle)) {
        return; /* it has our lock still */
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
        refused = kafka_is_refused(&k->fault);
    }
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(m);
        kafka_fault_end(&k->fault);
        return true;
    }
    note_no_answer(&k->fault, err);
    buf_putf(why, "--brokers %s: %s: ", k->brokers, refused ? "refused" : "cannot be reached");
    kafka_fault_put(&k->fault, why);
    return false;
}

bool kafka_is_lost(struct kafka *k, struct buf *why)
{
    (void)pthread_mutex_lock(&k->fault.lock);
    bool lost = k->fault.refused ||
                (k->fault.since_ms != 0 && clock_boot_ms() - k->fault.since_ms > KAFKA_LOST_MS);
    (void)pthread_mutex_unlock(&k->fault.lock);
    lost = lost || atomic_load(&k->lost);
    if (lost && why != NULL) {
        buf_putf(why, "--brokers %s: no more records are taken: ", k->brokers);
        kafka_fault_put(&k->fault, why);
    }
    return lost;
}

/* --- records that we send ------------------------------------------------------------------------ */

/* @return false: for so long that it is none that was just made */
static bool may_be_new(struct kafka *k, rd_kafka_resp_err_t err)
{
    int_fast64_t none = 0;
    int64_t now = clock_boot_ms();
    (void)atomic_compare_exchange_strong(&k->unknown_since_ms, &none, now);
    return kafka_is_new(err) && now - atomic_load(&k->unknown_since_ms) < KAFKA_NEW_TOPIC_MS;
}

static rd_kafka_vu_t copied_octets(rd_kafka_vtype_t type, struct span octets)
{
    void *at = octets.len > 0 ? (void *)(uintptr_t)octets.at : NULL; /* copied */
    return (rd_kafka_vu_t){.vtype = type, .u = {.mem = {.ptr = at, .size = octets.len}}};
}

static rd_kafka_resp_err_t produce(struct kafka *k, const rd_kafka_vu_t *list, size_t count)
{
    rd_kafka_error_t *error = rd_kafka_produceva(k->handle, list, count);
    rd_kafka_resp_err_t err = rd_kafka_error_code(error); /* of NULL: none */
    rd_kafka_error_destroy(error);
    return err;
}

bool kafka_send(struct kafka *k, const char *topic, uint32_t partition, struct span key,
                struct span value, void *tag)
{
    const rd_kafka_vu_t list[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u = {.cstr = topic}},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u = {.i32 = (int32_t)partition}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = {.i = RD_KAFKA_MSG_F_COPY}},
        copied_octets(RD_KAFKA_VTYPE_KEY, key),
        copied_octets(RD_KAFKA_VTYPE_VALUE, value),
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u = {.ptr = tag}},
    };
    rd_kafka_resp_err_t err = produce(k, list, sizeof(list) / sizeof(list[0]));
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        atomic_store_explicit(&k->unknown_since_ms, 0, memory_order_relaxed);
        return true;
    }
    if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL && !may_be_new(k, err)) {
        give_up(k, topic, err);
    }
    return false;
}

bool kafka_send_noted(struct kafka *k, const char *topic, struct span value,
                      const struct kafka_header *headers, size_t count)
{
    rd_kafka_headers_t *noted = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++) {
        (void)rd_kafka_header_add(noted, headers[i].name, -1, headers[i].value.at,
                                  (ssize_t)headers[i].value.len);
    }
    const rd_kafka_vu_t list[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u = {.cstr = topic}},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u = {.i32 = 0}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = {.i = RD_KAFKA_MSG_F_COPY}},
        copied_octets(RD_KAFKA_VTYPE_VALUE, value),
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u = {.headers = noted}},
    };
    rd_kafka_resp_err_t err = produce(k, list, sizeof(list) / sizeof(list[0]));
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(noted);
    }
    return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_drop(struct kafka *k)
{
    (void)rd_kafka_purge(k->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void kafka_poll(struct kafka *k, int ms)
{
    (void)rd_kafka_poll(k->handle, ms);
}

bool kafka_flush(struct kafka *k, int ms)
{
    return rd_kafka_flush(k->handle, ms) == RD_KAFKA_RESP_ERR_NO_ERROR && !atomic_load(&k->lost);
}
