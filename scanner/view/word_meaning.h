#pragma once

#include "scanner/base/vocabulary.h"

/** What a word means, without hints at columns; the word itself when it is not of the vocabulary. */
struct span word_meaning(const struct vocabulary *v, const char *word);
