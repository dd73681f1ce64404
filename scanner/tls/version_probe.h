#pragma once

/**
 * One ClientHello and what the server makes of it: an engine without socket and clock, and without
 * OpenSSL. It stops at the first answer that decides; the rest of the server's flight is not read.
 *
 *     struct version_probe *p = version_probe_new(0x0302, "mx.example");
 *     version_probe_hello(p, &out);                     // send `out`
 *     while (!version_probe_feed(p, what_arrived)) { }
 *     version_probe_goodbye(p, &out);                   // send `out`, then close
 *
 * If the transport ends first, version_probe_peer_gone() tells.
 */

#include "scanner/base/buf.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_session.h"
#include "scanner/tls/client_hello.h"

struct version_probe;

/** @param max_version 0x0301..0x0304: offered, with all below it. @param sni copied; NULL: none. */
struct version_probe *version_probe_new(uint16_t max_version, const char *sni);
/** Offers these, copied, instead of the usual ones. Before the hello; from 1 to OFFERED_SUITES_MAX. */
void version_probe_offer(struct version_probe *p, struct suite_list suites);
void version_probe_free(struct version_probe *p); /* NULL is allowed */

void version_probe_hello(const struct version_probe *p, struct buf *out);
/** @return true: decided; what follows is of no interest. Only while undecided. */
bool version_probe_feed(struct version_probe *p, struct span in);
/** The transport ended: closed, reset or given up at a timeout. Without effect when decided. */
void version_probe_peer_gone(struct version_probe *p, bool reset, bool timeout);
/** The caller reads no more: alerts without end, and no answer. */
void version_probe_octets_exceeded(struct version_probe *p);
/** Where the server waits for us: user_canceled and close_notify (RFC 8446 section 6.1), in clear
 * as from a client that does not understand the ServerHello. */
void version_probe_goodbye(const struct version_probe *p, struct buf *out);

/** Borrowed; valid until version_probe_free(). */
const struct seen_hello *version_probe_seen(const struct version_probe *p);
/** NOT_TESTED while undecided; ESTABLISHED when a version was accepted; else one of TLS_*. */
enum session_outcome version_probe_outcome(const struct version_probe *p);
