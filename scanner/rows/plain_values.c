#include "scanner/rows/plain_values.h"

#include "scanner/base/text.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @param to room for half as many octets */
static bool read_hex(struct span text, uint8_t *to)
{
    for (size_t i = 0; i < text.len / 2; i++) {
        int high = hex_digit(text.at[2 * i]);
        int low = hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    return text.len % 2 == 0;
}

bool octets_of_hex(struct span text, struct arena *a, struct span *out)
{
    uint8_t *to = arena_new(a, text.len / 2, 1);
    if (!read_hex(text, to)) {
        return false;
    }
    *out = (struct span){to, text.len / 2};
    return true;
}

bool sha256_of_hex(struct span text, uint8_t out[32])
{
    return text.len == 64 && read_hex(text, out);
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t padding_of(struct span text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=') {
        padding++;
    }
    return padding;
}

bool octets_of_base64(struct span text, struct arena *a, struct span *out)
{
    if (text.len % 4 != 0) {
        return false;
    }
    size_t padding = padding_of(text);
    size_t digits = text.len - padding;
    uint8_t *to = arena_new(a, text.len / 4 * 3, 1);
    size_t len = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text.at[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 > 0) { /* 6, 12, 18 or 24 bits are there; each octet as soon as it is whole */
            to[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
    }
    uint32_t unused = padding == 0 ? 0 : padding == 1 ? 0x3 : 0xf;
    *out = (struct span){to, len};
    return (bits & unused) == 0;
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; years begin in March. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The number of `len` digits at `at`; -1: no digits there. */
static int64_t digits_at(struct span text, size_t at, size_t len)
{
    uint64_t n = 0;
    struct span digits = span_take(span_drop(text, at), len);
    return text_to_u64(digits, &n) ? (int64_t)n : -1;
}

bool time_ms_of_text(struct span text, int64_t *unix_ms)
{
    static const char with_ms[] = "0000-00-00T00:00:00.000Z";
    static const char with_s[] = "0000-00-00T00:00:00Z";
    bool has_ms = text.len == sizeof(with_ms) - 1;
    const char *form = has_ms ? with_ms : with_s;
    if (!has_ms && text.len != sizeof(with_s) - 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool fits = form[i] == '0' ? text.at[i] >= '0' && text.at[i] <= '9'
                                   : text.at[i] == (uint8_t)form[i];
        if (!fits) {
            return false;
        }
    }
    int64_t month = digits_at(text, 5, 2);
    int64_t day = digits_at(text, 8, 2);
    int64_t hour = digits_at(text, 11, 2);
    int64_t minute = digits_at(text, 14, 2);
    int64_t second = digits_at(text, 17, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t days = days_of_date(digits_at(text, 0, 4), month, day);
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    *unix_ms = seconds * 1000 + (has_ms ? digits_at(text, 20, 3) : 0);
    struct buf again = BUF_INIT(BUF_NO_LIMIT); /* 30 February would come out as 1 or 2 March */
    if (has_ms) {
        text_put_time_ms(&again, *unix_ms);
    } else {
        text_put_time_s(&again, seconds);
    }
    bool same = span_eq(buf_span(&again), text);
    buf_deinit(&again);
    return same;
}
