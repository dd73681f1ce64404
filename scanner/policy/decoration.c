#include "scanner/policy/decoration.h"

#include "scanner/policy/octets.h"

static const struct span blanks[] = {
    SPAN_INIT(" "),
    SPAN_INIT("\t"),
    SPAN_INIT("\xc2\xa0"),     /* U+00A0 */
    SPAN_INIT("\xe2\x80\x8b"), /* U+200B */
    SPAN_INIT("\xef\xbb\xbf"), /* byte order mark */
};

static const struct span quotes[] = {
    SPAN_INIT("\""),           SPAN_INIT("'"),
    SPAN_INIT("\\\""),         SPAN_INIT("\xc2\xab"),
    SPAN_INIT("\xc2\xbb"),     SPAN_INIT("\xe2\x80\x98"), /* U+2018, and so on */
    SPAN_INIT("\xe2\x80\x99"), SPAN_INIT("\xe2\x80\x9a"),
    SPAN_INIT("\xe2\x80\x9c"), SPAN_INIT("\xe2\x80\x9d"),
    SPAN_INIT("\xe2\x80\x9e"), SPAN_INIT("\x91"), /* the same in Windows-1252 */
    SPAN_INIT("\x92"),         SPAN_INIT("\x93"),
    SPAN_INIT("\x94"),
};

static bool ends_with(struct span s, struct span tail)
{
    return s.len >= tail.len && span_eq(span_drop(s, s.len - tail.len), tail);
}

/* @return octets of the longest that stands there, 0: none */
static size_t longest(struct span s, const struct span *marks, size_t count,
                      bool (*stands)(struct span, struct span))
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len = marks[i].len > len && stands(s, marks[i]) ? marks[i].len : len;
    }
    return len;
}

static size_t blank(struct span s, bool (*stands)(struct span, struct span))
{
    return longest(s, blanks, sizeof(blanks) / sizeof(blanks[0]), stands);
}

static size_t quote(struct span s, bool (*stands)(struct span, struct span))
{
    return longest(s, quotes, sizeof(quotes) / sizeof(quotes[0]), stands);
}

struct span decoration_remove(struct span text, bool *quoted)
{
    size_t n;
    *quoted = false;
    do {
        size_t marks = quote(text, begins_with);
        *quoted = *quoted || marks > 0;
        n = marks > 0 ? marks : blank(text, begins_with);
        text = span_drop(text, n);
    } while (n > 0);
    do {
        size_t marks = *quoted ? quote(text, ends_with) : 0;
        n = marks > 0 || !*quoted ? marks : blank(text, ends_with);
        text.len -= n;
    } while (n > 0);
    return text;
}
