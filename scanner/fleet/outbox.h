#pragma once

#include "scanner/base/buf.h"

/**
 * What a member has yet to say to the brokers, in its order: a record leaves only when all that it may name is acknowledged.
 *
 * Records have a rank. One waits for those of every lower rank that were put before it, and those of one rank leave in the order in which
 * they were put. No I/O: `send` is the caller's, and so is any lock.
 *
 * Only so much is under way at once, less than librdkafka's queue holds: beats and whatever else does not wait here find room at any time.
 */
#define OUTBOX_RANKS            32
#define OUTBOX_UNDER_WAY        100000      /* records; of the 200,000 that kafka_send() takes */
#define OUTBOX_UNDER_WAY_OCTETS (32U << 20) /* of the 64 MiB */

struct outbox_item {
    struct outbox_item *next; /* of its rank */
    uint64_t number;          /* in the order of all */
    const char *topic;        /* borrowed */
    uint32_t partition;
    uint8_t rank;
    bool acknowledged;
    uint32_t key_len;
    uint32_t value_len;
    uint8_t octets[]; /* key, value */
};

static inline struct span outbox_key(const struct outbox_item *i)
{
    return (struct span){i->octets, i->key_len};
}

static inline struct span outbox_value(const struct outbox_item *i)
{
    return (struct span){i->octets + i->key_len, i->value_len};
}

/** @return false: not now; it is tried again with the next outbox_send() */
typedef bool outbox_send_fn(void *arg, struct outbox_item *item);

struct outbox {
    outbox_send_fn *send;
    void *arg;
    uint64_t numbers;
    size_t octets; /* that are not acknowledged; of these are sent: */
    size_t under_way;
    size_t under_way_octets;
    struct {
        struct outbox_item *first; /* not acknowledged */
        struct outbox_item *last;
        struct outbox_item *next; /* not sent; NULL: none */
    } of[OUTBOX_RANKS];
};

void outbox_init(struct outbox *o, outbox_send_fn *send, void *arg);
void outbox_deinit(struct outbox *o);
/** Copies key and value. */
void outbox_put(struct outbox *o, unsigned rank, const char *topic, uint32_t partition,
                struct span key, struct span value);
/** Sends what may leave, as far as there is room for it. */
void outbox_send(struct outbox *o);
/** The item, which was sent, is acknowledged: it is gone, and what waited for it may leave. */
void outbox_acknowledge(struct outbox *o, struct outbox_item *item);
