#pragma once

/**
 * Which column of a list has the domains, and what stands between the columns: decided by its first record with data.
 *
 * The delimiter is a comma, semicolon, tab or vertical bar: that with which the record has the column that was asked
 * for, a domain or a header word; of several, the one that stands first. The rules of the column are told in
 * domain_source.h.
 */

#include "scanner/base/buf.h"

#define COLUMN_DELIMITERS ",;\t|"

/** Why it is this column. */
enum column_reason {
    COLUMN_REASON_ONLY,   /* a plain list: there is no other */
    COLUMN_REASON_ASKED,  /* --column */
    COLUMN_REASON_HEADER, /* a header word */
    COLUMN_REASON_DOMAIN, /* the first field that is a domain */
    COLUMN_REASON_MAIL,   /* the same, in a mail address: no other field is one */
    COLUMN_REASON_RANK,   /* behind a number */
    COLUMN_REASON_NONE,   /* nothing to go by: the first */
};

struct column_choice {
    uint8_t delimiter;
    size_t column; /* from 0 */
    enum column_reason reason;
    bool is_header;     /* the record is no data */
    bool rank_is_first; /* as in the list of Tranco */
};

/** @param line its number, for the message. @param asked a number from 1, or a name; NULL: guess. @return false with one line in `why`: there is no such column */
bool column_choose(struct span record, uint64_t line, const char *asked, struct column_choice *out,
                   struct buf *why);
