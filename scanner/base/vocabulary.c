#include "scanner/base/vocabulary.h"

#include "scanner/base/check.h"

const char *vocabulary_word(const struct vocabulary *v, unsigned value)
{
    CHECK(value < v->count);
    return v->words[value].word;
}

bool vocabulary_find(const struct vocabulary *v, struct span word, unsigned *value)
{
    for (unsigned i = 0; i < v->count; i++) {
        if (vocabulary_has_word(v, i) && span_eq(word, span_of(v->words[i].word))) {
            *value = i;
            return true;
        }
    }
    return false;
}
