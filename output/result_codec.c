#include "output/result_codec.h"

#include <limits.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "scanner/base/memory.h"

#define STEP_LEN          ((size_t)(64 * 1024)) /* room given to the compressor at a time */
#define GZIP_WINDOW_BITS  31 /* zlib.h, deflateInit2: 15 bits of window, +16 for gzip */
#define GZIP_MEMORY_LEVEL 8  /* the default of zlib */
#define GZIP_MAX_LEVEL    Z_BEST_COMPRESSION
#define ZSTD_MAX_LEVEL \
    19 /* more is --ultra of zstd(1): windows that its readers refuse by default */

struct encoder {
    enum result_codec codec;
    z_stream gzip;
    ZSTD_CCtx *zstd;
};

const char *result_codec_suffix(enum result_codec c)
{
    switch (c) {
    case RESULT_CODEC_NONE:
        return "";
    case RESULT_CODEC_GZIP:
        return ".gz";
    case RESULT_CODEC_ZSTD:
        return ".zst";
    }
    UNREACHABLE("unknown result_codec");
}

unsigned result_codec_max_level(enum result_codec c)
{
    switch (c) {
    case RESULT_CODEC_NONE:
        return 0;
    case RESULT_CODEC_GZIP:
        return GZIP_MAX_LEVEL;
    case RESULT_CODEC_ZSTD:
        return ZSTD_MAX_LEVEL;
    }
    UNREACHABLE("unknown result_codec");
}

static ZSTD_CCtx *new_zstd(void)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    if (zstd == NULL) {
        memory_use_reserve();
        zstd = ZSTD_createCCtx();
    }
    if (zstd == NULL) {
        memory_end_process("a compressor");
    }
    return zstd;
}

struct encoder *encoder_new(enum result_codec codec, unsigned level)
{
    CHECK(level <= result_codec_max_level(codec));
    if (codec == RESULT_CODEC_NONE) {
        return NULL;
    }
    struct encoder *e = memory_new(1, sizeof(*e));
    e->codec = codec;
    if (codec == RESULT_CODEC_GZIP) {
        e->gzip.zalloc = memory_zalloc;
        e->gzip.zfree = memory_zfree;
        CHECK(deflateInit2(&e->gzip, level == 0 ? Z_DEFAULT_COMPRESSION : (int)level, Z_DEFLATED,
                           GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    } else {
        e->zstd = new_zstd();
        /* zstd.h: level 0 is the default */
        size_t set = ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, (int)level);
        size_t sum = ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_checksumFlag, 1);
        CHECK(!ZSTD_isError(set) && !ZSTD_isError(sum));
    }
    return e;
}

void encoder_free(struct encoder *e)
{
    if (e != NULL) {
        if (e->codec == RESULT_CODEC_GZIP) {
            (void)deflateEnd(&e->gzip);
        }
        (void)ZSTD_freeCCtx(e->zstd);
        free(e);
    }
}

static void add_gzip(z_stream *z, struct span in, bool end_frame, struct buf *out)
{
    CHECK(in.len <= UINT_MAX);
    z->next_in = (z_const Bytef *)in.at;
    z->avail_in = (uInt)in.len;
    int status = Z_OK;
    do {
        uint8_t *room = buf_room(out, STEP_LEN);
        CHECK(room != NULL);
        z->next_out = room;
        z->avail_out = (uInt)STEP_LEN;
        status = deflate(z, end_frame ? Z_FINISH : Z_NO_FLUSH);
        CHECK(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
        out->len += STEP_LEN - z->avail_out;
    } while (end_frame ? status != Z_STREAM_END : z->avail_out == 0);
    if (end_frame) {
        CHECK(deflateReset(z) == Z_OK);
    }
}

/* The library takes its memory at the begin of a frame, when nothing of it has gone in yet. */
static size_t step_zstd(ZSTD_CCtx *zstd, ZSTD_outBuffer *to, ZSTD_inBuffer *from,
                        ZSTD_EndDirective end)
{
    size_t left = ZSTD_compressStream2(zstd, to, from, end);
    if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) {
        memory_use_reserve();
        CHECK(from->pos == 0 && to->pos == 0);
        CHECK(!ZSTD_isError(ZSTD_CCtx_reset(zstd, ZSTD_reset_session_only)));
        left = ZSTD_compressStream2(zstd, to, from, end);
    }
    if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) {
        memory_end_process("a compressor");
    }
    return left;
}

static void add_zstd(ZSTD_CCtx *zstd, struct span in, bool end_frame, struct buf *out)
{
    ZSTD_inBuffer from = {in.at, in.len, 0};
    size_t left = 0; /* octets the compressor still holds */
    do {
        uint8_t *room = buf_room(out, STEP_LEN);
        CHECK(room != NULL);
        ZSTD_outBuffer to = {room, STEP_LEN, 0};
        left = step_zstd(zstd, &to, &from, end_frame ? ZSTD_e_end : ZSTD_e_continue);
        CHECK(!ZSTD_isError(left));
        out->len += to.pos;
    } while (end_frame ? left > 0 : from.pos < from.size);
}

void encoder_add(struct encoder *e, struct span in, bool end_frame, struct buf *out)
{
    if (e->codec == RESULT_CODEC_GZIP) {
        add_gzip(&e->gzip, in, end_frame, out);
    } else {
        add_zstd(e->zstd, in, end_frame, out);
    }
}
