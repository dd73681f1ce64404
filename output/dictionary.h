#pragma once

/**
 * The data dictionary, made from the definitions of tables.h and the vocabularies of
 * words.def. docs/data-dictionary.md is its output; a unit test compares the two.
 */

#include "scanner/base/buf.h"

void dictionary_write_markdown(struct buf *out);

typedef void (*vocabulary_word_fn)(const char *vocabulary, const char *word, void *arg);
/** Every word of every vocabulary, in order. */
void vocabulary_each_word(vocabulary_word_fn each, void *arg);
