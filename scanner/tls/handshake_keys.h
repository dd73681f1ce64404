#pragma once

/**
 * The keys that protect the messages of a TLS 1.3 handshake behind the ServerHello (RFC 8446 section 7), and
 * records under them (section 5.2), by libcrypto: X25519, HKDF, and the AEADs of the three suites. Only what
 * reading a server's flight takes: no Finished, no application keys.
 *
 * Objects of libcrypto are made once per worker. So is the client's key: making one is a third of the work, and
 * KEY_USES_MAX hellos in a row show the same share. What it protects are certificates that a server shows
 * everybody.
 */

#include <openssl/evp.h>

#include "scanner/base/buf.h"

#define HANDSHAKE_SHARE_LEN 32  /* X25519, RFC 7748 section 5 */
#define KEY_USES_MAX        256 /* handshakes with one client key; our own bound */
#define AEAD_TAG_LEN        16  /* of all three */
#define AEAD_NONCE_LEN      12
#define AEAD_KEY_MAX        32

struct handshake_crypto;

/** A client key and its public half; `key` belongs to whoever took it. */
struct client_key {
    EVP_PKEY *key;
    uint8_t share[HANDSHAKE_SHARE_LEN];
};

/** One direction. */
struct record_keys {
    uint8_t key[AEAD_KEY_MAX];
    uint8_t iv[AEAD_NONCE_LEN];
    uint64_t number; /* of records so far */
};

struct handshake_keys {
    uint8_t suite; /* index in the table of suites */
    struct record_keys server;
    struct record_keys client;
};

/**
 * In a thread whose default library context is `lib`.
 * @return NULL: this libcrypto lacks something, or does not compute what RFC 8448 section 3 and the vectors
 *   beside it say: nothing is to be done with it.
 */
struct handshake_crypto *handshake_crypto_new(OSSL_LIB_CTX *lib);
void handshake_crypto_free(struct handshake_crypto *c); /* NULL is allowed */

/** @return false: none can be made. What is taken is given back by client_key_release(). */
bool client_key_take(struct handshake_crypto *c, struct client_key *out);
void client_key_release(struct client_key *k);

/** Is it one of the suites of TLS 1.3 that are spoken here? */
bool handshake_suite_is_known(uint16_t suite);

/**
 * @param share the server's
 * @param hello whole messages, as are in the transcript: ClientHello, ServerHello
 * @return false: the share is no point of use (RFC 7748 section 6.1: all zero), or libcrypto fails
 */
bool handshake_keys_derive(struct handshake_crypto *c, uint16_t suite, const struct client_key *own,
                           const uint8_t share[HANDSHAKE_SHARE_LEN], struct span client_hello,
                           struct span server_hello, struct handshake_keys *out);

/**
 * Opens a record of the server. @param header its five octets @param body what follows them, AEAD_TAG_LEN + 1 at least
 * @param plain gets the content without padding @return the content type; -1: it is not genuine, or empty
 */
int record_open(struct handshake_crypto *c, struct handshake_keys *keys, const uint8_t header[5],
                struct span body, struct buf *plain);
/** Appends a record of the client. */
bool record_seal(struct handshake_crypto *c, struct handshake_keys *keys, uint8_t type,
                 struct span content, struct buf *out);
