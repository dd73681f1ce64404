#pragma once

#include "scanner/analysis/rollup.h"
#include "scanner/base/vocabulary.h"

/**
 * Sides beside each other (requirement R9): IPv4 and IPv6 of a host, each of its addresses, and the
 * MX hosts of a domain. Compared is what was seen at one port: port 25 where it was asked for, else
 * each port by itself.
 *
 * A side is a set of endpoints and shows a set of values. Two sides differ if one of them shows
 * a value that the other certainly does not; they are the same if both sets are whole and equal;
 * else it is unknown, because an untested endpoint could change it. So what was not tested, such
 * as IPv6 without a route from here, is never a fault. Special-purpose addresses are no sides.
 */
#define PARITIES(X)                                         \
    X(PARITY_UNKNOWN, "unknown", "one side was not tested") \
    X(PARITY_SAME, "same", "both sides are the same")       \
    X(PARITY_DIFFERS, "differs", "the sides differ")

enum parity {
    PARITIES(ENUMERATOR)
};

VOCABULARY(parity, enum parity);

/** What is compared. A certificate is compared where there is one. */
enum parity_fact {
    PARITY_FACT_REACHABLE, /* endpoint_answers(); of several endpoints, one is enough */
    PARITY_FACT_STARTTLS,
    PARITY_FACT_TLS_VERSION,
    PARITY_FACT_LEAF,
    PARITY_FACT_ACCEPTABLE,
    PARITY_FACT_COUNT
};

struct parity_facts {
    enum parity of[PARITY_FACT_COUNT];
};

/** Yes: connected and greeted. No: the connection was never made. Unknown: whatever may be
 * otherwise the next time, such as a greeting that is late or 4xx. */
enum truth endpoint_answers(const struct endpoint_brief *e);

/** @return false, `out` unchanged, unless the host has addresses of both families. */
bool parity_of_families(const struct seen_host *h, struct parity_facts *out);
/** @return false, `out` unchanged, unless the host has several addresses. */
bool parity_of_addresses(const struct seen_host *h, struct parity_facts *out);
/** @return false, `out` unchanged, unless there are several hosts with addresses (or perhaps). */
bool parity_of_hosts(const struct seen_domain *d, struct parity_facts *out);

/*
 * For findings: the values themselves, as sets.
 */
#define PARITY_LEAVES_MAX 63 /* distinct leaves that are told apart; further ones are unknown */

struct parity_leaves {
    const uint8_t *leaf[PARITY_LEAVES_MAX]; /* borrowed from the briefs */
    size_t count;
};

/** The value that an endpoint shows, a set of one; 0: not known. Of yes and no, VALUE_YES or
 * VALUE_NO; of versions, bit 0 is TLS 1.0; of leaves, bit n is leaves->leaf[n]. */
uint64_t parity_value(enum parity_fact fact, const struct endpoint_brief *e,
                      struct parity_leaves *leaves);
#define VALUE_NO  1U
#define VALUE_YES 2U

/** Ports of a list one by one: `*port` is PORT_ALL before the first. @return false: no more. */
bool parity_next_port(const struct endpoint_brief *endpoints, size_t count, uint16_t *port);
