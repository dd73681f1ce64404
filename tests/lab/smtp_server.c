#include "tests/lab/smtp_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/listener.h"
#include "tests/lab/smtp_text.h"

#define LINE_MAX_LEN    4096  /* octets of a command line that are kept */
#define HELLO_MAX       17000 /* octets of a ClientHello: one record */
#define OUT_MAX         (1024 * 1024)
#define LIFETIME_MS     300000 /* RFC 5321 section 4.5.3.2.7 */
#define RESET_AFTER_MS  20     /* so that the client has seen its connection complete */
#define OCTETS_PER_TURN 20     /* of replies in segments of one octet: a busy lab turns slowly */
#define OCTETS_EVERY_MS 1
#define STUTTER_MS      450 /* between two octets of a greeting; spamd(8) waits a second */
#define STUTTER_OCTETS  12  /* over 5 seconds in all, and late turns add little */
#define ACCEPTS_MAX     64  /* per turn of the loop */
#define FLOOD_OCTETS    65536
#define STEPS_PER_TURN  4 /* of a script: others want their turn */

enum session_state {
    STATE_WAIT,     /* the greeting is not sent yet */
    STATE_COMMANDS, /* lines in clear or inside TLS */
    STATE_HELLO,    /* a ClientHello is awaited */
    STATE_HANDSHAKE,
    STATE_DEAF, /* whatever comes is read and ignored */
};

struct session {
    struct source source;
    struct session *next;
    struct session *prev;
    struct smtp_server *server;
    struct service service;
    enum session_state state;
    struct deadline pause; /* greeting delay, latency, single octets */
    struct deadline lifetime;
    struct buf arrived; /* waits for the latency */
    struct buf line;
    struct buf hello;
    struct buf out;
    size_t out_sent;
    SSL *ssl;
    uint32_t visit; /* connections to this address before this one, for unstable services */
    char sni[LAB_NAME_MAX];
    const struct hostile_step *step; /* the next of a script; NULL: none is played */
    size_t step_at;                  /* octets of it that are said */
    bool greeted;
    bool commanded; /* a command line came */
    bool tls_done;
    bool in_message;     /* after DATA */
    uint64_t chunk_left; /* octets that BDAT announced (RFC 3030) */
    bool hello_seen;
    bool write_watched;
    bool close_when_sent;
    bool counted_out; /* the client has closed, and the counters know */
    bool dead;        /* to be freed by whoever called */
};

struct smtp_server {
    struct source source; /* the listener */
    struct loop *loop;
    struct smtp_server_params params;
    const struct world *world;
    struct tls_server *tls;
    struct counters *counters;
};

/* ---- ending ---- */

static void count_out(struct session *c)
{
    if (!c->counted_out) {
        c->counted_out = true;
        counters_end(c->server->counters, SIDE_MAIL, &c->service.address);
    }
}

/* Two that end before TLS speak for a service. Where STARTTLS was accepted they do not: without SNI and with it,
 * each is asked again. */
static unsigned visits_without_tls_expected(const struct service *s)
{
    return s->hostile != NULL && s->hostile->outcome == OUTCOME_TLS_CLOSED ? 4 : 2;
}

static void session_free(struct session *c)
{
    struct smtp_server *s = c->server;
    if (!c->hello_seen) {
        counters_visit_without_tls(s->counters, &c->service.address, s->params.public_port,
                                   visits_without_tls_expected(&c->service));
    }
    count_out(c);
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        s->params.sessions->first = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    loop_clear(s->loop, &c->pause);
    loop_clear(s->loop, &c->lifetime);
    loop_remove(s->loop, &c->source);
    (void)close(c->source.fd);
    SSL_free(c->ssl);
    buf_deinit(&c->arrived);
    buf_deinit(&c->line);
    buf_deinit(&c->hello);
    buf_deinit(&c->out);
    free(c);
}

static void session_reset(struct session *c)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(c->source.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    c->dead = true;
}

/* ---- sending ---- */

static void watch_writes(struct session *c, bool on)
{
    if (c->write_watched != on) {
        c->write_watched = on;
        loop_change(c->server->loop, &c->source, EPOLLIN | (on ? (uint32_t)EPOLLOUT : 0));
    }
}

/* Sends what waits; octet by octet where the service does so. */
static void flush(struct session *c)
{
    bool stutter = c->service.greeting == LAB_GREETING_STUTTER && !c->commanded &&
                   c->out_sent < STUTTER_OCTETS;
    bool single = (c->service.octet_by_octet || stutter) && c->ssl == NULL;
    size_t most = single ? c->out_sent + (stutter ? 1 : OCTETS_PER_TURN) : SIZE_MAX;
    while (!c->dead && c->out_sent < c->out.len) {
        if (c->out_sent == most) {
            loop_set(c->server->loop, &c->pause, stutter ? STUTTER_MS : OCTETS_EVERY_MS);
            return;
        }
        size_t len = single ? 1 : c->out.len - c->out_sent;
        ssize_t n = send(c->source.fd, c->out.at + c->out_sent, len, MSG_NOSIGNAL);
        if (n < 0) {
            c->dead = c->dead || errno != EAGAIN;
            watch_writes(c, errno == EAGAIN);
            return;
        }
        c->out_sent += (size_t)n;
    }
    buf_reset(&c->out);
    c->out_sent = 0;
    watch_writes(c, false);
    c->dead = c->dead || c->close_when_sent;
}

static void move_tls_out(struct session *c)
{
    char *at;
    BIO *bio = SSL_get_wbio(c->ssl);
    long len = BIO_get_mem_data(bio, &at);
    if (len > 0) {
        if (!buf_append(&c->out, (struct span){(const uint8_t *)at, (size_t)len})) {
            c->dead = true;
        }
        (void)BIO_reset(bio);
    }
}

static void say(struct session *c, struct buf *text)
{
    if (c->tls_done && text->len > 0) {
        ERR_clear_error();
        if (SSL_write(c->ssl, text->at, (int)text->len) <= 0) {
            c->dead = true;
        }
        move_tls_out(c);
    } else {
        buf_put(&c->out, buf_span(text));
    }
    buf_deinit(text);
}

static void say_text(struct session *c, const char *text)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&b, text);
    say(c, &b);
}

/* ---- scripts of hostile servers ---- */

/* @return whether one is played from here on. */
static bool begin_script(struct session *c, enum hostile_stage stage)
{
    const struct hostile *h = c->service.hostile;
    if (h == NULL || h->stage != stage || c->server->params.implicit_tls) {
        return false;
    }
    c->step = h->steps;
    c->step_at = 0;
    return true;
}

static void say_again(struct session *c, struct span octets, size_t times)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < times; i++) {
        buf_put(&text, octets);
    }
    say(c, &text);
}

/* As many messages as make a block. @return false: the library does not. */
static bool put_handshakes(struct session *c, bool key_updates, int type)
{
    char *at;
    (void)SSL_clear_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
    while (BIO_get_mem_data(SSL_get_wbio(c->ssl), &at) < FLOOD_OCTETS) {
        ERR_clear_error();
        bool asked = key_updates ? SSL_key_update(c->ssl, type) == 1 : SSL_renegotiate(c->ssl) == 1;
        long before = BIO_get_mem_data(SSL_get_wbio(c->ssl), &at);
        (void)SSL_do_handshake(c->ssl);
        if (!asked || BIO_get_mem_data(SSL_get_wbio(c->ssl), &at) == before) {
            break;
        }
    }
    bool any = BIO_get_mem_data(SSL_get_wbio(c->ssl), &at) > 0;
    move_tls_out(c);
    return any;
}

/* Behind the heads of record and message, the version and the random: RFC 8446 section 4.1.2. */
static void echo_session_id(struct session *c)
{
    struct span hello = span_drop(buf_span(&c->hello), 5 + 4 + 2 + 32);
    if (hello.len > 0) {
        buf_put(&c->out, span_take(span_drop(hello, 1), hello.at[0]));
    }
}

static void cut_flight(struct session *c);

static void play_step(struct session *c)
{
    const struct hostile_step *s = c->step;
    c->step = s + 1;
    switch (s->verb) {
    case HOSTILE_ON:
        c->step = NULL;
        return;
    case HOSTILE_SAY:
        say_again(c, s->octets, s->n);
        return;
    case HOSTILE_RAW:
        buf_put(&c->out, s->octets);
        return;
    case HOSTILE_DRIP:
        say_again(c, (struct span){s->octets.at + c->step_at, 1}, 1);
        loop_set(c->server->loop, &c->pause, s->n);
        c->step_at++;
        c->step = c->step_at < s->octets.len ? s : s + 1;
        return;
    case HOSTILE_FLOOD:
        say_again(c, s->octets, FLOOD_OCTETS / s->octets.len);
        c->step = s;
        return;
    case HOSTILE_WAIT:
        loop_set(c->server->loop, &c->pause, s->n);
        return;
    case HOSTILE_SHUT:
        (void)shutdown(c->source.fd, SHUT_WR);
        return;
    case HOSTILE_CLOSE:
        c->close_when_sent = true;
        return;
    case HOSTILE_RESET:
        session_reset(c);
        return;
    case HOSTILE_DEAF:
        c->state = STATE_DEAF;
        c->step = NULL;
        return;
    case HOSTILE_ECHO_ID:
        echo_session_id(c);
        return;
    case HOSTILE_CUT_FLIGHT:
        cut_flight(c);
        return;
    case HOSTILE_KEY_UPDATES:
        c->step = put_handshakes(c, true,
                                 s->n > 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
                      ? s
                      : NULL;
        return;
    case HOSTILE_RENEGOTIATE:
        c->step = put_handshakes(c, false, 0) ? s : NULL;
        return;
    case HOSTILE_NOTIFY:
        (void)SSL_shutdown(c->ssl);
        move_tls_out(c);
        return;
    }
    UNREACHABLE("unknown hostile_verb");
}

/* Goes on once all is sent, and no pause is left. */
static void play_script(struct session *c)
{
    for (int i = 0; i < STEPS_PER_TURN && c->step != NULL && !c->dead && !c->close_when_sent &&
                    c->out.len == 0 && !wheel_is_set(&c->pause.timer);
         i++) {
        play_step(c);
        if (c->out.len > 0 && !c->dead) {
            flush(c);
        }
    }
    bool waits = c->out.len > 0 || wheel_is_set(&c->pause.timer);
    if (c->step != NULL && !c->dead && !c->close_when_sent && !waits) {
        loop_set(c->server->loop, &c->pause, 1);
    }
}

/* ---- SMTP ---- */

static void greet(struct session *c)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    enum lab_greeting g = c->service.greeting;
    c->greeted = true;
    if (c->state == STATE_WAIT) {
        c->state = STATE_COMMANDS;
    }
    if (c->service.flaky && c->visit % 3 == 2) {
        c->dead = true;
        return;
    }
    if (g == LAB_GREETING_SILENT || begin_script(c, HOSTILE_GREETING)) {
        return;
    }
    smtp_put_greeting(&text, &c->service);
    say(c, &text);
    c->close_when_sent = g == LAB_GREETING_CLOSE || g == LAB_GREETING_GARBAGE;
}

static void on_ehlo(struct session *c, struct span argument, bool helo)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    if (begin_script(c, c->tls_done ? HOSTILE_EHLO_IN_TLS : HOSTILE_EHLO)) {
        return;
    }
    if (c->tls_done && c->service.ehlo_tls_close) {
        c->dead = true;
        return;
    }
    if (c->tls_done && c->service.ehlo == LAB_EHLO_REFUSED_IN_TLS) {
        say_text(c, "550 5.7.1 Not in here\r\n");
        return;
    }
    switch (c->service.ehlo) {
    case LAB_EHLO_OK:
    case LAB_EHLO_REFUSED_IN_TLS:
    case LAB_EHLO_LONG_LINE:
    case LAB_EHLO_HUGE:
    case LAB_EHLO_EMPTY_LINE:
    case LAB_EHLO_CR_CR_LF:
    case LAB_EHLO_NUL:
    case LAB_EHLO_KEYWORD_SPACE_BEFORE:
    case LAB_EHLO_KEYWORD_SPACE_AFTER:
    case LAB_EHLO_KEYWORD_TAB_BEFORE:
    case LAB_EHLO_KEYWORD_TAB_AFTER:
    case LAB_EHLO_KEYWORD_PARAMETER:
    case LAB_EHLO_KEYWORD_EQUALS:
    case LAB_EHLO_KEYWORD_CODE:
    case LAB_EHLO_MIXED_CODES:
    case LAB_EHLO_MIXED_CLASSES:
    case LAB_EHLO_CODE_251:
    case LAB_EHLO_KEYWORD_FIRST_LINE:
    case LAB_EHLO_GARBAGE_IN_TLS:
    case LAB_EHLO_ECHO:
        if (helo) {
            smtp_put_helo(&text, &c->service);
        } else {
            smtp_put_ehlo(&text, &c->service, argument, c->tls_done);
        }
        break;
    case LAB_EHLO_BARE:
        smtp_put_helo(&text, &c->service);
        break;
    case LAB_EHLO_HELO_ONLY:
        if (helo) {
            smtp_put_helo(&text, &c->service);
        } else {
            buf_put_text(&text, "502 5.5.1 Command not implemented\r\n");
        }
        break;
    case LAB_EHLO_REJECTED:
        buf_put_text(&text, "550 5.7.1 Access denied\r\n");
        break;
    case LAB_EHLO_TEMPFAIL:
        buf_put_text(&text, "450 4.7.1 Try again later\r\n");
        break;
    case LAB_EHLO_CLOSE:
        c->dead = true;
        break;
    case LAB_EHLO_SILENT:
        c->state = STATE_DEAF;
        break;
    }
    say(c, &text);
}

static void await_hello(struct session *c)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    smtp_put_ready(&text, &c->service);
    say(c, &text);
    c->state = STATE_HELLO;
}

static void on_starttls(struct session *c)
{
    if (c->tls_done) {
        say_text(c, "503 5.5.1 TLS is active already\r\n");
        return;
    }
    if (begin_script(c, HOSTILE_STARTTLS)) {
        c->state = STATE_HELLO; /* what comes is a ClientHello, if anything */
        return;
    }
    switch (c->service.starttls) {
    case LAB_STARTTLS_OFFERED:
    case LAB_STARTTLS_LOWER_CASE:
    case LAB_STARTTLS_CODE_250:
    case LAB_STARTTLS_FLIPS:
    case LAB_STARTTLS_HIDDEN:
        await_hello(c);
        return;
    case LAB_STARTTLS_NONE:
    case LAB_STARTTLS_MASKED:
        say_text(c, "502 5.5.1 Command not implemented\r\n");
        return;
    case LAB_STARTTLS_TEMPFAIL:
        say_text(c, "454 4.7.0 TLS not available due to local problem\r\n");
        return;
    case LAB_STARTTLS_REJECTED:
        say_text(c, "502 5.5.1 TLS not available\r\n");
        return;
    case LAB_STARTTLS_TEMPFAIL_CLOSE:
        say_text(c, "454 4.7.0 TLS not available due to local problem\r\n");
        c->close_when_sent = true;
        return;
    case LAB_STARTTLS_CLOSING:
        say_text(c, "421 4.3.2 Service not available, closing channel\r\n");
        c->close_when_sent = true;
        return;
    case LAB_STARTTLS_REJECTED_CLOSE:
        say_text(c, "554 5.7.0 TLS not available\r\n");
        c->close_when_sent = true;
        return;
    case LAB_STARTTLS_CODE_354:
        say_text(c, "354 go ahead\r\n");
        return;
    case LAB_STARTTLS_NOT_A_REPLY:
        say_text(c, "what do you mean by that\r\n");
        return;
    case LAB_STARTTLS_INJECTED:
        await_hello(c);
        say_text(c, "250 injected text in clear\r\n");
        return;
    case LAB_STARTTLS_CLOSE:
        c->dead = true;
        return;
    case LAB_STARTTLS_SILENT:
        c->state = STATE_DEAF;
        return;
    }
    UNREACHABLE("unknown lab_starttls");
}

static void on_quit(struct session *c)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    counters_add(c->server->counters, TOTAL_quits);
    if (begin_script(c, HOSTILE_QUIT)) {
        return;
    }
    if (c->service.quit_silent) {
        c->state = STATE_DEAF;
        return;
    }
    smtp_put_bye(&text, &c->service);
    say(c, &text);
    if (c->tls_done) {
        ERR_clear_error();
        (void)SSL_shutdown(c->ssl);
        move_tls_out(c);
    }
    c->close_when_sent = true;
}

static void on_chunk(struct session *c, struct span argument)
{
    const uint8_t *space = argument.len ? memchr(argument.at, ' ', argument.len) : NULL;
    struct span size =
        span_take(argument, space != NULL ? (size_t)(space - argument.at) : argument.len);
    if (!text_to_u64(size, &c->chunk_left)) {
        say_text(c, "501 5.5.4 Syntax: BDAT count [LAST]\r\n");
    } else if (c->chunk_left == 0) {
        say_text(c, "250 2.0.0 Ok: taken\r\n");
    }
}

static struct span skip_chunk(struct session *c, struct span in)
{
    size_t part = c->chunk_left < in.len ? (size_t)c->chunk_left : in.len;
    c->chunk_left -= part;
    if (part > 0 && c->chunk_left == 0) {
        say_text(c, "250 2.0.0 Ok: taken\r\n");
    }
    return span_drop(in, part);
}

/* Mail is taken from everybody, for anybody (RFC 5321 section 4.1.1); a scan never comes here. */
static void on_mail_command(struct session *c, struct span verb, struct span argument)
{
    static const char *const taken[] = {"MAIL", "RCPT", "RSET", "NOOP"};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (span_ieq(verb, span_of(taken[i]))) {
            say_text(c, "250 2.0.0 Ok\r\n");
            return;
        }
    }
    if (span_ieq(verb, SPAN_LIT("BDAT"))) {
        on_chunk(c, argument);
        return;
    }
    c->in_message = span_ieq(verb, SPAN_LIT("DATA"));
    say_text(c, c->in_message ? "354 End data with <CR><LF>.<CR><LF>\r\n"
                              : "502 5.5.2 Error: command not recognized\r\n");
}

static void on_message_line(struct session *c, struct span line)
{
    if (span_eq(line, SPAN_LIT("."))) {
        c->in_message = false;
        say_text(c, "250 2.0.0 Ok: taken\r\n");
    }
}

static void on_line(struct session *c, struct span line)
{
    line = line.len > 0 && line.at[line.len - 1] == '\r' ? span_take(line, line.len - 1) : line;
    if (c->in_message) {
        on_message_line(c, line);
        return;
    }
    const uint8_t *space = line.len ? memchr(line.at, ' ', line.len) : NULL;
    c->commanded = true;
    struct span verb = span_take(line, space != NULL ? (size_t)(space - line.at) : line.len);
    struct span argument = space != NULL ? span_drop(line, verb.len + 1) : (struct span){0};
    if (span_ieq(verb, SPAN_LIT("EHLO"))) {
        on_ehlo(c, argument, false);
    } else if (span_ieq(verb, SPAN_LIT("HELO"))) {
        on_ehlo(c, argument, true);
    } else if (span_ieq(verb, SPAN_LIT("STARTTLS"))) {
        on_starttls(c);
    } else if (span_ieq(verb, SPAN_LIT("QUIT"))) {
        on_quit(c);
    } else {
        counters_add(c->server->counters, TOTAL_other_commands);
        on_mail_command(c, verb, argument);
    }
}

/* Commands in clear, or decrypted. What follows STARTTLS in the same segment is thrown away, as
 * RFC 3207 section 4.2 wants. */
static void on_plain(struct session *c, struct span in)
{
    unsigned lines = 0;
    while (in.len > 0 && !c->dead && c->state == STATE_COMMANDS && !c->close_when_sent) {
        if (c->chunk_left > 0) {
            in = skip_chunk(c, in);
            continue;
        }
        const uint8_t *lf = memchr(in.at, '\n', in.len);
        struct span part = span_take(in, lf != NULL ? (size_t)(lf - in.at) : in.len);
        if (!buf_append(&c->line, part)) {
            c->dead = true;
            return;
        }
        in = span_drop(in, part.len + (lf != NULL));
        if (lf != NULL) {
            if (++lines == 2) {
                counters_add(c->server->counters, TOTAL_pipelined);
            }
            on_line(c, buf_span(&c->line));
            buf_reset(&c->line);
        }
    }
}

/* ---- TLS ---- */

/* A handshake that is lost, here or behind it, is worth a second one, and so is one that fails with the name only. */
static bool is_asked_again(const struct service *s, bool sni)
{
    struct expected_session with;
    struct expected_session without;
    struct expected_client client = {.sni = true, .greeting_timeout_ms = UINT32_MAX};
    service_expect(s, &client, &with);
    client.sni = false;
    service_expect(s, &client, &without);
    enum session_outcome outcome = sni ? with.outcome : without.outcome;
    bool inside = s->hostile != NULL &&
                  (s->hostile->stage == HOSTILE_INSIDE || s->hostile->stage == HOSTILE_EHLO_IN_TLS);
    return inside || outcome == OUTCOME_TLS_TIMEOUT || outcome == OUTCOME_TLS_CLOSED ||
           outcome == OUTCOME_TLS_RESET || s->ehlo_tls_close ||
           s->trait == LAB_TRAIT_DEMANDS_CLIENT || s->lose > 0 ||
           (sni && outcome != OUTCOME_ESTABLISHED && without.outcome == OUTCOME_ESTABLISHED);
}

/* Without SNI a scan breaks the handshake off where the server waits, and rests on a whole one with SNI. One that is lost
 * before that is asked again as any. It makes one more, whole, where the two do not show the same: the leaf, the handshake, or what comes inside TLS; and
 * where it does not break off: before TLS 1.2, with a key share for P-384, with more than 100 certificates. */
static bool whole_one_follows(const struct service *s)
{
    struct expected_session with;
    struct expected_session without;
    struct expected_client client = {.sni = true, .greeting_timeout_ms = UINT32_MAX};
    service_expect(s, &client, &with);
    client.sni = false;
    service_expect(s, &client, &without);
    bool behind_flight = s->tls_fate == LAB_TLS_DH || s->hostile != NULL; /* or perhaps */
    if (!behind_flight &&
        (without.outcome == OUTCOME_TLS_TIMEOUT || without.outcome == OUTCOME_TLS_CLOSED ||
         without.outcome == OUTCOME_TLS_RESET)) {
        return false;
    }
    bool inside = s->hostile != NULL || s->ehlo_tls_close || s->starttls_again ||
                  s->trait == LAB_TRAIT_DEMANDS_CLIENT || s->ehlo == LAB_EHLO_REFUSED_IN_TLS ||
                  s->ehlo == LAB_EHLO_GARBAGE_IN_TLS;
    return with.outcome != OUTCOME_ESTABLISHED || without.outcome != OUTCOME_ESTABLISHED ||
           s->sni == LAB_SNI_SELECT || s->sni == LAB_SNI_STRICT || s->unstable || s->lose > 0 ||
           s->flaky || s->enough > 0 || inside || s->tls_max < 0x0303 ||
           s->plain.chain == LAB_CHAIN_MANY || (s->kex == LAB_KEX_P384 && s->tls_max == 0x0304);
}

static unsigned expected_visits(struct session *c)
{
    bool sni = c->sni[0] != '\0';
    unsigned chances = is_asked_again(&c->service, sni) ? 2 : 1;
    if (!sni) {
        unsigned short_one = whole_one_follows(&c->service) ? 1 : 0;
        return (short_one + chances) * (c->service.literal ? 2 : 1);
    }
    /* A client that sees another leaf with SNI asks once more, to tell SNI from mere change. */
    struct cert_choice with = service_cert(&c->service, true, 0);
    struct cert_choice without = service_cert(&c->service, false, 0);
    return chances * (with.identity != without.identity || c->service.unstable ? 2 : 1);
}

static void on_handshake_data(struct session *c, struct span in);

static void begin_handshake(struct session *c)
{
    struct service *s = &c->service;
    struct cert_choice cert = service_cert(s, c->sni[0] != '\0', c->visit);
    struct buf hello = c->hello;
    c->hello = BUF_INIT(HELLO_MAX);
    if (s->sni == LAB_SNI_WARNING && c->sni[0] != '\0' && s->tls_max <= 0x0303) {
        tls_put_alert(&c->out, false, 112);
    }
    c->ssl = tls_server_session(c->server->tls, s, &cert);
    c->state = STATE_HANDSHAKE;
    on_handshake_data(c, buf_span(&hello));
    buf_deinit(&hello);
}

/* What the library answers, and does not send. @param flight appended to */
static void make_flight(struct session *c, struct buf *flight)
{
    size_t before = c->out.len;
    begin_handshake(c);
    buf_put(flight, span_drop(buf_span(&c->out), before));
    c->out.len = before;
}

static void send_changed_flight(struct session *c)
{
    struct buf flight = BUF_INIT(BUF_NO_LIMIT);
    make_flight(c, &flight);
    struct cert_choice cert = service_cert(&c->service, c->sni[0] != '\0', c->visit);
    tls_put_changed_flight(c->server->tls, &c->out, buf_span(&flight), &c->service, &cert, c->ssl);
    c->close_when_sent = c->service.tls_fate == LAB_TLS_CLOSE_MIDWAY;
    c->state = STATE_DEAF;
    buf_deinit(&flight);
}

static void cut_flight(struct session *c)
{
    struct buf flight = BUF_INIT(BUF_NO_LIMIT);
    make_flight(c, &flight);
    tls_put_cut_flight(&c->out, buf_span(&flight));
    buf_deinit(&flight);
}

static void on_complete_hello(struct session *c, const struct offer *offer)
{
    const struct service *s = &c->service;
    bool named = c->sni[0] != '\0';
    if (begin_script(c, HOSTILE_HELLO)) {
        c->state = STATE_DEAF;
        return;
    }
    switch (s->tls_fate) {
    case LAB_TLS_OK:
        if ((s->sni == LAB_SNI_FATAL_UNKNOWN && named) ||
            (s->sni == LAB_SNI_STRICT && named && !s->own_known) ||
            (s->sni == LAB_SNI_FATAL_WITHOUT && !named)) {
            tls_put_alert(&c->out, true, 112);
            c->close_when_sent = true;
        } else {
            begin_handshake(c);
        }
        return;
    case LAB_TLS_SILENT:
        c->state = STATE_DEAF;
        return;
    case LAB_TLS_CLOSE:
        c->dead = true;
        return;
    case LAB_TLS_RESET:
        session_reset(c);
        return;
    case LAB_TLS_ALERT:
        tls_put_alert(&c->out, true, s->alert);
        c->close_when_sent = true;
        return;
    case LAB_TLS_SSLV3:
        tls_put_ssl3_hello(&c->out);
        c->state = STATE_DEAF;
        return;
    case LAB_TLS_GARBAGE:
        buf_put_text(&c->out, "500 5.5.2 Error: bad syntax\r\n");
        c->state = STATE_DEAF;
        return;
    case LAB_TLS_CLOSE_MIDWAY:
    case LAB_TLS_BAD_CERT:
    case LAB_TLS_NO_CERT:
    case LAB_TLS_BAD_LATER:
    case LAB_TLS_BAD_LIST:
    case LAB_TLS_GOST_LEAF:
    case LAB_TLS_LONG_REQUEST:
    case LAB_TLS_DH:
        send_changed_flight(c);
        return;
    case LAB_TLS_RAW:
        raw_suites_answer(&s->raw, offer, s->tls_min, s->tls_max, &c->out);
        c->close_when_sent = true;
        return;
    }
    UNREACHABLE("unknown lab_tls_fate");
}

static void on_hello_data(struct session *c, struct span in)
{
    struct offer offer;
    if (!buf_append(&c->hello, in)) {
        c->dead = true;
        return;
    }
    switch (tls_read_hello(buf_span(&c->hello), &offer)) {
    case HELLO_MORE:
        return;
    case HELLO_BAD:
        tls_put_alert(&c->out, true, 10); /* unexpected_message */
        c->close_when_sent = true;
        return;
    case HELLO_COMPLETE:
        break;
    }
    (void)snprintf(c->sni, sizeof(c->sni), "%.*s", (int)offer.sni.len,
                   offer.sni.len ? (const char *)offer.sni.at : "");
    if (offer.sni.len > 0) {
        world_service_for(c->server->world, &c->service, span_of(c->sni));
    }
    c->hello_seen = true;
    counters_visit(c->server->counters, &c->service.address, c->server->params.public_port,
                   span_of(c->sni), expected_visits(c));
    bool lost = c->service.lose > 0 && c->visit + 1 == c->service.lose;
    if (lost || (c->service.enough > 0 && c->visit >= c->service.enough)) {
        session_reset(c);
        return;
    }
    on_complete_hello(c, &offer);
}

static void read_decrypted(struct session *c)
{
    uint8_t plain[4096];
    while (!c->dead) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, plain, sizeof(plain));
        if (n <= 0) {
            int why = SSL_get_error(c->ssl, n);
            c->dead = c->dead || (why != SSL_ERROR_WANT_READ && !c->close_when_sent);
            return;
        }
        on_plain(c, (struct span){plain, (size_t)n});
    }
}

static void on_handshake_data(struct session *c, struct span in)
{
    CHECK(BIO_write(SSL_get_rbio(c->ssl), in.at, (int)in.len) == (int)in.len);
    if (!c->tls_done) {
        ERR_clear_error();
        int n = SSL_do_handshake(c->ssl);
        /* Not SSL_get_error(), which takes what the library says of an odd certificate for a failure. */
        bool waits = n != 1 && SSL_want_read(c->ssl);
        move_tls_out(c); /* an alert included */
        if (n != 1) {
            c->close_when_sent = c->close_when_sent || !waits;
            return;
        }
        c->tls_done = true;
        c->state = STATE_COMMANDS;
        counters_add(c->server->counters, TOTAL_established);
        if (c->server->params.implicit_tls) {
            greet(c);
        }
        if (begin_script(c, HOSTILE_INSIDE)) {
            c->state = STATE_DEAF;
            return;
        }
    }
    read_decrypted(c);
}

/* ---- events ---- */

static void on_octets(struct session *c, struct span in)
{
    if (c->close_when_sent) {
        return;
    }
    if (c->tls_done && c->state != STATE_DEAF) {
        on_handshake_data(c, in);
        return;
    }
    switch (c->state) {
    case STATE_WAIT:
        counters_add(c->server->counters, TOTAL_talked_before_greeting);
        c->dead = !buf_append(&c->line, in);
        return;
    case STATE_COMMANDS:
        on_plain(c, in);
        return;
    case STATE_HELLO:
        on_hello_data(c, in);
        return;
    case STATE_HANDSHAKE:
        on_handshake_data(c, in);
        return;
    case STATE_DEAF:
        return;
    }
    UNREACHABLE("unknown session_state");
}

static void on_readable(struct session *c)
{
    uint8_t octets[16384];
    ssize_t n = recv(c->source.fd, octets, sizeof(octets), 0);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        c->dead = true;
        return;
    }
    struct span in = {octets, (size_t)n};
    if (c->server->params.answer_ms == 0) {
        on_octets(c, in);
        return;
    }
    c->dead = !buf_append(&c->arrived, in);
    if (!wheel_is_set(&c->pause.timer)) {
        loop_set(c->server->loop, &c->pause, c->server->params.answer_ms);
    }
}

static void settle(struct session *c)
{
    if (!c->dead && (c->out.len > 0 || c->close_when_sent) &&
        !(c->service.octet_by_octet && wheel_is_set(&c->pause.timer))) {
        flush(c);
    }
    play_script(c);
    if (!c->dead && c->close_when_sent) {
        flush(c);
    }
    if (c->dead) {
        session_free(c);
    }
}

static void on_event(struct source *source, uint32_t events)
{
    struct session *c = CONTAINER_OF(source, struct session, source);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        on_readable(c);
    }
    settle(c);
}

static void on_pause_over(struct deadline *d)
{
    struct session *c = CONTAINER_OF(d, struct session, pause);
    if (c->service.reach == LAB_REACH_RESET) {
        session_reset(c);
    } else if (c->step != NULL) {
        settle(c); /* it goes on */
        return;
    } else if (!c->greeted && c->state == STATE_WAIT) {
        greet(c);
        struct buf early = c->line;
        c->line = BUF_INIT(LINE_MAX_LEN);
        on_plain(c, buf_span(&early));
        buf_deinit(&early);
    } else if (c->arrived.len > 0) {
        struct buf arrived = c->arrived;
        c->arrived = BUF_INIT(OUT_MAX);
        on_octets(c, buf_span(&arrived));
        buf_deinit(&arrived);
    }
    settle(c);
}

static void on_lifetime_over(struct deadline *d)
{
    session_free(CONTAINER_OF(d, struct session, lifetime));
}

static bool find_service(struct smtp_server *s, int fd, struct service *out)
{
    struct net_addr a;
    if (!listener_address(fd, &a)) {
        return false;
    }
    if (world_service(s->world, &a, out)) {
        return true;
    }
    counters_add(s->counters, TOTAL_unplanned_addresses);
    return false;
}

/* The client may have closed connections whose end this process has not come to yet. */
static void count_out_closed(struct smtp_server *s, const struct net_addr *address)
{
    struct net_addr network = net_addr_network(address);
    for (struct session *c = s->params.sessions->first; c != NULL; c = c->next) {
        struct net_addr other = net_addr_network(&c->service.address);
        struct tcp_info info;
        socklen_t len = sizeof(info);
        if (!c->counted_out && net_addr_eq(&network, &other) &&
            getsockopt(c->source.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
            info.tcpi_state != TCP_ESTABLISHED) {
            count_out(c);
        }
    }
}

/* When the handshake of TCP was completed, which may be a while before it is accepted. */
static uint64_t start_of(const struct smtp_server *s, int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);
    uint64_t ago = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0) {
        ago = info.tcpi_last_ack_recv;
    }
    return ago < s->loop->now_ms ? s->loop->now_ms - ago : 0;
}

static void begin_session(struct smtp_server *s, int fd)
{
    struct session *c = memory_new(1, sizeof(*c));
    int on = 1;
    c->source = (struct source){fd, on_event};
    c->server = s;
    if (!find_service(s, fd, &c->service) || !loop_add(s->loop, &c->source, EPOLLIN)) {
        (void)close(fd);
        free(c);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->pause.due = on_pause_over;
    c->lifetime.due = on_lifetime_over;
    c->arrived = BUF_INIT(OUT_MAX);
    c->line = BUF_INIT(LINE_MAX_LEN);
    c->hello = BUF_INIT(HELLO_MAX);
    c->out = BUF_INIT(OUT_MAX);
    c->next = s->params.sessions->first;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    s->params.sessions->first = c;
    if (counters_at_peak(s->counters, SIDE_MAIL, &c->service.address)) {
        c->counted_out = true; /* not yet in */
        count_out_closed(s, &c->service.address);
        c->counted_out = false;
    }
    c->visit = counters_begin(s->counters, SIDE_MAIL, &c->service.address, start_of(s, fd));
    if (c->service.starttls == LAB_STARTTLS_FLIPS && c->visit % 2 == 1) {
        c->service.starttls = LAB_STARTTLS_NONE;
    }
    if ((c->service.busy && c->visit >= c->service.enough) || c->visit < c->service.greylist) {
        c->service.greeting = LAB_GREETING_TEMPFAIL;
    }
    loop_set(s->loop, &c->lifetime, LIFETIME_MS);
    uint64_t wait = s->params.latency_ms + (uint64_t)c->service.greeting_delay_ms;
    if (s->params.implicit_tls) {
        if (c->service.reach == LAB_REACH_RESET) { /* where the client speaks first */
            c->service.reach = LAB_REACH_LIVE;
            c->service.tls_fate = LAB_TLS_RESET;
        }
        c->state = STATE_HELLO;
    } else if (c->service.reach == LAB_REACH_RESET) {
        loop_set(s->loop, &c->pause, wait + RESET_AFTER_MS);
    } else if (wait > 0) {
        loop_set(s->loop, &c->pause, wait);
    } else {
        greet(c);
    }
    settle(c);
}

static void on_accept(struct source *source, uint32_t events)
{
    struct smtp_server *s = CONTAINER_OF(source, struct smtp_server, source);
    (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        begin_session(s, fd);
    }
}

struct smtp_server *smtp_server_new(struct loop *loop, const struct smtp_server_params *params,
                                    const struct world *world, struct tls_server *tls,
                                    struct counters *counters)
{
    int fd = listener_tcp(params->device, params->local_port);
    if (fd < 0) {
        return NULL;
    }
    if (params->processes > 1 && params->device == NULL) {
        listener_pin(fd, params->processes);
    }
    struct smtp_server *s = memory_new(1, sizeof(*s));
    s->source = (struct source){fd, on_accept};
    s->loop = loop;
    s->params = *params;
    s->world = world;
    s->tls = tls;
    s->counters = counters;
    CHECK(loop_add(loop, &s->source, EPOLLIN));
    return s;
}

void smtp_server_free(struct smtp_server *s)
{
    if (s != NULL) {
        (void)close(s->source.fd);
        free(s);
    }
}
