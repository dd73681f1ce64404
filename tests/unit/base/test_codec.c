#include <signal.h>

#include <criterion/criterion.h>

#include "scanner/base/codec.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Puts a value, wants these octets, and the value again from them with nothing left. */
#define EXPECT(type, value, ...)                                                                  \
    do {                                                                                          \
        static const uint8_t want[] = {__VA_ARGS__};                                              \
        struct buf wire = BUF_INIT(BUF_NO_LIMIT);                                                 \
        codec_put_##type(&wire, value);                                                           \
        cr_expect(span_eq(buf_span(&wire), (struct span){want, sizeof(want)}), #type " " #value); \
        struct span in = buf_span(&wire);                                                         \
        cr_expect(codec_get_##type(&in) == (value), #type " " #value);                            \
        cr_expect_eq(in.len, 0, #type " " #value);                                                \
        buf_deinit(&wire);                                                                        \
    } while (0)

Test(codec, integers_are_little_endian)
{
    EXPECT(u8, 0, 0);
    EXPECT(u8, 0xfe, 0xfe);
    EXPECT(u16, 0x0102, 2, 1);
    EXPECT(u16, UINT16_MAX, 0xff, 0xff);
    EXPECT(u32, 0x01020304U, 4, 3, 2, 1);
    EXPECT(u32, 0xfffffffeU, 0xfe, 0xff, 0xff, 0xff);
    EXPECT(u64, 0x0102030405060708U, 8, 7, 6, 5, 4, 3, 2, 1);
    EXPECT(u64, UINT64_MAX, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    EXPECT(i16, -2, 0xfe, 0xff);
    EXPECT(i16, INT16_MIN, 0, 0x80);
    EXPECT(i32, -1, 0xff, 0xff, 0xff, 0xff);
    EXPECT(i32, INT32_MAX, 0xff, 0xff, 0xff, 0x7f);
    EXPECT(i64, INT64_MIN, 0, 0, 0, 0, 0, 0, 0, 0x80);
    EXPECT(i64, 0x0102030405060708, 8, 7, 6, 5, 4, 3, 2, 1);
    EXPECT(flag, true, 1);
    EXPECT(flag, false, 0);
    EXPECT(word, 255U, 255);
    EXPECT(count, 0x01020304U, 4, 3, 2, 1);
}

Test(codec, spans_are_borrowed_behind_their_length)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    codec_put_span(&wire, SPAN_LIT("ab\0"));
    codec_put_span(&wire, (struct span){0});
    codec_put_span(&wire, SPAN_LIT("c"));
    static const uint8_t want[] = {3, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 0, 1, 0, 0, 0, 'c'};
    cr_expect(span_eq(buf_span(&wire), (struct span){want, sizeof(want)}));
    struct span in = buf_span(&wire);
    struct span first = codec_get_span(&in);
    cr_expect(span_eq(first, SPAN_LIT("ab\0")));
    cr_expect_eq(first.at, wire.at + 4, "not a copy");
    cr_expect_eq(codec_get_span(&in).len, 0);
    cr_expect(span_eq(codec_get_span(&in), SPAN_LIT("c")));
    cr_expect_eq(in.len, 0);
    buf_deinit(&wire);
}

Test(codec, addresses_and_octets_come_back)
{
    const struct net_addr addresses[] = {
        {.family = 6, .octets = {0x20, 1, 0xd, 0xb8, [15] = 1}},
        {.family = 4, .octets = {192, 0, 2, 255}},
        {0},
    };
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < COUNT(addresses); i++) {
        codec_put_addr(&wire, addresses[i]);
        cr_expect_eq(wire.len, (i + 1) * 17, "the family and 16 octets");
    }
    codec_put_octets(&wire, "xyz", 3);
    codec_put_octets(&wire, NULL, 0);
    codec_put_rest(&wire, SPAN_LIT("rest"));
    struct span in = buf_span(&wire);
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct net_addr got = codec_get_addr(&in);
        cr_expect(net_addr_eq(&got, &addresses[i]), "address %zu", i);
    }
    char octets[3];
    codec_get_octets(&in, octets, sizeof(octets));
    cr_expect_arr_eq(octets, "xyz", sizeof(octets));
    codec_get_octets(&in, NULL, 0);
    cr_expect(span_eq(codec_get_rest(&in), SPAN_LIT("rest")));
    cr_expect_eq(in.len, 0);
    cr_expect_eq(codec_get_rest(&in).len, 0);
    buf_deinit(&wire);
}

Test(codec, lists_come_back_behind_each_other)
{
    const struct net_addr addresses[] = {{.family = 4, .octets = {192, 0, 2, 1}},
                                         {.family = 6, .octets = {0x20, 1, [15] = 9}}};
    const struct span names[] = {SPAN_LIT("a.test"), SPAN_LIT(""), SPAN_LIT("b")};
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    codec_put_spans(&wire, names, COUNT(names));
    codec_put_spans(&wire, NULL, 0);
    codec_put_addrs(&wire, addresses, COUNT(addresses));
    codec_put_addrs(&wire, NULL, 0);
    struct span in = buf_span(&wire);
    const struct span *got_names = codec_get_spans(&in, COUNT(names), &arena);
    (void)codec_get_spans(&in, 0, &arena);
    for (size_t i = 0; i < COUNT(names); i++) {
        cr_expect(span_eq(got_names[i], names[i]), "name %zu", i);
    }
    const struct net_addr *got = codec_get_addrs(&in, COUNT(addresses), &arena);
    (void)codec_get_addrs(&in, 0, &arena);
    for (size_t i = 0; i < COUNT(addresses); i++) {
        cr_expect(net_addr_eq(&got[i], &addresses[i]), "address %zu", i);
    }
    cr_expect_eq(in.len, 0);
    buf_deinit(&wire);
    arena_reset(&arena);
    arena_pool_deinit(&pool);
}

Test(codec, a_count_is_set_once_it_is_known)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    codec_put_u8(&wire, 9);
    size_t at = wire.len;
    codec_put_count(&wire, 0);
    codec_put_u8(&wire, 8);
    codec_set_count(&wire, at, 0x01020304);
    static const uint8_t want[] = {9, 4, 3, 2, 1, 8};
    cr_expect(span_eq(buf_span(&wire), (struct span){want, sizeof(want)}));
    buf_deinit(&wire);
}

/* The octets are our own: what is not whole is a bug of ours, never read beyond. */
static const uint8_t three_octets[] = {200, 0, 0};

Test(codec, an_integer_that_ends_early_stops, .signal = SIGABRT)
{
    struct span in = {three_octets, sizeof(three_octets)};
    (void)codec_get_u32(&in);
}

Test(codec, an_address_that_ends_early_stops, .signal = SIGABRT)
{
    struct span in = {three_octets, sizeof(three_octets)};
    (void)codec_get_addr(&in);
}

Test(codec, a_span_that_ends_early_stops, .signal = SIGABRT)
{
    static const uint8_t octets[] = {2, 0, 0, 0, 'a'};
    struct span in = {octets, sizeof(octets)};
    (void)codec_get_span(&in);
}

Test(codec, taking_more_than_there_is_stops, .signal = SIGABRT)
{
    struct span in = {three_octets, sizeof(three_octets)};
    (void)codec_take(&in, SIZE_MAX);
}

Test(codec, a_word_of_two_octets_stops, .signal = SIGABRT)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    codec_put_word(&wire, 256);
}

Test(codec, a_count_past_its_octets_stops, .signal = SIGABRT)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    codec_put_count(&wire, (size_t)UINT32_MAX + 1);
}

Test(codec, a_count_set_where_none_stands_stops, .signal = SIGABRT)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    codec_put_u16(&wire, 0);
    codec_set_count(&wire, 0, 1);
}
