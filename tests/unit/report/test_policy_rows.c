/* Rows of policies, of DANE, and of what senders do: made up verdicts, as the judging is tested in its
 * own place. */

#include <errno.h>

#include <criterion/criterion.h>

#include "scanner/base/memory.h"
#include "scanner/report/report.h"
#include "tests/unit/report/json_at.h"

#define NO_SCAN "1," UUID_NIL ",1970-01-01T00:00:00.000Z,"

static struct net_addr address(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a));
    return a;
}

/* --- policies ------------------------------------------------------------------------------- */

static const struct json_expectation fetched_row[] = {
    {"policy_host", "\"mta-sts.a.test\""},
    {"domain", "\"a.test\""},
    {"a_dns/state", "\"data\""},
    {"aaaa_dns/state", "\"nodata\""},
    {"cnames", "[\"host.test\"]"},
    {"addresses", "[\"192.0.2.1\",\"192.0.2.2\"]"},
    {"fetch", "\"fetched\""},
    {"stage", "\"complete\""},
    {"not_tested", "null"},
    {"attempts/0", "{\"address\":\"192.0.2.1\",\"outcome\":\"tcp_refused\",\"connect_ms\":null,"
                   "\"error\":\"ECONNREFUSED\"}"},
    {"attempts/1/connect_ms", "0"},
    {"attempts/1/error", "null"},
    {"started", "\"2023-11-14T22:13:20.007Z\""},
    {"tls_ms", "4"},
    {"total_ms", "60000"},
    {"handshake/sni", "true"},
    {"handshake/version", "\"TLSv1.3\""},
    {"chain_status", "\"expired\""},
    {"name", "{\"match\":\"match\",\"matched\":\"mta-sts.a.test\",\"matched_base64\":null,"
             "\"covers_server_name\":null}"},
    {"certificate_passes", "false"},
    {"http_status", "200"},
    {"location", "null"},
    {"content_type", "\"text/html\""},
    {"media_type", "\"other\""},
    {"head_octets", "120"},
    {"body_octets", "47"},
    {"strict_valid", "false"},
    {"lenient_valid", "true"},
    {"mode", "\"testing\""},
    {"max_age", "86400"},
    {"mx", "[\"a.test\"]"},
    {"mx_total", "2"},
    {"faults/0", "{\"fault\":\"blank_line\",\"line\":3,\"text\":null,\"text_base64\":null}"},
    {"faults/1/line", "null"},
    {"faults/1/text", "\"\xef\xbf\xbdx\""},
    {"faults_truncated", "true"},
    {"findings", "[]"},
};

static struct seen_policy fetched(const struct net_addr addresses[2], const struct span *cname)
{
    struct seen_policy p = {
        .policy_host = SPAN_LIT("mta-sts.a.test"),
        .a = {.state = DNS_DATA, .ede = -1},
        .aaaa = {.state = DNS_NODATA, .ede = -1},
        .cnames = cname,
        .cname_count = 1,
        .addresses = addresses,
        .address_count = 2,
        .outcome = POLICY_FETCH_FETCHED,
        .attempts = {{addresses[0], POLICY_FETCH_TCP_REFUSED, -1, -ECONNREFUSED},
                     {addresses[1], POLICY_FETCH_FETCHED, 0, 0}},
        .attempt_count = 2,
        .started_unix_ms = 1700000000007,
        .tls_ms = 4,
        .total_ms = 60000,
        .tls_attempted = true,
        .tls = {.completed = true,
                .version = 0x0304,
                .alert_received = -1,
                .alert_sent = -1,
                .ms = 4,
                .cert_count = 1,
                .chain_id = {1},
                .leaf_sha256 = {2}},
        .status = 200,
        .head_octets = 120,
        .content_type = SPAN_LIT("text/html"),
        .body = SPAN_LIT("version: STSv1\n\nmode: testing\nmx: a.test\nmx: .b"),
        .body_sha256 = {3},
        .chain = {.status = CHAIN_EXPIRED},
    };
    return p;
}

static json_t *policy_row(const struct seen_policy *p, const struct sts_verdict *v)
{
    struct row_sink sink;
    row_sink_init(&sink, true, true, false);
    report_policy(&sink, SPAN_LIT("a.test"), p, v, NULL);
    json_t *row = json_line(&sink.table[TABLE_POLICIES].ndjson, 0);
    cr_expect_eq(line_count(&sink.table[TABLE_POLICIES].csv), 1);
    row_sink_deinit(&sink);
    return row;
}

Test(policy_rows, a_policy_that_was_fetched)
{
    const struct net_addr addresses[2] = {address("192.0.2.1"), address("192.0.2.2")};
    const struct span cname = SPAN_LIT("host.test");
    struct seen_policy p = fetched(addresses, &cname);
    struct sts_verdict *v = memory_new(1, sizeof(*v));
    v->has_policy = true;
    v->policy = (struct sts_policy){
        .lenient_valid = true,
        .mode = STS_MODE_TESTING,
        .has_max_age = true,
        .max_age = 86400,
        .mx = {SPAN_LIT("a.test")},
        .mx_count = 1,
        .mx_total = 2,
        .fault = {{STS_POLICY_BLANK_LINE, 3, {0}}, {STS_POLICY_SYNTAX, 0, SPAN_LIT("\xffx")}},
        .fault_count = 2,
        .faults_truncated = true};
    v->media_type = MEDIA_TYPE_OTHER;
    v->certificate_passes = TRUTH_NO;
    v->name = (struct name_verdict){.match = NAME_MATCH_EXACT, .matched = p.policy_host};
    json_t *row = policy_row(&p, v);
    EXPECT_JSON(row, fetched_row);
    json_decref(row);
    free(v);
}

/* Whatever was never reached is null, and not a value. */
static const struct json_expectation unreached_row[] = {
    {"fetch", "\"not_dialled\""},
    {"stage", "\"connect\""},
    {"not_tested", "\"special_purpose\""},
    {"attempts", "[]"},
    {"started", "null"},
    {"tls_ms", "null"},
    {"total_ms", "null"},
    {"handshake", "null"},
    {"chain_id", "null"},
    {"chain_status", "null"},
    {"name", "null"},
    {"certificate_passes", "null"},
    {"http_status", "null"},
    {"media_type", "null"},
    {"head_octets", "null"},
    {"body_octets", "null"},
    {"policy_sha256", "null"},
    {"strict_valid", "null"},
    {"mode", "null"},
    {"mx", "null"},
    {"faults", "null"},
};

Test(policy_rows, a_policy_host_that_was_not_reached)
{
    const struct seen_policy p = {.policy_host = SPAN_LIT("mta-sts.a.test"),
                                  .outcome = POLICY_FETCH_NOT_DIALLED,
                                  .not_tested = NOT_TESTED_SPECIAL_PURPOSE,
                                  .tls_ms = -1,
                                  .total_ms = -1};
    struct sts_verdict *v = memory_new(1, sizeof(*v));
    json_t *row = policy_row(&p, v);
    EXPECT_JSON(row, unreached_row);
    json_decref(row);
    free(v);
}

/* FIPS 180-4: also no octets at all are a body. */
Test(policy_rows, a_body)
{
    static const struct json_expectation row_of_none[] = {{"length", "0"}, {"raw", "\"\""}};
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_policy_body(&sink, (const uint8_t[32]){9}, (struct span){0});
    json_t *row = json_line(&sink.table[TABLE_POLICY_BODIES].ndjson, 0);
    EXPECT_JSON(row, row_of_none);
    json_decref(row);
    row_sink_deinit(&sink);
}

/* --- domains -------------------------------------------------------------------------------- */

static const struct json_expectation judged_domain[] = {
    {"mta_sts/state", "\"enforce\""},
    {"mta_sts/records", "1"},
    {"mta_sts/record_valid", "true"},
    {"mta_sts/id", "\"7\""},
    {"mta_sts/policy_host", "\"mta-sts.a.test\""},
    {"mta_sts/mode", "\"enforce\""},
    {"mta_sts/max_age", "604800"},
    {"mta_sts/passes", "\"some\""},
    {"mta_sts/mx/0", "{\"host\":\"mx.a.test\",\"covered\":true,\"pattern\":0,\"mismatch\":null,"
                     "\"pass\":1,\"fail\":0,\"unknown\":2}"},
    {"mta_sts/mx/1", "{\"host\":\"mx.a.tets\",\"covered\":false,\"pattern\":null,"
                     "\"mismatch\":\"typo\",\"pass\":0,\"fail\":0,\"unknown\":0}"},
    {"tls_rpt", "{\"records\":1,\"valid\":true,\"lenient_valid\":true,"
                "\"rua\":[\"mailto:a@a.test\"],\"rua_base64\":null}"},
    {"dane",
     "{\"mx_dnssec\":\"secure\",\"state\":\"partial\",\"strict\":true,\"hosts\":2,"
     "\"hosts_in_force\":2,\"hosts_usable\":1,\"hosts_with_tlsa\":2,\"match\":1,\"mismatch\":2,"
     "\"unknown\":3}"},
    {"outcomes/0",
     "{\"profile\":\"one\",\"best\":\"authenticated\",\"worst\":\"deferred\","
     "\"decided_by\":\"mx.a.test|192.0.2.1|25: sts_certificate\",\"basis\":\"documented\"}"},
    {"outcomes/1/basis", "null"},
    {"outcomes/1/decided_by", "\"mx.a.tets: not_reachable\""},
    {"outcomes/2/decided_by", "\"dns_failed\""},
    {"outcomes/3/decided_by", "null"},
    {"sts_readiness/ready", "\"fail\""},
    {"sts_readiness/items/0", "{\"item\":\"starttls\",\"result\":\"fail\",\"advisory\":false,"
                              "\"endpoint\":\"mx.a.test|192.0.2.1|25\"}"},
    {"sts_readiness/items/1/result", "\"pass\""},
    {"sts_readiness/items/1/endpoint", "null"},
    {"sts_readiness/items/4/advisory", "true"},
    {"sts_readiness/items/5/result", "null"},
};

/* Header: schema, input_line, domain, profile, best, worst, decided_by, basis. */
static const char outcomes[] =
    NO_SCAN "5,a.test,one,authenticated,deferred,mx.a.test|192.0.2.1|25: "
            "sts_certificate,documented\r\n" NO_SCAN
            "5,a.test,two,unknown,deferred,mx.a.tets: not_reachable,\r\n" NO_SCAN
            "5,a.test,three,unknown,unknown,dns_failed,\r\n" NO_SCAN
            "5,a.test,four,encrypted,encrypted,,assumed\r\n";

static void fill_verdict(struct domain_verdict *v)
{
    v->sts.state = STS_STATE_ENFORCE;
    v->sts.records = (struct sts_records){
        .strict_count = 1, .lenient_count = 1, .valid = true, .id = SPAN_LIT("7")};
    v->sts.has_policy = true;
    v->sts.policy = (struct sts_policy){
        .lenient_valid = true, .mode = STS_MODE_ENFORCE, .has_max_age = true, .max_age = 604800};
    v->sts.mx[0] = (struct sts_mx){.covered = TRUTH_YES, .endpoints = {.yes = 1, .unknown = 2}};
    v->sts.mx[1] =
        (struct sts_mx){.covered = TRUTH_NO, .pattern = -1, .mismatch = STS_MISMATCH_TYPO};
    v->sts.passes = ROLLUP_SOME;
    v->tls_rpt = (struct tls_rpt_records){.lenient_count = 1,
                                          .valid = true,
                                          .lenient_valid = true,
                                          .rua = {SPAN_LIT("mailto:a@a.test")},
                                          .rua_count = 1};
    v->dane = (struct dane_domain){.mx = DNSSEC_SECURE,
                                   .state = DANE_DOMAIN_PARTIAL,
                                   .strict = true,
                                   .hosts = 2,
                                   .hosts_in_force = 2,
                                   .hosts_usable = 1,
                                   .hosts_with_tlsa = 2,
                                   .endpoints = {1, 2, 3}};
    v->deliveries =
        (struct deliveries){.of = {{DELIVERY_AUTHENTICATED, DELIVERY_DEFERRED, 0, 0,
                                    DELIVERY_REASON_STS_CERTIFICATE, FIELD_MARK_DOCUMENTED},
                                   {DELIVERY_UNKNOWN, DELIVERY_DEFERRED, 1, -1,
                                    DELIVERY_REASON_NOT_REACHABLE, FIELD_MARK_NONE},
                                   {DELIVERY_UNKNOWN, DELIVERY_UNKNOWN, -1, -1,
                                    DELIVERY_REASON_DNS_FAILED, FIELD_MARK_NONE},
                                   {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, -1, -1,
                                    DELIVERY_REASON_NONE, FIELD_MARK_ASSUMED}},
                            .count = 4};
    v->readiness.applicable = true;
    v->readiness.ready = READINESS_FAIL;
    for (int i = 0; i < READINESS_COUNT; i++) {
        v->readiness.item[i] = (struct readiness_result){READINESS_NOT_APPLICABLE, -1, -1};
    }
    v->readiness.item[0] = (struct readiness_result){READINESS_FAIL, 0, 0};
    v->readiness.item[1] = (struct readiness_result){READINESS_PASS, -1, -1};
}

Test(policy_rows, what_policies_make_of_a_domain)
{
    static const struct sender_profile items[] = {
        {.id = "one"}, {.id = "two"}, {.id = "three"}, {.id = "four"}};
    static const struct sender_profiles profiles = {items, 4};
    const struct endpoint_brief endpoint = {.address = address("192.0.2.1"), .port = 25};
    const struct seen_mx mx[] = {{.preference = 1,
                                  .exchange = SPAN_LIT("MX.a.test"),
                                  .host = SPAN_LIT("mx.a.test"),
                                  .endpoints = &endpoint,
                                  .endpoint_count = 1},
                                 {.preference = 2, .exchange = SPAN_LIT("mx.a.tets")}};
    const struct seen_policy policy = {.policy_host = SPAN_LIT("mta-sts.a.test")};
    const struct seen_domain d = {.input_line = 5,
                                  .input = SPAN_LIT("a.test"),
                                  .domain = SPAN_LIT("a.test"),
                                  .mx_kind = MX_KIND_EXPLICIT,
                                  .mx = mx,
                                  .mx_count = 2,
                                  .policy = &policy};
    struct domain_verdict *v = memory_new(1, sizeof(*v));
    struct row_sink sink;
    fill_verdict(v);
    row_sink_init(&sink, true, true, false);
    report_domain(&sink, &d, v, &profiles, ACCOUNT_TESTED, "", NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_DOMAINS].ndjson, 0);
    EXPECT_JSON(row, judged_domain);
    cr_expect(span_eq(buf_span(&sink.table[TABLE_OUTCOMES].csv), span_of(outcomes)), "%.*s",
              (int)sink.table[TABLE_OUTCOMES].csv.len,
              (const char *)sink.table[TABLE_OUTCOMES].csv.at);
    json_decref(row);
    row_sink_deinit(&sink);
    free(v);
}

/* --- hosts and endpoints -------------------------------------------------------------------- */

static const struct json_expectation aliased_host[] = {
    {"first_cname_dns/state", "\"data\""},
    {"expanded_tlsa_dns/ad", "true"},
    {"expanded_tlsa/0/usable", "\"pkix_usage\""},
    {"address_dnssec", "\"secure\""},
    {"tlsa_dnssec", "\"secure\""},
    {"dane", "\"unusable\""},
    {"tlsa_base", "\"real.test\""},
};

Test(policy_rows, what_dns_says_of_dane)
{
    const struct seen_tlsa tlsa = {1, 1, 1, SPAN_LIT("x")};
    const struct seen_host h = {.name = SPAN_LIT("mx.test"),
                                .first_cname = {.state = DNS_DATA, .ad = true, .ede = -1},
                                .expanded_tlsa = {.state = DNS_DATA, .ad = true, .ede = -1},
                                .expanded_tlsas = &tlsa,
                                .expanded_tlsa_count = 1};
    const struct dane_host_verdict v = {.state = DANE_HOST_UNUSABLE,
                                        .address = DNSSEC_SECURE,
                                        .tlsa = DNSSEC_SECURE,
                                        .base = SPAN_LIT("real.test")};
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_host(&sink, &h, &v, NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_HOSTS].ndjson, 0);
    EXPECT_JSON(row, aliased_host);
    json_decref(row);
    row_sink_deinit(&sink);
}

static const struct json_expectation endpoint_row[] = {
    {"tlsa_base", "\"real.test\""},
    {"dane/host", "\"usable\""},
    {"dane/status", "\"match\""},
    {"dane/matching_record", "1"},
    {"dane/records/0", "{\"usable\":\"digest_length\",\"in_force\":false,\"matches\":false,"
                       "\"position\":null,\"other_selector\":true,\"other_usage\":false,"
                       "\"anchor_in_dns\":true,\"matches_other_key\":true}"},
    {"dane/other_key", "\"mismatch\""},
    {"dane/records/1/position", "0"},
    {"dane/ta_fault", "\"no_path\""},
    {"dane/agility_conflict", "true"},
    {"dane/stale", "3"},
    {"dane_sni/outcome", "\"established\""},
    {"dane_sni/chain_status", "\"self_signed\""},
    {"dane_sni/attempt/sni", "true"},
    {"dane_sni/attempt/total_ms", "8"},
};

Test(policy_rows, an_endpoint_beside_its_tlsa_records)
{
    const struct seen_session dane_sni = {.outcome = OUTCOME_ESTABLISHED,
                                          .sni = true,
                                          .tls_attempted = true,
                                          .connect_ms = 1,
                                          .total_ms = 8,
                                          .tls = {.completed = true,
                                                  .version = 0x0304,
                                                  .alert_received = -1,
                                                  .chain_id = {1},
                                                  .leaf_sha256 = {2}}};
    const struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                    .address = address("192.0.2.1"),
                                    .port = 25,
                                    .dane_host = DANE_HOST_USABLE,
                                    .tlsa_base = SPAN_LIT("real.test"),
                                    .dane_sni = &dane_sni,
                                    .dane_sni_chain = {.status = CHAIN_SELF_SIGNED}};
    struct endpoint_verdict v;
    endpoint_verdict_init(&v);
    v.dane = (struct dane_verdict){
        .status = DANE_MATCH,
        .record = {{TLSA_FAULT_DIGEST_LENGTH, false, false, -1, true, false, true, true},
                   {TLSA_FAULT_NONE, true, true, 0, false, false, false, false}},
        .record_count = 2,
        .matching_record = 1,
        .ta_fault = DANE_TA_NO_PATH,
        .agility_conflict = true,
        .stale = 3,
        .other_key = DANE_MISMATCH,
    };
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_endpoint(&sink, &e, &v, NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_ENDPOINTS].ndjson, 0);
    EXPECT_JSON(row, endpoint_row);
    json_decref(row);
    row_sink_deinit(&sink);
    endpoint_verdict_deinit(&v);
}
