#include <criterion/criterion.h>

#include "scanner/base/check.h"
#include "scanner/tls/handshake.h"

#define HELLO_MAX 4096 /* octets; ours has some 400 */

#define RECORD_HEADER  5
#define MESSAGE_HEADER 4
#define RANDOM_AT      (RECORD_HEADER + MESSAGE_HEADER + 2) /* behind legacy_version */

/* Against an openssl.cnf of the machine. */
TestSuite(hello, .init = tls_process_init);

struct extension {
    uint32_t type;
    struct span body;
};

/* A ClientHello taken apart, RFC 8446 section 4.1.2. */
struct hello {
    struct buf wire;
    struct span suites;
    struct span compressions;
    struct extension extensions[32];
    size_t extension_count;
};

static uint32_t number_at(struct span s, size_t at, size_t size)
{
    uint32_t n = 0;
    CHECK(at + size <= s.len);
    for (size_t i = 0; i < size; i++) {
        n = n << 8 | s.at[at + i];
    }
    return n;
}

static struct span take_vector(struct span *rest, size_t size)
{
    uint32_t len = number_at(*rest, 0, size);
    CHECK(len <= rest->len - size);
    struct span s = {rest->at + size, len};
    *rest = span_drop(*rest, size + len);
    return s;
}

static void hello_init(struct hello *out, struct tls_context *ctx, const char *sni)
{
    *out = (struct hello){.wire = BUF_INIT(HELLO_MAX)};
    struct handshake *h = handshake_new(ctx, sni);
    cr_assert_eq(handshake_step(h, (struct span){0}, &out->wire), HANDSHAKE_MORE);
    cr_expect_eq(handshake_outcome(h), OUTCOME_NOT_TESTED);
    handshake_free(h);

    struct span wire = buf_span(&out->wire);
    cr_assert_eq(number_at(wire, 0, 3), 0x160301U, "RFC 8446 5.1: record version of a first hello");
    cr_assert_eq(number_at(wire, 3, 2), wire.len - RECORD_HEADER, "one record");
    cr_assert_eq(number_at(wire, RECORD_HEADER, 1), 1U, "client_hello");
    cr_assert_eq(number_at(wire, RECORD_HEADER + 1, 3), wire.len - RECORD_HEADER - MESSAGE_HEADER);
    struct span rest = span_drop(wire, RANDOM_AT + 32);
    (void)take_vector(&rest, 1); /* session id: random as well */
    out->suites = take_vector(&rest, 2);
    out->compressions = take_vector(&rest, 1);
    struct span extensions = take_vector(&rest, 2);
    cr_assert_eq(rest.len, 0U);
    while (extensions.len > 0) {
        CHECK(out->extension_count < 32);
        struct extension *e = &out->extensions[out->extension_count++];
        e->type = number_at(extensions, 0, 2);
        extensions = span_drop(extensions, 2);
        e->body = take_vector(&extensions, 2);
    }
}

static const struct extension *hello_find(const struct hello *h, uint32_t type)
{
    for (size_t i = 0; i < h->extension_count; i++) {
        if (h->extensions[i].type == type) {
            return &h->extensions[i];
        }
    }
    return NULL;
}

/* Without the name: what follows a leading server_name, in the same order. Key shares are drawn
 * anew for each hello; their group and length must agree. */
static void expect_same_but_for_sni(const struct hello *with, const struct hello *without)
{
    cr_expect(span_eq(with->suites, without->suites));
    cr_expect(span_eq(with->compressions, without->compressions));
    cr_assert_eq(with->extension_count, without->extension_count + 1);
    size_t j = 0;
    for (size_t i = 0; i < with->extension_count; i++) {
        const struct extension *a = &with->extensions[i];
        if (a->type == 0) {
            continue;
        }
        const struct extension *b = &without->extensions[j++];
        size_t compared = a->type == 51 ? 6 : SIZE_MAX; /* key_share: lengths and group */
        cr_expect_eq(a->type, b->type, "extension %u, %u", a->type, b->type);
        cr_expect_eq(a->body.len, b->body.len, "extension %u", a->type);
        cr_expect(span_eq(span_take(a->body, compared), span_take(b->body, compared)),
                  "extension %u", a->type);
    }
    cr_expect_eq(j, without->extension_count);
}

Test(hello, with_and_without_sni_is_the_same_but_for_sni)
{
    static const char *const names[] = {
        "a.test", "a-name-of-some-length.of-more-labels.and-more.mail.protection.example.test"};
    struct tls_context *ctx = tls_context_new(true);
    struct hello without;
    hello_init(&without, ctx, NULL);
    cr_expect_null(hello_find(&without, 0), "RFC 6066 3");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct hello with;
        hello_init(&with, ctx, names[i]);
        const struct extension *sni = hello_find(&with, 0);
        cr_assert_not_null(sni);
        cr_expect(span_eq(span_drop(sni->body, 5), span_of(names[i])), "RFC 6066 3");
        expect_same_but_for_sni(&with, &without);
        buf_deinit(&with.wire);
    }
    buf_deinit(&without.wire);
    tls_context_free(ctx);
}

struct extension_case {
    const char *name;
    uint32_t type;
    bool want;
    struct span want_body; /* empty: not looked at */
};

static const struct extension_case extension_cases[] = {
    {"supported_versions: 1.3 to 1.0 (RFC 8446 4.2.1)", 43, true,
     SPAN_INIT("\x08\x03\x04\x03\x03\x03\x02\x03\x01")},
    {"groups (RFC 8446 4.2.7): X25519, P-256, P-384, P-521", 10, true,
     SPAN_INIT("\x00\x08\x00\x1d\x00\x17\x00\x18\x00\x19")},
    {"signature_algorithms", 13, true, SPAN_INIT("")},
    {"status_request: OCSP, no responders, no extensions (RFC 6066 8)", 5, true,
     SPAN_INIT("\x01\x00\x00\x00\x00")},
    {"signed_certificate_timestamp (RFC 6962 3.3.1)", 18, true, SPAN_INIT("")},
    {"extended_master_secret (RFC 7627)", 23, true, SPAN_INIT("")},
    {"session_ticket (RFC 5077): nothing is resumed", 35, false, SPAN_INIT("")},
    {"padding (RFC 7685) would hide the length of the name", 21, false, SPAN_INIT("")},
    {"compress_certificate (RFC 8879)", 27, false, SPAN_INIT("")},
};

Test(hello, offers_what_a_mail_client_offers)
{
    struct tls_context *ctx = tls_context_new(true);
    struct hello hello;
    hello_init(&hello, ctx, NULL);
    for (size_t i = 0; i < sizeof(extension_cases) / sizeof(extension_cases[0]); i++) {
        const struct extension_case *c = &extension_cases[i];
        const struct extension *e = hello_find(&hello, c->type);
        cr_assert_eq(e != NULL, c->want, "%s", c->name);
        cr_expect(c->want_body.len == 0 || span_eq(e->body, c->want_body), "%s", c->name);
    }
    bool aes128_sha = false;
    for (size_t at = 0; at < hello.suites.len; at += 2) {
        uint32_t suite = number_at(hello.suites, at, 2);
        aes128_sha |= suite == 0x002f;
        /* TLS_DH_anon and TLS_ECDH_anon with AES, and NULL: no certificate, or no encryption */
        bool hides = suite == 0x0034 || suite == 0x003a || suite == 0x006c || suite == 0x006d ||
                     suite == 0x00a6 || suite == 0x00a7 || suite == 0xc018 || suite == 0xc019 ||
                     suite == 0x0002 || suite == 0x003b || suite == 0xc010;
        cr_expect_not(hides, "%04x", suite);
    }
    cr_expect(aes128_sha, "RFC 5246 9: the suite that every implementation has");
    buf_deinit(&hello.wire);
    tls_context_free(ctx);
}
