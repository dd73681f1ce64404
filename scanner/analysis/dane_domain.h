#pragma once

#include "scanner/analysis/rollup.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_target.h"

/** DANE over the MX set of a domain (RFC 7672 section 2.2). Pure. */

/** Words are part of the output. The first that fits, but FAILED is known whatever else is not. */
#define DANE_DOMAINS(X)                                                                          \
    X(DANE_DOMAIN_UNKNOWN, "unknown",                                                            \
      "not known: the AD bit of this resolver is not trusted (--trust-ad), or an MX host could " \
      "not be looked up")                                                                        \
    X(DANE_DOMAIN_NONE, "none", "no MX host has TLSA records")                                   \
    X(DANE_DOMAIN_INEFFECTIVE, "ineffective", "there are TLSA records, but none is in force")    \
    X(DANE_DOMAIN_UNUSABLE, "unusable",                                                          \
      "there are secure TLSA records, but none is usable: TLS is required, and no server is "    \
      "authenticated")                                                                           \
    X(DANE_DOMAIN_FAILED, "failed",                                                              \
      "senders must skip an MX host: a lookup failed, or no record matches")                     \
    X(DANE_DOMAIN_PARTIAL, "partial", "some MX hosts have usable records, some do not")          \
    X(DANE_DOMAIN_FULL, "full", "every MX host has usable records, and none is known to fail")

enum dane_domain_state {
    DANE_DOMAINS(ENUMERATOR) DANE_DOMAIN_COUNT
};

VOCABULARY(dane_domain, enum dane_domain_state);

struct dane_domain {
    enum dnssec_state mx; /* of the MX RRset */
    enum dane_domain_state state;
    bool strict;              /* the MX RRset is secure: RFC 7672 section 2.2.1 */
    uint32_t hosts;           /* distinct exchanges that are worked on */
    uint32_t hosts_in_force;  /* with usable or unusable secure records */
    uint32_t hosts_usable;    /* of these, with usable ones */
    uint32_t hosts_with_tlsa; /* with records of any kind */
    struct tally endpoints;   /* of hosts with usable records: match, mismatch, unknown */
};

/** What usable records make of an endpoint of `host` for mail to this domain: beside the host also the domain itself
 * is a name that DANE-TA takes, where the MX records are secure (RFC 7672 section 3.2.2). */
enum truth dane_endpoint_passes(const struct seen_domain *d, enum dnssec_state mx, struct span host,
                                const struct endpoint_brief *e);

void dane_domain_fill(struct dane_domain *v, const struct seen_domain *d, bool trust_ad);
