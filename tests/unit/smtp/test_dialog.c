#include <criterion/criterion.h>

#include "scanner/smtp/dialog.h"

/* A conversation: what the peer does, and what we have to send after it. */
enum act {
    END, /* of the list */
    SAYS,
    HANDSHAKE, /* completes */
    HANDSHAKE_FAILS,
    SILENCE, /* the timer runs out */
    CLOSE,
    RESET,
};

struct turn {
    enum act act;
    const char *text; /* of SAYS */
    const char *sent; /* NULL: nothing */
};

#define TURNS_MAX 8

struct dialog_case {
    const char *name;
    bool implicit_tls;
    struct turn turns[TURNS_MAX];
    enum dialog_state want_state;
    enum session_outcome want_outcome;
    enum starttls_state want_starttls;
    const char *want_seen; /* codes by step, then flags: see put_summary() */
};

#define EHLO "EHLO probe.test\r\n"
#define HELO "HELO probe.test\r\n"
#define QUIT "QUIT\r\n"
#define TO_EHLO                             \
    {                                       \
        SAYS, "220 mx.test ESMTP\r\n", EHLO \
    }
#define TO_STARTTLS                                             \
    TO_EHLO,                                                    \
    {                                                           \
        SAYS, "250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n" \
    }
#define TO_TLS                   \
    TO_STARTTLS,                 \
    {                            \
        SAYS, "220 go\r\n", NULL \
    }
#define BYE                       \
    {                             \
        SAYS, "221 bye\r\n", NULL \
    }

static const struct dialog_case cases[] = {
    {"RFC 3207 5: the whole way",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "250-mx.test\r\n250 SIZE\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250 quit=221"},
    {"RFC 3207 4.2: offered again inside TLS",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "250-mx.test\r\n250 STARTTLS\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250 quit=221 again"},
    {"RFC 5321 4.2.1: lines, case, ends of lines",
     false,
     {{SAYS, "220-mx.test ESMTP\r\n220-no spam\r\n220 here\n", EHLO},
      {SAYS, "250-mx.test\n250-sTaRtTlS\n250 HELP\n", "STARTTLS\r\n"},
      {SAYS, "220\r\n", NULL},
      {HANDSHAKE, NULL, EHLO},
      {SAYS, "502 no\r\n", QUIT},
      {CLOSE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=502 multiline"},
    {"inside TLS: silence",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220"},
    {"inside TLS: close",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220"},
    {"inside TLS: no SMTP",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "what?\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 bad=what?"},
    {"inside TLS: a second greeting",
     false,
     {TO_TLS,
      {HANDSHAKE, NULL, EHLO},
      {SAYS, "220 mx.test\r\n", NULL},
      {SAYS, "250 mx.test\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250 quit=221 early"},
    {"handshake fails",
     false,
     {TO_TLS, {HANDSHAKE_FAILS, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_ALERT,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220"},
    {"handshake: silence",
     false,
     {TO_TLS, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_TIMEOUT,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220"},
    {"handshake: close",
     false,
     {TO_TLS, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_CLOSED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220"},
    {"handshake: reset",
     false,
     {TO_TLS, {RESET, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_RESET,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220"},

    /* RFC 8314 section 3.3 */
    {"implicit TLS: the whole way",
     true,
     {{HANDSHAKE, NULL, NULL}, TO_EHLO, {SAYS, "250-mx.test\r\n250 AUTH PLAIN\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 quit=221"},
    {"implicit TLS: STARTTLS inside",
     true,
     {{HANDSHAKE, NULL, NULL}, TO_EHLO, {SAYS, "250-mx.test\r\n250 STARTTLS\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 quit=221 again"},
    {"implicit TLS: refused inside",
     true,
     {{HANDSHAKE, NULL, NULL}, {SAYS, "554 no\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=554 quit=221"},
    {"implicit TLS: EHLO refused inside",
     true,
     {{HANDSHAKE, NULL, NULL}, TO_EHLO, {SAYS, "502 no\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=502 quit=221"},
    {"implicit TLS: silence inside",
     true,
     {{HANDSHAKE, NULL, NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     ""},
    {"implicit TLS: handshake fails",
     true,
     {{HANDSHAKE_FAILS, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_ALERT,
     STARTTLS_OFFERED,
     ""},
    {"implicit TLS: reset",
     true,
     {{RESET, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_RESET,
     STARTTLS_OFFERED,
     ""},

    /* greeting: RFC 5321 sections 3.1, 4.3.2 */
    {"greeting: silence",
     false,
     {{SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_TIMEOUT,
     STARTTLS_UNKNOWN,
     ""},
    {"greeting: close",
     false,
     {{CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_CLOSED,
     STARTTLS_UNKNOWN,
     ""},
    {"greeting: reset",
     false,
     {{RESET, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_CLOSED,
     STARTTLS_UNKNOWN,
     ""},
    {"greeting: 421",
     false,
     {{SAYS, "421 busy\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_GREETING_TEMPFAIL,
     STARTTLS_UNKNOWN,
     "greeting=421 quit=221"},
    {"greeting: 554",
     false,
     {{SAYS, "554-no\r\n554 service\r\n", QUIT}, {SILENCE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_GREETING_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=554 multiline"},
    {"greeting: 220-, then 554 (4.2.1: the last line counts)",
     false,
     {{SAYS, "220-hi\r\n554 no\r\n", QUIT}, {CLOSE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_GREETING_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=554 multiline"},
    {"greeting: 421 twice",
     false,
     {{SAYS, "421 busy\r\n421 bye\r\n", QUIT}, {CLOSE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_GREETING_TEMPFAIL,
     STARTTLS_UNKNOWN,
     "greeting=421"},
    {"greeting: NNTP (RFC 3977 5.1)",
     false,
     {{SAYS, "200 news.test\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "greeting=200"},
    {"greeting: 3yz",
     false,
     {{SAYS, "354 go\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "greeting=354"},
    {"greeting: SSH",
     false,
     {{SAYS, "SSH-2.0-OpenSSH_9.2\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=SSH-2.0-OpenSSH_9.2"},
    {"greeting: POP3",
     false,
     {{SAYS, "+OK ready\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=+OK ready"},
    {"greeting: a TLS alert, then close",
     false,
     {{SAYS, "\x15\x03\x01", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=\x15\x03\x01"},
    {"greeting: half a line of something, then silence",
     false,
     {{SAYS, "HTTP/1.0 40", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=HTTP/1.0 40"},
    {"greeting: half a 220, then silence",
     false,
     {{SAYS, "220-mx.test\r\n220 rea", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220 multiline no_esmtp"},
    {"greeting: half a 554, then close",
     false,
     {{SAYS, "554 no serv", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=554"},
    {"greeting: lines of a 421 without end",
     false,
     {{SAYS, "421-wait\r\n421-wait\r\n", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_TEMPFAIL,
     STARTTLS_UNKNOWN,
     "greeting=421 multiline"},
    {"greeting: without ESMTP",
     false,
     {{SAYS, "220 ********\r\n", EHLO}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 no_esmtp"},
    {"greeting: in two replies",
     false,
     {{SAYS, "220 mx.test\r\n220 ESMTP\r\n", EHLO}, {SAYS, "250 mx.test\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221 early"},
    {"greeting: in two replies, the second later",
     false,
     {{SAYS, "220 mx.test\r\n", EHLO},
      {SAYS, "220 ESMTP\r\n250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 early"},
    {"greeting: stray text behind it",
     false,
     {{SAYS, "220 mx.test ESMTP\r\nWelcome!\r\n", EHLO},
      {SAYS, "250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 early bad=Welcome!"},
    {"greeting: an answer that was not asked for is none",
     false,
     {{SAYS, "220 mx.test ESMTP\r\n250-x\r\n250 STARTTLS\r\n", EHLO},
      {SAYS, "250 mx.test\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221 early"},
    {"greeting: 421 at once behind it (3.8)",
     false,
     {{SAYS, "220 mx.test ESMTP\r\n421 busy\r\n", QUIT}, {CLOSE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_EHLO_TEMPFAIL,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=421 early"},

    /* EHLO: RFC 5321 sections 3.2, 4.1.1.1 */
    {"EHLO: silence",
     false,
     {TO_EHLO, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220"},
    {"EHLO: close",
     false,
     {TO_EHLO, {RESET, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220"},
    {"EHLO: 421",
     false,
     {TO_EHLO, {SAYS, "421 too many\r\n", QUIT}, {CLOSE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_EHLO_TEMPFAIL,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=421"},
    {"EHLO: refused, HELO accepted: the extensions stay unknown",
     false,
     {TO_EHLO, {SAYS, "502 no\r\n", HELO}, {SAYS, "250 mx.test\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=502 helo=250 quit=221"},
    {"EHLO: both refused",
     false,
     {TO_EHLO, {SAYS, "550 no\r\n", HELO}, {SAYS, "550 no\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=550 helo=550 quit=221"},
    {"EHLO: refused, then silence",
     false,
     {TO_EHLO, {SAYS, "500 what\r\n", HELO}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=500"},
    {"EHLO: refused, then close",
     false,
     {TO_EHLO, {SAYS, "500 what\r\n", HELO}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=500"},
    {"EHLO: 3yz",
     false,
     {TO_EHLO, {SAYS, "354 go\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=354 quit=221"},
    {"EHLO: another 2yz (4.2: the first digit decides)",
     false,
     {TO_EHLO, {SAYS, "200-mx.test\r\n200 STARTTLS\r\n", "STARTTLS\r\n"}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=200"},
    {"EHLO: no SMTP",
     false,
     {TO_EHLO, {SAYS, "HTTP/1.1 400 Bad Request\r\nServer: x\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "greeting=220 bad=HTTP/1.1 400 Bad Request"},
    {"EHLO: refused in half a line, then close",
     false,
     {TO_EHLO, {SAYS, "550-no\r\n550 n", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=550"},
    {"EHLO: half a list is no list",
     false,
     {TO_EHLO, {SAYS, "250-mx.test\r\n250-SIZE\r\n", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250"},

    /* STARTTLS: RFC 3207 section 4 */
    {"STARTTLS: not offered",
     false,
     {TO_EHLO, {SAYS, "250-mx.test\r\n250 SIZE\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221"},
    {"STARTTLS: only in the name of the server",
     false,
     {TO_EHLO, {SAYS, "250 STARTTLS\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221"},
    {"STARTTLS: masked",
     false,
     {TO_EHLO, {SAYS, "250-mx.test\r\n250 XXXXXXXA\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_MASKED,
     STARTTLS_MASKED,
     "greeting=220 ehlo=250 quit=221"},
    {"STARTTLS: offered beside something masked",
     false,
     {TO_EHLO,
      {SAYS, "250-mx.test\r\n250-XXXXXXXX\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250"},
    {"STARTTLS: silence",
     false,
     {TO_STARTTLS, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250"},
    {"STARTTLS: close",
     false,
     {TO_STARTTLS, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250"},
    {"STARTTLS: 454",
     false,
     {TO_STARTTLS, {SAYS, "454 not now\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_TEMPFAIL,
     STARTTLS_TEMPFAIL,
     "greeting=220 ehlo=250 starttls=454 quit=221"},
    {"STARTTLS: 501",
     false,
     {TO_STARTTLS, {SAYS, "501 no parameters\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_REJECTED,
     STARTTLS_REJECTED,
     "greeting=220 ehlo=250 starttls=501 quit=221"},
    {"STARTTLS: 250 is no 220",
     false,
     {TO_STARTTLS, {SAYS, "250 ok\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_REJECTED,
     STARTTLS_REJECTED,
     "greeting=220 ehlo=250 starttls=250 quit=221"},
    {"STARTTLS: no reply code",
     false,
     {TO_STARTTLS, {SAYS, "ok\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_REJECTED,
     STARTTLS_REJECTED,
     "greeting=220 ehlo=250 bad=ok"},
    {"STARTTLS: half a 454, then close",
     false,
     {TO_STARTTLS, {SAYS, "454 not", NULL}, {RESET, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_TEMPFAIL,
     STARTTLS_TEMPFAIL,
     "greeting=220 ehlo=250 starttls=454"},
    {"STARTTLS: a reply too many to EHLO",
     false,
     {TO_EHLO,
      {SAYS, "250-mx.test\r\n250 STARTTLS\r\n250 HELP\r\n", "STARTTLS\r\n"},
      {SAYS, "454 no\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_TEMPFAIL,
     STARTTLS_TEMPFAIL,
     "greeting=220 ehlo=250 starttls=454 quit=221 early"},
    {"STARTTLS: octets behind the 220",
     false,
     {TO_STARTTLS, {SAYS, "220 go\r\n250 evil\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_INJECTED,
     STARTTLS_INJECTED,
     "greeting=220 ehlo=250 starttls=220 injected=10:250 evil"},
    {"STARTTLS: octets behind the 220, in the next segment",
     false,
     {TO_TLS, {SAYS, "X", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_INJECTED,
     STARTTLS_INJECTED,
     "greeting=220 ehlo=250 starttls=220 injected=1:X"},

    /* QUIT: RFC 5321 section 4.1.1.10 */
    {"QUIT: no SMTP",
     false,
     {{SAYS, "554 no\r\n", QUIT}, {SAYS, "bye\r\n", NULL}},
     DIALOG_DONE,
     OUTCOME_GREETING_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=554 bad=bye"},
    {"QUIT: whatever comes behind its reply",
     false,
     {{SAYS, "554 no\r\n", QUIT}, {SAYS, "221 bye\r\n250 x\r\n", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_GREETING_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=554 quit=221"},
};

static void put_flag(struct buf *b, bool set, const char *word)
{
    if (set) {
        buf_putf(b, "%s%s", b->len > 0 ? " " : "", word);
    }
}

static void put_first_line(struct buf *b, struct span text)
{
    struct span line = {0};
    (void)ehlo_next_line(&text, &line);
    while (line.len > 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    buf_put(b, line);
}

static void put_summary(struct buf *b, const struct seen_smtp *s)
{
    static const char *const steps[] = {
#define X(name, word) word,
        SMTP_STEPS(X)
#undef X
    };
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        if (s->reply[i].code != 0) {
            buf_putf(b, "%s%s=%u", b->len > 0 ? " " : "", steps[i], s->reply[i].code);
        }
    }
    put_flag(b, s->greeting_multiline, "multiline");
    put_flag(b, s->greeting_without_esmtp && s->reply[SMTP_STEP_EHLO].code == 0, "no_esmtp");
    put_flag(b, s->early_talker, "early");
    put_flag(b, s->starttls_again, "again");
    if (s->injected_len > 0) {
        buf_putf(b, " injected=%u:", s->injected_len);
        put_first_line(b, s->injected);
    }
    if (s->bad.len > 0) {
        put_flag(b, true, "bad=");
        put_first_line(b, s->bad);
    }
}

/* Everything that is seen, for the comparison between cuts. */
static void put_all(struct buf *b, const struct dialog *d)
{
    const struct seen_smtp *s = &d->seen;
    buf_putf(b, "%s %s %s\n", dialog_state_name(d->state), outcome_info(d->outcome)->word,
             starttls_word(s->starttls));
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        buf_putf(b, "%u %d ", s->reply[i].code, s->reply[i].truncated);
        buf_put(b, s->reply[i].text);
        buf_put_char(b, '\n');
    }
    buf_putf(b, "%d%d%d%d%d %u ", s->starttls_again, s->greeting_multiline,
             s->greeting_without_esmtp, s->early_talker, s->line_too_long, s->injected_len);
    buf_put(b, s->injected);
    buf_put_char(b, '|');
    buf_put(b, s->bad);
}

/* How the octets of a conversation arrive: in two parts at `cut` (counted over all of them), or,
 * with EACH, one by one. */
#define WHOLE SIZE_MAX
#define EACH  (SIZE_MAX - 1)

static void say(struct dialog *d, struct span in, size_t said, size_t cut)
{
    size_t step = cut == EACH ? 1 : in.len;
    if (cut != EACH && cut > said && cut < said + in.len) {
        dialog_feed(d, span_take(in, cut - said));
        in = span_drop(in, cut - said);
        step = in.len;
    }
    for (; in.len > 0; in = span_drop(in, in.len < step ? in.len : step)) {
        dialog_feed(d, span_take(in, step));
    }
}

static void act(struct dialog *d, const struct turn *t, size_t said, size_t cut)
{
    switch (t->act) {
    case SAYS:
        say(d, span_of(t->text), said, cut);
        break;
    case HANDSHAKE:
        dialog_tls_established(d);
        break;
    case HANDSHAKE_FAILS:
        dialog_tls_failed(d, OUTCOME_TLS_ALERT);
        break;
    case SILENCE:
        dialog_timeout(d);
        break;
    case CLOSE:
    case RESET:
        dialog_closed(d, t->act == RESET);
        break;
    case END:
        break;
    }
}

/* @return the octets that the peer said. */
static size_t hold(const struct dialog_case *c, struct dialog *d, size_t cut, struct buf *all)
{
    size_t said = 0;
    for (size_t i = 0; i < TURNS_MAX && c->turns[i].act != END; i++) {
        const struct turn *t = &c->turns[i];
        act(d, t, said, cut);
        said += t->act == SAYS ? strlen(t->text) : 0;
        cr_expect(span_eq(buf_span(&d->out), span_of(t->sent)), "%s, cut %zu, turn %zu: sent %.*s",
                  c->name, cut, i, (int)d->out.len, (const char *)d->out.at);
        cr_expect_not(d->out.len > 0 && dialog_wants_close(d), "%s: QUIT is lost", c->name);
        buf_reset(&d->out);
    }
    buf_reset(all);
    put_all(all, d);
    return said;
}

static void check_wanted(const struct dialog_case *c, const struct dialog *d)
{
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    put_summary(&got, &d->seen);
    cr_expect_eq(d->state, c->want_state, "%s: %s", c->name, dialog_state_name(d->state));
    cr_expect_eq(d->outcome, c->want_outcome, "%s: %s", c->name, outcome_info(d->outcome)->word);
    cr_expect_eq(d->seen.starttls, c->want_starttls, "%s: %s", c->name,
                 starttls_word(d->seen.starttls));
    cr_expect(span_eq(buf_span(&got), span_of(c->want_seen)), "%s: seen \"%.*s\"", c->name,
              (int)got.len, (const char *)got.at);
    cr_expect(dialog_wants_close(d), "%s: wants no close", c->name);
    buf_deinit(&got);
}

Test(dialog, leads_to_the_expected_end_at_any_cut)
{
    struct buf whole = BUF_INIT(BUF_NO_LIMIT);
    struct buf parts = BUF_INIT(BUF_NO_LIMIT);
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct dialog_case *c = &cases[i];
        dialog_reset(&d, "probe.test", c->implicit_tls);
        size_t octets = hold(c, &d, WHOLE, &whole);
        check_wanted(c, &d);
        for (size_t cut = 0; cut <= octets; cut++) {
            dialog_reset(&d, "probe.test", c->implicit_tls);
            (void)hold(c, &d, cut < octets ? cut : EACH, &parts);
            cr_expect(span_eq(buf_span(&whole), buf_span(&parts)), "%s, cut %zu: seen\n%.*s",
                      c->name, cut, (int)parts.len, (const char *)parts.at);
        }
    }
    dialog_deinit(&d);
    buf_deinit(&whole);
    buf_deinit(&parts);
}

/* Every word that a dialogue can end with has a case above. */
Test(dialog, cases_reach_every_outcome)
{
    bool reached[OUTCOME_COUNT] = {false};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reached[cases[i].want_outcome] = true;
    }
    for (unsigned o = OUTCOME_GREETING_TIMEOUT; o <= OUTCOME_TLS_RESET; o++) {
        cr_expect(reached[o], "%s", outcome_info((enum session_outcome)o)->word);
    }
    cr_expect(reached[OUTCOME_ESTABLISHED]);
}

struct text_case {
    const char *name;
    const char *peer[2];
    enum smtp_step step;
    const char *want;
};

static const struct text_case text_cases[] = {
    {"lines with codes", {"220-a\r\n220 ESMTP b\n"}, SMTP_STEP_GREETING, "220-a\n220 ESMTP b"},
    {"greeting in two replies", {"220 a\r\n220 b\r\n"}, SMTP_STEP_GREETING, "220 a\n220 b"},
    {"early talk is kept", {"220 a\r\n250 b\r\n"}, SMTP_STEP_GREETING, "220 a\n250 b"},
    {"half a line", {"220-a\r\n220 b\r"}, SMTP_STEP_GREETING, "220-a\n220 b"},
    {"EHLO behind a second greeting", {"220 a\r\n", "220 b\r\n250 c\r\n"}, SMTP_STEP_EHLO, "250 c"},
};

Test(dialog, keeps_the_text_of_replies)
{
    for (size_t i = 0; i < sizeof(text_cases) / sizeof(text_cases[0]); i++) {
        const struct text_case *c = &text_cases[i];
        struct dialog d;
        dialog_init(&d, "probe.test", false);
        for (size_t k = 0; k < 2 && c->peer[k] != NULL; k++) {
            dialog_feed(&d, span_of(c->peer[k]));
            buf_reset(&d.out);
        }
        dialog_closed(&d, false);
        struct span got = d.seen.reply[c->step].text;
        cr_expect(span_eq(got, span_of(c->want)), "%s: %.*s", c->name, (int)got.len,
                  (const char *)got.at);
        dialog_deinit(&d);
    }
}

/* A keyword counts although its line is in the part of the reply that is not kept. */
Test(dialog, reads_keywords_beyond_the_kept_text)
{
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    dialog_feed(&d, SPAN_LIT("220 mx.test\r\n"));
    buf_reset(&d.out);
    for (size_t i = 0; i < 200; i++) {
        dialog_feed(&d, SPAN_LIT("250-KEYWORD and forty octets of parameters for it\r\n"));
    }
    dialog_feed(&d, SPAN_LIT("250 STARTTLS\r\n"));
    cr_expect_eq(d.state, DIALOG_STARTTLS);
    cr_expect(d.seen.reply[SMTP_STEP_EHLO].truncated);
    cr_expect_leq(d.seen.reply[SMTP_STEP_EHLO].text.len, REPLY_TEXT_MAX);
    dialog_deinit(&d);
}

/* What a peer can make us hold, when every reply is as long as it can be. */
Test(dialog, memory_is_bounded)
{
    static uint8_t flood[REPLY_LINE_MAX];
    memset(flood, 'x', sizeof(flood));
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    static const char *const last[] = {"220 a\r\n", "250 STARTTLS\r\n", "220 a\r\n", "250 a\r\n"};
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 3; k++) {
            dialog_feed(&d, SPAN_LIT("250-"));
            dialog_feed(&d, (struct span){flood, sizeof(flood) - 6});
            dialog_feed(&d, SPAN_LIT("\r\n"));
        }
        dialog_feed(&d, span_of(last[i]));
        buf_reset(&d.out);
        if (d.state == DIALOG_TLS) {
            dialog_tls_established(&d);
            buf_reset(&d.out);
        }
    }
    cr_expect_eq(d.state, DIALOG_QUIT, "%s", dialog_state_name(d.state));
    dialog_feed(&d, (struct span){flood, sizeof(flood)});
    cr_expect_eq(d.state, DIALOG_DONE);
    cr_expect_eq(d.outcome, OUTCOME_ESTABLISHED);
    cr_expect_eq(d.seen.bad.len, DIALOG_EXCERPT_MAX);
    cr_expect(d.seen.line_too_long);
    cr_expect_leq(d.text.len, DIALOG_TEXT_MAX);
    dialog_deinit(&d);
}

Test(dialog, long_lines_and_floods_are_seen)
{
    static uint8_t flood[70 * 1024];
    memset(flood, '2', sizeof(flood));
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    dialog_feed(&d, (struct span){flood, sizeof(flood)});
    cr_expect_eq(d.outcome, OUTCOME_NOT_SMTP, "a line without end");
    cr_expect(d.seen.line_too_long && d.seen.reply[SMTP_STEP_GREETING].truncated);
    cr_expect_eq(d.seen.bad.len, DIALOG_EXCERPT_MAX);

    dialog_reset(&d, "probe.test", false);
    for (size_t i = 0; i < 20000; i++) {
        dialog_feed(&d, SPAN_LIT("220-x\r\n"));
    }
    cr_expect_eq(d.outcome, OUTCOME_NOT_SMTP, "a reply without end");
    cr_expect_eq(d.seen.reply[SMTP_STEP_GREETING].code, 220);

    dialog_reset(&d, "probe.test", false);
    dialog_feed(&d, SPAN_LIT("220 a\r\n"));
    buf_reset(&d.out);
    dialog_feed(&d, SPAN_LIT("250-a\r\n250 STARTTLS\r\n"));
    buf_reset(&d.out);
    dialog_feed(&d, SPAN_LIT("220 go\r\n"));
    dialog_feed(&d, (struct span){flood, sizeof(flood)});
    cr_expect_eq(d.outcome, OUTCOME_STARTTLS_INJECTED);
    cr_expect_eq(d.seen.injected_len, sizeof(flood));
    cr_expect_eq(d.seen.injected.len, DIALOG_EXCERPT_MAX);
    dialog_deinit(&d);
}

Test(dialog, stamps_each_reply_once)
{
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    dialog_feed(&d, SPAN_LIT("220 "));
    dialog_stamp(&d, 5);
    dialog_feed(&d, SPAN_LIT("mx.test\r\n"));
    dialog_stamp(&d, 10);
    buf_reset(&d.out);
    dialog_stamp(&d, 15);
    dialog_feed(&d, SPAN_LIT("250 mx.test\r\n"));
    dialog_stamp(&d, 20);
    dialog_timeout(&d);
    dialog_stamp(&d, 30);
    cr_expect_eq(d.seen.reply[SMTP_STEP_GREETING].ms, 10);
    cr_expect_eq(d.seen.reply[SMTP_STEP_EHLO].ms, 20);
    cr_expect_eq(d.seen.reply[SMTP_STEP_QUIT].ms, -1);
    dialog_deinit(&d);
}
