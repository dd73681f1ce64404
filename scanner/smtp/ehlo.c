#include "scanner/smtp/ehlo.h"

#define CODE_LEN 4 /* "250-" */

static bool ehlo_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool ehlo_is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

struct span ehlo_line_text(struct span line)
{
    const uint8_t *nul = line.len > 0 ? memchr(line.at, '\0', line.len) : NULL;
    line = nul != NULL ? span_take(line, (size_t)(nul - line.at)) : line;
    return span_drop(line, line.len < CODE_LEN ? line.len : CODE_LEN);
}

/* The first run of octets that are not blank. */
static struct span ehlo_first_word(struct span line)
{
    struct span rest = ehlo_line_text(line);
    while (rest.len > 0 && ehlo_is_blank(rest.at[0])) {
        rest = span_drop(rest, 1);
    }
    size_t len = 0;
    while (len < rest.len && !ehlo_is_blank(rest.at[len])) {
        len++;
    }
    return span_take(rest, len);
}

struct span ehlo_line_keyword(struct span line)
{
    return ehlo_first_word(line);
}

bool ehlo_is_masked_starttls(struct span keyword)
{
    if (keyword.len != sizeof("STARTTLS") - 1) {
        return false;
    }
    for (size_t i = 0; i + 1 < keyword.len; i++) {
        if (ascii_lower(keyword.at[i]) != 'x') {
            return false;
        }
    }
    uint8_t last = ascii_lower(keyword.at[keyword.len - 1]);
    return last >= 'a' && last <= 'z';
}

void ehlo_read_line(struct ehlo_reading *e, struct span line)
{
    if (e->lines++ == 0) {
        return; /* names the server, whatever else it looks like */
    }
    struct span keyword = ehlo_line_keyword(line);
    e->starttls |= span_ieq(keyword, SPAN_LIT("STARTTLS"));
    e->starttls_upper |= span_eq(keyword, SPAN_LIT("STARTTLS"));
    e->masked |= ehlo_is_masked_starttls(keyword);
}

bool ehlo_text_has_word(struct span text, struct span word)
{
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && ehlo_is_alnum(text.at[len])) {
            len++;
        }
        if (span_ieq(span_take(text, len), word)) {
            return true;
        }
        text = span_drop(text, len < text.len ? len + 1 : len);
    }
    return false;
}

bool greeting_says_esmtp(struct span line)
{
    return ehlo_text_has_word(ehlo_line_text(line), SPAN_LIT("ESMTP"));
}

bool ehlo_next_line(struct span *text, struct span *line)
{
    if (text->len == 0) {
        return false;
    }
    const uint8_t *nl = memchr(text->at, '\n', text->len);
    size_t len = nl ? (size_t)(nl - text->at) : text->len;
    *line = span_take(*text, len);
    *text = span_drop(*text, nl ? len + 1 : len);
    return true;
}

struct span ehlo_domain(struct span text)
{
    struct span line;
    return ehlo_next_line(&text, &line) ? ehlo_first_word(line) : (struct span){0};
}

bool ehlo_has_keyword(struct span text, struct span keyword)
{
    struct span line;
    if (!ehlo_next_line(&text, &line)) {
        return false;
    }
    while (ehlo_next_line(&text, &line)) {
        if (span_ieq(ehlo_line_keyword(line), keyword)) {
            return true;
        }
    }
    return false;
}
