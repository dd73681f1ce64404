#pragma once

#include "scanner/analysis/rollup.h"
#include "scanner/observation/seen_target.h"

/** DANE over the MX set of a domain (RFC 7672 section 2.2). Pure. */

/** Words are part of the output. The first that fits, but FAILED is known whatever else is not. */
#define DANE_DOMAINS(X)                                                                          \
    X(UNKNOWN, "unknown")         /* AD is not trusted, or an exchange could not be looked up */ \
    X(NONE, "none")               /* no exchange has TLSA records */                             \
    X(INEFFECTIVE, "ineffective") /* there are records, none in force: insecure */               \
    X(UNUSABLE, "unusable")       /* records in force, none usable: nobody is authenticated */   \
    X(FAILED, "failed")   /* some exchange has to be skipped: a lookup failed, a mismatch */     \
    X(PARTIAL, "partial") /* some exchanges have usable records in force, some have not */       \
    X(FULL, "full")       /* all have, and none is known to fail */

enum dane_domain_state {
#define X(name, word) DANE_DOMAIN_##name,
    DANE_DOMAINS(X)
#undef X
    DANE_DOMAIN_COUNT
};

const char *dane_domain_word(enum dane_domain_state s);

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
