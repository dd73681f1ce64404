#pragma once

/**
 * Records of CSV, RFC 4180, found and cut without copying.
 *
 * A quote counts only at the front of a field; inside such a field a doubled quote is one quote and
 * line ends are text. What stands between the closing quote and the delimiter is kept as it is. The delimiter is
 * mostly a comma; 0: any of COLUMN_DELIMITERS, as long as it is not known.
 */

#include "scanner/base/span.h"

#define CSV_FIELDS_MAX \
    4096 /* fields of a record that are told apart; the rest stays one; our own bound */

/** Looks for the end of a record in octets that arrive bit by bit. Zero-initialise but for the delimiter. */
struct csv_scan {
    enum {
        CSV_FIELD_START,
        CSV_PLAIN,
        CSV_QUOTED,
        CSV_QUOTE_SEEN, /* closing, or the first of two */
    } state;
    size_t at;    /* octets looked at */
    size_t lines; /* line ends among them */
    uint8_t delimiter;
};

/** `data` begins where the record does and has grown since the last call.
 * @return true when the record is complete: its first `at` octets, line end included. */
bool csv_scan_feed(struct csv_scan *s, struct span data);

/** The fields of a record without its line end. Zero-initialise but for the delimiter. */
struct csv_fields {
    struct span *at; /* owned */
    size_t count;
    size_t cap;
    uint8_t delimiter;
};

/** Cuts at the delimiter; fields keep their quotes and point into `record`. */
void csv_fields_split(struct csv_fields *f, struct span record);
void csv_fields_deinit(struct csv_fields *f);

/** Takes the quotes off a field, in place. `at` to `at + len` are the caller's to change. */
struct span csv_field_unquote(uint8_t *at, size_t len);
