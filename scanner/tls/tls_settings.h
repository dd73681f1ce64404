#pragma once

/**
 * What every TLS client here offers and tolerates (tls_context.h says why), for an SSL_CTX that
 * something else has made.
 */

#include <openssl/ssl.h>

/** The ClientHello: versions, suites, groups, signature schemes, and what is asked for as evidence. */
void tls_settings_hello(SSL_CTX *ssl);
/** Old servers are tolerated, nothing is verified, resumed or compressed; bounds. */
void tls_settings_behaviour(SSL_CTX *ssl);
