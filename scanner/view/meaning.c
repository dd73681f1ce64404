#include "scanner/view/meaning.h"

#include "scanner/base/check.h"

/* "the server sent invalid TLS; see error_text" */
struct span meaning_of(const struct vocabulary *v, unsigned value)
{
    CHECK(value < v->count && v->words[value].meaning != NULL);
    const char *meaning = v->words[value].meaning;
    const char *hint = strstr(meaning, "; see ");
    return hint != NULL ? span_take(span_of(meaning), (size_t)(hint - meaning)) : span_of(meaning);
}

void meaning_put(struct paper *p, enum ink ink, const struct vocabulary *v, unsigned value)
{
    struct span meaning = meaning_of(v, value);
    paper_putf(p, ink, "%.*s", (int)meaning.len, (const char *)meaning.at);
}
