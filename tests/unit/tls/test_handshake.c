#include <criterion/criterion.h>

#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/observation/tls_names.h"
#include "tests/unit/tls/peer.h"

#define WHOLE    SIZE_MAX
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Against an openssl.cnf of the machine. */
TestSuite(handshake, .init = tls_process_init);

/* Always before a context is made: the server is no part of what fast_public_key.h changes, but
 * keys made while it is on would be of the old kind, which cannot do all that a server does. */
static struct test_cert leaf_of(enum test_key key)
{
    return test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .key = key});
}

struct version_case {
    const char *name;
    enum test_key key;
    int version;
    const char *suites;
    const char *groups;
    uint16_t want_cipher;
    uint16_t want_group;
    uint16_t want_scheme;
    bool want_dh;
};

static const struct version_case version_cases[] = {
    {"1.0 RSA key transport (RFC 2246)", TEST_KEY_RSA2048, TLS1_VERSION, "AES128-SHA", NULL, 0x002f,
     0, 0, false},
    {"1.0 ECDHE (RFC 8422)", TEST_KEY_RSA2048, TLS1_VERSION, "ECDHE-RSA-AES256-SHA", "P-256",
     0xc014, 23, 0, false},
    {"1.1 ECDHE ECDSA (RFC 8422)", TEST_KEY_P256, TLS1_1_VERSION, "ECDHE-ECDSA-AES128-SHA", "P-384",
     0xc009, 24, 0, false},
    {"1.1 DHE (RFC 4346)", TEST_KEY_RSA2048, TLS1_1_VERSION, "DHE-RSA-AES128-SHA", NULL, 0x0033, 0,
     0, true},
    {"1.2 static RSA (RFC 5246)", TEST_KEY_RSA2048, TLS1_2_VERSION, "AES256-SHA256", NULL, 0x003d,
     0, 0, false},
    {"1.2 RSA (RFC 5246)", TEST_KEY_RSA2048, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256",
     "X25519", 0xc02f, 29, 0x0804, false},
    {"1.2 RSA 1024", TEST_KEY_RSA1024, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", "X25519",
     0xc02f, 29, 0x0804, false},
    {"1.2 DHE (RFC 5246)", TEST_KEY_RSA2048, TLS1_2_VERSION, "DHE-RSA-AES256-GCM-SHA384", NULL,
     0x009f, 0, 0x0804, true},
    {"1.2 P-256", TEST_KEY_P256, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "P-521", 0xc02c,
     25, 0x0403, false},
    {"1.2 P-384", TEST_KEY_P384, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", "X25519", 0xcca9,
     29, 0x0403, false},
    {"1.2 Ed25519 (RFC 8422)", TEST_KEY_ED25519, TLS1_2_VERSION, NULL, "X25519", 0xc02c, 29, 0x0807,
     false},
    {"1.3 RSA (RFC 8446)", TEST_KEY_RSA2048, TLS1_3_VERSION, NULL, "X25519", 0x1302, 29, 0x0804,
     false},
    {"1.3 P-256", TEST_KEY_P256, TLS1_3_VERSION, NULL, "X25519", 0x1302, 29, 0x0403, false},
    {"1.3 P-384, HelloRetryRequest (RFC 8446 4.1.4)", TEST_KEY_P384, TLS1_3_VERSION, NULL, "P-384",
     0x1302, 24, 0x0503, false},
    {"1.3 Ed25519", TEST_KEY_ED25519, TLS1_3_VERSION, NULL, "X25519", 0x1302, 29, 0x0807, false},
};

static void check_version_case(struct tls_context *ctx, const struct version_case *c,
                               const struct test_cert *leaf, size_t part)
{
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.min_version = c->version,
                                           .max_version = c->version,
                                           .suites = c->suites,
                                           .groups = c->groups,
                                           .leaf = leaf,
                                           .lever = tls_context_has_fast_public_keys(ctx)});
    struct handshake *h = handshake_new(ctx, "mx.test");
    const struct seen_tls *seen = handshake_seen(h);
    cr_expect_eq(peer_run(&peer, h, part), HANDSHAKE_DONE, "%s: %s", c->name, seen->error_text);
    cr_expect_eq(handshake_outcome(h), OUTCOME_ESTABLISHED, "%s", c->name);
    cr_expect(seen->completed && seen->alert_received == -1 && seen->alert_sent == -1, "%s",
              c->name);
    cr_expect_str_empty(seen->error_text, "%s", c->name);
    cr_expect_eq(seen->version, c->version, "%s", c->name);
    cr_expect_eq(seen->cipher, c->want_cipher, "%s: %04x", c->name, seen->cipher);
    cr_expect_eq(seen->group, c->want_group, "%s: %04x", c->name, seen->group);
    cr_expect_eq(seen->signature_scheme, c->want_scheme, "%s: %04x", c->name,
                 seen->signature_scheme);
    cr_expect_eq(seen->dh_bits >= 1024, c->want_dh, "%s: %u", c->name, seen->dh_bits);
    cr_expect_eq(seen->ems, c->version < TLS1_3_VERSION, "%s", c->name);
    cr_expect_eq(seen->secure_reneg, c->version < TLS1_3_VERSION, "%s", c->name);
    cr_expect(!seen->client_cert_requested && !seen->ocsp_stapled && !seen->unknown_name_warning,
              "%s", c->name);
    cr_expect_eq(seen->cert_count, 1U, "%s", c->name);
    cr_expect_str_eq(peer.sni, "mx.test", "%s", c->name);
    handshake_free(h);
    peer_deinit(&peer);
}

static void check_version_cases(bool fast, size_t part)
{
    static const enum test_key kinds[] = {TEST_KEY_P256, TEST_KEY_P384, TEST_KEY_RSA2048,
                                          TEST_KEY_RSA1024, TEST_KEY_ED25519};
    struct test_cert leaves[COUNT(kinds)];
    for (size_t i = 0; i < COUNT(kinds); i++) {
        CHECK(kinds[i] == i);
        leaves[i] = leaf_of(kinds[i]);
    }
    struct tls_context *ctx = tls_context_new(fast);
    bool old = OpenSSL_version_num() < 0x30200000UL;
    cr_assert_eq(tls_context_has_fast_public_keys(ctx), fast && old);
    cr_assert_eq(tls_context_has_lean_provider(ctx), fast && old);
    for (size_t i = 0; i < COUNT(version_cases); i++) {
        check_version_case(ctx, &version_cases[i], &leaves[version_cases[i].key], part);
    }
    tls_context_free(ctx);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        test_cert_free(&leaves[i]);
    }
}

Test(handshake, every_version_and_key_is_spoken_and_described)
{
    check_version_cases(false, WHOLE);
}

Test(handshake, with_levers_and_octet_by_octet_it_is_the_same)
{
    check_version_cases(true, 1);
}

static bool list_holds(struct span list, X509 *const *certs, size_t count)
{
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        struct span der;
        struct span want = test_cert_der(certs[i]);
        same = same && cert_list_next(&list, &der) && span_eq(der, want);
        OPENSSL_free((void *)(uintptr_t)want.at);
    }
    return same && list.len == 0;
}

/* SHA-256 over the SHA-256 of each, by other code than the engine's. */
static void expect_digests(const struct seen_tls *seen, const char *name)
{
    uint8_t digests[TLS_CERTS_MAX * 32];
    uint8_t want[32];
    size_t len = 0;
    struct span rest = seen->list;
    struct span der;
    while (cert_list_next(&rest, &der)) {
        CHECK(EVP_Digest(der.at, der.len, digests + len, NULL, EVP_sha256(), NULL) == 1);
        len += 32;
    }
    CHECK(EVP_Digest(digests, len, want, NULL, EVP_sha256(), NULL) == 1);
    cr_expect_arr_eq(seen->leaf_sha256, digests, 32, "%s", name);
    cr_expect_arr_eq(seen->chain_id, want, 32, "%s", name);
}

/* RFC 8446 section 4.4.2: be prepared for extraneous certificates and any order. */
Test(handshake, the_list_is_recorded_as_presented)
{
    struct test_cert root =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true});
    struct test_cert mid =
        test_cert_new(&root, &(struct test_cert_params){.cn = "Intermediate", .ca = true});
    struct test_cert leaf = test_cert_new(&mid, &(struct test_cert_params){.cn = "mx.test"});
    struct test_cert other = test_cert_new(NULL, &(struct test_cert_params){.cn = "Unrelated"});
    X509 *sent[] = {leaf.cert, root.cert, mid.cert, mid.cert, other.cert, root.cert, leaf.cert};
    struct tls_context *ctx = tls_context_new(true);
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < COUNT(versions); i++) {
        const char *name = tls_version_word((uint16_t)versions[i]);
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = versions[i],
                                               .max_version = versions[i],
                                               .leaf = &leaf,
                                               .further = sent + 1,
                                               .further_count = COUNT(sent) - 1});
        struct handshake *h = handshake_new(ctx, NULL);
        cr_expect_eq(peer_run(&peer, h, 7), HANDSHAKE_DONE, "%s", name);
        const struct seen_tls *seen = handshake_seen(h);
        cr_expect_eq(seen->cert_count, COUNT(sent), "%s", name);
        cr_expect(list_holds(seen->list, sent, COUNT(sent)), "%s", name);
        cr_expect(!seen->list_truncated && !seen->list_malformed, "%s", name);
        expect_digests(seen, name);
        handshake_free(h);
        peer_deinit(&peer);
    }
    tls_context_free(ctx);
    test_cert_free(&root);
    test_cert_free(&mid);
    test_cert_free(&leaf);
    test_cert_free(&other);
}

Test(handshake, of_150_certificates_the_first_100_are_kept)
{
    struct test_cert leaf = leaf_of(TEST_KEY_P256);
    X509 *further[149];
    for (size_t i = 0; i < COUNT(further); i++) {
        further[i] = leaf.cert;
    }
    struct tls_context *ctx = tls_context_new(true);
    struct peer peer;
    peer_init(&peer, &(struct peer_params){
                         .leaf = &leaf, .further = further, .further_count = COUNT(further)});
    struct handshake *h = handshake_new(ctx, NULL);
    cr_expect_eq(peer_run(&peer, h, WHOLE), HANDSHAKE_DONE);
    const struct seen_tls *seen = handshake_seen(h);
    cr_expect(seen->list_truncated && !seen->list_malformed);
    cr_expect_eq(seen->cert_count, 100U);
    cr_expect_eq(cert_list_count(seen->list), 100U);
    cr_expect(seen->certificate_octets > 150 * (seen->list.len / 100) &&
                  seen->certificate_octets < 151 * (seen->list.len / 100 + 2),
              "of all 150: %u", seen->certificate_octets);
    expect_digests(seen, "150 certificates");
    handshake_free(h);
    peer_deinit(&peer);
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

Test(handshake, requests_for_evidence_and_for_a_client_certificate_are_noticed)
{
    struct test_cert leaf = leaf_of(TEST_KEY_P256);
    struct tls_context *ctx = tls_context_new(true);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = versions[i],
                                               .max_version = versions[i],
                                               .leaf = &leaf,
                                               .ask_client = true,
                                               .staple = "not a real response"});
        struct handshake *h = handshake_new(ctx, NULL);
        cr_expect_eq(peer_run(&peer, h, WHOLE), HANDSHAKE_DONE);
        cr_expect(handshake_seen(h)->client_cert_requested, "RFC 5246 7.4.4, RFC 8446 4.3.2");
        cr_expect(handshake_seen(h)->ocsp_stapled, "RFC 6066 8, RFC 8446 4.4.2.1");
        cr_expect_str_empty(peer.sni);
        handshake_free(h);
        peer_deinit(&peer);
    }
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

/* Tickets, EHLO and its reply, octets in the last segment of the handshake, close_notify. */
Test(handshake, data_goes_both_ways)
{
    struct test_cert leaf = leaf_of(TEST_KEY_P256);
    struct tls_context *ctx = tls_context_new(true);
    static const int versions[] = {TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < COUNT(versions) * 2; i++) {
        size_t part = i % 2 ? 1 : WHOLE;
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = versions[i / 2],
                                               .max_version = versions[i / 2],
                                               .leaf = &leaf});
        struct handshake *h = handshake_new(ctx, NULL);
        struct buf out = BUF_INIT(65536);
        struct buf wire = BUF_INIT(65536);
        struct buf plain = BUF_INIT(65536);
        bool closed = false;
        handshake_step(h, (struct span){0}, &out);
        peer_step(&peer, buf_span(&out), &wire);
        buf_reset(&out);
        enum handshake_status status = feed_parts(h, buf_span(&wire), part, &out);
        buf_reset(&wire);
        peer_step(&peer, buf_span(&out), &wire);
        buf_reset(&out);
        peer_write(&peer, SPAN_LIT("220 mx.test ESMTP\r\n"), &wire); /* implicit TLS: at once */
        struct span rest = buf_span(&wire);
        if (status == HANDSHAKE_MORE) { /* TLS <= 1.2: Finished and greeting in one segment */
            size_t behind = part == 1 ? rest.len : 0;
            status = handshake_step(h, span_take(rest, rest.len - behind), &out);
            rest = span_drop(rest, rest.len - behind);
            while (status == HANDSHAKE_MORE && rest.len > 0) {
                status = handshake_step(h, span_take(rest, 1), &out);
                rest = span_drop(rest, 1);
            }
        }
        cr_assert_eq(status, HANDSHAKE_DONE);
        cr_expect(handshake_read(h, (struct span){0}, &plain, &out, &closed));
        while (rest.len > 0) {
            cr_expect(handshake_read(h, span_take(rest, part), &plain, &out, &closed));
            rest = span_drop(rest, part < rest.len ? part : rest.len);
        }
        cr_expect(span_eq(buf_span(&plain), SPAN_LIT("220 mx.test ESMTP\r\n")), "%zu: %zu", i,
                  plain.len);

        buf_reset(&out);
        buf_reset(&plain);
        cr_expect(handshake_write(h, SPAN_LIT("EHLO scanner.test\r\n"), &out));
        cr_expect(handshake_write(h, (struct span){0}, &out));
        peer_read(&peer, buf_span(&out), &plain);
        cr_expect(span_eq(buf_span(&plain), SPAN_LIT("EHLO scanner.test\r\n")));

        buf_reset(&wire);
        buf_reset(&plain);
        peer_shutdown(&peer, &wire);
        cr_expect(!closed && handshake_read(h, buf_span(&wire), &plain, &out, &closed));
        cr_expect(closed && plain.len == 0);
        buf_reset(&out);
        handshake_shutdown(h, &out);
        cr_expect_gt(out.len, 0U);
        cr_expect_eq(handshake_outcome(h), OUTCOME_ESTABLISHED);
        cr_expect_eq(handshake_seen(h)->alert_received, -1);

        buf_deinit(&out);
        buf_deinit(&wire);
        buf_deinit(&plain);
        handshake_free(h);
        peer_deinit(&peer);
    }
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

/* RFC 5246 section 7.2.2: no_renegotiation, and the connection goes on. */
Test(handshake, renegotiation_is_refused)
{
    struct test_cert leaf = leaf_of(TEST_KEY_P256);
    struct tls_context *ctx = tls_context_new(true);
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.max_version = TLS1_2_VERSION, .leaf = &leaf});
    struct handshake *h = handshake_new(ctx, NULL);
    cr_assert_eq(peer_run(&peer, h, WHOLE), HANDSHAKE_DONE);
    struct buf out = BUF_INIT(65536);
    struct buf wire = BUF_INIT(65536);
    struct buf plain = BUF_INIT(65536);
    bool closed = false;
    cr_expect_eq(SSL_renegotiate(peer.ssl), 1);
    peer_step(&peer, (struct span){0}, &wire);
    cr_assert_gt(wire.len, 0U, "HelloRequest");
    cr_expect(handshake_read(h, buf_span(&wire), &plain, &out, &closed));
    cr_expect(!closed && plain.len == 0);
    cr_expect_gt(out.len, 0U, "no_renegotiation");
    cr_expect_lt(out.len, 100U, "and no ClientHello");
    buf_deinit(&out);
    buf_deinit(&wire);
    buf_deinit(&plain);
    handshake_free(h);
    peer_deinit(&peer);
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

Test(handshake, a_full_buffer_ends_the_connection)
{
    struct test_cert leaf = leaf_of(TEST_KEY_P256);
    struct tls_context *ctx = tls_context_new(true);
    struct handshake *h = handshake_new(ctx, NULL);
    struct buf small = BUF_INIT(100);
    cr_expect_eq(handshake_step(h, (struct span){0}, &small), HANDSHAKE_FAILED);
    cr_expect_eq(handshake_outcome(h), OUTCOME_TLS_PROTOCOL_ERROR);
    handshake_free(h);

    struct peer peer;
    peer_init(&peer, &(struct peer_params){.leaf = &leaf});
    h = handshake_new(ctx, NULL);
    cr_assert_eq(peer_run(&peer, h, WHOLE), HANDSHAKE_DONE);
    struct buf out = BUF_INIT(65536);
    struct buf wire = BUF_INIT(65536);
    bool closed = false;
    uint8_t much[2000] = {0};
    peer_write(&peer, (struct span){much, sizeof(much)}, &wire);
    cr_expect_not(handshake_read(h, buf_span(&wire), &small, &out, &closed));
    cr_expect_not(handshake_write(h, SPAN_LIT("QUIT\r\n"), &out));
    handshake_shutdown(h, &out);
    cr_expect_eq(out.len, 0U);
    cr_expect_eq(handshake_outcome(h), OUTCOME_ESTABLISHED);
    buf_deinit(&small);
    buf_deinit(&out);
    buf_deinit(&wire);
    handshake_free(h);
    peer_deinit(&peer);
    tls_context_free(ctx);
    test_cert_free(&leaf);
}
