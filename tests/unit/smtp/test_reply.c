#include <criterion/criterion.h>

#include "scanner/smtp/reply.h"

#define ROOM (64 * 1024) /* octets */

struct reply_case {
    const char *name;
    struct span wire;
    enum reply_status want; /* of the last call: the end of the reply or of the wire */
    uint16_t want_code;
    const char *want_text;
    const char *want_line; /* the last complete line */
    size_t want_left;      /* octets of `wire` that belong to what follows */
};

/* Sections of RFC 5321. */
static const struct reply_case cases[] = {
    {"4.2: one line", SPAN_INIT("220 mx.test ESMTP\r\n"), REPLY_DONE, 220, "220 mx.test ESMTP",
     "220 mx.test ESMTP", 0},
    {"4.2.1: two lines", SPAN_INIT("250-mx.test\r\n250 STARTTLS\r\n"), REPLY_DONE, 250,
     "250-mx.test\n250 STARTTLS", "250 STARTTLS", 0},
    {"4.2.1: empty texts", SPAN_INIT("250-\r\n250-\r\n250 \r\n"), REPLY_DONE, 250,
     "250-\n250-\n250 ", "250 ", 0},
    {"4.2: code without text", SPAN_INIT("250\r\n"), REPLY_DONE, 250, "250", "250", 0},
    {"4.2.1: the last of different codes", SPAN_INIT("220-a\r\n554 b\r\n"), REPLY_DONE, 554,
     "220-a\n554 b", "554 b", 0},
    {"2.3.8: bare LF, tolerated", SPAN_INIT("250 ok\n"), REPLY_DONE, 250, "250 ok", "250 ok", 0},
    {"2.3.8: every CR before LF", SPAN_INIT("250-a\r\r\n250 b\r\r\r\n"), REPLY_DONE, 250,
     "250-a\n250 b", "250 b", 0},
    {"2.3.8: CRs behind a code alone", SPAN_INIT("250\r\r\n"), REPLY_DONE, 250, "250", "250", 0},
    {"2.3.8: bare CR is text", SPAN_INIT("250 a\rb\r\n"), REPLY_DONE, 250, "250 a\rb", "250 a\rb",
     0},
    {"4.2: a NUL behind the code ends the line", SPAN_INIT("250\0-b\r\n"), REPLY_DONE, 250, "250",
     "250", 0},
    {"4.2: a NUL within the code", SPAN_INIT("25\0 0\r\n"), REPLY_BAD, 0, "", "25", 0},
    {"4.2: a line of a NUL", SPAN_INIT("\0\r\n"), REPLY_BAD, 0, "", "", 0},
    {"4.2: a line of CRs is empty", SPAN_INIT("\r\r\n"), REPLY_BAD, 0, "", "", 0},
    {"4.2: a NUL is text", SPAN_INIT("250 a\0b\r\n"), REPLY_DONE, 250, "250 a", "250 a", 0},
    {"3463: digits of an enhanced code", SPAN_INIT("571 no\r\n"), REPLY_DONE, 571, "571 no",
     "571 no", 0},
    {"4.2.1: what follows stays", SPAN_INIT("220 go\r\nINJECT\r\n"), REPLY_DONE, 220, "220 go",
     "220 go", 8},
    {"4.2.1: unfinished reply", SPAN_INIT("250-mx.test\r\n250"), REPLY_MORE, 250, "250-mx.test",
     "250-mx.test", 0},
    {"4.2: HTTP", SPAN_INIT("HTTP/1.1 400 Bad Request\r\n"), REPLY_BAD, 0, "",
     "HTTP/1.1 400 Bad Request", 0},
    {"4.2: empty line", SPAN_INIT("\r\n"), REPLY_BAD, 0, "", "", 0},
    {"4.2: two digits", SPAN_INIT("25\r\n"), REPLY_BAD, 0, "", "25", 0},
    {"4.2: four digits", SPAN_INIT("2500 x\r\n"), REPLY_BAD, 0, "", "2500 x", 0},
    {"4.2.1: no 1yz", SPAN_INIT("150 x\r\n"), REPLY_BAD, 0, "", "150 x", 0},
    {"4.2.1: no 6yz", SPAN_INIT("600 x\r\n"), REPLY_BAD, 0, "", "600 x", 0},
    {"4.2: tab behind the code", SPAN_INIT("250\tx\r\n"), REPLY_BAD, 0, "", "250\tx", 0},
    {"4.2.1: text behind a first line", SPAN_INIT("250-a\r\nb\r\n"), REPLY_BAD, 250, "250-a", "b",
     0},
};

struct fed {
    enum reply_status status;
    size_t used;
    struct buf line; /* copy of the last complete line */
};

static void feed(struct reply_parser *p, struct span in, struct fed *f)
{
    while (in.len > 0 && (f->status == REPLY_MORE || f->status == REPLY_LINE)) {
        size_t before = in.len;
        f->status = reply_feed(p, &in);
        f->used += before - in.len;
        if (f->status != REPLY_MORE) {
            buf_reset(&f->line);
            buf_put(&f->line, p->line);
        }
    }
}

/* Compares as text, up to a NUL in the octets. */
static bool same_text(struct span got, const char *want)
{
    struct span upto = got;
    const uint8_t *nul = got.len > 0 ? memchr(got.at, 0, got.len) : NULL;
    if (nul != NULL) {
        upto.len = (size_t)(nul - got.at);
    }
    return span_eq(upto, span_of(want));
}

static void check_case(const struct reply_case *c, const size_t *cuts, size_t cut_count)
{
    struct buf text = BUF_INIT(ROOM);
    struct reply_parser p;
    struct fed f = {.line = BUF_INIT(ROOM)};
    buf_put_text(&text, "before");
    reply_start(&p, &text);
    size_t from = 0;
    for (size_t i = 0; i <= cut_count; i++) {
        size_t to = i < cut_count ? cuts[i] : c->wire.len;
        feed(&p, (struct span){c->wire.at + from, to - from}, &f);
        from = to;
    }
    size_t cut = cut_count > 0 ? cuts[0] : 0;
    cr_expect_eq(f.status, c->want, "%s, cut %zu: status %d", c->name, cut, (int)f.status);
    cr_expect_eq(p.code, c->want_code, "%s, cut %zu: code %d", c->name, cut, p.code);
    cr_expect(same_text(reply_text(&p), c->want_text), "%s, cut %zu: text", c->name, cut);
    cr_expect(same_text(buf_span(&f.line), c->want_line), "%s, cut %zu: line", c->name, cut);
    cr_expect_eq(c->wire.len - f.used, c->want_left, "%s, cut %zu: left", c->name, cut);
    cr_expect_eq(memcmp(text.at, "before", 6), 0, "%s, cut %zu: earlier text", c->name, cut);
    buf_deinit(&f.line);
    buf_deinit(&text);
}

/* A TCP segment may end anywhere. */
Test(reply, any_cut_gives_the_same_reply)
{
    size_t every[128];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = cases[i].wire.len;
        check_case(&cases[i], NULL, 0);
        for (size_t cut = 0; cut <= len; cut++) {
            check_case(&cases[i], &cut, 1);
            every[cut] = cut;
        }
        check_case(&cases[i], every, len);
    }
}

struct bound_case {
    const char *name;
    size_t line_len;   /* octets of every line, CRLF included */
    size_t line_count; /* all but the last with a hyphen */
    enum reply_status want;
    size_t want_text; /* octets kept */
    bool want_truncated;
    bool want_too_long;
};

static const struct bound_case bound_cases[] = {
    {"4.5.3.1.5: 512 octets", 512, 1, REPLY_DONE, 510, false, false},
    {"4.5.3.1.5: 513 octets are noticed", 513, 1, REPLY_DONE, 511, false, true},
    {"own bound: 2048 octets", 2048, 1, REPLY_DONE, 2046, false, true},
    {"own bound: 2049 octets", 2049, 1, REPLY_OVER, 0, true, true},
    {"own bound: as many lines as are kept", 512, 8, REPLY_DONE, 8 * 511 - 1, false, false},
    {"own bound: lines that are not kept", 512, 100, REPLY_DONE, 8 * 511 - 1, true, false},
    {"own bound: a reply without end", 512, 129, REPLY_OVER, 8 * 511 - 1, true, false},
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void check_bound(const struct bound_case *c, size_t step)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < c->line_count; i++) {
        buf_put_text(&wire, i + 1 < c->line_count ? "250-" : "250 ");
        for (size_t n = 4; n + 2 < c->line_len; n++) {
            buf_put_char(&wire, 'x');
        }
        buf_put_text(&wire, "\r\n");
    }
    struct buf text = BUF_INIT(REPLY_TEXT_MAX + 1 + REPLY_LINE_MAX);
    struct reply_parser p;
    struct fed f = {.line = BUF_INIT(ROOM)};
    reply_start(&p, &text);
    for (size_t at = 0; at < wire.len; at += step) {
        feed(&p, (struct span){wire.at + at, least(step, wire.len - at)}, &f);
    }
    cr_expect_eq(f.status, c->want, "%s, step %zu: status %d", c->name, step, (int)f.status);
    cr_expect_eq(reply_text(&p).len, c->want_text, "%s, step %zu: %zu octets kept", c->name, step,
                 reply_text(&p).len);
    cr_expect_eq(p.truncated, c->want_truncated, "%s, step %zu: truncated", c->name, step);
    cr_expect_eq(p.line_too_long, c->want_too_long, "%s, step %zu: too long", c->name, step);
    buf_deinit(&f.line);
    buf_deinit(&text);
    buf_deinit(&wire);
}

Test(reply, bounds_hold_at_any_cut)
{
    static const size_t steps[] = {1, 2, 511, 4096, 1 << 20};
    for (size_t i = 0; i < sizeof(bound_cases) / sizeof(bound_cases[0]); i++) {
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            check_bound(&bound_cases[i], steps[k]);
        }
    }
}

Test(reply, knows_what_can_become_a_reply)
{
    static const char *const yes[] = {"",      "2",     "25",      "250",     "250 ",
                                      "250-x", "250\r", "250\r\r", "599 zzz", "\r"};
    static const char *const no[] = {"S", "1", "6", "2a", "25x", "250x", "250\t", "\x15\x03\x01"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        cr_expect(reply_is_prefix(span_of(yes[i])), "\"%s\"", yes[i]);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        cr_expect_not(reply_is_prefix(span_of(no[i])), "\"%s\"", no[i]);
    }
}

/* The rest may be noise, behind which a reply comes. */
Test(reply, knows_lines_of_other_protocols)
{
    static const char *const yes[] = {
        "SSH-2.0-x",    "HTTP/1.1 400", "+OK",      "-ERR no", "* OK IMAP4rev1", "\xff\xfb\x01",
        "\x15\x03\x01", "\x16\x03\x03", "120 soon", "600",     "999-x",
    };
    static const char *const no[] = {"",         " ",    "x",       "SSH",
                                     "http/1.1", "ok",   "**** hi", "25 0",
                                     "2500 x",   "120x", "\x15 3",  "warning: 120 x"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        cr_expect(reply_line_is_foreign(span_of(yes[i])), "\"%s\"", yes[i]);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        cr_expect_not(reply_line_is_foreign(span_of(no[i])), "\"%s\"", no[i]);
    }
}

struct end_case {
    struct span wire;
    bool want_cr_cr_lf;
    bool want_nul;
};

static const struct end_case end_cases[] = {
    {SPAN_INIT("250-a\r\n250 b\r\n"), false, false},
    {SPAN_INIT("250-a\n250 b\n"), false, false},
    {SPAN_INIT("250-a\rb\r\n250 b\r\n"), false, false},
    {SPAN_INIT("250-a\r\r\n250 b\r\n"), true, false},
    {SPAN_INIT("250-a\r\n250 b\r\r\r\n"), true, false},
    {SPAN_INIT("250-a\r\n250 b\0\r\n"), false, true},
    {SPAN_INIT("250-\0a\r\n250 b\r\r\n"), true, true},
};

Test(reply, notes_odd_line_ends_and_nul_at_any_cut)
{
    for (size_t i = 0; i < sizeof(end_cases) / sizeof(end_cases[0]); i++) {
        const struct end_case *c = &end_cases[i];
        for (size_t step = 1; step <= c->wire.len; step++) {
            struct buf text = BUF_INIT(ROOM);
            struct reply_parser p;
            struct fed f = {.line = BUF_INIT(ROOM)};
            reply_start(&p, &text);
            for (size_t at = 0; at < c->wire.len; at += step) {
                feed(&p, span_take(span_drop(c->wire, at), step), &f);
            }
            cr_expect_eq(f.status, REPLY_DONE, "%zu, step %zu", i, step);
            cr_expect_eq(p.cr_cr_lf, c->want_cr_cr_lf, "%zu, step %zu", i, step);
            cr_expect_eq(p.nul, c->want_nul, "%zu, step %zu", i, step);
            buf_deinit(&f.line);
            buf_deinit(&text);
        }
    }
}
