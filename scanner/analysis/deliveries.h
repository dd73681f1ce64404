#pragma once

#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/sender_profile.h"
#include "scanner/analysis/sts_verdict.h"
#include "scanner/base/vocabulary.h"

/**
 * What becomes of mail to a domain, by sender profile: the MX set walked as that sender would (design
 * section 6). `best` and `worst` are over ties of preference and address families; unknown where
 * something that is not known could change it: an untested endpoint, an unprobed version, a policy; and where port
 * 25 was not asked for. Pure.
 */

#define DELIVERY_REASONS(X)                                                                        \
    X(DELIVERY_REASON_NONE, "", NULL)                                                              \
    X(DELIVERY_REASON_NO_MAIL, "no_mail", "the domain accepts no mail")                            \
    X(DELIVERY_REASON_NO_USABLE_MX, "no_usable_mx",                                                \
      "the sender finds no MX host that it accepts and that has an address it can use")            \
    X(DELIVERY_REASON_NULL_MX, "null_mx",                                                          \
      "there is a null MX among other MX records; some senders then bounce the mail, others "      \
      "ignore it")                                                                                 \
    X(DELIVERY_REASON_SESSIONS_MAX, "sessions_max",                                                \
      "the sender may give up before it tries this one")                                           \
    X(DELIVERY_REASON_ADDRESSES_MAX, "addresses_max",                                              \
      "the sender tries no more addresses before it tries this one, or it may not")                \
    X(DELIVERY_REASON_IPV6, "ipv6", "it is not known whether the sender can reach IPv6 addresses") \
    X(DELIVERY_REASON_MX_NAME, "mx_name",                                                          \
      "an unusual MX host or address; whether the sender accepts it is not known")                 \
    X(DELIVERY_REASON_DNS_FAILED, "dns_failed", "the DNS lookup failed")                           \
    X(DELIVERY_REASON_NOT_TESTED, "not_tested", "there was no conclusive session")                 \
    X(DELIVERY_REASON_NOT_REACHABLE, "not_reachable", "no connection")                             \
    X(DELIVERY_REASON_NO_STARTTLS, "no_starttls", "STARTTLS is not offered")                       \
    X(DELIVERY_REASON_STARTTLS_REJECTED, "starttls_rejected",                                      \
      "the server permanently rejects STARTTLS, and TLS is required: the sender tries no other "   \
      "server")                                                                                    \
    X(DELIVERY_REASON_STARTTLS_REFUSED, "starttls_refused",                                        \
      "the server answers the command STARTTLS with no positive completion reply (2yz, RFC 5321 "  \
      "section 4.2.1); the session may end with it")                                               \
    X(DELIVERY_REASON_TLS_FAILED, "tls_failed", "the handshake fails")                             \
    X(DELIVERY_REASON_TLS_VERSION, "tls_version",                                                  \
      "the sender and the server have no TLS version in common")                                   \
    X(DELIVERY_REASON_TLS_SUITE, "tls_suite",                                                      \
      "the server chose a cipher suite, group or Diffie-Hellman key that not every sender "        \
      "accepts")                                                                                   \
    X(DELIVERY_REASON_CERTIFICATE_FORM, "certificate_form",                                        \
      "a certificate of the list is not in a form that every TLS library can parse")               \
    X(DELIVERY_REASON_LEAF_KEY, "leaf_key",                                                        \
      "the key of the certificate is of a type or size that not every TLS library accepts")        \
    X(DELIVERY_REASON_KEY_USAGE, "key_usage",                                                      \
      "the keyUsage of the certificate does not allow this use, and some senders check that")      \
    X(DELIVERY_REASON_LIST_SIZE, "list_size",                                                      \
      "the certificate list is larger than some TLS libraries accept")                             \
    X(DELIVERY_REASON_SESSION_LOST, "session_lost", "the session ends right after the handshake")  \
    X(DELIVERY_REASON_SMTP_REPLIES, "smtp_replies",                                                \
      "the replies have lines that not every sender accepts")                                      \
    X(DELIVERY_REASON_STARTTLS_KEYWORD, "starttls_keyword",                                        \
      "STARTTLS is listed in a form that some senders do not recognize; see quirks and forms in "  \
      "transcript")                                                                                \
    X(DELIVERY_REASON_HIDDEN_GREETING, "hidden_greeting",                                          \
      "the greeting has no text; some senders then say HELO, so they do not see STARTTLS")         \
    X(DELIVERY_REASON_OWN_NAME, "own_name",                                                        \
      "the server calls itself by the name of its client, which some senders take for a mail "     \
      "loop")                                                                                      \
    X(DELIVERY_REASON_STARTTLS_REPLY, "starttls_reply",                                            \
      "the reply to STARTTLS is another positive completion reply than 220")                       \
    X(DELIVERY_REASON_AFTER_220, "after_220", "cleartext data follows the reply to STARTTLS")      \
    X(DELIVERY_REASON_UNSTABLE, "unstable",                                                        \
      "the server behaves differently from session to session")                                    \
    X(DELIVERY_REASON_CERTIFICATE_PATH, "certificate_path",                                        \
      "TLS libraries build different paths to a trust anchor, and not all of these pass")          \
    X(DELIVERY_REASON_VERSION_NOT_PROBED, "version_not_probed",                                    \
      "it is not known whether the server accepts a version of this sender (--probes versions)")   \
    X(DELIVERY_REASON_SNI_NOT_PROBED, "sni_not_probed",                                            \
      "the kind of handshake that this sender makes was not tested")                               \
    X(DELIVERY_REASON_CERTIFICATE, "certificate", "the certificate chain fails verification")      \
    X(DELIVERY_REASON_NAME, "name", "the name in the certificate does not match")                  \
    X(DELIVERY_REASON_STS_MX_NOT_COVERED, "sts_mx_not_covered",                                    \
      "no pattern of the MTA-STS policy matches the MX host")                                      \
    X(DELIVERY_REASON_STS_CERTIFICATE, "sts_certificate",                                          \
      "the certificate fails verification, which MTA-STS requires")                                \
    X(DELIVERY_REASON_STS_NAME, "sts_name",                                                        \
      "the certificate is not for the MX host, as MTA-STS requires")                               \
    X(DELIVERY_REASON_STS_PATTERNS, "sts_patterns",                                                \
      "no pattern of the MTA-STS policy is a name in the certificate, which this sender compares") \
    X(DELIVERY_REASON_STS_NO_TLS, "sts_no_tls", "no TLS, which MTA-STS requires")                  \
    X(DELIVERY_REASON_STS_UNKNOWN, "sts_unknown",                                                  \
      "it is not known whether an MTA-STS policy is enforced")                                     \
    X(DELIVERY_REASON_DANE_LOOKUP, "dane_lookup", "the TLSA records could not be looked up")       \
    X(DELIVERY_REASON_DANE_MISMATCH, "dane_mismatch", "no TLSA record matches")                    \
    X(DELIVERY_REASON_DANE_NO_TLS, "dane_no_tls", "no TLS, which TLSA records require")            \
    X(DELIVERY_REASON_DANE_UNKNOWN, "dane_unknown",                                                \
      "it is not known whether a TLSA record matches")                                             \
    X(DELIVERY_REASON_AUTHENTICATED_DANE, "dane", "a TLSA record matches")                         \
    X(DELIVERY_REASON_AUTHENTICATED_STS, "sts", "the checks of MTA-STS pass")                      \
    X(DELIVERY_REASON_AUTHENTICATED_PKIX, "pkix", "the sender's own verification passes")          \
    X(DELIVERY_REASON_OPPORTUNISTIC, "opportunistic", "TLS, and no certificate is required")       \
    X(DELIVERY_REASON_DANE_UNUSABLE, "dane_unusable", "TLS, because TLSA records require it")

enum delivery_reason {
    DELIVERY_REASONS(ENUMERATOR) DELIVERY_REASON_COUNT
};

VOCABULARY(delivery_reason, enum delivery_reason);

/** Only a sender that keeps to a policy of the domain, MTA-STS or DANE, meets it: but for the policy it would go on without
 * TLS, or with a certificate of any kind. */
bool delivery_reason_is_of_policy(enum delivery_reason r, const struct sender_profile *p);

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

struct delivery_harm;

struct deliveries {
    struct sender_delivery of[SENDER_PROFILES_MAX]; /* as in the profiles */
    size_t count;
};

void deliveries_fill(struct deliveries *out, const struct sender_profiles *profiles,
                     const struct seen_domain *d, const struct sts_verdict *sts,
                     const struct dane_domain *dane);
/** With what does harm to them, and where. @param harm added to */
void deliveries_fill_with_harm(struct deliveries *out, struct delivery_harm *harm,
                               const struct sender_profiles *profiles, const struct seen_domain *d,
                               const struct sts_verdict *sts, const struct dane_domain *dane);
