#include "scanner/trust/issuer_senders.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/buf.h"
#include "scanner/base/memory.h"

#define DIGEST_LEN 32

struct issuer_set {
    size_t at; /* of its first digest in the octets */
    size_t count;
};

struct issuer_sets {
    uint32_t first;
    uint32_t step;
    struct map index; /* digests → index in `sets` */
    struct issuer_set *sets;
    size_t count;
    struct buf digests;
};

/* Hosts that sent the same sets. */
struct host_group {
    uint32_t *sets; /* ascending; malloc */
    size_t set_count;
    uint64_t hosts;
    struct span first; /* malloc */
};

struct issuer_hosts {
    struct map index; /* sets → index in `groups` */
    struct host_group *groups;
    size_t count;
};

struct issuer_senders {
    struct map index; /* digest → index in `senders` */
    struct issuer_sender *senders;
    size_t count;
};

/* --- sets ----------------------------------------------------------------------------------- */

struct issuer_sets *issuer_sets_new(uint32_t first, uint32_t step)
{
    struct issuer_sets *s = memory_new(1, sizeof(*s));
    CHECK(first >= 1 && step >= 1);
    s->first = first;
    s->step = step;
    s->digests = BUF_INIT(BUF_NO_LIMIT);
    return s;
}

void issuer_sets_free(struct issuer_sets *s)
{
    if (s != NULL) {
        map_deinit(&s->index);
        buf_deinit(&s->digests);
        free(s->sets);
        free(s);
    }
}

static int senders_compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, DIGEST_LEN);
}

/* Of what certifies the leaf by some path; what is left in the file from an earlier issuer does
 * not. @return how many, ascending */
static size_t issuers_of(const struct chain_verdict *v,
                         uint8_t digests[ISSUERS_PER_LIST_MAX][DIGEST_LEN])
{
    size_t count = 0;
    for (size_t i = 1; i < v->cert_count && count < ISSUERS_PER_LIST_MAX; i++) {
        if (v->role[i] == CERT_ROLE_INTERMEDIATE || v->role[i] == CERT_ROLE_ALTERNATIVE ||
            v->role[i] == CERT_ROLE_ROOT) {
            memcpy(digests[count++], v->certs[i]->fingerprint_sha256, DIGEST_LEN);
        }
    }
    qsort(digests, count, DIGEST_LEN, senders_compare_digests);
    return count;
}

uint32_t issuer_sets_add(struct issuer_sets *s, const struct chain_verdict *v)
{
    uint8_t digests[ISSUERS_PER_LIST_MAX][DIGEST_LEN];
    size_t count = issuers_of(v, digests);
    if (count == 0) {
        return 0;
    }
    struct span octets = {digests[0], count * DIGEST_LEN};
    bool added = false;
    uint64_t at = *map_add(&s->index, hash_key_of(octets), s->count, &added);
    if (added) {
        s->sets = memory_grow_list(s->sets, s->count, sizeof(*s->sets));
        s->sets[s->count++] = (struct issuer_set){s->digests.len, count};
        buf_put(&s->digests, octets);
    }
    CHECK(at < UINT32_MAX / s->step - 1);
    return s->first + (uint32_t)at * s->step;
}

/* The digests of the set with this number, of whichever judge. */
static struct span find_set(const struct issuer_sets *const *sets, size_t set_count,
                            uint32_t number)
{
    for (size_t i = 0; i < set_count; i++) {
        const struct issuer_sets *s = sets[i];
        if (number >= s->first && (number - s->first) % s->step == 0 &&
            (number - s->first) / s->step < s->count) {
            const struct issuer_set *set = &s->sets[(number - s->first) / s->step];
            return (struct span){s->digests.at + set->at, set->count * DIGEST_LEN};
        }
    }
    UNREACHABLE("a set that nobody numbered");
}

/* --- hosts ---------------------------------------------------------------------------------- */

struct issuer_hosts *issuer_hosts_new(void)
{
    return memory_new(1, sizeof(struct issuer_hosts));
}

void issuer_hosts_free(struct issuer_hosts *h)
{
    if (h == NULL) {
        return;
    }
    for (size_t i = 0; i < h->count; i++) {
        free(h->groups[i].sets);
        free((void *)(uintptr_t)h->groups[i].first.at);
    }
    free(h->groups);
    map_deinit(&h->index);
    free(h);
}

static int senders_compare_numbers(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

static size_t sort_once(uint32_t *sets, size_t count)
{
    size_t kept = 0;
    qsort(sets, count, sizeof(*sets), senders_compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (sets[i] != 0 && (kept == 0 || sets[kept - 1] != sets[i])) {
            sets[kept++] = sets[i];
        }
    }
    return kept;
}

static struct span copy_of(struct span s)
{
    uint8_t *at = memory_new(s.len + 1, 1); /* a name may be empty, memory not */
    memcpy(at, s.at, s.len);
    return (struct span){at, s.len};
}

static struct host_group *senders_add_group(struct issuer_hosts *h, const uint32_t *sets,
                                            size_t count, struct span host)
{
    h->groups = memory_grow_list(h->groups, h->count, sizeof(*h->groups));
    struct host_group *g = &h->groups[h->count++];
    *g = (struct host_group){.sets = memory_new(count, sizeof(*sets)), .set_count = count};
    memcpy(g->sets, sets, count * sizeof(*sets));
    g->first = copy_of(host);
    return g;
}

void issuer_hosts_add(struct issuer_hosts *h, struct span host, uint32_t *sets, size_t count)
{
    count = count > 0 ? sort_once(sets, count) : 0;
    if (count == 0) {
        return;
    }
    struct span key = {(const uint8_t *)sets, count * sizeof(*sets)};
    bool added = false;
    uint64_t at = *map_add(&h->index, hash_key_of(key), h->count, &added);
    struct host_group *g = added ? senders_add_group(h, sets, count, host) : &h->groups[at];
    g->hosts++;
    if (span_cmp(host, g->first) < 0) {
        free((void *)(uintptr_t)g->first.at);
        g->first = copy_of(host);
    }
}

void issuer_hosts_add_host(struct issuer_hosts *h, const struct seen_host *host,
                           struct arena *scratch)
{
    uint32_t *sets = arena_new(scratch, host->endpoint_count, sizeof(*sets));
    for (size_t i = 0; i < host->endpoint_count; i++) {
        sets[i] = host->endpoints[i].chain.issuers;
    }
    issuer_hosts_add(h, host->name, sets, host->endpoint_count);
}

/* --- both ----------------------------------------------------------------------------------- */

static struct hash_key senders_digest_key(const uint8_t *sha256)
{
    return hash_key_of((struct span){sha256, DIGEST_LEN});
}

static void count_group(struct issuer_senders *s, const uint8_t *sha256, const struct host_group *g)
{
    bool added = false;
    uint64_t at = *map_add(&s->index, senders_digest_key(sha256), s->count, &added);
    if (added) {
        s->senders = memory_grow_list(s->senders, s->count, sizeof(*s->senders));
        s->senders[s->count++] = (struct issuer_sender){.first = g->first};
    }
    struct issuer_sender *sender = &s->senders[at];
    sender->hosts += g->hosts;
    sender->first = span_cmp(g->first, sender->first) < 0 ? g->first : sender->first;
}

/* Each certificate once, whichever of its sets has it. */
static void add_group_of(struct issuer_senders *s, const struct issuer_sets *const *sets,
                         size_t set_count, const struct host_group *g)
{
    struct buf all = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < g->set_count; i++) {
        buf_put(&all, find_set(sets, set_count, g->sets[i]));
    }
    size_t count = all.len / DIGEST_LEN;
    qsort(all.at, count, DIGEST_LEN, senders_compare_digests);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *digest = all.at + i * DIGEST_LEN;
        if (i == 0 || memcmp(digest - DIGEST_LEN, digest, DIGEST_LEN) != 0) {
            count_group(s, digest, g);
        }
    }
    buf_deinit(&all);
}

struct issuer_senders *issuer_senders_new(const struct issuer_sets *const *sets, size_t set_count,
                                          const struct issuer_hosts *const *hosts,
                                          size_t host_count)
{
    struct issuer_senders *s = memory_new(1, sizeof(*s));
    for (size_t i = 0; i < host_count; i++) {
        for (size_t k = 0; k < hosts[i]->count; k++) {
            add_group_of(s, sets, set_count, &hosts[i]->groups[k]);
        }
    }
    return s;
}

void issuer_senders_free(struct issuer_senders *s)
{
    if (s != NULL) {
        map_deinit(&s->index);
        free(s->senders);
        free(s);
    }
}

const struct issuer_sender *issuer_senders_find(const struct issuer_senders *s,
                                                const uint8_t sha256[32])
{
    const uint64_t *at = map_find(&s->index, senders_digest_key(sha256));
    return at != NULL ? &s->senders[*at] : NULL;
}
