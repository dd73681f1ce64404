#pragma once

/**
 * A TLS client handshake over memory: octets in, octets out, no socket, no clock.
 *
 *     struct handshake *h = handshake_new(ctx, "mx.example");
 *     status = handshake_step(h, (struct span){0}, &out);    // the ClientHello; send `out`
 *     while (status == HANDSHAKE_MORE) {
 *         status = handshake_step(h, what_arrived, &out);    // send `out`, whatever the status
 *     }
 *     DONE:   handshake_read(h, (struct span){0}, &plain, &out, &closed);
 *             // at once: octets behind the handshake in the last segment
 *             handshake_write(h, ehlo, &out); handshake_read(h, what_arrived, ...); ...
 *     FAILED: final. `out` may hold an alert that the peer should see (RFC 8446 section 6.2).
 *
 * If the transport ends first, handshake_peer_gone() tells, and that is final too.
 *
 * What the peer did is in handshake_seen() and handshake_outcome(). The engine never fails on
 * what a certificate says: nothing is verified here. It can only fail on one that cannot be
 * read (the key is needed to go on); the presented list is recorded before it is looked at.
 *
 * Bounds: a peer can make us hold TLS_LIST_MAX octets of certificates here and as much again
 * inside OpenSSL, plus one record. `out` and `plain` carry their own limits; reaching one
 * ends the connection (HANDSHAKE_FAILED, or false), and so does the handshake message after
 * HANDSHAKE_MESSAGES_MAX. How many octets a session may take is the caller's, who reads them.
 */

#include "scanner/base/buf.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/tls/handshake_key.h"
#include "scanner/tls/tls_context.h"

enum handshake_status {
    HANDSHAKE_MORE,   /* send `out`, then feed what arrives */
    HANDSHAKE_DONE,   /* both Finished were exchanged */
    HANDSHAKE_FAILED, /* final; handshake_outcome() says why */
};

struct handshake;

/** @param ctx borrowed; outlives the handshake. @param sni copied; NULL: no server_name. */
struct handshake *handshake_new(struct tls_context *ctx, const char *sni);
/** Before the first step: offers only signature schemes and suites of that kind, so that a server
 * with certificates of both shows this one. A server without it ends with an alert. */
void handshake_limit_key(struct handshake *h, enum handshake_key key);
/** Back to the context, which keeps some for reuse. NULL is allowed. */
void handshake_free(struct handshake *h);

/** Only while HANDSHAKE_MORE. The first call, with nothing in, makes the ClientHello.
 * Appends to `out`. All of `in` is used, or kept for the first handshake_read(). */
enum handshake_status handshake_step(struct handshake *h, struct span in, struct buf *out);

/** After DONE: appends what was decrypted to `plain`, and answers the protocol needs to `out`
 * (send it). `*closed` becomes true on the peer's close_notify. @return false: the connection
 * cannot be used any more, by a fatal alert, by octets that are no TLS, or by a full buffer. */
bool handshake_read(struct handshake *h, struct span in, struct buf *plain, struct buf *out,
                    bool *closed);
/** After DONE. @return false: the connection cannot be used any more. */
bool handshake_write(struct handshake *h, struct span plain, struct buf *out);
/** After DONE: close_notify, once. */
void handshake_shutdown(struct handshake *h, struct buf *out);

/** The transport ended: closed, reset or given up at a timeout. Without effect after DONE or
 * FAILED. */
void handshake_peer_gone(struct handshake *h, bool reset, bool timeout);

/** The caller reads no more: the peer sent more than a session needs. After DONE the outcome stays
 * and error_text tells. Without effect after FAILED but for the text. */
void handshake_octets_exceeded(struct handshake *h);
/** The same of one that is over, and freed. */
void handshake_note_octets_exceeded(struct seen_tls *seen);

/** Borrowed; valid until handshake_free(). `ms` is left at -1: the engine has no clock. */
const struct seen_tls *handshake_seen(const struct handshake *h);
/** NOT_TESTED while undecided, then ESTABLISHED or one of the TLS_* words. */
enum session_outcome handshake_outcome(const struct handshake *h);
