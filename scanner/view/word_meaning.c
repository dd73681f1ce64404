#include "scanner/view/word_meaning.h"

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

/** "the server sent invalid TLS; see error_text": the report has no columns to look into. */
static struct span without_hint(const char *meaning)
{
    const char *hint = strstr(meaning, "; see ");
    return hint != NULL ? span_take(span_of(meaning), (size_t)(hint - meaning)) : span_of(meaning);
}

struct span word_meaning(const char *vocabulary, const char *word)
{
    bool inside = false;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].vocabulary != NULL) {
            inside = strcmp(entries[i].vocabulary, vocabulary) == 0;
        } else if (inside && strcmp(entries[i].word, word) == 0) {
            return without_hint(entries[i].meaning);
        }
    }
    return span_of(word);
}
