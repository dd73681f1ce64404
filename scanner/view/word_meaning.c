#include "scanner/view/word_meaning.h"

#include <stddef.h>
#include <string.h>

/* A vocabulary without a word, then its words. */
static const struct {
    const char *vocabulary;
    const char *word;
    const char *meaning;
} entries[] = {
#define VOCABULARY(name, columns, meaning) {name, NULL, NULL},
#define WORD(word, meaning)                {NULL, word, meaning},
#define END()
#include "output/words.def"
#undef VOCABULARY
#undef WORD
#undef END
};

const char *word_meaning(const char *vocabulary, const char *word)
{
    int inside = 0;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].vocabulary != NULL) {
            inside = strcmp(entries[i].vocabulary, vocabulary) == 0;
        } else if (inside && strcmp(entries[i].word, word) == 0) {
            return entries[i].meaning;
        }
    }
    return word;
}
