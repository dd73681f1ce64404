#include "output/csv.h"

static bool needs_quotes(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == '"' || c == ',' || c == '\r' || c == '\n') {
            return true;
        }
    }
    return text.len == 0;
}

void csv_put_text(struct buf *out, struct span text)
{
    if (!needs_quotes(text)) {
        buf_put(out, text);
        return;
    }
    buf_put_char(out, '"');
    while (text.len > 0) {
        const uint8_t *quote = memchr(text.at, '"', text.len);
        size_t len = quote != NULL ? (size_t)(quote - text.at) + 1 : text.len;
        buf_put(out, span_take(text, len));
        if (quote != NULL) {
            buf_put_char(out, '"'); /* RFC 4180 section 2, rule 7: doubled */
        }
        text = span_drop(text, len);
    }
    buf_put_char(out, '"');
}

/* Those of UTF-16: two beyond U+FFFF, which four octets hold (RFC 3629 section 3). */
static uint64_t count_characters(struct span text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += (text.at[i] & 0xC0U) != 0x80U;
        count += text.at[i] >= 0xF0U;
    }
    return count;
}

/* Octets of a control character or line separator at the beginning of `text`; 0: there is none.
 * @param picture what stands for it, U+2400 and so on */
static size_t unfit_at_front(struct span text, uint8_t *picture)
{
    static const uint8_t next_line[] = {0xC2, 0x85};              /* U+0085 */
    static const uint8_t separators[] = {0xE2, 0x80, 0xA8, 0xA9}; /* U+2028, U+2029 */
    uint8_t c = text.at[0];
    if (c < 0x20 && c != '\t') {
        *picture = c;
        return 1;
    }
    *picture = 0x21; /* of DEL */
    if (c == 0x7F) {
        return 1;
    }
    *picture = 0x24; /* of a new line */
    if (text.len >= 2 && memcmp(text.at, next_line, 2) == 0) {
        return 2;
    }
    bool separates = text.len >= 3 && memcmp(text.at, separators, 2) == 0 &&
                     (text.at[2] == separators[2] || text.at[2] == separators[3]);
    return separates ? 3 : 0;
}

void csv_put_field(struct buf *out, struct span text, uint32_t max)
{
    if (max > 0 && text.len > max && count_characters(text) > max) {
        buf_putf(out, "[%llu characters]", (unsigned long long)count_characters(text));
        return;
    }
    uint8_t picture = 0;
    size_t fit = 0;
    while (fit < text.len && unfit_at_front(span_drop(text, fit), &picture) == 0) {
        fit++;
    }
    if (fit == text.len) {
        csv_put_text(out, text);
        return;
    }
    struct buf fitting = BUF_INIT(BUF_NO_LIMIT);
    while (text.len > 0) {
        size_t unfit = unfit_at_front(text, &picture);
        if (unfit > 0) {
            buf_putf(&fitting, "\xe2\x90%c", 0x80 + picture);
        } else {
            buf_put_char(&fitting, (char)text.at[0]);
        }
        text = span_drop(text, unfit > 0 ? unfit : 1);
    }
    csv_put_text(out, buf_span(&fitting));
    buf_deinit(&fitting);
}
