#pragma once

/**
 * One table with some of its columns: what is asked for on standard output in place of all rows. Columns are written in
 * the order asked for, each row on one line.
 */

#include "output/tables.h"

#define ROW_CHOICE_MAX 128 /* columns; no table has as many */

/** How a line is written. CSV as in the files, with `<name>_base64` behind untrusted text; text is for people and for cut(1)
 * and awk(1): tabs between values, `-` for null, characters that would not show or end the line as escapes. */
enum row_line {
    ROW_LINE_NDJSON,
    ROW_LINE_CSV,
    ROW_LINE_TEXT,
};

struct row_choice {
    enum table_id table;
    enum row_line line;
    size_t count;
    uint16_t column[ROW_CHOICE_MAX];
};

/** All columns of the table, in the order of their definition. */
void row_choice_take_all(struct row_choice *c);
/** @return false: the table has no column of that name, or it is chosen already */
bool row_choice_take(struct row_choice *c, struct span name);
/** The header line of CSV; nothing for the others. */
void row_choice_put_header(const struct row_choice *c, struct buf *out);
