#include <criterion/criterion.h>

#include "scanner/tls/client_hello.h"
#include "scanner/tls/version_probe.h"
#include "tests/unit/tls/peer.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OUT_MAX  4096
#define WHOLE    SIZE_MAX
#define PENDING  (-1)

#define TLS10 0x0301
#define TLS11 0x0302
#define TLS12 0x0303
#define TLS13 0x0304

TestSuite(version_probe, .init = tls_process_init);

#define ALERT(level, description) "\x15\x03\x01\x00\x02" level description
#define RANDOM                    "0123456789abcdef0123456789abcdef"
#define RETRY_RANDOM                                                   \
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" \
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"
/* A ServerHello without extensions. */
#define SHORT_HELLO(version) "\x02\x00\x00\x26" version RANDOM "\x00\x00\x2f\x00"
#define RECORD_2A            "\x16\x03\x01\x00\x2a"
/* With supported_versions: 44 octets and 6 of extensions, +2 for their length. */
#define TLS13_HELLO(random, version) \
    "\x02\x00\x00\x2e\x03\x03" random "\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02" version
#define RECORD_32 "\x16\x03\x03\x00\x32"

struct answer_case {
    const char *name;
    struct span wire;
    uint16_t max;
    int answer; /* enum hello_answer, or PENDING */
    enum session_outcome outcome;
    uint16_t version;
    int alert;
    bool retry_request;
};

static const struct answer_case cases[] = {
    {"ServerHello of TLS 1.0", SPAN_INIT(RECORD_2A SHORT_HELLO("\x03\x01")), TLS12, HELLO_ACCEPTED,
     OUTCOME_ESTABLISHED, TLS10, -1, false},
    {"ServerHello of TLS 1.2 without extensions", SPAN_INIT(RECORD_2A SHORT_HELLO("\x03\x03")),
     TLS12, HELLO_ACCEPTED, OUTCOME_ESTABLISHED, TLS12, -1, false},
    {"TLS 1.3 stands in supported_versions (RFC 8446 4.2.1)",
     SPAN_INIT(RECORD_32 TLS13_HELLO(RANDOM, "\x03\x04")), TLS13, HELLO_ACCEPTED,
     OUTCOME_ESTABLISHED, TLS13, -1, false},
    {"HelloRetryRequest (RFC 8446 4.1.4)",
     SPAN_INIT(RECORD_32 TLS13_HELLO(RETRY_RANDOM, "\x03\x04")), TLS13, HELLO_ACCEPTED,
     OUTCOME_ESTABLISHED, TLS13, -1, true},
    {"a message over two records (RFC 8446 5.1)",
     SPAN_INIT("\x16\x03\x01\x00\x03\x02\x00\x00\x16\x03\x01\x00\x27\x26\x03\x02" RANDOM
               "\x00\x00\x2f\x00"),
     TLS12, HELLO_ACCEPTED, OUTCOME_ESTABLISHED, TLS11, -1, false},
    {"more messages in the same record",
     SPAN_INIT("\x16\x03\x01\x40\x00" SHORT_HELLO("\x03\x01") "\x0b\x00\x00\x00"), TLS10,
     HELLO_ACCEPTED, OUTCOME_ESTABLISHED, TLS10, -1, false},
    {"a warning before the ServerHello (RFC 6066 3)",
     SPAN_INIT(ALERT("\x01", "\x70") RECORD_2A SHORT_HELLO("\x03\x02")), TLS12, HELLO_ACCEPTED,
     OUTCOME_ESTABLISHED, TLS11, -1, false},
    {"protocol_version (RFC 8446 6.2)", SPAN_INIT(ALERT("\x02", "\x46")), TLS11, HELLO_REFUSED,
     OUTCOME_TLS_NO_SHARED_VERSION, 0, 70, false},
    {"handshake_failure", SPAN_INIT(ALERT("\x02", "\x28")), TLS11, HELLO_REFUSED,
     OUTCOME_TLS_NO_SHARED_CIPHER, 0, 40, false},
    {"insufficient_security", SPAN_INIT(ALERT("\x02", "\x47")), TLS11, HELLO_REFUSED,
     OUTCOME_TLS_NO_SHARED_CIPHER, 0, 71, false},
    {"internal_error may be a refusal", SPAN_INIT(ALERT("\x02", "\x50")), TLS11, HELLO_DECLINED,
     OUTCOME_TLS_ALERT, 0, 80, false},
    {"unrecognized_name is about the name", SPAN_INIT(ALERT("\x02", "\x70")), TLS11, HELLO_NONE,
     OUTCOME_TLS_ALERT, 0, 112, false},
    {"close_notify", SPAN_INIT(ALERT("\x01", "\x00")), TLS11, HELLO_DECLINED, OUTCOME_TLS_CLOSED, 0,
     0, false},
    {"SSL 3.0 chosen (RFC 7568): nothing of what was offered",
     SPAN_INIT("\x16\x03\x00\x00\x2a" SHORT_HELLO("\x03\x00")), TLS11, HELLO_REFUSED,
     OUTCOME_TLS_NO_SHARED_VERSION, 0x0300, -1, false},
    {"a version above the offer", SPAN_INIT(RECORD_2A SHORT_HELLO("\x03\x03")), TLS11, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, TLS12, -1, false},
    {"a version that does not exist", SPAN_INIT(RECORD_32 TLS13_HELLO(RANDOM, "\x7f\x1c")), TLS13,
     HELLO_NONE, OUTCOME_TLS_PROTOCOL_ERROR, 0x7f1c, -1, false},
    {"SMTP text", SPAN_INIT("454 TLS not available\r\n"), TLS12, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"SSL 2.0", SPAN_INIT("\x80\x0b\x04\x00\x01"), TLS12, HELLO_NONE, OUTCOME_TLS_PROTOCOL_ERROR, 0,
     -1, false},
    {"another major version of the record", SPAN_INIT("\x16\x04\x00\x00\x2a\x02"), TLS12,
     HELLO_NONE, OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"an empty record", SPAN_INIT("\x16\x03\x03\x00\x00"), TLS12, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"a record over 2^14 octets", SPAN_INIT("\x16\x03\x03\x40\x01"), TLS12, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"another message first", SPAN_INIT("\x16\x03\x03\x00\x04\x0b\x00\x00\x00"), TLS12, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"an empty ServerHello", SPAN_INIT("\x16\x03\x03\x00\x04\x02\x00\x00\x00"), TLS12, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"a ServerHello of 16 MB", SPAN_INIT("\x16\x03\x03\x00\x04\x02\xff\xff\xff"), TLS12, HELLO_NONE,
     OUTCOME_TLS_PROTOCOL_ERROR, 0, -1, false},
    {"nothing", SPAN_INIT(""), TLS12, PENDING, OUTCOME_NOT_TESTED, 0, -1, false},
    {"half a ServerHello", SPAN_INIT(RECORD_2A "\x02\x00\x00\x26\x03\x03" RANDOM), TLS12, PENDING,
     OUTCOME_NOT_TESTED, 0, -1, false},
    {"a warning alone", SPAN_INIT(ALERT("\x01", "\x70")), TLS12, PENDING, OUTCOME_NOT_TESTED, 0, -1,
     false},
};

static bool feed_in_parts(struct version_probe *p, struct span in, size_t part)
{
    bool decided = false;
    while (in.len > 0 && !decided) {
        size_t n = span_take(in, part).len;
        decided = version_probe_feed(p, span_take(in, n));
        in = span_drop(in, n);
    }
    return decided;
}

static void check_answer(const struct answer_case *c, size_t part)
{
    struct version_probe *p = version_probe_new(c->max, "mx.test");
    const struct seen_hello *seen = version_probe_seen(p);
    struct buf out = BUF_INIT(OUT_MAX);
    cr_expect_eq(feed_in_parts(p, c->wire, part), c->answer != PENDING, "%s", c->name);
    cr_expect_eq(version_probe_outcome(p), c->outcome, "%s: %s", c->name,
                 outcome_info(version_probe_outcome(p))->word);
    cr_expect_eq(seen->answer, c->answer == PENDING ? HELLO_NONE : c->answer, "%s: %d", c->name,
                 seen->answer);
    cr_expect_eq(seen->version, c->version, "%s: %04x", c->name, seen->version);
    cr_expect_eq(seen->alert, c->alert, "%s: %d", c->name, seen->alert);
    cr_expect_eq(seen->retry_request, c->retry_request, "%s", c->name);
    version_probe_goodbye(p, &out);
    cr_expect_eq(out.len, c->answer == HELLO_ACCEPTED ? 14U : 0U, "%s: %zu", c->name, out.len);
    version_probe_peer_gone(p, true, false);
    cr_expect_eq(version_probe_outcome(p), c->answer == PENDING ? OUTCOME_TLS_RESET : c->outcome,
                 "%s: the first cause stays", c->name);
    buf_deinit(&out);
    version_probe_free(p);
}

Test(version_probe, answers_are_told_apart)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_answer(&cases[i], WHOLE);
        check_answer(&cases[i], 1);
        check_answer(&cases[i], 7);
    }
}

Test(version_probe, ends_of_the_transport)
{
    static const struct {
        const char *name;
        bool reset;
        bool timeout;
        enum hello_answer answer;
        enum session_outcome outcome;
    } ends[] = {
        {"close", false, false, HELLO_DECLINED, OUTCOME_TLS_CLOSED},
        {"reset", true, false, HELLO_DECLINED, OUTCOME_TLS_RESET},
        {"timeout", false, true, HELLO_NONE, OUTCOME_TLS_TIMEOUT},
    };
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct version_probe *p = version_probe_new(TLS11, NULL);
        version_probe_peer_gone(p, ends[i].reset, ends[i].timeout);
        cr_expect_eq(version_probe_seen(p)->answer, ends[i].answer, "%s", ends[i].name);
        cr_expect_eq(version_probe_outcome(p), ends[i].outcome, "%s", ends[i].name);
        version_probe_free(p);
    }
}

/* RFC 8446 section 6.1, on the record layer of the version that was chosen. */
Test(version_probe, goodbye)
{
    struct version_probe *p = version_probe_new(TLS13, NULL);
    struct buf out = BUF_INIT(OUT_MAX);
    cr_assert(version_probe_feed(p, SPAN_LIT(RECORD_2A SHORT_HELLO("\x03\x02"))));
    version_probe_goodbye(p, &out);
    cr_expect(span_eq(buf_span(&out), SPAN_LIT("\x15\x03\x02\x00\x02\x01\x5a"
                                               "\x15\x03\x02\x00\x02\x01\x00")));
    buf_deinit(&out);
    version_probe_free(p);
}

/* One question to an OpenSSL server. */
struct server_case {
    const char *name;
    int min;
    int max;
    const char *suites;
    const char *groups;
    enum test_key key;
    uint16_t offer;
    enum hello_answer answer;
    uint16_t version;
    bool retry_request;
};

static const struct server_case servers[] = {
    {"any server, all offered", 0, 0, NULL, NULL, TEST_KEY_P256, TLS13, HELLO_ACCEPTED, TLS13,
     false},
    {"any server, up to 1.2", 0, 0, NULL, NULL, TEST_KEY_P256, TLS12, HELLO_ACCEPTED, TLS12, false},
    {"any server, up to 1.1", 0, 0, NULL, NULL, TEST_KEY_RSA2048, TLS11, HELLO_ACCEPTED, TLS11,
     false},
    {"any server, 1.0", 0, 0, NULL, NULL, TEST_KEY_RSA2048, TLS10, HELLO_ACCEPTED, TLS10, false},
    {"1.0 with an EC key", 0, 0, NULL, NULL, TEST_KEY_P256, TLS10, HELLO_ACCEPTED, TLS10, false},
    {"1.3 with another group: HelloRetryRequest", 0, 0, NULL, "P-384", TEST_KEY_P256, TLS13,
     HELLO_ACCEPTED, TLS13, true},
    {"1.3 only, up to 1.2", TLS1_3_VERSION, 0, NULL, NULL, TEST_KEY_P256, TLS12, HELLO_REFUSED, 0,
     false},
    {"1.2 only, all offered", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, TEST_KEY_P256, TLS13,
     HELLO_ACCEPTED, TLS12, false},
    {"1.2 only, up to 1.1", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, TEST_KEY_P256, TLS11,
     HELLO_REFUSED, 0, false},
    {"1.0 only, up to 1.2", TLS1_VERSION, TLS1_VERSION, NULL, NULL, TEST_KEY_RSA2048, TLS12,
     HELLO_ACCEPTED, TLS10, false},
    {"1.2 with key transport only", TLS1_2_VERSION, TLS1_2_VERSION, "AES128-SHA", NULL,
     TEST_KEY_RSA2048, TLS12, HELLO_ACCEPTED, TLS12, false},
    {"1.2 with DHE only", TLS1_2_VERSION, TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", NULL,
     TEST_KEY_RSA2048, TLS12, HELLO_ACCEPTED, TLS12, false},
    {"1.2 with CHACHA20 only", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", NULL,
     TEST_KEY_RSA2048, TLS12, HELLO_ACCEPTED, TLS12, false},
    {"no suite in common", TLS1_2_VERSION, TLS1_2_VERSION, "NULL-SHA256", NULL, TEST_KEY_RSA2048,
     TLS12, HELLO_REFUSED, 0, false},
};

static void ask_server(const struct server_case *c, const struct test_cert *leaf)
{
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.min_version = c->min,
                                           .max_version = c->max,
                                           .suites = c->suites,
                                           .groups = c->groups,
                                           .leaf = leaf});
    struct version_probe *p = version_probe_new(c->offer, "mx.test");
    const struct seen_hello *seen = version_probe_seen(p);
    struct buf out = BUF_INIT(OUT_MAX);
    struct buf in = BUF_INIT(65536);
    version_probe_hello(p, &out);
    peer_step(&peer, buf_span(&out), &in);
    cr_assert(feed_in_parts(p, buf_span(&in), 11), "%s: decided", c->name);
    cr_expect_eq(seen->answer, c->answer, "%s: %d, alert %d", c->name, seen->answer, seen->alert);
    cr_expect_eq(seen->version, c->version, "%s: %04x", c->name, seen->version);
    cr_expect_eq(seen->retry_request, c->retry_request, "%s", c->name);
    cr_expect_str_eq(peer.sni, c->answer == HELLO_ACCEPTED ? "mx.test" : peer.sni, "%s", c->name);
    buf_deinit(&out);
    buf_deinit(&in);
    version_probe_free(p);
    peer_deinit(&peer);
}

Test(version_probe, asks_real_servers)
{
    struct test_cert leaves[] = {
        [TEST_KEY_P256] = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"}),
        [TEST_KEY_RSA2048] = test_cert_new(
            NULL, &(struct test_cert_params){.cn = "mx.test", .key = TEST_KEY_RSA2048}),
    };
    for (size_t i = 0; i < COUNT(servers); i++) {
        ask_server(&servers[i], &leaves[servers[i].key]);
    }
    test_cert_free(&leaves[TEST_KEY_P256]);
    test_cert_free(&leaves[TEST_KEY_RSA2048]);
}

/* Octets that differ in nothing but what is random, and a length that old servers read. */
Test(version_probe, hello_of_each_version)
{
    for (uint16_t max = TLS10; max <= TLS13; max++) {
        uint8_t zeros[CLIENT_HELLO_RANDOM_LEN] = {0};
        uint8_t ones[CLIENT_HELLO_RANDOM_LEN];
        memset(ones, 0xff, sizeof(ones));
        struct buf a = BUF_INIT(OUT_MAX);
        struct buf b = BUF_INIT(OUT_MAX);
        client_hello_put(&a, max, (struct suite_list){0}, NULL, zeros);
        client_hello_put(&b, max, (struct suite_list){0}, NULL, ones);
        cr_expect_eq(a.len, b.len);
        size_t differing = 0;
        for (size_t i = 0; i < a.len; i++) {
            differing += a.at[i] != b.at[i];
        }
        cr_expect_eq(differing, max == TLS13 ? 96U : 32U, "%04x: %zu", max, differing);
        cr_expect_eq(a.at[9] << 8 | a.at[10], max == TLS13 ? TLS12 : max, "legacy_version");
        cr_expect_lt(a.len, 512U, "%04x: %zu", max, a.len);
        buf_reset(&b);
        client_hello_put(&b, max, (struct suite_list){0}, "mx.test", ones);
        cr_expect_eq(b.len, a.len + 9 + strlen("mx.test"), "server_name (RFC 6066 3)");
        buf_deinit(&a);
        buf_deinit(&b);
    }
}
