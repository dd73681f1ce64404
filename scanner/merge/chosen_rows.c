#include "scanner/merge/chosen_rows.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/merge/choice.h"
#include "scanner/merge/merged_groups.h"
#include "scanner/observation/verdict.h"
#include "scanner/replay/table_reader.h"
#include "scanner/rows/lean_json.h"
#include "scanner/rows/lean_rows.h"

#define CACHE_OCTETS (16U << 20)

struct choosing {
    struct shard_set *shards;
    struct result_dir *dir;
    struct chosen_counts *counts;
    struct choice *choice;
    struct merged_groups *groups;
    struct row_reading reading;
    /* of the shard that is read */
    struct merge_shard *shard;
    uint64_t place; /* of the row in its table */
    struct lean_rows *lean;
    /* services whose session there is not like the one that is kept, and endpoints that speak for rows that are kept */
    struct scratch_database *noted;
    struct scratch_statement *note;
    struct scratch_statement *is_noted;
    struct scratch_statement *forget;
    struct scratch_statement *count;
    struct buf line;
    struct buf *why;
    enum chosen_end end;
};

static void stop(struct choosing *c, enum chosen_end end)
{
    if (c->end == CHOSEN_COMPLETE) {
        c->end = end;
    }
}

/* --- notes on the shard that is read -------------------------------------------------------- */

enum note_kind {
    NOTE_APART,
    NOTE_SPEAKER,
};

static void notes_open(struct choosing *c)
{
    c->noted = scratch_database_open(CACHE_OCTETS);
    scratch_database_run(c->noted, "CREATE TABLE noted (kind INTEGER, key TEXT,"
                                   " PRIMARY KEY (kind, key)) WITHOUT ROWID");
    c->note = scratch_statement_new(c->noted, "INSERT OR IGNORE INTO noted VALUES (?, ?)");
    c->is_noted = scratch_statement_new(c->noted, "SELECT 1 FROM noted WHERE kind = ? AND key = ?");
    c->forget = scratch_statement_new(c->noted, "DELETE FROM noted");
    c->count = scratch_statement_new(c->noted, "SELECT count(*) FROM noted WHERE kind = ?");
}

static void note_key(struct choosing *c, enum note_kind kind, struct span key)
{
    scratch_put_uint(c->note, kind);
    scratch_put_text(c->note, key);
    scratch_do(c->note);
}

static bool is_noted(struct choosing *c, enum note_kind kind, struct span key)
{
    scratch_put_uint(c->is_noted, kind);
    scratch_put_text(c->is_noted, key);
    bool noted = scratch_next_row(c->is_noted);
    scratch_leave(c->is_noted);
    return noted;
}

static bool has_notes(struct choosing *c, enum note_kind kind)
{
    scratch_put_uint(c->count, kind);
    bool some = scratch_next_row(c->count) && scratch_uint(c->count, 0) > 0;
    scratch_leave(c->count);
    return some;
}

/* --- reading -------------------------------------------------------------------------------- */

typedef void row_reader(struct choosing *c, const struct facts *row);

static void read_row_of_shard(struct choosing *c, enum table_id t, struct table_reader *r,
                              struct span line, row_reader *on_row)
{
    struct facts row;
    c->place = table_reader_lines(r);
    if (row_reading_begin(&c->reading, t, line, &row)) {
        on_row(c, &row);
    }
    if (c->reading.why.len > 0 && c->end == CHOSEN_COMPLETE) {
        table_reader_blame(r, c->why);
        buf_put(c->why, buf_span(&c->reading.why));
        stop(c, CHOSEN_UNUSABLE);
    }
}

static void read_rows_of(struct choosing *c, enum table_id t, const struct results_table *table,
                         row_reader *on_row)
{
    struct table_reader *r =
        table_reader_new(c->shard->results.path, table->name, table->octets, c->why);
    if (r == NULL) {
        stop(c, CHOSEN_UNUSABLE);
        return;
    }
    table_reader_expect(r, table->rows);
    enum table_read got = TABLE_READ_LINE;
    while (c->end == CHOSEN_COMPLETE && got == TABLE_READ_LINE) {
        struct span line;
        got = table_reader_next(r, &line, c->why);
        if (got == TABLE_READ_LINE) {
            read_row_of_shard(c, t, r, line, on_row);
        }
    }
    if (got == TABLE_READ_FAILED || got == TABLE_READ_BAD) {
        stop(c, got == TABLE_READ_FAILED ? CHOSEN_FAILED : CHOSEN_UNUSABLE);
    }
    table_reader_free(r);
}

static void read_table(struct choosing *c, enum table_id t, row_reader *on_row)
{
    struct results_table table;
    if (c->end != CHOSEN_COMPLETE || !results_has_table(&c->shard->results, t)) {
        return;
    }
    if (!results_table(&c->shard->results, t, &table, c->why)) {
        stop(c, CHOSEN_UNUSABLE);
        return;
    }
    read_rows_of(c, t, &table, on_row);
}

/* --- writing -------------------------------------------------------------------------------- */

static void put_chosen_line(struct choosing *c, const struct facts *row, struct span line)
{
    buf_reset(&c->line);
    buf_put(&c->line, line);
    buf_put_char(&c->line, '\n');
    if (!result_dir_append(c->dir, facts_table(row), ROW_FORMAT_NDJSON, buf_span(&c->line), 1)) {
        stop(c, CHOSEN_ROWS_LOST);
    }
}

static void put_as_it_is(struct choosing *c, const struct facts *row)
{
    put_chosen_line(c, row, row->reading->line);
}

/* As it has become. */
static void put_changed(struct choosing *c, const struct facts *row, bool ahead)
{
    char *text = json_dumps(row->object, JSON_COMPACT);
    if (!ahead) {
        put_chosen_line(c, row, span_of(text));
    } else {
        buf_reset(&c->line);
        buf_putf(&c->line, "%s\n", text);
        if (!result_dir_append_ahead(c->dir, buf_span(&c->line), 1)) {
            stop(c, CHOSEN_ROWS_LOST);
        }
    }
    free(text);
}

static bool is_chosen(struct choosing *c, const struct facts *row)
{
    return choice_is(c->choice, row, c->shard->number, c->place);
}

static bool is_kept(struct choosing *c, const struct facts *row)
{
    bool kept = is_chosen(c, row);
    c->shard->not_kept[facts_table(row)] += !kept;
    return kept;
}

static void put_if_chosen(struct choosing *c, const struct facts *row)
{
    if (is_chosen(c, row)) {
        put_as_it_is(c, row);
    }
}

static void offer(struct choosing *c, const struct facts *row)
{
    choice_offer(c->choice, row, c->shard->number, c->place);
}

/* --- the tables ----------------------------------------------------------------------------- */

/* From rows of its own shard: another one's would be another session. */
static bool complete_from_own(struct choosing *c, const struct facts *row, bool keep)
{
    bool ok = c->lean == NULL || (lean_rows_complete(c->lean, row, c->why) &&
                                  (!keep || lean_rows_keep(c->lean, row, c->why)));
    if (!ok) {
        stop(c, CHOSEN_FAILED);
    }
    return ok;
}

static void put_host(struct choosing *c, const struct facts *row)
{
    if (c->lean != NULL && !lean_rows_keep(c->lean, row, c->why)) {
        stop(c, CHOSEN_FAILED);
        return;
    }
    if (is_kept(c, row)) {
        int64_t block = choice_block(c->choice, row);
        if (block >= 0) {
            (void)json_object_set_new(row->object, lean_table_column(TABLE_HOSTS, HOSTS_BLOCK),
                                      json_integer(block));
        }
        put_changed(c, row, false);
    }
}

static void put_service(struct choosing *c, const struct facts *row)
{
    if (!choice_is_alike(c->choice, row)) {
        note_key(c, NOTE_APART, span_of(facts_string_or(row, SERVICES_SERVICE, "")));
    }
    if (complete_from_own(c, row, true) && is_kept(c, row)) {
        put_changed(c, row, false);
    }
}

/* Its session is another's: of a name of its group, which is kept for it, or of what failed before the name mattered. */
static void follow_session_from(struct choosing *c, const struct facts *row, struct span from)
{
    bool inferred = facts_enum(row, ENDPOINTS_BASIS, &basis_vocabulary) == BASIS_INFERRED;
    bool of_service = facts_has(row, ENDPOINTS_SERVICE) &&
                      span_eq(from, span_of(facts_string_or(row, ENDPOINTS_SERVICE, "")));
    if (inferred) {
        if (!choice_is_of(c->choice, TABLE_ENDPOINTS, from, c->shard->number)) {
            note_key(c, NOTE_SPEAKER, from);
        }
    } else if (of_service ? is_noted(c, NOTE_APART, from)
                          : !choice_is_of(c->choice, TABLE_ENDPOINTS, from, c->shard->number)) {
        c->counts->spoken_apart++;
    }
}

/* All of its session stands in the row now. */
static void forget_service(const struct facts *row)
{
    (void)json_object_del(row->object, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_AS_SERVICE));
}

static void put_chosen_endpoint(struct choosing *c, const struct facts *row)
{
    if (!is_kept(c, row) || !complete_from_own(c, row, false)) {
        return;
    }
    const char *from = facts_string(row, ENDPOINTS_SESSION_FROM);
    forget_service(row);
    if (is_noted(c, NOTE_APART, span_of(facts_string_or(row, ENDPOINTS_SERVICE, "")))) {
        (void)json_object_set_new(
            row->object, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_DEFAULT_APART), json_true());
        c->counts->default_apart++;
    }
    if (from != NULL) {
        follow_session_from(c, row, span_of(from));
    }
    put_changed(c, row, false);
}

static void put_chosen_speaker(struct choosing *c, const struct facts *row)
{
    if (is_noted(c, NOTE_SPEAKER, span_of(facts_string_or(row, ENDPOINTS_ENDPOINT, ""))) &&
        complete_from_own(c, row, false)) {
        forget_service(row);
        put_changed(c, row, true);
    }
}

static void add_group(struct choosing *c, const struct facts *row)
{
    merged_groups_add(c->groups, row);
}

static void offer_ahead(struct choosing *c, row_reader *on_row)
{
    struct results_table ahead;
    if (c->end == CHOSEN_COMPLETE && results_table_ahead(&c->shard->results, &ahead)) {
        read_rows_of(c, TABLE_ENDPOINTS, &ahead, on_row);
    }
}

static void each_shard(struct choosing *c, enum table_id t, row_reader *on_row)
{
    for (size_t i = 0; i < c->shards->count; i++) {
        c->shard = &c->shards->at[i];
        read_table(c, t, on_row);
    }
}

static void put_rows_of_shard(struct choosing *c)
{
    scratch_do(c->forget);
    c->lean = results_are_lean(&c->shard->results) ? lean_rows_new(true, LEAN_MEMORY_OCTETS, c->why)
                                                   : NULL;
    if (results_are_lean(&c->shard->results) && c->lean == NULL) {
        stop(c, CHOSEN_FAILED);
        return;
    }
    read_table(c, TABLE_CERTIFICATES, put_if_chosen);
    read_table(c, TABLE_CHAINS, put_if_chosen);
    read_table(c, TABLE_HOSTS, put_host);
    read_table(c, TABLE_SERVICES, put_service);
    read_table(c, TABLE_ENDPOINTS, put_chosen_endpoint);
    if (has_notes(c, NOTE_SPEAKER)) {
        offer_ahead(c, put_chosen_speaker);
        read_table(c, TABLE_ENDPOINTS, put_chosen_speaker);
    }
    read_table(c, TABLE_POLICY_BODIES, put_if_chosen);
    read_table(c, TABLE_POLICIES, put_as_it_is); /* of a domain, and each is in one shard */
    read_table(c, TABLE_DOMAINS, put_as_it_is);
    read_table(c, TABLE_GROUPS, add_group);
    read_table(c, TABLE_ISSUERS, put_if_chosen);
    lean_rows_free(c->lean);
    c->lean = NULL;
}

static void choose_all(struct choosing *c)
{
    /* Endpoints after all hosts, and services after all endpoints: choice.h. */
    static const enum table_id offered[] = {TABLE_CERTIFICATES, TABLE_CHAINS, TABLE_POLICY_BODIES,
                                            TABLE_ISSUERS,      TABLE_HOSTS,  TABLE_ENDPOINTS,
                                            TABLE_SERVICES};
    for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
        each_shard(c, offered[i], offer);
    }
    for (size_t i = 0; i < c->shards->count && c->end == CHOSEN_COMPLETE; i++) {
        c->shard = &c->shards->at[i];
        put_rows_of_shard(c);
    }
    if (c->end == CHOSEN_COMPLETE && !merged_groups_write(c->groups, c->dir) &&
        merged_groups_error(c->groups) == NULL) {
        stop(c, CHOSEN_ROWS_LOST);
    }
}

/* Of what failed first, databases find no rows: their error comes before what followed from it. */
static void look_for_errors(struct choosing *c)
{
    const char *error = choice_error(c->choice);
    error = error != NULL ? error : scratch_database_error(c->noted);
    error = error != NULL ? error : merged_groups_error(c->groups);
    if (error != NULL) {
        buf_reset(c->why);
        buf_put_text(c->why, error);
        c->end = CHOSEN_FAILED;
    }
}

enum chosen_end chosen_rows_write(struct shard_set *shards, struct result_dir *dir,
                                  struct chosen_counts *counts, struct buf *why)
{
    static const enum table_id counted[] = {TABLE_HOSTS, TABLE_SERVICES, TABLE_ENDPOINTS};
    struct choosing c = {.shards = shards,
                         .dir = dir,
                         .counts = counts,
                         .choice = choice_new(),
                         .groups = merged_groups_new(),
                         .line = BUF_INIT(BUF_NO_LIMIT),
                         .why = why};
    *counts = (struct chosen_counts){0};
    row_reading_init(&c.reading);
    notes_open(&c);
    choose_all(&c);
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        struct choice_counts n = choice_count(c.choice, counted[i]);
        counts->of[counted[i]].several = n.several;
        counts->of[counted[i]].disagree = n.disagree;
        counts->of[counted[i]].left_out = n.left_out;
    }
    look_for_errors(&c);
    row_reading_deinit(&c.reading);
    lean_rows_free(c.lean);
    merged_groups_free(c.groups);
    choice_free(c.choice);
    scratch_database_close(c.noted);
    buf_deinit(&c.line);
    return c.end;
}
