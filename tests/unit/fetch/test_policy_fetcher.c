/** The fetcher against servers that do as they please: RFC 8461 section 3.3. */

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/ssl.h>

#include "scanner/base/hash.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/fetch/policy_fetcher.h"
#include "scanner/tls/tls_context.h"
#include "tests/unit/fetch/fetching.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define BODY "version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n"

TestSuite(fetch, .init = fetching_set_up, .fini = fetching_tear_down, .timeout = 100);

struct row {
    const char *name;
    struct https_step steps[12];
    enum policy_fetch outcome;
    uint16_t status;
    uint32_t tls_ms; /* timeouts; 0: patient */
    uint32_t head_ms;
    uint32_t total_ms;
    const char *body; /* NULL: not looked at */
    size_t body_len;  /* not 0: instead of `body` */
    const char *location;
    const char *content_type;
    bool not_completed; /* TLS */
    int max_version;
    bool want_client;
};

#define OPENING     \
    {.act = TLS},   \
    {               \
        .act = HEAR \
    }

static const struct row rows[] = {
    {"good: Content-Length, the server waits for our end",
     {OPENING, {.act = SAY, .text = HEAD "Content-Length: 64\r\n\r\n" BODY}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = BODY,
     .content_type = "text/plain"},
    {"good: chunked, RFC 9112 section 7.1",
     {OPENING,
      {.act = SAY,
       .text = HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "abcde"},
    {"good: no length, close_notify, RFC 9112 section 6.3",
     {OPENING, {.act = SAY, .text = HEAD "\r\n" BODY}, {.act = CLOSE_NOTIFY}, {.act = CLOSE}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = BODY},
    {"good: no length, closed without close_notify",
     {OPENING, {.act = SAY, .text = HEAD "\r\n" BODY}, {.act = CLOSE}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = BODY},
    {"good: empty body",
     {OPENING, {.act = SAY, .text = HEAD "Content-Length: 0\r\n\r\n"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = ""},
    {"good: exactly 64 KiB",
     {OPENING,
      {.act = SAY, .text = HEAD "Content-Length: 65536\r\n\r\n"},
      {.act = FILL, .number = 65536}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body_len = 65536},
    {"one octet more, announced",
     {OPENING,
      {.act = SAY, .text = HEAD "Content-Length: 65537\r\n\r\n"},
      {.act = FILL, .number = 65537}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200,
     .body_len = 65536},
    {"one octet more, not announced",
     {OPENING, {.act = SAY, .text = HEAD "\r\n"}, {.act = FILL, .number = 65537}, {.act = CLOSE}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200,
     .body_len = 65536},
    {"endless body",
     {OPENING, {.act = SAY, .text = HEAD "\r\n"}, {.act = FLOOD, .text = "mx: a.example\n"}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200,
     .body_len = 65536},
    {"endless chunk extension, RFC 9112 section 7.1.1",
     {OPENING,
      {.act = SAY, .text = HEAD "Transfer-Encoding: chunked\r\n\r\n1;a="},
      {.act = FLOOD, .text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200},
    {"endless trailers",
     {OPENING,
      {.act = SAY, .text = HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"},
      {.act = FLOOD, .text = "a: b\r\n"}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200},
    {"good: after an interim response, RFC 9110 section 15.2",
     {OPENING,
      {.act = SAY,
       .text = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" HEAD "Content-Length: 1\r\n\r\na"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "a"},
    {"no compression is asked for, what comes is kept",
     {OPENING,
      {.act = SAY, .text = HEAD "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "\x1f\x8b\x08"},
    {"404",
     {OPENING, {.act = SAY, .text = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"}},
     POLICY_FETCH_HTTP_STATUS,
     .status = 404,
     .body = ""},
    {"404 without an end",
     {OPENING,
      {.act = SAY, .text = "HTTP/1.1 404 Not Found\r\n\r\n"},
      {.act = FLOOD, .text = "abc"}},
     POLICY_FETCH_HTTP_STATUS,
     .status = 404,
     .body = ""},
    {"204",
     {OPENING, {.act = SAY, .text = "HTTP/1.1 204 No Content\r\n\r\n"}},
     POLICY_FETCH_HTTP_STATUS,
     .status = 204},
    {"301 to http, RFC 8461 section 3.3: not followed",
     {OPENING,
      {.act = SAY,
       .text =
           "HTTP/1.1 301 Moved\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n"}},
     POLICY_FETCH_HTTP_REDIRECT,
     .status = 301,
     .location = "http://other.example/"},
    {"302 to the same host",
     {OPENING,
      {.act = SAY,
       .text =
           "HTTP/1.1 302 Found\r\nlocation:  https://" HOST "/x \r\nContent-Length: 0\r\n\r\n"}},
     POLICY_FETCH_HTTP_REDIRECT,
     .status = 302,
     .location = "https://" HOST "/x"},
    {"101 ends HTTP/1.1, RFC 9110 section 15.2.2",
     {OPENING,
      {.act = SAY,
       .text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}},
     POLICY_FETCH_HTTP_STATUS,
     .status = 101},
    {"401 asks for no second request",
     {OPENING,
      {.act = SAY,
       .text =
           "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n"}},
     POLICY_FETCH_HTTP_STATUS,
     .status = 401},
    {"endless head",
     {OPENING, {.act = SAY, .text = HEAD}, {.act = FLOOD, .text = "X-Flood: 0123456789\r\n"}},
     POLICY_FETCH_HTTP_HEAD_TOO_LARGE,
     .status = 200},
    {"endless line of a head",
     {OPENING,
      {.act = SAY, .text = HEAD "X-Flood: "},
      {.act = FLOOD, .text = "0123456789abcdef0123456789abcdef"}},
     POLICY_FETCH_HTTP_HEAD_TOO_LARGE,
     .status = 200},
    {"endless interim responses",
     {OPENING, {.act = FLOOD, .text = "HTTP/1.1 100 Continue\r\n\r\n"}},
     POLICY_FETCH_HTTP_HEAD_TOO_LARGE,
     .status = 100},
    {"silence after the request",
     {OPENING, {.act = END}},
     POLICY_FETCH_HTTP_TIMEOUT,
     .status = 0,
     .head_ms = 200},
    {"slow head, by its own timeout",
     {OPENING, {.act = DRIP, .text = "HTTP/1.1 200 OK "}},
     POLICY_FETCH_HTTP_TIMEOUT,
     .status = 0,
     .head_ms = 200},
    {"slow head, by the total",
     {OPENING, {.act = SAY, .text = HEAD}, {.act = DRIP, .text = "X: y\r\n"}},
     POLICY_FETCH_HTTP_TIMEOUT,
     .status = 200,
     .total_ms = 1500},
    {"slow body",
     {OPENING, {.act = SAY, .text = HEAD "\r\n"}, {.act = DRIP, .text = BODY}},
     POLICY_FETCH_BODY_TIMEOUT,
     .status = 200,
     .total_ms = 1500},
    {"fewer octets than announced",
     {OPENING,
      {.act = SAY, .text = HEAD "Content-Length: 100\r\n\r\nabc"},
      {.act = CLOSE_NOTIFY},
      {.act = CLOSE}},
     POLICY_FETCH_BODY_TRUNCATED,
     .status = 200,
     .body = "abc"},
    {"fewer, without close_notify",
     {OPENING, {.act = SAY, .text = HEAD "Content-Length: 100\r\n\r\nabc"}, {.act = CLOSE}},
     POLICY_FETCH_BODY_TRUNCATED,
     .status = 200,
     .body = "abc"},
    {"no last chunk",
     {OPENING,
      {.act = SAY, .text = HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
      {.act = CLOSE_NOTIFY},
      {.act = CLOSE}},
     POLICY_FETCH_BODY_TRUNCATED,
     .status = 200,
     .body = "abc"},
    {"reset within the body",
     {OPENING, {.act = SAY, .text = HEAD "\r\nabc"}, {.act = PAUSE, .number = 100}, {.act = RESET}},
     POLICY_FETCH_BODY_TRUNCATED,
     .status = 200,
     .body = "abc"},
    {"chunks that are none",
     {OPENING, {.act = SAY, .text = HEAD "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n"}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 200},
    {"two lengths that differ, RFC 9112 section 6.3",
     {OPENING, {.act = SAY, .text = HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 200},
    {"the same length twice",
     {OPENING, {.act = SAY, .text = HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "abc"},
    {"a transfer coding that was not asked for, RFC 9112 section 6.1",
     {OPENING,
      {.act = SAY, .text = HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 200},
    {"chunked in capitals",
     {OPENING,
      {.act = SAY, .text = HEAD "Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "abc"},
    {"HTTP/0.9",
     {OPENING, {.act = SAY, .text = BODY}, {.act = CLOSE_NOTIFY}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 0},
    {"a status line of HTTP/2",
     {OPENING, {.act = SAY, .text = "HTTP/2 200\r\n\r\nabc"}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 0},
    {"a status of two digits",
     {OPENING, {.act = SAY, .text = "HTTP/1.1 20 OK\r\n\r\nabc"}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 0},
    {"octets of anything",
     {OPENING, {.act = SAY, .text = "\x00\xff\x80\n\r\n", .number = 6}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 0},
    {"closed instead of a head",
     {OPENING, {.act = CLOSE_NOTIFY}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_CLOSED,
     .status = 0},
    {"closed without close_notify",
     {OPENING, {.act = CLOSE}},
     POLICY_FETCH_HTTP_CLOSED,
     .status = 0},
    {"reset instead of a head", {OPENING, {.act = RESET}}, POLICY_FETCH_HTTP_CLOSED, .status = 0},
    {"closed within the head",
     {OPENING, {.act = SAY, .text = HEAD "X: y\r\n"}, {.act = CLOSE_NOTIFY}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_CLOSED,
     .status = 200},
    {"closed within the status line",
     {OPENING, {.act = SAY, .text = "HTTP/1.1 2"}, {.act = CLOSE_NOTIFY}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_CLOSED,
     .status = 0},
    {"silence instead of TLS",
     {{.act = END}},
     POLICY_FETCH_TLS_TIMEOUT,
     .status = 0,
     .tls_ms = 200,
     .not_completed = true},
    {"closed instead of TLS",
     {{.act = CLOSE}},
     POLICY_FETCH_TLS_CLOSED,
     .status = 0,
     .not_completed = true},
    {"reset instead of TLS",
     {{.act = PAUSE, .number = 50}, {.act = RESET}},
     POLICY_FETCH_TLS_CLOSED,
     .status = 0,
     .not_completed = true},
    {"HTTP instead of TLS",
     {{.act = SAY, .text = "HTTP/1.1 400 Bad Request\r\n\r\n"}, {.act = END}},
     POLICY_FETCH_TLS_FAILED,
     .status = 0,
     .not_completed = true},
    {"alert handshake_failure, RFC 8446 section 6",
     {{.act = SAY, .text = "\x15\x03\x03\x00\x02\x02\x28", .number = 7}, {.act = END}},
     POLICY_FETCH_TLS_ALERT,
     .status = 0,
     .not_completed = true},
    {"alert protocol_version",
     {{.act = SAY, .text = "\x15\x03\x01\x00\x02\x02\x46", .number = 7}, {.act = END}},
     POLICY_FETCH_TLS_NO_SHARED_VERSION,
     .status = 0,
     .not_completed = true},
    {"TLS 1.0",
     {OPENING, {.act = SAY, .text = HEAD "Content-Length: 0\r\n\r\n"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .max_version = TLS1_VERSION},
    {"a client certificate is asked for, TLS 1.3",
     {OPENING, {.act = END}},
     POLICY_FETCH_TLS_ALERT,
     .status = 0,
     .want_client = true},
    {"a client certificate is asked for, TLS 1.2",
     {OPENING, {.act = END}},
     POLICY_FETCH_TLS_ALERT,
     .status = 0,
     .want_client = true,
     .max_version = TLS1_2_VERSION,
     .not_completed = true},
};

static void check_body(const struct row *row, const struct seen_policy *seen)
{
    static const uint8_t none[32];
    if (row->body_len > 0) {
        cr_expect_eq(seen->body.len, row->body_len, "%s: %zu octets", row->name, seen->body.len);
    } else if (row->body != NULL) {
        cr_expect(span_eq(seen->body, span_of(row->body)), "%s: %.*s", row->name,
                  (int)seen->body.len, (const char *)seen->body.at);
    }
    uint8_t hash[32];
    digest_sha256(seen->body, hash);
    bool read = seen->body.len > 0 || seen->outcome == POLICY_FETCH_FETCHED;
    cr_expect_eq(memcmp(seen->body_sha256, read ? hash : none, 32), 0, "%s: hash", row->name);
}

static void check_row(const struct row *row, const struct seen_policy *seen, X509 *leaf)
{
    cr_expect_eq(seen->outcome, row->outcome, "%s: %s, sys %d, %s", row->name,
                 policy_fetch_word(seen->outcome), seen->attempts[0].sys, seen->tls.error_text);
    cr_expect_eq(seen->status, row->status, "%s: status %u", row->name, seen->status);
    cr_expect_eq(seen->attempt_count, 1, "%s", row->name);
    cr_expect_eq(seen->attempts[0].outcome, row->outcome, "%s", row->name);
    cr_expect(seen->attempts[0].connect_ms >= 0 && seen->started_unix_ms > 0 && seen->total_ms >= 0,
              "%s: times", row->name);
    cr_expect(seen->tls_attempted, "%s", row->name);
    cr_expect_eq(seen->tls.completed, !row->not_completed, "%s: TLS", row->name);
    cr_expect_eq(seen->tls_ms >= 0, !row->not_completed, "%s: tls_ms", row->name);
    cr_expect_eq(seen->head_octets > 0, row->status != 0 || seen->head_octets > 0, "%s", row->name);
    check_body(row, seen);
    cr_expect(span_eq(seen->location, span_of(row->location)), "%s: Location %.*s", row->name,
              (int)seen->location.len, (const char *)seen->location.at);
    if (row->content_type != NULL) {
        cr_expect(span_eq(seen->content_type, span_of(row->content_type)), "%s", row->name);
    }
    if (!row->not_completed) {
        struct span der = test_cert_der(leaf);
        struct span list = seen->tls.list;
        struct span first;
        uint8_t hash[32];
        digest_sha256(der, hash);
        cr_expect(cert_list_next(&list, &first) && span_eq(first, der), "%s: list", row->name);
        cr_expect_eq(memcmp(seen->tls.leaf_sha256, hash, 32), 0, "%s: leaf", row->name);
        cr_expect_eq(seen->tls.version, row->max_version ? row->max_version : TLS1_3_VERSION,
                     "%s: version %x", row->name, seen->tls.version);
        OPENSSL_free((void *)der.at);
    }
}

static void run_row(const struct row *row, const struct test_cert *leaf)
{
    struct results results = {0};
    struct https_peer peer = https_peer_start(&(struct https_peer_params){
        .steps = row->steps,
        .list = &leaf->cert,
        .list_count = 1,
        .key = leaf->key,
        .max_version = row->max_version,
        .want_client = row->want_client,
    });
    struct policy_fetcher_params params = patient(&results);
    params.tls_timeout_ms = row->tls_ms ? row->tls_ms : params.tls_timeout_ms;
    params.head_timeout_ms = row->head_ms ? row->head_ms : params.head_timeout_ms;
    params.total_timeout_ms = row->total_ms ? row->total_ms : params.total_timeout_ms;
    struct policy_address to = at("192.0.2.1", peer.port);
    fetch_from(&params, &to, 1);
    cr_expect_eq(results.count, 1, "%s", row->name);
    cr_expect_eq(peer.record->connections, 1, "%s: one connection, whatever happens", row->name);
    check_row(row, &results.list[0].seen, leaf->cert);
    https_peer_stop(&peer);
    results_deinit(&results);
}

Test(fetch, what_a_server_does_is_told_by_one_word)
{
    struct test_cert leaf =
        test_cert_new(NULL, &(struct test_cert_params){.cn = HOST, .san = "DNS:" HOST});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run_row(&rows[i], &leaf);
    }
    test_cert_free(&leaf);
}

static const struct https_step good[] = {
    OPENING, {.act = SAY, .text = HEAD "Content-Length: 64\r\n\r\n" BODY}, {.act = END}};
static const struct https_step silent[] = {OPENING, {.act = END}};
static const struct https_step slow[] = {OPENING,
                                         {.act = PAUSE, .number = 100},
                                         {.act = SAY, .text = HEAD "Content-Length: 0\r\n\r\n"},
                                         {.act = END}};

Test(fetch, the_request_is_plain_and_asks_nobody_else)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY",
                                          "all_proxy"};
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        cr_assert_eq(setenv(proxies[i], "http://127.0.0.1:9", 1), 0);
    }
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(good, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    struct policy_address to = at("192.0.2.1", peer.port);
    to.local = address("127.0.0.9");
    fetch_from(&params, &to, 1);
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_FETCHED);
    cr_expect_str_eq(peer.record->sni, HOST);
    cr_expect_str_eq(peer.record->client, "127.0.0.9");
    cr_expect_str_eq(peer.record->request, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
                                           "Host: " HOST "\r\n"
                                           "User-Agent: mxcensus-test\r\n"
                                           "Accept: */*\r\n\r\n");
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

/* RFC 8461 section 3.3 demands a good certificate of senders; here it is evidence. */
Test(fetch, no_certificate_ends_a_fetch)
{
    struct test_cert root =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true});
    const struct test_cert_params leaves[] = {
        {.cn = "another.example"},
        {.cn = HOST, .san = "DNS:" HOST, .from_s = -200, .until_s = -100},
        {.cn = HOST, .san = "DNS:" HOST, .key = TEST_KEY_RSA1024},
        {.cn = HOST, .version_1 = true},
    };
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        struct test_cert leaf = test_cert_new(&root, &leaves[i]);
        X509 *list[] = {leaf.cert, leaf.cert, root.cert};
        struct https_peer peer = https_peer_start(&(struct https_peer_params){
            .steps = good, .list = list, .list_count = 3, .key = leaf.key});
        struct results results = {0};
        struct policy_fetcher_params params = patient(&results);
        struct policy_address to = at("192.0.2.1", peer.port);
        fetch_from(&params, &to, 1);
        const struct seen_policy *seen = &results.list[0].seen;
        cr_expect_eq(seen->outcome, POLICY_FETCH_FETCHED, "%zu", i);
        cr_expect_eq(seen->tls.cert_count, 3, "%zu", i);
        struct buf sent = BUF_INIT(BUF_NO_LIMIT);
        uint8_t digests[3][32];
        uint8_t chain_id[32];
        for (size_t k = 0; k < 3; k++) {
            struct span der = test_cert_der(list[k]);
            cr_assert(cert_list_add(&sent, der));
            digest_sha256(der, digests[k]);
            OPENSSL_free((void *)der.at);
        }
        digest_sha256((struct span){digests[0], sizeof(digests)}, chain_id);
        cr_expect(span_eq(seen->tls.list, buf_span(&sent)), "%zu: as sent", i);
        cr_expect_eq(memcmp(seen->tls.chain_id, chain_id, 32), 0, "%zu", i);
        cr_expect(seen->tls.cipher != 0 && seen->tls.group != 0 && seen->tls.signature_scheme != 0);
        buf_deinit(&sent);
        https_peer_stop(&peer);
        results_deinit(&results);
        test_cert_free(&leaf);
    }
    test_cert_free(&root);
}

Test(fetch, an_alert_is_recorded_by_its_number)
{
    static const struct https_step steps[] = {
        {.act = SAY, .text = "\x15\x03\x03\x00\x02\x02\x70", .number = 7}, {.act = END}};
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(steps, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    struct policy_address to = at("192.0.2.1", peer.port);
    fetch_from(&params, &to, 1);
    cr_expect_eq(results.list[0].seen.tls.alert_received, SSL_AD_UNRECOGNIZED_NAME);
    cr_expect_neq(results.list[0].seen.tls.error_text[0], '\0');
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

Test(fetch, the_next_address_follows_a_failure_of_tcp_and_no_other)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(good, &leaf);
    static const struct https_step missing[] = {
        OPENING, {.act = SAY, .text = "HTTP/1.1 500 No\r\n\r\n"}, {.act = END}};
    struct https_peer wrong = serve(missing, &leaf);
    int fillers[4];
    uint16_t deaf = 0;
    int listener = deaf_listener(&deaf, fillers, 4);

    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.connect_timeout_ms = 300;
    struct policy_address to[] = {at("192.0.2.1", closed_port()), at("192.0.2.2", deaf),
                                  at("192.0.2.3", peer.port), at("2001:db8::4", wrong.port)};
    to[0].local = address("127.0.0.1");
    fetch_from(&params, to, 3);
    const struct seen_policy *seen = &results.list[0].seen;
    cr_expect_eq(seen->outcome, POLICY_FETCH_FETCHED);
    cr_assert_eq(seen->attempt_count, 3);
    cr_expect_eq(seen->attempts[0].outcome, POLICY_FETCH_TCP_REFUSED);
    cr_expect_eq(seen->attempts[0].sys, -ECONNREFUSED);
    cr_expect_eq(seen->attempts[0].connect_ms, -1);
    cr_expect_eq(seen->attempts[1].outcome, POLICY_FETCH_TCP_TIMEOUT);
    cr_expect_eq(seen->attempts[2].outcome, POLICY_FETCH_FETCHED);
    for (size_t i = 0; i < 3; i++) {
        cr_expect(net_addr_eq(&seen->attempts[i].address, &to[i].address), "%zu", i);
    }
    results_deinit(&results);

    struct policy_address answered[] = {to[3], to[2]};
    fetch_from(&params, answered, 2);
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_HTTP_STATUS);
    cr_expect_eq(results.list[0].seen.attempt_count, 1);
    results_deinit(&results);

    to[1].local = address("192.0.2.99"); /* not ours */
    struct policy_address dead[] = {to[0], to[1]};
    fetch_from(&params, dead, 2);
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_LOCAL_FAULT);
    cr_expect_eq(results.list[0].seen.attempt_count, 2);
    cr_expect_eq(results.list[0].seen.attempts[1].sys, -EADDRNOTAVAIL);
    cr_expect_not(results.list[0].seen.tls_attempted);
    results_deinit(&results);

    params.total_timeout_ms = 250; /* used up by the first */
    struct policy_address late[] = {at("192.0.2.2", deaf), at("192.0.2.3", peer.port)};
    fetch_from(&params, late, 2);
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_TCP_TIMEOUT);
    cr_expect_eq(results.list[0].seen.attempt_count, 1);
    results_deinit(&results);

    for (size_t i = 0; i < 4; i++) {
        (void)close(fillers[i]);
    }
    (void)close(listener);
    https_peer_stop(&wrong);
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}

static void expect_all_fetched(const struct results *results, size_t count)
{
    cr_assert_eq(results->count, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(results->list[i].seen.outcome, POLICY_FETCH_FETCHED);
    }
}

Test(fetch, an_address_gets_no_more_connections_at_once_than_allowed)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(slow, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.address_limit = 3;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 12);
    run_all(f);
    expect_all_fetched(&results, 12);
    cr_expect_eq(peer.record->connections, 12);
    cr_expect_leq(peer.record->open_max, 3);
    cr_expect_geq(peer.record->open_max, 2);
    policy_fetcher_free(f);
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

Test(fetch, a_network_gets_no_more_connections_at_once_than_allowed)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(slow, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.network_limit = 1;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 4);
    add_many(f, at("192.0.2.200", peer.port), 4);
    run_all(f);
    expect_all_fetched(&results, 8);
    for (unsigned i = 1; i < 8; i++) { /* each answer takes 100 ms */
        cr_expect_geq(peer.record->starts_ns[i] - peer.record->starts_ns[i - 1], 95 * 1000000U);
    }
    policy_fetcher_free(f);
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

Test(fetch, starts_at_an_address_keep_their_distance)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(good, &leaf);
    struct https_peer other = serve(good, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.address_rate = 9;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 6);
    add_many(f, at("192.0.2.2", other.port), 2);
    run_all(f);
    expect_all_fetched(&results, 8);
    uint64_t span_ns = peer.record->starts_ns[5] - peer.record->starts_ns[0];
    cr_expect_geq(span_ns, 5 * 111000000UL - 20000000UL, "%lu", (unsigned long)span_ns);
    cr_expect_lt(other.record->starts_ns[1], peer.record->starts_ns[3], "nobody else waits");
    policy_fetcher_free(f);
    https_peer_stop(&other);
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

Test(fetch, concurrency_limits_all_together)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(slow, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.concurrency = 1;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 2);
    add_many(f, at("198.51.100.1", peer.port), 2);
    run_all(f);
    expect_all_fetched(&results, 4);
    cr_expect_eq(results.list[1].tag, (void *)1, "addresses take turns");
    for (unsigned i = 1; i < 4; i++) {
        cr_expect_geq(peer.record->starts_ns[i] - peer.record->starts_ns[i - 1], 95 * 1000000U);
    }
    policy_fetcher_free(f);
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

Test(fetch, abort_ends_what_is_dialled_and_what_waits)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(silent, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.address_limit = 2;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 5);
    while (peer.record->connections < 2) {
        policy_fetcher_run(f, 50);
    }
    policy_fetcher_abort_all(f);
    cr_expect_eq(policy_fetcher_pending(f), 0);
    cr_assert_eq(results.count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct seen_policy *seen = &results.list[i].seen;
        cr_expect_eq(seen->outcome, POLICY_FETCH_INTERRUPTED);
        cr_expect_eq(seen->attempt_count, i < 2 ? 1 : 0);
        cr_expect_eq(seen->started_unix_ms != 0, i < 2);
        cr_expect_eq(seen->total_ms >= 0, i < 2);
    }
    results_deinit(&results);
    add_many(f, at("192.0.2.2", closed_port()), 1); /* still usable */
    run_all(f);
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_TCP_REFUSED);
    policy_fetcher_free(f);
    https_peer_stop(&peer);
    results_deinit(&results);
    test_cert_free(&leaf);
}

Test(fetch, free_forgets_what_is_pending)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(silent, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.address_limit = 1;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 3);
    while (peer.record->connections < 1) {
        policy_fetcher_run(f, 50);
    }
    policy_fetcher_free(f);
    cr_expect_eq(results.count, 0);
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}

static void *wake(void *arg)
{
    policy_fetcher_wake(arg);
    return NULL;
}

Test(fetch, another_thread_ends_the_wait)
{
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    struct policy_fetcher *f = policy_fetcher_new(&params);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, wake, f), 0);
        policy_fetcher_run(f, 1000000); /* the test's own timeout would end it */
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
    policy_fetcher_free(f);
}

/* The faster keys are a lever of the whole process (scanner/tls/fast_public_key.h). */
Test(fetch, fetching_works_beside_a_context_with_fast_public_keys)
{
    struct test_cert leaves[] = {
        leaf_new(),
        test_cert_new(NULL, &(struct test_cert_params){.cn = HOST, .key = TEST_KEY_RSA2048})};
    for (size_t i = 0; i < 2; i++) {
        struct https_peer peer = serve(good, &leaves[i]); /* forked before the lever is on */
        for (int own_context = 0; own_context < 2; own_context++) {
            struct results results = {0};
            struct policy_fetcher_params params = patient(&results);
            struct policy_address to = at("192.0.2.1", peer.port);
            OSSL_LIB_CTX *before = OSSL_LIB_CTX_set0_default(NULL); /* only asks */
            struct tls_context *ctx = tls_context_new(true);
            OSSL_LIB_CTX *own = OSSL_LIB_CTX_set0_default(own_context ? NULL : before);
            fetch_from(&params, &to, 1);
            cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_FETCHED, "%zu: %s", i,
                         results.list[0].seen.tls.error_text);
            (void)OSSL_LIB_CTX_set0_default(own);
            tls_context_free(ctx);
            results_deinit(&results);
        }
        https_peer_stop(&peer);
        test_cert_free(&leaves[i]);
    }
}
