#pragma once

#include "scanner/base/hash.h"
#include "scanner/trust/known_cert.h"

/**
 * Certificates that a judge has parsed: anchors for good, others until they have not been used
 * for long. What is handed out stays where it is until the next cert_cache_next_use().
 */
#define CERT_CACHE_CERTS_MAX  1024       /* beside anchors and those in use; our own bound */
#define CERT_CACHE_OCTETS_MAX (8U << 20) /* DER of these; OpenSSL's objects take ten times that */
#define CERT_CACHE_BUCKETS    2048

struct cached_cert; /* private */

struct cert_cache {
    time_t at;
    struct cached_cert *buckets[CERT_CACHE_BUCKETS];
    struct cached_cert *newest; /* by last use; anchors are not in this list */
    struct cached_cert *oldest;
    size_t count;
    size_t octets;
    uint64_t use;
    uint64_t parsed; /* certificates, in all */
};

/** @param at judgement time, Unix seconds. */
void cert_cache_init(struct cert_cache *k, time_t at);
void cert_cache_deinit(struct cert_cache *k);
/** From now on, what was handed out before may go. */
void cert_cache_next_use(struct cert_cache *k);
/** Never NULL; its x509 is NULL when `der` is no certificate. The same octets, the same pointer. */
struct known_cert *cert_cache_get(struct cert_cache *k, struct span der);
/** The same, kept for the life of the cache. Before anything else is asked for. */
struct known_cert *cert_cache_keep(struct cert_cache *k, struct span der);
