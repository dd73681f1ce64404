#pragma once

#include "output/tables.h"
#include "scanner/base/buf.h"
#include "scanner/fleet/kafka.h"
#include "scanner/flow/message.h"

/** The topics of a scan: docs/cluster/design.md has what each holds. */

#define FLEET_NAME_MAX    100 /* octets of --scan; Kafka takes 249 for a topic */
#define FLEET_TOPIC_MAX   (FLEET_NAME_MAX + 64)
#define FLEET_ROWS_PARTS  4          /* partitions of each table: what readers of rows divide */
#define FLEET_FEED        UINT16_MAX /* the member that is none: who feeds */
#define FLEET_PIECE_MAX   (512U * 1024)
#define FLEET_PARTS_LIMIT 256 /* of --partitions */

enum fleet_topic {
    FLEET_CONTROL,
    FLEET_BEATS, /* a record of each member every second, by its name */
    FLEET_DOMAINS,
    FLEET_HOSTS,
    FLEET_SERVICES,
    FLEET_ANSWERS,
    FLEET_STATE, /* what owners of a part have done: for whoever takes it over */
    FLEET_DEAD,
    FLEET_ROWS, /* and one for each table from here on */
    FLEET_TOPIC_COUNT = FLEET_ROWS + TABLE_COUNT
};

struct fleet_topics {
    char name[FLEET_TOPIC_COUNT][FLEET_TOPIC_MAX]; /* "": there is none of this table */
};

/** @return false with one line in `why`: no name that Kafka takes */
bool fleet_topics_init(struct fleet_topics *t, const char *scan, struct buf *why);
/** Makes those that are missing. @return false with one line in `why`; *usage: they are there with other partitions */
bool fleet_topics_make(const struct fleet_topics *t, struct kafka *k, uint32_t parts, bool *usage,
                       struct buf *why);
bool fleet_topics_drop(const struct fleet_topics *t, struct kafka *k, struct buf *why);
/** Which of the topics a record came from. FLEET_TOPIC_COUNT: none of them */
enum fleet_topic fleet_topic_of(const struct fleet_topics *t, const char *name);
/** Where messages of a kind go between owners; FLEET_TOPIC_COUNT: nowhere, they stay in the process. */
enum fleet_topic fleet_topic_of_kind(enum message_kind kind);
/** What a record of such a message is called, for compaction and for people: appended to `key`. */
void fleet_put_key(struct buf *key, enum message_kind kind, struct span body);
