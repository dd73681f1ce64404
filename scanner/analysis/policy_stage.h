#pragma once

#include "scanner/observation/seen_policy.h"

/** How far the fetch of a policy came (RFC 8461 section 3.3): the stage it ended in. Pure. */
#define POLICY_STAGES(X)                                             \
    X(DNS, "dns")                                                    \
    X(CONNECT, "connect") /* with what may not be dialled */         \
    X(TLS, "tls")                                                    \
    X(HTTP, "http") /* the head of the response, and what it says */ \
    X(BODY, "body")                                                  \
    X(COMPLETE, "complete")

enum policy_stage {
#define X(name, word) POLICY_STAGE_##name,
    POLICY_STAGES(X)
#undef X
    POLICY_STAGE_COUNT
};

const char *policy_stage_word(enum policy_stage s);
enum policy_stage policy_stage_of(const struct seen_policy *p);
