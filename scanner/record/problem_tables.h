#pragma once

#include "scanner/analysis/sender_profile.h"
#include "scanner/record/fact_book.h"
#include "scanner/report/row_sink.h"

/**
 * The tables problems, causes and outcome_sets, made at the end of a scan from the fact book: problems in the order of the
 * input, causes the worst first. A temporary database (index/) brings the domains into order and adds up the causes, so that memory is
 * bounded whatever the number of domains.
 */
struct problem_tables {
    struct fact_book *book;
    const struct sender_profiles *profiles; /* NULL: senders have no names */
    void (*on_row)(void *arg);              /* after each row */
    void *arg;
    const bool *halted; /* set by on_row(): no more rows are wanted; NULL: never */
};

/** @return false: rows are missing, since a temporary file failed; with one line in `why` */
bool report_problem_tables(struct row_sink *sink, const struct problem_tables *t, struct buf *why);
