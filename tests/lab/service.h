#pragma once

/**
 * What lives behind one address of the simulated internet: how it speaks SMTP and TLS, and which
 * certificate it shows to whom. Plain data, filled from the population or from a hand-made case;
 * the servers act on it and the expectation is read off it.
 */

#include "scanner/base/net_addr.h"
#include "scanner/observation/outcome.h"
#include "tests/lab/hostile.h"
#include "tests/lab/raw_suites.h"

#define LAB_NAME_MAX   254 /* octets of a host name with NUL, RFC 1035 section 2.3.4 */
#define CERT_NAMES_MAX 512 /* octets of a list of names with NUL */

#define LAB_REACHES(X)                             \
    X(LIVE, "live")                                \
    X(REFUSED, "refused") /* nobody listens */     \
    X(SILENT, "silent")   /* the SYN is dropped */ \
    X(RESET, "reset")     /* the connection is reset in place of the greeting */

#define LAB_GREETINGS(X)                                                           \
    X(OK, "ok")                                                                    \
    X(MULTILINE, "multiline")                                                      \
    X(TEMPFAIL, "421")                                                             \
    X(REJECTED, "554")                                                             \
    X(GARBAGE, "garbage") /* another protocol */                                   \
    X(CLOSE, "close")     /* closed without a word */                              \
    X(SILENT, "silent")   /* connected, never a word */                            \
    X(EARLY, "early")     /* a second reply directly behind the greeting */        \
    X(LONG_LINE, "long")  /* a line over 512 octets, RFC 5321 section 4.5.3.1.5 */ \
    X(NO_ESMTP, "no-esmtp")                                                        \
    X(NO_NAME, "no-name")       /* no word in the place of the name */             \
    X(EMPTY_LINE, "empty-line") /* behind it */                                    \
    X(NOISE, "noise")           /* the message of a wrapper before it */           \
    X(SPAMD, "spamd")           /* of OpenBSD's spamd(8) */                        \
    X(STUTTER, "stutter")       /* an octet at a time, with pauses */              \
    X(HIDDEN, "hidden")         /* asterisks in place of its text, as by a PIX */

#define LAB_EHLOS(X)                                                                      \
    X(OK, "ok")                                                                           \
    X(HELO_ONLY, "helo-only") /* 502 to EHLO, 250 to HELO */                              \
    X(REJECTED, "rejected")   /* 550 to both */                                           \
    X(TEMPFAIL, "450")        /* to both */                                               \
    X(CLOSE, "close")                                                                     \
    X(SILENT, "silent")                                                                   \
    X(LONG_LINE, "long")        /* a keyword line over 512 octets */                      \
    X(HUGE, "huge")             /* a reply of 20,000 octets */                            \
    X(BARE, "bare")             /* nothing is listed */                                   \
    X(EMPTY_LINE, "empty-line") /* within the list */                                     \
    X(CR_CR_LF, "cr-cr-lf")     /* at the end of each line */                             \
    X(NUL, "nul")               /* behind the server's name */                            \
    X(REFUSED_IN_TLS, "refused-in-tls")                                                   \
    X(KEYWORD_SPACE_BEFORE, "keyword-space-before") /* in front of STARTTLS */            \
    X(KEYWORD_SPACE_AFTER, "keyword-space-after")   /* and behind it */                   \
    X(KEYWORD_TAB_BEFORE, "keyword-tab-before")                                           \
    X(KEYWORD_TAB_AFTER, "keyword-tab-after")                                             \
    X(KEYWORD_PARAMETER, "keyword-parameter")   /* STARTTLS REQUIRED */                   \
    X(KEYWORD_EQUALS, "keyword-equals")         /* STARTTLS=on */                         \
    X(KEYWORD_CODE, "keyword-code")             /* 251-STARTTLS among lines of 250 */     \
    X(MIXED_CODES, "mixed-codes")               /* 251 in the first line */               \
    X(MIXED_CLASSES, "mixed-classes")           /* 500 in the first line */               \
    X(CODE_251, "251")                          /* in all lines */                        \
    X(KEYWORD_FIRST_LINE, "keyword-first-line") /* STARTTLS in place of its name */       \
    X(GARBAGE_IN_TLS, "garbage-in-tls")         /* a line that is no reply, inside TLS */ \
    X(ECHO, "echo")                             /* the client's name in place of its own */

#define LAB_STARTTLS(X)                                                     \
    X(OFFERED, "offered")                                                   \
    X(NONE, "none")                                                         \
    X(MASKED, "masked") /* XXXXXXXA, as by a middlebox */                   \
    X(TEMPFAIL, "454")                                                      \
    X(REJECTED, "5xx")                                                      \
    X(NOT_A_REPLY, "garbage") /* no reply at all but a line */              \
    X(INJECTED, "injected")   /* a reply behind the 220 */                  \
    X(CLOSE, "close")                                                       \
    X(SILENT, "silent")                                                     \
    X(LOWER_CASE, "lower-case")    /* the keyword */                        \
    X(CODE_250, "250")             /* in place of 220 */                    \
    X(FLIPS, "flips")              /* listed in every other connection */   \
    X(HIDDEN, "hidden")            /* not listed, and taken all the same */ \
    X(TEMPFAIL_CLOSE, "454-close") /* the session ends with the reply */    \
    X(CLOSING, "421-close")                                                 \
    X(REJECTED_CLOSE, "5xx-close")                                          \
    X(CODE_354, "354") /* neither leave nor refusal */

#define LAB_TLS_FATES(X)                                                                       \
    X(OK, "ok")                                                                                \
    X(SILENT, "silent") /* no answer to the ClientHello */                                     \
    X(CLOSE, "close")                                                                          \
    X(RESET, "reset")                                                                          \
    X(ALERT, "alert")               /* the fatal alert `alert` */                              \
    X(SSLV3, "sslv3")               /* a ServerHello of version 3.0 */                         \
    X(GARBAGE, "garbage")           /* SMTP in place of the ServerHello */                     \
    X(CLOSE_MIDWAY, "midway")       /* half of the first flight, then closed */                \
    X(BAD_CERT, "bad-cert")         /* a certificate that is no DER; TLS 1.2 */                \
    X(NO_CERT, "no-cert")           /* an empty certificate list; TLS 1.2 */                   \
    X(BAD_LATER, "bad-later")       /* a second certificate that is no DER */                  \
    X(BAD_LIST, "bad-list")         /* lengths that do not add up; TLS 1.2 */                  \
    X(RAW, "raw")                   /* answered by hand: raw_suites.h */                       \
    X(GOST_LEAF, "gost-leaf")       /* the leaf has a key of GOST; TLS 1.2 */                  \
    X(LONG_REQUEST, "long-request") /* a CertificateRequest of 100 KB; TLS 1.2, asks-client */ \
    X(DH, "dh")                     /* a group of `dh_bits`; TLS 1.2 with DHE */

#define LAB_SNI_RULES(X)                                                                    \
    X(IGNORE, "ignore")                                                                     \
    X(SELECT, "select")               /* the own certificate for names it knows */          \
    X(STRICT, "strict")               /* alert unrecognized_name for others than its own */ \
    X(FATAL_UNKNOWN, "fatal-unknown") /* alert unrecognized_name for a name */              \
    X(FATAL_WITHOUT, "fatal-without") /* alert unrecognized_name without one */             \
    X(WARNING, "warning")             /* warning unrecognized_name, TLS <= 1.2 */

#define LAB_CERT_CLASSES(X)                         \
    X(VALID, "valid")                               \
    X(OTHER_NAME, "other-name")                     \
    X(SELF_SIGNED, "self-signed")                   \
    X(PRIVATE_CA, "private-ca")                     \
    X(EXPIRED, "expired")                           \
    X(MISSING_INTERMEDIATE, "missing-intermediate") \
    X(NOT_YET_VALID, "not-yet-valid")               \
    X(CN_ONLY, "cn-only") /* no subjectAltName */

#define LAB_CHAINS(X)                                        \
    X(TWO, "two")     /* leaf, intermediate */               \
    X(ONE, "one")     /* leaf alone */                       \
    X(THREE, "three") /* leaf, intermediate, cross-sign */   \
    X(ROOT, "root")   /* leaf, intermediate, root */         \
    X(ORDER, "order") /* leaf, root, intermediate */         \
    X(TWICE, "twice") /* leaf, intermediate, intermediate */ \
    X(EXTRA, "extra") /* leaf, intermediate, unrelated */    \
    X(HUGE, "huge")   /* more than 20,000 octets */          \
    X(MANY, "many")   /* leaf, and 110 more */

#define LAB_KEYS(X)          \
    X(P256, "p256")          \
    X(P384, "p384")          \
    X(RSA_2048, "rsa2048")   \
    X(RSA_3072, "rsa3072")   \
    X(RSA_4096, "rsa4096")   \
    X(RSA_1024, "rsa1024")   \
    X(RSA_E3, "rsa-e3")      \
    X(RSA_9216, "rsa9216")   \
    X(P521, "p521")          \
    X(SECP256K1, "k256")     \
    X(ED25519, "ed25519")    \
    X(ED448, "ed448")        \
    X(RSA_16384, "rsa16384") \
    X(P256_EXPLICIT, "p256-explicit") /* RFC 5480 section 2.1.1: specifiedCurve */

#define LAB_KEXES(X)    \
    X(ANY, "any")       \
    X(X25519, "x25519") \
    X(P256, "p256")     \
    X(P384, "p384")     \
    X(STATIC_RSA, "static-rsa") /* no forward secrecy, TLS 1.2 */

/* How TLS is configured otherwise. */
#define LAB_TLS_TRAITS(X)                                                                      \
    X(NONE, "none")                                                                            \
    X(CBC, "cbc")           /* suites with CBC only, TLS 1.2 */                                \
    X(DHE_1024, "dhe-1024") /* finite-field groups only, TLS 1.2 */                            \
    X(DHE_2048, "dhe-2048")                                                                    \
    X(SHA1, "sha1")                     /* signs the handshake with SHA-1, TLS 1.2 */          \
    X(SHA224, "sha224")                 /* the same with SHA-224 */                            \
    X(NO_EMS, "no-ems")                 /* no extended master secret, TLS 1.2 */               \
    X(ASKS_CLIENT, "asks-client")       /* for a certificate */                                \
    X(CA_NAMES, "ca-names")             /* the same, by as many CAs as a list can name */      \
    X(DEMANDS_CLIENT, "demands-client") /* a certificate; TLS 1.3: RFC 8446 section 4.4.2.4 */ \
    X(CLIENT_ORDER, "client-order")     /* follows the client's order of suites */             \
    X(POSTFIX, "postfix")               /* the suites of Postfix's default, in that order */   \
    X(RESTRICTIVE, "restrictive")       /* ECDHE with AEAD only */                             \
    X(NULL_SUITES, "null-suites")       /* those without encryption as well */

/* What is odd about a certificate; the second part is about its issuer, which then has a name of
 * its own. */
#define LAB_ODDS(X)                                                                         \
    X(NONE, "none")                                                                         \
    X(VERSION_1, "version-1")                                                               \
    X(SERIAL_ZERO, "serial-zero")                                                           \
    X(SERIAL_NEGATIVE, "serial-negative")                                                   \
    X(SERIAL_LONG, "serial-long") /* 30 octets */                                           \
    X(SAN_NUL, "san-nul")         /* a second name with this in it */                       \
    X(SAN_SPACE, "san-space")                                                               \
    X(SAN_UNDERSCORE, "san-underscore")                                                     \
    X(SAN_DOT, "san-dot") /* at the end */                                                  \
    X(SAN_EMAIL, "san-email")                                                               \
    X(SAN_U_LABEL, "san-u-label")                                                           \
    X(SAN_EMPTY_LABEL, "san-empty-label")                                                   \
    X(SAN_INNER_WILDCARD, "san-inner-wildcard")                                             \
    X(NO_NAMES, "no-names")                                                                 \
    X(TIMES_REVERSED, "times-reversed")                                                     \
    X(TIMES_FAR, "times-far")   /* from the year 0 to 9999 */                               \
    X(TIMES_JUNK, "times-junk") /* a notAfter that is no time */                            \
    X(TWICE, "extension-twice")                                                             \
    X(POISON, "poison") /* RFC 6962 section 3.1 */                                          \
    X(MUST_STAPLE, "must-staple")                                                           \
    X(EKU_CLIENT, "eku-client") /* clientAuth alone */                                      \
    X(USAGE, "usage")           /* keyUsage allows dataEncipherment alone */                \
    X(CRITICAL, "unknown-critical")                                                         \
    X(BAD_EXTENSION, "bad-extension") /* basicConstraints is no DER */                      \
    X(SHA1, "sha1")                                                                         \
    X(MD5, "md5")                                                                           \
    X(FLIPPED, "signature-flipped")                                                         \
    X(UNKNOWN_SIGNATURE, "signature-unknown") /* its algorithm */                           \
    X(ROOT_HIDDEN, "root-hidden")             /* of a private CA, not sent */               \
    X(LEAF_LAST, "leaf-last")                 /* the issuer is sent first, and used */      \
    X(WITH_UNKNOWN_KEY, "unknown-key")        /* a further certificate has one */           \
    X(ISSUER_EXPIRED, "issuer-expired")                                                     \
    X(ISSUER_NOT_YET_VALID, "issuer-not-yet-valid")                                         \
    X(ISSUER_EKU, "issuer-eku")                                                             \
    X(ISSUER_NO_CERT_SIGN, "issuer-no-cert-sign")                                           \
    X(ISSUER_NOT_CA, "issuer-not-ca")                                                       \
    X(ISSUER_PATH_LENGTH, "issuer-path-length") /* two of them, the upper with pathlen 0 */ \
    X(ISSUER_NAMES, "issuer-names")             /* nameConstraints of another domain */     \
    X(ISSUER_NAMES_OK, "issuer-names-ok")       /* nameConstraints that hold */             \
    X(ISSUER_CRITICAL, "issuer-critical")                                                   \
    X(ISSUER_SHA1, "issuer-sha1")                                                           \
    X(ISSUER_RSA_1024, "issuer-rsa1024")                                                    \
    X(ISSUER_K256, "issuer-k256")                                                           \
    X(ISSUER_DEEP, "issuer-deep")       /* ten of them */                                   \
    X(ISSUER_HIDDEN, "issuer-hidden")   /* and sent by nobody */                            \
    X(ROOT_EXPIRED, "root-expired")     /* the root is one to trust, and expired */         \
    X(CROSS_EXPIRED, "cross-expired")   /* a cross-sign of that root and itself besides */  \
    X(CROSS_FIRST, "cross-first")       /* the issuer by that root, in front of it */       \
    X(USAGE_ENCIPHER, "usage-encipher") /* keyUsage: keyEncipherment alone */               \
    X(GOST_KEY, "gost-key")             /* a further certificate has one of GOST */         \
    X(CURVE, "curve") /* a further certificate with a curve of its own, over no field */

#define LAB_SOFTWARES(X)    \
    X(POSTFIX, "postfix")   \
    X(EXIM, "exim")         \
    X(SENDMAIL, "sendmail") \
    X(EXCHANGE, "exchange")

#define LAB_PTRS(X)                                                   \
    X(CONFIRMED, "confirmed") /* a name that leads back */            \
    X(NONE, "none")                                                   \
    X(GENERIC, "generic")   /* the address in the name; leads back */ \
    X(MISMATCH, "mismatch") /* a name that does not lead back */      \
    X(SERVFAIL, "servfail")                                           \
    X(TWO, "two") /* two names, one of which leads back */

enum lab_reach {
#define X(name, word) LAB_REACH_##name,
    LAB_REACHES(X)
#undef X
};
enum lab_greeting {
#define X(name, word) LAB_GREETING_##name,
    LAB_GREETINGS(X)
#undef X
};
enum lab_ehlo {
#define X(name, word) LAB_EHLO_##name,
    LAB_EHLOS(X)
#undef X
};
enum lab_starttls {
#define X(name, word) LAB_STARTTLS_##name,
    LAB_STARTTLS(X)
#undef X
};
enum lab_tls_fate {
#define X(name, word) LAB_TLS_##name,
    LAB_TLS_FATES(X)
#undef X
};
enum lab_sni_rule {
#define X(name, word) LAB_SNI_##name,
    LAB_SNI_RULES(X)
#undef X
};
enum lab_cert_class {
#define X(name, word) LAB_CERT_##name,
    LAB_CERT_CLASSES(X)
#undef X
};
enum lab_chain {
#define X(name, word) LAB_CHAIN_##name,
    LAB_CHAINS(X)
#undef X
};
enum lab_key {
#define X(name, word) LAB_KEY_##name,
    LAB_KEYS(X)
#undef X
    LAB_KEY_COUNT
};
enum lab_kex {
#define X(name, word) LAB_KEX_##name,
    LAB_KEXES(X)
#undef X
    LAB_KEX_COUNT
};
enum lab_tls_trait {
#define X(name, word) LAB_TRAIT_##name,
    LAB_TLS_TRAITS(X)
#undef X
    LAB_TRAIT_COUNT
};
enum lab_odd {
#define X(name, word) LAB_ODD_##name,
    LAB_ODDS(X)
#undef X
    LAB_ODD_COUNT
};
enum lab_software {
#define X(name, word) LAB_SOFTWARE_##name,
    LAB_SOFTWARES(X)
#undef X
};
enum lab_ptr {
#define X(name, word) LAB_PTR_##name,
    LAB_PTRS(X)
#undef X
};

/** Who a certificate is for. `identity` decides its serial number, key and validity: the same
 * identity is the same certificate. */
struct cert_choice {
    uint64_t identity;
    enum lab_cert_class class;
    enum lab_chain chain;
    enum lab_key key;
    enum lab_odd odd;
    uint16_t days_left;   /* of its validity; 0: drawn */
    uint8_t issuer;       /* 0..2: one of the lab's public CAs */
    bool issuer_ec;       /* signed by its ECDSA intermediate, else by the RSA one */
    uint16_t extra_names; /* "alt-K.<first name>" besides */
    char names
        [CERT_NAMES_MAX]; /* subjectAltNames with commas between; the first is the subject too */
};

struct service {
    struct net_addr address;
    enum lab_reach reach;
    enum lab_software software;
    char name[LAB_NAME_MAX];          /* in the greeting and the EHLO reply */
    char greeting_name[LAB_NAME_MAX]; /* instead, in the greeting; empty: the same */
    /* SMTP */
    enum lab_greeting greeting;
    uint32_t greeting_delay_ms;
    enum lab_ehlo ehlo;
    enum lab_starttls starttls;
    bool starttls_again; /* listed again inside TLS */
    bool octet_by_octet; /* every reply in segments of one octet */
    bool quit_silent;    /* no answer to QUIT, no close */
    bool ehlo_tls_close; /* closes at the EHLO inside TLS */
    bool flaky;          /* every third connection is closed without a word */
    uint32_t enough;     /* connections; then TLS ends with a reset, or `busy`; 0: never */
    bool busy;           /* 421 instead, RFC 5321 section 3.8 */
    uint32_t lose;       /* this connection, from 1, is reset in the handshake; 0: none */
    uint32_t greylist;   /* so many connections are greeted with 421; then it is well */
    const struct hostile *hostile; /* what it does instead at one stage; NULL: nothing */
    /* TLS */
    enum lab_tls_fate tls_fate;
    uint8_t alert;
    uint16_t tls_min; /* 0x0301..0x0304 */
    uint16_t tls_max;
    enum lab_kex kex;
    enum lab_tls_trait trait;
    struct raw_suites raw; /* of LAB_TLS_RAW */
    uint32_t dh_bits;      /* of LAB_TLS_DH */
    enum lab_sni_rule sni;
    bool unstable; /* two certificates in turn */
    bool literal;  /* its address stands in an MX record: a visit more that has no name to send */
    /* certificates */
    struct cert_choice plain; /* without SNI, and for names it does not know */
    bool plain_named;         /* its names are given, not "default." of the domain */
    bool dual;                /* `other` as well, for clients that do not take the key of `plain` */
    struct cert_choice other;
    struct cert_choice own; /* SELECT: for the name in question; see world_service_for() */
    bool own_known;         /* the name asked for is one that it knows */
    /* reverse DNS */
    enum lab_ptr ptr;
};

/** A service that does everything right, with nothing said about names and certificates. */
void service_init(struct service *s, const struct net_addr *address);
/** Sets one property by its word, as hand-made cases do: "starttls" = "454".
 * @return false when the key or the word is unknown. */
bool service_set(struct service *s, const char *key, const char *value);

/** The certificate shown to a client that asks for a name (`sni`) or for none. `visit` counts
 * connections, for unstable services. */
struct cert_choice service_cert(const struct service *s, bool sni, uint64_t visit);

/** What a client that speaks TLS 1.0 to 1.3 and common suites meets: read off the service. */
struct expected_session {
    enum session_outcome outcome;
    enum starttls_state starttls;
    uint16_t tls_version; /* of the ServerHello; 0: none was sent */
    int alert;            /* that the server sends, -1: none */
    bool has_leaf;        /* `cert` is presented, and readable */
    bool unknown_name_warning;
    bool hidden;  /* the greeting has no text */
    bool closes;  /* with the refusal of STARTTLS */
    bool divides; /* senders that would agree otherwise make different things of it */
    struct cert_choice cert;
};

struct expected_client {
    bool implicit_tls; /* the handshake comes first, as on port 465 */
    bool sni;
    uint32_t greeting_timeout_ms; /* how long it waits for the greeting */
};

void service_expect(const struct service *s, const struct expected_client *client,
                    struct expected_session *out);

/** Does it list STARTTLS in a form, or answer EHLO in one, that not every client reads? */
bool service_has_odd_list(const struct service *s);

const char *lab_cert_class_word(enum lab_cert_class c);
const char *lab_chain_word(enum lab_chain c);
const char *lab_key_word(enum lab_key k);
const char *lab_sni_word(enum lab_sni_rule r);
const char *lab_ptr_word(enum lab_ptr p);
const char *lab_odd_word(enum lab_odd o);
