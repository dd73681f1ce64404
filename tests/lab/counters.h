#pragma once

/**
 * What clients did to the lab, counted over all its processes in one file that they map. Tables are
 * keyed by 64-bit hashes and sized from the number of domains; when one is full, `overflow`
 * says so. What was done more often than expected is also written as lines to DIR/offenders.
 */

#include <stdatomic.h>
#include <stdio.h>

#include "scanner/base/net_addr.h"

#define COUNTER_TOTALS(X)                                                               \
    X(connections)                                                                      \
    X(open)                                                                             \
    X(open_max)                                                                         \
    X(with_sni) /* ClientHello with server_name */                                      \
    X(without_sni)                                                                      \
    X(without_tls) /* ended before a ClientHello */                                     \
    X(established) /* handshakes completed */                                           \
    X(quits)                                                                            \
    X(talked_before_greeting) /* octets before the greeting was sent */                 \
    X(pipelined)              /* a command before the reply to the last one */          \
    X(other_commands)         /* anything but EHLO, HELO, STARTTLS and QUIT */          \
    X(unplanned_addresses)    /* connections to addresses where nothing lives */        \
    X(repeated_visits)        /* (service, name) visited more often than expected */    \
    X(policy_connections)     /* to port 443 */                                         \
    X(policy_open)                                                                      \
    X(policy_open_max)                                                                  \
    X(policy_without_sni)                                                               \
    X(policy_unknown_names) /* SNI that is no policy host */                            \
    X(policy_established)                                                               \
    X(policy_requests)                                                                  \
    X(policy_other_requests) /* anything but GET of the policy from the host in SNI */  \
    X(policy_unplanned)      /* connections to addresses without such a server */       \
    X(policy_repeated)       /* handshakes with a policy host beyond the first */       \
    X(questions_udp)                                                                    \
    X(questions_tcp)                                                                    \
    X(questions_repeated)  /* same name, type, CD bit and transport, answered before */ \
    X(questions_unplanned) /* names that are not of this world */                       \
    X(overflow)            /* a table is full: counts per key are too low */

enum counter_total {
#define X(name) TOTAL_##name,
    COUNTER_TOTALS(X)
#undef X
    TOTAL_COUNT
};

/** Mail and policy servers are counted apart. */
enum counter_side {
    SIDE_MAIL,
    SIDE_POLICY,
};

struct counters;

/** Makes DIR/counters. @return NULL with errno set. */
struct counters *counters_create(const char *dir, uint64_t domains);
/** Maps it as it stands. @return NULL with errno set. */
struct counters *counters_open(const char *dir);
void counters_close(struct counters *c);

void counters_add(struct counters *c, enum counter_total which);
uint64_t counters_total(const struct counters *c, enum counter_total which);
/** Would a further connection be more than were ever open at its address, or in its network? */
bool counters_at_peak(struct counters *c, enum counter_side side, const struct net_addr *address);
/** A connection to `address` (as in the records) began at `start_ms`. @return how many were before. */
uint32_t counters_begin(struct counters *c, enum counter_side side, const struct net_addr *address,
                        uint64_t start_ms);
void counters_end(struct counters *c, enum counter_side side, const struct net_addr *address);
/** A session got as far as its ClientHello. @param sni empty: none. @param expected visits of this
 * (service, name) by a client that does each thing once. */
void counters_visit(struct counters *c, const struct net_addr *address, uint16_t port,
                    struct span sni, unsigned expected);
/** A session ended before. @param expected such sessions of the service, by a client as above */
void counters_visit_without_tls(struct counters *c, const struct net_addr *address, uint16_t port,
                                unsigned expected);
/** A handshake with a policy host began. @param name of SNI. */
void counters_policy_visit(struct counters *c, struct span name);
void counters_question(struct counters *c, struct span name, uint16_t type, bool cd, bool tcp,
                       bool answered);
/** One process is ready. @return how many are. */
unsigned counters_ready(struct counters *c);
unsigned counters_ready_count(const struct counters *c);

struct counter_limits {
    unsigned address; /* connections at a time */
    unsigned network;
    unsigned gap_ms; /* between two starts at an address */
    size_t list_max; /* offenders listed per kind */
};

/** Prints everything as one JSON object. */
void counters_print(const struct counters *c, const char *dir, const struct counter_limits *limits,
                    FILE *out);
