/** Files by http URL, as CAs serve their certificates: RFC 5280 section 4.2.2.1, RFC 9112. */

#include <curl/curl.h>

#include <criterion/criterion.h>

#include "tests/unit/fetch/fetching.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"

TestSuite(plain_fetch, .init = fetching_set_up, .fini = fetching_tear_down, .timeout = 100);

struct row {
    const char *name;
    struct https_step steps[8];
    enum policy_fetch outcome;
    uint16_t status;
    uint32_t head_ms; /* timeouts; 0: patient */
    uint32_t total_ms;
    const char *body; /* NULL: not looked at */
    size_t body_len;  /* not 0: instead of `body` */
    const char *location;
};

static const struct row rows[] = {
    {"good",
     {{.act = HEAR}, {.act = SAY, .text = HEAD "Content-Length: 3\r\n\r\nabc"}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "abc"},
    {"good: until the end of the connection",
     {{.act = HEAR}, {.act = SAY, .text = HEAD "\r\nabc"}, {.act = CLOSE}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body = "abc"},
    {"a redirect is recorded",
     {{.act = HEAR},
      {.act = SAY,
       .text = "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/ca.der\r\n"
               "Content-Length: 0\r\n\r\n"}},
     POLICY_FETCH_HTTP_REDIRECT,
     .status = 301,
     .location = "http://127.0.0.1/ca.der"},
    {"not there",
     {{.act = HEAR}, {.act = SAY, .text = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"}},
     POLICY_FETCH_HTTP_STATUS,
     .status = 404},
    {"silence", {{.act = HEAR}}, POLICY_FETCH_HTTP_TIMEOUT, .head_ms = 200},
    {"silence in the body",
     {{.act = HEAR}, {.act = SAY, .text = HEAD "Content-Length: 9\r\n\r\nabc"}},
     POLICY_FETCH_BODY_TIMEOUT,
     .status = 200,
     .total_ms = 300,
     .body = "abc"},
    {"an octet each 10 ms",
     {{.act = HEAR}, {.act = SAY, .text = HEAD "\r\n"}, {.act = DRIP, .text = "a"}},
     POLICY_FETCH_BODY_TIMEOUT,
     .status = 200,
     .total_ms = 400},
    {"closed at once", {{.act = HEAR}, {.act = CLOSE}}, POLICY_FETCH_HTTP_CLOSED, .status = 0},
    {"reset at once", {{.act = HEAR}, {.act = RESET}}, POLICY_FETCH_HTTP_CLOSED, .status = 0},
    {"closed within the head",
     {{.act = HEAR}, {.act = SAY, .text = "HTTP/1.1 200 OK\r\nContent-"}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_CLOSED,
     .status = 200},
    {"closed within the body",
     {{.act = HEAR}, {.act = SAY, .text = HEAD "Content-Length: 9\r\n\r\nabc"}, {.act = CLOSE}},
     POLICY_FETCH_BODY_TRUNCATED,
     .status = 200,
     .body = "abc"},
    {"no HTTP at all",
     {{.act = HEAR}, {.act = SAY, .text = "220 mx.test ESMTP\r\n"}, {.act = CLOSE}},
     POLICY_FETCH_HTTP_MALFORMED,
     .status = 0},
    {"the largest body",
     {{.act = HEAR},
      {.act = SAY, .text = HEAD "Content-Length: 65536\r\n\r\n"},
      {.act = FILL, .number = 65536}},
     POLICY_FETCH_FETCHED,
     .status = 200,
     .body_len = 65536},
    {"an octet more",
     {{.act = HEAR},
      {.act = SAY, .text = HEAD "Content-Length: 65537\r\n\r\n"},
      {.act = FILL, .number = 65537}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200,
     .body_len = 65536},
    {"a body without end",
     {{.act = HEAR}, {.act = SAY, .text = HEAD "\r\n"}, {.act = FLOOD, .text = "certificate "}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200,
     .body_len = 65536},
    {"a head without end",
     {{.act = HEAR},
      {.act = SAY, .text = "HTTP/1.1 200 OK\r\n"},
      {.act = FLOOD, .text = "X-Field: value\r\n"}},
     POLICY_FETCH_HTTP_HEAD_TOO_LARGE,
     .status = 200},
    {"chunks that are all framing, RFC 9112 section 7.1.1",
     {{.act = HEAR},
      {.act = SAY, .text = HEAD "Transfer-Encoding: chunked\r\n\r\n1;"},
      {.act = FLOOD, .text = "extension=of-a-chunk;"}},
     POLICY_FETCH_BODY_TOO_LARGE,
     .status = 200},
};

static void fetch_url(const struct policy_fetcher_params *params, uint16_t port, const char *url)
{
    struct policy_target target = {
        .policy_host = "ca.example.test", .url = url, .address_count = 1};
    target.addresses[0] = at("192.0.2.1", port);
    struct policy_fetcher *f = policy_fetcher_new(params);
    policy_fetcher_add(f, &target, NULL);
    run_all(f);
    policy_fetcher_free(f);
}

static struct policy_fetcher_params plain(struct results *results)
{
    struct policy_fetcher_params params = patient(results);
    params.plain = true;
    return params;
}

static void run_row(const struct row *row)
{
    struct results results = {0};
    struct https_peer peer = https_peer_start(&(struct https_peer_params){.steps = row->steps});
    struct policy_fetcher_params params = plain(&results);
    params.head_timeout_ms = row->head_ms ? row->head_ms : params.head_timeout_ms;
    params.total_timeout_ms = row->total_ms ? row->total_ms : params.total_timeout_ms;
    fetch_url(&params, peer.port, "http://ca.example.test/ca.der");
    cr_assert_eq(results.count, 1, "%s", row->name);
    const struct seen_policy *seen = &results.list[0].seen;
    cr_expect_eq(seen->outcome, row->outcome, "%s: %s", row->name,
                 policy_fetch_word(seen->outcome));
    cr_expect_eq(seen->status, row->status, "%s: status %u", row->name, seen->status);
    cr_expect(!seen->tls_attempted, "%s", row->name);
    cr_expect_eq(peer.record->connections, 1, "%s: one connection, whatever happens", row->name);
    if (row->body_len > 0) {
        cr_expect_eq(seen->body.len, row->body_len, "%s: %zu octets", row->name, seen->body.len);
    } else if (row->body != NULL) {
        cr_expect(span_eq(seen->body, span_of(row->body)), "%s", row->name);
    }
    cr_expect(span_eq(seen->location, span_of(row->location)), "%s", row->name);
    https_peer_stop(&peer);
    results_deinit(&results);
}

Test(plain_fetch, what_a_server_does_is_told_by_one_word)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run_row(&rows[i]);
    }
}

static const struct https_step good[] = {
    {.act = HEAR}, {.act = SAY, .text = HEAD "Content-Length: 0\r\n\r\n"}, {.act = END}};

Test(plain_fetch, the_request_is_that_of_the_url)
{
    struct results results = {0};
    struct https_peer peer = https_peer_start(&(struct https_peer_params){.steps = good});
    struct policy_fetcher_params params = plain(&results);
    cr_assert_eq(setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
    fetch_url(&params, peer.port, "http://ca.example.test/a/../b.cer?x=1");
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_FETCHED);
    cr_expect_str_eq(peer.record->request, "GET /b.cer?x=1 HTTP/1.1\r\n"
                                           "Host: ca.example.test\r\n"
                                           "User-Agent: mxcensus-test\r\n"
                                           "Accept: */*\r\n\r\n");
    https_peer_stop(&peer);
    results_deinit(&results);
}

Test(plain_fetch, what_is_refused_or_not_there)
{
    struct results results = {0};
    struct policy_fetcher_params params = plain(&results);
    fetch_url(&params, 1, "http://ca.example.test/ca.der");
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_TCP_REFUSED);
    fetch_url(&params, 1, "https://ca.example.test/ca.der"); /* our own fault: never asked for */
    cr_expect_neq(results.list[1].seen.outcome, POLICY_FETCH_FETCHED);
    results_deinit(&results);
}
