#pragma once

#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/effect.h"
#include "scanner/analysis/list_validity.h"

/**
 * The earliest known date on which mail suffers if nobody does anything. Of several servers the last one counts: until then
 * senders find one that passes. Where something that was not tested could do as well, no date is known. Pure.
 */

#define BREAKS(X)                                                                                  \
    X(BREAK_NONE, "", NULL)                                                                        \
    X(BREAK_LEAF_EXPIRES, "leaf_expires",                                                          \
      "the certificate of a server expires: key in table certificates")                            \
    X(BREAK_INTERMEDIATE_EXPIRES, "intermediate_expires",                                          \
      "an intermediate on its path expires, or a cross-signed certificate there: the key is that " \
      "of the server's own certificate")                                                           \
    X(BREAK_ANCHOR_EXPIRES, "anchor_expires",                                                      \
      "the trust anchor of its path expires: the key is that of the server's own certificate")     \
    X(BREAK_POLICY_CERTIFICATE_EXPIRES, "policy_certificate_expires",                              \
      "a certificate of the policy host expires: key in table policies")                           \
    X(BREAK_TLSA_NAMES_LEAF, "tlsa_names_leaf",                                                    \
      "the TLSA records that match are of the certificate itself (3 0 x), so that its renewal "    \
      "needs new ones, by its notAfter: key in table hosts")                                       \
    X(BREAK_TLSA_NAMES_ISSUER, "tlsa_names_issuer",                                                \
      "the TLSA records that match are of an issuer (2 x x), which may be another one at the "     \
      "next renewal, by the notAfter of the certificate: key in table hosts")

enum break_kind {
    BREAKS(ENUMERATOR) BREAK_COUNT
};

VOCABULARY(break_kind, enum break_kind);

struct will_break {
    int64_t at;           /* Unix seconds */
    enum break_kind kind; /* NONE: no date is known */
    enum effect effect;
    int mx; /* index in seen_domain.mx, and of its endpoint; -1: the policy host */
    int endpoint;
};

/** @param policy of the list that the policy host presents @param at judgement time */
struct will_break will_break_of(const struct seen_domain *d, const struct domain_verdict *v,
                                const struct list_validity *policy, int64_t at);
