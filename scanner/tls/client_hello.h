#pragma once

/**
 * A ClientHello of our own, for questions that need no more than the answer to it: nobody holds
 * the keys to what it offers, so no handshake can follow.
 */

#include "scanner/base/buf.h"

#define CLIENT_HELLO_RANDOM_LEN 96 /* octets that client_hello_put() takes */

/** Suites in one hello: some servers and load balancers fail at 128 and more (testssl.sh, issue 806). */
#define OFFERED_SUITES_MAX 127

/** Cipher suites, in the order in which the client likes them. */
struct suite_list {
    const uint16_t *at;
    size_t count;
};

/**
 * Appends one record with a ClientHello that offers TLS 1.0 up to `max_version` (0x0301..0x0304)
 * and what clients of these versions offer besides.
 * @param suites none: every suite of these versions that is in use with a certificate and unbroken
 *   enough to be configured.
 * @param sni without a trailing dot; NULL: no server_name.
 * @param random fresh: random, session id and key share.
 */
void client_hello_put(struct buf *out, uint16_t max_version, struct suite_list suites,
                      const char *sni, const uint8_t random[CLIENT_HELLO_RANDOM_LEN]);
