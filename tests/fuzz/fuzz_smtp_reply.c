#include "scanner/base/check.h"
#include "scanner/smtp/ehlo.h"
#include "scanner/smtp/reply.h"
#include "scanner/smtp/tarpit.h"

struct reading {
    struct buf text;
    struct reply_parser reply;
    struct ehlo_reading ehlo;
    struct tarpit_signs tarpit;
    size_t foreign; /* lines of another protocol */
    enum reply_status status;
    size_t left;
};

static void feed(struct reading *r, struct span in)
{
    while (in.len > 0 && r->status != REPLY_DONE && r->status != REPLY_OVER) {
        r->status = reply_feed(&r->reply, &in);
        if (r->status == REPLY_LINE || r->status == REPLY_DONE) {
            ehlo_read_line(&r->ehlo, r->reply.line);
            (void)greeting_says_esmtp(r->reply.line);
            (void)greeting_hides_itself(r->reply.line);
            tarpit_note_greeting(&r->tarpit, r->reply.line);
            tarpit_note_reply(&r->tarpit, r->reply.line);
        } else if (r->status == REPLY_BAD) {
            r->foreign += reply_line_is_foreign(r->reply.line);
        }
    }
    r->left += in.len;
}

static void start(struct reading *r)
{
    *r = (struct reading){.text = BUF_INIT(REPLY_TEXT_MAX + 1 + REPLY_LINE_MAX)};
    reply_start(&r->reply, &r->text);
}

/* First two octets: where to cut. Rest: the stream. Both feedings must agree, and reading the
 * recorded text must find what reading the lines found. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct span all = {data + 2, size - 2};
    size_t cut = ((size_t)data[0] << 8 | data[1]) % (all.len + 1);
    struct reading whole;
    struct reading parts;
    start(&whole);
    start(&parts);
    feed(&whole, all);
    feed(&parts, span_take(all, cut));
    feed(&parts, span_drop(all, cut));
    CHECK(whole.status == parts.status && whole.left == parts.left);
    CHECK(whole.reply.code == parts.reply.code);
    CHECK(whole.reply.cr_cr_lf == parts.reply.cr_cr_lf && whole.reply.nul == parts.reply.nul);
    CHECK(whole.reply.codes_differ == parts.reply.codes_differ);
    CHECK(!whole.reply.classes_differ || whole.reply.codes_differ);
    CHECK(whole.ehlo.forms == parts.ehlo.forms && (whole.ehlo.forms == 0 || !whole.ehlo.plain));
    CHECK(whole.foreign == parts.foreign && whole.tarpit.says_so == parts.tarpit.says_so);
    CHECK(!whole.ehlo.starttls_upper || whole.ehlo.starttls);
    CHECK(span_eq(reply_text(&whole.reply), reply_text(&parts.reply)));
    CHECK(span_eq(reply_partial(&whole.reply), reply_partial(&parts.reply)));
    CHECK(whole.ehlo.starttls == parts.ehlo.starttls && whole.ehlo.masked == parts.ehlo.masked);
    if (!whole.reply.truncated) {
        bool found = ehlo_has_keyword(reply_text(&whole.reply), SPAN_LIT("STARTTLS"));
        bool equals = (whole.ehlo.forms & smtp_form_bit(SMTP_FORM_KEYWORD_EQUALS)) != 0;
        CHECK(!found || whole.ehlo.starttls);
        CHECK(found || !whole.ehlo.starttls || equals);
    }
    (void)ehlo_domain(reply_text(&whole.reply));
    (void)reply_is_prefix(reply_partial(&whole.reply));
    buf_deinit(&whole.text);
    buf_deinit(&parts.text);
    return 0;
}
