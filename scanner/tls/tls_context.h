#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * What all handshakes of one worker thread share.
 *
 * The ClientHello is that of the commonest mail client, Postfix at its defaults: TLS 1.0 to
 * 1.3 at security level 0 (Postfix sets this level for opportunistic TLS, in tls_client.c),
 * with the cipher list "DEFAULT" of OpenSSL: no anonymous and no NULL suite, which would
 * let a server hide its certificate. On the levels that distributions compile in (1 or 2),
 * TLS 1.0 and 1.1 cannot be spoken at all; what level 0 adds to the hello besides these
 * versions are SHA-1 and SHA-224 signatures at the end of signature_algorithms. A server
 * that shares anything newer does not choose them: clients list them last, and RFC 8446
 * section 4.2.3 forbids them in TLS 1.3. Groups are set by name, so that every version of
 * OpenSSL sends the same: X25519 alone would shut out TLS 1.2 servers with a P-256
 * certificate, and the hybrid groups of OpenSSL 3.5 make a ClientHello of 1.6 KB that some
 * old servers do not read. Asked for besides: OCSP status and SCT list, as evidence.
 */
struct tls_context;

/** Once, before any thread uses OpenSSL: keeps a local openssl.cnf out of the results. */
void tls_process_init(void);

/**
 * To be called in the thread that will use it: OpenSSL's default library context of this
 * thread becomes the context's own, so that threads share no locks.
 * @param levers use what makes handshakes cheaper, where it applies and passes its self-test: the
 *        faster reading of public keys (fast_public_key.h; it is of the whole process, and on as long
 *        as one context asks for it), and the lean provider (lean_provider.h).
 */
struct tls_context *tls_context_new(bool levers);
/** In the thread that made it, after all its handshakes were freed. NULL is allowed. */
void tls_context_free(struct tls_context *ctx);
/** Whether public keys are read the fast way in this process now. */
bool tls_context_has_fast_public_keys(const struct tls_context *ctx);
bool tls_context_has_lean_provider(const struct tls_context *ctx);
/** Levers that were wanted and failed their self-test: handshakes cost more and show the same.
 * @return the name of number `i` of them, static text; NULL beyond the last */
const char *tls_context_failed_lever(const struct tls_context *ctx, size_t i);

/** For short_handshake.h: takes the ClientHello of this libssl for a form, and tests what libcrypto computes.
 * @return false: one of them is not as it must be, and there are only whole handshakes */
bool tls_context_enable_short_handshakes(struct tls_context *ctx);
bool tls_context_has_short_handshakes(const struct tls_context *ctx);

/** The version of the OpenSSL that runs, e.g. "OpenSSL 3.0.15 3 Sep 2024". Static text. */
const char *tls_library_version(void);
