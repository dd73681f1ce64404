#include "scanner/compare/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/compare/change_store.h"
#include "scanner/compare/kept_facts.h"
#include "scanner/compare/rules.h"
#include "scanner/compare/scan_terms.h"
#include "scanner/replay/manifest_keys.h"
#include "scanner/replay/results.h"
#include "scanner/replay/table_reader.h"
#include "scanner/rows/lean_rows.h"
#include "scanner/rows/row_facts.h"

#define CACHE_OCTETS (64U << 20) /* of the temporary database */

struct comparison {
    struct results results[2];
    struct compared_scan scans[2];
    struct comparison_terms terms;
    struct comparison_counts counts;
    struct term_notes notes;
    struct scratch_database *database;
    struct kept_facts kept;
    struct change_store store;
    struct row_reading reading;
    struct kept_reading keeping;
    struct lean_rows *lean; /* of the scan that is read; NULL: its rows have all columns */
    uint16_t ports[COUNT_PORTS_MAX];
    struct arena_pool pool;
    struct arena arena; /* of one domain */
    struct scratch_statement *all_domains;
    struct span domain; /* whose changes are put */
    bool domain_changed;
    enum comparison_end end;
    struct buf *why;
};

/* --- reading both --------------------------------------------------------------------------- */

static const struct reading_step {
    enum table_id table;
    void (*keep)(struct kept_reading *r, const struct facts *row);
    bool needed; /* else a directory without it is read as if it were empty */
} steps[] = {
    {TABLE_OUTCOME_SETS, NULL, false}, /* for lean rows alone */
    {TABLE_CERTIFICATES, keep_certificate, true},
    {TABLE_COMPLETIONS, keep_completion, false}, /* an unfinished scan has none */
    {TABLE_CHAINS, keep_chain, true},
    {TABLE_SERVICES, keep_service, true},
    {TABLE_ENDPOINTS, keep_endpoint, true},
    {TABLE_HOSTS, keep_host, true},
    {TABLE_POLICIES, keep_policy, true},
    {TABLE_DOMAINS, keep_domain, true},
};

static void stop_comparison(struct comparison *c, enum comparison_end end)
{
    if (c->end == COMPARISON_COMPLETE) {
        c->end = end;
    }
}

static void read_table_line(struct comparison *c, const struct reading_step *step,
                            const struct table_reader *r, struct span line)
{
    struct facts row;
    bool read = row_reading_begin(&c->reading, step->table, line, &row);
    if (read && c->lean != NULL &&
        (!lean_rows_complete(c->lean, &row, c->why) || !lean_rows_keep(c->lean, &row, c->why))) {
        stop_comparison(c, COMPARISON_FATAL);
        return;
    }
    if (read && step->keep != NULL) {
        step->keep(&c->keeping, &row);
    }
    if (c->reading.why.len > 0) {
        table_reader_blame(r, c->why);
        buf_put(c->why, buf_span(&c->reading.why));
        stop_comparison(c, COMPARISON_UNUSABLE);
    } else if (scratch_database_error(c->database) != NULL) {
        buf_put_text(c->why, scratch_database_error(c->database));
        stop_comparison(c, COMPARISON_FATAL);
    }
}

static void read_scan_table(struct comparison *c, struct results *from,
                            const struct reading_step *step)
{
    struct results_table table;
    if (!step->needed && !results_has_table(from, step->table)) {
        return;
    }
    struct table_reader *r = results_table(from, step->table, &table, c->why)
                                 ? table_reader_new(from->path, table.name, table.octets, c->why)
                                 : NULL;
    if (r == NULL) {
        stop_comparison(c, COMPARISON_UNUSABLE);
        return;
    }
    table_reader_expect(r, table.rows);
    enum table_read got = TABLE_READ_LINE;
    while (c->end == COMPARISON_COMPLETE && got == TABLE_READ_LINE) {
        struct span line;
        got = table_reader_next(r, &line, c->why);
        if (got == TABLE_READ_LINE) {
            read_table_line(c, step, r, line);
        }
    }
    if (got == TABLE_READ_FAILED || got == TABLE_READ_BAD) {
        stop_comparison(c, got == TABLE_READ_FAILED ? COMPARISON_FATAL : COMPARISON_UNUSABLE);
    }
    table_reader_free(r);
}

static void read_scans(struct comparison *c)
{
    for (unsigned scan = 0; scan < 2; scan++) {
        c->kept.scan = scan;
        c->lean = results_are_lean(&c->results[scan])
                      ? lean_rows_new(false, LEAN_MEMORY_OCTETS, c->why)
                      : NULL;
        if (c->why->len > 0) {
            stop_comparison(c, COMPARISON_FATAL);
        }
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            if (c->end == COMPARISON_COMPLETE) {
                read_scan_table(c, &c->results[scan], &steps[i]);
            }
        }
        lean_rows_free(c->lean);
        c->lean = NULL;
    }
}

/* --- one domain ----------------------------------------------------------------------------- */

/* A domain as one scan has it, with its hosts. */
struct loaded {
    struct compared_domain domain;
    struct compared_side side;
    struct span octets;
    size_t observed;
    struct span *host_octets; /* one for each of its hosts; empty: it has no row */
    size_t *host_observed;
};

static void put_found_change(void *arg, const struct change *change)
{
    struct comparison *c = arg;
    c->domain_changed = true;
    change_store_put(&c->store, change, c->domain);
}

static void load_domain(struct comparison *c, unsigned scan, struct span octets, size_t observed,
                        struct loaded *out)
{
    c->kept.scan = scan;
    *out = (struct loaded){.octets = octets, .observed = observed};
    compared_domain_get(octets, &c->arena, &out->domain);
    size_t count = out->domain.hosts.count;
    out->host_octets = arena_new(&c->arena, count, sizeof(*out->host_octets));
    out->host_observed = arena_new(&c->arena, count, sizeof(*out->host_observed));
    for (size_t i = 0; i < count; i++) {
        (void)kept_facts_find(&c->kept, KEPT_HOST, out->domain.hosts.at[i], &c->arena,
                              &out->host_octets[i], &out->host_observed[i]);
    }
}

static bool is_loaded_same(const struct loaded *was, const struct loaded *is)
{
    bool same = span_eq(was->octets, is->octets);
    for (size_t i = 0; i < is->domain.hosts.count && same; i++) {
        same = span_eq(was->host_octets[i], is->host_octets[i]);
    }
    return same;
}

static void load_hosts(struct comparison *c, struct loaded *d)
{
    const struct compared_host **list =
        arena_new(&c->arena, d->domain.hosts.count, sizeof(const struct compared_host *));
    for (size_t i = 0; i < d->domain.hosts.count; i++) {
        if (d->host_octets[i].len > 0) {
            struct compared_host *host = arena_new(&c->arena, 1, sizeof(*host));
            compared_host_get(d->host_octets[i], &c->arena, host);
            list[i] = host;
        }
    }
    d->side = (struct compared_side){&d->domain, list};
}

/* The number of the host in the other scan; SIZE_MAX: it has none. */
static size_t find_loaded_host(const struct loaded *in, struct span name)
{
    for (size_t i = 0; i < in->domain.hosts.count; i++) {
        if (span_eq(in->domain.hosts.at[i], name) && in->side.hosts[i] != NULL) {
            return i;
        }
    }
    return SIZE_MAX;
}

static struct span observed_host(const struct loaded *d, size_t i)
{
    return span_take(d->host_octets[i], d->host_observed[i]);
}

/* Says of each host, and of the domain, whether anything else was observed. */
static void mark_same(struct loaded *was, struct loaded *is)
{
    bool all = span_eq(span_take(was->octets, was->observed), span_take(is->octets, is->observed));
    for (size_t i = 0; i < is->domain.hosts.count; i++) {
        size_t old =
            is->side.hosts[i] != NULL ? find_loaded_host(was, is->domain.hosts.at[i]) : SIZE_MAX;
        bool same = old != SIZE_MAX && span_eq(observed_host(was, old), observed_host(is, i));
        if (old != SIZE_MAX) {
            ((struct compared_host *)is->side.hosts[i])->same = same;
            ((struct compared_host *)was->side.hosts[old])->same = same;
        }
        all = all && same;
    }
    was->domain.same = all;
    is->domain.same = all;
}

static void compare_pair(struct comparison *c, struct loaded *was, struct loaded *is)
{
    const struct change_sink sink = {put_found_change, c};
    c->counts.in_both++;
    if (!compared_domain_is_sound(&was->domain) || !compared_domain_is_sound(&is->domain)) {
        return;
    }
    if (is_loaded_same(was, is)) {
        return;
    }
    load_hosts(c, was);
    load_hosts(c, is);
    mark_same(was, is);
    c->domain = is->domain.name;
    c->domain_changed = false;
    compare_domains(&c->terms, &was->side, &is->side, &sink);
    for (size_t i = 0; i < is->domain.hosts.count; i++) {
        size_t old =
            is->side.hosts[i] != NULL ? find_loaded_host(was, is->domain.hosts.at[i]) : SIZE_MAX;
        if (old != SIZE_MAX) {
            compare_hosts(&c->terms, was->side.hosts[old], is->side.hosts[i], &sink);
        }
    }
    compare_findings(&c->terms, &was->side, &is->side, &sink);
    c->counts.changed += c->domain_changed;
}

static void compare_lone(struct comparison *c, struct span octets, bool is_new)
{
    const struct change_sink sink = {put_found_change, c};
    struct compared_domain domain;
    compared_domain_get(octets, &c->arena, &domain);
    c->counts.only_new += is_new;
    c->counts.only_old += !is_new;
    c->domain = domain.name;
    /* Where the other scan is incomplete, it may just have no row of it yet; another shard never has one. */
    const struct results *lacks = &c->results[is_new ? 0 : 1];
    bool elsewhere = lacks->shards > 1 && !scan_terms_same_shard(&c->results[0], &c->results[1]);
    if (!lacks->incomplete && !elsewhere) {
        compare_lone_domain(&domain, is_new, &sink);
    }
}

/* --- all domains ---------------------------------------------------------------------------- */

struct waiting {
    struct buf key;
    struct buf octets;
    size_t observed;
    bool there; /* of the old scan; its partner in the new one comes next, if there is one */
};

static void take_old(struct waiting *w, struct scratch_statement *row)
{
    buf_reset(&w->key);
    buf_reset(&w->octets);
    buf_put(&w->key, scratch_text(row, 0));
    buf_put(&w->octets, scratch_text(row, 3));
    w->observed = (size_t)scratch_uint(row, 2);
    w->there = true;
}

static void end_old(struct comparison *c, struct waiting *w)
{
    if (w->there) {
        compare_lone(c, buf_span(&w->octets), false);
        w->there = false;
    }
}

static void compare_domain_row(struct comparison *c, struct waiting *old)
{
    struct scratch_statement *row = c->all_domains;
    bool is_new = scratch_uint(row, 1) == 1;
    c->scans[is_new ? 1 : 0].domains++;
    if (!is_new) {
        end_old(c, old);
        take_old(old, row);
        return;
    }
    if (!old->there || !span_eq(buf_span(&old->key), scratch_text(row, 0))) {
        end_old(c, old);
        compare_lone(c, arena_copy(&c->arena, scratch_text(row, 3)), true);
        return;
    }
    struct loaded was;
    struct loaded is;
    load_domain(c, 0, buf_span(&old->octets), old->observed, &was);
    load_domain(c, 1, arena_copy(&c->arena, scratch_text(row, 3)), (size_t)scratch_uint(row, 2),
                &is);
    old->there = false;
    compare_pair(c, &was, &is);
}

static void compare_all(struct comparison *c)
{
    struct waiting old = {.key = BUF_INIT(BUF_NO_LIMIT), .octets = BUF_INIT(BUF_NO_LIMIT)};
    c->all_domains = scratch_statement_new(
        c->database,
        "SELECT key, scan, observed, facts FROM kept WHERE kind = ? ORDER BY key, scan");
    scratch_put_uint(c->all_domains, KEPT_DOMAIN);
    while (scratch_next_row(c->all_domains)) {
        compare_domain_row(c, &old);
        arena_reset(&c->arena);
    }
    end_old(c, &old);
    arena_reset(&c->arena);
    buf_deinit(&old.key);
    buf_deinit(&old.octets);
    change_store_finish(&c->store, &c->counts);
    if (scratch_database_error(c->database) != NULL) {
        buf_put_text(c->why, scratch_database_error(c->database));
        stop_comparison(c, COMPARISON_FATAL);
    }
}

/* --- beginning and end ---------------------------------------------------------------------- */

static bool open_scan(struct comparison *c, unsigned i, const char *path)
{
    struct results *r = &c->results[i];
    if (!results_open_rows(r, path, c->why)) {
        return false;
    }
    const char *version = results_text(r, KEY_VERSION, NULL);
    c->scans[i] = (struct compared_scan){.path = path,
                                         .version = version != NULL ? version : "?",
                                         .started_unix_ms = r->started_unix_ms,
                                         .judged_unix_s = r->at,
                                         .incomplete = r->incomplete};
    return true;
}

static void note_gaps(struct comparison *c)
{
    static const char *const names[][2] = {
#define X(name, word, one, many) [name] = {one, many},
        GAP_KINDS(X)
#undef X
    };
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    for (unsigned i = 0; i < GAP_KIND_COUNT; i++) {
        uint64_t n = c->counts.gaps[i];
        if (n > 0) {
            buf_putf(&line, "%s%llu %s",
                     line.len > 0 ? ", " : "Not compared: ", (unsigned long long)n,
                     names[i][n != 1]);
        }
    }
    if (line.len > 0) {
        buf_put_text(&line, ": in one of the scans our own network, machine or resolver failed, or "
                            "the scan ended before");
        term_notes_put(&c->notes, &line);
    }
    buf_deinit(&line);
}

static void compare_scans(struct comparison *c)
{
    scan_terms_compare(&c->results[0], &c->results[1], &c->terms, &c->notes);
    c->database = scratch_database_open(CACHE_OCTETS);
    kept_facts_init(&c->kept, c->database);
    change_store_init(&c->store, c->database);
    c->keeping = (struct kept_reading){
        .kept = &c->kept,
        .arena = ARENA_INIT(&c->pool),
        .octets = BUF_INIT(BUF_NO_LIMIT),
        .ports = c->ports,
        .port_count = scan_terms_ports(&c->results[0], &c->results[1], c->ports)};
    c->arena = ARENA_INIT(&c->pool);
    row_reading_init(&c->reading);
    c->reading.in_part = true; /* results of older versions have fewer columns */
    read_scans(c);
    if (c->end == COMPARISON_COMPLETE) {
        compare_all(c);
        kept_facts_count_gaps(&c->kept, c->counts.gaps);
        note_gaps(c);
    }
    row_reading_deinit(&c->reading);
    buf_deinit(&c->keeping.octets);
}

struct comparison *comparison_new(const char *old, const char *new, enum comparison_end *end,
                                  struct buf *why)
{
    struct comparison *c = memory_new(1, sizeof(*c));
    c->why = why;
    if (open_scan(c, 0, old) && open_scan(c, 1, new)) {
        compare_scans(c);
    } else {
        stop_comparison(c, COMPARISON_UNUSABLE);
    }
    *end = c->end;
    if (c->end != COMPARISON_COMPLETE) {
        comparison_free(c);
        return NULL;
    }
    return c;
}

void comparison_free(struct comparison *c)
{
    if (c != NULL) {
        scratch_database_close(c->database);
        term_notes_deinit(&c->notes);
        arena_reset(&c->arena);
        arena_pool_deinit(&c->pool);
        results_deinit(&c->results[0]);
        results_deinit(&c->results[1]);
        free(c);
    }
}

const struct compared_scan *comparison_scan(const struct comparison *c, bool is_new)
{
    return &c->scans[is_new ? 1 : 0];
}

const struct comparison_counts *comparison_counts(const struct comparison *c)
{
    return &c->counts;
}

size_t comparison_note_count(const struct comparison *c)
{
    return c->notes.count;
}

const char *comparison_note(const struct comparison *c, size_t i)
{
    return c->notes.at[i];
}

const char *comparison_error(const struct comparison *c)
{
    return scratch_database_error(c->database);
}

/* --- the stream ----------------------------------------------------------------------------- */

static struct change change_of_row(struct scratch_statement *row)
{
    return (struct change){
        .kind = (enum change_kind)scratch_uint(row, 0),
        .place = (enum change_place)scratch_uint(row, 1),
        .key = scratch_text(row, 2),
        .code = scratch_text(row, 3),
        .severity = (enum severity)scratch_uint(row, 4),
        .before = scratch_text(row, 5),
        .after = scratch_text(row, 6),
        .senders = scratch_text(row, 7),
    };
}

static void take_change(struct comparison *c, struct scratch_statement *row,
                        struct compared_change *out)
{
    *out = (struct compared_change){change_of_row(row), scratch_uint(row, 8)};
    c->store.last = scratch_uint(row, 9);
}

bool comparison_next_change(struct comparison *c, struct compared_change *out)
{
    bool more = scratch_next_row(c->store.changes);
    if (more) {
        take_change(c, c->store.changes, out);
    }
    return more;
}

bool comparison_next_group(struct comparison *c, struct change_group *out)
{
    struct scratch_statement *row = c->store.groups;
    if (!scratch_next_row(row)) {
        return false;
    }
    out->first = change_of_row(row);
    out->direction = change_kind_direction(out->first.kind);
    out->domain_count = scratch_uint(row, 8);
    out->number = scratch_uint(row, 9);
    out->change_count = scratch_uint(row, 10);
    out->of_place = scratch_uint(row, 11) != 0;
    return true;
}

/* Gives a statement its value when it begins. */
static bool step_with(struct change_store *s, struct scratch_statement *row, unsigned which,
                      uint64_t value)
{
    if (!s->running[which]) {
        scratch_put_uint(row, value);
    }
    s->running[which] = scratch_next_row(row);
    return s->running[which];
}

enum {
    OF_GROUP,
    DOMAINS,
    DOMAINS_OF_GROUP,
};

bool comparison_next_of_group(struct comparison *c, const struct change_group *g,
                              struct compared_change *out)
{
    struct scratch_statement *row = c->store.of_group;
    bool more = step_with(&c->store, row, OF_GROUP, g->number);
    if (more) {
        take_change(c, row, out);
    }
    return more;
}

bool comparison_next_domain(struct comparison *c, struct span *domain)
{
    bool more = step_with(&c->store, c->store.domains, DOMAINS, c->store.last);
    *domain = more ? scratch_text(c->store.domains, 0) : (struct span){0};
    return more;
}

bool comparison_next_domain_of_group(struct comparison *c, const struct change_group *g,
                                     struct span *domain)
{
    struct scratch_statement *row = c->store.domains_of_group;
    bool more = step_with(&c->store, row, DOMAINS_OF_GROUP, g->number);
    *domain = more ? scratch_text(row, 0) : (struct span){0};
    return more;
}

static void leave_statement(struct change_store *s, struct scratch_statement *row, unsigned which)
{
    if (s->running[which]) {
        scratch_leave(row);
        s->running[which] = false;
    }
}

void comparison_leave(struct comparison *c)
{
    leave_statement(&c->store, c->store.of_group, OF_GROUP);
    leave_statement(&c->store, c->store.domains, DOMAINS);
    leave_statement(&c->store, c->store.domains_of_group, DOMAINS_OF_GROUP);
}
