#include "scanner/owners/operator_owner.h"

#include "scanner/base/memory.h"
#include "scanner/owners/remembered.h"
#include "scanner/owners/waiting_time.h"

#define NO_SLOT UINT32_MAX

/** Of a session; absent in the table: LEASE_NONE. */
enum lease_state {
    LEASE_NONE,
    LEASE_WAITS,
    LEASE_HELD,
    LEASE_STATE_COUNT,
};

struct waiting_session {
    struct net_addr address;
    uint16_t port;
    uint32_t sessions; /* of its service, this one included */
    uint64_t session;
};

struct operator_leases {
    uint32_t limit; /* of those held */
    uint32_t held;
    uint64_t sessions; /* of all services that wait */
    uint64_t returned; /* leases so far, */
    uint64_t held_ms;  /* and how long leases were held, up to a time */
    uint64_t held_until_ms;
    struct waiting_session *waiting; /* a ring; malloc */
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
    uint32_t next_free;
};

/* --- operators ------------------------------------------------------------------------------ */

void operator_owner_init(struct operator_owner *o, uint32_t limit,
                         const struct remembered *remembered, struct owner_out *out)
{
    *o = (struct operator_owner){
        .limit = limit, .remembered = remembered, .out = out, .first_free = NO_SLOT};
}

void operator_owner_deinit(struct operator_owner *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        free(o->slots[i].waiting);
    }
    free(o->slots);
    map_deinit(&o->operators);
    map_deinit(&o->sessions);
}

static uint32_t operator_take_slot(struct operator_owner *o)
{
    uint32_t slot = o->first_free;
    if (slot != NO_SLOT) {
        o->first_free = o->slots[slot].next_free;
        return slot;
    }
    o->slots = memory_grow_list(o->slots, o->count, sizeof(*o->slots));
    o->slots[o->count] = (struct operator_leases){0};
    return o->count++;
}

/* @return its slot */
static uint32_t operator_find_or_add(struct operator_owner *o, struct span name)
{
    bool added = false;
    uint64_t *at = map_add(&o->operators, hash_key_of(name), NO_SLOT, &added);
    if (added) {
        *at = operator_take_slot(o);
        o->slots[*at].limit =
            pace_operator_limit(o->limit, halvings_of(remembered_operator(o->remembered, name)));
    }
    return (uint32_t)*at;
}

/* Nobody holds a lease of it, so that nobody waits for one. */
static void operator_forget(struct operator_owner *o, uint32_t slot, struct span name)
{
    struct operator_leases *p = &o->slots[slot];
    free(p->waiting);
    *p = (struct operator_leases){.next_free = o->first_free};
    o->first_free = slot;
    (void)map_remove(&o->operators, hash_key_of(name));
}

/* --- who waits, in the order of asking ------------------------------------------------------ */

static void lease_queue_grow(struct operator_leases *p)
{
    uint32_t capacity = p->capacity ? p->capacity * 2 : 8;
    struct waiting_session *grown = memory_new(capacity, sizeof(*grown));
    for (uint32_t i = 0; i < p->count; i++) {
        grown[i] = p->waiting[(p->first + i) % p->capacity];
    }
    free(p->waiting);
    p->waiting = grown;
    p->first = 0;
    p->capacity = capacity;
}

static void lease_queue_add(struct operator_leases *p, const struct lease *lease, uint32_t sessions)
{
    if (p->count == p->capacity) {
        lease_queue_grow(p);
    }
    p->waiting[(p->first + p->count++) % p->capacity] =
        (struct waiting_session){lease->address, lease->port, sessions, lease->session};
    p->sessions += sessions;
}

static struct lease lease_queue_take(struct operator_leases *p, struct span operator_name)
{
    const struct waiting_session *w = &p->waiting[p->first];
    p->first = (p->first + 1) % p->capacity;
    p->count--;
    p->sessions -= w->sessions;
    return (struct lease){w->address, w->port, w->session, operator_name};
}

/* --- states --------------------------------------------------------------------------------- */

/* The drawing in operator_owner.h. */
static const bool lease_leads_to[LEASE_STATE_COUNT][LEASE_STATE_COUNT] = {
    [LEASE_NONE] = {[LEASE_WAITS] = true, [LEASE_HELD] = true},
    [LEASE_WAITS] = {[LEASE_HELD] = true},
    [LEASE_HELD] = {[LEASE_NONE] = true},
};

static struct hash_key lease_key(uint32_t slot, const struct lease *lease)
{
    struct {
        uint64_t session;
        uint32_t slot;
        uint16_t port;
        struct net_addr address;
    } parts;
    memset(&parts, 0, sizeof(parts)); /* what lies between the members */
    parts.session = lease->session;
    parts.slot = slot;
    parts.port = lease->port;
    parts.address = lease->address;
    return hash_key_of((struct span){(const uint8_t *)&parts, sizeof(parts)});
}

static enum lease_state lease_state_of(const struct operator_owner *o, struct hash_key key)
{
    const uint64_t *at = map_find(&o->sessions, key);
    return at == NULL ? LEASE_NONE : (enum lease_state) * at;
}

static void lease_enter(struct operator_owner *o, struct hash_key key, enum lease_state to)
{
    CHECK(lease_leads_to[lease_state_of(o, key)][to]);
    if (to == LEASE_NONE) {
        (void)map_remove(&o->sessions, key);
        return;
    }
    bool added = false;
    *map_add(&o->sessions, key, to, &added) = to;
}

static void lease_say_granted(struct operator_owner *o, const struct lease *lease)
{
    struct message_lease_grant m = {*lease};
    message_put_lease_grant(out_to_address(o->out, &lease->address), &m);
}

static void lease_say_queued(struct operator_owner *o, const struct lease *lease)
{
    struct message_lease_queued m = {*lease};
    message_put_lease_queued(out_to_address(o->out, &lease->address), &m);
}

/* Before the number of those that are held changes. */
static void note_held(const struct operator_owner *o, struct operator_leases *p)
{
    p->held_ms += p->held * (o->now_ms - p->held_until_ms);
    p->held_until_ms = o->now_ms;
}

static void lease_grant(struct operator_owner *o, uint32_t slot, const struct lease *lease)
{
    lease_enter(o, lease_key(slot, lease), LEASE_HELD);
    note_held(o, &o->slots[slot]);
    o->slots[slot].held++;
    lease_say_granted(o, lease);
}

/* --- events --------------------------------------------------------------------------------- */

void operator_on_want(struct operator_owner *o, const struct message_lease_want *m)
{
    uint32_t slot = operator_find_or_add(o, m->lease.operator_name);
    struct operator_leases *p = &o->slots[slot];
    struct hash_key key = lease_key(slot, &m->lease);
    switch (lease_state_of(o, key)) {
    case LEASE_NONE:
        if (p->held < p->limit) {
            lease_grant(o, slot, &m->lease);
        } else {
            lease_enter(o, key, LEASE_WAITS);
            lease_queue_add(p, &m->lease, m->sessions);
            lease_say_queued(o, &m->lease);
        }
        return;
    case LEASE_HELD:
        lease_say_granted(o, &m->lease);
        return;
    case LEASE_WAITS:
    case LEASE_STATE_COUNT:
        o->strays++;
        return;
    }
}

void operator_on_return(struct operator_owner *o, const struct message_lease_return *m)
{
    const uint64_t *at = map_find(&o->operators, hash_key_of(m->lease.operator_name));
    uint32_t slot = at == NULL ? NO_SLOT : (uint32_t)*at;
    struct hash_key key = lease_key(slot, &m->lease);
    if (lease_state_of(o, key) != LEASE_HELD) {
        o->strays++;
        return;
    }
    struct operator_leases *p = &o->slots[slot];
    lease_enter(o, key, LEASE_NONE);
    note_held(o, p);
    p->held--;
    p->returned++;
    if (p->count > 0) {
        struct lease next = lease_queue_take(p, m->lease.operator_name);
        lease_grant(o, slot, &next);
    } else if (p->held == 0) {
        operator_forget(o, slot, m->lease.operator_name);
    }
}

/* --- how long it takes ---------------------------------------------------------------------- */

uint64_t operator_waiting_ms(const struct operator_owner *o)
{
    uint64_t longest = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        const struct operator_leases *p = &o->slots[i];
        const struct waiting w = {.sessions = p->sessions,
                                  .at_once = p->limit,
                                  .ended = p->returned,
                                  .taken_ms = p->held_ms};
        uint64_t ms = waiting_time_ms(&w);
        longest = ms > longest ? ms : longest;
    }
    return longest;
}
