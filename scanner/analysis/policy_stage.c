#include "scanner/analysis/policy_stage.h"

#include "scanner/base/check.h"

const struct vocabulary policy_stage_vocabulary = VOCABULARY_OF(
    POLICY_STAGES, "policy_stage", "stage", "The stage where the fetch of a policy ended.");

/* Of an end that can come at any time. */
static enum policy_stage stage_reached(const struct seen_policy *p)
{
    if (p->status != 0) {
        return POLICY_STAGE_BODY;
    }
    if (p->tls_attempted) {
        return p->tls.completed ? POLICY_STAGE_HTTP : POLICY_STAGE_TLS;
    }
    return p->attempt_count > 0 ? POLICY_STAGE_CONNECT : POLICY_STAGE_DNS;
}

enum policy_stage policy_stage_of(const struct seen_policy *p)
{
    switch (p->outcome) {
    case POLICY_FETCH_NOT_ASKED:
    case POLICY_FETCH_DNS_NXDOMAIN:
    case POLICY_FETCH_DNS_NO_ADDRESS:
    case POLICY_FETCH_DNS_FAILED:
        return POLICY_STAGE_DNS;
    case POLICY_FETCH_NOT_DIALLED:
    case POLICY_FETCH_TCP_REFUSED:
    case POLICY_FETCH_TCP_TIMEOUT:
    case POLICY_FETCH_TCP_RESET:
    case POLICY_FETCH_TCP_UNREACHABLE:
        return POLICY_STAGE_CONNECT;
    case POLICY_FETCH_TLS_TIMEOUT:
    case POLICY_FETCH_TLS_CLOSED:
    case POLICY_FETCH_TLS_ALERT:
    case POLICY_FETCH_TLS_NO_SHARED_VERSION:
    case POLICY_FETCH_TLS_FAILED:
        return POLICY_STAGE_TLS;
    case POLICY_FETCH_HTTP_TIMEOUT:
    case POLICY_FETCH_HTTP_CLOSED:
    case POLICY_FETCH_HTTP_MALFORMED:
    case POLICY_FETCH_HTTP_HEAD_TOO_LARGE:
    case POLICY_FETCH_HTTP_REDIRECT:
    case POLICY_FETCH_HTTP_STATUS:
        return POLICY_STAGE_HTTP;
    case POLICY_FETCH_BODY_TIMEOUT:
    case POLICY_FETCH_BODY_TOO_LARGE:
    case POLICY_FETCH_BODY_TRUNCATED:
        return POLICY_STAGE_BODY;
    case POLICY_FETCH_FETCHED:
        return POLICY_STAGE_COMPLETE;
    case POLICY_FETCH_INTERRUPTED:
    case POLICY_FETCH_LOCAL_FAULT:
    case POLICY_FETCH_COUNT:
        return stage_reached(p);
    }
    return POLICY_STAGE_DNS;
}
