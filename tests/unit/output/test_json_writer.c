#include <jansson.h>

#include <criterion/criterion.h>

#include "output/csv.h"
#include "output/json_writer.h"
#include "scanner/base/text.h"

#define REPLACED "\xef\xbf\xbd"

struct text_case {
    const char *about;
    struct span octets;
    const char *json;
    bool altered;
};

static const struct text_case text_cases[] = {
    {"empty", SPAN_INIT(""), "\"\"", false},
    {"plain", SPAN_INIT("250 mx.test at your service"), "\"250 mx.test at your service\"", false},
    {"RFC 8259 section 7: must be escaped", SPAN_INIT("a\"b\\c"), "\"a\\\"b\\\\c\"", false},
    {"RFC 8259 section 7: two-character escapes", SPAN_INIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"",
     false},
    {"RFC 8259 section 7: other controls", SPAN_INIT("\x01\x1f"), "\"\\u0001\\u001f\"", false},
    {"solidus stays", SPAN_INIT("a/b"), "\"a/b\"", false},
    {"delete is escaped", SPAN_INIT("\x7f"), "\"\\u007f\"", false},
    {"C1 controls are escaped: CSI, NEL", SPAN_INIT("\xc2\x9b\xc2\x85"), "\"\\u009b\\u0085\"",
     false},
    {"behind the C1 controls", SPAN_INIT("\xc2\xa0"), "\"\xc2\xa0\"", false},
    {"what turns or hides text",
     SPAN_INIT("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xc2\xad"),
     "\"\\u202e\\u2066\\u200b\\ufeff\\u00ad\"", false},
    {"beyond U+FFFF, a pair", SPAN_INIT("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"", false},
    {"its neighbours stay", SPAN_INIT("\xe2\x80\xaf\xe2\x80\x8a\xc2\xae\xf0\x9f\x93\xa7"),
     "\"\xe2\x80\xaf\xe2\x80\x8a\xc2\xae\xf0\x9f\x93\xa7\"", false},
    {"line separators", SPAN_INIT("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"", false},
    {"beside the line separators", SPAN_INIT("\xe2\x80\xa7\xe2\x80\xaa"), "\"\xe2\x80\xa7\\u202a\"",
     false},
    {"zero", SPAN_INIT("a\0b"), "\"a" REPLACED "b\"", true},
    {"RFC 3629 section 3: 2, 3, 4 octets", SPAN_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa7"),
     "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa7\"", false},
    {"U+FFFD itself", SPAN_INIT(REPLACED), "\"" REPLACED "\"", false},
    {"Latin-1", SPAN_INIT("caf\xe9 ok"), "\"caf" REPLACED " ok\"", true},
    {"RFC 3629 section 3: overlong", SPAN_INIT("\xc0\xaf"), "\"" REPLACED REPLACED "\"", true},
    {"overlong of three", SPAN_INIT("\xe0\x80\xaf"), "\"" REPLACED REPLACED REPLACED "\"", true},
    {"RFC 3629 section 3: surrogate", SPAN_INIT("\xed\xa0\x80"),
     "\"" REPLACED REPLACED REPLACED "\"", true},
    {"RFC 3629 section 3: over U+10FFFF", SPAN_INIT("\xf4\x90\x80\x80"),
     "\"" REPLACED REPLACED REPLACED REPLACED "\"", true},
    {"the last code point", SPAN_INIT("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"", false},
    {"cut short: one maximal subpart", SPAN_INIT("\xf0\x9f\x93"), "\"" REPLACED "\"", true},
    {"Unicode 15 section 3.9, table 3-11", SPAN_INIT("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
     "\"" REPLACED REPLACED REPLACED REPLACED "A\"", true},
    {"Unicode 15 section 3.9, table 3-8", SPAN_INIT("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
     "\"" REPLACED REPLACED REPLACED REPLACED REPLACED REPLACED REPLACED REPLACED "A\"", true},
    {"odd octet behind eight plain ones", SPAN_INIT("12345678\"12345678"),
     "\"12345678\\\"12345678\"", false},
};

Test(json_writer, text)
{
    for (size_t i = 0; i < sizeof(text_cases) / sizeof(text_cases[0]); i++) {
        const struct text_case *c = &text_cases[i];
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        struct json_writer w = json_writer(&out);
        bool altered = json_text(&w, c->octets);
        cr_expect(span_eq(buf_span(&out), span_of(c->json)), "%s: %.*s", c->about, (int)out.len,
                  (const char *)out.at);
        cr_expect_eq(altered, c->altered, "%s", c->about);
        cr_expect_eq(text_needs_repair(c->octets), c->altered, "%s", c->about);

        struct buf repaired = BUF_INIT(BUF_NO_LIMIT);
        cr_expect_eq(text_put_repaired(&repaired, c->octets), c->altered, "%s", c->about);
        json_t *back = json_loadb((const char *)out.at, out.len, JSON_DECODE_ANY, NULL);
        cr_assert_not_null(back, "%s", c->about);
        struct span read = {(const uint8_t *)json_string_value(back), json_string_length(back)};
        cr_expect(span_eq(read, buf_span(&repaired)), "%s", c->about);
        json_decref(back);
        buf_deinit(&repaired);
        buf_deinit(&out);
    }
}

/* Each octet at each place of a run of plain ones: the fast path looks at eight at a time. */
Test(json_writer, every_octet_at_every_place)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (unsigned octet = 0; octet < 256; octet++) {
        for (size_t place = 0; place < 17; place++) {
            uint8_t text[17];
            memset(text, 'x', sizeof(text));
            text[place] = (uint8_t)octet;
            buf_reset(&out);
            struct json_writer w = json_writer(&out);
            bool altered = json_text(&w, (struct span){text, sizeof(text)});
            json_t *back = json_loadb((const char *)out.at, out.len, JSON_DECODE_ANY, NULL);
            cr_assert_not_null(back, "%02x at %zu", octet, place);
            struct span read = {(const uint8_t *)json_string_value(back), json_string_length(back)};
            cr_assert_eq(span_eq(read, (struct span){text, sizeof(text)}), !altered, "%02x at %zu",
                         octet, place);
            cr_assert_eq(altered, octet == 0 || octet >= 0x80, "%02x at %zu", octet, place);
            for (size_t i = 0; i < out.len; i++) {
                cr_assert(out.at[i] >= 0x20 && out.at[i] != 0x7f, "%02x at %zu", octet, place);
            }
            json_decref(back);
        }
    }
    buf_deinit(&out);
}

static void put_numbers(struct json_writer *w)
{
    json_uint(w, 0);
    json_uint(w, UINT64_MAX);
    json_int(w, INT64_MIN);
    json_int(w, -1);
    json_decimal(w, 1234, 2);
    json_decimal(w, -1234, 2);
    json_decimal(w, 5, 3);
    json_decimal(w, -5, 0);
    json_decimal(w, INT64_MIN, 18);
    json_decimal(w, 0, 1);
}

static void put_shares(struct json_writer *w)
{
    json_share(w, 1, 3);
    json_share(w, 2, 3);
    json_share(w, 1, 20000);
    json_share(w, 1, 20001);
    json_share(w, 0, 7);
    json_share(w, 7, 7);
    json_share(w, 0, 0);
}

static void put_others(struct json_writer *w)
{
    json_bool(w, true);
    json_bool(w, false);
    json_null_value(w);
    json_word(w, NULL);
    json_word(w, "word");
    json_hex(w, SPAN_LIT("\x00\xff"));
    json_hex(w, (struct span){0});
    json_base64(w, SPAN_LIT("\x00\xff\xfe\xfd"));
    json_fragment(w, SPAN_LIT("{\"a\":[]}"));
}

static void put_times(struct json_writer *w)
{
    json_time_ms(w, INT64_C(1767323045678));
    json_time_ms(w, -1);
    json_time_s(w, INT64_C(1767323045));
    json_time_s(w, INT64_C(253402300800)); /* 10000-01-01: RFC 3339 has four digits */
}

static void put_nested(struct json_writer *w)
{
    json_object_begin(w);
    json_object_end(w);
    json_array_begin(w);
    json_array_begin(w);
    json_array_end(w);
    json_uint(w, 1);
    json_array_end(w);
    json_object_begin(w);
    json_key(w, "a\"b");
    json_uint(w, 1);
    json_key_ready(w, SPAN_LIT("\"c\":"));
    json_array_begin(w);
    json_array_end(w);
    json_object_end(w);
}

struct writer_case {
    void (*put)(struct json_writer *w);
    const char *json;
};

static const struct writer_case writer_cases[] = {
    {put_numbers, "[0,18446744073709551615,-9223372036854775808,-1,12.34,-12.34,0.005,-5,"
                  "-9.223372036854775808,0.0]"},
    {put_shares, "[0.3333,0.6667,0.0001,0.0000,0.0000,1.0000,null]"},
    {put_others, "[true,false,null,null,\"word\",\"00ff\",\"\",\"AP/+/Q==\",{\"a\":[]}]"},
    {put_times, "[\"2026-01-02T03:04:05.678Z\",\"1969-12-31T23:59:59.999Z\","
                "\"2026-01-02T03:04:05Z\",null]"},
    {put_nested, "[{},[[],1],{\"a\\\"b\":1,\"c\":[]}]"},
};

Test(json_writer, values_and_nesting)
{
    for (size_t i = 0; i < sizeof(writer_cases) / sizeof(writer_cases[0]); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        struct json_writer w = json_writer(&out);
        json_array_begin(&w);
        writer_cases[i].put(&w);
        json_array_end(&w);
        buf_put_char(&out, '\0');
        cr_expect_str_eq((const char *)out.at, writer_cases[i].json);
        buf_deinit(&out);
    }
}

Test(json_writer, indented)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct json_writer w = json_writer_indented(&out);
    json_object_begin(&w);
    json_key(&w, "a");
    json_uint(&w, 1);
    json_key(&w, "b");
    json_array_begin(&w);
    json_object_begin(&w);
    json_object_end(&w);
    json_null_value(&w);
    json_array_end(&w);
    json_object_end(&w);
    buf_put_char(&out, '\0');
    cr_expect_str_eq((const char *)out.at, "{\n"
                                           "  \"a\": 1,\n"
                                           "  \"b\": [\n"
                                           "    {},\n"
                                           "    null\n"
                                           "  ]\n"
                                           "}\n");
    buf_deinit(&out);
}

struct csv_case {
    struct span text;
    const char *field;
};

/* RFC 4180 section 2, rules 5 to 7. */
static const struct csv_case csv_cases[] = {
    {SPAN_INIT("plain"), "plain"},   {SPAN_INIT(""), "\"\""},
    {SPAN_INIT("a,b"), "\"a,b\""},   {SPAN_INIT("say \"x\""), "\"say \"\"x\"\"\""},
    {SPAN_INIT("\""), "\"\"\"\""},   {SPAN_INIT("220-a\n220 b"), "\"220-a\n220 b\""},
    {SPAN_INIT("a\rb"), "\"a\rb\""}, {SPAN_INIT(" space "), " space "},
    {SPAN_INIT("=1+1"), "=1+1"},     {SPAN_INIT("caf\xc3\xa9"), "caf\xc3\xa9"},
};

Test(csv, fields)
{
    for (size_t i = 0; i < sizeof(csv_cases) / sizeof(csv_cases[0]); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        csv_put_text(&out, csv_cases[i].text);
        cr_expect(span_eq(buf_span(&out), span_of(csv_cases[i].field)), "%.*s", (int)out.len,
                  (const char *)out.at);
        buf_deinit(&out);
    }
}
