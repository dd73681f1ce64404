#pragma once

/**
 * Which column of a list has the domains, and what stands between the columns: decided once, by names and values of its
 * first records with data.
 *
 * The delimiter is a comma, semicolon, tab or vertical bar: that with which there is the column that was asked
 * for, a domain or a header word; of several, the one that stands first. The rules of the column are told in
 * domain_source.h.
 */

#include "scanner/base/buf.h"

#define COLUMN_DELIMITERS   ",;\t|"
#define COLUMN_SAMPLE_LINES 64 /* that are looked at; our own bound */

/** Why it is this column. */
enum column_reason {
    COLUMN_REASON_ONLY,   /* a plain list: there is no other */
    COLUMN_REASON_ASKED,  /* --column */
    COLUMN_REASON_HEADER, /* a header word, and nothing below it against it */
    COLUMN_REASON_DOMAIN, /* the first of those that have domains */
    COLUMN_REASON_MAIL,   /* the same, in mail addresses: no other has domains */
    COLUMN_REASON_RANK,   /* behind a number */
    COLUMN_REASON_NONE,   /* nothing to go by: the first */
};

struct column_choice {
    uint8_t delimiter;
    size_t column; /* from 0 */
    enum column_reason reason;
    bool is_header; /* the first record is no data */
    bool has_urls;  /* for the most part */
    bool
        has_others; /* most records have domains of others in other columns, and neither header nor user says which are meant */
    bool rank_is_first; /* as in the list of Tranco */
};

struct column_sample {
    struct span first; /* record */
    struct span rest;  /* what follows it, with blank lines and comments */
    bool is_all;       /* nothing follows `rest` */
    const char *
        delimiters; /* that may stand between columns: COLUMN_DELIMITERS, or that which the list names */
};

/** Does the first record leave open what the others can tell? @param asked as below */
bool column_needs_more(struct span first, const char *asked);

/** @param line of the first record, for the message. @param asked a number from 1, or a name; NULL: guess. @return false with one line in `why`: there is no such column */
bool column_choose(const struct column_sample *sample, uint64_t line, const char *asked,
                   struct column_choice *out, struct buf *why);
