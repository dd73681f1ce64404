#include "scanner/smtp/reply.h"

static struct span without_crs(struct span line)
{
    while (line.len > 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

static bool has_three_digits(struct span line)
{
    return line.len >= 3 && ascii_is_digit(line.at[0]) && ascii_is_digit(line.at[1]) &&
           ascii_is_digit(line.at[2]);
}

static bool ends_code(struct span line)
{
    return line.len == 3 || line.at[3] == ' ' || line.at[3] == '-' || line.at[3] == '\0';
}

uint16_t reply_line_code(struct span line)
{
    /* RFC 5321 section 4.2: the first digit is 2 to 5. The second is 0 to 5 there, but codes made
     * from enhanced ones ("571", RFC 3463) are in use. */
    if (!has_three_digits(line) || line.at[0] < '2' || line.at[0] > '5' || !ends_code(line)) {
        return 0;
    }
    return (uint16_t)((line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0'));
}

bool reply_line_is_foreign(struct span line)
{
    static const struct span beginnings[] = {
        SPAN_INIT("SSH-"),                      /* RFC 4253 section 4.2 */
        SPAN_INIT("HTTP/"),                     /* RFC 9112 section 4 */
        SPAN_INIT("+OK"),                       /* POP3, RFC 1939 section 3 */
        SPAN_INIT("-ERR"),     SPAN_INIT("* "), /* IMAP, RFC 9051 section 7.1 */
        SPAN_INIT("\xff"),                      /* a telnet command, RFC 854 */
        SPAN_INIT("\x15\x03"),                  /* a TLS record: an alert, RFC 8446 section 5.1 */
        SPAN_INIT("\x16\x03"),                  /* or a handshake */
    };
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (span_eq(span_take(line, beginnings[i].len), beginnings[i])) {
            return true;
        }
    }
    return has_three_digits(line) && ends_code(line) && reply_line_code(line) == 0;
}

bool reply_is_prefix(struct span partial)
{
    uint8_t line[4] = {'2', '5', '0', ' '}; /* what is missing is filled up */
    partial = without_crs(span_take(partial, sizeof(line)));
    if (partial.len > 0) {
        memcpy(line, partial.at, partial.len);
    }
    return reply_line_code((struct span){line, sizeof(line)}) != 0;
}

void reply_start(struct reply_parser *p, struct buf *text)
{
    *p = (struct reply_parser){.text = text, .start = text->len, .line_start = text->len};
}

struct span reply_text(const struct reply_parser *p)
{
    size_t len = p->line_start - p->start;
    return len > 0 ? (struct span){p->text->at + p->start, len - 1} : (struct span){0};
}

struct span reply_partial(const struct reply_parser *p)
{
    size_t len = p->text->len - p->line_start;
    return len > 0 ? (struct span){p->text->at + p->line_start, len} : (struct span){0};
}

/* The line stays readable in p->line, behind the end of the text. */
static void drop_line(struct reply_parser *p)
{
    p->text->len = p->line_start;
}

/* Keeps whole lines only, and none behind the first that did not fit: no holes in the text. */
static void keep_line(struct reply_parser *p)
{
    size_t end = p->line_start + p->line.len;
    if (p->truncated || end - p->start > REPLY_TEXT_MAX) {
        p->truncated = true;
        drop_line(p);
        return;
    }
    p->text->len = end;
    buf_put_char(p->text, '\n');
    p->line = (struct span){p->text->at + p->line_start, p->line.len};
    p->line_start = p->text->len;
}

static enum reply_status reply_end_line(struct reply_parser *p)
{
    struct span whole = reply_partial(p);
    p->line = without_crs(whole);
    p->cr_cr_lf |= whole.len - p->line.len > 1;
    p->nul |= p->line.len > 0 && memchr(p->line.at, '\0', p->line.len) != NULL;
    p->line_octets = 0;
    uint16_t code = reply_line_code(p->line);
    if (code == 0) {
        drop_line(p);
        return REPLY_BAD;
    }
    p->first = p->first != 0 ? p->first : code;
    p->codes_differ |= code != p->first;
    p->classes_differ |= code / 100 != p->first / 100;
    p->code = code;
    bool more = p->line.len > 3 && p->line.at[3] == '-';
    keep_line(p);
    return more ? REPLY_LINE : REPLY_DONE;
}

enum reply_status reply_feed(struct reply_parser *p, struct span *in)
{
    if (in->len == 0) {
        return REPLY_MORE;
    }
    /* What is looked at depends on the octets alone, never on how they were cut. */
    size_t line_room = REPLY_LINE_MAX - p->line_octets;
    size_t reply_room = REPLY_OCTETS_MAX - p->octets;
    size_t room = line_room < reply_room ? line_room : reply_room;
    struct span part = span_take(*in, room);
    const uint8_t *nl = part.len > 0 ? memchr(part.at, '\n', part.len) : NULL;
    if (nl != NULL) {
        part.len = (size_t)(nl - part.at) + 1;
    }
    *in = span_drop(*in, part.len);
    p->octets += part.len;
    p->line_octets += part.len;
    p->line_too_long |= p->line_octets > REPLY_LINE_LIMIT;
    buf_put(p->text, (struct span){part.at, part.len - (nl != NULL)});
    if (nl != NULL) {
        return reply_end_line(p);
    }
    if (part.len < room) {
        return REPLY_MORE;
    }
    p->line = reply_partial(p);
    p->truncated = true;
    drop_line(p);
    return REPLY_OVER;
}
