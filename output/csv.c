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
