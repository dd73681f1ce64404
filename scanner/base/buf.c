#include "scanner/base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "scanner/base/memory.h"

uint8_t *buf_grow(struct buf *b, size_t len)
{
    if (len > b->limit - b->len) {
        return NULL;
    }
    size_t cap = b->cap ? b->cap * 2 : 256;
    while (cap < b->len + len) {
        cap *= 2;
    }
    uint8_t *at = memory_resize(b->at, cap, 1);
    b->at = at;
    b->cap = cap;
    return b->at + b->len;
}

bool buf_append(struct buf *b, struct span s)
{
    if (s.len == 0) {
        return true;
    }
    uint8_t *room = buf_room(b, s.len);
    if (room == NULL) {
        return false;
    }
    memcpy(room, s.at, s.len);
    b->len += s.len;
    return true;
}

void buf_put(struct buf *b, struct span s)
{
    CHECK(buf_append(b, s));
}

void buf_put_char(struct buf *b, char c)
{
    uint8_t *room = buf_room(b, 1);
    CHECK(room != NULL);
    *room = (uint8_t)c;
    b->len++;
}

void buf_put_text(struct buf *b, const char *text)
{
    buf_put(b, span_of(text));
}

void buf_put_u64(struct buf *b, uint64_t n)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    buf_put(b, (struct span){digits + at, sizeof(digits) - at});
}

void buf_put_i64(struct buf *b, int64_t n)
{
    if (n < 0) {
        buf_put_char(b, '-');
        buf_put_u64(b, 0U - (uint64_t)n);
    } else {
        buf_put_u64(b, (uint64_t)n);
    }
}

void buf_put_hex(struct buf *b, struct span s)
{
    static const char digit[] = "0123456789abcdef";
    uint8_t *to = buf_room(b, s.len * 2);
    CHECK(to != NULL);
    for (size_t i = 0; i < s.len; i++) {
        *to++ = (uint8_t)digit[s.at[i] >> 4];
        *to++ = (uint8_t)digit[s.at[i] & 15];
    }
    b->len += s.len * 2;
}

void buf_put_base64(struct buf *b, struct span s)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = (s.len + 2) / 3 * 4;
    uint8_t *to = buf_room(b, len);
    CHECK(to != NULL);
    for (size_t i = 0; i < s.len; i += 3) {
        uint32_t left = (uint32_t)(s.len - i);
        uint32_t n = (uint32_t)s.at[i] << 16;
        n |= left > 1 ? (uint32_t)s.at[i + 1] << 8 : 0;
        n |= left > 2 ? (uint32_t)s.at[i + 2] : 0;
        *to++ = (uint8_t)digit[n >> 18];
        *to++ = (uint8_t)digit[(n >> 12) & 63];
        *to++ = left > 1 ? (uint8_t)digit[(n >> 6) & 63] : '=';
        *to++ = left > 2 ? (uint8_t)digit[n & 63] : '=';
    }
    b->len += len;
}

void buf_putf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(len >= 0);
    uint8_t *room = buf_room(b, (size_t)len + 1);
    CHECK(room != NULL);
    (void)vsnprintf((char *)room, (size_t)len + 1, format, again);
    va_end(again);
    b->len += (size_t)len;
}

void buf_reset(struct buf *b)
{
    b->len = 0;
}

void buf_reset_trim(struct buf *b, size_t keep)
{
    if (b->cap > keep) {
        buf_deinit(b);
    } else {
        buf_reset(b);
    }
}

void buf_trim(struct buf *b)
{
    if (b->len == 0) {
        buf_deinit(b);
        return;
    }
    b->at = memory_resize(b->at, b->len, 1);
    b->cap = b->len;
}

void buf_deinit(struct buf *b)
{
    free(b->at);
    *b = BUF_INIT(b->limit);
}
