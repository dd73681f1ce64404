#include "output/json_writer.h"

#include "scanner/base/check.h"
#include "scanner/base/text.h"

#define SHARE_DIGITS 4 /* of a share between 0 and 1 */
#define SHARE_SCALE  10000

struct json_writer json_writer(struct buf *out)
{
    return (struct json_writer){.out = out};
}

struct json_writer json_writer_indented(struct buf *out)
{
    return (struct json_writer){.out = out, .indented = true};
}

static void json_put_line(struct json_writer *w)
{
    buf_put_char(w->out, '\n');
    for (unsigned i = 0; i < w->depth; i++) {
        buf_put_text(w->out, "  ");
    }
}

/* Before a value that is no member's, and before a key. */
static void put_separator(struct json_writer *w)
{
    if (w->comma) {
        buf_put_char(w->out, ',');
    }
    if (w->indented && w->depth > 0) {
        json_put_line(w);
    }
}

/* A value after its key needs no separator: the key wrote it. */
static void value_begins(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
    } else {
        put_separator(w);
    }
    w->comma = true;
}

static void begin_nest(struct json_writer *w, char bracket)
{
    value_begins(w);
    buf_put_char(w->out, bracket);
    w->depth++;
    w->comma = false;
}

static void end_nest(struct json_writer *w, char bracket)
{
    CHECK(w->depth > 0 && !w->after_key);
    w->depth--;
    if (w->indented && w->comma) {
        json_put_line(w);
    }
    buf_put_char(w->out, bracket);
    w->comma = true;
    if (w->indented && w->depth == 0) {
        buf_put_char(w->out, '\n');
    }
}

void json_object_begin(struct json_writer *w)
{
    begin_nest(w, '{');
}

void json_object_end(struct json_writer *w)
{
    end_nest(w, '}');
}

void json_array_begin(struct json_writer *w)
{
    begin_nest(w, '[');
}

void json_array_end(struct json_writer *w)
{
    end_nest(w, ']');
}

#define LOW_BITS  UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Has one of the eight octets to be looked at: below 0x20, quote, backslash, or from 0x7f on?
 * The classic tests for "some octet is zero" and "some octet is less than n", which may also
 * report an octet above a true hit, never miss one. */
static bool word_is_odd(uint64_t v)
{
    uint64_t quote = v ^ (LOW_BITS * '"');
    uint64_t backslash = v ^ (LOW_BITS * '\\');
    uint64_t delete = v ^ (LOW_BITS * 0x7f);
    uint64_t odd = (v - LOW_BITS * 0x20) | (quote - LOW_BITS) | (backslash - LOW_BITS) |
                   (delete - LOW_BITS) | v;
    return (odd & HIGH_BITS) != 0;
}

static bool octet_is_odd(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || c >= 0x7f;
}

/* How many octets at the front stand for themselves in a JSON string. */
static size_t plain_len(struct span s)
{
    size_t at = 0;
    while (at + sizeof(uint64_t) <= s.len) {
        uint64_t v;
        memcpy(&v, s.at + at, sizeof(v));
        if (word_is_odd(v)) {
            break;
        }
        at += sizeof(v);
    }
    while (at < s.len && !octet_is_odd(s.at[at])) {
        at++;
    }
    return at;
}

/* Length of the maximal subpart of an ill-formed sequence at the front of `s`: the longest
 * beginning of a well-formed one, at least one octet (the Unicode Standard, section 3.9). */
static size_t subpart_len(struct span s)
{
    uint8_t c = s.at[0];
    size_t want = c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    size_t len = 1;
    while (len < want && len < s.len) {
        uint8_t next = s.at[len];
        uint8_t low = 0x80;
        uint8_t high = 0xbf;
        if (len == 1) { /* RFC 3629 section 4: the narrower ranges of second octets */
            low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
            high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : high;
        }
        if (next < low || next > high) {
            break;
        }
        len++;
    }
    return len;
}

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void put_u_escape(struct buf *out, unsigned code)
{
    static const char digit[] = "0123456789abcdef";
    char text[] = {'\\',
                   'u',
                   digit[code >> 12 & 15],
                   digit[code >> 8 & 15],
                   digit[code >> 4 & 15],
                   digit[code & 15]};
    buf_put(out, (struct span){(const uint8_t *)text, sizeof(text)});
}

static void put_ascii_escape(struct buf *out, uint8_t c)
{
    static const char with_letter[] = "\"\\\b\f\n\r\t";
    static const char letter[] = "\"\\bfnrt";
    const char *at = memchr(with_letter, c, sizeof(with_letter) - 1);
    if (at != NULL) {
        buf_put_char(out, '\\');
        buf_put_char(out, letter[at - with_letter]);
    } else {
        put_u_escape(out, c);
    }
}

/* Writes what stands at the front of `s` and cannot be copied as it is.
 * @return octets used; `*altered` is set when they do not come back. */
static size_t put_odd(struct buf *out, struct span s, bool *altered)
{
    if (s.at[0] < 0x80 && s.at[0] != 0) {
        put_ascii_escape(out, s.at[0]);
        return 1;
    }
    size_t len = s.at[0] == 0 ? 0 : text_utf8_len(s);
    if (len == 0) {
        *altered = true;
        buf_put(out, (struct span)SPAN_INIT(replacement));
        return subpart_len(s);
    }
    uint32_t code = text_unsafe_code(span_take(s, len));
    if (code > 0xffff) { /* a pair of surrogates, RFC 8259 section 7 */
        put_u_escape(out, 0xd800U + ((code - 0x10000U) >> 10));
        put_u_escape(out, 0xdc00U + (code & 0x3ffU));
    } else if (code != 0) {
        put_u_escape(out, code);
    } else {
        buf_put(out, span_take(s, len));
    }
    return len;
}

/* With quotes. */
static bool put_string(struct buf *out, struct span text)
{
    bool altered = false;
    buf_put_char(out, '"');
    while (text.len > 0) {
        size_t len = plain_len(text);
        buf_put(out, span_take(text, len));
        text = span_drop(text, len);
        if (text.len > 0) {
            text = span_drop(text, put_odd(out, text, &altered));
        }
    }
    buf_put_char(out, '"');
    return altered;
}

void json_key_text(struct json_writer *w, struct span key)
{
    CHECK(w->depth > 0 && !w->after_key);
    put_separator(w);
    (void)put_string(w->out, key);
    buf_put_text(w->out, w->indented ? ": " : ":");
    w->after_key = true;
}

void json_key_ready(struct json_writer *w, struct span key)
{
    CHECK(w->depth > 0 && !w->after_key && !w->indented);
    put_separator(w);
    buf_put(w->out, key);
    w->after_key = true;
}

void json_key(struct json_writer *w, const char *key)
{
    json_key_text(w, span_of(key));
}

bool json_text(struct json_writer *w, struct span text)
{
    value_begins(w);
    return put_string(w->out, text);
}

void json_word(struct json_writer *w, const char *text)
{
    if (text == NULL) {
        json_null_value(w);
    } else {
        (void)json_text(w, span_of(text));
    }
}

void json_uint(struct json_writer *w, uint64_t n)
{
    value_begins(w);
    buf_put_u64(w->out, n);
}

void json_key_uint(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_uint(w, n);
}

void json_int(struct json_writer *w, int64_t n)
{
    value_begins(w);
    buf_put_i64(w->out, n);
}

void json_decimal(struct json_writer *w, int64_t scaled, unsigned digits)
{
    CHECK(digits <= 18); /* 10^18 is the largest power in 63 bits */
    uint64_t power = 1;
    for (unsigned i = 0; i < digits; i++) {
        power *= 10;
    }
    uint64_t magnitude = scaled < 0 ? 0U - (uint64_t)scaled : (uint64_t)scaled;
    value_begins(w);
    if (scaled < 0) {
        buf_put_char(w->out, '-');
    }
    buf_put_u64(w->out, magnitude / power);
    if (digits > 0) {
        buf_put_char(w->out, '.');
        for (uint64_t rest = magnitude % power; power > 1; rest %= power) {
            power /= 10;
            buf_put_char(w->out, (char)('0' + rest / power));
        }
    }
}

void json_share(struct json_writer *w, uint64_t numerator, uint64_t denominator)
{
    if (denominator == 0) {
        json_null_value(w);
        return;
    }
    uint64_t scaled = (numerator * SHARE_SCALE + denominator / 2) / denominator;
    json_decimal(w, (int64_t)scaled, SHARE_DIGITS);
}

void json_bool(struct json_writer *w, bool value)
{
    value_begins(w);
    buf_put_text(w->out, value ? "true" : "false");
}

void json_null_value(struct json_writer *w)
{
    value_begins(w);
    buf_put_text(w->out, "null");
}

void json_hex(struct json_writer *w, struct span octets)
{
    value_begins(w);
    buf_put_char(w->out, '"');
    buf_put_hex(w->out, octets);
    buf_put_char(w->out, '"');
}

void json_base64(struct json_writer *w, struct span octets)
{
    value_begins(w);
    buf_put_char(w->out, '"');
    buf_put_base64(w->out, octets);
    buf_put_char(w->out, '"');
}

/* The time was written behind the opening quote, or nothing: years outside 0 to 9999. */
static void end_time(struct json_writer *w, size_t quote_at)
{
    if (w->out->len == quote_at + 1) {
        w->out->len = quote_at;
        buf_put_text(w->out, "null");
    } else {
        buf_put_char(w->out, '"');
    }
}

void json_time_ms(struct json_writer *w, int64_t unix_ms)
{
    value_begins(w);
    size_t quote_at = w->out->len;
    buf_put_char(w->out, '"');
    text_put_time_ms(w->out, unix_ms);
    end_time(w, quote_at);
}

void json_time_s(struct json_writer *w, int64_t unix_s)
{
    value_begins(w);
    size_t quote_at = w->out->len;
    buf_put_char(w->out, '"');
    text_put_time_s(w->out, unix_s);
    end_time(w, quote_at);
}

void json_fragment(struct json_writer *w, struct span json)
{
    value_begins(w);
    buf_put(w->out, json);
}

bool text_put_repaired(struct buf *out, struct span text)
{
    bool altered = false;
    size_t run = 0; /* octets at the front that are fine */
    while (run < text.len) {
        struct span rest = span_drop(text, run);
        size_t len = rest.at[0] == 0 ? 0 : text_utf8_len(rest);
        if (len > 0) {
            run += len;
            continue;
        }
        altered = true;
        buf_put(out, span_take(text, run));
        buf_put(out, (struct span)SPAN_INIT(replacement));
        text = span_drop(rest, subpart_len(rest));
        run = 0;
    }
    buf_put(out, text);
    return altered;
}

bool text_needs_repair(struct span text)
{
    return (text.len > 0 && memchr(text.at, 0, text.len) != NULL) || !text_is_utf8(text);
}
