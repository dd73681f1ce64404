#pragma once

#include "scanner/base/buf.h"
#include "scanner/observation/seen_tls.h"

/**
 * What the messages of a server's handshake say, read from their octets: pure functions.
 * `message` is a whole handshake message, its 4-octet header included (RFC 8446 section 4).
 *
 * They only note. Whether a message is acceptable is OpenSSL's judgement, which comes after;
 * so whatever does not parse leaves the fields behind the fault as they were.
 */
enum handshake_message_type {
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_ENCRYPTED_EXTENSIONS = 8,
    MESSAGE_CERTIFICATE = 11,
    MESSAGE_SERVER_KEY_EXCHANGE = 12,
    MESSAGE_CERTIFICATE_REQUEST = 13,
    MESSAGE_CERTIFICATE_VERIFY = 15,
    MESSAGE_CERTIFICATE_STATUS = 22,
};

/** How the parameters in ServerKeyExchange are laid out (TLS <= 1.2). */
enum key_exchange {
    KEY_EXCHANGE_OTHER,
    KEY_EXCHANGE_ECDHE, /* RFC 8422 section 5.4 */
    KEY_EXCHANGE_DHE,   /* RFC 5246 section 7.4.3 */
};

/** Name of a message type that a server may send, NULL for others. */
const char *handshake_message_name(int type);

/** Version, suite, and what its extensions tell. A HelloRetryRequest is a ServerHello too: the
 * one that follows it overwrites. */
void server_hello_read(struct span message, struct seen_tls *seen);
/** Is it a HelloRetryRequest (RFC 8446 section 4.1.3)? */
bool server_hello_asks_again(struct span message);
/** The list in the form of seen_tls.list, appended to `list` up to TLS_CERTS_MAX entries and
 * `list->limit`. Sets cert_count, list_truncated, list_malformed, ocsp_stapled, sct_in_tls. */
void certificate_message_read(struct span message, struct buf *list, struct seen_tls *seen);
/** Group or size of the ephemeral key, and the signature scheme of TLS 1.2. */
void server_key_exchange_read(struct span message, enum key_exchange kind, struct seen_tls *seen);
/** The signature scheme (TLS 1.3). */
void certificate_verify_read(struct span message, struct seen_tls *seen);
