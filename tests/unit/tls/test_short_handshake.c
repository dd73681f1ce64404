#include <criterion/criterion.h>
#include <openssl/provider.h>

#include "scanner/base/memory.h"
#include "scanner/observation/tls_names.h"
#include "scanner/tls/handshake_vectors.h"
#include "scanner/tls/hello_template.h"
#include "scanner/tls/short_handshake.h"
#include "tests/unit/tls/peer.h"

#define WHOLE     SIZE_MAX
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define WIRE_MAX  (1024 * 1024) /* octets */
#define LIST_MANY 60            /* certificates of a long list */
#define X25519    0x001d        /* RFC 8446 section 4.2.7, as the next */
#define P256      0x0017

#define HELLO12_RANDOM "0123456789abcdef0123456789abcdef"

/* Against an openssl.cnf of the machine. */
TestSuite(short_handshake, .init = tls_process_init);

static struct tls_context *context_new_with(bool fast_public_keys)
{
    struct tls_context *ctx = tls_context_new(fast_public_keys);
    cr_assert_not(tls_context_has_short_handshakes(ctx));
    cr_assert(tls_context_enable_short_handshakes(ctx));
    cr_assert(tls_context_has_short_handshakes(ctx));
    return ctx;
}

static struct tls_context *context_new(void)
{
    return context_new_with(false);
}

/* @param out gets what it answers */
static void feed_answered(struct short_handshake *h, struct span in, size_t part, struct buf *out)
{
    while (in.len > 0 && short_handshake_status(h) == SHORT_MORE) {
        (void)short_handshake_feed(h, span_take(in, part), out);
        in = span_drop(in, part < in.len ? part : in.len);
    }
}

static void feed_short(struct short_handshake *h, struct span in, size_t part)
{
    struct buf out = BUF_INIT(WIRE_MAX);
    feed_answered(h, in, part, &out);
    cr_expect_eq(out.len, 0U, "it says something");
    buf_deinit(&out);
}

/* One round is all it takes, or two when the server asks again. @param flight gets what the server sent */
static void run_short(struct peer *p, struct short_handshake *h, size_t part, struct buf *flight)
{
    struct buf hello = BUF_INIT(WIRE_MAX);
    short_handshake_hello(h, &hello);
    for (int round = 0; round < 2 && hello.len > 0; round++) {
        size_t from = flight->len;
        peer_step(p, buf_span(&hello), flight);
        buf_reset(&hello);
        feed_answered(h, span_drop(buf_span(flight), from), part, &hello);
    }
    cr_expect_eq(hello.len, 0U, "a third hello");
    buf_deinit(&hello);
}

/* --- the hello -------------------------------------------------------------------------------- */

static void put_hello(struct tls_context *ctx, struct buf *out)
{
    struct handshake *h = handshake_new(ctx, NULL);
    cr_assert_eq(handshake_step(h, (struct span){0}, out), HANDSHAKE_MORE);
    handshake_free(h);
}

/* Equal but for random, session id and key share. */
static bool hellos_are_alike(const struct hello_template *t, const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < t->len; i++) {
        bool own = (i >= t->random_at && i < t->random_at + HELLO_RANDOM_LEN) ||
                   (i >= t->session_id_at && i < t->session_id_at + HELLO_RANDOM_LEN) ||
                   (i >= t->share_at && i < t->share_at + HELLO_SHARE_LEN);
        if (!own && a[i] != b[i]) {
            return false;
        }
    }
    return memcmp(a + t->random_at, b + t->random_at, HELLO_RANDOM_LEN) != 0 &&
           memcmp(a + t->session_id_at, b + t->session_id_at, HELLO_RANDOM_LEN) != 0;
}

Test(short_handshake, its_hello_is_that_of_the_whole_one)
{
    struct tls_context *ctx = context_new();
    struct buf whole = BUF_INIT(WIRE_MAX);
    struct buf other = BUF_INIT(WIRE_MAX);
    struct buf own = BUF_INIT(WIRE_MAX);
    struct hello_template t;
    put_hello(ctx, &whole);
    put_hello(ctx, &other);
    struct short_handshake *h = short_handshake_new(ctx);
    short_handshake_hello(h, &own);
    cr_assert(hello_template_read(&t, buf_span(&whole)));
    cr_assert_eq(whole.len, other.len);
    cr_assert_eq(whole.len, own.len);
    cr_expect(hellos_are_alike(&t, whole.at, other.at), "libssl's own differ elsewhere");
    cr_expect(hellos_are_alike(&t, whole.at, own.at));
    cr_expect_neq(hello_template_find_suite(&t, 0x1301), HELLO_SUITES_MAX);
    cr_expect_eq(hello_template_find_suite(&t, 0x0005), HELLO_SUITES_MAX);
    cr_expect_neq(hello_template_find_extension(&t, 51), HELLO_EXTENSIONS_MAX);
    cr_expect_eq(hello_template_find_extension(&t, 0), HELLO_EXTENSIONS_MAX, "server_name");
    short_handshake_free(h);
    buf_deinit(&whole);
    buf_deinit(&other);
    buf_deinit(&own);
    tls_context_free(ctx);
}

Test(short_handshake, a_hello_of_another_form_is_no_template)
{
    struct tls_context *ctx = context_new();
    struct buf hello = BUF_INIT(WIRE_MAX);
    struct hello_template t;
    put_hello(ctx, &hello);
    for (size_t len = 0; len < hello.len; len++) {
        cr_expect_not(hello_template_read(&t, span_take(buf_span(&hello), len)), "%zu", len);
    }
    cr_assert(hello_template_read(&t, buf_span(&hello)));
    size_t group_at = t.share_at - 4; /* in front of the share: group, length */
    hello.at[group_at + 1] = 0x17;    /* P-256 */
    cr_expect_not(hello_template_read(&t, buf_span(&hello)));
    buf_put_char(&hello, 0);
    cr_expect_not(hello_template_read(&t, buf_span(&hello)), "octets behind");
    buf_deinit(&hello);
    tls_context_free(ctx);
}

/* --- what it sees ----------------------------------------------------------------------------- */

struct flight_case {
    const char *name;
    enum test_key key;
    int version;
    const char *suites; /* of the version */
    const char *groups;
    bool ask_client;
    const char *staple;
    size_t further;
    unsigned fragment;
};

static const struct flight_case flight_cases[] = {
    {.name = "1.2 static RSA", TEST_KEY_RSA2048, TLS1_2_VERSION, "AES256-SHA256"},
    {.name = "1.2 RSA", TEST_KEY_RSA2048, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", "X25519"},
    {.name = "1.2 RSA, CBC", TEST_KEY_RSA2048, TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", "P-256"},
    {.name = "1.2 DHE", TEST_KEY_RSA2048, TLS1_2_VERSION, "DHE-RSA-AES256-GCM-SHA384"},
    {.name = "1.2 P-256", TEST_KEY_P256, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "P-521"},
    {.name = "1.2 P-384", TEST_KEY_P384, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {.name = "1.2 Ed25519", TEST_KEY_ED25519, TLS1_2_VERSION, NULL, "X25519"},
    {.name = "1.2 request", TEST_KEY_P256, TLS1_2_VERSION, NULL, NULL, true},
    {.name = "1.2 static RSA, request",
     TEST_KEY_RSA2048,
     TLS1_2_VERSION,
     "AES256-SHA256",
     NULL,
     true},
    {.name = "1.2 OCSP", TEST_KEY_P256, TLS1_2_VERSION, NULL, NULL, false, "response"},
    {.name = "1.2 static RSA, OCSP, request",
     TEST_KEY_RSA2048,
     TLS1_2_VERSION,
     "AES256-SHA256",
     NULL,
     true,
     "response"},
    {.name = "1.2 long list", TEST_KEY_RSA2048, TLS1_2_VERSION, NULL, NULL, false, NULL, LIST_MANY},
    {.name = "1.2 small records",
     TEST_KEY_RSA2048,
     TLS1_2_VERSION,
     NULL,
     NULL,
     true,
     "response",
     5,
     512},
    {.name = "1.3 RSA, AES-128-GCM", TEST_KEY_RSA2048, TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
    {.name = "1.3 RSA, AES-256-GCM", TEST_KEY_RSA2048, TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
    {.name = "1.3 RSA, ChaCha20", TEST_KEY_RSA2048, TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
    {.name = "1.3 P-256, AES-128-GCM", TEST_KEY_P256, TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
    {.name = "1.3 P-256, AES-256-GCM", TEST_KEY_P256, TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
    {.name = "1.3 P-256, ChaCha20", TEST_KEY_P256, TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
    {.name = "1.3 P-384", TEST_KEY_P384, TLS1_3_VERSION, NULL, "X25519"},
    {.name = "1.3 Ed25519", TEST_KEY_ED25519, TLS1_3_VERSION, NULL, "X25519:P-256"},
    {.name = "1.3 retry, AES-128-GCM",
     TEST_KEY_P256,
     TLS1_3_VERSION,
     "TLS_AES_128_GCM_SHA256",
     "P-256"},
    {.name = "1.3 retry, AES-256-GCM",
     TEST_KEY_RSA2048,
     TLS1_3_VERSION,
     "TLS_AES_256_GCM_SHA384",
     "P-256:P-384"},
    {.name = "1.3 retry, ChaCha20, small records",
     TEST_KEY_P256,
     TLS1_3_VERSION,
     "TLS_CHACHA20_POLY1305_SHA256",
     "P-256",
     true,
     "response",
     5,
     512},
    {.name = "1.3 request", TEST_KEY_P256, TLS1_3_VERSION, NULL, NULL, true},
    {.name = "1.3 OCSP", TEST_KEY_P256, TLS1_3_VERSION, NULL, NULL, false, "response"},
    {.name = "1.3 long list", TEST_KEY_RSA2048, TLS1_3_VERSION, NULL, NULL, false, NULL, LIST_MANY},
    {.name = "1.3 small records",
     TEST_KEY_RSA2048,
     TLS1_3_VERSION,
     NULL,
     NULL,
     true,
     "response",
     5,
     512},
};

static void peer_of(struct peer *p, const struct flight_case *c, const struct test_cert *leaf,
                    bool lever)
{
    static X509 *further[LIST_MANY];
    bool tls13 = c->version == TLS1_3_VERSION;
    for (size_t i = 0; i < c->further; i++) {
        further[i] = leaf->cert;
    }
    peer_init(p, &(struct peer_params){.min_version = c->version,
                                       .max_version = c->version,
                                       .suites = tls13 ? NULL : c->suites,
                                       .suites_13 = tls13 ? c->suites : NULL,
                                       .groups = c->groups,
                                       .leaf = leaf,
                                       .further = further,
                                       .further_count = c->further,
                                       .ask_client = c->ask_client,
                                       .staple = c->staple,
                                       .lever = lever,
                                       .fragment = c->fragment});
}

/* All that does not hang on the end of the handshake. */
static void expect_same(const struct seen_tls *a, const struct seen_tls *b, const char *name)
{
    cr_expect_eq(a->version, b->version, "%s", name);
    cr_expect_eq(a->cipher, b->cipher, "%s", name);
    cr_expect_eq(a->group, b->group, "%s: %u %u", name, a->group, b->group);
    cr_expect_eq(a->dh_bits, b->dh_bits, "%s", name);
    cr_expect_eq(a->signature_scheme, b->signature_scheme, "%s", name);
    cr_expect_eq(a->client_cert_requested, b->client_cert_requested, "%s", name);
    cr_expect_eq(a->ems, b->ems, "%s", name);
    cr_expect_eq(a->secure_reneg, b->secure_reneg, "%s", name);
    cr_expect_eq(a->ocsp_stapled, b->ocsp_stapled, "%s", name);
    cr_expect_eq(a->sct_in_tls, b->sct_in_tls, "%s", name);
    cr_expect_eq(a->alert_received, b->alert_received, "%s", name);
    cr_expect_eq(a->alert_sent, b->alert_sent, "%s", name);
    cr_expect_eq(a->cert_count, b->cert_count, "%s", name);
    cr_expect_eq(a->certificate_octets, b->certificate_octets, "%s", name);
    cr_expect(span_eq(a->list, b->list), "%s", name);
    cr_expect_arr_eq(a->chain_id, b->chain_id, 32, "%s", name);
    cr_expect_arr_eq(a->leaf_sha256, b->leaf_sha256, 32, "%s", name);
    cr_expect_str_eq(a->error_text, b->error_text, "%s", name);
    cr_expect_eq(a->completed, b->completed, "%s", name);
}

/* The server saw an end, and no fault. */
static void expect_polite_end(struct peer *p, struct short_handshake *h, const char *name)
{
    struct buf out = BUF_INIT(WIRE_MAX);
    struct buf answer = BUF_INIT(WIRE_MAX);
    short_handshake_goodbye(h, &out);
    peer_step(p, buf_span(&out), &answer);
    cr_expect(out.len > 0, "%s", name);
    cr_expect_eq(SSL_get_shutdown(p->ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN, "%s",
                 name);
    cr_expect_eq(answer.len, 0U, "%s: the server answers with an alert", name);
    buf_deinit(&out);
    buf_deinit(&answer);
}

static void check_flight(struct tls_context *ctx, const struct flight_case *c,
                         const struct test_cert *leaf, size_t part)
{
    struct buf flight = BUF_INIT(WIRE_MAX);
    struct peer peer;
    peer_of(&peer, c, leaf, tls_context_has_fast_public_keys(ctx));
    struct handshake *whole = handshake_new(ctx, NULL);
    cr_assert_eq(peer_run(&peer, whole, WHOLE), HANDSHAKE_DONE, "%s", c->name);
    peer_deinit(&peer);

    peer_of(&peer, c, leaf, tls_context_has_fast_public_keys(ctx));
    struct short_handshake *h = short_handshake_new(ctx);
    run_short(&peer, h, part, &flight);
    const struct seen_tls *seen = short_handshake_seen(h);
    cr_expect_eq(short_handshake_status(h), SHORT_DONE, "%s: %s", c->name, seen->error_text);
    cr_expect_eq(short_handshake_outcome(h), OUTCOME_ESTABLISHED, "%s", c->name);
    cr_expect(seen->short_flight && !handshake_seen(whole)->short_flight, "%s", c->name);
    expect_same(seen, handshake_seen(whole), c->name);
    expect_polite_end(&peer, h, c->name);
    short_handshake_free(h);
    handshake_free(whole);
    peer_deinit(&peer);
    buf_deinit(&flight);
}

static void check_flights(size_t part, bool fast_public_keys)
{
    static const enum test_key kinds[] = {TEST_KEY_P256, TEST_KEY_P384, TEST_KEY_RSA2048,
                                          TEST_KEY_RSA1024, TEST_KEY_ED25519};
    struct test_cert leaves[COUNT(kinds)];
    for (size_t i = 0; i < COUNT(kinds); i++) {
        leaves[i] =
            test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .key = kinds[i]});
    }
    struct tls_context *ctx = context_new_with(fast_public_keys);
    for (size_t i = 0; i < COUNT(flight_cases); i++) {
        check_flight(ctx, &flight_cases[i], &leaves[flight_cases[i].key], part);
    }
    tls_context_free(ctx);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        test_cert_free(&leaves[i]);
    }
}

Test(short_handshake, it_sees_what_the_whole_one_sees)
{
    check_flights(WHOLE, false);
}

Test(short_handshake, it_sees_the_same_in_pieces)
{
    check_flights(1, false);
    check_flights(777, false);
}

/* As in a worker, where OpenSSL 3.0 and 3.1 take EC keys from an ENGINE. */
Test(short_handshake, it_sees_the_same_with_fast_public_keys)
{
    check_flights(WHOLE, true);
}

Test(short_handshake, the_client_key_is_renewed)
{
    struct tls_context *ctx = context_new();
    struct hello_template t;
    struct buf first = BUF_INIT(WIRE_MAX);
    struct buf next = BUF_INIT(WIRE_MAX);
    struct short_handshake *held = short_handshake_new(ctx); /* its key outlives the renewal */
    short_handshake_hello(held, &first);
    cr_assert(hello_template_read(&t, buf_span(&first)));
    for (int i = 1; i <= KEY_USES_MAX; i++) {
        struct short_handshake *h = short_handshake_new(ctx);
        buf_reset(&next);
        short_handshake_hello(h, &next);
        bool same = memcmp(first.at + t.share_at, next.at + t.share_at, HELLO_SHARE_LEN) == 0;
        cr_expect_eq(same, i < KEY_USES_MAX, "%d", i);
        short_handshake_free(h);
    }
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.leaf = &leaf});
    buf_reset(&next);
    run_short(&peer, held, WHOLE, &next);
    cr_expect_eq(short_handshake_status(held), SHORT_DONE);
    cr_expect_eq(short_handshake_seen(held)->version, TLS1_3_VERSION);
    short_handshake_free(held);
    peer_deinit(&peer);
    test_cert_free(&leaf);
    buf_deinit(&first);
    buf_deinit(&next);
    tls_context_free(ctx);
}

/* --- what it leaves to the whole one ---------------------------------------------------------- */

static void expect_fell(const struct short_handshake *h, const char *why, const char *name)
{
    const struct seen_tls *seen = short_handshake_seen(h);
    cr_expect_eq(short_handshake_status(h), SHORT_FELL, "%s", name);
    cr_expect(short_handshake_outcome(h) != OUTCOME_NOT_TESTED &&
                  short_handshake_outcome(h) != OUTCOME_ESTABLISHED,
              "%s", name);
    cr_expect(!seen->completed && !seen->short_flight, "%s", name);
    cr_expect(strstr(seen->error_text, why) != NULL, "%s: %s", name, seen->error_text);
}

Test(short_handshake, what_is_unexpected_is_left_to_the_whole_one)
{
    static const struct {
        const char *name;
        struct peer_params params;
        size_t further;
        const char *why;
    } cases[] = {
        {"TLS 1.0", {.min_version = TLS1_VERSION, .max_version = TLS1_VERSION}, 0, "a version"},
        {"TLS 1.1", {.min_version = TLS1_1_VERSION, .max_version = TLS1_1_VERSION}, 0, "a version"},
        {"retry with P-384",
         {.min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION, .groups = "P-384"},
         0,
         "HelloRetryRequest for a group"},
        {"no shared group",
         {.min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION, .groups = "X448"},
         0,
         "an alert"},
        {"no shared suite",
         {.min_version = TLS1_2_VERSION, .max_version = TLS1_2_VERSION, .suites = "NULL-SHA256"},
         0,
         "an alert"},
        {"150 certificates", {0}, 149, "list of certificates"},
    };
    struct tls_context *ctx = context_new();
    struct test_cert leaf =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .key = TEST_KEY_RSA2048});
    X509 *further[149];
    for (size_t i = 0; i < COUNT(further); i++) {
        further[i] = leaf.cert;
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct peer_params params = cases[i].params;
        struct buf flight = BUF_INIT(WIRE_MAX);
        struct peer peer;
        params.leaf = &leaf;
        params.further = further;
        params.further_count = cases[i].further;
        peer_init(&peer, &params);
        struct short_handshake *h = short_handshake_new(ctx);
        run_short(&peer, h, 5, &flight);
        expect_fell(h, cases[i].why, cases[i].name);
        short_handshake_free(h);
        peer_deinit(&peer);
        buf_deinit(&flight);
    }
    test_cert_free(&leaf);
    tls_context_free(ctx);
}

/* --- HelloRetryRequest ------------------------------------------------------------------------ */

struct retry_case {
    const char *name;
    uint16_t suite;
    uint16_t group; /* 0: none */
    struct span cookie;
    struct span more; /* a further extension */
    bool other_session_id;
    const char *why; /* NULL: it is answered */
};

static const uint8_t long_cookie[HELLO_COOKIE_MAX + 1] = {1};

static const struct retry_case retry_cases[] = {
    {.name = "P-256", .suite = 0x1301, .group = P256},
    {.name = "P-256, cookie", .suite = 0x1302, .group = P256, .cookie = SPAN_INIT("a cookie")},
    {.name = "cookie", .suite = 0x1303, .cookie = SPAN_INIT("c")},
    {.name = "long cookie", .suite = 0x1301, .group = P256, .cookie = {long_cookie, 1024}},
    {.name = "too long a cookie",
     .suite = 0x1301,
     .group = P256,
     .cookie = {long_cookie, 1025},
     .why = "a ServerHello"},
    {.name = "nothing new", .suite = 0x1301, .why = "a HelloRetryRequest that"},
    {.name = "what there is", .suite = 0x1301, .group = X25519, .why = "a HelloRetryRequest that"},
    {.name = "P-384", .suite = 0x1301, .group = 0x18, .why = "not spoken here"},
    {.name = "unknown suite", .suite = 0x1305, .group = P256, .why = "a HelloRetryRequest that"},
    {.name = "another session id",
     .suite = 0x1301,
     .group = P256,
     .other_session_id = true,
     .why = "a HelloRetryRequest that"},
    {.name = "extended_master_secret",
     .suite = 0x1301,
     .group = P256,
     .more = SPAN_INIT("\x00\x17\x00\x00"),
     .why = "a HelloRetryRequest that"},
    {.name = "not offered",
     .suite = 0x1301,
     .group = P256,
     .more = SPAN_INIT("\x00\x10\x00\x00"),
     .why = "a ServerHello"},
    {.name = "key_share twice",
     .suite = 0x1301,
     .group = P256,
     .more = SPAN_INIT("\x00\x33\x00\x02\x00\x17"),
     .why = "a ServerHello"},
    {.name = "an empty cookie",
     .suite = 0x1301,
     .group = P256,
     .more = SPAN_INIT("\x00\x2c\x00\x02\x00\x00"),
     .why = "a ServerHello"},
};

static void put16(struct buf *out, size_t n)
{
    buf_put_char(out, (char)(n >> 8));
    buf_put_char(out, (char)n);
}

/* RFC 8446 section 4.1.4, as one record. @param hello that it answers */
static void put_retry(const struct retry_case *c, const uint8_t *hello,
                      const struct hello_template *t, struct buf *out)
{
    struct buf body = BUF_INIT(WIRE_MAX);
    struct buf extensions = BUF_INIT(WIRE_MAX);
    buf_put(&extensions, SPAN_LIT("\x00\x2b\x00\x02\x03\x04"));
    if (c->group != 0) {
        buf_put(&extensions, SPAN_LIT("\x00\x33\x00\x02"));
        put16(&extensions, c->group);
    }
    if (c->cookie.len > 0) {
        buf_put(&extensions, SPAN_LIT("\x00\x2c"));
        put16(&extensions, c->cookie.len + 2);
        put16(&extensions, c->cookie.len);
        buf_put(&extensions, c->cookie);
    }
    buf_put(&extensions, c->more);
    buf_put(&body, SPAN_LIT("\x03\x03"
                            "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
                            "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"
                            "\x20"));
    buf_put(&body, (struct span){hello + t->session_id_at, HELLO_RANDOM_LEN});
    body.at[body.len - 1] ^= c->other_session_id;
    put16(&body, c->suite);
    buf_put_char(&body, 0);
    put16(&body, extensions.len);
    buf_put(&body, buf_span(&extensions));
    buf_put(out, SPAN_LIT("\x16\x03\x03"));
    put16(out, body.len + 4);
    buf_put(out, SPAN_LIT("\x02\x00"));
    put16(out, body.len);
    buf_put(out, buf_span(&body));
    buf_deinit(&body);
    buf_deinit(&extensions);
}

/* Alike but for what differs between any two: random, session id and key share. All stand where they stand in the first
 * hello, behind change_cipher_spec. */
static bool second_hellos_are_alike(const struct hello_template *t, struct span a, struct span b,
                                    size_t share_len)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        size_t at = i - 6; /* far away in front of it */
        bool own = (at >= t->random_at && at < t->random_at + HELLO_RANDOM_LEN) ||
                   (at >= t->session_id_at && at < t->session_id_at + HELLO_RANDOM_LEN) ||
                   (at >= t->share_at && at < t->share_at + share_len);
        if (!own && a.at[i] != b.at[i]) {
            return false;
        }
    }
    return true;
}

/* What the one and libssl say to the same HelloRetryRequest, each behind its own first hello. */
static void check_retry(struct tls_context *ctx, const struct retry_case *c)
{
    struct buf first = BUF_INIT(WIRE_MAX);
    struct buf first_whole = BUF_INIT(WIRE_MAX);
    struct buf retry = BUF_INIT(WIRE_MAX);
    struct buf own = BUF_INIT(WIRE_MAX);
    struct buf whole = BUF_INIT(WIRE_MAX);
    struct hello_template t;
    struct short_handshake *h = short_handshake_new(ctx);
    short_handshake_hello(h, &first);
    cr_assert(hello_template_read(&t, buf_span(&first)));
    put_retry(c, first.at, &t, &retry);
    feed_answered(h, buf_span(&retry), 7, &own);
    if (c->why != NULL) {
        expect_fell(h, c->why, c->name);
        cr_expect_eq(own.len, 0U, "%s", c->name);
    } else {
        struct handshake *libssl = handshake_new(ctx, NULL);
        size_t share_len = c->group == P256 ? 65 : HELLO_SHARE_LEN;
        cr_assert_eq(handshake_step(libssl, (struct span){0}, &first_whole), HANDSHAKE_MORE);
        buf_reset(&retry);
        put_retry(c, first_whole.at, &t, &retry);
        cr_assert_eq(handshake_step(libssl, buf_span(&retry), &whole), HANDSHAKE_MORE, "%s: %s",
                     c->name, handshake_seen(libssl)->error_text);
        cr_expect_eq(short_handshake_status(h), SHORT_MORE, "%s: %s", c->name,
                     short_handshake_seen(h)->error_text);
        cr_expect(second_hellos_are_alike(&t, buf_span(&own), buf_span(&whole), share_len), "%s",
                  c->name);
        bool same_random = memcmp(own.at + 6 + t.random_at, first.at + t.random_at, 65) == 0;
        bool same_share = memcmp(own.at + 6 + t.share_at, first.at + t.share_at, 32) == 0;
        cr_expect(same_random, "%s: random and session id stay", c->name);
        cr_expect_eq(same_share, c->group == 0, "%s", c->name);
        buf_reset(&own);
        buf_reset(&retry);
        put_retry(c, first.at, &t, &retry);
        feed_answered(h, buf_span(&retry), WHOLE, &own);
        expect_fell(h, "a HelloRetryRequest that", "a second one");
        handshake_free(libssl);
    }
    short_handshake_free(h);
    buf_deinit(&first);
    buf_deinit(&first_whole);
    buf_deinit(&retry);
    buf_deinit(&own);
    buf_deinit(&whole);
}

Test(short_handshake, its_second_hello_is_that_of_the_whole_one)
{
    struct tls_context *ctx = context_new();
    for (size_t i = 0; i < COUNT(retry_cases); i++) {
        check_retry(ctx, &retry_cases[i]);
    }
    tls_context_free(ctx);
}

/* What follows a HelloRetryRequest for P-256 with suite 0x1301. */
Test(short_handshake, what_does_not_follow_a_retry)
{
    static const struct {
        struct span sent;
        const char *why;
    } cases[] = {
        {SPAN_INIT("\x15\x03\x03\x00\x02\x02\x28"), "an alert"},
        {SPAN_INIT("\x14\x03\x03\x00\x01\x02"), "a change_cipher_spec"},
        {SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM
                   "\x00\x00\x9c\x00"),
         "a ServerHello of TLS 1.2"},
        {SPAN_INIT("\x17\x03\x03\x00\x20"), "not due"},
    };
    static const struct retry_case retry = {.suite = 0x1301, .group = P256};
    struct tls_context *ctx = context_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf first = BUF_INIT(WIRE_MAX);
        struct buf octets = BUF_INIT(WIRE_MAX);
        struct buf own = BUF_INIT(WIRE_MAX);
        struct hello_template t;
        struct short_handshake *h = short_handshake_new(ctx);
        short_handshake_hello(h, &first);
        cr_assert(hello_template_read(&t, buf_span(&first)));
        put_retry(&retry, first.at, &t, &octets);
        buf_put(&octets, SPAN_LIT("\x14\x03\x03\x00\x01\x01")); /* RFC 8446 appendix D.4 */
        feed_answered(h, buf_span(&octets), WHOLE, &own);
        cr_assert_eq(short_handshake_status(h), SHORT_MORE);
        feed_short(h, cases[i].sent, WHOLE);
        expect_fell(h, cases[i].why, "behind a retry");
        short_handshake_free(h);
        buf_deinit(&first);
        buf_deinit(&octets);
        buf_deinit(&own);
    }
    tls_context_free(ctx);
}

struct octets_case {
    const char *name;
    struct span sent;
    const char *why;
    enum session_outcome outcome;
};

static const struct octets_case octets_cases[] = {
    {"text", SPAN_INIT("454 no TLS\r\n"), "not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"SSL 2", SPAN_INIT("\x80\x2e\x01\x03\x01"), "not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"fatal alert", SPAN_INIT("\x15\x03\x01\x00\x02\x02\x28"), "an alert", OUTCOME_TLS_ALERT},
    {"close_notify", SPAN_INIT("\x15\x03\x01\x00\x02\x01\x00"), "an alert", OUTCOME_TLS_CLOSED},
    {"long alert", SPAN_INIT("\x15\x03\x01\x00\x03\x02\x28\x00"), "an alert that is none",
     OUTCOME_TLS_PROTOCOL_ERROR},
    {"five warnings",
     SPAN_INIT("\x15\x03\x01\x00\x02\x01\x70\x15\x03\x01\x00\x02\x01\x70\x15\x03\x01\x00\x02\x01"
               "\x70\x15\x03\x01\x00\x02\x01\x70\x15\x03\x01\x00\x02\x01\x70"),
     "an alert", OUTCOME_TLS_ALERT},
    {"change_cipher_spec first", SPAN_INIT("\x14\x03\x03\x00\x01\x01"), "not due",
     OUTCOME_TLS_PROTOCOL_ERROR},
    {"protected first", SPAN_INIT("\x17\x03\x03\x00\x20"), "not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"empty record", SPAN_INIT("\x16\x03\x03\x00\x00"), "not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"long record", SPAN_INIT("\x16\x03\x03\x40\x01"), "not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"hello request", SPAN_INIT("\x16\x03\x03\x00\x04\x00\x00\x00\x00"),
     "a message that is not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"long ServerHello", SPAN_INIT("\x16\x03\x03\x00\x04\x02\x01\x00\x00"),
     "a message that is not due, or too long", OUTCOME_TLS_PROTOCOL_ERROR},
    {"empty ServerHello", SPAN_INIT("\x16\x03\x03\x00\x04\x02\x00\x00\x00"), "a ServerHello",
     OUTCOME_TLS_PROTOCOL_ERROR},
    {"suite not offered (RC4)",
     SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM "\x00\x00\x05\x00"),
     "a ServerHello of TLS 1.2", OUTCOME_TLS_PROTOCOL_ERROR},
    {"TLS 1.3 suite in TLS 1.2",
     SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM "\x00\x13\x01\x00"),
     "a ServerHello of TLS 1.2", OUTCOME_TLS_PROTOCOL_ERROR},
    {"compression",
     SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM "\x00\x00\x9c\x01"),
     "a ServerHello", OUTCOME_TLS_PROTOCOL_ERROR},
    {"talked down (RFC 8446 section 4.1.3)",
     SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
               "0123456789abcdef01234567"
               "DOWNGRD\x01"
               "\x00\x00\x9c\x00"),
     "a ServerHello of TLS 1.2", OUTCOME_TLS_PROTOCOL_ERROR},
    {"extension that was not offered (server_name)",
     SPAN_INIT("\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03" HELLO12_RANDOM "\x00\x00\x9c\x00"
               "\x00\x04\x00\x00\x00\x00"),
     "a ServerHello", OUTCOME_TLS_PROTOCOL_ERROR},
    {"extension twice (extended_master_secret)",
     SPAN_INIT("\x16\x03\x03\x00\x34\x02\x00\x00\x30\x03\x03" HELLO12_RANDOM "\x00\x00\x9c\x00"
               "\x00\x08\x00\x17\x00\x00\x00\x17\x00\x00"),
     "a ServerHello", OUTCOME_TLS_PROTOCOL_ERROR},
    {"no Certificate",
     SPAN_INIT("\x16\x03\x03\x00\x2e\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM "\x00\x00\x9c\x00"
               "\x0e\x00\x00\x00"),
     "a message that is not due", OUTCOME_TLS_PROTOCOL_ERROR},
    {"empty list",
     SPAN_INIT("\x16\x03\x03\x00\x31\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM "\x00\x00\x9c\x00"
               "\x0b\x00\x00\x03\x00\x00\x00"),
     "a list of certificates", OUTCOME_TLS_PROTOCOL_ERROR},
    {"malformed list",
     SPAN_INIT("\x16\x03\x03\x00\x34\x02\x00\x00\x26\x03\x03" HELLO12_RANDOM "\x00\x00\x9c\x00"
               "\x0b\x00\x00\x06\x00\x00\x03\x00\x00\x09"),
     "a list of certificates", OUTCOME_TLS_PROTOCOL_ERROR},
    {"alert within a message", SPAN_INIT("\x16\x03\x03\x00\x01\x02\x15\x03\x03\x00\x02\x01\x70"),
     "not due", OUTCOME_TLS_PROTOCOL_ERROR},
};

Test(short_handshake, faults_are_left_to_the_whole_one)
{
    struct tls_context *ctx = context_new();
    for (size_t i = 0; i < COUNT(octets_cases); i++) {
        const struct octets_case *c = &octets_cases[i];
        for (size_t part = 1; part <= 64; part *= 8) {
            struct short_handshake *h = short_handshake_new(ctx);
            feed_short(h, c->sent, part);
            expect_fell(h, c->why, c->name);
            cr_expect_eq(short_handshake_outcome(h), c->outcome, "%s", c->name);
            short_handshake_free(h);
        }
    }
    tls_context_free(ctx);
}

Test(short_handshake, warnings_before_the_hello_are_read_over)
{
    struct tls_context *ctx = context_new();
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct buf flight = BUF_INIT(WIRE_MAX);
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.leaf = &leaf});
    struct short_handshake *h = short_handshake_new(ctx);
    feed_short(h, SPAN_LIT("\x15\x03\x01\x00\x02\x01\x70"), WHOLE); /* unrecognized_name */
    run_short(&peer, h, WHOLE, &flight);
    cr_expect_eq(short_handshake_status(h), SHORT_DONE);
    cr_expect(short_handshake_seen(h)->unknown_name_warning);
    short_handshake_free(h);
    peer_deinit(&peer);
    buf_deinit(&flight);
    test_cert_free(&leaf);
    tls_context_free(ctx);
}

/* Each octet of a flight, altered: of TLS 1.3 none passes behind the ServerHello; of TLS 1.2 nothing is protected, and
 * whatever comes of it keeps the bounds (the sanitizers look). */
static void check_altered(struct tls_context *ctx, const struct test_cert *leaf, int version)
{
    struct peer peer;
    struct buf hello = BUF_INIT(WIRE_MAX);
    struct buf flight = BUF_INIT(WIRE_MAX);
    peer_init(&peer,
              &(struct peer_params){.min_version = version, .max_version = version, .leaf = leaf});
    struct short_handshake *h = short_handshake_new(ctx);
    short_handshake_hello(h, &hello);
    peer_step(&peer, buf_span(&hello), &flight);
    short_handshake_free(h);
    peer_deinit(&peer);
    for (size_t at = 0; at < flight.len; at++) {
        /* The keys of the first one are gone with it: behind the ServerHello nothing can be opened. */
        h = short_handshake_new(ctx);
        flight.at[at] ^= 0x11;
        feed_short(h, buf_span(&flight), WHOLE);
        cr_expect(version != TLS1_3_VERSION || short_handshake_status(h) != SHORT_DONE, "%zu", at);
        flight.at[at] ^= 0x11;
        short_handshake_free(h);
    }
    buf_deinit(&hello);
    buf_deinit(&flight);
}

Test(short_handshake, altered_flights)
{
    struct tls_context *ctx = context_new();
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    check_altered(ctx, &leaf, TLS1_2_VERSION);
    check_altered(ctx, &leaf, TLS1_3_VERSION);
    test_cert_free(&leaf);
    tls_context_free(ctx);
}

/* Under the right keys as well: one octet altered in what follows the ServerHello. */
Test(short_handshake, records_that_are_not_genuine)
{
    struct tls_context *ctx = context_new();
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    for (size_t step = 0; step < 12; step++) {
        struct buf hello = BUF_INIT(WIRE_MAX);
        struct buf flight = BUF_INIT(WIRE_MAX);
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = TLS1_3_VERSION, .leaf = &leaf});
        struct short_handshake *h = short_handshake_new(ctx);
        short_handshake_hello(h, &hello);
        peer_step(&peer, buf_span(&hello), &flight);
        size_t sealed_at = 5 + ((size_t)flight.at[3] << 8 | flight.at[4]) + 6; /* and a CCS */
        size_t at = sealed_at + 5 + step * (flight.len - sealed_at - 5) / 12;
        flight.at[at] ^= 0x40;
        feed_short(h, buf_span(&flight), WHOLE);
        expect_fell(h, "", "altered");
        short_handshake_free(h);
        peer_deinit(&peer);
        buf_deinit(&hello);
        buf_deinit(&flight);
    }
    test_cert_free(&leaf);
    tls_context_free(ctx);
}

Test(short_handshake, who_leaves_is_left_to_the_whole_one)
{
    struct tls_context *ctx = context_new();
    struct buf out = BUF_INIT(WIRE_MAX);
    for (int how = 0; how < 4; how++) {
        static const enum session_outcome want[] = {
            OUTCOME_TLS_CLOSED, OUTCOME_TLS_RESET, OUTCOME_TLS_TIMEOUT, OUTCOME_TLS_PROTOCOL_ERROR};
        struct short_handshake *h = short_handshake_new(ctx);
        if (how == 3) {
            short_handshake_octets_exceeded(h);
        } else {
            short_handshake_peer_gone(h, how == 1, how == 2);
        }
        expect_fell(h, "", "left");
        cr_expect_eq(short_handshake_outcome(h), want[how], "%d", how);
        short_handshake_peer_gone(h, false, true);
        cr_expect_eq(short_handshake_outcome(h), want[how], "%d: it stays", how);
        short_handshake_goodbye(h, &out);
        cr_expect_eq(out.len, 0U, "nobody waits");
        short_handshake_free(h);
    }
    buf_deinit(&out);
    tls_context_free(ctx);
}

/* --- the self-test ---------------------------------------------------------------------------- */

Test(short_handshake, without_its_algorithms_there_are_only_whole_ones)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *none = OSSL_PROVIDER_load(lib, "null");
    cr_assert_not_null(none);
    cr_expect_null(handshake_crypto_new(lib));
    OSSL_PROVIDER_unload(none);
    OSSL_LIB_CTX_free(lib);

    lib = OSSL_LIB_CTX_new();
    struct handshake_crypto *c = handshake_crypto_new(lib);
    cr_assert_not_null(c);
    cr_expect(handshake_vectors_hold(c));
    handshake_crypto_free(c);
    OSSL_LIB_CTX_free(lib);
}

Test(short_handshake, shares_that_are_no_points_of_use)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    struct handshake_crypto *c = handshake_crypto_new(lib);
    struct client_key key;
    struct handshake_keys keys;
    const uint8_t zero[HANDSHAKE_SHARE_MAX] = {0}; /* RFC 7748 section 6.1 */
    cr_assert(client_key_take(c, X25519, &key));
    cr_expect_not(
        handshake_keys_derive(c, 0x1301, &key, zero, SPAN_LIT("a"), SPAN_LIT("b"), &keys));
    cr_expect(
        handshake_keys_derive(c, 0x1301, &key, key.share, SPAN_LIT("a"), SPAN_LIT("b"), &keys));
    client_key_release(&key);

    /* RFC 8446 section 4.2.8.2: not on the curve, or in another form. */
    uint8_t point[HANDSHAKE_SHARE_MAX];
    cr_assert(client_key_take(c, P256, &key));
    cr_expect(
        handshake_keys_derive(c, 0x1301, &key, key.share, SPAN_LIT("a"), SPAN_LIT("b"), &keys));
    for (size_t i = 0; i < 3; i++) {
        memcpy(point, key.share, sizeof(point));
        point[0] = i == 1 ? 6 + (point[64] & 1) : point[0]; /* the hybrid form of the same point */
        point[64] ^= i == 0;
        cr_expect_not(handshake_keys_derive(c, 0x1301, &key, i == 2 ? zero : point, SPAN_LIT("a"),
                                            SPAN_LIT("b"), &keys),
                      "%zu", i);
    }
    client_key_release(&key);
    handshake_crypto_free(c);
    OSSL_LIB_CTX_free(lib);
}
