#include "scanner/fleet/outbox.h"

#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"

void outbox_init(struct outbox *o, outbox_send_fn *send, void *arg)
{
    *o = (struct outbox){.send = send, .arg = arg};
}

void outbox_deinit(struct outbox *o)
{
    for (unsigned rank = 0; rank < OUTBOX_RANKS; rank++) {
        for (struct outbox_item *i = o->of[rank].first; i != NULL;) {
            struct outbox_item *next = i->next;
            free(i);
            i = next;
        }
    }
    *o = (struct outbox){0};
}

/* Its header counts as well: many records are small. */
static size_t weight(const struct outbox_item *i)
{
    return sizeof(*i) + i->key_len + i->value_len;
}

void outbox_put(struct outbox *o, unsigned rank, const char *topic, uint32_t partition,
                struct span key, struct span value)
{
    CHECK(rank < OUTBOX_RANKS && key.len <= UINT32_MAX && value.len <= UINT32_MAX);
    struct outbox_item *i = memory_new(1, sizeof(*i) + key.len + value.len);
    i->number = o->numbers++;
    i->topic = topic;
    i->partition = partition;
    i->rank = (uint8_t)rank;
    i->key_len = (uint32_t)key.len;
    i->value_len = (uint32_t)value.len;
    if (key.len > 0) {
        memcpy(i->octets, key.at, key.len);
    }
    if (value.len > 0) {
        memcpy(i->octets + key.len, value.at, value.len);
    }
    if (o->of[rank].last != NULL) {
        o->of[rank].last->next = i;
    } else {
        o->of[rank].first = i;
    }
    o->of[rank].last = i;
    if (o->of[rank].next == NULL) {
        o->of[rank].next = i;
    }
    o->octets += weight(i);
}

/* One record has room, however large it is. */
static bool outbox_has_room(const struct outbox *o)
{
    return o->under_way < OUTBOX_UNDER_WAY && o->under_way_octets < OUTBOX_UNDER_WAY_OCTETS;
}

static bool outbox_send_one(struct outbox *o, struct outbox_item *i)
{
    bool sent = outbox_has_room(o) && o->send(o->arg, i);
    if (sent) {
        o->under_way++;
        o->under_way_octets += weight(i);
    }
    return sent;
}

void outbox_send(struct outbox *o)
{
    uint64_t before = UINT64_MAX; /* the first of all lower ranks that is open */
    for (unsigned rank = 0; rank < OUTBOX_RANKS; rank++) {
        struct outbox_item *i = o->of[rank].next;
        while (i != NULL && i->number < before && outbox_send_one(o, i)) {
            i = i->next;
        }
        o->of[rank].next = i;
        const struct outbox_item *first = o->of[rank].first;
        if (first != NULL && first->number < before) {
            before = first->number;
        }
    }
}

void outbox_acknowledge(struct outbox *o, struct outbox_item *item)
{
    unsigned rank = item->rank;
    CHECK(!item->acknowledged);
    item->acknowledged = true;
    o->under_way--;
    o->under_way_octets -= weight(item);
    struct outbox_item *first = o->of[rank].first;
    while (first != NULL && first->acknowledged) {
        struct outbox_item *next = first->next;
        o->octets -= weight(first);
        free(first);
        first = next;
    }
    o->of[rank].first = first;
    if (first == NULL) {
        o->of[rank].last = NULL;
    }
}
