#include "scanner/trust/intermediate_pool.h"

#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "scanner/base/file.h"
#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"

#define NONE UINT32_MAX

struct entry {
    uint8_t sha256[32];
    uint64_t offset; /* in the file */
    uint64_t key_id; /* hash of the subject key identifier, 0: none */
    uint32_t len;
    uint32_t subject_hash;
    uint32_t next; /* entry with the same subject hash, or NONE */
    uint8_t source;
    bool dropped;
};

struct intermediate_pool {
    struct entry *entries;
    size_t count;   /* of entries */
    uint32_t *heap; /* entries that were not dropped, that with the largest digest first */
    size_t kept;
    size_t max;
    struct map by_digest;
    struct map by_subject; /* to the first of those with this hash */
    int file;              /* -1: none could be made */
    uint64_t file_len;
    bool truncated;
};

const struct vocabulary intermediate_source_vocabulary = VOCABULARY_WORDS(INTERMEDIATE_SOURCES);

struct intermediate_pool *intermediate_pool_new_of(size_t max)
{
    struct intermediate_pool *p = memory_new(1, sizeof(*p));
    CHECK(max > 0);
    p->max = max;
    p->file = unlinked_file_open();
    return p;
}

struct intermediate_pool *intermediate_pool_new(void)
{
    return intermediate_pool_new_of(INTERMEDIATES_MAX);
}

void intermediate_pool_free(struct intermediate_pool *p)
{
    if (p != NULL) {
        if (p->file >= 0) {
            (void)close(p->file);
        }
        free(p->entries);
        free(p->heap);
        map_deinit(&p->by_digest);
        map_deinit(&p->by_subject);
        free(p);
    }
}

static struct hash_key pool_digest_key(const uint8_t sha256[32])
{
    return hash_key_of((struct span){sha256, 32});
}

static struct hash_key subject_key(uint32_t hash)
{
    return hash_key_of((struct span){(const uint8_t *)&hash, sizeof(hash)});
}

static struct entry *pool_find(const struct intermediate_pool *p, const uint8_t sha256[32])
{
    const uint64_t *at = map_find(&p->by_digest, pool_digest_key(sha256));
    return at && !p->entries[*at].dropped ? &p->entries[*at] : NULL;
}

static void index_entry(struct intermediate_pool *p, uint32_t i)
{
    bool added = false;
    struct entry *e = &p->entries[i];
    (void)map_add(&p->by_digest, pool_digest_key(e->sha256), i, &added);
    uint64_t *first = map_add(&p->by_subject, subject_key(e->subject_hash), i, &added);
    e->next = added ? NONE : (uint32_t)*first;
    *first = i;
}

static bool is_larger(const struct intermediate_pool *p, uint32_t a, uint32_t b)
{
    return memcmp(p->entries[a].sha256, p->entries[b].sha256, 32) > 0;
}

static void heap_swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct intermediate_pool *p, size_t at)
{
    for (size_t up = (at - 1) / 2; at > 0 && is_larger(p, p->heap[at], p->heap[up]);
         up = (at - 1) / 2) {
        heap_swap(&p->heap[at], &p->heap[up]);
        at = up;
    }
}

static void sift_down(struct intermediate_pool *p)
{
    for (size_t at = 0, down = 1; down < p->kept; down = 2 * at + 1) {
        down += down + 1 < p->kept && is_larger(p, p->heap[down + 1], p->heap[down]);
        if (!is_larger(p, p->heap[down], p->heap[at])) {
            break;
        }
        heap_swap(&p->heap[at], &p->heap[down]);
        at = down;
    }
}

/* The largest digest goes, so that which ones stay does not depend on when they came: what was
 * dropped once is never among the smallest again. Its octets stay in the file and its entry in the
 * index; of N certificates in random order, that happens to max * ln(N / max) of them. */
static void pool_keep(struct intermediate_pool *p, uint32_t i)
{
    p->heap = memory_grow_list(p->heap, p->kept, sizeof(*p->heap));
    p->heap[p->kept++] = i;
    sift_up(p, p->kept - 1);
    if (p->kept > p->max) {
        p->entries[p->heap[0]].dropped = true;
        p->heap[0] = p->heap[--p->kept];
        sift_down(p);
        p->truncated = true;
    }
}

/* As pool_keep() would drop it at once. */
static bool pool_is_refused(const struct intermediate_pool *p, const uint8_t sha256[32])
{
    return p->kept == p->max && memcmp(sha256, p->entries[p->heap[0]].sha256, 32) > 0;
}

/* `e` has everything but its place. */
static void pool_add_entry(struct intermediate_pool *p, const struct entry *e, struct span der)
{
    struct entry *known = pool_find(p, e->sha256);
    if (known != NULL) {
        known->source = e->source < known->source ? e->source : known->source;
        return;
    }
    if (pool_is_refused(p, e->sha256)) {
        p->truncated = true;
        return;
    }
    if (p->file < 0 || !file_write_at(p->file, p->file_len, der)) {
        p->truncated = true;
        return;
    }
    p->entries = memory_grow_list(p->entries, p->count, sizeof(*p->entries));
    struct entry *to = &p->entries[p->count];
    *to = *e;
    to->offset = p->file_len;
    to->len = (uint32_t)der.len;
    p->file_len += der.len;
    uint32_t at = (uint32_t)p->count++;
    index_entry(p, at);
    pool_keep(p, at);
}

static uint64_t key_id_hash(struct span key_id)
{
    return key_id.len > 0 ? hash_key_of(key_id).low : 0;
}

/* What the index has to know of it. @return false: no CA certificate. */
static bool describe(struct span der, struct entry *e)
{
    const unsigned char *at = der.at;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    bool is_ca = cert != NULL && (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
    if (is_ca) {
        const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(cert);
        e->key_id = id ? key_id_hash((struct span){ASN1_STRING_get0_data(id),
                                                   (size_t)ASN1_STRING_length(id)})
                       : 0;
        e->subject_hash =
            (uint32_t)X509_NAME_hash_ex(X509_get_subject_name(cert), NULL, NULL, NULL);
    }
    X509_free(cert);
    ERR_clear_error();
    return is_ca;
}

bool intermediate_is_ca(struct span der)
{
    struct entry e;
    return der.len > 0 && der.len <= CERT_LIST_ENTRY_MAX && describe(der, &e);
}

bool intermediate_pool_add(struct intermediate_pool *p, struct span der,
                           enum intermediate_source source)
{
    struct entry e = {.source = (uint8_t)source};
    if (der.len == 0 || der.len > CERT_LIST_ENTRY_MAX) {
        return false;
    }
    digest_sha256(der, e.sha256);
    if (pool_find(p, e.sha256) == NULL && !describe(der, &e)) {
        return false;
    }
    pool_add_entry(p, &e, der);
    return true;
}

size_t intermediate_pool_count(const struct intermediate_pool *p)
{
    return p->kept;
}

bool intermediate_pool_truncated(const struct intermediate_pool *p)
{
    return p->truncated;
}

bool intermediate_pool_source(const struct intermediate_pool *p, const uint8_t sha256[32],
                              enum intermediate_source *source)
{
    const struct entry *e = pool_find(p, sha256);
    if (e != NULL) {
        *source = (enum intermediate_source)e->source;
    }
    return e != NULL;
}

/* A candidate beside what is wanted of it. */
struct wanted {
    const struct entry *e;
    bool other_key;
};

static bool goes_before(const struct wanted *a, const struct wanted *b)
{
    if (a->e->source != b->e->source) {
        return a->e->source < b->e->source;
    }
    if (a->other_key != b->other_key) {
        return !a->other_key;
    }
    return memcmp(a->e->sha256, b->e->sha256, 32) < 0;
}

bool intermediate_pool_issuers(const struct intermediate_pool *p, uint32_t subject_hash,
                               struct span key_id, size_t max, struct buf *list)
{
    const uint64_t *first = map_find(&p->by_subject, subject_key(subject_hash));
    CHECK(max > 0);
    struct wanted *best = memory_new(max, sizeof(*best));
    uint64_t wanted_key = key_id_hash(key_id);
    size_t count = 0;
    bool all = true;
    for (uint32_t i = first ? (uint32_t)*first : NONE; i != NONE; i = p->entries[i].next) {
        struct wanted w = {&p->entries[i], p->entries[i].key_id != wanted_key};
        if (w.e->dropped) {
            continue;
        }
        if (count == max) {
            all = false;
            if (!goes_before(&w, &best[max - 1])) {
                continue;
            }
            count--;
        }
        size_t at = count++;
        for (; at > 0 && goes_before(&w, &best[at - 1]); at--) {
            best[at] = best[at - 1];
        }
        best[at] = w;
    }
    struct buf der = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&der);
        uint8_t *to = buf_room(&der, best[i].e->len);
        if (file_read_at(p->file, best[i].e->offset, to, best[i].e->len)) {
            der.len = best[i].e->len;
            (void)cert_list_add(list, buf_span(&der));
        }
    }
    buf_deinit(&der);
    free(best);
    return all;
}

void intermediate_pool_merge(struct intermediate_pool *into, struct intermediate_pool *from)
{
    struct buf der = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < from->count; i++) {
        const struct entry *e = &from->entries[i];
        if (e->dropped) {
            continue;
        }
        buf_reset(&der);
        uint8_t *to = buf_room(&der, e->len);
        if (file_read_at(from->file, e->offset, to, e->len)) {
            der.len = e->len;
            pool_add_entry(into, e, buf_span(&der));
        } else {
            into->truncated = true;
        }
    }
    into->truncated = into->truncated || from->truncated;
    buf_deinit(&der);
    map_deinit(&from->by_digest);
    map_deinit(&from->by_subject);
    free(from->entries);
    free(from->heap);
    from->entries = NULL;
    from->heap = NULL;
    from->count = 0;
    from->kept = 0;
    from->truncated = false;
    from->file_len = 0;
}
