#pragma once

/**
 * The two functions that the key schedule of TLS 1.3 (RFC 8446 section 7.1) consists of, as libssl asks a provider for
 * them ("TLS13-KDF"): Extract, with the Derive-Secret before it, and Expand. A secret is the key of several HMACs in a row:
 * what an HMAC computes of its key alone is kept for the last secrets, and so are those that are the same in every
 * handshake without a PSK. That, and asking nobody by name for each hash, is half of the work.
 */

#include <openssl/sha.h>

#include "scanner/base/span.h"

#define SCHEDULE_SECRET_MAX 48 /* octets of a SHA-384 */
#define SCHEDULE_LABEL_MAX \
    255 /* of a label with its prefix, and of a context: RFC 8446 section 7.1 */
#define SCHEDULE_SECRETS_MAX 6 /* secrets that are in use at a time, less those that are constant */

enum schedule_hash {
    SCHEDULE_SHA256,
    SCHEDULE_SHA384,
    SCHEDULE_HASHES,
};

union schedule_digest {
    SHA256_CTX sha256;
    SHA512_CTX sha512; /* of SHA-384 as well */
};

/** An HMAC (RFC 2104) whose key is in. */
struct schedule_mac {
    enum schedule_hash hash;
    uint8_t key[SCHEDULE_SECRET_MAX];
    size_t key_len; /* 0 with `used`: the key is empty */
    bool used;
    union schedule_digest inner;
    union schedule_digest outer;
};

struct key_schedule {
    struct schedule_constants {
        uint8_t nothing[SCHEDULE_SECRET_MAX]; /* the hash of no messages */
        uint8_t early[SCHEDULE_SECRET_MAX];   /* Early Secret without a PSK */
        uint8_t derived[SCHEDULE_SECRET_MAX]; /* Derive-Secret(early, "derived", "") */
        struct schedule_mac by_derived;
    } constants[SCHEDULE_HASHES];
    struct schedule_mac macs[SCHEDULE_SECRETS_MAX];
    size_t next; /* of `macs` to be replaced */
};

struct schedule_request {
    enum schedule_hash hash;
    bool extract;       /* else Expand */
    struct span key;    /* at NULL: as many zeros as the hash has octets */
    struct span salt;   /* of Extract: the secret before; at NULL: there is none */
    struct span prefix; /* "tls13 " */
    struct span label;  /* of Expand; of Extract: "derived" */
    struct span data;   /* of Expand: the transcript hash */
};

void key_schedule_init(struct key_schedule *s);
/** @param name as in EVP_MD_get0_name() @return false: no hash of a suite of TLS 1.3 */
bool schedule_hash_of(const char *name, enum schedule_hash *out);
size_t schedule_hash_len(enum schedule_hash hash);
/** @param len octets wanted, at most those of the hash, and with Extract as many
 * @return false: the request has no such form */
bool key_schedule_compute(struct key_schedule *s, const struct schedule_request *r, uint8_t *out,
                          size_t len);
