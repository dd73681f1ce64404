#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * Words of verdicts that rows carry, and the short form in which the verdict on a chain travels
 * between threads. The verdicts themselves are made in scanner/trust and scanner/analysis.
 */

/** What a presented list is worth with one trust store, as served; the first that fits (design
 * section 6). A list whose leaf is itself an anchor is trusted. */
#define CHAIN_STATUSES(X)                                                                      \
    X(NONE, "none")       /* no list was presented */                                          \
    X(TRUSTED, "trusted") /* a path to an anchor passes every test */                          \
    X(EXPIRED, "expired") /* a path to an anchor; a certificate of the best one has expired */ \
    X(NOT_YET_VALID, "not_yet_valid")                                                          \
    X(INVALID, "invalid") /* a path to an anchor breaks another rule of RFC 5280 section 6 */  \
    X(SELF_SIGNED, "self_signed")       /* the leaf is signed by its own key */                \
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

/** yes, no, or not known. */
enum truth {
    TRUTH_UNKNOWN,
    TRUTH_NO,
    TRUTH_YES,
};

/** The verdict on a chain in short: what rows of services, endpoints, hosts and domains repeat. */
struct chain_brief {
    uint8_t status;     /* enum chain_status with the first trust store */
    uint8_t trusted_by; /* bit n: CHAIN_TRUSTED with trust store n */
};
