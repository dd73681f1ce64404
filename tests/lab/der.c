#include "tests/lab/der.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scanner/base/check.h"

size_t der_open(struct buf *b, uint8_t tag)
{
    buf_put_char(b, (char)tag);
    buf_put_char(b, 0); /* a short length; der_close() makes room when it is longer */
    return b->len;
}

void der_close(struct buf *b, size_t opened)
{
    size_t len = b->len - opened;
    if (len < 0x80) {
        b->at[opened - 1] = (uint8_t)len;
        return;
    }
    CHECK(len <= 0xffffff);
    size_t extra = len <= 0xff ? 1 : len <= 0xffff ? 2 : 3;
    CHECK(buf_room(b, extra) != NULL);
    memmove(b->at + opened + extra, b->at + opened, len);
    b->at[opened - 1] = (uint8_t)(0x80 | extra);
    for (size_t i = 0; i < extra; i++) {
        b->at[opened + i] = (uint8_t)(len >> (8 * (extra - 1 - i)));
    }
    b->len += extra;
}

void der_put(struct buf *b, uint8_t tag, struct span content)
{
    size_t at = der_open(b, tag);
    buf_put(b, content);
    der_close(b, at);
}

void der_put_u64(struct buf *b, uint64_t n)
{
    uint8_t octets[9] = {0};
    for (size_t i = 0; i < 8; i++) {
        octets[8 - i] = (uint8_t)(n >> (8 * i));
    }
    size_t skip = 0; /* the shortest form whose first bit is zero */
    while (skip < 8 && octets[skip] == 0 && octets[skip + 1] < 0x80) {
        skip++;
    }
    der_put(b, DER_INTEGER, (struct span){octets + skip, sizeof(octets) - skip});
}

void der_put_time(struct buf *b, int64_t unix_s)
{
    struct tm tm;
    char text[64];
    time_t t = (time_t)unix_s;
    CHECK(gmtime_r(&t, &tm) != NULL);
    bool utc = tm.tm_year < 150; /* since 1900 */
    int len = snprintf(text, sizeof(text), "%0*d%02d%02d%02d%02d%02dZ", utc ? 2 : 4,
                       utc ? tm.tm_year % 100 : tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
    CHECK(len > 0 && (size_t)len < sizeof(text));
    der_put(b, utc ? DER_UTC_TIME : DER_TIME, (struct span){(const uint8_t *)text, (size_t)len});
}
