#pragma once

/**
 * What every TLS client here offers and tolerates (tls_context.h says why), for an SSL_CTX that
 * something else has made.
 */

#include <openssl/ssl.h>

/* Of a finite-field group that we compute with: the largest of RFC 7919. OpenSSL itself goes to 10,000, which holds a
 * thread for a second; our own bound. */
#define TLS_DH_BITS_MAX 8192

/** The ClientHello: versions, suites, groups, signature schemes, and what is asked for as evidence. */
void tls_settings_hello(SSL_CTX *ssl);
/** Old servers are tolerated, nothing is verified, resumed or compressed; bounds. */
void tls_settings_behaviour(SSL_CTX *ssl);
