#pragma once

/**
 * The rows of one run, as written to a stream (one JSON object a line, with its table in "type"),
 * by table and key. Their columns are read by the functions of rows/row_facts.h.
 */

#include "scanner/rows/row_facts.h"

struct result_row {
    struct row_reading *reading; /* owned */
    struct facts facts;
    struct span line; /* as written, without LF; borrowed from the text that was read */
    const char *key;  /* borrowed from `reading`; "" in domains */
};

struct result_table {
    struct result_row *row; /* by key; domains by input_line */
    size_t count;
};

struct result_rows {
    struct result_table table[TABLE_COUNT];
};

/** @param text borrowed for the life of the rows. @return false, with nothing kept, when a line is
 * no row of ours. */
bool result_rows_read(struct result_rows *rows, struct span text);
void result_rows_deinit(struct result_rows *rows);
/** NULL when there is none; `key` may be NULL. */
const struct result_row *result_rows_find(const struct result_rows *rows, enum table_id table,
                                          const char *key);
/** The columns of a row; all null where there is none. */
struct facts result_rows_facts(const struct result_rows *rows, enum table_id table,
                               const char *key);
/** A column that was asked for and does not hold what its definition says: told in one line.
 * @return false: there was none */
bool result_rows_have_fault(const struct result_rows *rows, struct buf *why);
/** The same row, for who knows where it stood. @return NULL: there was none */
const struct result_row *result_rows_find_fault(const struct result_rows *rows);
