#pragma once

#include <assert.h>
#include <stdint.h>

#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_smtp.h"

/**
 * What a session showed that only some senders mind: two senders that speak the same versions
 * of TLS differ in the replies they can read, and in the suites, keys and certificate lists that their TLS
 * library takes. Zero stands for what every sender takes.
 */

/** The key of a leaf, as far as TLS libraries tell keys apart. */
#define LEAF_KEY_KINDS(X)                                                        \
    X(LEAF_KEY_NONE, "none") /* no certificate, or one that cannot be read */    \
    X(LEAF_KEY_RSA, "rsa")                                                       \
    X(LEAF_KEY_RSA_PSS, "rsa_pss") /* id-RSASSA-PSS, RFC 4055 section 1.2 */     \
    X(LEAF_KEY_P256, "p256")                                                     \
    X(LEAF_KEY_P384, "p384")                                                     \
    X(LEAF_KEY_P521, "p521")                                                     \
    X(LEAF_KEY_EC_OTHER, "ec_other") /* other curves, and explicit parameters */ \
    X(LEAF_KEY_ED25519, "ed25519")                                               \
    X(LEAF_KEY_ED448, "ed448")                                                   \
    X(LEAF_KEY_DSA, "dsa")                                                       \
    X(LEAF_KEY_OTHER, "other")

enum leaf_key_kind {
    LEAF_KEY_KINDS(ENUMERATOR) LEAF_KEY_KIND_COUNT
};

/** Bits of leaf_key.usage. */
enum leaf_usage {
    LEAF_USAGE_LIMITED = 1,   /* there is a keyUsage extension, RFC 5280 section 4.2.1.3 */
    LEAF_USAGE_SIGNS = 2,     /* digitalSignature */
    LEAF_USAGE_ENCIPHERS = 4, /* keyEncipherment */
};

struct leaf_key {
    uint16_t bits; /* of an RSA modulus; 0: another kind, or not known */
    uint8_t kind;  /* enum leaf_key_kind */
    uint8_t usage; /* enum leaf_usage */
};

/** May the key be used so where keyUsage limits it: to decipher what the client sends in a static RSA key
 * exchange, and else to sign (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.2)? */
static inline bool leaf_key_may_be_used(const struct leaf_key *k, bool static_rsa)
{
    unsigned needed = static_rsa ? LEAF_USAGE_ENCIPHERS : LEAF_USAGE_SIGNS;
    return (k->usage & LEAF_USAGE_LIMITED) == 0 || (k->usage & needed) != 0;
}

/* KiB of a Certificate message that clients with OpenSSL take by default: SSL_MAX_CERT_LIST_DEFAULT,
 * SSL_CTX_set_max_cert_list(3). */
#define OPENSSL_LIST_KIB_MAX 100

/* Bits of sender_facts.quirks beside those of the dialogue. */
#define SENDER_FACTS_NOT_220         0x8000U /* a 2xx to STARTTLS, but not 220 */
#define SENDER_FACTS_EARLY_REPLY     0x4000U /* the server talked on behind its greeting */
#define SENDER_FACTS_LONG_REPLY      0x2000U /* the reply to EHLO was longer than is kept */
#define SENDER_FACTS_SHA1_SIGNATURE  0x1000U /* TLS 1.2: the server signs with SHA-1 */
#define SENDER_FACTS_ODD_CERTIFICATE 0x0800U /* cert/cert_form.h; of any certificate of the list */
#define SENDER_FACTS_OUR_BOUND       0x0400U /* the handshake ended by a bound of this program */
#define SENDER_FACTS_LOWEST_BIT      10

/** What came of a session beside them; bits of sender_facts.events. */
enum sender_event {
    SENDER_EVENT_STARTTLS_5XX = 1, /* the reply to STARTTLS */
    SENDER_EVENT_NAME_WARNING = 2, /* warning alert unrecognized_name, RFC 6066 section 3 */
    /* STARTTLS was refused, and whether the session lives on is not known: QUIT went unanswered, or 421
     * announced its end and it went on (RFC 5321 section 3.8). */
    SENDER_EVENT_REFUSED_OPEN = 4,
    /* The reply to STARTTLS is neither a refusal nor leave, as 354, or a line that was not read to its end. */
    SENDER_EVENT_STARTTLS_UNREAD = 8,
    SENDER_EVENT_SHA224_SIGNATURE = 16, /* TLS 1.2: the server signs with SHA-224 */
};

struct sender_facts {
    uint16_t quirks;   /* of the dialogue: seen_smtp.quirks, and SENDER_FACTS_* */
    uint16_t cipher;   /* IANA cipher suite; 0: no handshake completed */
    uint16_t group;    /* IANA named group; 0: none (static RSA) or unknown */
    uint16_t dh_bits;  /* size of a finite-field DH key; 0: none */
    uint16_t list_kib; /* the Certificate message in units of 1,024 octets, rounded up */
    uint8_t
        name_refused_by; /* enum name_rule: by which rules the leaf is not the host's; name_rules.h */
    uint8_t events;      /* enum sender_event */
    struct leaf_key key;
    uint16_t forms; /* of the dialogue: seen_smtp.forms */
};

static_assert(SMTP_QUIRK_COUNT <= SENDER_FACTS_LOWEST_BIT, "the others are no bits of quirks");
static_assert(sizeof(struct sender_facts) == 18, "compared and hashed as octets: no padding");
