#include "scanner/base/check.h"
#include "scanner/smtp/dialog.h"

/*
 * A conversation: what the peer says, with an octet above 0xf8 wherever something else happens.
 * SENT: `out` has left. It is led twice, with whole segments and octet by octet, and both must
 * show the same.
 */
enum mark {
    MARK_SENT = 0xff,
    MARK_ESTABLISHED = 0xfe,
    MARK_TLS_FAILED = 0xfd,
    MARK_TIMEOUT = 0xfc,
    MARK_CLOSED = 0xfb,
    MARK_RESET = 0xfa,
    MARK_IMPLICIT = 0xf9, /* only at the front */
};

static void check_invariants(const struct dialog *d)
{
    bool final = d->state == DIALOG_DONE || d->state == DIALOG_FAILED;
    CHECK(!final || d->outcome != OUTCOME_NOT_TESTED);
    CHECK(d->text.len <= DIALOG_TEXT_MAX && d->out.len <= DIALOG_OUT_MAX);
    CHECK(d->seen.bad.len <= DIALOG_EXCERPT_MAX && d->seen.injected.len <= DIALOG_EXCERPT_MAX);
    bool injected = (d->seen.quirks & smtp_quirk_bit(SMTP_QUIRK_INJECTED)) != 0;
    CHECK(injected == (d->seen.injected_len > 0));
    CHECK(injected == (d->seen.starttls == STARTTLS_INJECTED));
    CHECK((d->outcome == OUTCOME_ESTABLISHED) == d->tls_done);
    /* Never pipelines: one line at most is waiting. */
    const uint8_t *nl = d->out.len > 0 ? memchr(d->out.at, '\n', d->out.len) : NULL;
    CHECK(nl == NULL || nl + 1 == d->out.at + d->out.len);
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        CHECK(d->seen.reply[i].text.len <= REPLY_TEXT_MAX);
    }
}

/* @return false when the mark ends the conversation. */
static bool on_mark(struct dialog *d, uint8_t mark)
{
    switch (mark) {
    case MARK_SENT:
        buf_reset(&d->out);
        return true;
    case MARK_ESTABLISHED:
        if (d->state == DIALOG_TLS) {
            dialog_tls_established(d);
        }
        return true;
    case MARK_TLS_FAILED:
        if (d->state == DIALOG_TLS) {
            dialog_tls_failed(d, OUTCOME_TLS_ALERT);
        }
        return true;
    case MARK_TIMEOUT:
        dialog_timeout(d);
        return true;
    case MARK_CLOSED:
    case MARK_RESET:
        dialog_closed(d, mark == MARK_RESET);
        return false;
    default:
        return true;
    }
}

static void say(struct dialog *d, struct span in, bool each)
{
    size_t step = each ? 1 : in.len;
    for (; in.len > 0; in = span_drop(in, step)) {
        if (d->implicit_tls && d->state == DIALOG_TLS) {
            return; /* would be the handshake's */
        }
        dialog_feed(d, span_take(in, step));
        dialog_stamp(d, 1);
        check_invariants(d);
    }
}

static void lead(struct dialog *d, struct span all, bool each)
{
    bool implicit = all.len > 0 && all.at[0] == MARK_IMPLICIT;
    dialog_init(d, "probe.test", implicit);
    while (all.len > 0) {
        size_t len = 0;
        while (len < all.len && all.at[len] < MARK_IMPLICIT) {
            len++;
        }
        say(d, span_take(all, len), each);
        all = span_drop(all, len);
        if (all.len > 0) {
            bool more = on_mark(d, all.at[0]);
            check_invariants(d);
            all = more ? span_drop(all, 1) : (struct span){0};
        }
    }
    dialog_timeout(d);
    dialog_timeout(d);
    check_invariants(d);
    CHECK(dialog_wants_close(d));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {data, size};
    struct dialog whole;
    struct dialog parts;
    lead(&whole, all, false);
    lead(&parts, all, true);
    const struct seen_smtp *a = &whole.seen;
    const struct seen_smtp *b = &parts.seen;
    CHECK(whole.state == parts.state && whole.outcome == parts.outcome);
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        CHECK(a->reply[i].code == b->reply[i].code);
        CHECK(a->reply[i].truncated == b->reply[i].truncated);
        CHECK(a->reply[i].ms == b->reply[i].ms);
        CHECK(span_eq(a->reply[i].text, b->reply[i].text));
    }
    CHECK(a->starttls == b->starttls && a->starttls_again == b->starttls_again);
    CHECK(a->greeting_multiline == b->greeting_multiline);
    CHECK(a->greeting_without_esmtp == b->greeting_without_esmtp);
    CHECK(a->early_talker == b->early_talker && a->line_too_long == b->line_too_long);
    CHECK(a->quirks == b->quirks && a->forms == b->forms);
    CHECK(a->injected_len == b->injected_len && span_eq(a->injected, b->injected));
    CHECK(span_eq(a->bad, b->bad));
    dialog_deinit(&whole);
    dialog_deinit(&parts);
    return 0;
}
