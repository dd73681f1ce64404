#include "resolver/udp_table.h"

#include "scanner/base/check.h"

void udp_table_init(struct udp_table *t)
{
    TAILQ_INIT(&t->due);
}

static struct udp_question *free_place(struct udp_table *t)
{
    struct udp_question *q = LIST_FIRST(&t->free);
    if (q != NULL) {
        LIST_REMOVE(q, by_id);
        return q;
    }
    return t->used < DNS_UDP_UNDER_WAY ? &t->place[t->used++] : NULL;
}

struct udp_question *udp_table_put(struct udp_table *t, struct udp_port *port, uint16_t id,
                                   uint64_t due_ms)
{
    struct udp_question *q = free_place(t);
    if (q == NULL) {
        return NULL;
    }
    q->port = port;
    q->id = id;
    q->due_ms = due_ms;
    t->count++;
    TAILQ_INSERT_TAIL(&t->due, q, by_due);
    LIST_INSERT_HEAD(&t->bucket[id % UDP_BUCKETS], q, by_id);
    return q;
}

struct udp_question *udp_table_find(const struct udp_table *t, const struct udp_port *port,
                                    uint16_t id)
{
    struct udp_question *q = LIST_FIRST(&t->bucket[id % UDP_BUCKETS]);
    while (q != NULL && (q->id != id || q->port != port)) {
        q = LIST_NEXT(q, by_id);
    }
    return q;
}

struct udp_question *udp_table_due(const struct udp_table *t, uint64_t now_ms)
{
    struct udp_question *q = TAILQ_FIRST(&t->due);
    return q != NULL && q->due_ms <= now_ms ? q : NULL;
}

void udp_table_put_off(struct udp_table *t, struct udp_question *q, uint64_t due_ms)
{
    q->due_ms = due_ms;
    TAILQ_REMOVE(&t->due, q, by_due);
    TAILQ_INSERT_TAIL(&t->due, q, by_due);
}

void udp_table_drop(struct udp_table *t, struct udp_question *q)
{
    CHECK(t->count > 0);
    t->count--;
    TAILQ_REMOVE(&t->due, q, by_due);
    LIST_REMOVE(q, by_id);
    LIST_INSERT_HEAD(&t->free, q, by_id);
}
