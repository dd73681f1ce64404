#include "scanner/fleet/topic_reading.h"

#include "scanner/base/clock.h"

#define READ_MS    200
#define SILENCE_MS 120000 /* of brokers, while more is there */

static bool read_until_end(struct kafka_reader *r, const char *topic, topic_record_fn *on_record,
                           void *arg, struct buf *why)
{
    int64_t until = clock_boot_ms() + SILENCE_MS;
    while (!kafka_reader_is_at_end(r)) {
        struct kafka_record record;
        if (kafka_reader_next(r, READ_MS, &record)) {
            until = clock_boot_ms() + SILENCE_MS;
            if (!on_record(arg, &record)) {
                return true;
            }
        } else if (kafka_reader_is_lost(r, why)) {
            return false;
        } else if (!kafka_reader_is_at_end(r) && clock_boot_ms() > until) {
            buf_putf(why, "--brokers %s: topic %s: no answer any more", kafka_reader_brokers(r),
                     topic);
            return false;
        }
    }
    return true;
}

bool topic_read(struct kafka_reader *r, const char *topic, uint32_t partition,
                topic_record_fn *on_record, void *arg, struct buf *why)
{
    kafka_reader_clear(r);
    kafka_reader_add(r, topic, partition);
    return kafka_reader_begin(r, why) && read_until_end(r, topic, on_record, arg, why);
}
