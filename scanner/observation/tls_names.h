#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scanner/base/span.h"

/**
 * Names of the numbers in struct seen_tls, as IANA registers them ("Transport Layer Security (TLS)
 * Parameters"). Plain tables: a row can name what a peer chose without a TLS library.
 * NULL for a number without a name here.
 */
const char *tls_version_word(uint16_t version); /* "TLSv1.2" */
const char *tls_cipher_name(uint16_t cipher);   /* "TLS_AES_128_GCM_SHA256" */
/** By that name. @return false, `out` unchanged, when there is no such name here. */
bool tls_cipher_find(struct span name, uint16_t *out);
const char *tls_group_name(uint16_t group);             /* "x25519" */
const char *tls_signature_scheme_name(uint16_t scheme); /* "rsa_pss_rsae_sha256" */
const char *tls_alert_name(int alert);                  /* "handshake_failure" */
