#include "scanner/replay/known.h"

#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/observation/seen_tls.h"

/* A place in the file and a length in one number: certificates of a list have 24-bit lengths, and
 * nothing else here is longer. */
#define PLACE_BITS 40

struct known {
    struct octet_file *file;
    struct map certificates; /* SHA-256 → place */
    struct map chain_index;  /* chain id → number */
    struct known_chain *chains;
    uint32_t chain_count;
    uint64_t *places; /* of the certificates of all chains, one list behind the other */
    uint64_t place_count;
    struct map service_index;
    struct known_service *services;
    size_t service_count;
    struct map endpoint_index;
    struct known_endpoint *endpoints;
    size_t endpoint_count;
    struct map host_index;
    struct known_host *hosts;
    size_t host_count;
    struct map speakers;
    struct map policies; /* domain → place of its row */
    struct map bodies;   /* SHA-256 → place */
    struct buf packed;   /* of one host */
    struct map texts;    /* text → struct known_text * in the arena */
    struct arena_pool pool;
    struct arena arena;
};

struct known *known_new(struct buf *why)
{
    struct octet_file *file = octet_file_new(why);
    if (file == NULL) {
        return NULL;
    }
    struct known *k = memory_new(1, sizeof(*k));
    k->file = file;
    k->packed = BUF_INIT(BUF_NO_LIMIT);
    k->arena = ARENA_INIT(&k->pool);
    return k;
}

void known_free(struct known *k)
{
    if (k != NULL) {
        octet_file_free(k->file);
        map_deinit(&k->certificates);
        map_deinit(&k->chain_index);
        map_deinit(&k->service_index);
        map_deinit(&k->endpoint_index);
        map_deinit(&k->host_index);
        map_deinit(&k->speakers);
        map_deinit(&k->policies);
        map_deinit(&k->bodies);
        free(k->chains);
        free(k->places);
        free(k->services);
        free(k->endpoints);
        free(k->hosts);
        buf_deinit(&k->packed);
        map_deinit(&k->texts);
        arena_reset(&k->arena);
        arena_pool_deinit(&k->pool);
        free(k);
    }
}

static struct hash_key key_of_digest(const uint8_t sha256[32])
{
    return hash_key_of((struct span){sha256, 32});
}

/* Keeps octets in the file under a key, unless it is there. */
static bool known_keep(struct known *k, struct map *places, struct hash_key key, struct span octets,
                       bool *added, struct buf *why)
{
    uint64_t offset = octet_file_len(k->file);
    if (octets.len > CERT_LIST_ENTRY_MAX || offset >> PLACE_BITS != 0) {
        buf_put_text(why, "more octets than can be kept");
        return false;
    }
    (void)map_add(places, key, octets.len << PLACE_BITS | offset, added);
    return !*added || octet_file_append(k->file, octets, why);
}

/* Appends what was kept. */
static bool fetch(struct known *k, uint64_t place, struct buf *to, struct buf *why)
{
    uint64_t offset = place & ((UINT64_C(1) << PLACE_BITS) - 1);
    return octet_file_read(k->file, offset, (size_t)(place >> PLACE_BITS), to, why);
}

bool known_add_certificate(struct known *k, const uint8_t sha256[32], struct span der,
                           struct buf *why)
{
    bool added = false;
    return known_keep(k, &k->certificates, key_of_digest(sha256), der, &added, why);
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
        if (!fetch(k, place, list, why)) {
            return false;
        }
    }
    return true;
}

const struct known_text *known_text(struct known *k, struct span text)
{
    bool added = false;
    if (text.len == 0) {
        return NULL;
    }
    uint64_t *at = map_add(&k->texts, hash_key_of(text), 0, &added);
    if (added) {
        struct known_text *t = arena_new(&k->arena, 1, sizeof(*t) + text.len);
        t->len = text.len;
        memcpy(t->octets, text.at, text.len);
        *at = (uint64_t)(uintptr_t)t;
    }
    return (const struct known_text *)(uintptr_t)*at;
}

void known_add_service(struct known *k, struct span key, const struct known_service *s)
{
    bool added = false;
    (void)map_add(&k->service_index, hash_key_of(key), k->service_count, &added);
    if (added) {
        k->services = memory_grow_list(k->services, k->service_count, sizeof(*k->services));
        k->services[k->service_count++] = *s;
    }
}

const struct known_service *known_find_service(const struct known *k, struct span key)
{
    const uint64_t *index = map_find(&k->service_index, hash_key_of(key));
    return index != NULL ? &k->services[*index] : NULL;
}

void known_add_endpoint(struct known *k, struct span key, const struct known_endpoint *e)
{
    bool added = false;
    (void)map_add(&k->endpoint_index, hash_key_of(key), k->endpoint_count, &added);
    if (added) {
        k->endpoints = memory_grow_list(k->endpoints, k->endpoint_count, sizeof(*k->endpoints));
        k->endpoints[k->endpoint_count++] = *e;
    }
}

const struct known_endpoint *known_find_endpoint(const struct known *k, struct span key)
{
    const uint64_t *index = map_find(&k->endpoint_index, hash_key_of(key));
    return index != NULL ? &k->endpoints[*index] : NULL;
}

/* --- what DNS says of DANE ------------------------------------------------------------------ */

#define TLSA_HEAD 5 /* octets: usage, selector, matching type, length of the data */

/* Base domain with its length in front, then the records in the form of their wire format. */
static void pack(struct buf *out, struct span base, const struct seen_tlsa *tlsas, size_t count)
{
    buf_reset(out);
    buf_put_char(out, (char)(base.len >> 8));
    buf_put_char(out, (char)base.len);
    buf_put(out, base);
    for (size_t i = 0; i < count; i++) {
        const struct seen_tlsa *t = &tlsas[i];
        const uint8_t head[TLSA_HEAD] = {t->usage, t->selector, t->matching,
                                         (uint8_t)(t->data.len >> 8), (uint8_t)t->data.len};
        buf_put(out, (struct span){head, sizeof(head)});
        buf_put(out, t->data);
    }
}

bool known_add_host(struct known *k, const struct seen_host *h, const struct dane_host_verdict *v,
                    struct buf *why)
{
    struct known_host host = {.state = (uint8_t)v->state,
                              .tlsa_at = (uint8_t)v->at,
                              .block = h->block,
                              .at = octet_file_len(k->file)};
    bool added = false;
    (void)map_add(&k->host_index, hash_key_of(h->name), k->host_count, &added);
    if (!added) {
        return true;
    }
    if (v->base.len > 0 && v->tlsa_count > 0) {
        pack(&k->packed, v->base, v->tlsas, v->tlsa_count);
        host.octets = (uint32_t)k->packed.len;
    }
    k->hosts = memory_grow_list(k->hosts, k->host_count, sizeof(*k->hosts));
    k->hosts[k->host_count++] = host;
    return host.octets == 0 || octet_file_append(k->file, buf_span(&k->packed), why);
}

const struct known_host *known_find_host(const struct known *k, struct span name)
{
    const uint64_t *index = map_find(&k->host_index, hash_key_of(name));
    return index != NULL ? &k->hosts[*index] : NULL;
}

static struct span take(struct span *rest, size_t len)
{
    struct span taken = span_take(*rest, len);
    CHECK(taken.len == len);
    *rest = span_drop(*rest, len);
    return taken;
}

static size_t take_length(struct span *rest)
{
    struct span octets = take(rest, 2);
    return (size_t)octets.at[0] << 8 | octets.at[1];
}

bool known_records(struct known *k, const struct known_host *h, struct arena *arena,
                   struct span *base, const struct seen_tlsa **tlsas, size_t *count,
                   struct buf *why)
{
    *base = (struct span){0};
    *tlsas = NULL;
    *count = 0;
    buf_reset(&k->packed);
    if (h->octets == 0) {
        return true;
    }
    if (!octet_file_read(k->file, h->at, h->octets, &k->packed, why)) {
        return false;
    }
    struct span rest = arena_copy(arena, buf_span(&k->packed));
    *base = take(&rest, take_length(&rest));
    struct seen_tlsa *records = arena_new(arena, TLSA_MAX, sizeof(*records));
    while (rest.len > 0 && *count < TLSA_MAX) {
        struct span head = take(&rest, TLSA_HEAD - 2);
        records[*count] =
            (struct seen_tlsa){.usage = head.at[0], .selector = head.at[1], .matching = head.at[2]};
        records[(*count)++].data = take(&rest, take_length(&rest));
    }
    *tlsas = records;
    return true;
}

/* --- policies ------------------------------------------------------------------------------- */

static bool find_kept(struct known *k, const struct map *places, struct hash_key key,
                      struct buf *octets, struct buf *why)
{
    const uint64_t *place = map_find(places, key);
    buf_reset(octets);
    return place != NULL && fetch(k, *place, octets, why);
}

bool known_add_speaker(struct known *k, struct span key, struct span line, struct buf *why)
{
    bool added = false;
    (void)map_remove(&k->speakers, hash_key_of(key));
    return known_keep(k, &k->speakers, hash_key_of(key), line, &added, why);
}

bool known_find_speaker(struct known *k, struct span key, struct buf *octets, struct buf *why)
{
    return find_kept(k, &k->speakers, hash_key_of(key), octets, why);
}

bool known_add_policy(struct known *k, struct span domain, struct span line, bool *added,
                      struct buf *why)
{
    return known_keep(k, &k->policies, hash_key_of(domain), line, added, why);
}

bool known_add_body(struct known *k, const uint8_t sha256[32], struct span body, bool *added,
                    struct buf *why)
{
    return known_keep(k, &k->bodies, key_of_digest(sha256), body, added, why);
}

bool known_find_policy(struct known *k, struct span domain, struct buf *octets, struct buf *why)
{
    return find_kept(k, &k->policies, hash_key_of(domain), octets, why);
}

bool known_find_body(struct known *k, const uint8_t sha256[32], struct buf *octets, struct buf *why)
{
    return find_kept(k, &k->bodies, key_of_digest(sha256), octets, why);
}
