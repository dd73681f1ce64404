#pragma once

#include "scanner/base/span.h"

/**
 * How a kind of sender behaves when it delivers: what decides between encrypted, in clear and not
 * at all. The data is datasets/sender-profiles; scanner/senders reads such a file. Strings live as long as the
 * profiles.
 */

#define SENDER_PROFILES_MAX 64 /* in one file; our own bound */

enum profile_level {
    PROFILE_MAY,     /* TLS where offered */
    PROFILE_ENCRYPT, /* TLS or nothing */
    PROFILE_VERIFY,  /* TLS with a certificate that passes, or nothing */
};

/** What a certificate has to be for, where it is checked by the sender's own level. */
enum profile_names {
    PROFILE_NAMES_HOST,       /* a dNSName is the MX host */
    PROFILE_NAMES_HOST_OR_CN, /* the same, or the common name without any dNSName */
    PROFILE_NAMES_NEXT_HOP,   /* the domain or a name below it */
};

enum profile_dane {
    PROFILE_DANE_NO,
    PROFILE_DANE_SECURE_MX,   /* only where the MX records are secure, RFC 7672 section 2.2.1 */
    PROFILE_DANE_INSECURE_MX, /* also where they are not */
};

enum profile_order {
    PROFILE_ORDER_NONE,
    PROFILE_ORDER_DANE_THEN_STS, /* RFC 8461 section 2: MTA-STS never overrides DANE */
    PROFILE_ORDER_STS_FIRST,
    PROFILE_ORDER_DANE_ONLY,
    PROFILE_ORDER_STS_ONLY,
};

enum profile_failure {
    PROFILE_FAILURE_CLEAR, /* sends in clear to the same host */
    PROFILE_FAILURE_NEXT,  /* tries the next address or host, at last defers */
};

struct sender_profile {
    const char *id; /* [a-z0-9-]+ */
    const char *title;
    uint16_t tls_min; /* 0x0301..0x0304 */
    uint16_t tls_max;
    bool sni; /* the MX host; a sender with DANE sends the base domain there in any case */
    enum profile_level level;
    enum profile_names names; /* at PROFILE_VERIFY */
    enum profile_order policy_order;
    enum profile_dane dane;
    bool dane_ee_only_31;             /* of TLSA records uses 3 1 x and no others */
    enum profile_failure without_tls; /* STARTTLS is not offered, at PROFILE_MAY */
    enum profile_failure tls_failure; /* TLS fails, at PROFILE_MAY */
    bool opportunistic_verify;        /* at PROFILE_MAY: a bad certificate is a failure of TLS */
};

struct sender_profiles {
    const struct sender_profile *items;
    size_t count;
};

static inline bool profile_uses_sts(const struct sender_profile *p)
{
    return p->policy_order == PROFILE_ORDER_DANE_THEN_STS ||
           p->policy_order == PROFILE_ORDER_STS_FIRST || p->policy_order == PROFILE_ORDER_STS_ONLY;
}

static inline bool profile_uses_dane(const struct sender_profile *p)
{
    return p->policy_order == PROFILE_ORDER_DANE_THEN_STS ||
           p->policy_order == PROFILE_ORDER_STS_FIRST || p->policy_order == PROFILE_ORDER_DANE_ONLY;
}
