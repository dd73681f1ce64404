#include "scanner/merge/shard_set.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/replay/manifest_keys.h"

/* --- one of them ---------------------------------------------------------------------------- */

static bool read_shard(struct shard_set *s, struct merge_shard *shard, struct buf *why)
{
    const struct results *r = &shard->results;
    if (r->shards < 2) {
        buf_putf(why, "%s: not results of a shard: its scan had no --shards", r->path);
        return false;
    }
    if (s->shards != 0 && s->shards != r->shards) {
        buf_putf(why, "%s: one of %u shards, but %s is one of %u: not the same scan", r->path,
                 r->shards, s->at[0].results.path, s->shards);
        return false;
    }
    s->shards = r->shards;
    shard->number = r->shard;
    return true;
}

/* Rows that are there, and all that they were made of. */
static bool open_shard(struct shard_set *s, const char *path, struct buf *why)
{
    struct merge_shard *shard = &s->at[s->count++];
    struct results *r = &shard->results;
    struct results_table domains;
    if (!results_open(r, path, why) || !results_have_ndjson(r, why)) {
        return false;
    }
    if (!results_are_whole(r)) {
        buf_putf(
            why,
            "%s: what rows are made of was left out (--detail summary, --tables or --columns), "
            "so they cannot be merged",
            path);
        return false;
    }
    if (!read_shard(s, shard, why) || !results_table(r, TABLE_DOMAINS, &domains, why)) {
        return false;
    }
    shard->lines = domains.rows;
    return true;
}

/* --- one scan ------------------------------------------------------------------------------- */

/* Digests of a file or of several, wherever these lie, and the names by which rows or people know them. */
static void put_term_digests(struct buf *out, const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        put_term_digests(out, item);
    }
    if (!json_is_object(value)) {
        return;
    }
    static const char *const keys[] = {"sha256", "bundled", "name"};
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
        char *text = json_dumps(json_object_get(value, keys[k]), JSON_ENCODE_ANY | JSON_COMPACT);
        buf_putf(out, "%s ", text != NULL ? text : "");
        free(text);
    }
    put_term_digests(out, json_object_get(value, "files"));
}

static void put_term(struct buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_put_text(out, text != NULL ? text : "null");
    free(text);
}

/* What the shards of one scan are alike in: a file by its digest, everything else by its value. */
static const struct {
    const char *key;
    const char *inner; /* NULL: the key itself */
    bool by_digest;
    const char *what;
} terms[] = {
    {KEY_VERSION, NULL, false, "version of mxcensus"},
    {KEY_INPUTS, NULL, true, "list of domains"},
    {"seed", NULL, false, "--seed"},
    {KEY_TRUST_STORES, NULL, true, "trust stores"},
    {KEY_INTERMEDIATES, NULL, true, "intermediates"},
    {KEY_PROFILES, NULL, true, "sender profiles"},
    {KEY_OPERATORS, NULL, true, "list of operators"},
    {KEY_SHARED_OPERATORS, NULL, true, "list of shared operators"},
    {KEY_TRUST_AD, "trusted", false, "trust in the AD bit"},
    {"datasets", NULL, false, "public suffix list"},
    {KEY_OPTIONS, KEY_PORTS, false, "--ports"},
    {KEY_OPTIONS, "probes", false, "--probes"},
    {KEY_OPTIONS, KEY_INFER, false, "--infer"},
    {KEY_OPTIONS, "names-per-address", false, "--names-per-address"},
    {KEY_OPTIONS, "implicit-mx", false, "--implicit-mx"},
    {KEY_OPTIONS, "mta-sts", false, "--mta-sts"},
    {KEY_OPTIONS, "aia", false, "--aia"},
    {KEY_OPTIONS, "ipv4-only", false, "--ipv4-only"},
    {KEY_OPTIONS, "ipv6-only", false, "--ipv6-only"},
    {KEY_BLOCKLIST, NULL, true, "--blocklist-file"},
    {KEY_OPTIONS, "allow-special-addresses", false, "--allow-special-addresses"},
    {KEY_OPTIONS, "column", false, "--column"},
    {KEY_OPTIONS, "metadata-passthrough", false, "--metadata-passthrough"},
};

static bool has_same_term(const struct results *a, const struct results *b, size_t term)
{
    struct buf one = BUF_INIT(BUF_NO_LIMIT);
    struct buf other = BUF_INIT(BUF_NO_LIMIT);
    const struct results *of[] = {a, b};
    struct buf *to[] = {&one, &other};
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_object_get(of[i]->manifest, terms[term].key);
        value = terms[term].inner != NULL ? json_object_get(value, terms[term].inner) : value;
        (terms[term].by_digest ? put_term_digests : put_term)(to[i], value);
    }
    bool same = span_eq(buf_span(&one), buf_span(&other));
    buf_deinit(&one);
    buf_deinit(&other);
    return same;
}

static bool is_one_scan(const struct shard_set *s, struct buf *why)
{
    for (size_t i = 1; i < s->count; i++) {
        const struct results *first = &s->at[0].results;
        const struct results *r = &s->at[i].results;
        for (size_t t = 0; t < sizeof(terms) / sizeof(terms[0]); t++) {
            if (!has_same_term(first, r, t)) {
                buf_putf(why, "%s and %s are not of one scan: the %s differs", first->path, r->path,
                         terms[t].what);
                return false;
            }
        }
    }
    return true;
}

static int compare_shards(const void *a, const void *b)
{
    const struct merge_shard *x = a;
    const struct merge_shard *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static bool are_different(const struct shard_set *s, struct buf *why)
{
    for (size_t i = 1; i < s->count; i++) {
        if (s->at[i].number == s->at[i - 1].number) {
            buf_putf(why, "%s and %s are both shard %u: give each shard once",
                     s->at[i - 1].results.path, s->at[i].results.path, s->at[i].number);
            return false;
        }
    }
    return true;
}

#define NOT_WHOLE_SHOWN 10 /* shards that a message names */

static void put_not_whole(struct shard_set *s, uint32_t number, const char *what, uint64_t *count)
{
    if ((*count)++ < NOT_WHOLE_SHOWN) {
        buf_putf(&s->not_whole, "%sshard %u is %s", *count > 1 ? ", " : "", number, what);
    }
}

static void look_for_gaps(struct shard_set *s)
{
    uint64_t count = 0;
    size_t at = 0;
    for (uint32_t number = 0; number < s->shards; number++) {
        bool given = at < s->count && s->at[at].number == number;
        if (!given) {
            put_not_whole(s, number, "missing", &count);
        } else if (s->at[at].results.incomplete) {
            put_not_whole(s, number, "not finished", &count);
        }
        at += given;
    }
    if (count > NOT_WHOLE_SHOWN) {
        buf_putf(&s->not_whole, " and %llu more", (unsigned long long)(count - NOT_WHOLE_SHOWN));
    }
}

/* A finished shard knows how long the list is: its own lines and those of others. */
static bool is_one_list(struct shard_set *s, struct buf *why)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct results *r = &s->at[i].results;
        rows += s->at[i].lines;
        if (r->incomplete || r->lines_of_others == UINT64_MAX) {
            continue;
        }
        uint64_t lines = s->at[i].lines + r->lines_of_others;
        s->finished++;
        if (s->list_lines != 0 && s->list_lines != lines) {
            buf_putf(why, "%s: its list had %llu lines, that of another shard %llu", r->path,
                     (unsigned long long)lines, (unsigned long long)s->list_lines);
            return false;
        }
        s->list_lines = lines;
    }
    if (s->list_lines != 0 &&
        (rows > s->list_lines || (s->not_whole.len == 0 && rows != s->list_lines))) {
        buf_putf(why, "the shards have %llu lines together, but the list has %llu",
                 (unsigned long long)rows, (unsigned long long)s->list_lines);
        return false;
    }
    return true;
}

bool shard_set_open(struct shard_set *s, const char *const *paths, size_t count, bool partial,
                    struct buf *why)
{
    *s = (struct shard_set){.at = memory_new(count, sizeof(*s->at)),
                            .not_whole = BUF_INIT(BUF_NO_LIMIT)};
    for (size_t i = 0; i < count; i++) {
        if (!open_shard(s, paths[i], why)) {
            return false;
        }
    }
    qsort(s->at, s->count, sizeof(*s->at), compare_shards);
    if (!are_different(s, why) || !is_one_scan(s, why)) {
        return false;
    }
    look_for_gaps(s);
    if (s->not_whole.len > 0 && !partial) {
        buf_put(why, buf_span(&s->not_whole));
        buf_put_text(why, "; finish it first, or merge what is there with --partial");
        return false;
    }
    return is_one_list(s, why);
}

void shard_set_deinit(struct shard_set *s)
{
    for (size_t i = 0; i < s->count; i++) {
        results_deinit(&s->at[i].results);
    }
    free(s->at);
    buf_deinit(&s->not_whole);
}
