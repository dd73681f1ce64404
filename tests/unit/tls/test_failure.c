#include <criterion/criterion.h>
#include <openssl/err.h>

#include "scanner/cert/cert_list.h"
#include "scanner/observation/tls_names.h"
#include "tests/unit/tls/peer.h"

#define WHOLE    SIZE_MAX
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct answer_case {
    const char *name;
    struct span wire; /* the server's answer to the ClientHello */
    enum handshake_status want;
    enum session_outcome outcome;
    int alert_received;
    int alert_sent;
    bool has_text;
    const char *alert_name; /* of the received one */
};

#define ALERT(level, description) SPAN_INIT("\x15\x03\x03\x00\x02" level description)

/* Against an openssl.cnf of the machine. */
TestSuite(failure, .init = tls_process_init);

/* RFC 8446 section 6, RFC 5246 section 7.2. The same in one piece and octet by octet. */
static const struct answer_case answer_cases[] = {
    {"handshake_failure: nothing to choose", ALERT("\x02", "\x28"), HANDSHAKE_FAILED,
     OUTCOME_TLS_NO_SHARED_CIPHER, 40, -1, true, "handshake_failure"},
    {"insufficient_security", ALERT("\x02", "\x47"), HANDSHAKE_FAILED, OUTCOME_TLS_NO_SHARED_CIPHER,
     71, -1, true, "insufficient_security"},
    {"protocol_version", ALERT("\x02", "\x46"), HANDSHAKE_FAILED, OUTCOME_TLS_NO_SHARED_VERSION, 70,
     -1, true, "protocol_version"},
    {"unrecognized_name, fatal (RFC 6066 3)", ALERT("\x02", "\x70"), HANDSHAKE_FAILED,
     OUTCOME_TLS_ALERT, 112, -1, true, "unrecognized_name"},
    {"internal_error", ALERT("\x02", "\x50"), HANDSHAKE_FAILED, OUTCOME_TLS_ALERT, 80, -1, true,
     "internal_error"},
    {"an alert without a name", ALERT("\x02", "\xfe"), HANDSHAKE_FAILED, OUTCOME_TLS_ALERT, 254, -1,
     true, NULL},
    {"unrecognized_name, warning: goes on", ALERT("\x01", "\x70"), HANDSHAKE_MORE,
     OUTCOME_NOT_TESTED, -1, -1, false, NULL},
    {"close_notify", ALERT("\x01", "\x00"), HANDSHAKE_FAILED, OUTCOME_TLS_CLOSED, -1, -1, false,
     NULL},
    {"SMTP text", SPAN_INIT("454 TLS not available\r\n"), HANDSHAKE_FAILED,
     OUTCOME_TLS_PROTOCOL_ERROR, -1, -1, true, NULL},
    {"zeros", SPAN_INIT("\0\0\0\0\0\0\0\0\0\0\0\0"), HANDSHAKE_FAILED, OUTCOME_TLS_PROTOCOL_ERROR,
     -1, -1, true, NULL},
    {"SSL 2.0 SERVER-HELLO", SPAN_INIT("\x80\x0b\x04\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00"),
     HANDSHAKE_FAILED, OUTCOME_TLS_PROTOCOL_ERROR, -1, -1, true, NULL},
    {"application data first", SPAN_INIT("\x17\x03\x03\x00\x01x"), HANDSHAKE_FAILED,
     OUTCOME_TLS_PROTOCOL_ERROR, -1, 10, true, NULL},
    {"a message of an unknown type", SPAN_INIT("\x16\x03\x03\x00\x04\xff\x00\x00\x00"),
     HANDSHAKE_FAILED, OUTCOME_TLS_PROTOCOL_ERROR, -1, 10, true, NULL},
    {"an empty ServerHello", SPAN_INIT("\x16\x03\x03\x00\x04\x02\x00\x00\x00"), HANDSHAKE_FAILED,
     OUTCOME_TLS_PROTOCOL_ERROR, -1, 50, true, NULL},
    {"a ServerHello of 16 MB", SPAN_INIT("\x16\x03\x03\x00\x04\x02\xff\xff\xff"), HANDSHAKE_FAILED,
     OUTCOME_TLS_PROTOCOL_ERROR, -1, 47, true, NULL},
    {"SSL 3.0 chosen (RFC 7568)",
     SPAN_INIT("\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00"
               "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00"),
     HANDSHAKE_FAILED, OUTCOME_TLS_NO_SHARED_VERSION, -1, 70, true, NULL},
    {"a suite that was not offered: RC4",
     SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
               "0123456789abcdef0123456789abcdef\x00\x00\x05\x00"),
     HANDSHAKE_FAILED, OUTCOME_TLS_PROTOCOL_ERROR, -1, 47, true, NULL},
    {"compression that was not offered",
     SPAN_INIT("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
               "0123456789abcdef0123456789abcdef\x00\x00\x2f\x01"),
     HANDSHAKE_FAILED, OUTCOME_TLS_PROTOCOL_ERROR, -1, 47, true, NULL},
};

static void check_answer(struct tls_context *ctx, const struct answer_case *c, size_t part)
{
    struct handshake *h = handshake_new(ctx, "mx.test");
    const struct seen_tls *seen = handshake_seen(h);
    struct buf out = BUF_INIT(65536);
    cr_assert_eq(handshake_step(h, (struct span){0}, &out), HANDSHAKE_MORE);
    buf_reset(&out);
    cr_expect_eq(feed_parts(h, c->wire, part, &out), c->want, "%s", c->name);
    cr_expect_eq(handshake_outcome(h), c->outcome, "%s: %s", c->name,
                 outcome_info(handshake_outcome(h))->word);
    cr_expect_eq(seen->alert_received, c->alert_received, "%s: %d", c->name, seen->alert_received);
    cr_expect_eq(seen->alert_sent, c->alert_sent, "%s: %d", c->name, seen->alert_sent);
    cr_expect_eq(out.len > 0, c->alert_sent >= 0, "%s: the alert is to be sent", c->name);
    cr_expect_eq(seen->error_text[0] != '\0', c->has_text, "%s: '%s'", c->name, seen->error_text);
    cr_expect_eq(seen->unknown_name_warning, c->want == HANDSHAKE_MORE, "%s", c->name);
    cr_expect(!seen->completed && seen->cert_count == 0, "%s", c->name);
    const char *alert = tls_alert_name(seen->alert_received);
    cr_expect(c->alert_name == alert || (alert != NULL && strcmp(alert, c->alert_name) == 0), "%s",
              c->name);
    handshake_peer_gone(h, true, false);
    cr_expect_eq(handshake_outcome(h), c->want == HANDSHAKE_MORE ? OUTCOME_TLS_RESET : c->outcome,
                 "%s: the first cause stays", c->name);
    buf_deinit(&out);
    handshake_free(h);
}

Test(failure, answers_are_told_apart)
{
    struct tls_context *ctx = tls_context_new(true);
    for (size_t i = 0; i < COUNT(answer_cases); i++) {
        check_answer(ctx, &answer_cases[i], WHOLE);
        check_answer(ctx, &answer_cases[i], 1);
    }
    cr_expect_eq(ERR_peek_error(), 0UL, "nothing is left for the next handshake of the thread");
    tls_context_free(ctx);
}

/* What real servers say when nothing is shared. */
Test(failure, nothing_shared)
{
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct tls_context *ctx = tls_context_new(false);
    static const struct {
        const char *name;
        const char *suites;
        const char *groups;
        int version;
    } cases[] = {
        {"suite", "ECDHE-ECDSA-CAMELLIA128-SHA256", NULL, TLS1_2_VERSION},
        {"a key for no common suite", "ECDHE-RSA-AES128-GCM-SHA256", NULL, TLS1_2_VERSION},
        {"group", NULL, "X448", TLS1_3_VERSION},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = cases[i].version,
                                               .max_version = cases[i].version,
                                               .suites = cases[i].suites,
                                               .groups = cases[i].groups,
                                               .leaf = &leaf});
        struct handshake *h = handshake_new(ctx, NULL);
        cr_expect_eq(peer_run(&peer, h, WHOLE), HANDSHAKE_FAILED, "%s", cases[i].name);
        cr_expect_eq(handshake_outcome(h), OUTCOME_TLS_NO_SHARED_CIPHER, "%s", cases[i].name);
        cr_expect_eq(handshake_seen(h)->alert_received, SSL_AD_HANDSHAKE_FAILURE, "%s",
                     cases[i].name);
        handshake_free(h);
        peer_deinit(&peer);
    }
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

/* The first flight of a TLS 1.2 server, which is in clear. */
static void flight_take(struct peer *p, struct handshake *h, struct buf *flight)
{
    struct buf hello = BUF_INIT(65536);
    cr_assert_eq(handshake_step(h, (struct span){0}, &hello), HANDSHAKE_MORE);
    buf_reset(flight);
    peer_step(p, buf_span(&hello), flight);
    cr_assert_gt(flight->len, 0U);
    buf_deinit(&hello);
}

Test(failure, the_transport_may_end_anywhere)
{
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct tls_context *ctx = tls_context_new(false);
    struct buf flight = BUF_INIT(65536);
    struct buf out = BUF_INIT(65536);
    for (size_t cut = 0; cut == 0 || cut < flight.len; cut++) {
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.max_version = TLS1_2_VERSION, .leaf = &leaf});
        struct handshake *h = handshake_new(ctx, NULL);
        flight_take(&peer, h, &flight);
        buf_reset(&out);
        cr_expect_eq(handshake_step(h, span_take(buf_span(&flight), cut), &out), HANDSHAKE_MORE,
                     "cut at %zu of %zu", cut, flight.len);
        handshake_peer_gone(h, cut % 3 == 1, cut % 3 == 2);
        enum session_outcome want = cut % 3 == 0   ? OUTCOME_TLS_CLOSED
                                    : cut % 3 == 1 ? OUTCOME_TLS_RESET
                                                   : OUTCOME_TLS_TIMEOUT;
        cr_expect_eq(handshake_outcome(h), want, "cut at %zu", cut);
        cr_expect(!handshake_seen(h)->completed && handshake_seen(h)->alert_received == -1);
        handshake_free(h);
        peer_deinit(&peer);
    }
    buf_deinit(&flight);
    buf_deinit(&out);
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

static void put_number(struct buf *b, size_t n, size_t size)
{
    while (size-- > 0) {
        buf_put_char(b, (char)(uint8_t)(n >> (8 * size)));
    }
}

/* The same flight with another Certificate message; each message in records of its own. */
static void flight_replace(struct buf *flight, struct span certificate_body)
{
    struct buf messages = BUF_INIT(BUF_NO_LIMIT);
    for (struct span rest = buf_span(flight); rest.len >= 5;) {
        size_t len = (size_t)rest.at[3] << 8 | rest.at[4];
        buf_put(&messages, span_take(span_drop(rest, 5), len));
        rest = span_drop(rest, 5 + len);
    }
    buf_reset(flight);
    for (struct span rest = buf_span(&messages); rest.len >= 4;) {
        size_t len = (size_t)rest.at[1] << 16 | (size_t)rest.at[2] << 8 | rest.at[3];
        struct buf message = BUF_INIT(BUF_NO_LIMIT);
        if (rest.at[0] == 11) {
            put_number(&message, 11, 1);
            put_number(&message, certificate_body.len, 3);
            buf_put(&message, certificate_body);
        } else {
            buf_put(&message, span_take(rest, 4 + len));
        }
        for (struct span part = buf_span(&message); part.len > 0;) {
            struct span record = span_take(part, 16384); /* RFC 5246 section 6.2.1 */
            put_number(flight, 0x160303, 3);
            put_number(flight, record.len, 2);
            buf_put(flight, record);
            part = span_drop(part, record.len);
        }
        buf_deinit(&message);
        rest = span_drop(rest, 4 + len);
    }
    buf_deinit(&messages);
}

struct list_case {
    const char *name;
    struct span body; /* of the Certificate message, RFC 5246 section 7.4.2 */
    size_t
        filler; /* octets of one certificate of zeros behind it, its length and the total in front */
    uint32_t want_count;
    bool want_malformed;
    bool want_truncated;
    int alert_sent;
};

static const struct list_case list_cases[] = {
    {"no certificate at all", SPAN_INIT("\0\0\0"), 0, 0, false, false, SSL_AD_DECODE_ERROR},
    {"a body without a length", SPAN_INIT(""), 0, 0, true, false, SSL_AD_DECODE_ERROR},
    {"garbage for a certificate", SPAN_INIT("\0\0\x0a\0\0\x07garbage"), 0, 1, false, false,
     SSL_AD_BAD_CERTIFICATE},
    {"an empty certificate", SPAN_INIT("\0\0\x03\0\0\0"), 0, 1, false, false,
     SSL_AD_BAD_CERTIFICATE},
    {"a certificate longer than the list",
     SPAN_INIT("\0\0\x0a\0\0\xff"
               "garbage"),
     0, 0, true, false, SSL_AD_DECODE_ERROR},
    {"two, the second cut off", SPAN_INIT("\0\0\x09\0\0\x01x\0\0\x09xx"), 0, 1, true, false,
     SSL_AD_BAD_CERTIFICATE},
    {"octets behind the list", SPAN_INIT("\0\0\x04\0\0\x01x\xff"), 0, 1, true, false,
     SSL_AD_DECODE_ERROR},
    {"a list over the cap", SPAN_INIT(""), TLS_LIST_MAX, 0, false, true, SSL_AD_BAD_CERTIFICATE},
    {"a message over the cap of OpenSSL", SPAN_INIT(""), TLS_LIST_MAX + 100000, 0, false, true,
     SSL_AD_ILLEGAL_PARAMETER},
};

static void check_list(struct tls_context *ctx, const struct test_cert *leaf,
                       const struct list_case *c, size_t part)
{
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.max_version = TLS1_2_VERSION, .leaf = leaf});
    struct handshake *h = handshake_new(ctx, NULL);
    const struct seen_tls *seen = handshake_seen(h);
    struct buf flight = BUF_INIT(BUF_NO_LIMIT);
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    struct buf out = BUF_INIT(65536);
    buf_put(&body, c->body);
    if (c->filler > 0) {
        put_number(&body, c->filler + 3, 3);
        put_number(&body, c->filler, 3);
        memset(buf_room(&body, c->filler), 0, c->filler);
        body.len += c->filler;
    }
    flight_take(&peer, h, &flight);
    flight_replace(&flight, buf_span(&body));
    cr_expect_eq(feed_parts(h, buf_span(&flight), part, &out), HANDSHAKE_FAILED, "%s", c->name);
    cr_expect_eq(handshake_outcome(h), OUTCOME_TLS_PROTOCOL_ERROR, "%s", c->name);
    cr_expect_eq(seen->version, TLS1_2_VERSION, "%s", c->name);
    cr_expect_eq(seen->cert_count, c->want_count, "%s", c->name);
    cr_expect_eq(cert_list_count(seen->list), c->want_count, "%s", c->name);
    cr_expect(cert_list_is_valid(seen->list), "%s", c->name);
    cr_expect_eq(seen->list_malformed, c->want_malformed, "%s", c->name);
    cr_expect_eq(seen->list_truncated, c->want_truncated, "%s", c->name);
    cr_expect_eq(seen->certificate_octets > TLS_LIST_MAX, c->want_truncated, "%s", c->name);
    cr_expect_eq(seen->alert_sent, c->alert_sent, "%s: %d", c->name, seen->alert_sent);
    cr_expect(seen->error_text[0] != '\0', "%s", c->name);
    struct span first;
    struct span rest = seen->list;
    uint8_t want[32] = {0};
    if (cert_list_next(&rest, &first)) {
        CHECK(EVP_Digest(first.at, first.len, want, NULL, EVP_sha256(), NULL) == 1);
    }
    cr_expect_arr_eq(seen->leaf_sha256, want, 32, "%s", c->name);
    buf_deinit(&flight);
    buf_deinit(&body);
    buf_deinit(&out);
    handshake_free(h);
    peer_deinit(&peer);
}

/* The list is evidence even where the handshake cannot go on. */
Test(failure, unreadable_lists_are_recorded)
{
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct tls_context *ctx = tls_context_new(false);
    for (size_t i = 0; i < COUNT(list_cases); i++) {
        check_list(ctx, &leaf, &list_cases[i], WHOLE);
        check_list(ctx, &leaf, &list_cases[i], list_cases[i].filler ? 1000 : 1);
    }
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

/* RFC 8446 section 4.4.2.4: the server can only refuse after the client is done; in TLS 1.2 before. */
Test(failure, a_server_that_insists_on_a_client_certificate)
{
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct tls_context *ctx = tls_context_new(false);
    static const struct {
        int version;
        enum session_outcome outcome;
        int alert;
    } cases[] = {
        {TLS1_2_VERSION, OUTCOME_TLS_ALERT, SSL_AD_HANDSHAKE_FAILURE},
        {TLS1_3_VERSION, OUTCOME_ESTABLISHED, 116 /* certificate_required */},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = cases[i].version,
                                               .max_version = cases[i].version,
                                               .leaf = &leaf,
                                               .ask_client = true,
                                               .insist = true});
        struct handshake *h = handshake_new(ctx, NULL);
        enum handshake_status status = peer_run(&peer, h, WHOLE);
        cr_expect_eq(handshake_outcome(h), cases[i].outcome, "%s",
                     outcome_info(handshake_outcome(h))->word);
        cr_expect_eq(handshake_seen(h)->alert_received, cases[i].alert);
        cr_expect(handshake_seen(h)->client_cert_requested);
        cr_expect_eq(handshake_seen(h)->cert_count, 1U);
        struct buf out = BUF_INIT(65536);
        cr_expect(status != HANDSHAKE_DONE || !handshake_write(h, SPAN_LIT("EHLO x\r\n"), &out),
                  "refused is refused");
        buf_deinit(&out);
        handshake_free(h);
        peer_deinit(&peer);
    }
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

struct broken_case {
    const char *name;
    struct span wire;
};

static const struct broken_case broken_cases[] = {
    {"SMTP in clear after the handshake", SPAN_INIT("421 closing\r\n")},
    {"a record that does not decrypt", SPAN_INIT("\x17\x03\x03\x00\x20"
                                                 "0123456789abcdef0123456789abcdef")},
    {"an alert in clear", SPAN_INIT("\x15\x03\x03\x00\x02\x02\x28")},
};

Test(failure, octets_that_do_not_decrypt_end_the_connection)
{
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct tls_context *ctx = tls_context_new(false);
    for (size_t i = 0; i < 2 * COUNT(broken_cases); i++) {
        const struct broken_case *c = &broken_cases[i / 2];
        struct peer peer;
        peer_init(&peer,
                  &(struct peer_params){.max_version = i % 2 ? TLS1_3_VERSION : TLS1_2_VERSION,
                                        .leaf = &leaf});
        struct handshake *h = handshake_new(ctx, NULL);
        cr_assert_eq(peer_run(&peer, h, WHOLE), HANDSHAKE_DONE);
        struct buf out = BUF_INIT(65536);
        struct buf plain = BUF_INIT(65536);
        bool closed = false;
        bool good = true;
        for (struct span rest = c->wire; rest.len > 0 && good; rest = span_drop(rest, 1)) {
            good = handshake_read(h, span_take(rest, 1), &plain, &out, &closed);
        }
        cr_expect(!good && !closed && plain.len == 0, "%s", c->name);
        cr_expect_not(handshake_read(h, c->wire, &plain, &out, &closed), "%s: for good", c->name);
        cr_expect_eq(handshake_outcome(h), OUTCOME_ESTABLISHED, "%s", c->name);
        buf_deinit(&out);
        buf_deinit(&plain);
        handshake_free(h);
        peer_deinit(&peer);
    }
    tls_context_free(ctx);
    test_cert_free(&leaf);
}

/* Objects come back from the context as new ones: nothing of the last peer shows. */
Test(failure, reused_objects_remember_nothing)
{
    struct test_cert leaf = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    struct tls_context *ctx = tls_context_new(true);
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.leaf = &leaf, .staple = "x"});
    struct handshake *first = handshake_new(ctx, "mx.test");
    cr_assert_eq(peer_run(&peer, first, WHOLE), HANDSHAKE_DONE);
    handshake_free(first);
    struct handshake *second = handshake_new(ctx, NULL);
    cr_expect_eq(second, first, "the same memory");
    const struct seen_tls *seen = handshake_seen(second);
    cr_expect(!seen->completed && !seen->ocsp_stapled && seen->list.len == 0 &&
              seen->cert_count == 0 && seen->version == 0 && seen->alert_received == -1 &&
              seen->ms == -1);
    cr_expect_eq(handshake_outcome(second), OUTCOME_NOT_TESTED);
    handshake_free(second);
    handshake_free(NULL);
    peer_deinit(&peer);
    tls_context_free(ctx);
    test_cert_free(&leaf);
}
