#pragma once

#include "scanner/base/span.h"
#include "scanner/observation/sender_facts.h"

/**
 * Kind, size and usage of the key of a certificate, read straight from its DER, without OpenSSL,
 * because every endpoint needs them.
 * @return false, `out` zero, when `der` is no certificate
 */
bool leaf_key_read(struct span der, struct leaf_key *out);
