#pragma once

#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/sender_profile.h"
#include "scanner/analysis/sts_verdict.h"

/**
 * What becomes of mail to a domain, by sender profile: the MX set walked as that sender would (design
 * section 6). `best` and `worst` are over ties of preference and address families; unknown where
 * something that is not known could change it: an untested endpoint, an unprobed version, a policy; and where port
 * 25 was not asked for. Pure.
 */

#define DELIVERY_REASONS(X)                                                                     \
    X(NONE, "")                                                                                 \
    X(NO_MAIL, "no_mail")             /* null MX, NXDOMAIN, no address */                       \
    X(NULL_MX, "null_mx")             /* beside others */                                       \
    X(SESSIONS_MAX, "sessions_max")   /* the sender may have given up before */                 \
    X(ADDRESSES_MAX, "addresses_max") /* the same, after so many addresses */                   \
    X(IPV6, "ipv6")                   /* of a sender that may have none */                      \
    X(MX_NAME, "mx_name")             /* an exchange that is no host name */                    \
    X(DNS_FAILED, "dns_failed")                                                                 \
    X(NOT_TESTED, "not_tested") /* no conclusive session */                                     \
    X(NOT_REACHABLE, "not_reachable")                                                           \
    X(NO_STARTTLS, "no_starttls")                                                               \
    X(STARTTLS_REJECTED, "starttls_rejected") /* for good: the sender tries no other server */  \
    X(STARTTLS_REFUSED, "starttls_refused")   /* 4xx or 5xx, and what follows from it */        \
    X(TLS_FAILED, "tls_failed")                                                                 \
    X(TLS_VERSION, "tls_version") /* outside what the sender speaks */                          \
    X(TLS_SUITE, "tls_suite") /* the sender lacks the suite or group, or the DH key is small */ \
    X(CERTIFICATE_FORM, "certificate_form") /* not all libraries can read it */                 \
    X(LEAF_KEY, "leaf_key")                 /* kind or size of the key */                       \
    X(KEY_USAGE, "key_usage")               /* the leaf's key may not sign */                   \
    X(LIST_SIZE, "list_size")               /* the certificate list is too large for it */      \
    X(SESSION_LOST, "session_lost")         /* right after the handshake */                     \
    X(SMTP_REPLIES, "smtp_replies")         /* lines that the sender cannot read */             \
    X(STARTTLS_KEYWORD, "starttls_keyword") /* not as every sender reads it */                  \
    X(HIDDEN_GREETING, "hidden_greeting")   /* answered with HELO */                            \
    X(OWN_NAME, "own_name")                 /* the server calls itself as its client */         \
    X(STARTTLS_REPLY, "starttls_reply")     /* 2xx, but not 220 */                              \
    X(AFTER_220, "after_220")               /* octets behind the reply to STARTTLS */           \
    X(UNSTABLE, "unstable")                 /* not the same in each session */                  \
    X(CERTIFICATE_PATH, "certificate_path") /* this sender takes another path, which fails */   \
    X(VERSION_NOT_PROBED, "version_not_probed")                                                 \
    X(SNI_NOT_PROBED, "sni_not_probed") /* the handshake this sender makes was not made */      \
    X(CERTIFICATE, "certificate")       /* chain */                                             \
    X(NAME, "name")                                                                             \
    X(STS_MX_NOT_COVERED, "sts_mx_not_covered")                                                 \
    X(STS_CERTIFICATE, "sts_certificate")                                                       \
    X(STS_NO_TLS, "sts_no_tls")                                                                 \
    X(STS_UNKNOWN, "sts_unknown") /* whether a policy is enforced */                            \
    X(DANE_LOOKUP, "dane_lookup")                                                               \
    X(DANE_MISMATCH, "dane_mismatch")                                                           \
    X(DANE_NO_TLS, "dane_no_tls")                                                               \
    X(DANE_UNKNOWN, "dane_unknown")                                                             \
    X(AUTHENTICATED_DANE, "dane")                                                               \
    X(AUTHENTICATED_STS, "sts")                                                                 \
    X(AUTHENTICATED_PKIX, "pkix")     /* the sender's own level */                              \
    X(OPPORTUNISTIC, "opportunistic") /* encrypted, the certificate not asked for */            \
    X(DANE_UNUSABLE, "dane_unusable") /* encrypted, because TLSA demands TLS */

enum delivery_reason {
#define X(name, word) DELIVERY_REASON_##name,
    DELIVERY_REASONS(X)
#undef X
    DELIVERY_REASON_COUNT
};

const char *delivery_reason_word(enum delivery_reason r);

struct sender_delivery {
    enum delivery best;
    enum delivery worst;
    /* What decides `worst`: the exchange and endpoint (indices in seen_domain.mx; -1: none, the domain
     * itself) and why. */
    int mx;
    int endpoint;
    enum delivery_reason reason;
    /* The weakest mark of the profile's fields that this rests on; NONE: on none, or unknown. */
    enum field_mark basis;
};

struct deliveries {
    struct sender_delivery of[SENDER_PROFILES_MAX]; /* as in the profiles */
    size_t count;
};

void deliveries_fill(struct deliveries *out, const struct sender_profiles *profiles,
                     const struct seen_domain *d, const struct sts_verdict *sts,
                     const struct dane_domain *dane);
