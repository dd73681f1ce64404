#pragma once

/**
 * What TLS shows under a client that is not ours (libcurl): callbacks on the SSL_CTX that it made,
 * before it makes the connection's SSL object from it.
 *
 * Octets are bounded here, where they are read: OpenSSL takes records in a loop of its own that
 * only an empty socket ends, so a peer that never stops would hold the thread. What is over a turn's
 * share waits for the next turn; after SESSION_OCTETS_MAX within the handshake, or too many
 * handshake messages, nothing more is read (`flooded`), and whoever drives the client ends it.
 */

#include "scanner/tls/handshake_notes.h"

struct tls_evidence {
    struct handshake_notes notes;
    const SSL_CTX *ctx; /* of the present connection, as the next; NULL: none */
    const BIO *bio;
    uint64_t begun_ns;    /* when the ClientHello went out; 0: none did */
    uint64_t ended_ns;    /* when both Finished were exchanged; 0: not yet */
    uint64_t octets_in;   /* as sent over TCP */
    uint32_t turn_octets; /* of these, in this turn */
    bool flooded;         /* nothing more is read; notes.seen.error_text says why */
    bool gone;            /* the transport ended while it was read or written */
    bool reset;           /* otherwise than in order */
};

void tls_evidence_init(struct tls_evidence *e, const EVP_MD *sha256, EVP_MD_CTX *digest);
void tls_evidence_reset(struct tls_evidence *e); /* for the next connection; it is detached */
void tls_evidence_deinit(struct tls_evidence *e);

/** Our settings instead of those found, and the callbacks. `e` stays where it is for as long as there are
 * connections from `ssl`, also detached ones. */
void tls_evidence_install(struct tls_evidence *e, SSL_CTX *ssl);
/** Hears nothing more of the connection, whenever its owner frees it: libcurl does in its own time, since 8.12 later
 * than the exchange ends. Allowed at any time. */
void tls_evidence_detach(struct tls_evidence *e);
/** The peer may send its share again. */
void tls_evidence_begin_turn(struct tls_evidence *e);
