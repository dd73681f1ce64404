#pragma once

#include "scanner/compare/compared.h"

/**
 * What differs: pure functions over the facts of two scans.
 *
 * What was not seen whole in one of them, such as the beginning of a policy, is not compared with anything.
 * What could not be tested in one of them is never new or fixed: it is newly tested or no longer tested. What is our own
 * fault in one of them (local_fault, a resolver that refuses us) is not compared at all.
 */

/** In what the two scans, or their judging, are alike; where they are not, what follows from it is no change of a target. */
struct comparison_terms {
    bool
        judged_alike; /* program, trust stores, intermediates, sender profiles, operators: else verdicts on what was
                        * observed unchanged are not compared */
    bool dnssec_known; /* both trust the AD bit */
    bool probes_alike;
};

/** A domain with its MX hosts; NULL for a host without a row. */
struct compared_side {
    const struct compared_domain *domain;
    const struct compared_host *const *hosts; /* one for each of domain->hosts */
};

/** Does nothing hinder us to compare the domain? @return false: a fault of our own in this scan */
bool compared_domain_is_sound(const struct compared_domain *d);

/** Of a domain in one list only. */
void compare_lone_domain(const struct compared_domain *d, bool is_new,
                         const struct change_sink *to);
/** What the domain itself has: MX, policies, DNSSEC, outcomes. */
void compare_domains(const struct comparison_terms *t, const struct compared_side *before,
                     const struct compared_side *after, const struct change_sink *to);
/** An MX host that both scans have. */
void compare_hosts(const struct comparison_terms *t, const struct compared_host *before,
                   const struct compared_host *after, const struct change_sink *to);
/** Findings at all places of a domain. */
void compare_findings(const struct comparison_terms *t, const struct compared_side *before,
                      const struct compared_side *after, const struct change_sink *to);

/* Parts of the above, for their tests and for each other. */

bool dns_state_is_answer(enum dns_state s); /* there are records, or none */

/** How far a session came: what can be said of the server. */
enum tested_depth {
    TESTED_NOT,         /* no session, or our own fault */
    TESTED_CONNECTION,  /* whether it can be reached */
    TESTED_STARTTLS,    /* whether it offers STARTTLS */
    TESTED_HANDSHAKE,   /* whether the handshake succeeds */
    TESTED_CERTIFICATE, /* what it presents */
};

enum tested_depth compared_endpoint_depth(const struct compared_endpoint *e);
bool compared_endpoint_is_our_fault(const struct compared_endpoint *e);
bool compared_host_has_gap(const struct compared_host *h);       /* its addresses or TLSA records */
bool compared_records_have_gap(const struct compared_domain *d); /* MTA-STS or TLS-RPT */
bool policy_fetch_is_ours(enum policy_fetch f); /* a fault of our own, or the scan ended before */
const struct compared_endpoint *compared_endpoint_find(const struct compared_host *h,
                                                       struct span service);
/** As sets: records of an answer come in any order (RFC 1034 section 3.6). Partial ones are not known to differ, but where one has none. */
bool texts_are_equal(struct compared_texts a, struct compared_texts b);
bool texts_have(struct compared_texts list, struct span text);
bool texts_are_whole(struct compared_texts a, struct compared_texts b);
/** "a, b, c" */
void texts_join(struct buf *out, struct compared_texts list);
