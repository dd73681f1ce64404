#include <criterion/criterion.h>

#include "scanner/flow/message.h"

static struct seen_policy full(void)
{
    struct seen_policy p = {
        .outcome = POLICY_FETCH_FETCHED,
        .attempt_count = 2,
        .started_unix_ms = INT64_C(1790000000123),
        .tls_ms = 12,
        .total_ms = 60000,
        .tls_attempted = true,
        .status = 200,
        .head_octets = 16384,
        .location = SPAN_LIT("http://example.org/"),
        .content_type = SPAN_LIT("text/plain; charset=\xff"),
        .body = SPAN_LIT("version: STSv1\r\n\0mode: none\n"),
    };
    p.attempts[0] = (struct policy_attempt){
        .address = {.family = 4, .octets = {192, 0, 2, 1}},
        .outcome = POLICY_FETCH_TCP_REFUSED,
        .connect_ms = -1,
        .sys = -111,
    };
    p.attempts[1] = (struct policy_attempt){
        .address = {.family = 6, .octets = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}},
        .outcome = POLICY_FETCH_FETCHED,
        .connect_ms = 3,
    };
    p.tls = (struct seen_tls){
        .completed = true,
        .unknown_name_warning = true,
        .list_malformed = true,
        .version = 0x0304,
        .cipher = 0x1301,
        .group = 0x11ec,
        .dh_bits = 1,
        .signature_scheme = 0x0804,
        .alert_received = -1,
        .alert_sent = 112,
        .error_code = 0xfffffffe,
        .error_text = "wrong version number",
        .ms = 11,
        .list = SPAN_LIT("\0\0\1x"),
        .cert_count = 1,
        .chain_id = {1, [31] = 2},
        .leaf_sha256 = {3, [31] = 4},
    };
    p.body_sha256[0] = 5;
    p.body_sha256[31] = 6;
    return p;
}

static void expect_same_tls(const struct seen_tls *a, const struct seen_tls *b)
{
    cr_expect_eq(a->completed, b->completed);
    cr_expect_eq(a->client_cert_requested, b->client_cert_requested);
    cr_expect_eq(a->ems, b->ems);
    cr_expect_eq(a->secure_reneg, b->secure_reneg);
    cr_expect_eq(a->unknown_name_warning, b->unknown_name_warning);
    cr_expect_eq(a->ocsp_stapled, b->ocsp_stapled);
    cr_expect_eq(a->sct_in_tls, b->sct_in_tls);
    cr_expect_eq(a->list_truncated, b->list_truncated);
    cr_expect_eq(a->list_malformed, b->list_malformed);
    cr_expect_eq(a->certificate_octets, b->certificate_octets);
    cr_expect_eq(a->version, b->version);
    cr_expect_eq(a->cipher, b->cipher);
    cr_expect_eq(a->group, b->group);
    cr_expect_eq(a->dh_bits, b->dh_bits);
    cr_expect_eq(a->signature_scheme, b->signature_scheme);
    cr_expect_eq(a->alert_received, b->alert_received);
    cr_expect_eq(a->alert_sent, b->alert_sent);
    cr_expect_eq(a->error_code, b->error_code);
    cr_expect_str_eq(a->error_text, b->error_text);
    cr_expect_eq(a->ms, b->ms);
    cr_expect(span_eq(a->list, b->list));
    cr_expect_eq(a->cert_count, b->cert_count);
    cr_expect_arr_eq(a->chain_id, b->chain_id, sizeof(a->chain_id));
    cr_expect_arr_eq(a->leaf_sha256, b->leaf_sha256, sizeof(a->leaf_sha256));
}

static void expect_same(const struct seen_policy *a, const struct seen_policy *b)
{
    cr_expect_eq(a->outcome, b->outcome);
    cr_assert_eq(a->attempt_count, b->attempt_count);
    for (size_t i = 0; i < a->attempt_count; i++) {
        cr_expect(net_addr_eq(&a->attempts[i].address, &b->attempts[i].address));
        cr_expect_eq(a->attempts[i].outcome, b->attempts[i].outcome);
        cr_expect_eq(a->attempts[i].connect_ms, b->attempts[i].connect_ms);
        cr_expect_eq(a->attempts[i].sys, b->attempts[i].sys);
    }
    cr_expect_eq(a->started_unix_ms, b->started_unix_ms);
    cr_expect_eq(a->tls_ms, b->tls_ms);
    cr_expect_eq(a->total_ms, b->total_ms);
    cr_expect_eq(a->tls_attempted, b->tls_attempted);
    expect_same_tls(&a->tls, &b->tls);
    cr_expect_eq(a->status, b->status);
    cr_expect_eq(a->head_octets, b->head_octets);
    cr_expect(span_eq(a->location, b->location));
    cr_expect(span_eq(a->content_type, b->content_type));
    cr_expect(span_eq(a->body, b->body));
    cr_expect_arr_eq(a->body_sha256, b->body_sha256, sizeof(a->body_sha256));
}

/* Design section 2: messages are flat octets that a file could carry unchanged. */
Test(policy_message, what_a_fetch_showed_survives)
{
    const struct seen_policy cases[] = {
        full(),
        {.outcome = POLICY_FETCH_INTERRUPTED, .tls_ms = -1, .total_ms = -1, .tls = {.ms = -1}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf wire = BUF_INIT(BUF_NO_LIMIT);
        struct seen_policy out = {.policy_host = SPAN_LIT("kept"), .a = {.state = DNS_DATA}};
        policy_fetched_put(&wire, &cases[i]);
        policy_fetched_get(buf_span(&wire), &out);
        expect_same(&cases[i], &out);
        cr_expect(span_eq(out.policy_host, SPAN_LIT("kept")), "what DNS said stays");
        cr_expect_eq(out.a.state, DNS_DATA);
        buf_deinit(&wire);
    }
}

Test(policy_message, addresses_survive)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    struct net_addr v6 = {.family = 6, .octets = {0x20, 1, 0xd, 0xb8, [15] = 1}};
    struct net_addr v4 = {.family = 4, .octets = {192, 0, 2, 255}};
    policy_address_put(&wire, &v6);
    policy_address_put(&wire, &v4);
    struct span in = buf_span(&wire);
    struct net_addr first = policy_address_get(&in);
    struct net_addr second = policy_address_get(&in);
    cr_expect(net_addr_eq(&first, &v6));
    cr_expect(net_addr_eq(&second, &v4));
    cr_expect_eq(in.len, 0);
    buf_deinit(&wire);
}
