#include "tests/lab/smtp_text.h"

#include "scanner/base/check.h"

#define HUGE_LINES 45 /* of a reply of 20,000 octets */
#define HUGE_TEXT  450
#define LONG_TEXT  700 /* octets of filler in a line over RFC 5321 section 4.5.3.1.5's 512 */
#define DATE       "Sun, 22 Nov 2026 00:00:00 +0000" /* fixed: rows must not differ from day to day */

static void put_filler(struct buf *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf_put_char(out, (char)('a' + i % 26));
    }
}

static void put_usual_greeting(struct buf *out, const struct service *s)
{
    const char *name = s->greeting_name[0] != '\0' ? s->greeting_name : s->name;
    switch (s->software) {
    case LAB_SOFTWARE_POSTFIX:
        buf_putf(out, "220 %s ESMTP Postfix (Debian/GNU)\r\n", name);
        return;
    case LAB_SOFTWARE_EXIM:
        buf_putf(out, "220 %s ESMTP Exim 4.96 " DATE "\r\n", name);
        return;
    case LAB_SOFTWARE_SENDMAIL:
        buf_putf(out, "220 %s ESMTP Sendmail 8.17.1/8.17.1; " DATE "\r\n", name);
        return;
    case LAB_SOFTWARE_EXCHANGE:
        buf_putf(out, "220 %s Microsoft ESMTP MAIL Service ready at " DATE "\r\n", name);
        return;
    }
    UNREACHABLE("unknown lab_software");
}

void smtp_put_greeting(struct buf *out, const struct service *s)
{
    switch (s->greeting) {
    case LAB_GREETING_OK:
        put_usual_greeting(out, s);
        return;
    case LAB_GREETING_EARLY:
        put_usual_greeting(out, s);
        buf_put_text(out, "250 early\r\n");
        return;
    case LAB_GREETING_MULTILINE:
        buf_putf(out, "220-%s ESMTP\r\n220-No unsolicited commercial mail.\r\n220 Welcome\r\n",
                 s->name);
        return;
    case LAB_GREETING_TEMPFAIL:
        buf_putf(out, "421 4.7.0 %s Too many connections from your network\r\n", s->name);
        return;
    case LAB_GREETING_REJECTED:
        buf_putf(out, "554 5.7.1 %s Your address is blocked\r\n", s->name);
        return;
    case LAB_GREETING_GARBAGE:
        buf_put_text(out, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        return;
    case LAB_GREETING_LONG_LINE:
        buf_putf(out, "220 %s ESMTP ", s->name);
        put_filler(out, LONG_TEXT);
        buf_put_text(out, "\r\n");
        return;
    case LAB_GREETING_NO_ESMTP:
        buf_putf(out, "220 %s ready\r\n", s->name);
        return;
    case LAB_GREETING_NO_NAME:
        buf_put_text(out, "220 ESMTP\r\n");
        return;
    case LAB_GREETING_EMPTY_LINE:
        put_usual_greeting(out, s);
        buf_put_text(out, "\r\n");
        return;
    case LAB_GREETING_NOISE:
        buf_put_text(out, "wrapper: cannot open log\r\n");
        put_usual_greeting(out, s);
        return;
    case LAB_GREETING_SPAMD:
        buf_putf(out, "220 %s ESMTP spamd IP-based SPAM blocker; Sun Nov 29 2026\r\n", s->name);
        return;
    case LAB_GREETING_STUTTER:
        buf_putf(out, "220 %s ESMTP\r\n", s->name);
        return;
    case LAB_GREETING_HIDDEN:
        buf_put_text(out, "220 ****************0*2******0***\r\n");
        return;
    case LAB_GREETING_CLOSE:
    case LAB_GREETING_SILENT:
        return;
    }
    UNREACHABLE("unknown lab_greeting");
}

/* Lines of the EHLO reply behind the first, without STARTTLS; the keyword comes third. */
static const char *const keywords[][8] = {
    [LAB_SOFTWARE_POSTFIX] = {"PIPELINING", "SIZE 10240000", "VRFY", "ETRN", "ENHANCEDSTATUSCODES",
                              "8BITMIME", "DSN", "CHUNKING"},
    [LAB_SOFTWARE_EXIM] = {"SIZE 52428800", "8BITMIME", "PIPELINING", "PIPECONNECT", "CHUNKING",
                           "PRDR", "HELP"},
    [LAB_SOFTWARE_SENDMAIL] = {"ENHANCEDSTATUSCODES", "PIPELINING", "8BITMIME", "SIZE", "DSN",
                               "DELIVERBY", "HELP"},
    [LAB_SOFTWARE_EXCHANGE] = {"SIZE 157286400", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES",
                               "8BITMIME", "CHUNKING", "SMTPUTF8"},
};
#define STARTTLS_PLACE 2

static const char *starttls_keyword(const struct service *s, bool in_tls)
{
    static const char *const odd[] = {
        [LAB_EHLO_KEYWORD_SPACE_BEFORE] = " STARTTLS",
        [LAB_EHLO_KEYWORD_SPACE_AFTER] = "STARTTLS ",
        [LAB_EHLO_KEYWORD_TAB_BEFORE] = "\tSTARTTLS",
        [LAB_EHLO_KEYWORD_TAB_AFTER] = "STARTTLS\t",
        [LAB_EHLO_KEYWORD_PARAMETER] = "STARTTLS REQUIRED",
        [LAB_EHLO_KEYWORD_EQUALS] = "STARTTLS=on",
        [LAB_EHLO_ECHO] = NULL,
    };
    if (odd[s->ehlo] != NULL && !in_tls) {
        return odd[s->ehlo];
    }
    bool masked = !in_tls && s->starttls == LAB_STARTTLS_MASKED;
    return masked ? "XXXXXXXA" : s->starttls == LAB_STARTTLS_LOWER_CASE ? "starttls" : "STARTTLS";
}

/* The same lines, as a server writes them that has its line ends or its strings wrong. */
static void spoil_lines(struct buf *out, size_t from, enum lab_ehlo how)
{
    struct buf whole = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&whole, span_drop(buf_span(out), from));
    out->len = from;
    bool first = true;
    for (size_t i = 0; i < whole.len; i++) {
        bool end = whole.at[i] == '\r';
        if (end && how == LAB_EHLO_CR_CR_LF) {
            buf_put_char(out, '\r');
        }
        if (end && first && how == LAB_EHLO_NUL) {
            buf_put_char(out, '\0');
        }
        buf_put_char(out, (char)whole.at[i]);
        if (whole.at[i] == '\n' && first && how == LAB_EHLO_EMPTY_LINE) {
            buf_put_text(out, "\r\n");
        }
        first = first && whole.at[i] != '\n';
    }
    buf_deinit(&whole);
}

enum list_line {
    LINE_NAME,
    LINE_STARTTLS,
    LINE_OTHER
};

static unsigned code_of(const struct service *s, enum list_line line, bool in_tls)
{
    bool is_251 = s->ehlo == LAB_EHLO_CODE_251 ||
                  (s->ehlo == LAB_EHLO_KEYWORD_CODE && line == LINE_STARTTLS) ||
                  (s->ehlo == LAB_EHLO_MIXED_CODES && line == LINE_NAME);
    bool is_500 = s->ehlo == LAB_EHLO_MIXED_CLASSES && line == LINE_NAME;
    return in_tls ? 250 : is_500 ? 500 : is_251 ? 251 : 250;
}

static void put_list(struct buf *out, const struct service *s, struct span client, bool in_tls)
{
    const char *hello = s->software == LAB_SOFTWARE_POSTFIX    ? ""
                        : s->software == LAB_SOFTWARE_SENDMAIL ? ", pleased to meet you"
                                                               : " [127.0.0.1]";
    client = span_take(client, 200);
    unsigned code = code_of(s, LINE_NAME, in_tls);
    if (s->ehlo == LAB_EHLO_GARBAGE_IN_TLS && in_tls) {
        buf_put_text(out, "this is no reply\r\n");
    }
    if (s->ehlo == LAB_EHLO_KEYWORD_FIRST_LINE && !in_tls) {
        buf_put_text(out, "250-STARTTLS\r\n");
    } else if (s->ehlo == LAB_EHLO_ECHO) {
        buf_putf(out, "%u-%.*s\r\n", code, (int)client.len,
                 client.len ? (const char *)client.at : "");
    } else if (s->software == LAB_SOFTWARE_POSTFIX) {
        buf_putf(out, "%u-%s\r\n", code, s->name);
    } else {
        buf_putf(out, "%u-%s Hello %.*s%s\r\n", code, s->name, (int)client.len,
                 client.len ? (const char *)client.at : "", hello);
    }
    if (s->ehlo == LAB_EHLO_LONG_LINE) {
        buf_put_text(out, "250-X-LONG ");
        put_filler(out, LONG_TEXT);
        buf_put_text(out, "\r\n");
    }
    for (int i = 0; s->ehlo == LAB_EHLO_HUGE && !in_tls && i < HUGE_LINES; i++) {
        buf_putf(out, "250-X-HUGE-%d ", i);
        put_filler(out, HUGE_TEXT);
        buf_put_text(out, "\r\n");
    }
    bool listed = s->starttls != LAB_STARTTLS_NONE && s->starttls != LAB_STARTTLS_HIDDEN;
    bool offered = in_tls ? s->starttls_again : listed;
    const char *const *words = keywords[s->software];
    for (size_t i = 0; i < 8 && words[i] != NULL; i++) {
        if (i == STARTTLS_PLACE && offered) {
            buf_putf(out, "%u-%s\r\n", code_of(s, LINE_STARTTLS, in_tls),
                     starttls_keyword(s, in_tls));
        }
        buf_putf(out, "%u%c%s\r\n", code_of(s, LINE_OTHER, in_tls),
                 i == 7 || words[i + 1] == NULL ? ' ' : '-', words[i]);
    }
}

void smtp_put_ehlo(struct buf *out, const struct service *s, struct span client, bool in_tls)
{
    size_t from = out->len;
    put_list(out, s, client, in_tls);
    spoil_lines(out, from, s->ehlo);
}

void smtp_put_helo(struct buf *out, const struct service *s)
{
    buf_putf(out, "250 %s\r\n", s->name);
}

void smtp_put_ready(struct buf *out, const struct service *s)
{
    static const char *const texts[] = {
        [LAB_SOFTWARE_POSTFIX] = "220 2.0.0 Ready to start TLS\r\n",
        [LAB_SOFTWARE_EXIM] = "220 TLS go ahead\r\n",
        [LAB_SOFTWARE_SENDMAIL] = "220 2.0.0 Ready to start TLS\r\n",
        [LAB_SOFTWARE_EXCHANGE] = "220 2.0.0 SMTP server ready\r\n",
    };
    size_t from = out->len;
    buf_put_text(out, texts[s->software]);
    if (s->starttls == LAB_STARTTLS_CODE_250) {
        memcpy(out->at + from, "250", 3);
    }
}

void smtp_put_bye(struct buf *out, const struct service *s)
{
    if (s->software == LAB_SOFTWARE_EXIM) {
        buf_putf(out, "221 %s closing connection\r\n", s->name);
    } else {
        buf_put_text(out, "221 2.0.0 Bye\r\n");
    }
}
