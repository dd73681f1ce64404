#pragma once

#include "scanner/replay/results.h"
#include "scanner/rows/lean_rows.h"
#include "scanner/survey/survey.h"

/** Feeds every row of a table, one after the other. */
struct report_input {
    struct results results;
    struct row_reading reading;
    struct lean_rows *lean; /* NULL: rows have all columns */
    bool failed;            /* by the operating system, not by what is in the directory */
    struct buf *why;
};

typedef void (*report_row_fn)(void *arg, const struct facts *row);

/** @param each NULL: rows are kept for those that lack what they say. @return false with one line in `why`. A table that the
 * directory does not have has no rows. */
bool report_input_read(struct report_input *in, enum table_id table, report_row_fn each, void *arg);
/** All tables that a survey wants, in its order. */
bool report_input_survey(struct report_input *in, struct survey *s);
