#pragma once

#include "scanner/base/buf.h"

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
/** One line: `wanted`, a value of `option` (or NULL, a word), is no table, and which is meant or which there are. */
void similar_put_no_table(const char *option, struct span wanted, struct buf *why);
