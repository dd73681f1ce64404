#pragma once

#include "scanner/survey/survey_sheets.h"

/** The parts of survey_make_sheets(). */

void survey_make_domain_sheets(const struct survey *s, struct sheets *out);
void survey_make_server_sheets(const struct survey *s, struct sheets *out);
void survey_make_certificate_sheets(const struct survey *s, struct sheets *out);
void survey_make_policy_sheets(const struct survey *s, struct sheets *out);

/** Rows "word, count of the sum" of a table of counters, by its column 0. */
void sheet_put_counts(struct sheet *t, const struct groups *g, uint64_t total);
/** As many as are listed of so many. */
static inline uint32_t sheet_rows_of(uint32_t count)
{
    return count < SHEET_ROWS_MAX ? count : SHEET_ROWS_MAX;
}
#define EXPLICIT_DOMAINS "domains with MX records (implicit MX is not among them)"
