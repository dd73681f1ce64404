#pragma once

/**
 * A handshake up to where the server waits for us, without libssl: the ClientHello of the whole ones without
 * SNI, the server's flight, and a polite end. The list of certificates is known then, and what was chosen; that
 * the server has the key of its certificate is not. Octets in, octets out: no socket, no clock.
 *
 *     struct short_handshake *h = short_handshake_new(ctx);
 *     short_handshake_hello(h, &out);                   // send `out`
 *     while (short_handshake_feed(h, what_arrived, &out) == SHORT_MORE) { }   // send `out`, if there is any
 *     short_handshake_goodbye(h, &out);                 // send `out`, then close
 *
 * TLS 1.2 is read in clear. For TLS 1.3 the handshake keys are derived with libcrypto (handshake_keys.h), after a
 * second ClientHello if the server asks for one (HelloRetryRequest) with a key share that is spoken here. Whatever
 * is unexpected is SHORT_FELL: nothing may be concluded from it, and a whole handshake is to be made.
 */

#include "scanner/base/buf.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/tls/tls_context.h"

enum short_status {
    SHORT_MORE,
    SHORT_DONE,
    SHORT_FELL,
};

struct short_handshake;

/** @param ctx one that tls_context_has_short_handshakes(); outlives it @return NULL: libcrypto made no key */
struct short_handshake *short_handshake_new(struct tls_context *ctx);
void short_handshake_free(struct short_handshake *h); /* NULL is allowed */

void short_handshake_hello(const struct short_handshake *h, struct buf *out);
/** Only while MORE. What follows in `in` is of no interest when it decides. @param out gets a second ClientHello */
enum short_status short_handshake_feed(struct short_handshake *h, struct span in, struct buf *out);
/** The transport ended: closed, reset or given up at a timeout. Without effect when decided. */
void short_handshake_peer_gone(struct short_handshake *h, bool reset, bool timeout);
/** The caller reads no more: the peer sent more than a session needs. */
void short_handshake_octets_exceeded(struct short_handshake *h);
/** user_canceled and close_notify (RFC 8446 section 6.1), protected where keys are; nothing where the server has
 * ended it. */
void short_handshake_goodbye(struct short_handshake *h, struct buf *out);

enum short_status short_handshake_status(const struct short_handshake *h);
/** Borrowed; valid until short_handshake_free(). When DONE `completed` is set and `short_flight` says how that is
 * meant; when FELL error_text says why, unless the server
 * left, of which there is no more to say. */
const struct seen_tls *short_handshake_seen(const struct short_handshake *h);
/** NOT_TESTED while undecided; ESTABLISHED when DONE; else one of TLS_*. */
enum session_outcome short_handshake_outcome(const struct short_handshake *h);
