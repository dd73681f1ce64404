#pragma once

#include "scanner/observation/seen_tls.h"

/** Which kind of key the server may prove. */
enum handshake_key {
    HANDSHAKE_KEY_ANY,
    HANDSHAKE_KEY_RSA,
    HANDSHAKE_KEY_ECDSA,
};

/** The kind of key that the server proved: RSA or ECDSA (with EdDSA and DSA); needs a ServerHello. */
enum handshake_key handshake_key_shown(const struct seen_tls *seen);
