#pragma once

/**
 * An OpenSSL provider of our own for the handshakes of one context. It stands in front of the default one for two
 * things that libssl 3.0 and 3.1 do at a price, and gives on all the rest:
 *
 * - A key pair of X25519 is generated once for LEAN_KEY_USES_MAX handshakes, and copied. Generating is a sixth of a
 *   handshake; what the key protects is what a server tells everybody, as in handshake_keys.h.
 * - The key schedule of TLS 1.3 is computed by key_schedule.h.
 *
 * Before it is used it is tested: what it derives is what the default provider derives, and its keys agree with
 * keys of the default provider. Otherwise it stays off. It applies where the library loaded at run time is
 * older than 3.2; nobody has tried it with a newer one.
 */

#include <stdbool.h>

#include <openssl/crypto.h>

#define LEAN_KEY_USES_MAX 256                  /* handshakes with one key pair; our own bound */
#define LEAN_QUERY        "?mxcensus.lean=yes" /* of an SSL_CTX that is to use it */

struct lean_provider;

/** Whether the library is one that it was made for; then only a failed self-test keeps it off. */
bool lean_provider_applies(void);
/** In a thread whose default library context is `lib`. @return NULL: it is not used */
struct lean_provider *lean_provider_load(OSSL_LIB_CTX *lib);
/** Before `lib` is freed, which frees the rest. NULL is allowed. */
void lean_provider_unload(struct lean_provider *p);
