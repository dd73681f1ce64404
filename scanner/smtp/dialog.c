#include "scanner/smtp/dialog.h"

#include "scanner/base/check.h"

/* The step whose reply a state waits for. */
static enum smtp_step step_of(enum dialog_state s)
{
    switch (s) {
    case DIALOG_GREETING:
        return SMTP_STEP_GREETING;
    case DIALOG_EHLO:
        return SMTP_STEP_EHLO;
    case DIALOG_HELO:
        return SMTP_STEP_HELO;
    case DIALOG_STARTTLS:
        return SMTP_STEP_STARTTLS;
    case DIALOG_EHLO_TLS:
        return SMTP_STEP_EHLO_TLS;
    case DIALOG_QUIT:
        return SMTP_STEP_QUIT;
    case DIALOG_TLS:
    case DIALOG_DONE:
    case DIALOG_FAILED:
        break;
    }
    UNREACHABLE("no reply is due in this state");
}

static bool awaits_reply(const struct dialog *d)
{
    return d->state != DIALOG_TLS && d->state != DIALOG_DONE && d->state != DIALOG_FAILED;
}

static void dialog_decide(struct dialog *d, enum session_outcome o)
{
    if (d->outcome == OUTCOME_NOT_TESTED) {
        d->outcome = o;
    }
}

static void note_quirk(struct dialog *d, enum smtp_quirk q)
{
    uint16_t news = smtp_quirk_bit(q) & (uint16_t)~d->seen.quirks;
    d->seen.quirks |= d->state != DIALOG_QUIT ? smtp_quirk_bit(q) : 0; /* a goodbye may stray */
    if (d->tls_done && d->state == DIALOG_EHLO_TLS && (news & SMTP_LINE_QUIRKS) != 0) {
        d->seen.forms |= smtp_form_bit(SMTP_FORM_ODD_LINE_IN_TLS);
    }
}

static void note_form(struct dialog *d, enum smtp_form f, bool is)
{
    d->seen.forms |= is && d->state != DIALOG_QUIT ? smtp_form_bit(f) : 0;
}

static void put_hello(struct dialog *d, const char *verb)
{
    buf_put_text(&d->out, verb);
    buf_put_text(&d->out, d->ehlo_name);
    buf_put_text(&d->out, "\r\n");
}

/* Enters a state and sends what it begins with. */
static void dialog_enter(struct dialog *d, enum dialog_state next)
{
    d->state = next;
    reply_start(&d->reply, &d->text);
    d->ehlo = (struct ehlo_reading){0};
    switch (next) {
    case DIALOG_EHLO:
    case DIALOG_EHLO_TLS:
        put_hello(d, "EHLO ");
        break;
    case DIALOG_HELO:
        put_hello(d, "HELO ");
        break;
    case DIALOG_STARTTLS:
        buf_put_text(&d->out, "STARTTLS\r\n");
        break;
    case DIALOG_QUIT:
        buf_put_text(&d->out, "QUIT\r\n");
        break;
    case DIALOG_FAILED:
        buf_reset(&d->out); /* nobody is there to read it */
        break;
    case DIALOG_GREETING:
    case DIALOG_TLS:
    case DIALOG_DONE:
        break;
    }
}

/* What a 4xx or 5xx says, by the state in which it came. */
static void dialog_refuse(struct dialog *d, uint16_t code)
{
    bool temporary = code < 500;
    if (d->tls_done) {
        note_quirk(d, SMTP_QUIRK_REFUSED_AFTER_TLS);
    }
    switch (d->state) {
    case DIALOG_GREETING:
        dialog_decide(d, temporary ? OUTCOME_GREETING_TEMPFAIL : OUTCOME_GREETING_REJECTED);
        break;
    case DIALOG_EHLO:
        dialog_decide(d, temporary ? OUTCOME_EHLO_TEMPFAIL : OUTCOME_EHLO_REJECTED);
        break;
    case DIALOG_STARTTLS:
        d->seen.starttls = temporary ? STARTTLS_TEMPFAIL : STARTTLS_REJECTED;
        dialog_decide(d, temporary ? OUTCOME_STARTTLS_TEMPFAIL : OUTCOME_STARTTLS_REJECTED);
        break;
    case DIALOG_HELO:
        dialog_decide(d, OUTCOME_EHLO_REJECTED);
        break;
    case DIALOG_EHLO_TLS:
    case DIALOG_QUIT:
    case DIALOG_TLS:
    case DIALOG_DONE:
    case DIALOG_FAILED:
        break;
    }
}

/* The channel is of no more use, because the peer does not speak SMTP on it. */
static void fail_not_smtp(struct dialog *d)
{
    if (d->tls_done) {
        note_quirk(d, SMTP_QUIRK_REFUSED_AFTER_TLS);
    }
    if (d->state == DIALOG_STARTTLS) {
        d->seen.starttls = STARTTLS_REJECTED;
        dialog_decide(d, OUTCOME_STARTTLS_REJECTED);
    } else if (d->state == DIALOG_HELO) {
        dialog_decide(d, OUTCOME_EHLO_REJECTED);
    }
    dialog_decide(d, OUTCOME_NOT_SMTP);
    dialog_enter(d, d->state == DIALOG_QUIT ? DIALOG_DONE : DIALOG_FAILED);
}

/* Keeps the first octets that were no reply. */
static void note_bad(struct dialog *d, struct span octets)
{
    if (d->bad_len > 0) {
        return;
    }
    octets = span_take(octets, DIALOG_EXCERPT_MAX);
    if (octets.len > 0) {
        memcpy(d->bad, octets.at, octets.len);
    }
    d->bad_len = octets.len;
}

/* Postfix 3.7 drops them and shakes hands, Exim 4.96 gives TLS up: neither takes them for SMTP. */
static void inject(struct dialog *d, struct span in)
{
    if (d->seen.injected_len == 0) {
        d->injected.at = (uint32_t)d->text.len;
    }
    uint32_t room = UINT32_MAX - d->seen.injected_len;
    d->seen.injected_len += in.len < room ? (uint32_t)in.len : room;
    struct span kept = span_take(in, DIALOG_EXCERPT_MAX - d->injected.len);
    buf_put(&d->text, kept);
    d->injected.len += (uint32_t)kept.len;
    d->seen.starttls = STARTTLS_INJECTED;
    note_quirk(d, SMTP_QUIRK_INJECTED);
}

static void keep_reply(struct dialog *d, struct span text, uint16_t code)
{
    enum smtp_step step = step_of(d->state);
    d->seen.reply[step].code = code;
    d->seen.reply[step].truncated = d->reply.truncated;
    d->pieces[step] = (struct dialog_piece){(uint32_t)d->reply.start, (uint32_t)text.len};
}

/* A reply that answers nothing we sent. Behind the greeting it is kept as part of it, so that the
 * record shows what came; elsewhere it is only noted. */
static void pass_over_reply(struct dialog *d)
{
    d->seen.early_talker |= d->state != DIALOG_QUIT;
    struct dialog_piece *greeting = &d->pieces[SMTP_STEP_GREETING];
    size_t end = d->reply.start + reply_text(&d->reply).len;
    if (d->state == DIALOG_EHLO && end > d->reply.start && !d->reply.truncated &&
        d->reply.start == greeting->at + greeting->len + 1 &&
        end - greeting->at <= REPLY_TEXT_MAX) {
        greeting->len = (uint32_t)(end - greeting->at);
    } else {
        d->seen.reply[SMTP_STEP_GREETING].truncated |= d->state == DIALOG_EHLO;
        d->text.len = d->reply.start;
    }
    reply_start(&d->reply, &d->text);
    d->ehlo = (struct ehlo_reading){0};
}

static void on_greeting(struct dialog *d, uint16_t code)
{
    if (code == 220) {
        dialog_enter(d, DIALOG_EHLO);
    } else if (code >= 400) {
        dialog_refuse(d, code);
        dialog_enter(d, DIALOG_QUIT);
    } else {
        fail_not_smtp(d);
    }
}

static void on_no_starttls(struct dialog *d)
{
    if (d->ehlo.masked) {
        d->seen.starttls = STARTTLS_MASKED;
        dialog_decide(d, OUTCOME_STARTTLS_MASKED);
    } else if (tarpit_is_one(&d->tarpit, d->ehlo.lines)) {
        dialog_decide(d, OUTCOME_TARPIT);
    } else {
        d->seen.starttls = STARTTLS_NOT_OFFERED;
        dialog_decide(d, OUTCOME_STARTTLS_NOT_OFFERED);
    }
    dialog_enter(d, DIALOG_QUIT);
}

/* The list that stands in clear. */
static void on_ehlo(struct dialog *d, uint16_t code)
{
    d->seen.forms |= code < 300 ? d->ehlo.forms : 0;
    if (code < 300 && d->ehlo.starttls) {
        if (!d->ehlo.starttls_upper) {
            note_quirk(d, SMTP_QUIRK_KEYWORD_CASE);
        }
        dialog_enter(d, DIALOG_STARTTLS);
    } else if (code < 300) {
        on_no_starttls(d);
    } else if (code >= 500) {
        dialog_enter(d, DIALOG_HELO); /* RFC 5321 section 3.2; its reply decides */
    } else {
        dialog_refuse(d, code >= 400 ? code : 500);
        dialog_enter(d, DIALOG_QUIT);
    }
}

static void on_ehlo_in_tls(struct dialog *d, uint16_t code)
{
    if (code < 300) {
        d->seen.starttls_again = d->ehlo.starttls;
    } else {
        dialog_refuse(d, code);
    }
    dialog_enter(d, DIALOG_QUIT);
}

static void on_helo(struct dialog *d, uint16_t code)
{
    if (code < 300) {
        d->seen.starttls = STARTTLS_NOT_OFFERED;
        dialog_decide(d, OUTCOME_HELO_ONLY);
    } else {
        dialog_refuse(d, code);
    }
    dialog_enter(d, DIALOG_QUIT);
}

/* RFC 3207 section 4 knows 220 alone, but senders go by the first digit (RFC 5321 section 4.2): what
 * they would meet is behind the handshake. */
static void on_starttls(struct dialog *d, uint16_t code)
{
    if (code < 300) {
        d->seen.starttls = STARTTLS_OFFERED;
        dialog_enter(d, DIALOG_TLS);
        return;
    }
    dialog_refuse(d, code >= 400 ? code : 500);
    dialog_enter(d, DIALOG_QUIT);
}

static struct span piece_span(const struct dialog *d, struct dialog_piece piece)
{
    return piece.len > 0 ? (struct span){d->text.at + piece.at, piece.len} : (struct span){0};
}

static void note_hello_forms(struct dialog *d)
{
    struct span greeting = piece_span(d, d->pieces[SMTP_STEP_GREETING]);
    d->seen.forms |=
        ehlo_reply_forms(reply_text(&d->reply), d->reply.code, greeting, span_of(d->ehlo_name));
}

/* Decides where a complete reply leads. */
static void on_reply(struct dialog *d)
{
    uint16_t code = d->reply.code;
    bool asked = d->out.len == 0;
    bool hello = d->state == DIALOG_EHLO || d->state == DIALOG_EHLO_TLS;
    bool unasked = !asked && (code != 421 || d->state == DIALOG_QUIT);
    if (unasked || (hello && code == 220 && d->reply.first == 220)) {
        pass_over_reply(d);
        return;
    }
    buf_reset(
        &d->out); /* 421 comes unasked (RFC 5321 section 3.8); no command stands before QUIT */
    keep_reply(d, reply_text(&d->reply), code);
    if (hello || d->state == DIALOG_HELO) {
        note_hello_forms(d);
    }
    d->stamp_due |= (uint8_t)(1U << step_of(d->state));
    switch (d->state) {
    case DIALOG_GREETING:
        on_greeting(d, code);
        return;
    case DIALOG_EHLO:
    case DIALOG_EHLO_TLS:
        if (d->tls_done) {
            on_ehlo_in_tls(d, code);
        } else {
            on_ehlo(d, code);
        }
        return;
    case DIALOG_HELO:
        on_helo(d, code);
        return;
    case DIALOG_STARTTLS:
        on_starttls(d, code);
        return;
    case DIALOG_QUIT:
        dialog_enter(d, DIALOG_DONE);
        return;
    case DIALOG_TLS:
    case DIALOG_DONE:
    case DIALOG_FAILED:
        break;
    }
    UNREACHABLE("a state that takes no reply");
}

/* What one line tells by itself, kept or not. */
static void dialog_on_line(struct dialog *d)
{
    struct span line = d->reply.line;
    bool greeting = d->state == DIALOG_GREETING ||
                    (d->state == DIALOG_EHLO && d->reply.first == 220 && d->reply.code == 220);
    if (greeting) {
        d->shows_greeting |= !greeting_hides_itself(line);
        d->seen.forms &= (uint16_t)~smtp_form_bit(SMTP_FORM_HIDDEN_GREETING);
        note_form(d, SMTP_FORM_HIDDEN_GREETING, d->reply.code == 220 && !d->shows_greeting);
        d->seen.greeting_multiline |= line.len > 3 && line.at[3] == '-';
        d->says_esmtp |= greeting_says_esmtp(line);
        d->seen.greeting_without_esmtp = d->reply.code == 220 && !d->says_esmtp;
        tarpit_note_greeting(&d->tarpit, line);
    } else {
        tarpit_note_reply(&d->tarpit, line);
        ehlo_read_line(&d->ehlo, line);
    }
}

/* What is empty before the reply to EHLO begins is the greeting's, whenever it comes. */
static void on_empty_line(struct dialog *d)
{
    bool greeting = d->state == DIALOG_GREETING || (d->state == DIALOG_EHLO && d->reply.code == 0);
    note_quirk(d, greeting ? SMTP_QUIRK_EMPTY_LINE_GREETING : SMTP_QUIRK_EMPTY_LINE_REPLY);
}

/* A line that is none of a reply. Postfix 3.7 reads on behind any, and what it meets there counts.
 * @return false when reading on is no use. */
static bool on_bad_line(struct dialog *d)
{
    struct span line = d->reply.line;
    if (d->state == DIALOG_QUIT) {
        note_bad(d, line);
        return d->out.len > 0; /* QUIT is still to be sent */
    }
    if (reply_line_is_foreign(line)) {
        return false;
    }
    if (line.len == 0) {
        on_empty_line(d);
    } else {
        note_quirk(d, SMTP_QUIRK_GARBAGE_LINE);
        note_bad(d, line);
    }
    return true;
}

static bool has_text(struct span octets)
{
    while (octets.len > 0 && (octets.at[0] == '\r' || octets.at[0] == '\n')) {
        octets = span_drop(octets, 1);
    }
    return octets.len > 0;
}

static enum reply_status feed_reply(struct dialog *d, struct span *in)
{
    struct span part = *in;
    enum reply_status status = reply_feed(&d->reply, in);
    part = span_take(part, part.len - in->len);
    d->seen.early_talker |= d->out.len > 0 && d->state != DIALOG_QUIT && has_text(part);
    d->seen.line_too_long |= d->reply.line_too_long;
    if (d->reply.cr_cr_lf) {
        note_quirk(d, SMTP_QUIRK_CR_CR_LF);
    }
    if (d->reply.nul) {
        note_quirk(d, SMTP_QUIRK_NUL);
    }
    note_form(d, SMTP_FORM_MIXED_CODES, d->reply.codes_differ);
    note_form(d, SMTP_FORM_MIXED_CLASSES, d->reply.classes_differ);
    return status;
}

/* Takes octets from the front of `*in`, at most up to the end of one line. */
static void dialog_take_line(struct dialog *d, struct span *in)
{
    switch (feed_reply(d, in)) {
    case REPLY_MORE:
        return;
    case REPLY_LINE:
        dialog_on_line(d);
        return;
    case REPLY_DONE:
        dialog_on_line(d);
        on_reply(d);
        return;
    case REPLY_BAD:
        if (on_bad_line(d)) {
            return;
        }
        break;
    case REPLY_OVER:
        break;
    }
    note_bad(d, d->reply.line);
    keep_reply(d, reply_text(&d->reply), d->reply.code);
    fail_not_smtp(d);
}

/* The peer will say no more: keeps what there is of its reply. @return false when that is no SMTP: all
 * of a greeting is noise, or it breaks off in the words of another protocol. */
static bool keep_unfinished(struct dialog *d)
{
    struct span text = reply_text(&d->reply);
    struct span partial = reply_partial(&d->reply);
    if (!reply_is_prefix(partial)) {
        note_bad(d, partial);
        keep_reply(d, text, d->reply.code);
        bool begun = d->state != DIALOG_GREETING || d->reply.code != 0;
        return begun && !reply_line_is_foreign(partial);
    }
    while (partial.len > 0 && partial.at[partial.len - 1] == '\r') {
        partial.len--;
    }
    uint16_t code = reply_line_code(partial);
    d->reply.code = code != 0 ? code : d->reply.code;
    size_t whole = d->text.len - d->reply.start;
    if (partial.len > 0 && !d->reply.truncated && whole <= REPLY_TEXT_MAX) {
        text = (struct span){d->text.at + d->reply.start,
                             d->reply.line_start - d->reply.start + partial.len};
    }
    if (text.len > 0) {
        keep_reply(d, text, d->reply.code);
    }
    return d->state != DIALOG_GREETING || d->reply.code != 0 || d->bad_len == 0;
}

/* The end of the dialogue from outside; `cause` unless the peer had said why before. */
static void dialog_end(struct dialog *d, enum session_outcome cause, enum smtp_quirk inside_tls)
{
    if (d->state == DIALOG_DONE || d->state == DIALOG_FAILED) {
        return;
    }
    bool quitting = d->state == DIALOG_QUIT;
    if (awaits_reply(d)) {
        if (!keep_unfinished(d)) {
            fail_not_smtp(d);
        } else if (d->reply.code >= 400) {
            dialog_refuse(d, d->reply.code);
        } else if (d->tls_done) {
            note_quirk(d, inside_tls);
        }
    }
    dialog_decide(d, cause);
    bool closed = inside_tls == SMTP_QUIRK_LOST_AFTER_TLS;
    dialog_enter(d, DIALOG_FAILED);
    if (quitting) {
        bool refused =
            d->seen.starttls == STARTTLS_TEMPFAIL || d->seen.starttls == STARTTLS_REJECTED;
        note_form(d, SMTP_FORM_CLOSED_AFTER_REFUSAL,
                  closed && refused && d->seen.reply[SMTP_STEP_QUIT].code == 0);
        d->state = DIALOG_DONE;
    }
}

/* The text may have moved. */
static void bind_spans(struct dialog *d)
{
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        d->seen.reply[i].text = piece_span(d, d->pieces[i]);
    }
    d->seen.injected = piece_span(d, d->injected);
    d->seen.bad = (struct span){d->bad, d->bad_len};
}

static void dialog_begin(struct dialog *d, struct buf out, struct buf text, const char *ehlo_name,
                         bool implicit_tls)
{
    *d = (struct dialog){
        .out = out,
        .text = text,
        .ehlo_name = ehlo_name,
        .implicit_tls = implicit_tls,
    };
    buf_reset(&d->out);
    buf_reset(&d->text);
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        d->seen.reply[i].ms = -1;
    }
    if (implicit_tls) {
        d->seen.starttls = STARTTLS_OFFERED;
    }
    dialog_enter(d, implicit_tls ? DIALOG_TLS : DIALOG_GREETING);
}

void dialog_init(struct dialog *d, const char *ehlo_name, bool implicit_tls)
{
    dialog_begin(d, BUF_INIT(DIALOG_OUT_MAX), BUF_INIT(DIALOG_TEXT_MAX), ehlo_name, implicit_tls);
}

void dialog_reset(struct dialog *d, const char *ehlo_name, bool implicit_tls)
{
    dialog_begin(d, d->out, d->text, ehlo_name, implicit_tls);
}

void dialog_deinit(struct dialog *d)
{
    buf_deinit(&d->out);
    buf_deinit(&d->text);
}

void dialog_feed(struct dialog *d, struct span in)
{
    while (in.len > 0 && awaits_reply(d)) {
        dialog_take_line(d, &in);
    }
    if (in.len > 0 && d->state == DIALOG_TLS) {
        CHECK(!d->implicit_tls);
        inject(d, in);
    }
    bind_spans(d);
}

void dialog_tls_established(struct dialog *d)
{
    CHECK(d->state == DIALOG_TLS);
    d->tls_done = true;
    dialog_decide(d, OUTCOME_ESTABLISHED);
    dialog_enter(d, d->implicit_tls ? DIALOG_GREETING : DIALOG_EHLO_TLS);
}

void dialog_tls_failed(struct dialog *d, enum session_outcome why)
{
    CHECK(d->state == DIALOG_TLS);
    dialog_decide(d, why);
    dialog_enter(d, DIALOG_FAILED);
}

/* What silence or the end of the connection means, by the state in which it is met. */
static enum session_outcome end_outcome(enum dialog_state s, bool closed, bool reset)
{
    switch (s) {
    case DIALOG_GREETING:
        return closed ? OUTCOME_GREETING_CLOSED : OUTCOME_GREETING_TIMEOUT;
    case DIALOG_EHLO:
        return closed ? OUTCOME_EHLO_CLOSED : OUTCOME_EHLO_TIMEOUT;
    case DIALOG_HELO:
        return OUTCOME_EHLO_REJECTED; /* that much is known */
    case DIALOG_STARTTLS:
        return closed ? OUTCOME_STARTTLS_CLOSED : OUTCOME_STARTTLS_TIMEOUT;
    case DIALOG_TLS:
        return reset ? OUTCOME_TLS_RESET : closed ? OUTCOME_TLS_CLOSED : OUTCOME_TLS_TIMEOUT;
    case DIALOG_EHLO_TLS: /* decided long before */
    case DIALOG_QUIT:
    case DIALOG_DONE:
    case DIALOG_FAILED:
        break;
    }
    return OUTCOME_NOT_TESTED;
}

void dialog_octets_exceeded(struct dialog *d)
{
    if (awaits_reply(d)) {
        fail_not_smtp(d);
    }
    bind_spans(d);
}

void dialog_timeout(struct dialog *d)
{
    dialog_end(d, end_outcome(d->state, false, false), SMTP_QUIRK_SILENT_AFTER_TLS);
    bind_spans(d);
}

void dialog_closed(struct dialog *d, bool reset)
{
    dialog_end(d, end_outcome(d->state, true, reset), SMTP_QUIRK_LOST_AFTER_TLS);
    bind_spans(d);
}

void dialog_stamp(struct dialog *d, int32_t ms)
{
    bool greeting = d->state == DIALOG_GREETING;
    tarpit_note_pace(&d->tarpit, greeting && reply_partial(&d->reply).len > 0, ms);
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        if (((unsigned)d->stamp_due >> i & 1U) != 0 && d->seen.reply[i].ms < 0) {
            d->seen.reply[i].ms = ms;
        }
    }
    d->stamp_due = 0;
}

bool dialog_wants_close(const struct dialog *d)
{
    return (d->state == DIALOG_DONE || d->state == DIALOG_FAILED) && d->out.len == 0;
}
