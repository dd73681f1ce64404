#pragma once

/**
 * The keys that protect the messages of a TLS 1.3 handshake behind the ServerHello (RFC 8446 section 7), and
 * records under them (section 5.2), by libcrypto: X25519 and P-256, HKDF, and the AEADs of the three suites. Only
 * what reading a server's flight takes: no Finished, no application keys.
 *
 * Objects of libcrypto are made once per worker. So is the client's key of each group: making one is a third of the
 * work, and KEY_USES_MAX hellos in a row show the same share. What it protects are certificates that a server shows
 * everybody.
 */

#include <openssl/evp.h>

#include "scanner/base/buf.h"

#define HANDSHAKE_SHARE_MAX 65  /* octets: P-256, RFC 8446 section 4.2.8.2 */
#define KEY_USES_MAX        256 /* handshakes with one client key; our own bound */
#define AEAD_TAG_LEN        16  /* of all three */
#define AEAD_NONCE_LEN      12
#define AEAD_KEY_MAX        32

struct handshake_crypto;

/** A client key and its public half; `key` belongs to whoever took it. */
struct client_key {
    EVP_PKEY *key;
    uint16_t group;
    uint8_t share[HANDSHAKE_SHARE_MAX]; /* handshake_share_len() of them */
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
 * @return NULL: this libcrypto lacks something. What it computes is to be tested (handshake_vectors.h).
 */
struct handshake_crypto *handshake_crypto_new(OSSL_LIB_CTX *lib);
void handshake_crypto_free(struct handshake_crypto *c); /* NULL is allowed */

/** How long the key shares of a group are. @return 0: it is not spoken here */
size_t handshake_share_len(uint16_t group);

/** @param group one that is spoken @return false: none can be made. What is taken is given back by
 * client_key_release(). */
bool client_key_take(struct handshake_crypto *c, uint16_t group, struct client_key *out);
/** A key that is known. @param secret 32 octets @param share of `group` */
bool client_key_from(struct handshake_crypto *c, uint16_t group, const uint8_t secret[32],
                     const uint8_t *share, struct client_key *out);
void client_key_release(struct client_key *k);

/** Is it one of the suites of TLS 1.3 that are spoken here? */
bool handshake_suite_is_known(uint16_t suite);

/** A transcript begins anew with HelloRetryRequest (RFC 8446 section 4.4.1): appends what stands in front of the
 * second ClientHello then. @param suite as the server chose @return false: libcrypto fails */
bool handshake_put_retried(struct handshake_crypto *c, uint16_t suite, struct span client_hello,
                           struct span retry_request, struct buf *out);

/**
 * @param share the server's, of the group of `own`
 * @param client_side of the transcript: the ClientHello; with a second one what handshake_put_retried() says, and that
 * @return false: the share is no point of use (RFC 7748 section 6.1: all zero), or libcrypto fails
 */
bool handshake_keys_derive(struct handshake_crypto *c, uint16_t suite, const struct client_key *own,
                           const uint8_t *share, struct span client_side, struct span server_hello,
                           struct handshake_keys *out);

/**
 * Opens a record of the server. @param header its five octets @param body what follows them, AEAD_TAG_LEN + 1 at least
 * @param plain gets the content without padding @return the content type; -1: it is not genuine, or empty
 */
int record_open(struct handshake_crypto *c, struct handshake_keys *keys, const uint8_t header[5],
                struct span body, struct buf *plain);
/** Appends a record of the client. */
bool record_seal(struct handshake_crypto *c, struct handshake_keys *keys, uint8_t type,
                 struct span content, struct buf *out);
