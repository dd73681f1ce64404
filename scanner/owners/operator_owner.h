#pragma once

/**
 * The owner of operators: the limit of connections to one operator, over all workers. A session asks for a
 * lease before it connects and returns it when it ends; leases are granted in the order of asking.
 *
 *   (unknown) ─LEASE_WANT─┬─ below the limit ─────────────────────────────LEASE_GRANT─► HOLDS
 *                         └─ at the limit: LEASE_QUEUED ─► WAITS ──first of all, one returned─► HOLDS
 *   HOLDS ──LEASE_RETURN──► (unknown)
 *
 * Who asks again and holds one is granted it again. Only those who wait or hold are known, and so is an
 * operator while one of its leases is held: what is kept is bounded by the sessions under way.
 */

#include "scanner/base/map.h"
#include "scanner/owners/owner.h"

struct operator_leases;
struct remembered;

struct operator_owner {
    uint32_t limit;                      /* leases held at once of one operator; at least 1 */
    const struct remembered *remembered; /* borrowed: of whom fewer; NULL: of nobody */
    struct owner_out *out;               /* borrowed */
    struct map operators;                /* name → slot */
    struct operator_leases *slots;
    uint32_t count;
    uint32_t first_free; /* UINT32_MAX: none */
    struct map sessions; /* operator and session → enum lease_state */
    uint64_t now_ms;     /* told by whoever runs the owner, before each event */
    uint64_t strays;
};

void operator_owner_init(struct operator_owner *o, uint32_t limit,
                         const struct remembered *remembered, struct owner_out *out);
void operator_owner_deinit(struct operator_owner *o);

void operator_on_want(struct operator_owner *o, const struct message_lease_want *m);
/** Until the last operator has no session left that waits for a lease: waiting_time.h */
uint64_t operator_waiting_ms(const struct operator_owner *o);
void operator_on_return(struct operator_owner *o, const struct message_lease_return *m);
