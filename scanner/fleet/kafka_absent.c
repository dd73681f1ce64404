/**
 * In place of the other kafka*.c where librdkafka was not there when the program was built: kafka_new() and kafka_reader_new() say so, and
 * without these nobody comes to the rest.
 */
#include "scanner/base/check.h"
#include "scanner/fleet/kafka.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define NEVER                                        \
    {                                                \
        UNREACHABLE("nobody has a handle of Kafka"); \
    }

static void say_absent(struct buf *why)
{
    buf_put_text(why, "this build has no Kafka: install librdkafka-dev and build again, or take "
                      "the Debian package");
}

struct kafka *kafka_new(const struct kafka_params *p, kafka_delivered_fn *delivered, void *arg,
                        struct buf *why)
{
    say_absent(why);
    return NULL;
}

struct kafka_reader *kafka_reader_new(const struct kafka_params *p, const char *group,
                                      struct buf *why)
{
    say_absent(why);
    return NULL;
}

void kafka_free(struct kafka *k)
{
    CHECK(k == NULL);
}

void kafka_reader_free(struct kafka_reader *r)
{
    CHECK(r == NULL);
}

// clang-format off
bool kafka_connect(struct kafka *k, int ms, struct buf *why) NEVER
bool kafka_is_lost(struct kafka *k, struct buf *why) NEVER
int kafka_partitions(struct kafka *k, const char *topic, struct buf *why) NEVER
bool kafka_make_topics(struct kafka *k, const struct kafka_topic *topics, size_t count, struct buf *why) NEVER
bool kafka_drop_topics(struct kafka *k, const char *const *names, size_t count, struct buf *why) NEVER
bool kafka_send(struct kafka *k, const char *topic, uint32_t partition, struct span key, struct span value, void *tag) NEVER
bool kafka_send_noted(struct kafka *k, const char *topic, struct span value, const struct kafka_header *headers, size_t count) NEVER
void kafka_drop(struct kafka *k) NEVER
void kafka_poll(struct kafka *k, int ms) NEVER
bool kafka_flush(struct kafka *k, int ms) NEVER
const char *kafka_reader_brokers(const struct kafka_reader *r) NEVER
void kafka_reader_clear(struct kafka_reader *r) NEVER
void kafka_reader_add(struct kafka_reader *r, const char *topic, uint32_t partition) NEVER
bool kafka_reader_begin(struct kafka_reader *r, struct buf *why) NEVER
bool kafka_reader_next(struct kafka_reader *r, int ms, struct kafka_record *record) NEVER
bool kafka_reader_is_lost(struct kafka_reader *r, struct buf *why) NEVER
void kafka_reader_pause(struct kafka_reader *r, const char *topic, uint32_t partition, bool paused) NEVER
bool kafka_reader_is_at_end(const struct kafka_reader *r) NEVER
bool kafka_reader_has_ended(const struct kafka_reader *r, const char *topic, uint32_t partition) NEVER
    // clang-format on
