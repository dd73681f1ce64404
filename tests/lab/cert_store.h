#pragma once

#include <openssl/ssl.h>

#include "tests/lab/keys.h"
#include "tests/lab/world.h"

/**
 * Certificates as a pure function of (key pool, reference time, cert_choice), signed when first
 * asked for and kept in a bounded cache. Every process that opens the same pool for the same world
 * makes the same octets.
 */

struct cert_store;

/** What a server needs to show a certificate. Valid until the next cert_store_get(). */
struct cert_entry {
    uint64_t key;    /* of the cache */
    struct span der; /* of the leaf */
    X509 *leaf;
    STACK_OF(X509) * chain; /* sent behind the leaf, in this order */
    EVP_PKEY *pkey;
};

/** @param keys_path the pool; made when absent. @return NULL with one line in `error`. */
struct cert_store *cert_store_open(const char *keys_path, int64_t now, struct buf *error);
void cert_store_close(struct cert_store *store);
const struct cert_entry *cert_store_get(struct cert_store *store, const struct cert_choice *choice);
/** Appends the leaf as it would be with a key of GOST: for who shows it by hand. */
void cert_store_put_gost(struct cert_store *store, const struct cert_choice *choice,
                         struct buf *out);
/** Serial number of the certificate, without making it, unless it is odd. Never 0, less than 2^63. */
uint64_t cert_serial(const struct cert_choice *choice);
#define CERT_SERIAL_TEXT_MAX 80
/** The same as decimal text, also where it is odd. */
void cert_serial_text(const struct cert_choice *choice, char out[CERT_SERIAL_TEXT_MAX]);
/** Validity, without making it. */
void cert_validity(const struct cert_choice *choice, int64_t now, int64_t *not_before,
                   int64_t *not_after);
/** Appends what a TLSA record holds (RFC 6698 section 2.1.4): of the leaf or its issuer, of the whole
 * or its key. Matching types but 0 and 2 are taken for 1. */
void cert_store_data(struct cert_store *store, const struct cert_choice *choice, bool issuer,
                     bool spki, uint8_t matching, struct buf *out);
void cert_store_digest_of(struct span data, uint8_t matching, struct buf *out);
/** The roots a client should trust, as PEM; one of them has expired. `fewer`: without the last CA's. */
bool cert_store_write_roots(struct cert_store *store, const char *path, bool fewer);
