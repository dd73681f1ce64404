#include <string.h>

#include <criterion/criterion.h>

#include "scanner/report/vocabularies.h"

/* Words are the contract with readers of the results: unique, in [a-z0-9_], each explained. */
Test(vocabularies, have_plain_and_unique_words)
{
    for (unsigned n = 0; n < row_vocabulary_count; n++) {
        const struct vocabulary *v = row_vocabularies[n];
        unsigned words = 0;
        for (unsigned i = 0; i < v->count; i++) {
            if (!vocabulary_has_word(v, i)) {
                continue; /* null in rows */
            }
            const char *word = v->words[i].word;
            unsigned found = v->count;
            words++;
            cr_expect_eq(strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(word),
                         "%s: %s", v->name, word);
            cr_expect(vocabulary_find(v, span_of(word), &found));
            cr_expect_eq(found, i, "%s: %s is repeated", v->name, word);
            cr_assert_not_null(v->words[i].meaning, "%s: %s", v->name, word);
            cr_expect_gt(strlen(v->words[i].meaning), 0, "%s: %s", v->name, word);
        }
        cr_expect_gt(words, 1, "%s", v->name);
    }
}

Test(vocabularies, have_names_of_their_own)
{
    for (unsigned n = 0; n < row_vocabulary_count; n++) {
        const struct vocabulary *v = row_vocabularies[n];
        cr_assert_not_null(v->name);
        cr_expect_gt(strlen(v->used_in), 0, "%s", v->name);
        cr_expect_gt(strlen(v->meaning), 0, "%s", v->name);
        for (unsigned k = 0; k < n; k++) {
            cr_expect_str_neq(v->name, row_vocabularies[k]->name);
        }
    }
}
