#pragma once

#include "output/json_writer.h"
#include "scanner/analysis/operator_counts.h"

/** Value of "operators" in summary.json. */
void report_operators(struct json_writer *w, const struct operator_summary *s);
/** The first few as lines for people; none where no domain has an operator. */
void report_operators_text(struct buf *text, const struct operator_summary *s);
