#pragma once

#include "scanner/analysis/tls_stack.h"
#include "scanner/base/vocabulary.h"
#include "scanner/policy/sts_reading.h"

/**
 * How a kind of sender behaves when it delivers: what decides between encrypted, in cleartext and not
 * at all. The data is datasets/sender-profiles; scanner/senders reads such a file. Strings live as long as the
 * profiles.
 */

#define SENDER_PROFILES_MAX 64 /* in one file; our own bound */

#define PROFILE_LEVELS(X)                                 \
    X(PROFILE_MAY, "may")         /* TLS where offered */ \
    X(PROFILE_ENCRYPT, "encrypt") /* TLS or nothing */    \
    X(PROFILE_VERIFY, "verify")   /* TLS with a certificate that passes, or nothing */

enum profile_level {
    PROFILE_LEVELS(ENUMERATOR)
};

/** What a certificate has to be for, where it is checked by the sender's own level. */
#define PROFILE_NAME_CHECKS(X)                                   \
    X(PROFILE_NAMES_HOST, "host") /* a dNSName is the MX host */ \
    /* the same, or the common name without any dNSName */       \
    X(PROFILE_NAMES_HOST_OR_CN, "host_or_cn")                    \
    X(PROFILE_NAMES_NEXT_HOP, "next_hop") /* the domain or a name below it */

enum profile_names {
    PROFILE_NAME_CHECKS(ENUMERATOR)
};

#define PROFILE_DANES(X)                                               \
    X(PROFILE_DANE_NO, "no")                                           \
    /* only where the MX records are secure, RFC 7672 section 2.2.1 */ \
    X(PROFILE_DANE_SECURE_MX, "secure_mx")                             \
    X(PROFILE_DANE_INSECURE_MX, "insecure_mx") /* also where they are not */

enum profile_dane {
    PROFILE_DANES(ENUMERATOR)
};

#define PROFILE_ORDERS(X)                                                                    \
    X(PROFILE_ORDER_NONE, "none")                                                            \
    /* RFC 8461 section 2: MTA-STS never overrides DANE */                                   \
    X(PROFILE_ORDER_DANE_THEN_STS, "dane_then_sts")                                          \
    X(PROFILE_ORDER_STS_FIRST, "sts_first")                                                  \
    X(PROFILE_ORDER_DANE_ONLY, "dane_only")                                                  \
    X(PROFILE_ORDER_STS_ONLY, "sts_only")                                                    \
    X(PROFILE_ORDER_DANE_AND_STS, "dane_and_sts") /* what is enforced of both has to pass */ \
    /* TLSA records at one exchange: DANE alone, at all of them */                           \
    X(PROFILE_ORDER_DANE_DOMAIN_THEN_STS, "dane_domain_then_sts")

enum profile_order {
    PROFILE_ORDERS(ENUMERATOR)
};

/** What an enforced policy of MTA-STS is held against. */
#define PROFILE_STS_NAME_CHECKS(X)                                                  \
    X(PROFILE_STS_NAMES_UNKNOWN, "unknown")                                         \
    /* the MX name; and the certificate against that, RFC 8461 sections 4.1, 4.2 */ \
    X(PROFILE_STS_NAMES_MX_AND_HOST, "mx_and_host")                                 \
    /* the certificate alone, which has to hold one of the patterns */              \
    X(PROFILE_STS_NAMES_PATTERNS, "patterns")

enum profile_sts_names {
    PROFILE_STS_NAME_CHECKS(ENUMERATOR)
};

#define PROFILE_FAILURES(X)                                                                          \
    X(PROFILE_FAILURE_UNKNOWN, "unknown") /* where the field allows it */                            \
    X(PROFILE_FAILURE_CLEAR, "clear")     /* sends in cleartext to the same host */                  \
    /* The same, but only a message that has waited for some time: before, it goes on to the next */ \
    X(PROFILE_FAILURE_CLEAR_LATER, "clear_later")                                                    \
    X(PROFILE_FAILURE_NEXT, "next")     /* tries the next address or host, at last defers */         \
    X(PROFILE_FAILURE_DEFERS, "defers") /* tries no other for now */

enum profile_failure {
    PROFILE_FAILURES(ENUMERATOR)
};

/** A server that does not begin TLS where its level or a policy demands it. */
#define PROFILE_REFUSALS(X)                                                              \
    X(PROFILE_REFUSAL_UNKNOWN, "unknown")                                                \
    X(PROFILE_REFUSAL_NEXT, "next") /* tries the next address or host, at last defers */ \
    /* takes it for good: returns the mail, and tries no other */                        \
    X(PROFILE_REFUSAL_RETURNS, "returns")

enum profile_refusal {
    PROFILE_REFUSALS(ENUMERATOR)
};

/** A server that does not offer STARTTLS where its level or a policy demands TLS. */
#define PROFILE_MISSINGS(X)                                                              \
    X(PROFILE_MISSING_UNKNOWN, "unknown")                                                \
    X(PROFILE_MISSING_NEXT, "next") /* tries the next address or host, at last defers */ \
    /* sends STARTTLS all the same: TLS, or a refusal as any other */                    \
    X(PROFILE_MISSING_ASKS, "asks")

enum profile_missing {
    PROFILE_MISSINGS(ENUMERATOR)
};

#define PROFILE_QUIRKS_UNKNOWN UINT32_MAX

/** The letters of the keyword STARTTLS in the reply to EHLO. */
#define PROFILE_KEYWORDS(X)                                                \
    X(PROFILE_KEYWORD_UNKNOWN, "unknown")                                  \
    X(PROFILE_KEYWORD_ANY_CASE, "any_case")     /* RFC 5321 section 2.4 */ \
    X(PROFILE_KEYWORD_UPPER_CASE, "upper_case") /* no others are seen */

enum profile_keyword {
    PROFILE_KEYWORDS(ENUMERATOR)
};

/** Which reply to STARTTLS begins TLS. */
#define PROFILE_REPLIES(X)                               \
    X(PROFILE_REPLY_UNKNOWN, "unknown")                  \
    X(PROFILE_REPLY_220, "220") /* RFC 3207 section 4 */ \
    X(PROFILE_REPLY_2XX, "2xx")

enum profile_reply {
    PROFILE_REPLIES(ENUMERATOR)
};

/** Octets behind the reply to STARTTLS, before TLS. */
#define PROFILE_INJECTIONS(X)                                   \
    X(PROFILE_INJECTED_UNKNOWN, "unknown")                      \
    X(PROFILE_INJECTED_DROPPED, "dropped") /* and TLS begins */ \
    X(PROFILE_INJECTED_FAILS, "fails")     /* a failure of TLS */

enum profile_injected {
    PROFILE_INJECTIONS(ENUMERATOR)
};

#define PROFILE_CHOICES(X)               \
    X(PROFILE_CHOICE_UNKNOWN, "unknown") \
    X(PROFILE_CHOICE_NO, "no")           \
    X(PROFILE_CHOICE_YES, "yes")

enum profile_choice {
    PROFILE_CHOICES(ENUMERATOR)
};

/** What a leaf must be for under DANE-TA (RFC 7672 section 3.2.2). */
#define PROFILE_DANE_NAME_CHECKS(X)                               \
    X(PROFILE_DANE_NAMES_UNKNOWN, "unknown")                      \
    /* the host, the TLSA base domain, or the recipient domain */ \
    X(PROFILE_DANE_NAMES_NEXT_HOP, "next_hop")

enum profile_dane_names {
    PROFILE_DANE_NAME_CHECKS(ENUMERATOR)
};

/** DANE-TA with the trust anchor in DNS alone (RFC 7671 section 5.2.3). */
#define PROFILE_ANCHORS(X)                                      \
    X(PROFILE_ANCHOR_UNKNOWN, "unknown")                        \
    X(PROFILE_ANCHOR_FROM_DNS, "from_dns") /* that is enough */ \
    /* the server has to present it: else nothing matches */    \
    X(PROFILE_ANCHOR_PRESENTED, "presented")

enum profile_anchor {
    PROFILE_ANCHORS(ENUMERATOR)
};

/** Where TLSA records are asked for, when the MX host is an alias (RFC 7672 section 2.2.2). */
#define PROFILE_ALIASES(X)                                              \
    X(PROFILE_ALIAS_UNKNOWN, "unknown")                                 \
    X(PROFILE_ALIAS_BOTH, "both") /* at its end, then at the MX host */ \
    X(PROFILE_ALIAS_END_ONLY, "end_only")

enum profile_alias {
    PROFILE_ALIASES(ENUMERATOR)
};

/** An exchange that is none by the letter: does the sender deliver to it? */
#define PROFILE_EXCHANGES(X)               \
    X(PROFILE_EXCHANGE_UNKNOWN, "unknown") \
    X(PROFILE_EXCHANGE_TAKEN, "taken")     \
    X(PROFILE_EXCHANGE_SKIPPED, "skipped") /* as if the record were not there */

enum profile_exchange {
    PROFILE_EXCHANGES(ENUMERATOR)
};

/** A null MX beside other MX (RFC 7505 section 3). */
#define PROFILE_NULL_MXES(X)              \
    X(PROFILE_NULL_MX_UNKNOWN, "unknown") \
    X(PROFILE_NULL_MX_SKIPPED, "skipped") \
    X(PROFILE_NULL_MX_BOUNCES, "bounces") /* the domain takes no mail */

enum profile_null_mx {
    PROFILE_NULL_MXES(ENUMERATOR)
};

/** Why a domain takes no mail: what DNS says of it leads nowhere. */
#define NO_MAIL_KINDS(X)                                                                      \
    X(NO_MAIL_NXDOMAIN, "nxdomain")                                                           \
    X(NO_MAIL_NULL_MX, "null_mx")       /* RFC 7505 */                                        \
    X(NO_MAIL_NO_ADDRESS, "no_address") /* no MX records, no address: RFC 5321 section 5.1 */ \
    X(NO_MAIL_MX_NO_ADDRESS, "mx_no_address") /* an exchange without one */                   \
    X(NO_MAIL_MX_LOCALHOST, "mx_localhost")   /* an exchange that is everybody's own host */  \
    X(NO_MAIL_MX_NAME, "mx_name")             /* an exchange that is no host name */

enum no_mail_kind {
    NO_MAIL_KINDS(ENUMERATOR) NO_MAIL_KIND_COUNT
};

/** Which addresses a sender tries that stops after some. */
#define PROFILE_ADDRESSES_KEPT(X)                                \
    X(PROFILE_KEPT_UNKNOWN, "unknown")                           \
    X(PROFILE_KEPT_FIRST, "first") /* the first by preference */ \
    /* the first of each family: neither leaves the other out */ \
    X(PROFILE_KEPT_BALANCED, "balanced")                         \
    /* the first, and one more of each preference after them */  \
    X(PROFILE_KEPT_EACH_PREFERENCE, "each_preference")

enum profile_kept {
    PROFILE_ADDRESSES_KEPT(ENUMERATOR)
};

/** A host with several addresses. */
#define PROFILE_HOSTS_ADDRESSES(X)                                                 \
    X(PROFILE_HOST_ADDRESSES_ALL, "all") /* each is tried, RFC 5321 section 5.1 */ \
    /* of those that accept the connection one alone */                            \
    X(PROFILE_HOST_ADDRESSES_CONNECTED, "connected")

enum profile_host_addresses {
    PROFILE_HOSTS_ADDRESSES(ENUMERATOR)
};

/* enum value, member, word of the file, kind and words (scanner/senders). Besides these there are those of its
 * TLS stack: what an outcome rests on is a set of both. */
#define SENDER_PROFILE_FIELDS(X)                                                                   \
    X(TLS_MIN, tls_min, "tls_min", WORD, versions)                                                 \
    X(TLS_MAX, tls_max, "tls_max", WORD, versions)                                                 \
    X(SNI, sni, "sni", BOOL, no_words)                                                             \
    X(LEVEL, level, "level", WORD, levels)                                                         \
    X(NAMES, names, "names", WORD, names)                                                          \
    X(POLICY_ORDER, policy_order, "policy_order", WORD, orders)                                    \
    X(DANE, dane, "dane", WORD, dane)                                                              \
    X(DANE_EE_ONLY_31, dane_ee_only_31, "dane_ee_only_31", BOOL, no_words)                         \
    X(DANE_AGILITY, dane_agility, "dane_agility", WORD, choices)                                   \
    X(DANE_NAMES, dane_names, "dane_names", WORD, dane_names)                                      \
    X(DANE_ANCHOR, dane_anchor, "dane_anchor", WORD, anchors)                                      \
    X(DANE_ALIAS, dane_alias, "dane_alias", WORD, aliases)                                         \
    X(WITHOUT_TLS, without_tls, "without_tls", WORD, failures)                                     \
    X(TLS_FAILURE, tls_failure, "tls_failure", WORD, failures)                                     \
    X(STARTTLS_REFUSED, starttls_refused, "starttls_refused", WORD, failures)                      \
    X(STARTTLS_REFUSED_CLOSED, starttls_refused_closed, "starttls_refused_closed", WORD, failures) \
    X(REQUIRED_TLS_REJECTED, required_tls_rejected, "required_tls_rejected", WORD, refusals)       \
    X(REQUIRED_TLS_MISSING, required_tls_missing, "required_tls_missing", WORD, missing)           \
    X(SESSION_LOST, session_lost, "session_lost", WORD, failures)                                  \
    X(OPPORTUNISTIC_VERIFY, opportunistic_verify, "opportunistic_verify", BOOL, no_words)          \
    X(REPLY_LINES, reply_lines, "reply_lines", LIST, line_quirks)                                  \
    X(REPLY_LINES_FATAL, reply_lines_fatal, "reply_lines_fatal", LIST, line_quirks)                \
    X(STARTTLS_KEYWORD, starttls_keyword, "starttls_keyword", WORD, keywords)                      \
    X(FORMS, forms, "forms", LIST, dialogue_forms)                                                 \
    X(FORMS_UNSEEN, forms_unseen, "forms_unseen", LIST, dialogue_forms)                            \
    X(FORMS_FATAL, forms_fatal, "forms_fatal", LIST, dialogue_forms)                               \
    X(STARTTLS_REPLY, starttls_reply, "starttls_reply", WORD, replies)                             \
    X(AFTER_220, after_220, "after_220", WORD, injected)                                           \
    X(STS_RECORD, sts_record, "sts_record_tolerates", SET, record_quirks)                          \
    X(STS_RECORD_PERHAPS, sts_record_perhaps, "sts_record_perhaps", LIST, record_quirks)           \
    X(STS_POLICY, sts_policy, "sts_policy_tolerates", SET, policy_quirks)                          \
    X(STS_POLICY_PERHAPS, sts_policy_perhaps, "sts_policy_perhaps", LIST, policy_quirks)           \
    X(STS_NAMES, sts_names, "sts_names", WORD, sts_names)                                          \
    X(SESSIONS_MAX, sessions_max, "sessions_max", NUMBER, no_words)                                \
    X(ADDRESSES_MAX, addresses_max, "addresses_max", NUMBER, no_words)                             \
    X(ADDRESSES_KEPT, addresses_kept, "addresses_kept", WORD, kept)                                \
    X(HOST_ADDRESSES, host_addresses, "host_addresses", WORD, host_addresses)                      \
    X(VALIDATES, validates, "resolver_validates", WORD, choices)                                   \
    X(IPV6, ipv6, "ipv6", WORD, choices)                                                           \
    X(NULL_MX, null_mx, "null_mx_beside", WORD, null_mx)                                           \
    X(MX_ADDRESS, mx_address, "mx_address", WORD, exchanges)                                       \
    X(MX_BAD_NAME, mx_bad_name, "mx_bad_name", WORD, exchanges)                                    \
    X(MAPPED_ADDRESS, mapped_address, "mapped_address", WORD, exchanges)                           \
    X(SPECIAL_ADDRESS, special_address, "special_address", WORD, exchanges)                        \
    X(NO_MAIL_DEFERRED, no_mail_deferred, "no_mail_deferred", SET, no_mail_kinds)

enum profile_field {
#define X(name, ...) PROFILE_FIELD_##name,
    SENDER_PROFILE_FIELDS(X)
#undef X
    PROFILE_FIELD_COUNT
};

struct sender_profile {
    const char *id; /* [a-z0-9.-]+ */
    const char *title;
    uint16_t tls_min; /* 0x0301..0x0304 */
    uint16_t tls_max;
    bool sni; /* the MX host; a sender with DANE sends the base domain there in any case */
    enum profile_level level;
    enum profile_names names; /* at PROFILE_VERIFY */
    enum profile_order policy_order;
    enum profile_dane dane;
    bool dane_ee_only_31; /* of TLSA records uses 3 1 x and no others */
    enum profile_choice
        dane_agility; /* of several digests only the strongest, RFC 7671 section 9 */
    enum profile_dane_names dane_names;
    enum profile_anchor dane_anchor;
    enum profile_alias dane_alias;
    enum profile_failure without_tls;             /* STARTTLS is not offered, at PROFILE_MAY */
    enum profile_failure tls_failure;             /* TLS fails, at PROFILE_MAY */
    enum profile_failure starttls_refused;        /* 4xx or 5xx to STARTTLS, at PROFILE_MAY */
    enum profile_failure starttls_refused_closed; /* and the session ends with it, at PROFILE_MAY */
    /* Where its level or a policy demands TLS: */
    enum profile_refusal required_tls_rejected; /* 5xx to STARTTLS */
    enum profile_missing required_tls_missing;  /* STARTTLS is not offered */
    enum profile_failure session_lost;          /* right after the handshake, at PROFILE_MAY */
    bool opportunistic_verify; /* at PROFILE_MAY: a bad certificate is a failure of TLS */
    /* Quirks of SMTP_LINE_QUIRKS that it reads over, and those with which it gives the host up; of others it
     * is not known. */
    uint32_t reply_lines;
    uint32_t reply_lines_fatal;
    enum profile_keyword starttls_keyword;
    /* Forms of a dialogue: those that make no difference to it, those with which it sees no STARTTLS, and those
     * with which it gives the host up; of others it is not known. */
    uint32_t forms;
    uint32_t forms_unseen;
    uint32_t forms_fatal;
    enum profile_reply starttls_reply;
    enum profile_injected after_220;
    /* Sets of STS_RECORD_QUIRKS and STS_POLICY_QUIRKS; PROFILE_QUIRKS_UNKNOWN. Those it takes now and then,
     * or of which that is not known, stand in the second of each. */
    uint32_t sts_record;
    uint32_t sts_record_perhaps;
    uint32_t sts_policy;
    uint32_t sts_policy_perhaps;
    enum profile_sts_names sts_names;
    /* How much of it fails before the sender gives up for now; 0: no such limit, UINT32_MAX: not known. */
    uint32_t sessions_max;  /* sessions that end at greeting, EHLO, STARTTLS or in TLS */
    uint32_t addresses_max; /* addresses, those that refuse connections among them */
    enum profile_kept addresses_kept;
    enum profile_host_addresses host_addresses;
    enum profile_choice validates; /* bogus answers fail, RFC 4035 section 5.5 */
    enum profile_choice ipv6;      /* has a way to IPv6 addresses */
    enum profile_null_mx null_mx;
    enum profile_exchange mx_address;  /* an address in place of a name, RFC 1035 section 3.3.9 */
    enum profile_exchange mx_bad_name; /* no host name, RFC 1123 section 2.1 */
    enum profile_exchange
        mapped_address; /* AAAA that holds an IPv4 address, RFC 4291 section 2.5.5.2 */
    enum profile_exchange special_address; /* one that is no server's, RFC 6890 */
    /* Set of NO_MAIL_KINDS at which it tries again, where others return the mail at once;
     * PROFILE_QUIRKS_UNKNOWN. */
    uint32_t no_mail_deferred;
    const struct tls_stack *stack;
    uint8_t marks[PROFILE_FIELD_COUNT]; /* enum field_mark */
};

struct sender_profiles {
    const struct sender_profile *items;
    size_t count;
};

static inline bool profile_uses_sts(const struct sender_profile *p)
{
    return p->policy_order != PROFILE_ORDER_NONE && p->policy_order != PROFILE_ORDER_DANE_ONLY;
}

static inline bool profile_uses_dane(const struct sender_profile *p)
{
    return p->policy_order != PROFILE_ORDER_NONE && p->policy_order != PROFILE_ORDER_STS_ONLY;
}

/** As in sts_reading.h. @param takes a set of quirks, or PROFILE_QUIRKS_UNKNOWN, as `perhaps` */
static inline struct sts_reading profile_reading(uint32_t takes, uint32_t perhaps)
{
    return takes == PROFILE_QUIRKS_UNKNOWN ? (struct sts_reading){.unsure = UINT32_MAX}
                                           : (struct sts_reading){takes, perhaps};
}

/** Fields that an outcome rests on: a set of the profile's own and of its stack's. */
struct rests_on {
    uint64_t profile; /* bits: 1 << enum profile_field */
    uint32_t stack;   /* bits: 1 << enum stack_field */
};

/** The weakest mark among them; FIELD_MARK_NONE of none at all. */
enum field_mark sender_profile_mark(const struct sender_profile *p, const struct rests_on *fields);
