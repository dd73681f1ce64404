#pragma once

#include "scanner/base/buf.h"
#include "scanner/survey/sheet.h"

/**
 * Text and numbers in what a report is written in. What others wrote is text in each of them and nothing more: no
 * markup, no script, no formula, no command; invisible characters and those that turn the direction of text are shown as
 * escapes.
 */

/** Element content and attribute values in double quotes; also inside SVG. */
void html_put(struct buf *b, struct span text);
static inline void html_put_string(struct buf *b, const char *text)
{
    html_put(b, span_of(text));
}

/** Markdown: words of ours, with what would be markup escaped. */
void markdown_put(struct buf *b, struct span text);
/** What others wrote, as a code span that a cell of a table can hold. */
void markdown_put_code(struct buf *b, struct span text);

/** LaTeX: a character that the font encoding T1 lacks is shown as its number, <U+4E2D>. */
void latex_put(struct buf *b, struct span text);
/** What others wrote, in a typewriter font; the line may break within it. */
void latex_put_name(struct buf *b, struct span text);

/** One field of CSV for spreadsheets: what they would take for a formula begins with an apostrophe. */
void csv_put_cell(struct buf *b, struct span text);

/** "1,234,567". */
void number_put(struct buf *b, uint64_t n);
/** "12.3 %": two decimals below 1, never 0 or 100 for what is neither; "-" of nothing. */
void percent_put(struct buf *b, uint64_t part, uint64_t whole);
/** "12.3-14.5": the 95 % interval in percent. */
void interval_put(struct buf *b, const struct share *share);
