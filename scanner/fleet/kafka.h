#pragma once

#include "scanner/base/buf.h"

/**
 * All that we want of Kafka: topics with settings of their own, records that are acknowledged, partitions that we choose and read.
 * Only kafka*.c know librdkafka.
 *
 * Nothing here waits for long: who cannot reach a broker hears so from kafka_connect(), and later from kafka_is_lost().
 */

#define KAFKA_RECORD_MAX (8U << 20) /* octets of a record: `max.message.bytes` of our topics */
#define KAFKA_CONNECT_MS 20000      /* for the first answer */
#define KAFKA_LOST_MS    600000     /* without a broker we give up; design.md, "Bad input" */

/** --kafka-option KEY=VALUE: a setting of librdkafka, such as those of TLS and SASL. */
struct kafka_option {
    const char *key;
    const char *value;
};

struct kafka_params {
    const char *brokers; /* HOST:PORT,... */
    const struct kafka_option *options;
    size_t option_count;
};

struct kafka;

/** What became of a record: it lies at `offset`, or -1: it was not taken. Called by kafka_poll(). */
typedef void kafka_delivered_fn(void *arg, void *tag, int64_t offset);

/** @return NULL with one line in `why`: an option that librdkafka does not know, or this build has no librdkafka. Borrows the strings. */
struct kafka *kafka_new(const struct kafka_params *p, kafka_delivered_fn *delivered, void *arg,
                        struct buf *why);
void kafka_free(struct kafka *k);
/** Reaches a broker within `ms`. @return false with one line in `why` */
bool kafka_connect(struct kafka *k, int ms, struct buf *why);
/** No broker took a record for KAFKA_LOST_MS, a record was refused, or we are: one line in `why`, which may be NULL. Any thread. */
bool kafka_is_lost(struct kafka *k, struct buf *why);

/* --- topics --------------------------------------------------------------------------------- */

struct kafka_topic {
    const char *name;
    uint32_t partitions;
    bool compacted;
};

/** @return how many partitions; 0: there is none of this name; -1 with one line in `why` */
int kafka_partitions(struct kafka *k, const char *topic, struct buf *why);
/** Makes those that are not there. @return false with one line in `why` */
bool kafka_make_topics(struct kafka *k, const struct kafka_topic *topics, size_t count,
                       struct buf *why);
/** Deletes them, if they are there. */
bool kafka_drop_topics(struct kafka *k, const char *const *names, size_t count, struct buf *why);

/* --- records that we send ------------------------------------------------------------------- */

struct kafka_header {
    const char *name;
    struct span value;
};

/** Copies key and value. @param tag comes back with its delivery
 * @return false: not now. Call again later, unless kafka_is_lost() */
bool kafka_send(struct kafka *k, const char *topic, uint32_t partition, struct span key,
                struct span value, void *tag);
/** The same with headers, and nobody hears of it. */
bool kafka_send_noted(struct kafka *k, const char *topic, struct span value,
                      const struct kafka_header *headers, size_t count);
/** What was not acknowledged is not sent any more. Any thread; nothing is sent afterwards. */
void kafka_drop(struct kafka *k);
/** Deliveries, for so long at most. */
void kafka_poll(struct kafka *k, int ms);
/** All that was sent is acknowledged, within `ms`. */
bool kafka_flush(struct kafka *k, int ms);

/* --- records that we read ------------------------------------------------------------------- */

struct kafka_reader;

struct kafka_record {
    const char *topic;
    uint32_t partition;
    int64_t offset;
    struct span key;
    struct span value;
};

/** A reader of chosen partitions, from their beginning. Each by one thread. */
struct kafka_reader *kafka_reader_new(const struct kafka_params *p, const char *group,
                                      struct buf *why);
void kafka_reader_free(struct kafka_reader *r);
const char *kafka_reader_brokers(const struct kafka_reader *r);
/** Nothing is read any more, until other partitions are added. */
void kafka_reader_clear(struct kafka_reader *r);
/** Before kafka_reader_begin(), each partition once. */
void kafka_reader_add(struct kafka_reader *r, const char *topic, uint32_t partition);
bool kafka_reader_begin(struct kafka_reader *r, struct buf *why);
/** The next record of any of them, which stays until the next call. @return false: none within `ms` */
bool kafka_reader_next(struct kafka_reader *r, int ms, struct kafka_record *record);
/** It is refused, or a topic of it is not there: nothing comes any more, and waiting does not help. One line in `why`, which may be
 * NULL. That brokers cannot be reached is kafka_is_lost()'s to say. Any thread. */
bool kafka_reader_is_lost(struct kafka_reader *r, struct buf *why);
/** Until it is resumed, none of a partition. */
void kafka_reader_pause(struct kafka_reader *r, const char *topic, uint32_t partition, bool paused);
/** Each of its partitions was read to its end, if only once: there may be more by now. */
bool kafka_reader_is_at_end(const struct kafka_reader *r);
/** The same of one of them. */
bool kafka_reader_has_ended(const struct kafka_reader *r, const char *topic, uint32_t partition);
