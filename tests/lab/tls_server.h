#pragma once

#include <openssl/ssl.h>

#include "tests/lab/cert_store.h"

/** The TLS side of the lab's mail servers: one SSL_CTX per set of parameters, certificates per
 * session, and the answers that no TLS library gives. */

struct tls_server;

struct tls_server *tls_server_new(struct cert_store *certs);
void tls_server_free(struct tls_server *t);
/** A server side that reads from and writes to memory. */
SSL *tls_server_session(struct tls_server *t, const struct service *s,
                        const struct cert_choice *cert);

/** A ClientHello as it arrives, RFC 8446 section 4.1.2. */
enum hello_state {
    HELLO_MORE,
    HELLO_COMPLETE,
    HELLO_BAD, /* no ClientHello */
};

/** @param offer points into `in`. */
enum hello_state tls_read_hello(struct span in, struct offer *offer);

void tls_put_alert(struct buf *out, bool fatal, uint8_t description);
void tls_put_ssl3_hello(struct buf *out);
/** Copies a first flight of TLS 1.2 with what the service's fate makes of it: half of it, or one
 * message by hand. */
void tls_put_changed_flight(struct tls_server *t, struct buf *out, struct span flight,
                            const struct service *s, const struct cert_choice *cert, SSL *ssl);
/** A flight of handshake records in records of one octet (RFC 8446 section 5.1: a message may be cut anywhere). */
void tls_put_cut_flight(struct buf *out, struct span flight);
