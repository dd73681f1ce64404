#include "scanner/view/result_rows.h"

#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/rows/lean_rows.h"

/* The line of a domain is a number, and nothing names it. */
static const char *result_key_of(const struct facts *row)
{
    const struct definition *d = row->definition;
    for (unsigned c = 0; c < d->column_count; c++) {
        if (d->columns[c].presence == COLUMN_PRESENCE_KEY) {
            return d->columns[c].type == COLUMN_TYPE_UINT ? "" : facts_string(row, c);
        }
    }
    return NULL;
}

static int compare_keys(const void *a, const void *b)
{
    const struct result_row *x = a;
    const struct result_row *y = b;
    return strcmp(x->key, y->key);
}

static int compare_lines(const void *a, const void *b)
{
    uint64_t x = facts_uint(&((const struct result_row *)a)->facts, DOMAINS_INPUT_LINE, UINT64_MAX);
    uint64_t y = facts_uint(&((const struct result_row *)b)->facts, DOMAINS_INPUT_LINE, UINT64_MAX);
    return (x > y) - (x < y);
}

static void free_reading(struct row_reading *r)
{
    row_reading_deinit(r);
    free(r);
}

static bool add_line(struct result_rows *rows, struct span line)
{
    enum table_id table;
    struct result_row row = {.reading = memory_new(1, sizeof(*row.reading)), .line = line};
    row_reading_init(row.reading);
    row.reading->in_part = true;
    if (row_reading_begin_typed(row.reading, line, &table, &row.facts)) {
        row.key = result_key_of(&row.facts);
    }
    if (row.key == NULL) {
        free_reading(row.reading);
        return false;
    }
    struct result_table *t = &rows->table[table];
    t->row = memory_grow_list(t->row, t->count, sizeof(*t->row));
    t->row[t->count++] = row;
    return true;
}

static bool has_lean_row(const struct result_rows *rows)
{
    static const enum table_id tables[] = {TABLE_HOSTS, TABLE_DOMAINS};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const struct result_table *t = &rows->table[tables[i]];
        if (t->count > 0 && lean_rows_is_lean(&t->row[0].facts)) {
            return true;
        }
    }
    return false;
}

/* Rows that say each thing once get what the others have of it. */
static bool complete_rows(struct result_rows *rows)
{
    static const enum table_id tables[] = {TABLE_OUTCOME_SETS, TABLE_SERVICES, TABLE_HOSTS,
                                           TABLE_ENDPOINTS,    TABLE_HOSTS,    TABLE_DOMAINS};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct lean_rows *lean = lean_rows_new(true, LEAN_MEMORY_OCTETS, &why);
    bool ok = lean != NULL;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const struct result_table *t = &rows->table[tables[i]];
        for (size_t k = 0; k < t->count && ok; k++) {
            ok = lean_rows_complete(lean, &t->row[k].facts, &why) &&
                 lean_rows_keep(lean, &t->row[k].facts, &why);
        }
    }
    lean_rows_free(lean);
    buf_deinit(&why);
    return ok;
}

bool result_rows_read(struct result_rows *rows, struct span text)
{
    *rows = (struct result_rows){0};
    while (text.len > 0) {
        if (!add_line(rows, text_take_until(&text, '\n'))) {
            result_rows_deinit(rows);
            return false;
        }
    }
    if (has_lean_row(rows) && !complete_rows(rows)) {
        result_rows_deinit(rows);
        return false;
    }
    for (int t = 0; t < TABLE_COUNT; t++) {
        struct result_table *table = &rows->table[t];
        if (table->count > 0) {
            bool is_in_order =
                t == TABLE_PROBLEMS; /* of the domains, the worst first; without a key */
            if (!is_in_order) {
                qsort(table->row, table->count, sizeof(*table->row),
                      t == TABLE_DOMAINS ? compare_lines : compare_keys);
            }
        }
    }
    return true;
}

void result_rows_deinit(struct result_rows *rows)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        for (size_t i = 0; i < rows->table[t].count; i++) {
            free_reading(rows->table[t].row[i].reading);
        }
        free(rows->table[t].row);
    }
    *rows = (struct result_rows){0};
}

const struct result_row *result_rows_find(const struct result_rows *rows, enum table_id table,
                                          const char *key)
{
    const struct result_table *t = &rows->table[table];
    if (key == NULL || t->count == 0) {
        return NULL;
    }
    const struct result_row wanted = {.key = key};
    return bsearch(&wanted, t->row, t->count, sizeof(*t->row), compare_keys);
}

struct facts result_rows_facts(const struct result_rows *rows, enum table_id table, const char *key)
{
    const struct result_row *row = result_rows_find(rows, table, key);
    return row != NULL ? row->facts : facts_of_nothing(table);
}

const struct result_row *result_rows_find_fault(const struct result_rows *rows)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        for (size_t i = 0; i < rows->table[t].count; i++) {
            if (rows->table[t].row[i].reading->why.len > 0) {
                return &rows->table[t].row[i];
            }
        }
    }
    return NULL;
}

bool result_rows_have_fault(const struct result_rows *rows, struct buf *why)
{
    const struct result_row *row = result_rows_find_fault(rows);
    if (row != NULL) {
        buf_putf(why, "%s: ", row->key);
        buf_put(why, buf_span(&row->reading->why));
    }
    return row != NULL;
}
