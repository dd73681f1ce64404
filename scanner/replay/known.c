#include "scanner/replay/known.h"

#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/observation/seen_tls.h"

/* A place in the file and a length in one number: certificates of a list have 24-bit lengths. */
#define PLACE_BITS 40

struct known {
    struct octet_file *file;
    struct map certificates; /* SHA-256 → place */
    struct map chain_index;  /* chain id → number */
    struct known_chain *chains;
    uint32_t chain_count;
    uint64_t *places; /* of the certificates of all chains, one list behind the other */
    uint64_t place_count;
    struct map services;
    struct map endpoints;
};

struct known *known_new(struct buf *why)
{
    struct octet_file *file = octet_file_new(why);
    if (file == NULL) {
        return NULL;
    }
    struct known *k = memory_new(1, sizeof(*k));
    k->file = file;
    return k;
}

void known_free(struct known *k)
{
    if (k != NULL) {
        octet_file_free(k->file);
        map_deinit(&k->certificates);
        map_deinit(&k->chain_index);
        map_deinit(&k->services);
        map_deinit(&k->endpoints);
        free(k->chains);
        free(k->places);
        free(k);
    }
}

static struct hash_key key_of_digest(const uint8_t sha256[32])
{
    return hash_key_of((struct span){sha256, 32});
}

bool known_add_certificate(struct known *k, const uint8_t sha256[32], struct span der,
                           struct buf *why)
{
    uint64_t offset = octet_file_len(k->file);
    if (der.len > CERT_LIST_ENTRY_MAX || offset >> PLACE_BITS != 0) {
        buf_put_text(why, der.len > CERT_LIST_ENTRY_MAX ? "longer than a certificate can be"
                                                        : "too many certificates");
        return false;
    }
    bool added = false;
    (void)map_add(&k->certificates, key_of_digest(sha256), der.len << PLACE_BITS | offset, &added);
    return !added || octet_file_append(k->file, der, why);
}

static bool add_places(struct known *k, struct span digests)
{
    for (uint64_t before = k->place_count; digests.len >= 32; digests = span_drop(digests, 32)) {
        const uint64_t *place = map_find(&k->certificates, key_of_digest(digests.at));
        if (place == NULL) {
            k->place_count = before;
            return false;
        }
        k->places = memory_grow_list(k->places, k->place_count, sizeof(*k->places));
        k->places[k->place_count++] = *place;
    }
    return true;
}

uint32_t known_add_chain(struct known *k, const uint8_t id[32], struct span digests, bool *missing)
{
    size_t count = digests.len / 32;
    CHECK(count <= TLS_CERTS_MAX && k->chain_count < KNOWN_CHAIN_NONE);
    struct known_chain chain = {.cert_count = (uint16_t)count, .first = k->place_count};
    memcpy(chain.id, id, sizeof(chain.id));
    *missing = false;
    if (map_find(&k->chain_index, key_of_digest(id)) != NULL) {
        return KNOWN_CHAIN_NONE;
    }
    *missing = !add_places(k, digests);
    if (*missing) {
        return KNOWN_CHAIN_NONE;
    }
    bool added = false;
    (void)map_add(&k->chain_index, key_of_digest(id), k->chain_count, &added);
    k->chains = memory_grow_list(k->chains, k->chain_count, sizeof(*k->chains));
    k->chains[k->chain_count] = chain;
    return k->chain_count++;
}

struct known_chain *known_chain(struct known *k, uint32_t chain)
{
    CHECK(chain < k->chain_count);
    return &k->chains[chain];
}

uint32_t known_chain_count(const struct known *k)
{
    return k->chain_count;
}

uint32_t known_find_chain(const struct known *k, const uint8_t id[32])
{
    const uint64_t *number = map_find(&k->chain_index, key_of_digest(id));
    return number != NULL ? (uint32_t)*number : KNOWN_CHAIN_NONE;
}

bool known_list(struct known *k, uint32_t chain, size_t max, struct buf *list, struct buf *why)
{
    const struct known_chain *c = known_chain(k, chain);
    buf_reset(list);
    for (size_t i = 0; i < c->cert_count && i < max; i++) {
        uint64_t place = k->places[c->first + i];
        size_t len = place >> PLACE_BITS;
        buf_put_char(list, (char)(len >> 16));
        buf_put_char(list, (char)(len >> 8));
        buf_put_char(list, (char)len);
        uint64_t offset = place & ((UINT64_C(1) << PLACE_BITS) - 1);
        if (!octet_file_read(k->file, offset, len, list, why)) {
            return false;
        }
    }
    return true;
}

void known_add_service(struct known *k, struct span key, const struct known_service *s)
{
    bool added = false;
    (void)map_add(&k->services, hash_key_of(key), (uint64_t)s->outcome << 32 | s->chain, &added);
}

bool known_find_service(const struct known *k, struct span key, struct known_service *out)
{
    const uint64_t *found = map_find(&k->services, hash_key_of(key));
    if (found != NULL) {
        *out = (struct known_service){.outcome = (enum session_outcome)(*found >> 32),
                                      .chain = (uint32_t)(*found & UINT32_MAX)};
    }
    return found != NULL;
}

void known_add_endpoint(struct known *k, struct span key, const struct known_endpoint *e)
{
    const uint8_t octets[] = {e->chain.status, e->chain.trusted_by, e->name_match,
                              e->sni,          e->sni_acceptable,   e->covers_parents};
    uint64_t packed = 0;
    for (size_t i = 0; i < sizeof(octets); i++) {
        packed |= (uint64_t)octets[i] << (8 * i);
    }
    bool added = false;
    (void)map_add(&k->endpoints, hash_key_of(key), packed, &added);
}

bool known_find_endpoint(const struct known *k, struct span key, struct known_endpoint *out)
{
    const uint64_t *found = map_find(&k->endpoints, hash_key_of(key));
    if (found != NULL) {
        *out = (struct known_endpoint){
            .chain = {.status = (uint8_t)*found, .trusted_by = (uint8_t)(*found >> 8)},
            .name_match = (uint8_t)(*found >> 16),
            .sni = (uint8_t)(*found >> 24),
            .sni_acceptable = (uint8_t)(*found >> 32),
            .covers_parents = (uint8_t)(*found >> 40)};
    }
    return found != NULL;
}
