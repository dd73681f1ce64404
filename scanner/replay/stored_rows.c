#include "scanner/replay/stored_rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "scanner/base/check.h"
#include "scanner/base/key_table.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/base/text_distance.h"
#include "scanner/replay/result_shard.h"
#include "scanner/replay/results.h"
#include "scanner/replay/table_reader.h"
#include "scanner/rows/row_facts.h"

/*
 * Rows name each other by keys, so they are gathered in passes: each reads the tables that the rows of the pass
 * before named. A line is parsed only if its key, which is found by a search for the column's name, is wanted.
 */

#define TABLES(t) (1U << (t))

/* Domains first; endpoints twice, as one may have its session from another one. */
static const unsigned passes[] = {
    TABLES(TABLE_DOMAINS) | TABLES(TABLE_CAUSES) | TABLES(TABLE_PROBLEMS),
    TABLES(TABLE_HOSTS) | TABLES(TABLE_ENDPOINTS) | TABLES(TABLE_POLICIES) |
        TABLES(TABLE_OUTCOME_SETS),
    TABLES(TABLE_ENDPOINTS) | TABLES(TABLE_SERVICES) | TABLES(TABLE_POLICY_BODIES),
    TABLES(TABLE_CHAINS) | TABLES(TABLE_COMPLETIONS),
    TABLES(TABLE_CERTIFICATES) | TABLES(TABLE_ISSUERS),
};

#define NAME_DISTANCE_MAX \
    3 /* letters that a similar name may differ in; and a quarter of its length */

/** Keys that are wanted of a table, and of which of them there is a row. */
struct wanted {
    struct key_table keys;
    bool *taken; /* by the number of the key */
    uint32_t left;
};

struct gathering {
    struct results results;
    enum table_id named; /* the table whose keys the wishes are */
    /* What a domain's row has that uses a host or address, in quotes, and the name of that member; empty: not looked for. */
    struct buf needle;
    struct buf needle_name;
    struct stored_users *users; /* NULL: the same */
    bool by_address;            /* hosts are those whose rows have the needle */
    bool is_lean;               /* rows of hosts do not tell their endpoints */
    bool with_problems;         /* of the domains that are wished for */
    uint32_t hosts;             /* that were found so */
    const char *stream_dir;     /* where the results are one file; owned */
    const char *stream_name;
    struct wanted wanted[TABLE_COUNT];
    struct stored_wish *wish;
    size_t wish_count;
    size_t *distance; /* by wish: of its nearest name */
    struct row_reading reading;
    const struct table_reader *reader; /* of the line that is looked at */
    struct buf text;                   /* of a key */
    struct stored_rows *out;
    struct buf *why;
};

/* --- what is wanted --------------------------------------------------------------------------- */

static void want(struct gathering *g, enum table_id t, struct span key)
{
    struct wanted *w = &g->wanted[t];
    bool added = false;
    if (key.len == 0) {
        return;
    }
    uint32_t number = key_table_add(&w->keys, hash_key_of(key), &added);
    if (added) {
        w->taken = memory_grow_list(w->taken, number, sizeof(*w->taken));
        w->taken[number] = false;
        w->left++;
    }
}

static void want_column(struct gathering *g, enum table_id t, const struct facts *f,
                        unsigned column)
{
    const char *key = facts_string(f, column);
    want(g, t, key != NULL ? span_of(key) : (struct span){0});
}

static void want_chain(struct gathering *g, const struct facts *f, unsigned column)
{
    want_column(g, TABLE_CHAINS, f, column);
    want_column(g, TABLE_COMPLETIONS, f, column);
}

/* @return KEY_TABLE_NONE: nobody wants it, or it is there */
static uint32_t number_of_wanted(const struct wanted *w, struct span key)
{
    uint32_t number = key_table_find(&w->keys, hash_key_of(key));
    return number != KEY_TABLE_NONE && w->taken[number] ? KEY_TABLE_NONE : number;
}

/* --- what rows name --------------------------------------------------------------------------- */

static void want_places(struct gathering *g, const char *host, const struct facts *f,
                        unsigned column)
{
    size_t count = facts_list_len(f, column);
    for (size_t i = 0; i < count; i++) {
        struct facts brief;
        facts_list_object(f, column, i, &brief);
        buf_reset(&g->text);
        buf_putf(&g->text, "%s|%s|%d", host, facts_string_or(&brief, BRIEF_ADDRESS, ""),
                 facts_u16(&brief, BRIEF_PORT));
        want(g, TABLE_ENDPOINTS, buf_span(&g->text));
        want(g, TABLE_SERVICES, span_drop(buf_span(&g->text), strlen(host) + 1));
    }
}

static void follow_domain(struct gathering *g, const struct facts *row)
{
    size_t count = facts_list_len(row, DOMAINS_MX);
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(row, DOMAINS_MX, i, &mx);
        want_column(g, TABLE_HOSTS, &mx, MX_FACTS_HOST);
        want_places(g, facts_string_or(&mx, MX_FACTS_HOST, ""), &mx, MX_FACTS_ENDPOINTS);
    }
    want_column(g, TABLE_OUTCOME_SETS, row, DOMAINS_OUTCOME_SET);
    struct facts sts = facts_member(row, DOMAINS_MTA_STS);
    want_column(g, TABLE_POLICIES, &sts, MTA_STS_FACTS_POLICY_HOST);
}

static void follow_endpoint(struct gathering *g, const struct facts *row)
{
    want_column(g, TABLE_SERVICES, row, ENDPOINTS_SERVICE);
    struct facts other_key = facts_member(row, ENDPOINTS_OTHER_KEY);
    struct facts dane_sni = facts_member(row, ENDPOINTS_DANE_SNI);
    want_column(g, TABLE_ENDPOINTS, row, ENDPOINTS_SESSION_FROM);
    want_column(g, TABLE_SERVICES, row, ENDPOINTS_SESSION_FROM);
    want_chain(g, row, ENDPOINTS_CHAIN_ID);
    want_chain(g, &other_key, OTHER_KEY_FACTS_CHAIN_ID);
    want_chain(g, &dane_sni, DANE_SNI_FACTS_CHAIN_ID);
}

static void follow_list(struct gathering *g, enum table_id t, const struct facts *row,
                        unsigned column)
{
    size_t count = facts_list_len(row, column);
    for (size_t i = 0; i < count; i++) {
        want(g, t, span_of(facts_list_string(row, column, i)));
    }
}

static void follow_host(struct gathering *g, const struct facts *row)
{
    want_places(g, facts_string_or(row, HOSTS_HOST, ""), row, HOSTS_ENDPOINTS);
}

static void follow_service(struct gathering *g, const struct facts *row)
{
    want_chain(g, row, SERVICES_CHAIN_ID);
}

static void follow_policy(struct gathering *g, const struct facts *row)
{
    want_chain(g, row, POLICIES_CHAIN_ID);
    want_column(g, TABLE_POLICY_BODIES, row, POLICIES_POLICY_SHA256);
}

static void follow_chain(struct gathering *g, const struct facts *row)
{
    follow_list(g, TABLE_CERTIFICATES, row, CHAINS_CERTIFICATES);
    follow_list(g, TABLE_ISSUERS, row, CHAINS_MISSING_ISSUER_URLS);
}

static void follow_completion(struct gathering *g, const struct facts *row)
{
    follow_list(g, TABLE_ISSUERS, row, COMPLETIONS_MISSING_ISSUER_URLS);
}

/* Rows of the other tables name nothing that is looked at. */
static void (*const follow[TABLE_COUNT])(struct gathering *g, const struct facts *row) = {
    [TABLE_DOMAINS] = follow_domain,         [TABLE_HOSTS] = follow_host,
    [TABLE_ENDPOINTS] = follow_endpoint,     [TABLE_SERVICES] = follow_service,
    [TABLE_POLICIES] = follow_policy,        [TABLE_CHAINS] = follow_chain,
    [TABLE_COMPLETIONS] = follow_completion,
};

/* --- names that are similar ------------------------------------------------------------------- */

static size_t distance_max(size_t len)
{
    return len / 4 < NAME_DISTANCE_MAX ? len / 4 : NAME_DISTANCE_MAX;
}

static void note_similar(struct gathering *g, struct span name)
{
    for (size_t i = 0; i < g->wish_count; i++) {
        struct stored_wish *w = &g->wish[i];
        if (w->found || g->distance[i] <= 1) {
            continue;
        }
        size_t d = text_distance(span_of(w->name), name, g->distance[i] - 1);
        if (d < g->distance[i]) {
            g->distance[i] = d;
            free(w->nearest);
            w->nearest = memory_text_of(name.at, name.len);
        }
    }
}

/* --- rows ------------------------------------------------------------------------------------- */

/* RFC 8259 section 2, within a line: as others write JSON. */
static struct span drop_blanks(struct span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t' || text.at[0] == '\r')) {
        text = span_drop(text, 1);
    }
    return text;
}

/* What follows the colon behind a name. @return .at NULL: there is no colon */
static struct span drop_colon(struct span text)
{
    struct span rest = drop_blanks(text);
    return rest.len > 0 && rest.at[0] == ':' ? drop_blanks(span_drop(rest, 1)) : (struct span){0};
}

/* The text behind the first `key`, which ends with its colon; .at NULL: there is none, or it is not as it stands. */
static struct span text_behind(struct span line, struct span key)
{
    struct span name = span_take(key, key.len - 1);
    const uint8_t *at = memmem(line.at, line.len, name.at, name.len);
    struct span rest = at != NULL ? drop_colon(span_drop(line, (size_t)(at - line.at) + name.len))
                                  : (struct span){0};
    if (rest.len == 0 || rest.at[0] != '"') {
        return (struct span){0};
    }
    rest = span_drop(rest, 1);
    const uint8_t *end = memchr(rest.at, '"', rest.len);
    struct span text = span_take(rest, end != NULL ? (size_t)(end - rest.at) : 0);
    return end == NULL || memchr(text.at, '\\', text.len) != NULL ? (struct span){0} : text;
}

static unsigned key_column(enum table_id t)
{
    const struct definition *d = table_definition(t);
    if (t == TABLE_DOMAINS) {
        return DOMAINS_DOMAIN;
    }
    for (unsigned c = 0; c < d->column_count; c++) {
        if (d->columns[c].presence == COLUMN_PRESENCE_KEY) {
            return c;
        }
    }
    UNREACHABLE("a table without a key");
}

static bool is_stream_row(struct span line)
{
    struct span type = SPAN_LIT("\"type\"");
    struct span begin = drop_blanks(line);
    begin =
        begin.len > 0 && begin.at[0] == '{' ? drop_blanks(span_drop(begin, 1)) : (struct span){0};
    return begin.len > type.len && memcmp(begin.at, type.at, type.len) == 0 &&
           drop_colon(span_drop(begin, type.len)).at != NULL;
}

/* Rows of a table lack the name that a stream has them with. */
static void put_stream_row(struct gathering *g, enum table_id t, struct span line)
{
    struct buf *out = &g->out->text;
    table_reader_blame(g->reader, &g->out->places);
    buf_put_char(&g->out->places, '\0');
    if (is_stream_row(line)) {
        buf_put(out, line);
    } else {
        buf_putf(out, "{\"type\":\"%s\",", table_name(t));
        buf_put(out, span_drop(line, 1));
    }
    buf_put_char(out, '\n');
}

static void mark_found(struct gathering *g, struct span name)
{
    for (size_t i = 0; i < g->wish_count; i++) {
        g->wish[i].found = g->wish[i].found || span_eq(span_of(g->wish[i].name), name);
    }
}

static bool take_row(struct gathering *g, enum table_id t, struct span line)
{
    struct facts row;
    enum table_id named = t;
    g->reading.in_part = true;
    bool read = is_stream_row(line) ? row_reading_begin_typed(&g->reading, line, &named, &row)
                                    : row_reading_begin(&g->reading, t, line, &row);
    const char *key = read ? facts_string_or(&row, key_column(t), "") : "";
    uint32_t number = read ? number_of_wanted(&g->wanted[t], span_of(key)) : KEY_TABLE_NONE;
    if (number != KEY_TABLE_NONE &&
        (t != TABLE_DOMAINS || !facts_has(&row, DOMAINS_DUPLICATE_OF))) {
        g->wanted[t].taken[number] = true;
        g->wanted[t].left--;
        put_stream_row(g, t, line);
        if (follow[t] != NULL) {
            follow[t](g, &row);
        }
        if (t == g->named && !g->by_address) {
            mark_found(g, span_of(key));
        }
    }
    return g->reading.why.len == 0;
}

/* Is it the value of a member of that name somewhere in the row? */
static bool has_needle(const struct gathering *g, struct span line)
{
    struct span name = buf_span(&g->needle_name);
    struct span rest = line;
    const uint8_t *at;
    while (g->needle.len > 0 && (at = memmem(rest.at, rest.len, name.at, name.len)) != NULL) {
        rest = span_drop(rest, (size_t)(at - rest.at) + name.len);
        struct span value = span_take(drop_colon(rest), g->needle.len);
        if (span_eq(value, buf_span(&g->needle))) {
            return true;
        }
    }
    return false;
}

/* Is it one of the texts of the list `causes`? Keys have no bracket. */
static bool lists_needle(const struct gathering *g, struct span line)
{
    const uint8_t *at = memmem(line.at, line.len, "\"causes\"", 8);
    struct span list = at != NULL ? span_drop(line, (size_t)(at - line.at) + 8) : (struct span){0};
    list = text_take_until(&list, ']');
    return g->needle.len > 0 && list.len > 0 &&
           memmem(list.at, list.len, g->needle.at, g->needle.len) != NULL;
}

/* A repeated line has no MX set, so that nobody is counted twice. */
static void add_user(struct stored_users *u, struct span domain, size_t max)
{
    if (u->named < max) {
        u->name = memory_grow_list(u->name, u->named, sizeof(*u->name));
        u->name[u->named++] = memory_text_of(domain.at, domain.len);
    }
    u->count++;
}

static bool is_wished_for(const struct gathering *g, struct span name)
{
    for (size_t i = 0; i < g->wish_count && name.at != NULL; i++) {
        if (span_eq(span_of(g->wish[i].name), name)) {
            return true;
        }
    }
    return false;
}

/* Rows that say each thing once: that of the host does not tell its endpoints. */
static bool is_of_wanted_host(const struct gathering *g, struct span endpoint)
{
    struct span host = text_take_until(&endpoint, '|');
    return key_table_find(&g->wanted[TABLE_HOSTS].keys, hash_key_of(host)) != KEY_TABLE_NONE;
}

/* @return false: the row is not what it should be, in g->reading.why */
static bool gather_line(struct gathering *g, enum table_id t, struct span line)
{
    if (t == TABLE_PROBLEMS && g->with_problems) {
        struct span domain = text_behind(line, SPAN_LIT("\"domain\":"));
        if (is_wished_for(g, domain)) {
            put_stream_row(g, t, line);
        }
        return true;
    }
    if (t == TABLE_PROBLEMS) { /* wanted for whose they are */
        if (has_needle(g, line) || lists_needle(g, line)) {
            add_user(g->users, text_behind(line, SPAN_LIT("\"domain\":")), STORED_OF_CAUSE);
        }
        return true;
    }
    struct span key_name = table_definition(t)->columns[key_column(t)].json_key;
    struct span key = text_behind(line, key_name);
    if (key.at == NULL && t != TABLE_DOMAINS) {
        return take_row(g, t, line); /* a key with escapes */
    }
    if (key.at != NULL && number_of_wanted(&g->wanted[t], key) != KEY_TABLE_NONE) {
        return take_row(g, t, line);
    }
    if (key.at != NULL && t == TABLE_ENDPOINTS && is_of_wanted_host(g, key)) {
        want(g, t, key);
        return take_row(g, t, line);
    }
    if (key.at != NULL && t == g->named && !g->by_address) {
        note_similar(g, key);
    }
    if (t == TABLE_DOMAINS && key.at != NULL && has_needle(g, line)) {
        add_user(g->users, key, STORED_USERS_SHOWN);
    }
    if (t == TABLE_HOSTS && g->by_address && key.at != NULL && g->hosts < STORED_HOSTS_MAX &&
        has_needle(g, line)) {
        g->hosts++;
        g->wish[0].found = true;
        want(g, TABLE_HOSTS, key);
        return take_row(g, t, line);
    }
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */

/* The table that a row of a stream is of, if the pass reads it. */
static bool is_of_pass(struct span line, unsigned tables, enum table_id *t)
{
    struct span type = text_behind(line, SPAN_LIT("\"type\":"));
    return is_stream_row(line) && table_find(type, t) && (tables & TABLES(*t)) != 0;
}

/* All rows of a table are looked at, as some may have the needle. */
static bool reads_all_of(const struct gathering *g, enum table_id t)
{
    bool by_cause = g->named == TABLE_CAUSES;
    if ((g->with_problems && t == TABLE_PROBLEMS) || (t == TABLE_ENDPOINTS && g->is_lean)) {
        return true;
    }
    return g->needle.len > 0 &&
           (by_cause ? t == TABLE_PROBLEMS
                     : t == TABLE_DOMAINS || (t == TABLE_HOSTS && g->by_address));
}

static bool is_done(const struct gathering *g, unsigned tables)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        if ((tables & TABLES(t)) != 0 &&
            (g->wanted[t].left > 0 || reads_all_of(g, (enum table_id)t))) {
            return false;
        }
    }
    return true;
}

/* A file of rows of the tables, all of one table unless it is a stream. What is read to its end must have all of its rows. */
static bool gather_file(struct gathering *g, const char *dir, const struct results_table *file,
                        unsigned tables, enum table_id t)
{
    struct table_reader *r = table_reader_new(dir, file->name, file->octets, g->why);
    g->reader = r;
    if (r != NULL) {
        table_reader_expect(r, file->rows);
    }
    enum table_read got = TABLE_READ_END;
    struct span line;
    while (r != NULL && !is_done(g, tables) &&
           (got = table_reader_next(r, &line, g->why)) == TABLE_READ_LINE) {
        if (g->stream_name != NULL && !is_stream_row(line)) {
            table_reader_blame(r, g->why);
            buf_put_text(g->why, "not a row that mxcensus wrote to standard output");
            break;
        }
        if ((g->stream_name == NULL || is_of_pass(line, tables, &t)) && !gather_line(g, t, line)) {
            table_reader_blame(r, g->why);
            buf_put(g->why, buf_span(&g->reading.why));
            break;
        }
    }
    table_reader_free(r);
    return g->why->len == 0;
}

static bool gather_table(struct gathering *g, enum table_id t)
{
    struct results_table table;
    if (!results_has_table(&g->results, t)) { /* of an older version */
        return t != g->named || results_table(&g->results, t, &table, g->why);
    }
    if (t == TABLE_ENDPOINTS && results_table_ahead(&g->results, &table) &&
        !gather_file(g, g->results.path, &table, TABLES(t), t)) {
        return false;
    }
    return results_table(&g->results, t, &table, g->why) &&
           gather_file(g, g->results.path, &table, TABLES(t), t);
}

static bool gather_pass(struct gathering *g, unsigned tables)
{
    if (g->stream_name != NULL) {
        const struct results_table file = {
            .name = g->stream_name, .rows = UINT64_MAX, .octets = UINT64_MAX};
        return gather_file(g, g->stream_dir, &file, tables, TABLE_DOMAINS);
    }
    for (int t = 0; t < TABLE_COUNT; t++) {
        if ((tables & TABLES(t)) != 0 &&
            (g->wanted[t].left > 0 || reads_all_of(g, (enum table_id)t)) &&
            !gather_table(g, (enum table_id)t)) {
            return false;
        }
    }
    return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool open_results(struct gathering *g, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) {
        bool ok = results_open_rows(&g->results, path, g->why);
        g->out->incomplete = g->results.incomplete;
        g->is_lean = ok && results_are_lean(&g->results);
        g->out->missing_outcomes = ok ? results_missing_outcomes(&g->results) : NULL;
        result_shard_put(&g->results, &g->out->shard);
        return ok;
    }
    const char *slash = strrchr(path, '/');
    struct span dir = slash == NULL ? SPAN_LIT(".")
                      : slash == path
                          ? SPAN_LIT("/")
                          : (struct span){(const uint8_t *)path, (size_t)(slash - path)};
    g->stream_dir = memory_text_of(dir.at, dir.len);
    g->stream_name = slash == NULL ? path : slash + 1;
    return true;
}

static void gathering_deinit(struct gathering *g)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        key_table_deinit(&g->wanted[t].keys);
        free(g->wanted[t].taken);
    }
    results_deinit(&g->results);
    row_reading_deinit(&g->reading);
    buf_deinit(&g->text);
    buf_deinit(&g->needle);
    buf_deinit(&g->needle_name);
    free(g->distance);
    free((void *)(uintptr_t)g->stream_dir);
}

static bool gather_all(struct gathering *g, const char *results, struct stored_rows *out,
                       struct buf *why)
{
    g->distance = memory_new(g->wish_count, sizeof(*g->distance));
    g->text = BUF_INIT(BUF_NO_LIMIT);
    g->out = out;
    g->why = why;
    *out = (struct stored_rows){.text = BUF_INIT(BUF_NO_LIMIT),
                                .places = BUF_INIT(BUF_NO_LIMIT),
                                .shard = BUF_INIT(BUF_NO_LIMIT)};
    row_reading_init(&g->reading);
    for (size_t i = 0; i < g->wish_count; i++) {
        g->distance[i] = distance_max(strlen(g->wish[i].name)) + 1;
        if (!g->by_address) {
            want(g, g->named, span_of(g->wish[i].name));
        }
    }
    bool ok = open_results(g, results);
    for (size_t p = 0; ok && p < sizeof(passes) / sizeof(passes[0]); p++) {
        ok = gather_pass(g, passes[p]);
    }
    gathering_deinit(g);
    return ok;
}

bool stored_rows_of_domains(struct stored_rows *out, const char *results, struct stored_wish *wish,
                            size_t wish_count, bool problems, struct buf *why)
{
    struct gathering g = {
        .named = TABLE_DOMAINS, .wish = wish, .wish_count = wish_count, .with_problems = problems};
    return gather_all(&g, results, out, why);
}

/* @param key the name of the member that has it in the rows of who uses it */
static bool gather_users(struct gathering *g, const char *key, struct stored_rows *out,
                         const char *results, struct stored_wish *wish, struct stored_users *users,
                         struct buf *why)
{
    *users = (struct stored_users){.count = 0};
    g->needle = BUF_INIT(BUF_NO_LIMIT);
    g->users = users;
    g->wish = wish;
    g->wish_count = 1;
    g->needle_name = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&g->needle, "\"%s\"", wish->name);
    buf_putf(&g->needle_name, "\"%s\"", key);
    return gather_all(g, results, out, why);
}

bool stored_rows_of_host(struct stored_rows *out, const char *results, struct stored_wish *wish,
                         struct stored_users *users, struct buf *why)
{
    struct gathering g = {.named = TABLE_HOSTS};
    return gather_users(&g, "host", out, results, wish, users, why);
}

bool stored_rows_of_address(struct stored_rows *out, const char *results, struct stored_wish *wish,
                            struct stored_users *users, struct buf *why)
{
    struct gathering g = {.named = TABLE_HOSTS, .by_address = true};
    return gather_users(&g, "address", out, results, wish, users, why);
}

bool stored_rows_of_cause(struct stored_rows *out, const char *results, struct stored_wish *wish,
                          struct stored_users *users, struct buf *why)
{
    struct gathering g = {.named = TABLE_CAUSES};
    return gather_users(&g, "cause", out, results, wish, users, why);
}

const char *stored_rows_place(const struct stored_rows *r, size_t at)
{
    const char *place = (const char *)r->places.at;
    struct span before = span_take(buf_span(&r->text), at);
    const uint8_t *end;
    while (before.len > 0 && (end = memchr(before.at, '\n', before.len)) != NULL) {
        before = span_drop(before, (size_t)(end - before.at) + 1);
        place += strlen(place) + 1;
    }
    return place;
}

void stored_rows_deinit(struct stored_rows *r)
{
    buf_deinit(&r->places);
    buf_deinit(&r->shard);
    buf_deinit(&r->text);
}

void stored_users_deinit(struct stored_users *u)
{
    for (size_t i = 0; i < u->named; i++) {
        free(u->name[i]);
    }
    free(u->name);
}

void stored_wishes_deinit(struct stored_wish *wish, size_t wish_count)
{
    for (size_t i = 0; i < wish_count; i++) {
        free(wish[i].nearest);
    }
}
