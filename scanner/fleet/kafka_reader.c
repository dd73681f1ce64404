#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/fleet/kafka_private.h"

#define FETCH_WAIT_MS "20"

struct kafka_reader {
    rd_kafka_t *handle;
    const char *brokers;
    rd_kafka_topic_partition_list_t *assigned;
    rd_kafka_message_t *current;
    int to_end; /* how many of those assigned were read to their end */
    struct kafka_fault fault;
};

struct kafka_reader *kafka_reader_new(const struct kafka_params *p, const char *group,
                                      struct buf *why)
{
    const struct kafka_setting ours[] = {
        {"group.id", group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"fetch.wait.max.ms", FETCH_WAIT_MS},
        {"fetch.error.backoff.ms", "50"},
        {"enable.partition.eof", "true"},
        {"fetch.message.max.bytes", KAFKA_NUMBER(KAFKA_TOPIC_OCTETS)},
        {"queued.max.messages.kbytes", "16384"},
    };
    struct kafka_reader *r = memory_new(1, sizeof(*r));
    r->brokers = p->brokers;
    CHECK(pthread_mutex_init(&r->fault.lock, NULL) == 0);
    r->assigned = rd_kafka_topic_partition_list_new(8);
    rd_kafka_conf_t *conf = kafka_settings(p, ours, sizeof(ours) / sizeof(ours[0]), why);
    if (conf != NULL) {
        rd_kafka_conf_set_opaque(conf, &r->fault);
        r->handle = kafka_open_handle(RD_KAFKA_CONSUMER, conf, why);
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
    }
    if (r->handle != NULL && !kafka_destroy(r->handle)) {
        return; /* it has our lock still */
    }
    (void)pthread_mutex_destroy(&r->fault.lock);
    free(r);
}

const char *kafka_reader_brokers(const struct kafka_reader *r)
{
    return r->brokers;
}

void kafka_reader_clear(struct kafka_reader *r)
{
    drop_current(r);
    (void)rd_kafka_assign(r->handle, NULL);
    rd_kafka_topic_partition_list_destroy(r->assigned);
    r->assigned = rd_kafka_topic_partition_list_new(8);
    r->to_end = 0;
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
        kafka_fault_note(&r->fault, err, rd_kafka_err2str(err));
        (void)pthread_mutex_lock(&r->fault.lock);
        r->fault.fatal = true;
        (void)pthread_mutex_unlock(&r->fault.lock);
    }
    return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* That it is not there, or not for us, is said of each topic, and once. */
static void note_reader_fault(struct kafka_reader *r)
{
    struct kafka_fault *f = &r->fault;
    rd_kafka_resp_err_t err = r->current->err;
    const char *topic = r->current->rkt != NULL ? rd_kafka_topic_name(r->current->rkt) : "";
    char text[KAFKA_TEXT_MAX];
    (void)snprintf(text, sizeof(text), "topic %s: %s", topic, rd_kafka_message_errstr(r->current));
    kafka_fault_note(f, err, text);
    (void)pthread_mutex_lock(&f->lock);
    f->fatal = f->fatal || err == RD_KAFKA_RESP_ERR__FATAL;
    if (kafka_is_new(err) && f->unknown_since_ms == 0) {
        f->unknown_since_ms = clock_boot_ms();
        (void)snprintf(f->unknown, sizeof(f->unknown), "%s", topic);
    }
    (void)pthread_mutex_unlock(&f->lock);
}

static void note_reader_contact(struct kafka_reader *r)
{
    struct kafka_fault *f = &r->fault;
    kafka_fault_end(f);
    (void)pthread_mutex_lock(&f->lock);
    if (f->unknown_since_ms != 0 && strcmp(f->unknown, rd_kafka_topic_name(r->current->rkt)) == 0) {
        f->unknown_since_ms = 0;
    }
    (void)pthread_mutex_unlock(&f->lock);
}

/* Once for each partition. */
static void note_partition_end(struct kafka_reader *r)
{
    rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_find(
        r->assigned, rd_kafka_topic_name(r->current->rkt), r->current->partition);
    if (p != NULL && p->opaque == NULL) {
        p->opaque = r;
        r->to_end++;
    }
}

bool kafka_reader_next(struct kafka_reader *r, int ms, struct kafka_record *record)
{
    drop_current(r);
    r->current = rd_kafka_consumer_poll(r->handle, ms);
    if (r->current == NULL) {
        return false;
    }
    if (r->current->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_reader_contact(r);
        note_partition_end(r);
        drop_current(r);
        return false;
    }
    if (r->current->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_reader_fault(r);
        drop_current(r);
        return false;
    }
    note_reader_contact(r);
    *record = (struct kafka_record){
        .topic = rd_kafka_topic_name(r->current->rkt),
        .partition = (uint32_t)r->current->partition,
        .offset = r->current->offset,
        .key = {r->current->key, r->current->key_len},
        .value = {r->current->payload, r->current->len},
    };
    return true;
}

bool kafka_reader_is_lost(struct kafka_reader *r, struct buf *why)
{
    struct kafka_fault *f = &r->fault;
    (void)pthread_mutex_lock(&f->lock);
    bool unknown =
        f->unknown_since_ms != 0 && clock_boot_ms() - f->unknown_since_ms > KAFKA_NEW_TOPIC_MS;
    bool lost = f->fatal || unknown || f->refused;
    (void)pthread_mutex_unlock(&f->lock);
    if (lost && why != NULL) {
        buf_putf(why, "--brokers %s: topics cannot be read any more: ", r->brokers);
        kafka_fault_put(f, why);
    }
    return lost;
}

void kafka_reader_pause(struct kafka_reader *r, const char *topic, uint32_t partition, bool paused)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition);
    (void)(paused ? rd_kafka_pause_partitions : rd_kafka_resume_partitions)(r->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_reader_is_at_end(const struct kafka_reader *r)
{
    return r->to_end == r->assigned->cnt;
}

bool kafka_reader_has_ended(const struct kafka_reader *r, const char *topic, uint32_t partition)
{
    const rd_kafka_topic_partition_t *p =
        rd_kafka_topic_partition_list_find(r->assigned, topic, (int32_t)partition);
    return p != NULL && p->opaque != NULL;
}
