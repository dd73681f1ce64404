#pragma once

/**
 * CSV as RFC 4180 has it: comma, CRLF, a header line, double quotes where they are needed.
 * Null is an empty field, the empty text is "": readers that can tell them apart do (PostgreSQL
 * does by default). Fields are never altered for the sake of a spreadsheet: what begins with =
 * or @ stays as it was seen.
 */

#include "scanner/base/buf.h"

#define CSV_LINE_END "\r\n"

/** One field. `text` is valid UTF-8 already. */
void csv_put_text(struct buf *out, struct span text);
