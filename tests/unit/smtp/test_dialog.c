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
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=502 multiline ~keyword_case "
     "~refused_after_tls"},
    {"inside TLS: silence",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ~silent_after_tls"},
    {"inside TLS: close (RFC 3207 4.2)",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ~lost_after_tls"},
    {"inside TLS: reset",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {RESET, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ~lost_after_tls"},
    {"inside TLS: closed within the reply",
     false,
     {TO_TLS,
      {HANDSHAKE, NULL, EHLO},
      {SAYS, "250-mx.test\r\n250-SIZE\r\n250 H", NULL},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250 ~lost_after_tls"},
    {"inside TLS: closed after the reply is no loss",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "250 mx.test\r\n", QUIT}, {RESET, NULL, NULL}},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250"},
    {"inside TLS: 421 and close is a refusal, whole or not",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "421 by", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=421 ~refused_after_tls"},
    {"inside TLS: no SMTP, then close",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "what?\r\n", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 bad=what? ~garbage_line ~lost_after_tls"},
    {"inside TLS: another protocol",
     false,
     {TO_TLS, {HANDSHAKE, NULL, EHLO}, {SAYS, "HTTP/1.1 400 no\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 bad=HTTP/1.1 400 no ~refused_after_tls"},
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
     "greeting=554 quit=221 ~refused_after_tls"},
    {"implicit TLS: EHLO refused inside",
     true,
     {{HANDSHAKE, NULL, NULL}, TO_EHLO, {SAYS, "502 no\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=502 quit=221 ~refused_after_tls"},
    {"implicit TLS: silence inside",
     true,
     {{HANDSHAKE, NULL, NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "~silent_after_tls"},
    {"implicit TLS: closed inside",
     true,
     {{HANDSHAKE, NULL, NULL}, TO_EHLO, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ~lost_after_tls"},
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
    {"greeting: a telnet command (RFC 854)",
     false,
     {{SAYS, "\xff\xfd\x18\xff\xfd\x20\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=\xff\xfd\x18\xff\xfd\x20"},
    {"greeting: no code that a reply has (4.2.1)",
     false,
     {{SAYS, "120 soon\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=120 soon"},
    {"greeting: nothing but text",
     false,
     {{SAYS, "\r\nlogin: \r\n", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_NOT_SMTP,
     STARTTLS_UNKNOWN,
     "bad=login:  ~empty_line_greeting ~garbage_line"},
    {"greeting: nothing but empty lines",
     false,
     {{SAYS, "\r\n\n\r\n", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_TIMEOUT,
     STARTTLS_UNKNOWN,
     "~empty_line_greeting"},
    {"greeting: the message of a wrapper before it (4.2)",
     false,
     {{SAYS, "ld.so: warning\r\n220 mx.test ESMTP\r\n", EHLO},
      {SAYS, "250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 bad=ld.so: warning ~garbage_line"},
    {"greeting: text within its lines",
     false,
     {{SAYS, "220-mx.test ESMTP\r\nWelcome\r\n\r\n220 here\r\n", EHLO},
      {SAYS, "250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 multiline bad=Welcome ~empty_line_greeting ~garbage_line"},
    {"greeting: text within its lines, then silence",
     false,
     {{SAYS, "220-mx.test ESMTP\r\nWelcome\r\n", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_GREETING_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220 multiline bad=Welcome ~garbage_line"},
    {"greeting: an empty line behind it",
     false,
     {{SAYS, "220 mx.test ESMTP\r\n\r\n", EHLO},
      {SAYS, "250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 ~empty_line_greeting"},
    {"greeting: an empty line behind it, later",
     false,
     {TO_EHLO, {SAYS, "\r\n250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 ~empty_line_greeting"},
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
     "greeting=220 ehlo=250 early bad=Welcome! ~garbage_line"},
    {"greeting: stray text behind it, later",
     false,
     {TO_EHLO,
      {SAYS, "Welcome!\r\n250-mx.test\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 bad=Welcome! ~garbage_line"},
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
    {"greeting: 421 at once behind it, and text: QUIT is sent all the same",
     false,
     {{SAYS, "220 mx.test ESMTP\r\n421 busy\r\nbye\r\nHTTP/\r\n", QUIT},
      {SAYS, "so long\r\n", NULL}},
     DIALOG_DONE,
     OUTCOME_EHLO_TEMPFAIL,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=421 early bad=bye"},

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
    {"EHLO: refused, HELO accepted (2.2.1): what senders do then is in clear",
     false,
     {TO_EHLO, {SAYS, "502 no\r\n", HELO}, {SAYS, "250 mx.test\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_HELO_ONLY,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=502 helo=250 quit=221"},
    {"EHLO: both refused",
     false,
     {TO_EHLO, {SAYS, "550 no\r\n", HELO}, {SAYS, "550 no\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=550 helo=550 quit=221"},
    {"EHLO: refused, HELO refused for now",
     false,
     {TO_EHLO, {SAYS, "502 no\r\n", HELO}, {SAYS, "450 later\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=502 helo=450 quit=221"},
    {"EHLO: refused, HELO accepted in half a line",
     false,
     {TO_EHLO, {SAYS, "502 no\r\n", HELO}, {SAYS, "250 mx", NULL}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=502 helo=250"},
    {"EHLO: refused, then another protocol",
     false,
     {TO_EHLO, {SAYS, "502 no\r\n", HELO}, {SAYS, "HTTP/1.0 400 no\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_REJECTED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=502 bad=HTTP/1.0 400 no"},
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
    {"EHLO: an empty line within the reply (4.2)",
     false,
     {TO_EHLO,
      {SAYS, "250-mx.test\r\n\r\n250-STARTTLS\r\n250 SIZE\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 ~empty_line_reply"},
    {"EHLO: an empty line behind the reply",
     false,
     {TO_EHLO,
      {SAYS, "250-mx.test\r\n250 STARTTLS\r\n\r\n", "STARTTLS\r\n"},
      {SAYS, "454 no\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_TEMPFAIL,
     STARTTLS_TEMPFAIL,
     "greeting=220 ehlo=250 starttls=454 quit=221 ~empty_line_reply"},
    {"EHLO: text within the reply, its keyword is none",
     false,
     {TO_EHLO, {SAYS, "250-mx.test\r\nxx STARTTLS\r\n250 SIZE\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221 bad=xx STARTTLS ~garbage_line"},
    {"EHLO: text, then silence",
     false,
     {TO_EHLO, {SAYS, "what?\r\n", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_EHLO_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220 bad=what? ~garbage_line"},
    {"EHLO: lines end in CR CR LF (2.3.8)",
     false,
     {{SAYS, "220 mx.test ESMTP\r\r\n", EHLO},
      {SAYS, "250-mx.test\r\r\n250-STARTTLS\r\r\n250 SIZE\r\r\n", "STARTTLS\r\n"},
      {SAYS, "220 go\r\r\n", NULL},
      {HANDSHAKE, NULL, EHLO},
      {SAYS, "250 mx.test\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250 quit=221 ~cr_cr_lf"},
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
    {"STARTTLS: in lower case (2.4)",
     false,
     {TO_EHLO, {SAYS, "250-mx.test\r\n250 starttls\r\n", "STARTTLS\r\n"}, {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 ~keyword_case"},
    {"STARTTLS: in lower case and in upper case",
     false,
     {TO_EHLO,
      {SAYS, "250-mx.test\r\n250-starttls\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
      {CLOSE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_CLOSED,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250"},
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
    {"STARTTLS: 250 is no 220, yet senders go on (5321 4.2: the first digit decides)",
     false,
     {TO_STARTTLS,
      {SAYS, "250 ok\r\n", NULL},
      {HANDSHAKE, NULL, EHLO},
      {SAYS, "250 mx.test\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=250 ehlo_tls=250 quit=221"},
    {"STARTTLS: 3yz is no leave",
     false,
     {TO_STARTTLS, {SAYS, "354 go\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_REJECTED,
     STARTTLS_REJECTED,
     "greeting=220 ehlo=250 starttls=354 quit=221"},
    {"STARTTLS: text is no reply",
     false,
     {TO_STARTTLS, {SAYS, "ok\r\n", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_TIMEOUT,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 bad=ok ~garbage_line"},
    {"STARTTLS: text, then the reply",
     false,
     {TO_STARTTLS,
      {SAYS, "TLS: key loaded\r\n\r\n220 go\r\n", NULL},
      {HANDSHAKE_FAILS, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_ALERT,
     STARTTLS_OFFERED,
     "greeting=220 ehlo=250 starttls=220 bad=TLS: key loaded ~empty_line_reply ~garbage_line"},
    {"STARTTLS: another protocol",
     false,
     {TO_STARTTLS, {SAYS, "HTTP/1.1 400 no\r\n", NULL}},
     DIALOG_FAILED,
     OUTCOME_STARTTLS_REJECTED,
     STARTTLS_REJECTED,
     "greeting=220 ehlo=250 bad=HTTP/1.1 400 no"},
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
    {"STARTTLS: octets behind the 220 are dropped (RFC 3207 6)",
     false,
     {TO_STARTTLS,
      {SAYS, "220 go\r\n250 evil\r\n", NULL},
      {HANDSHAKE, NULL, EHLO},
      {SAYS, "250 mx.test\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_ESTABLISHED,
     STARTTLS_INJECTED,
     "greeting=220 ehlo=250 starttls=220 ehlo_tls=250 quit=221 injected=10:250 evil ~injected"},
    {"STARTTLS: an empty line behind the 220",
     false,
     {TO_STARTTLS, {SAYS, "220 go\r\n\r\n", NULL}, {HANDSHAKE_FAILS, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_ALERT,
     STARTTLS_INJECTED,
     "greeting=220 ehlo=250 starttls=220 injected=2: ~injected"},
    {"STARTTLS: octets behind the 220 that look like TLS",
     false,
     {TO_STARTTLS, {SAYS, "220 go\r\n\x16\x03\x03", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_TIMEOUT,
     STARTTLS_INJECTED,
     "greeting=220 ehlo=250 starttls=220 injected=3:\x16\x03\x03 ~injected"},
    {"STARTTLS: octets behind the 220, in the next segment",
     false,
     {TO_TLS, {SAYS, "X", NULL}, {SILENCE, NULL, NULL}},
     DIALOG_FAILED,
     OUTCOME_TLS_TIMEOUT,
     STARTTLS_INJECTED,
     "greeting=220 ehlo=250 starttls=220 injected=1:X ~injected"},

    /* spamd(8): what is behind it is not known */
    {"tarpit: says so in the greeting",
     false,
     {{SAYS, "220 mx.test ESMTP spamd IP-based SPAM blocker; Sat\r\n", EHLO},
      {SAYS, "250 Hello\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_TARPIT,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 quit=221"},
    {"tarpit: says so in the reply to EHLO",
     false,
     {TO_EHLO, {SAYS, "250 Hello, spam sender. Pleased to be wasting your time.\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_TARPIT,
     STARTTLS_UNKNOWN,
     "greeting=220 ehlo=250 quit=221"},
    {"tarpit: a host of that name is none",
     false,
     {{SAYS, "220 spamd.test ESMTP\r\n", EHLO}, {SAYS, "250 spamd.test\r\n", QUIT}, BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221"},
    {"tarpit: a server that lists something is none",
     false,
     {{SAYS, "220 mx.test ESMTP spamd\r\n", EHLO},
      {SAYS, "250-mx.test\r\n250 SIZE\r\n", QUIT},
      BYE},
     DIALOG_DONE,
     OUTCOME_STARTTLS_NOT_OFFERED,
     STARTTLS_NOT_OFFERED,
     "greeting=220 ehlo=250 quit=221"},

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
    for (unsigned q = 0; q < SMTP_QUIRK_COUNT; q++) {
        if ((s->quirks & smtp_quirk_bit((enum smtp_quirk)q)) != 0) {
            buf_putf(b, "%s~%s", b->len > 0 ? " " : "", smtp_quirk_word((enum smtp_quirk)q));
        }
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
    buf_putf(b, "%d%d%d%d%d %x %x %u ", s->starttls_again, s->greeting_multiline,
             s->greeting_without_esmtp, s->early_talker, s->line_too_long, s->quirks, s->forms,
             s->injected_len);
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
    {"lines of no reply are not in it",
     {"220 a\r\n", "250-b\r\n\r\nx\r\n250 c\r\n"},
     SMTP_STEP_EHLO,
     "250-b\n250 c"},
    {"nor are CRs at the end", {"220 a\r\r\n"}, SMTP_STEP_GREETING, "220 a"},
    {"CRs at the end of half a line", {"220 a\r\r"}, SMTP_STEP_GREETING, "220 a"},
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
    cr_expect_eq(d.state, DIALOG_TLS);
    cr_expect_eq(d.seen.starttls, STARTTLS_INJECTED);
    cr_expect_eq(d.seen.injected_len, sizeof(flood));
    cr_expect_eq(d.seen.injected.len, DIALOG_EXCERPT_MAX);
    dialog_deinit(&d);
}

/* A NUL ends what is read of a line, as for clients that hold lines in C strings. */
Test(dialog, reads_lines_up_to_a_nul)
{
    static const struct {
        struct span ehlo;
        enum session_outcome want; /* or NOT_TESTED: STARTTLS is sent */
    } lines[] = {
        {SPAN_INIT("250-mx.test\r\n250 STARTTLS\0\r\n"), OUTCOME_NOT_TESTED},
        {SPAN_INIT("250-mx\0test\r\n250 STARTTLS\r\n"), OUTCOME_NOT_TESTED},
        {SPAN_INIT("250-mx.test\r\n250 \0 STARTTLS\r\n"), OUTCOME_STARTTLS_NOT_OFFERED},
        {SPAN_INIT("250-mx.test\r\n250 START\0TLS\r\n"), OUTCOME_STARTTLS_NOT_OFFERED},
        {SPAN_INIT("250-mx.test\r\n250\0STARTTLS\r\n"), OUTCOME_STARTTLS_NOT_OFFERED},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        for (size_t step = 1; step <= lines[i].ehlo.len; step++) {
            struct dialog d;
            dialog_init(&d, "probe.test", false);
            dialog_feed(&d, SPAN_LIT("220 mx.test ESMTP\r\n"));
            buf_reset(&d.out);
            for (struct span in = lines[i].ehlo; in.len > 0;
                 in = span_drop(in, step < in.len ? step : in.len)) {
                dialog_feed(&d, span_take(in, step));
            }
            cr_expect_eq(d.outcome, lines[i].want, "line %zu, step %zu: %s", i, step,
                         outcome_info(d.outcome)->word);
            cr_expect_eq(d.seen.quirks, smtp_quirk_bit(SMTP_QUIRK_NUL), "line %zu: %x", i,
                         d.seen.quirks);
            dialog_deinit(&d);
        }
    }
}

/* A greeting that comes in pieces with pauses, then a reply to EHLO. */
struct pace_case {
    const char *name;
    const char *greeting;
    const char *ehlo;
    size_t piece;     /* octets */
    int32_t pause_ms; /* before each piece but the first */
    enum session_outcome want;
};

#define LONG_GREETING "220 mx.test ESMTP\r\n"

static const struct pace_case pace_cases[] = {
    {"an octet at a time, nothing listed", LONG_GREETING, "250 mx.test\r\n", 1, 50, OUTCOME_TARPIT},
    {"an octet a second", LONG_GREETING, "250 mx.test\r\n", 1, 1000, OUTCOME_TARPIT},
    {"an octet at a time, something listed", LONG_GREETING, "250-mx.test\r\n250 SIZE\r\n", 1, 50,
     OUTCOME_STARTTLS_NOT_OFFERED},
    {"an octet at a time, masked", LONG_GREETING, "250-mx.test\r\n250 XXXXXXXA\r\n", 1, 50,
     OUTCOME_STARTTLS_MASKED},
    {"segments of one octet without pauses", LONG_GREETING, "250 mx.test\r\n", 1, 1,
     OUTCOME_STARTTLS_NOT_OFFERED},
    {"slow as a whole", LONG_GREETING, "250 mx.test\r\n", 64, 30000, OUTCOME_STARTTLS_NOT_OFFERED},
    {"a line, a pause, a line, as against early talkers",
     "220-a\r\n220-b\r\n220-c\r\n220-d\r\n220-e\r\n220-f\r\n220-g\r\n220-h\r\n220-i\r\n220-j\r\n"
     "220-k\r\n220 l\r\n",
     "250 mx.test\r\n", 7, 1000, OUTCOME_STARTTLS_NOT_OFFERED},
    {"a few pauses within the line", LONG_GREETING, "250 mx.test\r\n", 4, 1000,
     OUTCOME_STARTTLS_NOT_OFFERED},
};

Test(dialog, tells_a_tarpit_by_pace_and_by_what_it_lists)
{
    for (size_t i = 0; i < sizeof(pace_cases) / sizeof(pace_cases[0]); i++) {
        const struct pace_case *c = &pace_cases[i];
        struct dialog d;
        dialog_init(&d, "probe.test", false);
        int32_t ms = 30000; /* before the first octet: a delay alone is no stutter */
        for (struct span in = span_of(c->greeting); in.len > 0;
             in = span_drop(in, c->piece < in.len ? c->piece : in.len)) {
            dialog_feed(&d, span_take(in, c->piece));
            dialog_stamp(&d, ms);
            ms += c->pause_ms;
        }
        buf_reset(&d.out);
        dialog_feed(&d, span_of(c->ehlo));
        dialog_stamp(&d, 1);
        cr_expect_eq(d.outcome, c->want, "%s: %s", c->name, outcome_info(d.outcome)->word);
        dialog_deinit(&d);
    }
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
