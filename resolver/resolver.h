#pragma once

/**
 * Asks DNS questions on a libuv loop and answers each exactly once.
 *
 *     resolver_ask() ──> queue ──> (rate, window) ──> server 1 ──> answer ──> done()
 *                          ^                            │
 *                          ├── no answer in time: the next server, `tries` times each
 *                          ├── TC: the same server over TCP (RFC 7766)
 *                          ├── FORMERR: the same server without EDNS (RFC 6891 section 7)
 *                          ├── SERVFAIL, REFUSED, …: every other server once
 *                          └── SERVFAIL from all: once more with CD=1 (RFC 4035 section 3.2.2)
 *
 * There is no cache and no joining of equal questions: whoever owns a name asks once.
 * All calls belong to the thread of the loop.
 */

#include <uv.h>

#include "resolver/dns_message.h"

#define RESOLVER_SERVERS_MAX 16 /* more are ignored; our own bound */
/* Of one server at most: TCP connections and as many given up on which answers are still to come, the UDP port in use and those that wait. */
#define RESOLVER_SERVER_SOCKETS 25

struct resolver_params {
    const struct net_endpoint *servers; /* copied */
    size_t server_count;                /* 0: every question ends as DNS_LOCAL_FAULT */
    uint32_t rate_per_s;                /* questions sent a second, repeats included; 0: no limit */
    uint32_t timeout_ms;                /* per question sent; 0: 5000 */
    uint32_t tries;                     /* per server; 0: 3 */
};

/** `answer` is valid during the call. Runs on the loop, never from inside a call of the resolver.
 * It may call resolver_ask(), but not resolver_free(). */
typedef void (*resolver_done_fn)(void *arg, uint64_t tag, const struct dns_answer *answer);

struct resolver;

/** An idle resolver does not keep the loop alive. @return never NULL. */
struct resolver *resolver_new(uv_loop_t *loop, const struct resolver_params *params);

/** Asks for `type` of `name` (text in normal form, copied). Questions beyond the rate or the
 * window wait in a queue without a bound: the callers limit how much they ask at once. */
void resolver_ask(struct resolver *r, struct span name, uint16_t type, resolver_done_fn done,
                  void *arg, uint64_t tag);

/** The same, behind all others: of what begins new work. So work under way is finished before more is begun. */
void resolver_ask_last(struct resolver *r, struct span name, uint16_t type, resolver_done_fn done,
                       void *arg, uint64_t tag);

/** The same, before all that wait: of a few that must not wait for the rate. */
void resolver_ask_first(struct resolver *r, struct span name, uint16_t type, resolver_done_fn done,
                        void *arg, uint64_t tag);

/** Sends now what may be sent. Needed by nobody whose loop turns: each turn does it. */
void resolver_flush(struct resolver *r);

size_t resolver_pending(const struct resolver *r); /* asked and not yet answered */

/** Drops all pending questions without a call. The loop must be run once more before it is
 * closed (uv_run() until it returns 0): the handles, and then the memory, go in its close callbacks. */
void resolver_free(struct resolver *r);

/** The version of the c-ares that runs. Static text. */
const char *resolver_library_version(void);
