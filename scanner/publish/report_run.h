#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

/**
 * `report`: the rows of a results directory read once, in a stream, added up, and written for people. What is in memory is
 * one row and the counters: at most some 100 octets for each MX host, service, leaf certificate and operator.
 */

#define REPORT_FORMATS(X)           \
    X(REPORT_FORMAT_HTML, "html")   \
    X(REPORT_FORMAT_MARKDOWN, "md") \
    X(REPORT_FORMAT_CSV, "csv")     \
    X(REPORT_FORMAT_LATEX, "latex")

enum report_format {
    REPORT_FORMATS(ENUMERATOR)
};

VOCABULARY(report_format, enum report_format);

#define RANK_COLUMN_LINE "line" /* in place of a column: the list is sorted by rank */

struct report_params {
    const char *results;
    const char *baseline; /* results of an earlier scan, to compare with; NULL: none */
    const char *output;   /* NULL: standard output */
    enum report_format format;
    const char *tables;          /* a folder for a file for each table; NULL: none */
    bool sample;                 /* of a larger whole: intervals */
    const char *rank_column;     /* or RANK_COLUMN_LINE */
    bool rank_is_asked;          /* by the user: then there must be such a column */
    const char *customer_column; /* NULL: none */
    const char *customer;        /* "": of none; NULL: all */
};

enum report_end {
    REPORT_COMPLETE,
    REPORT_UNUSABLE,    /* the results, or what was asked of them */
    REPORT_FAILED,      /* the operating system refuses to read, or to create a file */
    REPORT_UNWRITTEN,   /* or takes no more of what is to be written */
    REPORT_READER_GONE, /* whoever reads standard output wants no more; nothing is said */
};

/** @param notice one line on what the results lack, where they do @return with one line in `why` unless it is complete */
enum report_end report_run(const struct report_params *p, struct buf *notice, struct buf *why);
