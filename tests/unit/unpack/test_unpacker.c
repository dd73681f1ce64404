#include <zlib.h>
#include <zstd.h>

#include <criterion/criterion.h>

#include "scanner/base/buf.h"
#include "scanner/unpack/unpacker.h"

static void put_gzip(struct buf *to, struct span text)
{
    z_stream z = {0};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = text.len + 100;
    z.next_in = (uint8_t *)(uintptr_t)text.at;
    z.avail_in = (uInt)text.len;
    z.next_out = buf_room(to, room);
    z.avail_out = (uInt)room;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    to->len += room - z.avail_out;
    (void)deflateEnd(&z);
}

static void put_zstd(struct buf *to, struct span text)
{
    size_t room = ZSTD_compressBound(text.len);
    size_t len = ZSTD_compress(buf_room(to, room), room, text.at, text.len, 3);
    cr_assert(!ZSTD_isError(len));
    to->len += len;
}

/* Offers `step` octets at a time, and takes `room` at a time. @param out all that was made; NULL: not kept */
static enum unpack_end unpack(struct span packed, bool bounded, size_t step, size_t room,
                              struct buf *out)
{
    struct unpacker *u = unpacker_new(unpack_method_of(packed), bounded);
    struct buf made = BUF_INIT(BUF_NO_LIMIT);
    enum unpack_end end = UNPACK_GOES_ON;
    bool over = false;
    while (end == UNPACK_GOES_ON && !over) {
        struct span part = span_take(packed, step);
        size_t len = 0;
        packed = span_drop(packed, part.len);
        over = packed.len == 0;
        do {
            buf_reset(&made);
            end = unpacker_step(u, &part, over, buf_room(&made, room), room, &len);
            made.len += len;
            if (out != NULL) {
                buf_put(out, buf_span(&made));
            }
        } while (end == UNPACK_GOES_ON && (part.len > 0 || len > 0));
    }
    buf_deinit(&made);
    unpacker_free(u);
    return end;
}

static const struct span text = SPAN_INIT("1,a.test\n2,b.test\n3,c.test\n");

/* What files are made of. */
static void put_case(struct buf *b, unsigned which)
{
    switch (which) {
    case 0:
        buf_put(b, text);
        break;
    case 1:
        put_gzip(b, text);
        break;
    case 2: /* RFC 1952 section 2.2: members one after the other; one of them empty */
        put_gzip(b, span_take(text, 5));
        put_gzip(b, span_take(text, 0));
        put_gzip(b, span_drop(text, 5));
        break;
    case 3:
        put_zstd(b, text);
        break;
    case 4: /* RFC 8878 section 3.1: frames, and skippable ones (section 3.1.2) */
        buf_put(b, SPAN_LIT("\x5f\x2a\x4d\x18\2\0\0\0ab"));
        put_zstd(b, span_take(text, 5));
        buf_put(b, SPAN_LIT("\x50\x2a\x4d\x18\0\0\0\0"));
        put_zstd(b, span_drop(text, 5));
        break;
    default:
        break;
    }
}

#define CASES 5

Test(unpacker, gives_the_same_however_it_is_cut)
{
    for (unsigned which = 0; which < CASES; which++) {
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        put_case(&packed, which);
        for (size_t step = 1; step <= packed.len; step++) {
            for (size_t room = 1; room < 40; room += 13) {
                struct buf out = BUF_INIT(BUF_NO_LIMIT);
                cr_expect_eq(unpack(buf_span(&packed), true, step, room, &out), UNPACK_GOES_ON);
                cr_expect(span_eq(buf_span(&out), text), "%u: %.*s", which, (int)out.len,
                          (const char *)out.at);
                buf_deinit(&out);
            }
        }
        buf_deinit(&packed);
    }
}

Test(unpacker, zeros_behind_members_of_gzip_are_padding)
{
    for (unsigned which = 1; which <= 2; which++) {
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        put_case(&packed, which);
        for (unsigned i = 0; i < 600; i++) {
            buf_put_char(&packed, '\0');
        }
        for (size_t step = 1; step <= packed.len; step += 7) {
            struct buf out = BUF_INIT(BUF_NO_LIMIT);
            cr_expect_eq(unpack(buf_span(&packed), true, step, 9, &out), UNPACK_GOES_ON);
            cr_expect(span_eq(buf_span(&out), text), "%u: %.*s", which, (int)out.len,
                      (const char *)out.at);
            buf_deinit(&out);
        }
        buf_put_text(&packed, "behind it");
        cr_expect_eq(unpack(buf_span(&packed), true, 7, 20, NULL), UNPACK_DAMAGED);
        buf_deinit(&packed);
    }
}

/* Of gzip, which has a checksum, an octet that was altered shows as well. */
Test(unpacker, tells_what_is_cut_or_damaged)
{
    for (unsigned which = 1; which < CASES; which += 2) {
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        put_case(&packed, which);
        for (size_t len = UNPACK_MARK_MAX; len < packed.len; len++) {
            cr_expect_eq(unpack(span_take(buf_span(&packed), len), true, 7, 20, NULL), UNPACK_CUT,
                         "%u at %zu", which, len);
        }
        buf_put_text(&packed, "behind it");
        cr_expect_eq(unpack(buf_span(&packed), true, 7, 20, NULL), UNPACK_DAMAGED);
        packed.len -= strlen("behind it");
        packed.at[packed.len - 12] ^= 0x20;
        cr_expect(which != 1 || unpack(buf_span(&packed), true, 7, 20, NULL) == UNPACK_DAMAGED);
        buf_deinit(&packed);
    }
}

/* 100 MiB of one octet: 1,000 to one in gzip, more in zstd. */
Test(unpacker, holds_a_ratio_where_it_is_asked_to)
{
    struct buf zeros = BUF_INIT(BUF_NO_LIMIT);
    size_t len = 100U << 20;
    memset(buf_room(&zeros, len), '\n', len);
    zeros.len = len;
    for (unsigned which = 0; which < 2; which++) {
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        (which == 0 ? put_gzip : put_zstd)(&packed, buf_span(&zeros));
        cr_expect_eq(unpack(buf_span(&packed), true, 4096, 65536, NULL), UNPACK_OUT_OF_RATIO);
        cr_expect_eq(unpack(buf_span(&packed), false, 4096, 65536, NULL), UNPACK_GOES_ON);
        packed.len = 0;
        (which == 0 ? put_gzip : put_zstd)(&packed, span_take(buf_span(&zeros), 60U << 20));
        cr_expect_eq(unpack(buf_span(&packed), true, 4096, 65536, NULL), UNPACK_GOES_ON,
                     "what is short may repeat itself");
        buf_deinit(&packed);
    }
    buf_deinit(&zeros);
}

/* RFC 8878 section 3.1.1.1.2: exponent 18 is a window of 256 MiB. */
Test(unpacker, refuses_a_window_that_is_too_wide)
{
    static const struct span wide = SPAN_INIT("\x28\xb5\x2f\xfd\0\x90\x01\0\0");
    cr_expect_eq(unpack(wide, true, 100, 100, NULL), UNPACK_WIDE);
}

Test(unpacker, knows_its_own)
{
    cr_expect_eq(unpack_method_of(SPAN_LIT("")), UNPACK_NONE);
    cr_expect_eq(unpack_method_of(SPAN_LIT("\x1f")), UNPACK_NONE);
    cr_expect_eq(unpack_method_of(SPAN_LIT("\x1f\x8b")), UNPACK_GZIP);
    cr_expect_eq(unpack_method_of(SPAN_LIT("\x28\xb5\x2f")), UNPACK_NONE);
    cr_expect_eq(unpack_method_of(SPAN_LIT("\x28\xb5\x2f\xfd")), UNPACK_ZSTD);
    cr_expect_eq(unpack_method_of(SPAN_LIT("\x57\x2a\x4d\x18")), UNPACK_ZSTD);
    cr_expect_eq(unpack_method_of(SPAN_LIT("P*M\x19")), UNPACK_NONE);
    for (int m = UNPACK_GZIP; m <= UNPACK_ZSTD; m++) {
        for (int end = UNPACK_DAMAGED; end <= UNPACK_OUT_OF_RATIO; end++) {
            const char *said = unpack_end_text((enum unpack_end)end, (enum unpack_method)m);
            cr_expect(strlen(said) > 10 && strlen(said) < 200, "%s", said);
        }
    }
}
