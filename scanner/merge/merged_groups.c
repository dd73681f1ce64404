#include "scanner/merge/merged_groups.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/index/scratch_database.h"
#include "scanner/observation/seen_target.h"
#include "scanner/rows/lean_json.h"

#define CACHE_OCTETS (8U << 20)

struct merged_groups {
    struct scratch_database *database;
    struct scratch_statement *find;
    struct scratch_statement *put;
    struct scratch_statement *all;
};

struct merged_groups *merged_groups_new(void)
{
    struct merged_groups *g = memory_new(1, sizeof(*g));
    *g = (struct merged_groups){.database = scratch_database_open(CACHE_OCTETS)};
    scratch_database_run(g->database,
                         "CREATE TABLE groups (key TEXT PRIMARY KEY, line TEXT) WITHOUT ROWID");
    g->find = scratch_statement_new(g->database, "SELECT line FROM groups WHERE key = ?");
    g->put = scratch_statement_new(g->database, "INSERT OR REPLACE INTO groups VALUES (?, ?)");
    g->all = scratch_statement_new(g->database, "SELECT line FROM groups ORDER BY key");
    return g;
}

void merged_groups_free(struct merged_groups *g)
{
    if (g != NULL) {
        scratch_database_close(g->database);
        free(g);
    }
}

const char *merged_groups_error(const struct merged_groups *g)
{
    return scratch_database_error(g->database);
}

static const char *column(unsigned c)
{
    return lean_table_column(TABLE_GROUPS, c);
}

static void add_counts(json_t *sum, const json_t *row)
{
    static const unsigned counts[] = {
        GROUPS_MEMBERS,      GROUPS_NAMES_DIALLED, GROUPS_NAMES_INFERRED, GROUPS_AGREEMENTS,
        GROUPS_INCONCLUSIVE, GROUPS_CHECKS,        GROUPS_CONTRADICTIONS};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const char *name = column(counts[i]);
        json_int_t n = json_integer_value(json_object_get(sum, name)) +
                       json_integer_value(json_object_get(row, name));
        (void)json_object_set_new(sum, name, json_integer(n));
    }
}

/* As many as a row has room for. */
static void add_names(json_t *sum, const json_t *row)
{
    const char *name = column(GROUPS_CONTRADICTED_BY);
    json_t *list = json_array();
    (void)json_array_extend(list, lean_member(sum, name));
    (void)json_array_extend(list, lean_member(row, name));
    while (json_array_size(list) > CONTRADICTIONS_KEPT) {
        (void)json_array_remove(list, json_array_size(list) - 1);
    }
    (void)json_object_set_new(sum, name, list);
}

static unsigned state_of_group(const json_t *row)
{
    const char *word = lean_text(row, column(GROUPS_STATE));
    unsigned state = GROUP_CONTRADICTED;
    while (state > GROUP_OPEN && strcmp(group_state_word((enum group_state)state), word) != 0) {
        state--;
    }
    return state;
}

static void add_group_of_shard(json_t *sum, const json_t *row)
{
    add_counts(sum, row);
    add_names(sum, row);
    if (state_of_group(row) > state_of_group(sum)) {
        (void)json_object_set(sum, column(GROUPS_STATE),
                              json_object_get(row, column(GROUPS_STATE)));
    }
    if (lean_member(sum, column(GROUPS_SPEAKS)) == NULL &&
        lean_member(row, column(GROUPS_SPEAKS)) != NULL) {
        static const unsigned together[] = {GROUPS_SPEAKS, GROUPS_CHAIN_ID};
        for (size_t i = 0; i < 2; i++) {
            (void)json_object_set(sum, column(together[i]),
                                  json_object_get(row, column(together[i])));
        }
    }
}

void merged_groups_add(struct merged_groups *g, const struct facts *row)
{
    struct span key = span_of(facts_string_or(row, GROUPS_GROUP, ""));
    json_t *sum = NULL;
    scratch_put_text(g->find, key);
    if (scratch_next_row(g->find)) {
        struct span line = scratch_text(g->find, 0);
        sum = json_loadb((const char *)line.at, line.len, JSON_ALLOW_NUL, NULL);
    }
    scratch_leave(g->find);
    if (sum != NULL) {
        add_group_of_shard(sum, row->object);
    }
    char *line = json_dumps(sum != NULL ? sum : row->object, JSON_COMPACT);
    scratch_put_text(g->put, key);
    scratch_put_text(g->put, span_of(line));
    scratch_do(g->put);
    free(line);
    json_decref(sum);
}

bool merged_groups_write(struct merged_groups *g, struct result_dir *dir)
{
    struct buf row = BUF_INIT(BUF_NO_LIMIT);
    bool ok = true;
    while (scratch_next_row(g->all)) {
        buf_reset(&row);
        buf_put(&row, scratch_text(g->all, 0));
        buf_put_char(&row, '\n');
        ok = result_dir_append(dir, TABLE_GROUPS, ROW_FORMAT_NDJSON, buf_span(&row), 1) && ok;
    }
    buf_deinit(&row);
    return ok && merged_groups_error(g) == NULL;
}
