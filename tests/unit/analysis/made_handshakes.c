#include "tests/unit/analysis/made_handshakes.h"

#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"

#define SHORT_MAX 127 /* octets: one octet of length in DER */

/* A value in DER around the octets from `at` to the end of `b`. */
static void wrap(struct buf *b, size_t at, uint8_t tag)
{
    size_t len = b->len - at;
    CHECK(len <= SHORT_MAX && buf_room(b, 2) != NULL);
    memmove(b->at + at + 2, b->at + at, len);
    b->at[at] = tag;
    b->at[at + 1] = (uint8_t)len;
    b->len += 2;
}

static void put_value(struct buf *b, uint8_t tag, struct span body)
{
    size_t at = b->len;
    buf_put(b, body);
    wrap(b, at, tag);
}

static void put_subject(struct buf *b, const char *cn)
{
    size_t subject = b->len;
    if (cn != NULL) {
        put_value(b, 0x06, SPAN_LIT("\x55\x04\x03"));
        put_value(b, 0x0c, span_of(cn));
        wrap(b, subject, 0x30);
        wrap(b, subject, 0x31);
    }
    wrap(b, subject, 0x30);
}

static void put_extensions(struct buf *b, const char *dns)
{
    size_t extensions = b->len;
    put_value(b, 0x06, SPAN_LIT("\x55\x1d\x11"));
    size_t names = b->len;
    while (*dns != '\0') {
        size_t len = strcspn(dns, " ");
        put_value(b, 0x82, (struct span){(const uint8_t *)dns, len});
        dns += len + (dns[len] == ' ');
    }
    wrap(b, names, 0x30);
    wrap(b, names, 0x04);
    wrap(b, extensions, 0x30);
    wrap(b, extensions, 0x30);
    wrap(b, extensions, 0xa3);
}

/* As much of a certificate (RFC 5280 section 4.1) as has names. */
static void put_certificate(struct buf *b, const struct made_leaf *leaf)
{
    size_t at = b->len;
    put_value(b, 0x02, SPAN_LIT("\1"));
    put_value(b, 0x30, SPAN_LIT("")); /* signature, issuer, validity */
    put_value(b, 0x30, SPAN_LIT(""));
    put_value(b, 0x30, SPAN_LIT(""));
    put_subject(b, leaf->cn);
    put_value(b, 0x30, SPAN_LIT(""));
    if (leaf->dns != NULL) {
        put_extensions(b, leaf->dns);
    }
    wrap(b, at, 0x30);
    wrap(b, at, 0x30);
}

static void make_der(const struct made_leaf *leaf, struct buf *der)
{
    *der = BUF_INIT(BUF_NO_LIMIT);
    if (leaf->unreadable) {
        buf_put_text(der, "no certificate");
    } else {
        put_certificate(der, leaf);
    }
}

static void fill_tls(struct seen_tls *tls, const struct made_leaf *leaf, struct buf *list)
{
    *list = BUF_INIT(BUF_NO_LIMIT);
    tls->alert_received = -1;
    if (leaf->id == 0) {
        return;
    }
    struct buf der;
    make_der(leaf, &der);
    CHECK(cert_list_add(list, buf_span(&der)));
    buf_deinit(&der);
    tls->list = buf_span(list);
    tls->cert_count = 1;
    tls->leaf_sha256[0] = leaf->id;
}

static void fill_result(struct made_target *t, const struct made_handshakes *from)
{
    bool is_tls = from->outcome >= OUTCOME_TLS_TIMEOUT && from->outcome <= OUTCOME_ESTABLISHED;
    t->result = (struct seen_session){.outcome = (enum session_outcome)from->outcome,
                                      .sni = !from->inherited,
                                      .tls_attempted = is_tls && !from->inherited};
    if (from->ehlo != NULL) {
        t->result.smtp.reply[SMTP_STEP_EHLO] =
            (struct seen_reply){.code = 250, .text = span_of(from->ehlo)};
    }
    fill_tls(&t->result.tls, &from->leaf, &t->list);
    /* As a server without a fault of its own would negotiate: only names and SNI are to differ. */
    t->result.tls.completed = from->outcome == OUTCOME_ESTABLISHED;
    t->result.tls.version = 0x0304;
    t->result.tls.cipher = 0x1301;
    t->result.tls.group = 29;
    t->result.tls.unknown_name_warning = from->warning;
    t->result.tls.alert_received = (int16_t)(from->alert != 0 ? from->alert : -1);
    t->seen.result = &t->result;
}

static void fill_default(struct made_target *t, const struct made_handshakes *from)
{
    struct buf der;
    t->no_sni_names = BUF_INIT(BUF_NO_LIMIT);
    if (from->plain.id != 0) {
        make_der(&from->plain, &der);
        (void)cert_names_pack(buf_span(&der), &t->no_sni_names);
        buf_deinit(&der);
    }
    t->seen.no_sni_leaf_sha256[0] = from->plain.id;
    t->seen.no_sni_names = buf_span(&t->no_sni_names);
    t->seen.no_sni_chain.status = from->plain.status;
    t->seen.no_sni_outcome = (enum session_outcome)from->no_sni_outcome;
}

void made_target_fill(struct made_target *t, const struct made_handshakes *from)
{
    const uint8_t octets[4] = {192, 0, 2, 1};
    *t = (struct made_target){
        .seen = {.host = span_of(from->host != NULL ? from->host : "mx.example.com"),
                 .address = net_addr_v4(octets),
                 .port = 25,
                 .unstable = from->unstable}};
    if (from->outcome != OUTCOME_NOT_TESTED) {
        fill_result(t, from);
    }
    t->seen.session_from = span_of(from->inherited ? "192.0.2.1|25" : "");
    t->seen.chain.status = from->leaf.status;
    fill_default(t, from);
    if (from->other_asked) {
        t->other = (struct seen_session){
            .outcome = from->other.id != 0 ? OUTCOME_ESTABLISHED : OUTCOME_TLS_NO_SHARED_CIPHER,
            .sni = true,
            .tls_attempted = true};
        fill_tls(&t->other.tls, &from->other, &t->other_list);
        t->seen.other_key = &t->other;
        t->seen.other_key_chain.status = from->other.status;
    }
}

void made_target_free(struct made_target *t)
{
    buf_deinit(&t->list);
    buf_deinit(&t->other_list);
    buf_deinit(&t->no_sni_names);
}
