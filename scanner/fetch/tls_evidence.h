#pragma once

/**
 * What TLS shows under a client that is not ours (libcurl): callbacks on the SSL_CTX that it made,
 * before it makes the connection's SSL object from it.
 */

#include "scanner/tls/handshake_notes.h"

struct tls_evidence {
    struct handshake_notes notes;
    uint64_t begun_ns;  /* when the ClientHello went out; 0: none did */
    uint64_t ended_ns;  /* when both Finished were exchanged; 0: not yet */
    uint64_t octets_in; /* as sent over TCP */
    bool gone;          /* the transport ended while it was read or written */
    bool reset;         /* otherwise than in order */
};

void tls_evidence_init(struct tls_evidence *e, const EVP_MD *sha256, EVP_MD_CTX *digest);
void tls_evidence_reset(struct tls_evidence *e); /* for the next connection */
void tls_evidence_deinit(struct tls_evidence *e);

/** Our settings instead of those found, and the callbacks. `e` stays where it is for as long as
 * there are connections from `ssl`. */
void tls_evidence_install(struct tls_evidence *e, SSL_CTX *ssl);

uint64_t monotonic_ns(void);
