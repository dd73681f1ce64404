#pragma once

#include "scanner/base/buf.h"

/** Rows as a scan writes them, one each up to NULL, with ' in place of ", so that they can be read
 * here. */
struct buf sample_rows(const char *const rows[]);

/** Everything that is reported of the first domain of the rows, at 80 columns without colour. */
struct buf sample_report(const char *const rows[], bool verbose);

/** Is the text these lines, up to NULL? Deinitialises it. */
void expect_lines(struct buf *text, const char *const want[]);

/** Ends the text with a NUL that is not counted. */
const char *sample_text(struct buf *b);
