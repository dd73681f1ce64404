#include "scanner/record/operator_totals.h"

#include <stdlib.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

#define NAME_MAX_OCTETS 255
#define RECORD_MAX      (1 + NAME_MAX_OCTETS + sizeof(struct operator_counts))
#define WINDOW_OCTETS   (64U << 10) /* read at a time */

struct entry {
    size_t name; /* place in `names`, behind its length */
    struct operator_counts counts;
};

/* A part of the file, sorted by name: length, name, counts. */
struct run {
    uint64_t from;
    uint64_t to;
};

struct operator_totals {
    size_t in_memory;
    struct map index; /* name → entry */
    struct entry *entries;
    size_t count;
    struct buf names;
    int file; /* -1: none yet */
    uint64_t file_len;
    struct run *runs;
    size_t run_count;
    bool file_failed; /* memory has to do */
    struct operator_counts several;
    struct operator_counts unknown;
};

struct operator_totals *operator_totals_new(size_t in_memory)
{
    struct operator_totals *t = memory_new(1, sizeof(*t));
    *t = (struct operator_totals){
        .in_memory = in_memory, .names = BUF_INIT(BUF_NO_LIMIT), .file = -1};
    return t;
}

void operator_totals_free(struct operator_totals *t)
{
    if (t == NULL) {
        return;
    }
    map_deinit(&t->index);
    buf_deinit(&t->names);
    free(t->entries);
    free(t->runs);
    if (t->file >= 0) {
        (void)close(t->file);
    }
    free(t);
}

static struct span name_at(const struct buf *names, const struct entry *e)
{
    return (struct span){names->at + e->name + 1, names->at[e->name]};
}

/* --- into the file ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b, void *names)
{
    return span_cmp(name_at(names, a), name_at(names, b));
}

static void sort_entries(struct operator_totals *t)
{
    if (t->count > 0) {
        qsort_r(t->entries, t->count, sizeof(*t->entries), by_name, &t->names);
    }
}

static void put_total(struct buf *out, struct span name, const struct operator_counts *counts)
{
    buf_put_char(out, (char)name.len);
    buf_put(out, name);
    buf_put(out, (struct span){(const uint8_t *)counts, sizeof(*counts)});
}

/* In pieces, not to hold all of it twice. */
static bool write_run(struct operator_totals *t)
{
    struct buf piece = BUF_INIT(BUF_NO_LIMIT);
    bool ok = true;
    for (size_t i = 0; i < t->count && ok; i++) {
        put_total(&piece, name_at(&t->names, &t->entries[i]), &t->entries[i].counts);
        if (piece.len >= WINDOW_OCTETS || i + 1 == t->count) {
            ok = file_write_at(t->file, t->file_len, buf_span(&piece));
            t->file_len += piece.len;
            buf_reset(&piece);
        }
    }
    buf_deinit(&piece);
    return ok;
}

static void spill(struct operator_totals *t)
{
    uint64_t from = t->file_len;
    t->file = t->file < 0 ? unlinked_file_open() : t->file;
    sort_entries(t);
    if (t->file < 0 || !write_run(t)) {
        t->file_failed = true;
        t->file_len = from;
        map_deinit(&t->index); /* their places are other ones now */
        t->index = (struct map){0};
        for (size_t i = 0; i < t->count; i++) {
            bool added = false;
            (void)map_add(&t->index, hash_key_of(name_at(&t->names, &t->entries[i])), i, &added);
        }
        return;
    }
    t->runs = memory_grow_list(t->runs, t->run_count, sizeof(*t->runs));
    t->runs[t->run_count++] = (struct run){from, t->file_len};
    map_deinit(&t->index);
    t->index = (struct map){0};
    buf_reset(&t->names);
    t->count = 0;
}

/* --- counting --------------------------------------------------------------------------------- */

static struct operator_counts *counts_of(struct operator_totals *t, struct span name)
{
    bool added = false;
    CHECK(name.len <= NAME_MAX_OCTETS);
    if (t->count >= t->in_memory && !t->file_failed &&
        map_find(&t->index, hash_key_of(name)) == NULL) {
        spill(t);
    }
    uint64_t *at = map_add(&t->index, hash_key_of(name), t->count, &added);
    if (added) {
        t->entries = memory_grow_list(t->entries, t->count, sizeof(*t->entries));
        t->entries[t->count++] = (struct entry){.name = t->names.len};
        buf_put_char(&t->names, (char)name.len);
        buf_put(&t->names, name);
        return &t->entries[t->count - 1].counts;
    }
    return &t->entries[*at].counts;
}

static struct operator_counts *counts_of_set(struct operator_totals *t,
                                             const struct operator_set *set)
{
    return set->count == 1  ? counts_of(t, set->name[0])
           : set->count > 1 ? &t->several
                            : &t->unknown;
}

static struct operator_counts *counts_of_name(struct operator_totals *t, struct span name)
{
    return name.len > 0 ? counts_of(t, name) : &t->unknown;
}

void operator_totals_add_domain(struct operator_totals *t, const struct seen_domain *d,
                                const struct domain_verdict *v)
{
    if (domain_has_operator(d)) {
        operator_counts_add_domain(counts_of_set(t, &v->operators), d, v);
    }
}

void operator_totals_add_host(struct operator_totals *t, const struct seen_host *h,
                              const struct operator_set *operators)
{
    counts_of_set(t, operators)->hosts++;
    for (size_t i = 0; i < h->endpoint_count; i++) {
        operator_counts_add_endpoint(counts_of_name(t, h->endpoints[i].mx_operator),
                                     &h->endpoints[i]);
    }
}

void operator_totals_add_service(struct operator_totals *t, const struct seen_service *s,
                                 const struct operator_list *operators)
{
    counts_of_name(t, operator_of_service(s, operators).name)->services++;
}

/* --- adding up -------------------------------------------------------------------------------- */

/* One sorted row of operators: what is in memory, or a run. */
struct source {
    const struct operator_totals *totals;
    size_t next; /* entry; in memory */
    bool in_file;
    struct run rest; /* not read yet */
    struct buf window;
    size_t window_at;
    struct span name; /* the first that is left; empty: the end */
    struct operator_counts counts;
};

/* @return false: the file failed */
static bool fill_window(struct source *s)
{
    size_t left = s->window.len - s->window_at;
    uint64_t more = s->rest.to - s->rest.from;
    size_t len = more < WINDOW_OCTETS ? (size_t)more : WINDOW_OCTETS;
    if (left >= RECORD_MAX || len == 0) {
        return true;
    }
    if (left > 0) {
        memmove(s->window.at, s->window.at + s->window_at, left);
    }
    s->window.len = left;
    s->window_at = 0;
    uint8_t *room = buf_room(&s->window, len);
    if (!file_read_at(s->totals->file, s->rest.from, room, len)) {
        return false;
    }
    s->window.len += len;
    s->rest.from += len;
    return true;
}

static bool read_total(struct source *s)
{
    s->name = (struct span){0};
    if (!fill_window(s)) {
        return false;
    }
    if (s->window_at < s->window.len) {
        const uint8_t *at = s->window.at + s->window_at;
        s->name = (struct span){at + 1, at[0]};
        memcpy(&s->counts, at + 1 + at[0], sizeof(s->counts));
        s->window_at += 1 + s->name.len + sizeof(s->counts);
    }
    return true;
}

/* @return false: the file failed */
static bool source_advance(struct source *s)
{
    if (s->in_file) {
        return read_total(s);
    }
    s->name = (struct span){0};
    if (s->next < s->totals->count) {
        const struct entry *e = &s->totals->entries[s->next++];
        s->name = name_at(&s->totals->names, e);
        s->counts = e->counts;
    }
    return true;
}

static size_t first_by_name(const struct source *sources, size_t count)
{
    size_t first = count;
    for (size_t i = 0; i < count; i++) {
        if (sources[i].name.len > 0 &&
            (first == count || span_cmp(sources[i].name, sources[first].name) < 0)) {
            first = i;
        }
    }
    return first;
}

/* By domains, then endpoints, then name. */
static bool comes_before(const struct operator_line *a, const struct operator_line *b)
{
    if (a->counts.domains != b->counts.domains) {
        return a->counts.domains > b->counts.domains;
    }
    return a->counts.endpoints != b->counts.endpoints ? a->counts.endpoints > b->counts.endpoints
                                                      : strcmp(a->name, b->name) < 0;
}

static void take_line(struct operator_summary *out, const struct operator_line *line)
{
    out->distinct++;
    size_t at = out->count;
    while (at > 0 && comes_before(line, &out->lines[at - 1])) {
        at--;
    }
    if (at == OPERATOR_LINES_MAX) {
        operator_counts_add(&out->other, &line->counts);
        return;
    }
    if (out->count == OPERATOR_LINES_MAX) {
        operator_counts_add(&out->other, &out->lines[--out->count].counts);
    }
    memmove(&out->lines[at + 1], &out->lines[at], (out->count - at) * sizeof(*line));
    out->lines[at] = *line;
    out->count++;
}

static void merge_sources(struct source *sources, size_t count, struct operator_summary *out)
{
    for (size_t i = 0; i < count; i++) {
        out->whole = source_advance(&sources[i]) && out->whole;
    }
    struct operator_line line = {0};
    size_t first;
    while ((first = first_by_name(sources, count)) < count) {
        struct span name = sources[first].name;
        bool same = span_eq(name, span_of(line.name));
        if (!same && line.name[0] != '\0') {
            take_line(out, &line);
        }
        if (!same) {
            line = (struct operator_line){.name = ""};
            memcpy(line.name, name.at, name.len);
        }
        operator_counts_add(&line.counts, &sources[first].counts);
        out->whole = source_advance(&sources[first]) && out->whole;
    }
    if (line.name[0] != '\0') {
        take_line(out, &line);
    }
}

void operator_totals_sum(struct operator_totals *const *parts, size_t count,
                         struct operator_summary *out)
{
    size_t source_count = count;
    *out = (struct operator_summary){.lines = memory_new(OPERATOR_LINES_MAX, sizeof(*out->lines)),
                                     .whole = true};
    for (size_t i = 0; i < count; i++) {
        source_count += parts[i]->run_count;
        operator_counts_add(&out->several, &parts[i]->several);
        operator_counts_add(&out->unknown, &parts[i]->unknown);
    }
    struct source *sources = memory_new(source_count + 1, sizeof(*sources));
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        sort_entries(parts[i]); /* nothing is added any more */
        sources[at++] = (struct source){.totals = parts[i]};
        for (size_t r = 0; r < parts[i]->run_count; r++) {
            sources[at++] = (struct source){.totals = parts[i],
                                            .in_file = true,
                                            .rest = parts[i]->runs[r],
                                            .window = BUF_INIT(BUF_NO_LIMIT)};
        }
    }
    merge_sources(sources, source_count, out);
    for (size_t i = 0; i < source_count; i++) {
        buf_deinit(&sources[i].window);
    }
    free(sources);
}

void operator_summary_deinit(struct operator_summary *s)
{
    free(s->lines);
    s->lines = NULL;
}
