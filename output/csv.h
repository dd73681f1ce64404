#pragma once

/**
 * CSV as RFC 4180 has it: comma, CRLF, a header line, double quotes where they are needed.
 * Null is an empty field, the empty text is "": readers that can tell them apart do (PostgreSQL
 * does by default). What begins with = or @ stays as it was seen; what breaks a line or is too long
 * for others is altered by csv_put_field() alone.
 */

#include "scanner/base/buf.h"

#define CSV_LINE_END "\r\n"

/** What spreadsheets and Python's csv take: 32,767 characters, of UTF-16 as spreadsheets count. */
#define CSV_CELL_MAX 32767

/**
 * One field of a row of results: on one line, and without control characters but the tab, which become their pictures
 * (U+2400 and following; line separators U+2424). What is longer than `max` characters (0: no limit) is replaced by "[N
 * characters]"; NDJSON has all of it. `text` is valid UTF-8 already.
 */
void csv_put_field(struct buf *out, struct span text, uint32_t max);
/** One field. `text` is valid UTF-8 already. */
void csv_put_text(struct buf *out, struct span text);
