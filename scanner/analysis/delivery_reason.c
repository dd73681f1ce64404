#include "scanner/analysis/deliveries.h"

const struct vocabulary delivery_reason_vocabulary = VOCABULARY_OF(
    DELIVERY_REASONS, "delivery_reason", "decided_by", "The reason of a delivery outcome.");

bool delivery_reason_is_of_policy(enum delivery_reason r, const struct sender_profile *p)
{
    switch ((unsigned)r) {
    case DELIVERY_REASON_STS_MX_NOT_COVERED:
    case DELIVERY_REASON_STS_CERTIFICATE:
    case DELIVERY_REASON_STS_NAME:
    case DELIVERY_REASON_STS_PATTERNS:
    case DELIVERY_REASON_STS_NO_TLS:
    case DELIVERY_REASON_DANE_LOOKUP:
    case DELIVERY_REASON_DANE_MISMATCH:
    case DELIVERY_REASON_DANE_NO_TLS:
    case DELIVERY_REASON_DANE_UNUSABLE:
        return true;
    case DELIVERY_REASON_STARTTLS_REJECTED: /* TLS is required: by the sender's own setting, or by a policy */
        return p->level == PROFILE_MAY;
    default:
        return false;
    }
}
