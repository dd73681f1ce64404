#include "scanner/base/text.h"

#include <stdio.h>

size_t text_utf8_len(struct span s)
{
    if (s.len == 0) {
        return 0;
    }
    uint8_t c = s.at[0];
    if (c < 0x80) {
        return 1;
    }
    size_t len = c >= 0xc2 && c <= 0xdf   ? 2
                 : (c & 0xf0) == 0xe0     ? 3
                 : c >= 0xf0 && c <= 0xf4 ? 4
                                          : 0;
    if (len == 0 || s.len < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s.at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* RFC 3629 section 4: second octets that would be overlong, surrogates, or past U+10FFFF. */
    if ((c == 0xe0 && s.at[1] < 0xa0) || (c == 0xed && s.at[1] > 0x9f) ||
        (c == 0xf0 && s.at[1] < 0x90) || (c == 0xf4 && s.at[1] > 0x8f)) {
        return 0;
    }
    return len;
}

bool text_is_utf8(struct span s)
{
    while (s.len > 0) {
        size_t len = text_utf8_len(s);
        if (len == 0) {
            return false;
        }
        s = span_drop(s, len);
    }
    return true;
}

bool text_to_u64(struct span s, uint64_t *out)
{
    uint64_t n = 0;
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        uint8_t digit = (uint8_t)(s.at[i] - '0');
        if (digit > 9 || n > (UINT64_MAX - digit) / 10) {
            return false;
        }
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

struct civil {
    int64_t year;
    unsigned month;
    unsigned day;
};

/* Days since 1970-01-01 to the proleptic Gregorian date; counts years from March. */
static struct civil civil_of_days(int64_t days)
{
    days += 719468; /* 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * of_year + 2) / 153;
    struct civil c = {
        .day = of_year - (153 * shifted + 2) / 5 + 1,
        .month = shifted < 10 ? shifted + 3 : shifted - 9,
    };
    c.year = (int64_t)year_of_era + era * 400 + (c.month <= 2);
    return c;
}

#define TIME_MIN_S (-62167219200) /* 0000-01-01T00:00:00Z */
#define TIME_MAX_S 253402300799   /* 9999-12-31T23:59:59Z */

static void set_digits(char *at, size_t count, unsigned value)
{
    for (size_t i = count; i-- > 0; value /= 10) {
        at[i] = (char)('0' + value % 10);
    }
}

/* Several in each row: printf(3) would be a hundredth of a scan's instructions. */
static void put_time(struct buf *b, int64_t unix_s, int millis)
{
    if (unix_s < TIME_MIN_S || unix_s > TIME_MAX_S) {
        return;
    }
    int64_t days = unix_s >= 0 ? unix_s / 86400 : -((-unix_s + 86399) / 86400);
    unsigned second = (unsigned)(unix_s - days * 86400);
    struct civil c = civil_of_days(days);
    char text[] = "0000-00-00T00:00:00.000Z";
    size_t len = sizeof(text) - 1;
    set_digits(text, 4, (unsigned)c.year);
    set_digits(text + 5, 2, c.month);
    set_digits(text + 8, 2, c.day);
    set_digits(text + 11, 2, second / 3600);
    set_digits(text + 14, 2, second / 60 % 60);
    set_digits(text + 17, 2, second % 60);
    if (millis >= 0) {
        set_digits(text + 20, 3, (unsigned)millis);
    } else {
        len = 20;
        text[len - 1] = 'Z';
    }
    buf_put(b, (struct span){(const uint8_t *)text, len});
}

void text_put_time_ms(struct buf *b, int64_t unix_ms)
{
    int millis = (int)(unix_ms % 1000); /* of the second before, when negative */
    put_time(b, unix_ms / 1000 - (millis < 0), millis < 0 ? millis + 1000 : millis);
}

void text_put_time_s(struct buf *b, int64_t unix_s)
{
    put_time(b, unix_s, -1);
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
static int64_t time_digits_at(struct span text, size_t at, size_t len)
{
    uint64_t n = 0;
    struct span digits = span_take(span_drop(text, at), len);
    return text_to_u64(digits, &n) ? (int64_t)n : -1;
}

bool text_to_time_ms(struct span text, int64_t *unix_ms)
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
    int64_t month = time_digits_at(text, 5, 2);
    int64_t day = time_digits_at(text, 8, 2);
    int64_t hour = time_digits_at(text, 11, 2);
    int64_t minute = time_digits_at(text, 14, 2);
    int64_t second = time_digits_at(text, 17, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t days = days_of_date(time_digits_at(text, 0, 4), month, day);
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    *unix_ms = seconds * 1000 + (has_ms ? time_digits_at(text, 20, 3) : 0);
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

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span text_take_until(struct span *rest, uint8_t end)
{
    const uint8_t *at = rest->len > 0 ? memchr(rest->at, end, rest->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - rest->at) : rest->len;
    struct span taken = span_take(*rest, len);
    *rest = span_drop(*rest, at != NULL ? len + 1 : len);
    return taken;
}

struct span text_trim(struct span s)
{
    while (s.len > 0 && is_blank(s.at[0])) {
        s = span_drop(s, 1);
    }
    while (s.len > 0 && is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

uint32_t text_code_point(struct span character)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = character.at[0] & lead_bits[character.len];
    for (size_t i = 1; i < character.len; i++) {
        c = c << 6 | (character.at[i] & 0x3fU);
    }
    return c;
}

/* C0, DEL and C1 controls command a terminal; line and paragraph separators break lines; the rest
 * are invisible or turn the direction of what follows (Unicode Standard Annex 9, section 2). */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

uint32_t text_unsafe_code(struct span sequence)
{
    uint32_t c = text_code_point(sequence);
    return is_unsafe(c) ? c : 0;
}

size_t text_visible_character(struct span text, char out[TEXT_VISIBLE_MAX], size_t *columns)
{
    size_t len = text_utf8_len(text);
    int written = 0;
    if (len == 0) {
        written = snprintf(out, TEXT_VISIBLE_MAX, "\\x%02x", text.at[0]);
        len = 1;
    } else if (is_unsafe(text_code_point(span_take(text, len)))) {
        uint32_t c = text_code_point(span_take(text, len));
        written = c == '\n'     ? snprintf(out, TEXT_VISIBLE_MAX, "\\n")
                  : c == '\r'   ? snprintf(out, TEXT_VISIBLE_MAX, "\\r")
                  : c == '\t'   ? snprintf(out, TEXT_VISIBLE_MAX, "\\t")
                  : c < 0x100   ? snprintf(out, TEXT_VISIBLE_MAX, "\\x%02x", (unsigned)c)
                  : c < 0x10000 ? snprintf(out, TEXT_VISIBLE_MAX, "\\u%04x", (unsigned)c)
                                : snprintf(out, TEXT_VISIBLE_MAX, "\\U%08x", (unsigned)c);
    } else {
        memcpy(out, text.at, len);
        out[len] = '\0';
        *columns = 1;
        return len;
    }
    *columns = (size_t)written;
    return len;
}

void text_put_visible(struct buf *b, struct span text)
{
    while (text.len > 0) {
        char character[TEXT_VISIBLE_MAX];
        size_t columns;
        text = span_drop(text, text_visible_character(text, character, &columns));
        buf_put_text(b, character);
    }
}
