#include <stdlib.h>

#include "scanner/survey/survey_sheets_private.h"

static uint64_t word_sum(const struct word_rows *rows, uint32_t i)
{
    uint64_t sum = 0;
    for (unsigned c = 0; c < rows->summed; c++) {
        sum += groups_at(rows->words, i)[c];
    }
    return sum;
}

static void put_word(struct sheet *t, const struct word_rows *rows, uint32_t i,
                     const struct share *of)
{
    sheet_text(t, groups_name(rows->words, i));
    sheet_share(t, (struct share){word_sum(rows, i), of->denominator, of->untested});
    for (unsigned c = rows->summed > 1 ? 0 : 1; c < rows->shown; c++) {
        sheet_count(t, groups_at(rows->words, i)[c]);
    }
}

void sheet_put_words(struct sheet *t, const struct word_rows *rows)
{
    struct share of = {.untested = rows->outside};
    for (uint32_t i = 0; i < groups_count(rows->words); i++) {
        bool untested = survey_word_is_untested(groups_name(rows->words, i));
        *(untested ? &of.untested : &of.denominator) += word_sum(rows, i);
    }
    if (of.denominator == 0 && of.untested > 0 && t->missing == NULL) {
        t->missing = "Not known for any of those that would be counted.";
        return;
    }
    uint32_t *order = rows->by_name ? groups_by_name(rows->words) : groups_order(rows->words, 0);
    for (uint32_t i = 0; i < groups_count(rows->words); i++) {
        if (!survey_word_is_untested(groups_name(rows->words, order[i])) &&
            word_sum(rows, order[i]) > 0) {
            put_word(t, rows, order[i], &of);
        }
    }
    free(order);
}

void sheet_put_counts(struct sheet *t, const struct groups *g, uint64_t total)
{
    uint32_t *order = groups_order(g, 0);
    for (uint32_t i = 0; i < sheet_rows_of(groups_count(g)); i++) {
        sheet_text(t, groups_name(g, order[i]));
        sheet_part(t, groups_at(g, order[i])[0], total);
    }
    free(order);
}
