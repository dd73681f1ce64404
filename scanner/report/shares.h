#pragma once

#include "output/json_writer.h"
#include "scanner/analysis/rollup.h"

/** Shares in summary.json and in the text at the end of a scan: of what is known, and beside it what is not. */

/** Members of an object that is open. */
void put_share(struct json_writer *w, uint64_t numerator, uint64_t denominator, uint64_t untested);
/** An object with those of a tally. */
void put_tally(struct json_writer *w, const char *key, const struct tally *t);
/** " 12.3 %"; of nothing a hyphen as wide. */
void put_percent(struct buf *text, uint64_t part, uint64_t whole);
