#pragma once

/** What a word of a fixed vocabulary means (output/words.def); the word itself when it is not
 * there. */
const char *word_meaning(const char *vocabulary, const char *word);
