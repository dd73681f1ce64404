#pragma once

#include "scanner/fleet/kafka.h"

/** @return false: no more are wanted */
typedef bool topic_record_fn(void *arg, const struct kafka_record *r);

/** All records of a partition that are there. @param r reads nothing else meanwhile; may have read before
 * @return false with one line in `why`; not where `on_record` said so */
bool topic_read(struct kafka_reader *r, const char *topic, uint32_t partition,
                topic_record_fn *on_record, void *arg, struct buf *why);
