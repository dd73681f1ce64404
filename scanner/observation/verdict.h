#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * Words of verdicts that rows carry, and the short form in which the verdict on a chain travels
 * between threads. The verdicts themselves are made in scanner/trust and scanner/analysis.
 */

/** What a presented list is worth with one trust store, as served; the first that fits (design
 * section 6). A list whose leaf is itself an anchor is trusted. MISSING_INTERMEDIATE is as little
 * trusted as the next two; it says that what was known before the scan would mend it. */
#define CHAIN_STATUSES(X)                                                                      \
    X(NONE, "none")       /* no list was presented */                                          \
    X(TRUSTED, "trusted") /* a path to an anchor passes every test */                          \
    X(EXPIRED, "expired") /* a path to an anchor; a certificate of the best one has expired */ \
    X(NOT_YET_VALID, "not_yet_valid")                                                          \
    X(INVALID, "invalid") /* a path to an anchor breaks another rule of RFC 5280 section 6 */  \
    X(SELF_SIGNED, "self_signed") /* the leaf is signed by its own key */                      \
    X(MISSING_INTERMEDIATE,                                                                    \
      "missing_intermediate")           /* trusted, once known intermediates are added */      \
    X(UNTRUSTED_ROOT, "untrusted_root") /* ends at a self-signed one that is no anchor */      \
    X(ISSUER_UNKNOWN, "issuer_unknown") /* an issuer is neither presented nor an anchor */     \
    X(UNPARSABLE, "unparsable")         /* the first certificate cannot be read */

enum chain_status {
#define X(name, word) CHAIN_##name,
    CHAIN_STATUSES(X)
#undef X
    CHAIN_STATUS_COUNT
};

const char *chain_status_word(enum chain_status s);

/** What a certificate of a list is in it. The first word that fits, but for the leaf. */
#define CERT_ROLES(X)                                                                 \
    X(LEAF, "leaf") /* the first, whatever it is */                                   \
    X(DUPLICATE, "duplicate")                                                         \
    X(UNREADABLE, "unreadable")                                                       \
    X(ROOT, "root")                 /* self-signed, and of the best path */           \
    X(INTERMEDIATE, "intermediate") /* of the best path */                            \
    X(ALTERNATIVE, "alternative")   /* certifies the leaf too, by a path not taken */ \
    X(UNRELATED, "unrelated")

enum cert_role {
#define X(name, word) CERT_ROLE_##name,
    CERT_ROLES(X)
#undef X
};

const char *cert_role_word(enum cert_role r);

/** A leaf against its reference identifier, the MX host name (RFC 9525 section 6). */
#define NAME_MATCHES(X)                                                                           \
    X(NONE, "none")                          /* no certificate, or an unreadable one */           \
    X(EXACT, "match")                        /* a dNSName is the name */                          \
    X(WILDCARD, "match_wildcard")            /* a dNSName with a wildcard covers it */            \
    X(CN_ONLY, "cn_only")                    /* no dNSName, but the common name fits */           \
    X(PARENT, "mismatch_but_domain")         /* covers a name above the host, not the host */     \
    X(PROVIDER, "mismatch_provider_default") /* covers the name in the server's own EHLO reply */ \
    X(LOCALHOST, "mismatch_localhost")       /* names only localhost, *.localdomain or such */    \
    X(NO_NAMES, "no_names")                  /* neither a dNSName nor a common name */            \
    X(OTHER, "mismatch")

enum name_match {
#define X(name, word) NAME_MATCH_##name,
    NAME_MATCHES(X)
#undef X
    NAME_MATCH_COUNT
};

const char *name_match_word(enum name_match m);

/** RFC 9525 section 6.3: only a dNSName identifies the server. */
static inline bool name_match_is_match(enum name_match m)
{
    return m == NAME_MATCH_EXACT || m == NAME_MATCH_WILDCARD;
}

/** The handshakes with and without SNI beside each other (RFC 6066 section 3). */
#define SNI_CLASSES(X)                                                                    \
    X(UNKNOWN, "unknown") /* one of the two was not made, or failed for another reason */ \
    X(SAME, "same")                                                                       \
    X(DIFFERS, "differs")                                                                 \
    X(FATAL_WITHOUT, "fatal_without") /* fails without SNI, completes with it */          \
    X(FATAL_WITH, "fatal_with")       /* fails with SNI, completes without it */          \
    X(UNSTABLE, "unstable")           /* two handshakes with SNI differ: no effect of SNI */

enum sni_class {
#define X(name, word) SNI_##name,
    SNI_CLASSES(X)
#undef X
};

const char *sni_class_word(enum sni_class c);

/** Whose certificate passes for the host: trusted by the first trust store, name matches. */
#define SNI_ACCEPTABLES(X)                                 \
    X(UNKNOWN, "unknown")                                  \
    X(BOTH, "both")                                        \
    X(ONLY_SNI, "only_sni")                                \
    X(ONLY_DEFAULT, "only_default") /* that without SNI */ \
    X(NEITHER, "neither")

enum sni_acceptable {
#define X(name, word) SNI_ACCEPTABLE_##name,
    SNI_ACCEPTABLES(X)
#undef X
};

const char *sni_acceptable_word(enum sni_acceptable a);

/** What becomes of a message, by sender profile (design section 6); ascending but for UNKNOWN. */
#define DELIVERIES(X)                                                                        \
    X(UNKNOWN, "unknown")             /* an untested endpoint or unprobed version decides */ \
    X(UNDELIVERABLE, "undeliverable") /* returned at once: no mail taken, or refused */      \
    X(DEFERRED, "deferred")                                                                  \
    X(PLAINTEXT, "plaintext")                                                                \
    X(ENCRYPTED, "encrypted")                                                                \
    X(AUTHENTICATED, "authenticated") /* it would have been refused, had the check failed */

enum delivery {
#define X(name, word) DELIVERY_##name,
    DELIVERIES(X)
#undef X
    DELIVERY_COUNT
};

const char *delivery_word(enum delivery d);

/** yes, no, or not known. */
enum truth {
    TRUTH_UNKNOWN,
    TRUTH_NO,
    TRUTH_YES,
};

/** What DNSSEC says of one answer, RFC 4033 section 5; only where the resolver's AD bit counts. */
#define DNSSEC_STATES(X)                                                                  \
    X(UNKNOWN, "unknown")   /* not asked, or the AD bit of the resolver is not trusted */ \
    X(SECURE, "secure")     /* AD */                                                      \
    X(INSECURE, "insecure") /* answered without AD, and without signatures */             \
    X(NO_CHAIN, "no_chain") /* signed, without AD: no chain of trust leads there */       \
    X(BOGUS, "bogus")       /* SERVFAIL, but data with CD=1 */                            \
    X(FAILED, "failed")     /* SERVFAIL, timeout and the like */

enum dnssec_state {
#define X(name, word) DNSSEC_##name,
    DNSSEC_STATES(X)
#undef X
    DNSSEC_STATE_COUNT
};

const char *dnssec_state_word(enum dnssec_state s);

/** What DNS says of DANE for an MX host, before any connection (RFC 7672 section 2.2). */
#define DANE_HOSTS(X)                                                                        \
    X(UNKNOWN, "unknown")             /* not asked, or AD is not trusted */                  \
    X(NONE, "none")                   /* no TLSA records: a denial, secure or not */         \
    X(TLSA_INSECURE, "tlsa_insecure") /* records, but not secure: of no effect */            \
    X(HOST_INSECURE, "host_insecure") /* the address records are not secure: of no effect */ \
    X(LOOKUP_FAILED, "lookup_failed") /* bogus, SERVFAIL: the host must be skipped */        \
    X(UNUSABLE, "unusable")           /* secure, none usable: TLS, without authentication */ \
    X(USABLE, "usable")               /* the certificate must match */

enum dane_host {
#define X(name, word) DANE_HOST_##name,
    DANE_HOSTS(X)
#undef X
    DANE_HOST_COUNT
};

const char *dane_host_word(enum dane_host s);

/** At which name the TLSA question was asked that decides; some senders ask at one of them alone. */
#define TLSA_PLACES(X)                                                                      \
    X(NONE, "")                                                                             \
    X(HOST, "host")     /* the MX host, which is no alias */                                \
    X(ALIAS, "alias")   /* the MX host, which is one: at the end of its links none count */ \
    X(TARGET, "target") /* the end of its links, RFC 7672 section 2.2.2 */

enum tlsa_place {
#define X(name, word) TLSA_PLACE_##name,
    TLSA_PLACES(X)
#undef X
    TLSA_PLACE_COUNT
};

const char *tlsa_place_word(enum tlsa_place p);

/** What an endpoint makes of usable TLSA records; the first four words otherwise mean as above. */
#define DANE_STATUSES(X)                                                                     \
    X(UNKNOWN, "unknown")   /* DNS unknown, or no conclusive session with the base domain */ \
    X(NONE, "none")         /* of no effect: no records, or none that are secure */          \
    X(FAILED, "failed")     /* the lookup failed: the host must be skipped */                \
    X(UNUSABLE, "unusable") /* TLS without authentication, no cleartext */                   \
    X(NO_TLS, "no_tls")     /* usable records, but TLS was not reached */                    \
    X(MATCH, "match")                                                                        \
    X(OTHER_NAME, "other_name") /* a match for mail to the domains in the leaf alone */      \
    X(MISMATCH, "mismatch")

enum dane_status {
#define X(name, word) DANE_##name,
    DANE_STATUSES(X)
#undef X
    DANE_STATUS_COUNT
};

const char *dane_status_word(enum dane_status s);

/** Bits of endpoint_brief.dane_flags. */
enum dane_flag {
    DANE_FLAG_EE = 1, /* a usable DANE-EE(3) record matches */
    DANE_FLAG_TA = 2, /* a usable DANE-TA(2) record matches, the path and a name of the host too */
    DANE_FLAG_TA_NO_NAME =
        4,                /* a DANE-TA(2) record and its path match, but no name of the host does */
    DANE_FLAG_HAS_31 = 8, /* there are usable records 3 1 x */
    DANE_FLAG_31 = 16,    /* one of these matches */
    /* Only DANE-TA(2) records match, or would for another name, whose anchor is not presented and stands
     * whole in DNS: servers are to present it, as not every client does without (RFC 7671 section 5.2.2). */
    DANE_FLAG_ANCHOR_IN_DNS = 32,
    /* The list of the other kind of key, which only --probes ecdsa-rsa asks for: some record matches, or
     * none does. */
    DANE_FLAG_OTHER_KEY_MATCHES = 64,
    DANE_FLAG_OTHER_KEY_FAILS = 128,
    DANE_FLAG_SET_ASIDE_MATCHES = 256, /* none matches but one that a stronger digest sets aside */
};

/** The verdict on a chain in short: what rows of services, endpoints, hosts and domains repeat. */
struct chain_brief {
    uint8_t status;     /* enum chain_status with the first trust store */
    uint8_t trusted_by; /* bit n: CHAIN_TRUSTED with trust store n */
    /* bit n: OpenSSL's own builder accepts the list with trust store n, at its security levels 2
     * (the default of Debian and of OpenSSL since 3.2) and 1 (Postfix) */
    uint8_t openssl_level_2;
    uint8_t openssl_level_1;
    uint32_t issuers; /* the CA certificates that it carries; a number of trust/issuer_senders.h */
};
