#include "scanner/replay/known.h"

#include <string.h>

#include "scanner/base/key_table.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/index/key_store.h"
#include "scanner/observation/seen_tls.h"

/* A place in the file and a length in one number: certificates of a list have 24-bit lengths, and
 * nothing else here is longer. */
#define PLACE_BITS 40

enum known_store {
    STORE_CERTIFICATES, /* SHA-256: place */
    STORE_SERVICES,
    STORE_ENDPOINTS,
    STORE_HOSTS,
    STORE_SPEAKERS, /* place of the row */
    STORE_POLICIES, /* domain: the same */
    STORE_BODIES,   /* SHA-256: place */
    STORE_COUNT,
};

struct known {
    struct octet_file *file;
    struct key_store *store[STORE_COUNT];
    struct key_table chain_index; /* by number */
    struct known_chain *chains;
    uint32_t chain_capacity;
    uint64_t *places; /* of the certificates of all chains, one list behind the other */
    uint64_t place_count;
    struct buf packed; /* of one host; of one record */
    /* What was found last. */
    struct known_service service;
    struct known_endpoint endpoint;
    struct known_host host;
};

struct known *known_new(size_t memory_octets, struct buf *why)
{
    struct octet_file *file = octet_file_new(why);
    if (file == NULL) {
        return NULL;
    }
    struct known *k = memory_new(1, sizeof(*k));
    k->file = file;
    k->packed = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < STORE_COUNT; i++) {
        k->store[i] = key_store_new(memory_octets);
    }
    return k;
}

void known_free(struct known *k)
{
    if (k != NULL) {
        octet_file_free(k->file);
        for (size_t i = 0; i < STORE_COUNT; i++) {
            key_store_free(k->store[i]);
        }
        key_table_deinit(&k->chain_index);
        free(k->chains);
        free(k->places);
        buf_deinit(&k->packed);
        free(k);
    }
}

const char *known_error(const struct known *k)
{
    const char *error = NULL;
    for (size_t i = 0; i < STORE_COUNT && error == NULL; i++) {
        error = key_store_error(k->store[i]);
    }
    return error;
}

static struct hash_key key_of_digest(const uint8_t sha256[32])
{
    return hash_key_of((struct span){sha256, 32});
}

/* Where octets will be that are appended to the file next. */
static bool next_place(const struct known *k, struct span octets, uint64_t *place, struct buf *why)
{
    uint64_t offset = octet_file_len(k->file);
    *place = (uint64_t)octets.len << PLACE_BITS | offset;
    if (octets.len > CERT_LIST_ENTRY_MAX || offset >> PLACE_BITS != 0) {
        buf_put_text(why, "more octets than can be kept");
        return false;
    }
    return true;
}

/* Keeps octets in the file under a key, unless it is there. */
static bool known_keep(struct known *k, enum known_store to, struct hash_key key,
                       struct span octets, bool *added, struct buf *why)
{
    uint64_t place = 0;
    if (!next_place(k, octets, &place, why)) {
        return false;
    }
    *added = key_store_add_number(k->store[to], key, place);
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
    return known_keep(k, STORE_CERTIFICATES, key_of_digest(sha256), der, &added, why);
}

static bool add_places(struct known *k, struct span digests)
{
    for (uint64_t before = k->place_count; digests.len >= 32; digests = span_drop(digests, 32)) {
        uint64_t place = 0;
        if (!key_store_find_number(k->store[STORE_CERTIFICATES], key_of_digest(digests.at),
                                   &place)) {
            k->place_count = before;
            return false;
        }
        k->places = memory_grow_list(k->places, k->place_count, sizeof(*k->places));
        k->places[k->place_count++] = place;
    }
    return true;
}

uint32_t known_add_chain(struct known *k, const uint8_t id[32], struct span digests, bool *missing)
{
    size_t count = digests.len / 32;
    struct known_chain chain = {.cert_count = (uint16_t)count, .first = k->place_count};
    CHECK(count <= TLS_CERTS_MAX && k->chain_index.count < KNOWN_CHAIN_NONE);
    *missing = false;
    if (known_find_chain(k, id) != KNOWN_CHAIN_NONE) {
        return KNOWN_CHAIN_NONE;
    }
    *missing = !add_places(k, digests);
    if (*missing) {
        return KNOWN_CHAIN_NONE;
    }
    bool added = false;
    uint32_t number = key_table_add(&k->chain_index, key_of_digest(id), &added);
    k->chains = memory_grow_long_list(k->chains, number, &k->chain_capacity, sizeof(*k->chains));
    k->chains[number] = chain;
    return number;
}

struct known_chain *known_chain(struct known *k, uint32_t chain)
{
    CHECK(chain < k->chain_index.count);
    return &k->chains[chain];
}

uint32_t known_chain_count(const struct known *k)
{
    return k->chain_index.count;
}

uint32_t known_find_chain(const struct known *k, const uint8_t id[32])
{
    return key_table_find(&k->chain_index, key_of_digest(id)); /* KEY_TABLE_NONE is the same */
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

/* --- services and endpoints ----------------------------------------------------------------- */

/* A record is the structure as it is, and behind it its texts. */
static void pack_record(struct known *k, const void *record, size_t len)
{
    buf_reset(&k->packed);
    buf_put(&k->packed, (struct span){record, len});
}

static struct span take(struct span *rest, size_t len)
{
    struct span taken = span_take(*rest, len);
    CHECK(taken.len == len);
    *rest = span_drop(*rest, len);
    return taken;
}

static struct span unpack_text(struct span *rest, size_t len)
{
    return len > 0 ? take(rest, len) : (struct span){0};
}

/* @param texts what is behind the structure @return false: there is none */
static bool find_packed(struct known *k, enum known_store from, struct span key, void *record,
                        size_t len, struct span *texts)
{
    bool found = key_store_find(k->store[from], hash_key_of(key), texts);
    if (found) {
        memcpy(record, take(texts, len).at, len);
    }
    return found;
}

void known_add_service(struct known *k, struct span key, const struct known_service *s)
{
    pack_record(k, s, sizeof(*s));
    buf_put(&k->packed, s->certificate_domain);
    buf_put(&k->packed, s->banner_domain);
    (void)key_store_add(k->store[STORE_SERVICES], hash_key_of(key), buf_span(&k->packed));
}

const struct known_service *known_find_service(struct known *k, struct span key)
{
    struct span texts;
    struct known_service *s = &k->service;
    if (!find_packed(k, STORE_SERVICES, key, s, sizeof(*s), &texts)) {
        return NULL;
    }
    s->certificate_domain = unpack_text(&texts, s->certificate_domain.len);
    s->banner_domain = unpack_text(&texts, s->banner_domain.len);
    return s;
}

void known_add_endpoint(struct known *k, struct span key, const struct known_endpoint *e)
{
    pack_record(k, e, sizeof(*e));
    buf_put(&k->packed, e->mx_operator);
    (void)key_store_add(k->store[STORE_ENDPOINTS], hash_key_of(key), buf_span(&k->packed));
}

const struct known_endpoint *known_find_endpoint(struct known *k, struct span key)
{
    struct span texts;
    struct known_endpoint *e = &k->endpoint;
    if (!find_packed(k, STORE_ENDPOINTS, key, e, sizeof(*e), &texts)) {
        return NULL;
    }
    e->mx_operator = unpack_text(&texts, e->mx_operator.len);
    return e;
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
    buf_reset(&k->packed);
    if (v->base.len > 0 && v->tlsa_count > 0) {
        pack(&k->packed, v->base, v->tlsas, v->tlsa_count);
        host.octets = (uint32_t)k->packed.len;
    }
    bool added = key_store_add(k->store[STORE_HOSTS], hash_key_of(h->name),
                               (struct span){(const uint8_t *)&host, sizeof(host)});
    return !added || host.octets == 0 || octet_file_append(k->file, buf_span(&k->packed), why);
}

const struct known_host *known_find_host(struct known *k, struct span name)
{
    struct span nothing;
    bool found = find_packed(k, STORE_HOSTS, name, &k->host, sizeof(k->host), &nothing);
    return found ? &k->host : NULL;
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

static bool find_kept(struct known *k, enum known_store from, struct hash_key key,
                      struct buf *octets, struct buf *why)
{
    uint64_t place = 0;
    buf_reset(octets);
    return key_store_find_number(k->store[from], key, &place) && fetch(k, place, octets, why);
}

bool known_add_speaker(struct known *k, struct span key, struct span line, struct buf *why)
{
    uint64_t place = 0;
    if (!next_place(k, line, &place, why)) {
        return false;
    }
    key_store_put_number(k->store[STORE_SPEAKERS], hash_key_of(key), place);
    return octet_file_append(k->file, line, why);
}

bool known_find_speaker(struct known *k, struct span key, struct buf *octets, struct buf *why)
{
    return find_kept(k, STORE_SPEAKERS, hash_key_of(key), octets, why);
}

bool known_add_policy(struct known *k, struct span domain, struct span line, bool *added,
                      struct buf *why)
{
    return known_keep(k, STORE_POLICIES, hash_key_of(domain), line, added, why);
}

bool known_add_body(struct known *k, const uint8_t sha256[32], struct span body, bool *added,
                    struct buf *why)
{
    return known_keep(k, STORE_BODIES, key_of_digest(sha256), body, added, why);
}

bool known_find_policy(struct known *k, struct span domain, struct buf *octets, struct buf *why)
{
    return find_kept(k, STORE_POLICIES, hash_key_of(domain), octets, why);
}

bool known_find_body(struct known *k, const uint8_t sha256[32], struct buf *octets, struct buf *why)
{
    return find_kept(k, STORE_BODIES, key_of_digest(sha256), octets, why);
}
