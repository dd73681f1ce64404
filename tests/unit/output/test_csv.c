#include <criterion/criterion.h>

#include "output/csv.h"

struct cell_case {
    const char *name;
    const char *text;
    uint32_t max;
    const char *cell;
};

static const struct cell_case cells[] = {
    {"as it is", "a b", 0, "a b"},
    {"the empty text, RFC 4180 section 2 rule 5", "", 5, "\"\""},
    {"a comma, rule 6", "a,b", 5, "\"a,b\""},
    {"a quote, rule 7", "a\"b", 5, "\"a\"\"b\""},
    {"no quotes without need", "=1+1\t@", 0, "=1+1\t@"},
    {"lines of a reply", "250-a\r\n250 b\n", 0,
     "250-a\xe2\x90\x8d\xe2\x90\x8a"
     "250 b\xe2\x90\x8a"},
    {"ESC and DEL", "\x1b[1m\x7f", 0, "\xe2\x90\x9b[1m\xe2\x90\xa1"},
    {"a line for some readers: U+0085, U+2028, U+2029",
     "a\xc2\x85"
     "b\xe2\x80\xa8\xe2\x80\xa9",
     0,
     "a\xe2\x90\xa4"
     "b\xe2\x90\xa4\xe2\x90\xa4"},
    {"others that begin like those", "\xc2\xa0\xe2\x80\xaa\xe2\x80", 0,
     "\xc2\xa0\xe2\x80\xaa\xe2\x80"},
    {"just short enough", "12345", 5, "12345"},
    {"too long", "123456", 5, "[6 characters]"},
    {"characters, not octets", "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac", 4,
     "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac"},
    {"of UTF-16", "\xf0\x9f\x93\xa7\xf0\x9f\x93\xa7", 3, "[4 characters]"},
    {"no limit", "1234567890", 0, "1234567890"},
};

Test(csv, cells)
{
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        csv_put_field(&out, span_of(cells[i].text), cells[i].max);
        cr_expect(span_eq(buf_span(&out), span_of(cells[i].cell)), "%s: %.*s", cells[i].name,
                  (int)out.len, (const char *)out.at);
        buf_deinit(&out);
    }
}
