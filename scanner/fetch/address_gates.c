#include "scanner/fetch/address_gates.h"

#include "scanner/base/arena.h"
#include "scanner/base/map.h"
#include "scanner/base/memory.h"

#define NS_PER_S 1000000000U

enum gate_state {
    GATE_IDLE, /* nobody in line, nothing to wait for */
    GATE_READY,
    GATE_COOLING,
    GATE_FULL,    /* until a connection to the address ends */
    GATE_NETWORK, /* until one to its network does */
};

STAILQ_HEAD(gate_queue, gate);
TAILQ_HEAD(ticket_line, gate_ticket);

struct network {
    uint32_t in_use;
    uint32_t promised; /* places kept for gates that waited for them and are ready now */
    struct gate_queue waiting;
};

struct gate {
    struct network *network;
    struct ticket_line line;
    STAILQ_ENTRY(gate) next; /* in the one queue that it is in */
    enum gate_state state;
    bool promised;
    uint32_t in_use;
    uint64_t cooled_ns;
};

struct gates {
    uint32_t address_limit;
    uint32_t network_limit;
    uint64_t gap_ns;
    struct arena_pool pool;
    struct arena arena; /* gates and networks, kept to the end: so is the time of the last start */
    struct map by_address;
    struct map by_network;
    struct gate_queue ready;
    struct gate_queue cooling; /* the gap is the same for all: the first is due first */
};

struct gates *gates_new(uint32_t address_limit, uint32_t network_limit, double rate)
{
    struct gates *g = memory_new(1, sizeof(*g));
    g->address_limit = address_limit ? address_limit : UINT32_MAX;
    g->network_limit = network_limit ? network_limit : UINT32_MAX;
    g->gap_ns = rate > 0 ? (uint64_t)((double)NS_PER_S / rate) + 1 : 0; /* rounded up */
    g->arena = ARENA_INIT(&g->pool);
    STAILQ_INIT(&g->ready);
    STAILQ_INIT(&g->cooling);
    return g;
}

void gates_free(struct gates *g)
{
    if (g == NULL) {
        return;
    }
    map_deinit(&g->by_address);
    map_deinit(&g->by_network);
    arena_reset(&g->arena);
    arena_pool_deinit(&g->pool);
    free(g);
}

static struct gate *gate_queue_take(struct gate_queue *q)
{
    struct gate *gate = STAILQ_FIRST(q);
    if (gate != NULL) {
        STAILQ_REMOVE_HEAD(q, next);
    }
    return gate;
}

/* The object for an address in one of the two tables, made on first use. */
static void *object_of(struct gates *g, struct map *m, const struct net_addr *address, size_t size,
                       bool *added)
{
    struct span key = {(const uint8_t *)address, sizeof(*address)};
    uint64_t *value = map_add(m, hash_key_of(key), 0, added);
    if (*added) {
        *value = (uint64_t)(uintptr_t)arena_new(&g->arena, 1, size);
    }
    return (void *)(uintptr_t)*value;
}

static struct network *gate_network_of(struct gates *g, const struct net_addr *address)
{
    bool added = false;
    struct net_addr prefix = net_addr_network(address);
    struct network *n = object_of(g, &g->by_network, &prefix, sizeof(*n), &added);
    if (added) {
        STAILQ_INIT(&n->waiting);
    }
    return n;
}

static struct gate *gate_of_address(struct gates *g, const struct net_addr *address)
{
    bool added = false;
    struct gate *gate = object_of(g, &g->by_address, address, sizeof(*gate), &added);
    if (added) {
        gate->network = gate_network_of(g, address);
        TAILQ_INIT(&gate->line);
    }
    return gate;
}

/* Puts a gate that is in no queue where it belongs. */
static void gates_settle(struct gates *g, struct gate *gate)
{
    if (TAILQ_EMPTY(&gate->line)) {
        gate->state = GATE_IDLE;
    } else if (gate->in_use >= g->address_limit) {
        gate->state = GATE_FULL;
    } else {
        gate->state = GATE_READY;
        STAILQ_INSERT_TAIL(&g->ready, gate, next);
    }
}

static bool network_is_full(const struct gates *g, const struct network *n)
{
    return (uint64_t)n->in_use + n->promised >= g->network_limit;
}

/* A place in the network is free: it goes to the gate that waits the longest. */
static void promise_place(struct gates *g, struct network *n)
{
    struct gate *gate = NULL;
    while ((gate = gate_queue_take(&n->waiting)) != NULL) {
        gates_settle(g, gate);
        if (gate->state == GATE_READY) {
            gate->promised = true;
            n->promised++;
            return;
        }
    }
}

static void take_promise_back(struct gates *g, struct gate *gate)
{
    if (gate->promised) {
        gate->promised = false;
        gate->network->promised--;
        promise_place(g, gate->network);
    }
}

void gates_wait(struct gates *g, struct gate_ticket *t, const struct net_addr *address)
{
    struct gate *gate = gate_of_address(g, address);
    t->gate = gate;
    TAILQ_INSERT_TAIL(&gate->line, t, in_line);
    if (gate->state == GATE_IDLE) {
        gates_settle(g, gate);
    }
}

void gates_cancel(struct gates *g, struct gate_ticket *t)
{
    (void)g; /* a gate whose line became empty is found out at its turn */
    TAILQ_REMOVE(&t->gate->line, t, in_line);
    *t = (struct gate_ticket){0};
}

static struct gate_ticket *start(struct gates *g, struct gate *gate, uint64_t now_ns)
{
    struct gate_ticket *t = TAILQ_FIRST(&gate->line);
    TAILQ_REMOVE(&gate->line, t, in_line);
    gate->in_use++;
    gate->network->in_use++;
    gate->network->promised -= gate->promised;
    gate->promised = false;
    if (g->gap_ns > 0) {
        gate->state = GATE_COOLING;
        gate->cooled_ns = now_ns + g->gap_ns;
        STAILQ_INSERT_TAIL(&g->cooling, gate, next);
    } else {
        gates_settle(g, gate);
    }
    return t;
}

struct gate_ticket *gates_next(struct gates *g, uint64_t now_ns)
{
    while (!STAILQ_EMPTY(&g->cooling) && STAILQ_FIRST(&g->cooling)->cooled_ns <= now_ns) {
        gates_settle(g, gate_queue_take(&g->cooling));
    }
    struct gate *gate = NULL;
    while ((gate = gate_queue_take(&g->ready)) != NULL) {
        if (TAILQ_EMPTY(&gate->line)) {
            gate->state = GATE_IDLE;
            take_promise_back(g, gate);
        } else if (!gate->promised && network_is_full(g, gate->network)) {
            gate->state = GATE_NETWORK;
            STAILQ_INSERT_TAIL(&gate->network->waiting, gate, next);
        } else {
            return start(g, gate, now_ns);
        }
    }
    return NULL;
}

void gates_leave(struct gates *g, struct gate_ticket *t)
{
    struct gate *gate = t->gate;
    CHECK(gate != NULL && gate->in_use > 0 && gate->network->in_use > 0);
    *t = (struct gate_ticket){0};
    gate->in_use--;
    gate->network->in_use--;
    promise_place(g, gate->network);
    if (gate->state == GATE_FULL) {
        gates_settle(g, gate);
    }
}

uint64_t gates_due_ns(const struct gates *g)
{
    return !STAILQ_EMPTY(&g->ready)     ? 0
           : !STAILQ_EMPTY(&g->cooling) ? STAILQ_FIRST(&g->cooling)->cooled_ns
                                        : UINT64_MAX;
}
