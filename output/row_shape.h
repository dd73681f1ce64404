#pragma once

/**
 * How much of each row is written: `--detail`, `--tables`, `--columns`.
 *
 *   full     every key in every row, null or not, and what other rows have as well, for readers that cannot join
 *   normal   the same facts, each once: keys without a value are absent, as is what another row or column says (rows/lean_rows.h
 *            puts it together). Nothing is lost: `analyze --detail full` makes the rows of full of those of normal.
 *   summary  verdicts without what they were made of; cannot be analyzed or resumed
 */

#include "output/tables.h"

#define ROW_DETAILS(X)               \
    X(ROW_DETAIL_SUMMARY, "summary") \
    X(ROW_DETAIL_NORMAL, "normal")   \
    X(ROW_DETAIL_FULL, "full")

enum row_detail {
    ROW_DETAILS(ENUMERATOR)
};

VOCABULARY(row_detail, enum row_detail);

#define ROW_SHAPE_COLUMNS_MAX 128 /* of a table; checked */

struct row_shape {
    enum row_detail detail;
    bool partial; /* tables or columns are left out, and rows do not tell which */
    bool less;    /* columns are left out that summary lacks too */
    bool no_table[TABLE_COUNT];
    bool no_column[TABLE_COUNT][ROW_SHAPE_COLUMNS_MAX];
};

void row_shape_init(struct row_shape *s, enum row_detail detail);
/** @param s NULL: full */
static inline bool row_shape_has_table(const struct row_shape *s, enum table_id t)
{
    return s != NULL ? !s->no_table[t] : t != TABLE_OUTCOME_SETS;
}
/** All that rows are made of is there: they can be made anew, and the scan gone on with. */
static inline bool row_shape_is_whole(const struct row_shape *s)
{
    return !s->partial && !s->less && s->detail > ROW_DETAIL_SUMMARY;
}

/** No table at all, before row_shape_take_table(). */
void row_shape_take_no_table(struct row_shape *s);
/** @return false: there is no such table */
bool row_shape_take_table(struct row_shape *s, struct span name);
/** @param name TABLE.COLUMN. @return false: there is none, or it is in every row */
bool row_shape_leave_column(struct row_shape *s, struct span name);
/** Neither --detail nor --columns leaves it out: what names the row, and when it was made. */
bool column_is_in_every_row(const struct definition *d, size_t column);
/** Rows of less than full detail do without it, though it is never null: it is false or empty, as the row or another one says, or told
 * there. */
bool column_is_sparse(const struct column *c);
/** Full rows do not have it. */
bool column_is_lean_only(const struct column *c);
/** The least detail that has the column. Where that is full, what reads rows does not miss it, though it is never null. */
enum row_detail column_detail(const struct column *c);
