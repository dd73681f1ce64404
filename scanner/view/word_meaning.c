#include "scanner/view/word_meaning.h"

/** "the server sent invalid TLS; see error_text": the report has no columns to look into. */
static struct span without_hint(const char *meaning)
{
    const char *hint = strstr(meaning, "; see ");
    return hint != NULL ? span_take(span_of(meaning), (size_t)(hint - meaning)) : span_of(meaning);
}

struct span word_meaning(const struct vocabulary *v, const char *word)
{
    unsigned value;
    return vocabulary_find(v, span_of(word), &value) ? without_hint(v->words[value].meaning)
                                                     : span_of(word);
}
