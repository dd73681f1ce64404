#pragma once

#include <stdbool.h>

#include <openssl/evp.h>

#include "scanner/base/buf.h"
#include "tests/lab/service.h"

/**
 * The pool of keys, made once into a file and the same for every certificate ever after: key
 * number N of a kind belongs to every certificate whose identity draws N.
 */

#define LAB_CA_COUNT 3

enum ca_key {
    CA_KEY_ROOT,            /* RSA-2048, one per public CA */
    CA_KEY_RSA = 3,         /* their RSA intermediates */
    CA_KEY_EC = 6,          /* their P-256 intermediates */
    CA_KEY_PRIVATE_RSA = 9, /* of the CAs nobody knows */
    CA_KEY_PRIVATE_EC = 10,
    CA_KEY_COUNT = 11,
};

struct key {
    EVP_PKEY *pkey;
    bool rsa;
    uint8_t *spki; /* SubjectPublicKeyInfo, DER */
    size_t spki_len;
    uint8_t id[20]; /* SHA-1 of the public key bits: RFC 5280 section 4.2.1.2 (1) */
};

struct key_pool {
    struct key *leaf[LAB_KEY_COUNT];
    struct key ca[CA_KEY_COUNT];
};

/** Loads the pool, or makes it when the file is absent (some seconds); kinds of key that are new since
 * the file was made are added to it. @return false with one line in
 * `error`. */
bool key_pool_open(struct key_pool *pool, const char *path, struct buf *error);
void key_pool_close(struct key_pool *pool);
const struct key *key_pool_leaf(const struct key_pool *pool, enum lab_key kind, uint64_t draw);

/** SHA-256, or what an RSA key can be made to use besides. */
enum key_digest {
    KEY_SHA256,
    KEY_SHA1,
    KEY_MD5,
};

/** Appends a signature over `tbs` that is a pure function of key and octets: PKCS #1 v1.5, or
 * ECDSA with a nonce derived from both. */
void key_sign(const struct key *key, enum key_digest digest, struct span tbs,
              struct buf *signature);
/** Appends the AlgorithmIdentifier of key_sign(). */
void key_put_signature_algorithm(const struct key *key, enum key_digest digest, struct buf *out);
