#include <inttypes.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/base/buf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void expect_text(const struct buf *b, const char *want)
{
    cr_expect(span_eq(buf_span(b), span_of(want)), "want %s, have %.*s", want, (int)b->len,
              (const char *)b->at);
}

Test(buf, never_passes_its_limit)
{
    static const size_t limits[] = {0, 1, 2, 255, 256, 257, 1000, 5000};
    static uint8_t octets[6000];
    for (size_t i = 0; i < COUNT(limits); i++) {
        size_t limit = limits[i];
        struct buf b = BUF_INIT(limit);
        cr_expect(buf_append(&b, (struct span){0}), "nothing always fits");
        cr_expect_not(buf_append(&b, (struct span){octets, limit + 1}), "limit %zu", limit);
        cr_expect_eq(b.len, 0, "refused whole");
        for (size_t n = 0; n < limit; n++) {
            uint8_t octet = (uint8_t)n;
            cr_assert(buf_append(&b, (struct span){&octet, 1}), "limit %zu, octet %zu", limit, n);
        }
        cr_expect_not(buf_append(&b, (struct span){octets, 1}), "limit %zu is full", limit);
        cr_expect_not(buf_append(&b, (struct span){octets, SIZE_MAX}), "no overflow");
        cr_expect_null(buf_room(&b, 1));
        cr_expect_null(buf_room(&b, SIZE_MAX));
        cr_expect_eq(b.len, limit);
        for (size_t n = 0; n < limit; n++) {
            cr_assert_eq(b.at[n], (uint8_t)n, "limit %zu: growing keeps octet %zu", limit, n);
        }
        buf_reset(&b);
        cr_expect(buf_append(&b, (struct span){octets, limit}), "room again after a reset");
        buf_deinit(&b);
        cr_expect_eq(b.limit, limit, "usable again");
        cr_expect_eq(b.len, 0);
    }
}

Test(buf, room_is_counted_by_the_caller)
{
    struct buf b = BUF_INIT(10);
    uint8_t *room = buf_room(&b, 10);
    cr_assert_not_null(room);
    cr_expect_eq(b.len, 0);
    memset(room, 'x', 10);
    b.len += 4;
    cr_expect_null(buf_room(&b, 7));
    cr_expect_not_null(buf_room(&b, 6));
    expect_text(&b, "xxxx");
    buf_deinit(&b);
}

Test(buf, writes_numbers)
{
    static const uint64_t naturals[] = {0, 1, 9, 10, 99, 100, 4294967295U, 4294967296U, UINT64_MAX};
    static const int64_t integers[] = {0, -1, -9, -10, 10, INT64_MIN, INT64_MIN + 1, INT64_MAX};
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    char want[32];
    for (size_t i = 0; i < COUNT(naturals); i++) {
        buf_reset(&b);
        buf_put_u64(&b, naturals[i]);
        (void)snprintf(want, sizeof(want), "%" PRIu64, naturals[i]);
        expect_text(&b, want);
    }
    for (size_t i = 0; i < COUNT(integers); i++) {
        buf_reset(&b);
        buf_put_i64(&b, integers[i]);
        (void)snprintf(want, sizeof(want), "%" PRId64, integers[i]);
        expect_text(&b, want);
    }
    buf_deinit(&b);
}

struct code_case {
    struct span octets;
    const char *hex;
    const char *base64;
};

/* RFC 4648 section 10; the rest are the bounds of both alphabets. */
static const struct code_case code_cases[] = {
    {SPAN_INIT(""), "", ""},
    {SPAN_INIT("f"), "66", "Zg=="},
    {SPAN_INIT("fo"), "666f", "Zm8="},
    {SPAN_INIT("foo"), "666f6f", "Zm9v"},
    {SPAN_INIT("foob"), "666f6f62", "Zm9vYg=="},
    {SPAN_INIT("fooba"), "666f6f6261", "Zm9vYmE="},
    {SPAN_INIT("foobar"), "666f6f626172", "Zm9vYmFy"},
    {SPAN_INIT("\x00"), "00", "AA=="},
    {SPAN_INIT("\x00\x00\x00"), "000000", "AAAA"},
    {SPAN_INIT("\xff\xff\xff"), "ffffff", "////"},
    {SPAN_INIT("\xff"), "ff", "/w=="},
    {SPAN_INIT("\xfb\xef\xbe"), "fbefbe", "++++"},
    {SPAN_INIT("\x00\x10\x83\x10\x51\x87"), "001083105187", "ABCDEFGH"},
};

Test(buf, writes_hex_and_base64)
{
    for (size_t i = 0; i < COUNT(code_cases); i++) {
        const struct code_case *c = &code_cases[i];
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        buf_put_hex(&b, c->octets);
        expect_text(&b, c->hex);
        buf_reset(&b);
        buf_put_base64(&b, c->octets);
        expect_text(&b, c->base64);
        buf_deinit(&b);
    }
}

Test(buf, formats_behind_what_is_there)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    buf_put_char(&b, '<');
    for (int i = 0; i < 200; i++) {
        buf_putf(&b, "%03d;", i);
    }
    buf_putf(&b, "%s", "");
    buf_put_text(&b, ">");
    cr_assert_eq(b.len, 802);
    cr_expect_eq(memcmp(b.at, "<000;001;", 9), 0);
    cr_expect_eq(memcmp(b.at + 797, "199;>", 5), 0);
    buf_deinit(&b);
}
