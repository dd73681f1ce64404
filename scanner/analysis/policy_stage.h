#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_policy.h"

/** How far the fetch of a policy came (RFC 8461 section 3.3): the stage it ended in. Pure. */
#define POLICY_STAGES(X)                                                \
    X(POLICY_STAGE_DNS, "dns", "the address lookup of the policy host") \
    X(POLICY_STAGE_CONNECT, "connect", "the connection")                \
    X(POLICY_STAGE_TLS, "tls", "the handshake")                         \
    X(POLICY_STAGE_HTTP, "http", "the response header, or its status")  \
    X(POLICY_STAGE_BODY, "body", "the body")                            \
    X(POLICY_STAGE_COMPLETE, "complete", "none: the body is complete")

enum policy_stage {
    POLICY_STAGES(ENUMERATOR) POLICY_STAGE_COUNT
};

VOCABULARY(policy_stage, enum policy_stage);
enum policy_stage policy_stage_of(const struct seen_policy *p);
