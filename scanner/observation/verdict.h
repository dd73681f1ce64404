#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scanner/base/vocabulary.h"

/**
 * Words of verdicts that rows carry, and the short form in which the verdict on a chain travels
 * between threads. The verdicts themselves are made in scanner/trust and scanner/analysis.
 */

/** What a presented list is worth with one trust store, as served; the first that fits (design
 * section 6). A list whose leaf is itself an anchor is trusted. MISSING_INTERMEDIATE is as little
 * trusted as the next two; it says that what was known before the scan would mend it. */
#define CHAIN_STATUSES(X)                                                                          \
    X(CHAIN_NONE, "none", "no certificate was presented")                                          \
    X(CHAIN_TRUSTED, "trusted", "a path to a trust anchor passes every check")                     \
    X(CHAIN_EXPIRED, "expired",                                                                    \
      "there is a path to a trust anchor, but a certificate on the best one has expired")          \
    X(CHAIN_NOT_YET_VALID, "not_yet_valid",                                                        \
      "there is a path to a trust anchor, but a certificate on the best one is not yet valid")     \
    X(CHAIN_INVALID, "invalid",                                                                    \
      "the best path to a trust anchor violates another rule; see faults")                         \
    X(CHAIN_SELF_SIGNED, "self_signed",                                                            \
      "the leaf is signed with its own key, and is not a trust anchor")                            \
    X(CHAIN_MISSING_INTERMEDIATE, "missing_intermediate",                                          \
      "not trusted as served; it would be trusted with an intermediate that was known before the " \
      "scan")                                                                                      \
    X(CHAIN_UNTRUSTED_ROOT, "untrusted_root",                                                      \
      "the best path ends at a self-signed certificate that is not a trust anchor")                \
    X(CHAIN_ISSUER_UNKNOWN, "issuer_unknown",                                                      \
      "an issuer is neither presented nor a trust anchor; see completions for a missing "          \
      "intermediate")                                                                              \
    X(CHAIN_UNPARSABLE, "unparsable", "the first certificate cannot be parsed")

enum chain_status {
    CHAIN_STATUSES(ENUMERATOR) CHAIN_STATUS_COUNT
};

VOCABULARY(chain_status, enum chain_status);

/** What a certificate of a list is in it. The first word that fits, but for the leaf. */
#define CERT_ROLES(X)                                                             \
    X(CERT_ROLE_LEAF, "leaf", "the first certificate, whatever it is")            \
    X(CERT_ROLE_DUPLICATE, "duplicate", "appears earlier in the list as well")    \
    X(CERT_ROLE_UNREADABLE, "unreadable", "cannot be parsed")                     \
    X(CERT_ROLE_ROOT, "root", "self-signed, and the end of the best path")        \
    X(CERT_ROLE_INTERMEDIATE, "intermediate", "an intermediate on the best path") \
    X(CERT_ROLE_ALTERNATIVE, "alternative",                                       \
      "certifies the leaf too, on a path that was not chosen")                    \
    X(CERT_ROLE_UNRELATED, "unrelated", "certifies nothing on a path to the leaf")

enum cert_role {
    CERT_ROLES(ENUMERATOR)
};

VOCABULARY(cert_role, enum cert_role);

/** A leaf against its reference identifier, the MX host name (RFC 9525 section 6). */
#define NAME_MATCHES(X)                                                                         \
    X(NAME_MATCH_NONE, "none", "no leaf that can be parsed")                                    \
    X(NAME_MATCH_EXACT, "match", "a dNSName is the host name")                                  \
    X(NAME_MATCH_WILDCARD, "match_wildcard", "a dNSName with a wildcard matches the host name") \
    X(NAME_MATCH_CN_ONLY, "cn_only",                                                            \
      "there is no dNSName, and the common name is the host name: some senders accept that")    \
    X(NAME_MATCH_PARENT, "mismatch_but_domain",                                                 \
      "covers a domain above the host, but not the host")                                       \
    X(NAME_MATCH_PROVIDER, "mismatch_provider_default",                                         \
      "covers the server's own name, but not the host")                                         \
    X(NAME_MATCH_LOCALHOST, "mismatch_localhost", "is for localhost or similar")                \
    X(NAME_MATCH_NO_NAMES, "no_names", "has neither a dNSName nor a common name")               \
    X(NAME_MATCH_OTHER, "mismatch", "is for other names")

enum name_match {
    NAME_MATCHES(ENUMERATOR) NAME_MATCH_COUNT
};

VOCABULARY(name_match, enum name_match);

/** RFC 9525 section 6.3: only a dNSName identifies the server. */
static inline bool name_match_is_match(enum name_match m)
{
    return m == NAME_MATCH_EXACT || m == NAME_MATCH_WILDCARD;
}

/** The handshakes with and without SNI beside each other (RFC 6066 section 3). */
#define SNI_CLASSES(X)                                                                             \
    X(SNI_UNKNOWN, "unknown",                                                                      \
      "one of the two handshakes was not made, or ended for another reason, such as a timeout or " \
      "a reset")                                                                                   \
    X(SNI_SAME, "same", "the same leaf")                                                           \
    X(SNI_DIFFERS, "differs", "different leaf certificates")                                       \
    X(SNI_FATAL_WITHOUT, "fatal_without", "the handshake without SNI is rejected by the server")   \
    X(SNI_FATAL_WITH, "fatal_with", "the handshake with SNI is rejected by the server")            \
    X(SNI_UNSTABLE, "unstable", "two handshakes with SNI differ: SNI is not the cause")

enum sni_class {
    SNI_CLASSES(ENUMERATOR)
};

VOCABULARY(sni_class, enum sni_class);

/** Whose certificate passes for the host: trusted by the first trust store, name matches. */
#define SNI_ACCEPTABLES(X)                                                     \
    X(SNI_ACCEPTABLE_UNKNOWN, "unknown", "one of the two was not seen")        \
    X(SNI_ACCEPTABLE_BOTH, "both", "with SNI and without")                     \
    X(SNI_ACCEPTABLE_ONLY_SNI, "only_sni", "only the one with SNI")            \
    X(SNI_ACCEPTABLE_ONLY_DEFAULT, "only_default", "only the one without SNI") \
    X(SNI_ACCEPTABLE_NEITHER, "neither", "neither of them")

enum sni_acceptable {
    SNI_ACCEPTABLES(ENUMERATOR)
};

VOCABULARY(sni_acceptable, enum sni_acceptable);

/** What becomes of a message, by sender profile (design section 6); ascending but for UNKNOWN. */
#define DELIVERIES(X)                                                                           \
    X(DELIVERY_UNKNOWN, "unknown", "it depends on an untested endpoint or an unprobed version") \
    X(DELIVERY_UNDELIVERABLE, "undeliverable",                                                  \
      "it bounces at once: the domain accepts no mail, or the sender treats a rejection as "    \
      "permanent")                                                                              \
    X(DELIVERY_DEFERRED, "deferred",                                                            \
      "the sender queues it and tries again; in the end it bounces")                            \
    X(DELIVERY_PLAINTEXT, "plaintext", "it is delivered in cleartext")                          \
    X(DELIVERY_ENCRYPTED, "encrypted", "it is delivered over TLS")                              \
    X(DELIVERY_AUTHENTICATED, "authenticated",                                                  \
      "it is delivered over TLS to an authenticated server; otherwise it would not have been "  \
      "sent")

enum delivery {
    DELIVERIES(ENUMERATOR) DELIVERY_COUNT
};

VOCABULARY(delivery, enum delivery);

/** yes, no, or not known. */
enum truth {
    TRUTH_UNKNOWN,
    TRUTH_NO,
    TRUTH_YES,
};

/** What DNSSEC says of one answer, RFC 4033 section 5; only where the resolver's AD bit counts. */
#define DNSSEC_STATES(X)                                                                           \
    X(DNSSEC_UNKNOWN, "unknown",                                                                   \
      "no query was sent, or the AD bit of this resolver is not trusted (--trust-ad)")             \
    X(DNSSEC_SECURE, "secure", "validated (AD)")                                                   \
    X(DNSSEC_INSECURE, "insecure", "answered without AD, and without signatures")                  \
    X(DNSSEC_NO_CHAIN, "no_chain", "signed, but without a chain of trust: a DS record is missing") \
    X(DNSSEC_BOGUS, "bogus", "SERVFAIL, but data with CD=1: validation fails")                     \
    X(DNSSEC_FAILED, "failed", "SERVFAIL, timeout and similar")

enum dnssec_state {
    DNSSEC_STATES(ENUMERATOR) DNSSEC_STATE_COUNT
};

VOCABULARY(dnssec_state, enum dnssec_state);

/** What DNS says of DANE for an MX host, before any connection (RFC 7672 section 2.2). */
#define DANE_HOSTS(X)                                                                          \
    X(DANE_HOST_UNKNOWN, "unknown",                                                            \
      "no query was sent, the AD bit of this resolver is not trusted (--trust-ad), or the "    \
      "addresses of one family alone are secure")                                              \
    X(DANE_HOST_NONE, "none", "there are no TLSA records")                                     \
    X(DANE_HOST_TLSA_INSECURE, "tlsa_insecure",                                                \
      "there are TLSA records, but they are not secure: they have no effect")                  \
    X(DANE_HOST_HOST_INSECURE, "host_insecure",                                                \
      "the addresses of the host are not secure: its TLSA records have no effect")             \
    X(DANE_HOST_LOOKUP_FAILED, "lookup_failed",                                                \
      "bogus or SERVFAIL: a sender with DANE skips the host (RFC 7672 section 2.1.1)")         \
    X(DANE_HOST_UNUSABLE, "unusable",                                                          \
      "secure, but none is usable: TLS is required, without authentication (RFC 7672 section " \
      "2.2)")                                                                                  \
    X(DANE_HOST_USABLE, "usable", "secure and usable: the certificate must match")

enum dane_host {
    DANE_HOSTS(ENUMERATOR) DANE_HOST_COUNT
};

VOCABULARY(dane_host, enum dane_host);

/** At which name the TLSA question was asked that decides; some senders ask at one of them alone. */
#define TLSA_PLACES(X)                                                                        \
    X(TLSA_PLACE_NONE, "", NULL)                                                              \
    X(TLSA_PLACE_HOST, "host", "the MX host, which is not an alias")                          \
    X(TLSA_PLACE_ALIAS, "alias",                                                              \
      "the MX host, which is an alias: no TLSA records are in force at the end of its CNAME " \
      "chain, and senders that look only there do not use DANE")                              \
    X(TLSA_PLACE_TARGET, "target", "the end of its CNAME chain")

enum tlsa_place {
    TLSA_PLACES(ENUMERATOR) TLSA_PLACE_COUNT
};

VOCABULARY(tlsa_place, enum tlsa_place);

/** What an endpoint makes of usable TLSA records; the first four words otherwise mean as above. */
#define DANE_STATUSES(X)                                                                       \
    X(DANE_UNKNOWN, "unknown",                                                                 \
      "the DNS lookup gave no result, or there is no conclusive session with the TLSA base "   \
      "domain")                                                                                \
    X(DANE_NONE, "none", "DANE has no effect")                                                 \
    X(DANE_FAILED, "failed", "the TLSA lookup failed: senders with DANE skip the host")        \
    X(DANE_UNUSABLE, "unusable", "TLS is required, without authentication; no cleartext")      \
    X(DANE_NO_TLS, "no_tls", "there are usable TLSA records, but no TLS")                      \
    X(DANE_MATCH, "match", "a TLSA record matches")                                            \
    X(DANE_OTHER_NAME, "other_name",                                                           \
      "a record of usage 2 matches, but the certificate is for other names than the host: it " \
      "matches only for mail to the domains in it")                                            \
    X(DANE_MISMATCH, "mismatch", "no TLSA record matches")

enum dane_status {
    DANE_STATUSES(ENUMERATOR) DANE_STATUS_COUNT
};

VOCABULARY(dane_status, enum dane_status);

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
    /* A record without data, or Full(0) that is no certificate or key: clients do not all leave it out. */
    DANE_FLAG_MALFORMED = 512,
    DANE_FLAG_TA_IS_LEAF = 1024, /* a DANE-TA(2) record is about the leaf itself */
    DANE_FLAG_TA_NO_PATH =
        2048, /* the anchor was presented, and no path leads there: of what kind is open */
};

/** What says who operates a mail server; the first that says it. */
#define OPERATOR_SOURCES(X)                                                                      \
    X(OPERATOR_UNKNOWN, "")                                                                      \
    X(OPERATOR_CERTIFICATE, "certificate",                                                       \
      "a trusted certificate whose names all belong to one operator")                            \
    X(OPERATOR_BANNER, "banner",                                                                 \
      "the server's own name, and a forward-confirmed name of the address in reverse DNS under " \
      "the same registrable domain")                                                             \
    X(OPERATOR_DATASET, "dataset",                                                               \
      "only the name of the MX host, whose registrable domain is in the list of operators")      \
    X(OPERATOR_MX_NAME, "mx_name", "only the name of the MX host: its registrable domain")

enum operator_source {
    OPERATOR_SOURCES(ENUMERATOR)
};

VOCABULARY(operator_source, enum operator_source);

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
