#pragma once

#include "scanner/base/span.h"

/** SHA-256 (FIPS 180-4): of octets at once, and of a stream piece by piece. */
void digest_sha256(struct span octets, uint8_t out[32]);

void *digest_begin(void); /* opaque; given back by digest_end() */
void digest_add(void *digest, struct span octets);
void digest_end(void *digest, uint8_t out[32]);
