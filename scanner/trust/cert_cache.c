#include "scanner/trust/cert_cache.h"

#include "scanner/base/memory.h"

struct cached_cert {
    struct known_cert cert; /* first: what is handed out */
    struct hash_key key;    /* of the DER: stands for it, as base/hash.h says */
    struct cached_cert *next_in_bucket;
    struct cached_cert *newer;
    struct cached_cert *older;
    uint64_t last_use;
};

void cert_cache_init(struct cert_cache *k, time_t at)
{
    *k = (struct cert_cache){.at = at};
}

static void free_cert(struct cached_cert *c)
{
    known_cert_deinit(&c->cert);
    free(c);
}

void cert_cache_deinit(struct cert_cache *k)
{
    for (size_t i = 0; i < CERT_CACHE_BUCKETS; i++) {
        while (k->buckets[i] != NULL) {
            struct cached_cert *c = k->buckets[i];
            k->buckets[i] = c->next_in_bucket;
            free_cert(c);
        }
    }
}

static struct cached_cert **bucket_of(struct cert_cache *k, struct hash_key key)
{
    return &k->buckets[key.low % CERT_CACHE_BUCKETS];
}

static void unlink_use(struct cert_cache *k, struct cached_cert *c)
{
    *(c->newer ? &c->newer->older : &k->newest) = c->older;
    *(c->older ? &c->older->newer : &k->oldest) = c->newer;
}

static void link_newest(struct cert_cache *k, struct cached_cert *c)
{
    c->newer = NULL;
    c->older = k->newest;
    *(k->newest ? &k->newest->newer : &k->oldest) = c;
    k->newest = c;
}

static void drop_oldest(struct cert_cache *k)
{
    struct cached_cert *c = k->oldest;
    struct cached_cert **at = bucket_of(k, c->key);
    while (*at != c) {
        at = &(*at)->next_in_bucket;
    }
    *at = c->next_in_bucket;
    unlink_use(k, c);
    k->count--;
    k->octets -= c->cert.info.der_len;
    free_cert(c);
}

void cert_cache_next_use(struct cert_cache *k)
{
    k->use++;
    while (k->count > CERT_CACHE_CERTS_MAX || k->octets > CERT_CACHE_OCTETS_MAX) {
        drop_oldest(k);
    }
}

static struct cached_cert *cert_cache_find(struct cert_cache *k, struct hash_key key)
{
    struct cached_cert *c = *bucket_of(k, key);
    while (c != NULL && (c->key.low != key.low || c->key.high != key.high)) {
        c = c->next_in_bucket;
    }
    return c;
}

static struct cached_cert *cert_cache_add(struct cert_cache *k, struct span der,
                                          struct hash_key key)
{
    struct cached_cert *c = memory_new(1, sizeof(*c));
    struct cached_cert **bucket = bucket_of(k, key);
    known_cert_init(&c->cert, der, k->at);
    c->key = key;
    c->next_in_bucket = *bucket;
    *bucket = c;
    k->parsed++;
    return c;
}

struct known_cert *cert_cache_keep(struct cert_cache *k, struct span der)
{
    struct hash_key key = hash_key_of(der);
    struct cached_cert *c = cert_cache_find(k, key);
    CHECK(k->count == 0);
    return &(c ? c : cert_cache_add(k, der, key))->cert;
}

struct known_cert *cert_cache_get(struct cert_cache *k, struct span der)
{
    struct hash_key key = hash_key_of(der);
    struct cached_cert *c = cert_cache_find(k, key);
    if (c == NULL) {
        c = cert_cache_add(k, der, key);
        k->count++;
        k->octets += der.len;
        link_newest(k, c);
    } else if (c->cert.anchor_of == 0) {
        unlink_use(k, c);
        link_newest(k, c);
    }
    return &c->cert;
}
