#pragma once

#include "scanner/analysis/sts_verdict.h"
#include "scanner/base/vocabulary.h"

/**
 * May the domain go to MTA-STS enforce (requirement R20)? A checklist, for domains with and without a
 * policy. Pure. DEFAULT_CERTIFICATE is advisory. RECORD and POLICY are null without a record, MX_COVERED without
 * a policy.
 */
#define READINESS_ITEMS(X)                                                                         \
    X(READINESS_STARTTLS, "starttls",                                                              \
      "STARTTLS is offered and not masked at every address of every MX host")                      \
    X(READINESS_TLS12, "tls12", "every address negotiates TLS 1.2 or newer")                       \
    X(READINESS_CHAIN, "chain", "every address presents a trusted chain")                          \
    X(READINESS_NAME, "name", "every address presents a certificate with the name of the MX host") \
    X(READINESS_DEFAULT_CERTIFICATE, "default_certificate",                                        \
      "the certificate presented without SNI passes verification as well; advisory, because "      \
      "senders with MTA-STS send SNI")                                                             \
    X(READINESS_RECORD, "record",                                                                  \
      "the TXT record is valid, and has nothing that senders read differently")                    \
    X(READINESS_POLICY, "policy",                                                                  \
      "the policy is valid, served as the RFC requires, and has nothing that senders read "        \
      "differently")                                                                               \
    X(READINESS_MX_COVERED, "mx_covered", "each MX host matches a pattern of the policy")

enum readiness_item {
    READINESS_ITEMS(ENUMERATOR) READINESS_COUNT
};

VOCABULARY(readiness_item, enum readiness_item);
bool readiness_item_is_advisory(enum readiness_item i);

#define READINESS_RESULTS(X)                                                        \
    X(READINESS_UNKNOWN, "unknown", "an untested endpoint could change the result") \
    X(READINESS_PASS, "pass", "yes")                                                \
    X(READINESS_FAIL, "fail", "no")                                                 \
    X(READINESS_NOT_APPLICABLE, "", NULL)

enum readiness {
    READINESS_RESULTS(ENUMERATOR)
};

VOCABULARY(readiness, enum readiness);

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
