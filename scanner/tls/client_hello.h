#pragma once

/**
 * A ClientHello of our own, for questions that need no more than the answer to it: nobody holds
 * the keys to what it offers, so no handshake can follow.
 */

#include "scanner/base/buf.h"

#define CLIENT_HELLO_RANDOM_LEN 96 /* octets that client_hello_put() takes */

/**
 * Appends one record with a ClientHello that offers TLS 1.0 up to `max_version` (0x0301..0x0304),
 * every suite of these versions that is in use with a certificate and unbroken enough to be
 * configured, and what clients of these versions offer besides.
 * @param sni without a trailing dot; NULL: no server_name.
 * @param random fresh: random, session id and key share.
 */
void client_hello_put(struct buf *out, uint16_t max_version, const char *sni,
                      const uint8_t random[CLIENT_HELLO_RANDOM_LEN]);
