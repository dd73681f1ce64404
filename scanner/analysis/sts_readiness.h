#pragma once

#include "scanner/analysis/sts_verdict.h"

/**
 * May the domain go to MTA-STS enforce (requirement R20)? A checklist, for domains with and without a
 * policy. Pure.
 */
#define READINESS_ITEMS(X)                                                                     \
    X(STARTTLS, "starttls") /* offered and unmangled at every address of every MX */           \
    X(TLS12, "tls12")       /* TLS 1.2 or newer everywhere, RFC 8461 section 7.2 */            \
    X(CHAIN, "chain")       /* trusted with SNI everywhere */                                  \
    X(NAME, "name")         /* a dNSName is that of the MX everywhere */                       \
    X(DEFAULT_CERTIFICATE, "default_certificate") /* the same without SNI; advisory */         \
    X(RECORD, "record") /* strictly valid, without quirks (sts_reading.h); null without one */ \
    X(POLICY,                                                                                  \
      "policy") /* fetched as the RFC asks, valid, without quirks; null without a record */    \
    X(MX_COVERED, "mx_covered") /* every MX by a pattern; null without a policy */

enum readiness_item {
#define X(name, word) READINESS_##name,
    READINESS_ITEMS(X)
#undef X
    READINESS_COUNT
};

const char *readiness_item_word(enum readiness_item i);
bool readiness_item_is_advisory(enum readiness_item i);

#define READINESS_RESULTS(X) \
    X(UNKNOWN, "unknown")    \
    X(PASS, "pass")          \
    X(FAIL, "fail")          \
    X(NOT_APPLICABLE, "")

enum readiness {
#define X(name, word) READINESS_##name,
    READINESS_RESULTS(X)
#undef X
};

const char *readiness_word(enum readiness r);

struct readiness_result {
    enum readiness result;
    int mx;       /* what decides: index in seen_domain.mx, -1: none */
    int endpoint; /* and in its endpoints */
};

struct sts_readiness {
    bool applicable;      /* the domain has exchanges */
    enum readiness ready; /* over all that are not advisory: pass, fail or unknown */
    struct readiness_result item[READINESS_COUNT];
};

void sts_readiness_fill(struct sts_readiness *out, const struct seen_domain *d,
                        const struct sts_verdict *sts);
