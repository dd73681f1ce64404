#pragma once

/**
 * Who may connect next: lines of waiting hosts, one for each address, and the limits of an address
 * and of its network. Pure data: time comes from the caller. Every call costs the same however
 * many wait (gates_next(): spread over the calls).
 *
 * An address with someone in line is in exactly one place: cooling since its last start, waiting
 * for a connection of its own to end, waiting for one of its network to end, or ready. The ready
 * ones take turns, so that a long line at one address holds up nobody else.
 */

#include <sys/queue.h>

#include "scanner/base/net_addr.h"

struct gate;
struct gates;

/** Part of whoever waits. Zero when unused. */
struct gate_ticket {
    struct gate *gate;
    TAILQ_ENTRY(gate_ticket) in_line;
};

/** 0 means no limit. @param rate starts a second and address; may be below 1 */
struct gates *gates_new(uint32_t address_limit, uint32_t network_limit, double rate);
void gates_free(struct gates *g); /* NULL is allowed */

/** Puts `t` at the end of the line of `address`. */
void gates_wait(struct gates *g, struct gate_ticket *t, const struct net_addr *address);
/** Takes `t` out of the line in which it waits. */
void gates_cancel(struct gates *g, struct gate_ticket *t);
/** The next that may start, NULL when there is none now. It counts as started at `now_ns`, which
 * never goes back from call to call. */
struct gate_ticket *gates_next(struct gates *g, uint64_t now_ns);
/** The connection of a started ticket is closed. */
void gates_leave(struct gates *g, struct gate_ticket *t);
/** When gates_next() may have one without a gates_leave() before; UINT64_MAX: not at all. */
uint64_t gates_due_ns(const struct gates *g);
