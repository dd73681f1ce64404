#pragma once

#include "scanner/survey/survey_sheets.h"

/** The parts of survey_make_sheets(). */

void survey_make_domain_sheets(const struct survey *s, struct sheets *out);
void survey_make_server_sheets(const struct survey *s, struct sheets *out);
void survey_make_certificate_sheets(const struct survey *s, struct sheets *out);
void survey_make_policy_sheets(const struct survey *s, struct sheets *out);

/** A table of words that exclude each other, such as states. A row of the counters is a word: the sum of its first
 * `summed` counters is its number; the counters behind the first, or all where several are summed, up to
 * `shown` stand beside the share. */
struct word_rows {
    const struct groups *words;
    unsigned summed;
    unsigned shown;
    bool by_name;
    uint64_t outside; /* of these, too, nothing is known */
};
/** Rows "word, share, counters". A word that says that nothing is known (survey_word_is_untested()) has no row and is in
 * no denominator: it is what is untested in each share. If nothing else is there, the sheet is missing. */
void sheet_put_words(struct sheet *t, const struct word_rows *rows);
/** Rows "name, count of the total" of a table of counters, by its column 0. */
void sheet_put_counts(struct sheet *t, const struct groups *g, uint64_t total);
/** As many as are listed of so many. */
static inline uint32_t sheet_rows_of(uint32_t count)
{
    return count < SHEET_ROWS_MAX ? count : SHEET_ROWS_MAX;
}
#define EXPLICIT_DOMAINS "domains with MX records (implicit MX is not among them)"
