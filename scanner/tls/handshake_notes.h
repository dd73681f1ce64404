#pragma once

/**
 * What the message callback and the error queue of OpenSSL tell about a handshake, noted in a
 * seen_tls: for every client here, whoever does its I/O.
 */

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "scanner/base/buf.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/tls/handshake_message.h"

struct handshake_notes {
    const EVP_MD *sha256; /* borrowed, as the next */
    EVP_MD_CTX *digest;
    int last_message;  /* type of the last handshake message of the peer, -1: none */
    uint32_t messages; /* of the peer, in the handshake and behind it */
    struct buf list;   /* what seen.list points to */
    struct seen_tls seen;
};

void handshake_notes_init(struct handshake_notes *n, const EVP_MD *sha256, EVP_MD_CTX *digest);
/** For the next handshake; keeps at most `keep` octets of memory. */
void handshake_notes_reset(struct handshake_notes *n, size_t keep);
void handshake_notes_deinit(struct handshake_notes *n);

/** How the server tells its part, as far as it shows in ServerKeyExchange. @param cipher NULL: KEY_EXCHANGE_OTHER */
enum key_exchange handshake_key_exchange(const SSL_CIPHER *cipher);

/** A whole handshake message from the peer, its header included. */
void handshake_note_message(struct handshake_notes *n, const SSL *ssl, struct span message);
/** The same without libssl. @param kind of the suite */
void handshake_note_octets(struct handshake_notes *n, enum key_exchange kind, struct span message);
/** Each handshake message of the peer, also those behind the handshake. @return false: more than
 * HANDSHAKE_MESSAGES_MAX, which error_text says now; the session is to be ended. */
bool handshake_count_message(struct handshake_notes *n);
/** The peer passed one of our bounds: a text that says of what there was too much. */
void handshake_note_flood(struct seen_tls *seen, const char *of_what);
void handshake_note_alert(struct seen_tls *seen, bool sent, const uint8_t alert[2]);
/** The cause in the error queue of this thread, which stays as it is. */
void handshake_note_error(struct handshake_notes *n);
