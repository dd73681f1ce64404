#pragma once

#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_policy.h"

/** Why a caIssuers URL (RFC 5280 section 4.2.2.1) is not even looked up. */
#define ISSUER_REFUSALS(X)                                               \
    X(NONE, NULL)                                                        \
    X(TEXT, "text")     /* too long, or octets that no URL has */        \
    X(SCHEME, "scheme") /* not http */                                   \
    X(PORT, "port")     /* another than 80 */                            \
    X(HOST, "host")     /* no host name: an address, one label, user@ */ \
    X(BUDGET, "budget") /* enough URLs of its host, or of this scan, are asked */

enum issuer_refusal {
#define X(name, word) ISSUER_REFUSAL_##name,
    ISSUER_REFUSALS(X)
#undef X
    ISSUER_REFUSAL_COUNT
};

const char *issuer_refusal_word(enum issuer_refusal r); /* NULL: NONE */

/** A distinct caIssuers URL, asked once a scan. Plain data; spans are borrowed. */
struct seen_issuer {
    struct span url; /* as the certificate has it */
    enum issuer_refusal refused;
    enum policy_fetch outcome;         /* NOT_ASKED where it was refused */
    enum not_tested_reason not_tested; /* when NOT_DIALLED */
    struct policy_attempt attempts[POLICY_ATTEMPTS_MAX];
    size_t attempt_count;
    int64_t started_unix_ms; /* 0: never dialled */
    int32_t total_ms;        /* connect() of the last attempt to the end; -1: never dialled */
    uint16_t status;         /* of HTTP; 0: none */
    struct span location;    /* of a 3xx: never followed */
    struct span content_type;
    struct span body; /* of a 200, at most POLICY_BODY_MAX */
};
