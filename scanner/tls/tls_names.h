#pragma once

#include <stdint.h>

/**
 * The names that IANA gives to numbers of TLS: registry "Transport Layer Security (TLS)
 * Parameters" (cipher suites, supported groups, signature schemes, alerts), as of 2026-11.
 * Every function returns static text, and NULL for a number without a name: the caller then
 * writes the number.
 */

const char *tls_version_word(uint16_t version);         /* "TLSv1.2"; from SSLv2 to TLSv1.3 */
const char *tls_cipher_name(uint16_t cipher);           /* "TLS_AES_128_GCM_SHA256" */
const char *tls_group_name(uint16_t group);             /* "x25519" */
const char *tls_signature_scheme_name(uint16_t scheme); /* "rsa_pss_rsae_sha256" */
const char *tls_alert_name(int alert); /* "handshake_failure"; NULL for -1, which is "none" */
