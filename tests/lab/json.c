#include "tests/lab/json.h"

#include "scanner/base/text.h"

/* Text as it is where it is UTF-8; other octets become the character of their number. */
void json_put_text(struct buf *b, struct span text)
{
    buf_put_char(b, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        size_t more = c > 0x7f ? text_utf8_len(span_drop(text, i)) : 0;
        if (more > 1) {
            buf_put(b, span_take(span_drop(text, i), more));
            i += more - 1;
        } else if (c == '"' || c == '\\') {
            buf_put_char(b, '\\');
            buf_put_char(b, (char)c);
        } else if (c < 0x20 || c > 0x7e) {
            buf_putf(b, "\\u%04x", c);
        } else {
            buf_put_char(b, (char)c);
        }
    }
    buf_put_char(b, '"');
}

void json_separate(struct buf *b)
{
    uint8_t last = b->len > 0 ? b->at[b->len - 1] : 0;
    if (last != '{' && last != '[' && last != '\n' && last != 0) {
        buf_put_char(b, ',');
    }
}

void json_put_key(struct buf *b, const char *key)
{
    json_separate(b);
    json_put_text(b, span_of(key));
    buf_put_char(b, ':');
}

void json_put_word(struct buf *b, const char *key, const char *word)
{
    json_put_key(b, key);
    if (word == NULL) {
        buf_put_text(b, "null");
    } else {
        json_put_text(b, span_of(word));
    }
}

void json_put_bool(struct buf *b, const char *key, bool value)
{
    json_put_key(b, key);
    buf_put_text(b, value ? "true" : "false");
}

void json_put_number(struct buf *b, const char *key, uint64_t value)
{
    json_put_key(b, key);
    buf_put_u64(b, value);
}
