#pragma once

#include "scanner/base/span.h"

/** What a word of a fixed vocabulary means (output/words.def), without its hints at other columns;
 * the word itself when it is not there. */
struct span word_meaning(const char *vocabulary, const char *word);
