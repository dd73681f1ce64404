#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "scanner/base/vocabulary.h"

/**
 * The catalogue of findings: what each code means, whom it concerns and what mends it. The data
 * is catalogue.def; nothing else lists codes.
 */

/** In ascending order: a maximum is a comparison. Words are part of the output. */
#define SEVERITIES(X)                                                                       \
    X(SEVERITY_INFO, "info")                                                                \
    X(SEVERITY_NOTICE, "notice")                                                            \
    X(SEVERITY_WARNING, "warning") /* costs mail or encryption soon, or with old senders */ \
    /* costs mail or encryption with some sender in its default setting */                  \
    X(SEVERITY_ERROR, "error")

enum severity {
    SEVERITIES(ENUMERATOR) SEVERITY_COUNT
};

VOCABULARY(severity, enum severity);

/** Whose row carries the finding. */
#define FINDING_SCOPES(X)                                                                          \
    X(SCOPE_DOMAIN, "domain")                                                                      \
    X(SCOPE_HOST, "host")                                                                          \
    X(SCOPE_POLICY, "policy")     /* the policy host of a domain, rows of policies */              \
    X(SCOPE_SESSION, "session")   /* a service (handshake without SNI) or an endpoint (its own) */ \
    X(SCOPE_SERVICE, "service")   /* what does not depend on a name */                             \
    X(SCOPE_ENDPOINT, "endpoint") /* what does */                                                  \
    X(SCOPE_CHAIN, "chain")       /* rows of chains and completions */                             \
    X(SCOPE_CERTIFICATE, "certificate")

enum finding_scope {
    FINDING_SCOPES(ENUMERATOR) SCOPE_COUNT
};

VOCABULARY(finding_scope, enum finding_scope);

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
/** May two scans of unchanged servers differ in it? It depends on the clock, or on chance. */
bool finding_is_volatile(enum finding_code code);
/** Octets of the area in "area.name". */
size_t finding_area_len(const char *code);
/** By "area.name". @return false, `out` unchanged, when there is no such code. */
bool finding_code_find(const char *code, enum finding_code *out);
