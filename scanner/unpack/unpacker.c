#include "scanner/unpack/unpacker.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"

#define GZIP_WINDOW     (MAX_WBITS + 16) /* zlib.h: gzip alone */
#define ZSTD_WINDOW_MAX 27               /* log2 of octets: the limit of `zstd -d` */

struct unpacker {
    enum unpack_method method;
    bool bounded;
    bool inside; /* a member was begun and has not ended */
    uint64_t taken;
    uint64_t made;
    z_stream zlib;
    ZSTD_DStream *zstd;
};

enum unpack_method unpack_method_of(struct span begin)
{
    static const struct span gzip = SPAN_INIT("\x1f\x8b");         /* RFC 1952 section 2.3.1 */
    static const struct span zstd = SPAN_INIT("\x28\xb5\x2f\xfd"); /* RFC 8878 section 3.1.1 */
    static const struct span skippable =
        SPAN_INIT("\x2a\x4d\x18"); /* section 3.1.2: in front of it */
    if (span_eq(span_take(begin, gzip.len), gzip)) {
        return UNPACK_GZIP;
    }
    bool skips = begin.len >= UNPACK_MARK_MAX && (begin.at[0] & 0xf0U) == 0x50 &&
                 span_eq(span_take(span_drop(begin, 1), skippable.len), skippable);
    return skips || span_eq(span_take(begin, zstd.len), zstd) ? UNPACK_ZSTD : UNPACK_NONE;
}

const char *unpack_method_name(enum unpack_method m)
{
    switch (m) {
    case UNPACK_NONE:
        return "none";
    case UNPACK_GZIP:
        return "gzip";
    case UNPACK_ZSTD:
        return "zstd";
    }
    UNREACHABLE("unpack_method");
}

const char *unpack_method_command(enum unpack_method m)
{
    switch (m) {
    case UNPACK_NONE:
        return NULL;
    case UNPACK_GZIP:
        return "zcat";
    case UNPACK_ZSTD:
        return "zstdcat";
    }
    UNREACHABLE("unpack_method");
}

struct unpacker *unpacker_new(enum unpack_method m, bool bounded)
{
    struct unpacker *u = memory_new(1, sizeof(*u));
    u->method = m;
    u->bounded = bounded;
    u->zlib.zalloc = memory_zalloc;
    u->zlib.zfree = memory_zfree;
    if (m == UNPACK_GZIP) {
        CHECK(inflateInit2(&u->zlib, GZIP_WINDOW) == Z_OK);
    }
    if (m == UNPACK_ZSTD) {
        u->zstd = ZSTD_createDStream();
        if (u->zstd == NULL) {
            memory_end_process("what was compressed");
        }
        CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_MAX)));
    }
    return u;
}

void unpacker_free(struct unpacker *u)
{
    if (u != NULL) {
        if (u->method == UNPACK_GZIP) {
            (void)inflateEnd(&u->zlib);
        }
        (void)ZSTD_freeDStream(u->zstd);
        free(u);
    }
}

static enum unpack_end unpack_none(struct span *in, uint8_t *to, size_t room, size_t *len)
{
    *len = in->len < room ? in->len : room;
    if (*len > 0) {
        memcpy(to, in->at, *len);
    }
    *in = span_drop(*in, *len);
    return UNPACK_GOES_ON;
}

static enum unpack_end unpack_gzip(struct unpacker *u, struct span *in, uint8_t *to, size_t room,
                                   size_t *len)
{
    z_stream *z = &u->zlib;
    bool between = !u->inside && u->taken > 0;
    while (between && in->len > 0 && in->at[0] == 0) { /* padding, as gzip(1) takes it */
        *in = span_drop(*in, 1);
    }
    z->next_in = (uint8_t *)(uintptr_t)in->at;
    z->avail_in = (uInt)in->len;
    z->next_out = to;
    z->avail_out = (uInt)room;
    int state = inflate(z, Z_NO_FLUSH);
    u->inside = state != Z_STREAM_END && (z->avail_in < in->len || u->inside);
    *in = span_drop(*in, in->len - z->avail_in);
    *len = room - z->avail_out;
    if (state == Z_STREAM_END) {
        CHECK(inflateReset(z) == Z_OK);
        return UNPACK_GOES_ON;
    }
    return state == Z_OK || state == Z_BUF_ERROR ? UNPACK_GOES_ON : UNPACK_DAMAGED;
}

static enum unpack_end unpack_zstd(struct unpacker *u, struct span *in, uint8_t *to, size_t room,
                                   size_t *len)
{
    ZSTD_inBuffer from = {in->at, in->len, 0};
    ZSTD_outBuffer out = {to, room, 0};
    size_t state = ZSTD_decompressStream(u->zstd, &out, &from);
    ZSTD_ErrorCode error = ZSTD_getErrorCode(state);
    if (error == ZSTD_error_memory_allocation) {
        memory_end_process("what was compressed"); /* our own lack, no damage of the file */
    }
    u->inside = state != 0 && (from.pos > 0 || u->inside);
    *in = span_drop(*in, from.pos);
    *len = out.pos;
    return error == ZSTD_error_no_error                        ? UNPACK_GOES_ON
           : error == ZSTD_error_frameParameter_windowTooLarge ? UNPACK_WIDE
                                                               : UNPACK_DAMAGED;
}

enum unpack_end unpacker_step(struct unpacker *u, struct span *in, bool ended, uint8_t *to,
                              size_t room, size_t *len)
{
    size_t offered = in->len;
    enum unpack_end end = UNPACK_GOES_ON;
    *len = 0;
    CHECK(in->len <= UINT32_MAX && room > 0 && room <= UINT32_MAX);
    switch (u->method) {
    case UNPACK_NONE:
        end = unpack_none(in, to, room, len);
        break;
    case UNPACK_GZIP:
        end = unpack_gzip(u, in, to, room, len);
        break;
    case UNPACK_ZSTD:
        end = unpack_zstd(u, in, to, room, len);
        break;
    }
    u->taken += offered - in->len;
    u->made += *len;
    if (end == UNPACK_GOES_ON && u->bounded && u->made > UNPACK_RATIO_FROM &&
        u->made / UNPACK_RATIO_MAX > u->taken) {
        return UNPACK_OUT_OF_RATIO;
    }
    bool over = end == UNPACK_GOES_ON && ended && in->len == 0 && *len == 0;
    return over && u->inside ? UNPACK_CUT : end;
}

const char *unpack_end_text(enum unpack_end end, enum unpack_method m)
{
    bool gzip = m == UNPACK_GZIP;
    switch (end) {
    case UNPACK_GOES_ON:
        return "";
    case UNPACK_DAMAGED:
        return gzip ? "is damaged: not valid gzip data" : "is damaged: not valid zstd data";
    case UNPACK_CUT:
        return gzip ? "is cut short: its gzip data does not end"
                    : "is cut short: its zstd data does not end";
    case UNPACK_WIDE:
        return "needs more than 128 MiB to unpack; give what 'zstdcat --long=31 FILE' prints";
    case UNPACK_OUT_OF_RATIO:
        return "unpacks to more than 250 times its size, as no list of domains does; if it is one, "
               "give what 'zcat FILE' or "
               "'zstdcat FILE' prints";
    }
    UNREACHABLE("unpack_end");
}
