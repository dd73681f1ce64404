#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * The catalogue of findings: what each code means, whom it concerns and what mends it. The data
 * is catalogue.def; nothing else lists codes.
 */

/** In ascending order: a maximum is a comparison. Words are part of the output. */
#define SEVERITIES(X)                                                              \
    X(INFO, "info")                                                                \
    X(NOTICE, "notice")                                                            \
    X(WARNING, "warning") /* costs mail or encryption soon, or with old senders */ \
    X(ERROR, "error")     /* costs mail or encryption with some sender in its default setting */

enum severity {
#define X(name, word) SEVERITY_##name,
    SEVERITIES(X)
#undef X
    SEVERITY_COUNT
};

const char *severity_word(enum severity s);

/** Whose row carries the finding. */
#define FINDING_SCOPES(X)                                                                    \
    X(DOMAIN, "domain")                                                                      \
    X(HOST, "host")                                                                          \
    X(POLICY, "policy")     /* the policy host of a domain, rows of policies */              \
    X(SESSION, "session")   /* a service (handshake without SNI) or an endpoint (its own) */ \
    X(SERVICE, "service")   /* what does not depend on a name */                             \
    X(ENDPOINT, "endpoint") /* what does */                                                  \
    X(CHAIN, "chain")       /* rows of chains and completions */                             \
    X(CERTIFICATE, "certificate")

enum finding_scope {
#define X(name, word) SCOPE_##name,
    FINDING_SCOPES(X)
#undef X
    SCOPE_COUNT
};

const char *finding_scope_word(enum finding_scope s);

enum finding_code {
#define FINDING(name, ...) FINDING_##name,
#include "scanner/analysis/catalogue.def"
#undef FINDING
    FINDING_COUNT
};

struct finding_info {
    const char *code; /* "area.name" */
    enum severity severity_max;
    enum finding_scope scope;
    const char *symptom;
    const char *cause;
    const char *fix;
    const char *rfc;     /* "" when no RFC speaks of it */
    const char *tls_rpt; /* result type of RFC 8460 section 4.3, "" when none */
};

const struct finding_info *finding_info(enum finding_code code);
/** Octets of the area in "area.name". */
size_t finding_area_len(const char *code);
/** By "area.name". @return false, `out` unchanged, when there is no such code. */
bool finding_code_find(const char *code, enum finding_code *out);
