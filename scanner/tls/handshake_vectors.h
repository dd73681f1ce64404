#pragma once

/** The self-test of handshake_keys.h: what libcrypto computes there is known from RFC 8448 sections 3 and 5. */

#include "scanner/tls/handshake_keys.h"

bool handshake_vectors_hold(struct handshake_crypto *c);
