#pragma once

#include "scanner/base/buf.h"
#include "scanner/compare/rules.h"

/** What rules put, as text: "kind place key before>after\n", findings with "kind:code". */
static inline void changes_put(void *arg, const struct change *c)
{
    struct buf *out = arg;
    buf_putf(out, "%s", change_kind_word(c->kind));
    if (c->code.len > 0) {
        buf_putf(out, ":%.*s", (int)c->code.len, (const char *)c->code.at);
    }
    buf_putf(out, " %s %.*s %.*s>%.*s", change_place_word(c->place), (int)c->key.len,
             (const char *)c->key.at, (int)c->before.len, (const char *)c->before.at,
             (int)c->after.len, (const char *)c->after.at);
    if (c->senders.len > 0) {
        buf_putf(out, " for %.*s", (int)c->senders.len, (const char *)c->senders.at);
    }
    buf_put_char(out, '\n');
}

static inline struct change_sink changes_into(struct buf *out)
{
    return (struct change_sink){changes_put, out};
}

/** "a b c" as a list. */
static inline struct compared_texts texts_of(const char *words, struct span room[8])
{
    struct compared_texts list = {.at = room};
    struct span rest = span_of(words);
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.at, ';', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;
        bool more = span_eq(span_take(rest, len), SPAN_LIT("..."));
        list.partial = list.partial || more;
        room[list.count] = span_take(rest, len);
        list.count += !more;
        rest = span_drop(rest, end != NULL ? len + 1 : len);
    }
    return list;
}

static const struct comparison_terms alike = {
    .judged_alike = true, .dnssec_known = true, .probes_alike = true};
