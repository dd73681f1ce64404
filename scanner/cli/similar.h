#pragma once

#include "scanner/base/span.h"

/**
 * The word that somebody meant who wrote one that is not known.
 *
 *     struct similar s = similar_to(wanted);
 *     similar_try(&s, "one"); similar_try(&s, "another");
 *     s.word    the most similar one; NULL: none is similar
 */
struct similar {
    struct span wanted;
    const char *word;
    size_t distance;
};

struct similar similar_to(struct span wanted);
void similar_try(struct similar *s, const char *word);
/** The table that is meant. @return NULL: none is similar */
const char *similar_table(struct span wanted);
