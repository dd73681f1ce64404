/**
 * Leases: the limit of connections to one operator, over all workers. The owner of the operator's
 * name grants them in the order of asking.
 */
#include "scanner/base/memory.h"
#include "scanner/pipeline/worker.h"

struct lease_request {
    uint32_t visit;
    uint16_t from;
};

struct operator_leases {
    uint32_t granted;
    struct lease_request *waiting; /* a ring */
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
};

struct lease_table {
    struct map index; /* operator's name → operators */
    struct operator_leases *operators;
    uint32_t count;
    uint32_t capacity;
};

struct lease_table *lease_table_new(void)
{
    return memory_new(1, sizeof(struct lease_table));
}

void lease_table_free(struct lease_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        free(t->operators[i].waiting);
    }
    free(t->operators);
    map_deinit(&t->index);
    free(t);
}

static struct operator_leases *find_or_add(struct lease_table *t, struct span name)
{
    bool added = false;
    uint64_t *at = map_add(&t->index, hash_key_of(name), t->count, &added);
    if (added) {
        if (t->count == t->capacity) {
            t->capacity = t->capacity ? t->capacity * 2 : 64;
            t->operators = memory_resize(t->operators, t->capacity, sizeof(*t->operators));
        }
        t->operators[t->count++] = (struct operator_leases){0};
    }
    return &t->operators[*at];
}

static void push(struct operator_leases *o, struct lease_request r)
{
    if (o->count == o->capacity) {
        uint32_t capacity = o->capacity ? o->capacity * 2 : 8;
        struct lease_request *grown = memory_new(capacity, sizeof(*grown));
        for (uint32_t i = 0; i < o->count; i++) {
            grown[i] = o->waiting[(o->first + i) % o->capacity];
        }
        free(o->waiting);
        o->waiting = grown;
        o->first = 0;
        o->capacity = capacity;
    }
    o->waiting[(o->first + o->count++) % o->capacity] = r;
}

static void grant(struct worker *w, struct operator_leases *o, struct lease_request r)
{
    o->granted++;
    struct message_lease_grant m = {.visit = r.visit};
    message_put_lease_grant(worker_outbox(w, r.from), &m);
}

void lease_on_want(struct worker *w, const struct message_lease_want *m)
{
    struct operator_leases *o = find_or_add(w->leases, m->operator_name);
    struct lease_request r = {.visit = m->visit, .from = m->from};
    if (o->granted < w->scan->params->operator_limit) {
        grant(w, o, r);
    } else {
        push(o, r);
    }
}

void lease_on_return(struct worker *w, const struct message_lease_return *m)
{
    struct operator_leases *o = find_or_add(w->leases, m->operator_name);
    CHECK(o->granted > 0);
    o->granted--;
    if (o->count > 0) {
        struct lease_request r = o->waiting[o->first];
        o->first = (o->first + 1) % o->capacity;
        o->count--;
        grant(w, o, r);
    }
}
