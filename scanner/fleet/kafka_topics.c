#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/fleet/kafka_private.h"

#define REPLICAS 3 /* where there are as many brokers */

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
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t until = clock_boot_ms() + KAFKA_ADMIN_MS;
    do {
        err = rd_kafka_metadata(k->handle, 0, t, &m, KAFKA_TRY_MS);
    } while (kafka_is_passing(err) && kafka_try_again(until));
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
    if (rd_kafka_metadata(k->handle, 0, NULL, &m, KAFKA_TRY_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        count = m->broker_cnt;
        rd_kafka_metadata_destroy(m);
    }
    return count;
}

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic *t, int replicas)
{
    const struct kafka_setting settings_of[] = {
        {"retention.ms", "-1"},
        {"retention.bytes", "-1"},
        {"max.message.bytes", KAFKA_NUMBER(KAFKA_TOPIC_OCTETS)},
        {"cleanup.policy", t->compacted ? "compact" : "delete"},
        {"min.insync.replicas", replicas == REPLICAS ? "2" : "1"},
    };
    char text[KAFKA_TEXT_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(t->name, (int)t->partitions, replicas, text, sizeof(text));
    for (size_t i = 0; topic != NULL && i < sizeof(settings_of) / sizeof(settings_of[0]); i++) {
        (void)rd_kafka_NewTopic_set_config(topic, settings_of[i].key, settings_of[i].value);
    }
    return topic;
}

/* What was wanted of the topics, as an admin event says it. @return NO_ERROR, or another with one line in `why` */
static rd_kafka_resp_err_t topic_results(struct kafka *k, rd_kafka_event_t *event,
                                         rd_kafka_resp_err_t accepted, struct buf *why)
{
    rd_kafka_resp_err_t err =
        event != NULL ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        buf_putf(why, "--brokers %s: topics: %s", k->brokers, rd_kafka_err2str(err));
        return err;
    }
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT
            ? rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            : rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event),
                                                  &count);
    for (size_t i = 0; i < count; i++) {
        err = rd_kafka_topic_result_error(results[i]);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != accepted) {
            const char *said = rd_kafka_topic_result_error_string(results[i]);
            buf_putf(why, "--brokers %s: topic %s: %s", k->brokers,
                     rd_kafka_topic_result_name(results[i]),
                     said != NULL ? said : rd_kafka_err2str(err));
            return err;
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t take_results(struct kafka *k, rd_kafka_queue_t *queue,
                                        rd_kafka_resp_err_t accepted, struct buf *why)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_ADMIN_MS + KAFKA_TRY_MS);
    rd_kafka_resp_err_t err = topic_results(k, event, accepted, why);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return err;
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
        rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
        int64_t until = clock_boot_ms() + KAFKA_ADMIN_MS;
        size_t at = why->len;
        do { /* a broker that answers too late may have made them */
            why->len = at;
            rd_kafka_queue_t *queue = rd_kafka_queue_new(k->handle);
            rd_kafka_CreateTopics(k->handle, list, count, NULL, queue);
            err = take_results(k, queue, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, why);
        } while (kafka_is_passing(err) && kafka_try_again(until));
        ok = err == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    for (size_t i = 0; i < made; i++) {
        rd_kafka_NewTopic_destroy(list[i]);
    }
    free(list);
    return ok;
}

/* Brokers say that it is done before it is. */
static bool wait_until_gone(struct kafka *k, const char *topic, int64_t until, struct buf *why)
{
    int there = 0;
    do {
        there = kafka_partitions(k, topic, why);
    } while (there > 0 && kafka_try_again(until));
    if (there > 0) {
        buf_putf(why, "--brokers %s: topic %s: it is there still", k->brokers, topic);
    }
    return there == 0;
}

bool kafka_drop_topics(struct kafka *k, const char *const *names, size_t count, struct buf *why)
{
    rd_kafka_DeleteTopic_t **list = memory_new(count, sizeof(rd_kafka_DeleteTopic_t *));
    for (size_t i = 0; i < count; i++) {
        list[i] = rd_kafka_DeleteTopic_new(names[i]);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->handle);
    rd_kafka_DeleteTopics(k->handle, list, count, NULL, queue);
    bool ok = take_results(k, queue, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, why) ==
              RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_DeleteTopic_destroy(list[i]);
    }
    free(list);
    int64_t until = clock_boot_ms() + KAFKA_ADMIN_MS;
    for (size_t i = 0; i < count && ok; i++) {
        ok = wait_until_gone(k, names[i], until, why);
    }
    return ok;
}
