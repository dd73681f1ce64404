#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_policy.h"

/** Why a caIssuers URL (RFC 5280 section 4.2.2.1) is not even looked up. */
#define ISSUER_REFUSALS(X)                                                               \
    X(ISSUER_REFUSAL_NONE, NULL, NULL)                                                   \
    X(ISSUER_REFUSAL_TEXT, "text", "too long, or octets that are not allowed in a URL")  \
    X(ISSUER_REFUSAL_SCHEME, "scheme",                                                   \
      "not http: CAs serve their certificates over http, RFC 5280 section 4.2.2.1")      \
    X(ISSUER_REFUSAL_PORT, "port", "a port other than 80")                               \
    X(ISSUER_REFUSAL_HOST, "host", "not a host name: an address, a single label, user@") \
    X(ISSUER_REFUSAL_BUDGET, "budget",                                                   \
      "over the limit of 256 URLs of its host, or 1,024 of this scan")

enum issuer_refusal {
    ISSUER_REFUSALS(ENUMERATOR) ISSUER_REFUSAL_COUNT
};

VOCABULARY(issuer_refusal, enum issuer_refusal); /* NULL: NONE */

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
