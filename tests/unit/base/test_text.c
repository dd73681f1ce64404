#include <stdio.h>
#include <time.h>

#include <criterion/criterion.h>

#include "scanner/base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct utf8_case {
    const char *name;
    struct span octets;
    size_t first; /* length of the sequence at the front */
    bool whole;
};

/* RFC 3629 section 3 and the table of section 4. */
static const struct utf8_case utf8_cases[] = {
    {"nothing", SPAN_INIT(""), 0, true},
    {"U+0000", SPAN_INIT("\0"), 1, true},
    {"U+007F", SPAN_INIT("\x7f"), 1, true},
    {"U+0080", SPAN_INIT("\xc2\x80"), 2, true},
    {"U+07FF", SPAN_INIT("\xdf\xbf"), 2, true},
    {"U+0800", SPAN_INIT("\xe0\xa0\x80"), 3, true},
    {"U+D7FF, before the surrogates", SPAN_INIT("\xed\x9f\xbf"), 3, true},
    {"U+E000, behind the surrogates", SPAN_INIT("\xee\x80\x80"), 3, true},
    {"U+FEFF", SPAN_INIT("\xef\xbb\xbf"), 3, true},
    {"U+FFFF", SPAN_INIT("\xef\xbf\xbf"), 3, true},
    {"U+10000", SPAN_INIT("\xf0\x90\x80\x80"), 4, true},
    {"U+3FFFF", SPAN_INIT("\xf0\xbf\xbf\xbf"), 4, true},
    {"U+40000", SPAN_INIT("\xf1\x80\x80\x80"), 4, true},
    {"U+10FFFF", SPAN_INIT("\xf4\x8f\xbf\xbf"), 4, true},
    {"U+110000", SPAN_INIT("\xf4\x90\x80\x80"), 0, false},
    {"U+140000", SPAN_INIT("\xf5\x80\x80\x80"), 0, false},
    {"U+0000 in two octets", SPAN_INIT("\xc0\x80"), 0, false},
    {"U+007F in two octets", SPAN_INIT("\xc1\xbf"), 0, false},
    {"U+0000 in three octets", SPAN_INIT("\xe0\x80\x80"), 0, false},
    {"U+07FF in three octets", SPAN_INIT("\xe0\x9f\xbf"), 0, false},
    {"U+0000 in four octets", SPAN_INIT("\xf0\x80\x80\x80"), 0, false},
    {"U+FFFF in four octets", SPAN_INIT("\xf0\x8f\xbf\xbf"), 0, false},
    {"U+D800", SPAN_INIT("\xed\xa0\x80"), 0, false},
    {"U+DFFF", SPAN_INIT("\xed\xbf\xbf"), 0, false},
    {"five octets", SPAN_INIT("\xf8\x88\x80\x80\x80"), 0, false},
    {"six octets", SPAN_INIT("\xfc\x84\x80\x80\x80\x80"), 0, false},
    {"FE", SPAN_INIT("\xfe"), 0, false},
    {"FF", SPAN_INIT("\xff"), 0, false},
    {"a tail alone", SPAN_INIT("\x80"), 0, false},
    {"the last tail alone", SPAN_INIT("\xbf"), 0, false},
    {"a head alone", SPAN_INIT("\xc3"), 0, false},
    {"two of three", SPAN_INIT("\xe2\x82"), 0, false},
    {"three of four", SPAN_INIT("\xf0\x9f\x98"), 0, false},
    {"a head for a tail", SPAN_INIT("\xc3\xc3"), 0, false},
    {"ASCII for the last tail", SPAN_INIT("\xf0\x9f\x98z"), 0, false},
    {"ASCII for the second tail", SPAN_INIT("\xe2\x82z"), 0, false},
    {"text", SPAN_INIT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"), 1, true},
    {"text and a cut end", SPAN_INIT("\xc3\xa4\xe2\x82"), 2, false},
};

Test(text, knows_well_formed_utf8)
{
    for (size_t i = 0; i < COUNT(utf8_cases); i++) {
        const struct utf8_case *c = &utf8_cases[i];
        cr_expect_eq(text_utf8_len(c->octets), c->first, "%s", c->name);
        cr_expect_eq(text_is_utf8(c->octets), c->whole, "%s", c->name);
    }
}

/* Every code point by the formula of RFC 3629 section 3. */
Test(text, takes_every_scalar_value_and_no_surrogate)
{
    for (uint32_t c = 0x80; c <= 0x11ffff; c++) {
        uint8_t at[4] = {(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 63))};
        size_t len = 2;
        if (c >= 0x10000) {
            at[0] = (uint8_t)(0xf0 | c >> 18);
            at[1] = (uint8_t)(0x80 | (c >> 12 & 63));
            at[2] = (uint8_t)(0x80 | (c >> 6 & 63));
            at[3] = (uint8_t)(0x80 | (c & 63));
            len = 4;
        } else if (c >= 0x800) {
            at[0] = (uint8_t)(0xe0 | c >> 12);
            at[1] = (uint8_t)(0x80 | (c >> 6 & 63));
            at[2] = (uint8_t)(0x80 | (c & 63));
            len = 3;
        }
        bool scalar = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        cr_assert_eq(text_utf8_len((struct span){at, len}), scalar ? len : 0, "U+%04X", c);
        cr_assert_eq(text_utf8_len((struct span){at, len - 1}), 0, "U+%04X, cut", c);
    }
}

struct number_case {
    struct span text;
    bool good;
    uint64_t n;
};

static const struct number_case number_cases[] = {
    {SPAN_INIT("0"), true, 0},
    {SPAN_INIT("007"), true, 7},
    {SPAN_INIT("18446744073709551615"), true, UINT64_MAX},
    {SPAN_INIT("018446744073709551615"), true, UINT64_MAX},
    {SPAN_INIT("18446744073709551614"), true, UINT64_MAX - 1},
    {SPAN_INIT("18446744073709551616"), false, 0},
    {SPAN_INIT("18446744073709551620"), false, 0},
    {SPAN_INIT("99999999999999999999999"), false, 0},
    {SPAN_INIT(""), false, 0},
    {SPAN_INIT("-1"), false, 0},
    {SPAN_INIT("+1"), false, 0},
    {SPAN_INIT(" 1"), false, 0},
    {SPAN_INIT("1 "), false, 0},
    {SPAN_INIT("1\0"), false, 0},
    {SPAN_INIT("1/"), false, 0},
    {SPAN_INIT("1:"), false, 0},
    {SPAN_INIT("0x10"), false, 0},
    {SPAN_INIT("1e3"), false, 0},
};

Test(text, reads_digits_only)
{
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        const struct number_case *c = &number_cases[i];
        uint64_t n = 4711;
        cr_expect_eq(text_to_u64(c->text, &n), c->good, "%s", (const char *)c->text.at);
        cr_expect_eq(n, c->good ? c->n : 4711, "%s", (const char *)c->text.at);
    }
}

struct time_case {
    int64_t ms;
    const char *text;
};

/* RFC 3339 section 5.6; the days from date(1). */
static const struct time_case time_cases[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {999, "1970-01-01T00:00:00.999Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {-999, "1969-12-31T23:59:59.001Z"},
    {-1000, "1969-12-31T23:59:59.000Z"},
    {-1001, "1969-12-31T23:59:58.999Z"},
    {-86400000, "1969-12-31T00:00:00.000Z"},
    {-86400001, "1969-12-30T23:59:59.999Z"},
    {86399999, "1970-01-01T23:59:59.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"}, /* a leap year: divisible by 400 */
    {951868800000, "2000-03-01T00:00:00.000Z"},
    {4107542399000, "2100-02-28T23:59:59.000Z"}, /* none: divisible by 100 */
    {4107542400000, "2100-03-01T00:00:00.000Z"},
    {-2203891201000, "1900-02-28T23:59:59.000Z"},
    {-2203891200000, "1900-03-01T00:00:00.000Z"},
    {1709164800000, "2024-02-29T00:00:00.000Z"},
    {1735689599000, "2024-12-31T23:59:59.000Z"},
    {1767323045678, "2026-01-02T03:04:05.678Z"},
    {2147483647000, "2038-01-19T03:14:07.000Z"},
    {2147483648000, "2038-01-19T03:14:08.000Z"},
    {-62162208000000, "0000-02-28T00:00:00.000Z"},
    {-62162121600000, "0000-02-29T00:00:00.000Z"},
    {-62167219200000, "0000-01-01T00:00:00.000Z"},
    {-62167219200001, ""},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
    {253402300800000, ""},
    {INT64_MIN, ""},
    {INT64_MAX, ""},
};

static void expect_time(const struct buf *b, const char *want, int64_t ms)
{
    cr_expect(span_eq(buf_span(b), span_of(want)), "%lld: want %s, have %.*s", (long long)ms, want,
              (int)b->len, (const char *)b->at);
}

Test(text, writes_times_of_years_0_to_9999)
{
    for (size_t i = 0; i < COUNT(time_cases); i++) {
        const struct time_case *c = &time_cases[i];
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        text_put_time_ms(&b, c->ms);
        expect_time(&b, c->text, c->ms);
        buf_reset(&b);
        int64_t s = c->ms / 1000 - (c->ms % 1000 < 0);
        text_put_time_s(&b, s);
        char want[24] = "";
        if (c->text[0] != '\0') {
            (void)snprintf(want, sizeof(want), "%.19sZ", c->text);
        }
        expect_time(&b, want, c->ms);
        buf_deinit(&b);
    }
    static const int64_t far_s[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 86400};
    for (size_t i = 0; i < COUNT(far_s); i++) {
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        text_put_time_s(&b, far_s[i]);
        expect_time(&b, "", far_s[i]);
        buf_deinit(&b);
    }
}

/* The calendar of the C library as a second opinion, a day in every ten. */
Test(text, agrees_with_gmtime)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    for (int64_t s = -62167219200; s <= 253402300799; s += 86400 * 10 + 3661) {
        time_t t = (time_t)s;
        struct tm tm;
        cr_assert_not_null(gmtime_r(&t, &tm));
        char want[64];
        (void)snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        buf_reset(&b);
        text_put_time_s(&b, s);
        cr_assert(span_eq(buf_span(&b), span_of(want)), "%lld: %s", (long long)s, want);
    }
    buf_deinit(&b);
}

Test(text, trims_both_ends)
{
    static const struct {
        struct span in;
        struct span want;
    } cases[] = {
        {SPAN_INIT(""), SPAN_INIT("")},
        {SPAN_INIT(" \t\r\n"), SPAN_INIT("")},
        {SPAN_INIT("a"), SPAN_INIT("a")},
        {SPAN_INIT(" a\tb \r\n"), SPAN_INIT("a\tb")},
        {SPAN_INIT("\0a\v\f"), SPAN_INIT("\0a\v\f")},
        {SPAN_INIT("\xc2\xa0"), SPAN_INIT("\xc2\xa0")},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cr_expect(span_eq(text_trim(cases[i].in), cases[i].want), "row %zu", i);
    }
}

/* ECMA-48 controls, Unicode Standard Annex 9; in full where people read it: view/test_paper.c. */
Test(text, visible_text_commands_no_terminal)
{
    static const struct {
        struct span in;
        const char *want;
    } cases[] = {
        {SPAN_INIT(""), ""},
        {SPAN_INIT("a b~"), "a b~"},
        {SPAN_INIT("\033[2J\a"), "\\x1b[2J\\x07"},
        {SPAN_INIT("a\nb\r\tc\0d"), "a\\nb\\r\\tc\\x00d"},
        {SPAN_INIT("\xc2\x9b"), "\\x9b"}, /* C1 */
        {SPAN_INIT("\xe2\x80\xae!"), "\\u202e!"},
        {SPAN_INIT("\xc3\xa4\xff"), "\xc3\xa4\\xff"},
        {SPAN_INIT("\xf3\xa0\x81\x81"), "\\U000e0041"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        text_put_visible(&out, cases[i].in);
        cr_expect(span_eq(buf_span(&out), span_of(cases[i].want)), "row %zu: %.*s", i, (int)out.len,
                  (const char *)out.at);
        buf_deinit(&out);
    }
}

Test(text, parts_are_taken_off_the_front)
{
    static const struct {
        struct span in;
        struct span taken;
        struct span rest;
    } cases[] = {
        {SPAN_INIT("a.b.c"), SPAN_INIT("a"), SPAN_INIT("b.c")},
        {SPAN_INIT(".b"), SPAN_INIT(""), SPAN_INIT("b")},
        {SPAN_INIT("a."), SPAN_INIT("a"), SPAN_INIT("")},
        {SPAN_INIT("a"), SPAN_INIT("a"), SPAN_INIT("")},
        {SPAN_INIT("a\0b"), SPAN_INIT("a\0b"), SPAN_INIT("")},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct span rest = cases[i].in;
        cr_expect(span_eq(text_take_until(&rest, '.'), cases[i].taken), "row %zu", i);
        cr_expect(span_eq(rest, cases[i].rest), "row %zu", i);
    }
}

static const struct read_time_case {
    const char *text;
    bool valid;
    int64_t unix_ms;
} read_time_cases[] = {
    {"1970-01-01T00:00:00Z", true, 0},
    {"1969-12-31T23:59:59.999Z", true, -1},
    {"2000-02-29T12:00:00.001Z", true, 951825600001},
    {"0000-01-01T00:00:00Z", true, -62167219200000},
    {"9999-12-31T23:59:59.999Z", true, 253402300799999},
    {"2001-02-29T00:00:00Z", false, 0}, /* no leap year */
    {"2000-13-01T00:00:00Z", false, 0},
    {"2000-00-01T00:00:00Z", false, 0},
    {"2000-01-01T24:00:00Z", false, 0},
    {"2000-01-01T00:00:60Z", false, 0}, /* text_put_time_s() never writes a leap second */
    {"2000-01-01 00:00:00Z", false, 0},
    {"2000-01-01T00:00:00z", false, 0},
    {"2000-01-01T00:00:00+00:00", false, 0},
    {"2000-01-01T00:00:00.1Z", false, 0},
    {"+200-01-01T00:00:00Z", false, 0},
    {"", false, 0},
};

Test(text, reads_the_times_that_it_writes)
{
    for (size_t i = 0; i < sizeof(read_time_cases) / sizeof(read_time_cases[0]); i++) {
        int64_t unix_ms = 0;
        bool valid = text_to_time_ms(span_of(read_time_cases[i].text), &unix_ms);
        cr_expect_eq(valid, read_time_cases[i].valid, "%s", read_time_cases[i].text);
        if (valid && read_time_cases[i].valid) {
            cr_expect_eq(unix_ms, read_time_cases[i].unix_ms, "%s: %lld", read_time_cases[i].text,
                         (long long)unix_ms);
        }
    }
}
