#pragma once

#include "scanner/base/span.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/sender_facts.h"

/**
 * What a TLS library takes, in the build and with the settings that a sender has: beside the versions of TLS,
 * which are the sender's. One stack serves several profiles.
 */

/** How a value of a profile or stack is known; ascending in weakness. */
#define FIELD_MARKS(X)                                                              \
    X(FIELD_MARK_NONE, "", NULL)                                                    \
    X(FIELD_MARK_OBSERVED, "observed", "observed in the software itself")           \
    X(FIELD_MARK_DOCUMENTED, "documented", "stated in its documentation or source") \
    X(FIELD_MARK_ASSUMED, "assumed", "no source states it")

enum field_mark {
    FIELD_MARKS(ENUMERATOR) FIELD_MARK_COUNT
};

VOCABULARY(field_mark, enum field_mark);

/** Key exchange of TLS 1.2 and before. */
#define STACK_EXCHANGES(X)       \
    X(STACK_EXCHANGE_RSA, "rsa") \
    X(STACK_EXCHANGE_DHE, "dhe") \
    X(STACK_EXCHANGE_ECDHE, "ecdhe")

/** Bulk ciphers of TLS 1.2 and before. */
#define STACK_CIPHERS(X)                                                       \
    X(STACK_CIPHER_AES_GCM, "aes_gcm")                                         \
    X(STACK_CIPHER_CHACHA20, "chacha20_poly1305")                              \
    X(STACK_CIPHER_AES_CCM, "aes_ccm")                                         \
    X(STACK_CIPHER_AES_CBC, "aes_cbc")           /* with SHA-1 */              \
    X(STACK_CIPHER_AES_CBC_SHA2, "aes_cbc_sha2") /* with SHA-256 or SHA-384 */ \
    X(STACK_CIPHER_OTHER, "other")               /* Camellia, ARIA, 3DES, RC4, ... */

/** Groups that mxcensus offers. */
#define STACK_GROUPS(X)             \
    X(STACK_GROUP_X25519, "x25519") \
    X(STACK_GROUP_P256, "p256")     \
    X(STACK_GROUP_P384, "p384")     \
    X(STACK_GROUP_P521, "p521")

enum stack_exchange {
    STACK_EXCHANGES(ENUMERATOR)
};
enum stack_cipher {
    STACK_CIPHERS(ENUMERATOR)
};
enum stack_group {
    STACK_GROUPS(ENUMERATOR)
};

#define STACK_TRUTHS(X)         \
    X(STACK_UNKNOWN, "unknown") \
    X(STACK_NO, "no")           \
    X(STACK_YES, "yes")

enum stack_truth {
    STACK_TRUTHS(ENUMERATOR)
};

/** Whose handshake it is. */
#define STACK_LIBRARIES(X)                                          \
    X(STACK_LIBRARY_UNKNOWN, "unknown")                             \
    X(STACK_LIBRARY_OPENSSL, "openssl") /* as this program's own */ \
    X(STACK_LIBRARY_GNUTLS, "gnutls")                               \
    X(STACK_LIBRARY_GO, "go")                                       \
    X(STACK_LIBRARY_RUSTLS, "rustls")                               \
    X(STACK_LIBRARY_SCHANNEL, "schannel")

enum stack_library {
    STACK_LIBRARIES(ENUMERATOR)
};

/** How a path from the leaf to an anchor is looked for. */
#define STACK_PATH_SEARCHES(X)                                              \
    X(STACK_PATHS_UNKNOWN, "unknown")                                       \
    X(STACK_PATHS_ANY, "any") /* all paths, the best is taken */            \
    /* X509_verify_cert(), the first fitting issuer: at security level 1 */ \
    X(STACK_PATHS_OPENSSL_1, "openssl_level_1")                             \
    X(STACK_PATHS_OPENSSL_2, "openssl_level_2") /* the same at level 2 */

enum stack_paths {
    STACK_PATH_SEARCHES(ENUMERATOR)
};

#define STACK_UNKNOWN_SET    UINT32_MAX
#define STACK_UNKNOWN_NUMBER UINT32_MAX

/* enum value, member, word of the file, kind and words (scanner/senders). */
#define TLS_STACK_FIELDS(X)                                                  \
    X(LIBRARY, library, "library", WORD, libraries)                          \
    X(EXCHANGES, exchanges, "key_exchanges", SET, exchanges)                 \
    X(CIPHERS, ciphers, "ciphers", SET, ciphers)                             \
    X(ANONYMOUS, anonymous, "anonymous", WORD, truths)                       \
    X(GROUPS, groups, "groups", SET, groups)                                 \
    X(LEAF_KEYS, leaf_keys, "leaf_keys", SET, leaf_keys)                     \
    X(RSA_BITS_MIN, rsa_bits_min, "rsa_bits_min", NUMBER, no_words)          \
    X(RSA_BITS_MAX, rsa_bits_max, "rsa_bits_max", NUMBER, no_words)          \
    X(DH_BITS_MIN, dh_bits_min, "dh_bits_min", NUMBER, no_words)             \
    X(KEY_USAGE, key_usage, "key_usage_checked", WORD, truths)               \
    X(LIST_OCTETS_MAX, list_octets_max, "list_octets_max", NUMBER, no_words) \
    X(SHA1_SIGNATURES, sha1_signatures, "sha1_signatures", WORD, truths)     \
    X(ODD_CERTIFICATES, odd_certificates, "odd_certificates", WORD, truths)  \
    X(WARNING_ALERTS, warning_alerts, "warning_alerts", WORD, truths)        \
    X(NAME_RULE, name_rule, "name_rule", WORD, name_rules)                   \
    X(PATHS, paths, "paths", WORD, paths)

enum stack_field {
#define X(name, ...) STACK_FIELD_##name,
    TLS_STACK_FIELDS(X)
#undef X
    STACK_FIELD_COUNT
};

struct tls_stack {
    const char *id; /* [a-z0-9.-]+ */
    enum stack_library library;
    uint32_t exchanges;         /* bits: 1 << enum stack_exchange; STACK_UNKNOWN_SET: not known */
    uint32_t ciphers;           /* the same of enum stack_cipher */
    enum stack_truth anonymous; /* offers suites without a certificate, too */
    uint32_t groups;            /* the same of enum stack_group */
    uint32_t leaf_keys;         /* the same of enum leaf_key_kind */
    uint32_t rsa_bits_min;      /* STACK_UNKNOWN_NUMBER: not known, as with the next three */
    uint32_t rsa_bits_max;
    uint32_t dh_bits_min;
    uint32_t list_octets_max;
    enum stack_truth key_usage;        /* of the leaf, is it checked (RFC 5246 section 7.4.2)? */
    enum stack_truth sha1_signatures;  /* taken in a handshake of TLS 1.2? */
    enum stack_truth odd_certificates; /* read, where cert/cert_form.h says that not all can? */
    enum stack_truth warning_alerts;   /* of a server: does the handshake go on? */
    uint32_t name_rule;                /* enum name_rule (name_rules.h); 0: not known */
    enum stack_paths paths;
    uint8_t marks[STACK_FIELD_COUNT]; /* enum field_mark */
};

enum fit {
    FIT_NO,
    FIT_YES,
    FIT_UNKNOWN
};

/** What keeps a stack from a server. */
enum stack_obstacle {
    STACK_OBSTACLE_NONE,
    STACK_OBSTACLE_SUITE, /* suite, group, size of the DH key */
    STACK_OBSTACLE_FORM,  /* of a certificate in the list */
    STACK_OBSTACLE_KEY,   /* kind or size of the leaf's key */
    STACK_OBSTACLE_USAGE, /* what the leaf's key is for */
    STACK_OBSTACLE_LIST,  /* size of the certificate list */
    STACK_OBSTACLE_ALERT, /* a warning of the server */
};

struct stack_verdict {
    enum fit fit;
    enum stack_obstacle obstacle; /* unless it fits */
    uint32_t fields;              /* bits: 1 << enum stack_field, what that rests on */
};

/**
 * Does a handshake with what was met complete? Of a suite, group or kind of key that the stack does not take,
 * it is unknown: the server may have others, of which it showed us the one it likes best. What every
 * library takes rests on no field; nor does what only a stack of which nothing is known could lack.
 * @param version that was negotiated. Pure.
 */
struct stack_verdict tls_stack_fits(const struct tls_stack *s, const struct sender_facts *f,
                                    uint16_t version);
