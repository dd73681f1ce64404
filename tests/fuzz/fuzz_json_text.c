#include <stdio.h>
#include <stdlib.h>

#include "output/json_writer.h"
#include "output/row.h"
#include "scanner/base/check.h"
#include "scanner/base/text.h"

/**
 * Any octets as foreign text of a row. Oracle: reading the line back gives the text, or the
 * companion in base64 gives it; the line is ASCII controls free, one line, valid UTF-8; CSV holds
 * the same, but for control characters.
 */

#define NO_TIME "1970-01-01T00:00:00.000Z"

static unsigned hex_value(uint8_t c)
{
    return c <= '9' ? c - (unsigned)'0' : c - (unsigned)'a' + 10;
}

static void put_code(struct buf *out, unsigned code)
{
    if (code < 0x80) {
        buf_put_char(out, (char)code);
    } else if (code < 0x800) {
        buf_put_char(out, (char)(0xc0 | code >> 6));
        buf_put_char(out, (char)(0x80 | (code & 0x3f)));
    } else if (code >= 0x10000) {
        buf_put_char(out, (char)(0xf0 | code >> 18));
        buf_put_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buf_put_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        buf_put_char(out, (char)(0xe0 | code >> 12));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buf_put_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

/* The number in \uXXXX. */
static unsigned hex_unit(struct span in)
{
    unsigned code = 0;
    for (size_t i = 2; i < 6; i++) {
        code = code << 4 | hex_value(in.at[i]);
    }
    return code;
}

static size_t read_escape(struct span in, struct buf *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    if (in.at[1] != 'u') {
        const char *at = strchr(letters, in.at[1]);
        CHECK(at != NULL && in.at[1] != '\0');
        buf_put_char(out, meant[at - letters]);
        return 2;
    }
    unsigned code = hex_unit(in);
    if (code < 0xd800 || code > 0xdfff) {
        put_code(out, code);
        return 6;
    }
    struct span second = span_drop(in, 6); /* RFC 8259 section 7: a pair of surrogates */
    CHECK(code < 0xdc00 && second.len > 6 && second.at[0] == '\\' && second.at[1] == 'u');
    unsigned low = hex_unit(second);
    CHECK(low >= 0xdc00 && low <= 0xdfff);
    put_code(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    return 12;
}

/* Takes one JSON string off the front. @return false when there is "null". */
static bool read_string(struct span *in, struct buf *out)
{
    if (in->at[0] != '"') {
        CHECK(span_eq(span_take(*in, 4), SPAN_LIT("null")));
        *in = span_drop(*in, 4);
        return false;
    }
    *in = span_drop(*in, 1);
    while (in->at[0] != '"') {
        CHECK(in->at[0] >= 0x20 && in->at[0] != 0x7f); /* RFC 8259 section 7 */
        size_t len = 1;
        if (in->at[0] == '\\') {
            len = read_escape(*in, out);
        } else {
            buf_put_char(out, (char)in->at[0]);
        }
        CHECK(len < in->len);
        *in = span_drop(*in, len);
    }
    *in = span_drop(*in, 1);
    return true;
}

static void skip(struct span *in, const char *text)
{
    struct span want = span_of(text);
    CHECK(span_eq(span_take(*in, want.len), want));
    *in = span_drop(*in, want.len);
}

static void check_ndjson(struct span line, struct span octets)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf base64 = BUF_INIT(BUF_NO_LIMIT);
    CHECK(text_is_utf8(line));
    skip(&line, "{\"schema\":1,\"scan_id\":\"" UUID_NIL "\",\"observed_at\":\"" NO_TIME
                "\",\"table\":\"t\",\"key\":\"k\",\"code\":\"c\",\"severity\":\"s\","
                "\"evidence\":");
    CHECK(read_string(&line, &text));
    skip(&line, ",\"evidence_base64\":");
    if (read_string(&line, &base64)) {
        struct buf want = BUF_INIT(BUF_NO_LIMIT);
        buf_put_base64(&want, octets);
        CHECK(span_eq(buf_span(&base64), buf_span(&want)));
        CHECK(!span_eq(buf_span(&text), octets));
        buf_deinit(&want);
    } else {
        CHECK(span_eq(buf_span(&text), octets));
    }
    skip(&line, "}\n");
    CHECK(line.len == 0);

    struct buf repaired = BUF_INIT(BUF_NO_LIMIT);
    CHECK(text_put_repaired(&repaired, octets) == (base64.len > 0));
    CHECK(span_eq(buf_span(&repaired), buf_span(&text)));
    buf_deinit(&repaired);
    buf_deinit(&text);
    buf_deinit(&base64);
}

/* What a field of CSV has no place for: control characters but the tab, and what breaks a line (U+0085, U+2028, U+2029). */
static bool has_control(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t *at = text.at + i;
        size_t left = text.len - i;
        if ((at[0] < 0x20 && at[0] != '\t') || at[0] == 0x7f ||
            (left >= 2 && memcmp(at, "\xc2\x85", 2) == 0) ||
            (left >= 3 &&
             (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0))) {
            return true;
        }
    }
    return false;
}

static void check_csv(struct span line, struct span octets)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    CHECK(text_is_utf8(line));
    skip(&line, "1," UUID_NIL "," NO_TIME ",t,k,c,s,");
    if (line.at[0] == '"') {
        line = span_drop(line, 1);
        while (line.at[0] != '"' || line.at[1] == '"') {
            buf_put_char(&text, (char)line.at[0]);
            line = span_drop(line, line.at[0] == '"' ? 2 : 1);
            CHECK(line.len > 3);
        }
        line = span_drop(line, 1);
    } else {
        while (line.at[0] != ',') {
            CHECK(line.at[0] != '\r' && line.at[0] != '\n' && line.len > 3);
            buf_put_char(&text, (char)line.at[0]);
            line = span_drop(line, 1);
        }
    }
    bool altered = text_needs_repair(octets);
    CHECK(altered || has_control(octets) || span_eq(buf_span(&text), octets));
    CHECK(!has_control(buf_span(&text)));
    struct buf rest = BUF_INIT(BUF_NO_LIMIT);
    buf_put_char(&rest, ',');
    if (altered) {
        buf_put_base64(&rest, octets);
    }
    buf_put_text(&rest, "\r\n");
    CHECK(span_eq(line, buf_span(&rest)));
    buf_deinit(&rest);
    buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span octets = {data, size};
    struct row *r = row_new();
    struct buf ndjson = BUF_INIT(BUF_NO_LIMIT);
    struct buf csv = BUF_INIT(BUF_NO_LIMIT);
    row_begin(r, TABLE_FINDINGS);
    row_text(r, FINDINGS_TABLE, SPAN_LIT("t"));
    row_text(r, FINDINGS_KEY, SPAN_LIT("k"));
    row_text(r, FINDINGS_CODE, SPAN_LIT("c"));
    row_text(r, FINDINGS_SEVERITY, SPAN_LIT("s"));
    row_text(r, FINDINGS_EVIDENCE, octets);
    row_end(r, &ndjson, &csv, false);
    check_ndjson(buf_span(&ndjson), octets);
    check_csv(buf_span(&csv), octets);
    buf_deinit(&ndjson);
    buf_deinit(&csv);
    row_free(r);
    return 0;
}
