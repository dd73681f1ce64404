#include <criterion/criterion.h>

#include "scanner/report/report.h"
#include "tests/support/test_ca.h"
#include "tests/unit/report/json_at.h"

#define NO_SCAN "1," UUID_NIL ",1970-01-01T00:00:00.000Z,"

static struct net_addr address(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a));
    return a;
}

static const struct json_expectation host_row[] = {
    {"host", "\"mx.test\""},
    {"a_dns/state", "\"data\""},
    {"a_dns/rcode", "0"},
    {"a_dns/ad", "true"},
    {"a_dns/rrsig_present", "true"},
    {"a_dns/ede", "null"},
    {"a_dns/ttl", "60"},
    {"aaaa_dns/state", "\"timeout\""},
    {"aaaa_dns/rcode", "null"},
    {"aaaa_dns/ad", "null"},
    {"aaaa_dns/ttl", "null"},
    {"tlsa_dns/state", "\"not_asked\""},
    {"tlsa_dns/rcode", "null"},
    {"cnames", "[\"real.test\"]"},
    {"addresses", "[\"192.0.2.1\",\"2001:db8::1\"]"},
    {"addresses_truncated", "4"},
    {"tlsa/0/usage", "3"},
    {"tlsa/0/data", "\"00ff\""},
    {"tlsa/0/usable", "\"digest_length\""},
    {"first_cname_dns", "null"},
    {"expanded_tlsa_dns", "null"},
    {"expanded_tlsa", "null"},
    {"address_dnssec", "null"},
    {"dane", "null"},
    {"tlsa_base", "null"},
    {"blocklisted", "false"},
    {"endpoints/0/address", "\"192.0.2.1\""},
    {"endpoints/0/outcome", "\"not_tested\""},
    {"endpoints/0/not_tested", "\"family_disabled\""},
    {"endpoints/0/tls_version", "null"},
    {"endpoints/0/leaf_sha256", "null"},
    {"endpoints/0/inherited", "false"},
    {"endpoints/0/chain_status", "null"},
    {"endpoints/0/name_match", "null"},
    {"endpoints/0/acceptable", "null"},
    {"endpoints/0/sni", "null"},
    {"endpoints/0/covers_domain", "null"},
    {"endpoints/0/ptr_is_host", "null"},
    {"rollup/starttls", "{\"value\":\"unknown\",\"n_tested\":0,\"n_total\":1}"},
    {"parity_families", "null"},
    {"findings", "[]"},
};

Test(target_rows, a_host_row_tells_questions_from_answers)
{
    const struct span cnames[] = {SPAN_LIT("real.test")};
    const struct net_addr addresses[] = {address("192.0.2.1"), address("2001:db8::1")};
    const struct seen_tlsa tlsas[] = {{3, 1, 1, SPAN_LIT("\x00\xff")}};
    const struct endpoint_brief endpoints[] = {
        {.address = addresses[0], .port = 25, .not_tested = NOT_TESTED_FAMILY_DISABLED}};
    const struct seen_host h = {
        .name = SPAN_LIT("mx.test"),
        .a = {.state = DNS_DATA, .ad = true, .rrsig_present = true, .ede = -1, .ttl = 60},
        .aaaa = {.state = DNS_TIMEOUT, .rcode = 255, .ede = -1},
        .tlsa = {.state = DNS_NOT_ASKED, .ede = -1},
        .cnames = cnames,
        .cname_count = 1,
        .addresses = addresses,
        .address_count = 2,
        .addresses_truncated = 4,
        .tlsas = tlsas,
        .tlsa_count = 1,
        .endpoints = endpoints,
        .endpoint_count = 1,
    };
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_host(&sink, &h, NULL, NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_HOSTS].ndjson, 0);
    EXPECT_JSON(row, host_row);
    json_decref(row);
    row_sink_deinit(&sink);
}

/* The contract with the simulated internet: these keys and words. */
static const struct json_expectation domain_row[] = {
    {"input_line", "7"},
    {"input", "\"Example.COM\""},
    {"domain", "\"example.com\""},
    {"tld", "\"com\""},
    {"registrable_domain", "\"example.com\""},
    {"metadata", "{\"rank\":\"12\"}"},
    {"invalid", "null"},
    {"duplicate_of", "null"},
    {"blocklisted", "false"},
    {"account", "\"partly_tested\""},
    {"account_reason", "null"},
    {"mx_kind", "\"explicit\""},
    {"mx_dns/state", "\"data\""},
    {"cnames", "[]"},
    {"mx/0/preference", "10"},
    {"mx/0/exchange", "\"mx1.example.com\""},
    {"mx/0/host", "\"mx1.example.com\""},
    {"mx/0/unusable", "null"},
    {"mx/0/a", "\"data\""},
    {"mx/0/aaaa", "\"nodata\""},
    {"mx/0/endpoints/0/address", "\"192.0.2.1\""},
    {"mx/0/endpoints/0/port", "25"},
    {"mx/0/endpoints/0/outcome", "\"established\""},
    {"mx/0/endpoints/0/not_tested", "null"},
    {"mx/0/endpoints/0/starttls", "\"offered\""},
    {"mx/0/endpoints/0/tls_version", "\"TLSv1.3\""},
    {"mx/0/endpoints/0/inherited", "false"},
    {"mx/0/endpoints/0/chain_status", "\"expired\""},
    {"mx/0/endpoints/0/name_match", "\"match\""},
    {"mx/0/endpoints/0/acceptable", "false"},
    {"mx/0/endpoints/0/sni", "\"differs\""},
    {"mx/0/endpoints/0/covers_domain", "true"},
    {"mx/0/endpoints/0/ptr_is_host", "true"},
    {"mx/0/endpoints/0/dane", "\"match\""},
    {"mx/0/endpoints/0/basis", "\"inferred\""},
    {"mx/0/endpoints/0/group", "\"192.0.2.1|25|*.example.com\""},
    {"basis", "\"inferred\""},
    {"mx/0/dane_host", "\"usable\""},
    {"mx/1/dane_host", "\"unknown\""},
    {"mta_sts", "null"},
    {"tls_rpt", "null"},
    {"dane", "null"},
    {"outcomes", "null"},
    {"sts_readiness", "null"},
    {"rollup/reachable", "{\"value\":\"all\",\"n_tested\":1,\"n_total\":1}"},
    {"rollup/name_matches/value", "\"all\""},
    {"rollup/acceptable/value", "\"none\""},
    {"rollup_primary/chain_trusted", "{\"value\":\"none\",\"n_tested\":1,\"n_total\":1}"},
    {"rollup_primary/tlsv1_2_or_newer/value", "\"all\""},
    {"rollup_primary/sni_needed/value", "\"unknown\""},
    {"parity_hosts", "null"},
    {"mx/1/host", "null"},
    {"mx/1/unusable", "\"ip_literal\""},
    {"mx/1/a", "\"not_asked\""},
    {"mx/1/endpoints", "[]"},
    {"mx_total", "2"},
    {"endpoints_truncated", "false"},
    {"mta_sts_dns/state", "\"data\""},
    {"mta_sts_txt", "[\"v=STSv1; id=1;\",\"v=spf1 -all\"]"},
    {"mta_sts_txt_base64", "null"},
    {"tls_rpt_dns/state", "\"not_asked\""},
    {"tls_rpt_txt", "[]"},
    {"ns", "[\"ns1.test\"]"},
    {"findings/0/code", "\"mx.ip_literal\""},
    {"findings/0/severity", "\"warning\""},
    {"findings/0/evidence", "\"MX 20 192.0.2.9\""},
};

/* Header: schema, input_line, domain, preference, host, address, port, service, endpoint, outcome,
 * not_tested, basis, starttls, tls_version, leaf_sha256, chain_status, name_match, acceptable, dane. */
static const char routes[] = NO_SCAN
    "7,1,example.com,10,mx1.example.com,192.0.2.1,25,192.0.2.1|25,mx1.example.com|192.0.2.1|25,"
    "established,,inferred,offered,TLSv1.3,"
    "0100000000000000000000000000000000000000000000000000000000000000,expired,match,false,"
    "match\r\n" NO_SCAN "7,2,example.com,20,,,,,,,,,,,,,,,\r\n";

Test(target_rows, a_domain_row_comes_with_its_routes_and_findings)
{
    const struct endpoint_brief endpoints[] = {{.address = address("192.0.2.1"),
                                                .port = 25,
                                                .outcome = OUTCOME_ESTABLISHED,
                                                .basis = BASIS_INFERRED,
                                                .starttls = STARTTLS_OFFERED,
                                                .tls_version = 0x0304,
                                                .leaf_sha256 = {1},
                                                .chain = {.status = CHAIN_EXPIRED},
                                                .name_match = NAME_MATCH_EXACT,
                                                .sni = SNI_DIFFERS,
                                                .covers_parents = 1,
                                                .ptr_is_host = TRUTH_YES,
                                                .dane = DANE_MATCH}};
    const struct seen_mx mx[] = {
        {.preference = 10,
         .dane_host = DANE_HOST_USABLE,
         .exchange = SPAN_LIT("mx1.example.com"),
         .host = SPAN_LIT("mx1.example.com"),
         .a_state = DNS_DATA,
         .aaaa_state = DNS_NODATA,
         .endpoints = endpoints,
         .endpoint_count = 1},
        {.preference = 20, .exchange = SPAN_LIT("192.0.2.9"), .unusable = "ip_literal"},
    };
    const struct span texts[] = {SPAN_LIT("v=STSv1; id=1;"), SPAN_LIT("v=spf1 -all")};
    const struct span ns[] = {SPAN_LIT("ns1.test")};
    const struct seen_domain d = {
        .input_line = 7,
        .input = SPAN_LIT("Example.COM"),
        .domain = SPAN_LIT("example.com"),
        .registrable = SPAN_LIT("example.com"),
        .tld = SPAN_LIT("com"),
        .metadata_json = SPAN_LIT("{\"rank\":\"12\"}"),
        .mx_kind = MX_KIND_EXPLICIT,
        .mx_dns = {.state = DNS_DATA, .ede = -1},
        .mx = mx,
        .mx_count = 2,
        .mx_total = 2,
        .mta_sts = {.dns = {.state = DNS_DATA, .ede = -1}, .texts = texts, .count = 2},
        .ns = ns,
        .ns_count = 1,
    };
    struct findings findings;
    findings_init(&findings);
    findings_of_domain(&d, NULL, &findings);
    struct row_sink sink;
    row_sink_init(&sink, true, true, false);
    report_domain(&sink, &d, NULL, NULL, ACCOUNT_PARTLY_TESTED, "", NULL, &findings);
    json_t *row = json_line(&sink.table[TABLE_DOMAINS].ndjson, 0);
    EXPECT_JSON(row, domain_row);
    json_decref(row);
    cr_expect(span_eq(buf_span(&sink.table[TABLE_ROUTES].csv), span_of(routes)), "%.*s",
              (int)sink.table[TABLE_ROUTES].csv.len, (const char *)sink.table[TABLE_ROUTES].csv.at);
    cr_expect_eq(sink.table[TABLE_ROUTES].rows, 2);
    cr_expect_eq(sink.table[TABLE_ROUTES].ndjson.len, 0);
    cr_expect(span_eq(buf_span(&sink.table[TABLE_FINDINGS].csv),
                      SPAN_LIT(NO_SCAN "domains,7,mx.ip_literal,warning,MX 20 192.0.2.9,\r\n")));
    cr_expect_eq(line_count(&sink.table[TABLE_DOMAINS].csv), 1);
    row_sink_deinit(&sink);
    findings_deinit(&findings);
}

struct covers_case {
    const char *name; /* RFC 9525 section 6.3 decides what is covered */
    const char *host;
    uint8_t covers_parents;
    enum name_match match;
    bool leaf;
    const char *covers;
};

static const struct covers_case covers_cases[] = {
    {"the host is the domain", "example.com", 0, NAME_MATCH_EXACT, true, "true"},
    {"the host is the domain, for another name", "example.com", 1, NAME_MATCH_OTHER, true, "false"},
    {"one label above", "mx.example.com", 1, NAME_MATCH_OTHER, true, "true"},
    {"one label above, not covered", "mx.example.com", 2, NAME_MATCH_EXACT, true, "false"},
    {"two labels above", "a.mx.example.com", 2, NAME_MATCH_OTHER, true, "true"},
    {"two labels above, only one covered", "a.mx.example.com", 1, NAME_MATCH_OTHER, true, "false"},
    {"deeper than is kept", "a.b.c.d.e.f.g.h.i.example.com", 255, NAME_MATCH_EXACT, true, "null"},
    {"another domain", "mx.example.net", 1, NAME_MATCH_EXACT, true, "null"},
    {"ends alike", "anexample.com", 1, NAME_MATCH_EXACT, true, "null"},
    {"no certificate", "mx.example.com", 0, NAME_MATCH_NONE, false, "null"},
};

Test(target_rows, a_brief_says_whether_the_leaf_covers_the_domain)
{
    for (size_t i = 0; i < sizeof(covers_cases) / sizeof(covers_cases[0]); i++) {
        const struct covers_case *c = &covers_cases[i];
        const struct endpoint_brief brief = {.address = address("192.0.2.1"),
                                             .port = 25,
                                             .outcome = OUTCOME_ESTABLISHED,
                                             .leaf_sha256 = {c->leaf},
                                             .covers_parents = c->covers_parents,
                                             .name_match = (uint8_t)c->match};
        const struct seen_mx mx = {
            .host = span_of(c->host), .endpoints = &brief, .endpoint_count = 1};
        const struct seen_domain d = {.domain = SPAN_LIT("example.com"),
                                      .mx_kind = MX_KIND_EXPLICIT,
                                      .mx = &mx,
                                      .mx_count = 1,
                                      .mx_total = 1};
        struct row_sink sink;
        row_sink_init(&sink, true, false, false);
        report_domain(&sink, &d, NULL, NULL, ACCOUNT_TESTED, "", NULL, NULL);
        json_t *row = json_line(&sink.table[TABLE_DOMAINS].ndjson, 0);
        const struct json_expectation covers[] = {
            {"mx/0/endpoints/0/covers_domain", c->covers},
            {"mx/0/endpoints/0/acceptable", "null"}, /* its chain was not judged */
        };
        EXPECT_JSON(row, covers);
        json_decref(row);
        row_sink_deinit(&sink);
    }
}

static const struct json_expectation sides_row[] = {
    {"rollup/reachable", "{\"value\":\"some\",\"n_tested\":2,\"n_total\":2}"},
    {"rollup/established", "{\"value\":\"unknown\",\"n_tested\":1,\"n_total\":2}"},
    {"parity_families/reachable", "\"differs\""},
    {"parity_families/starttls", "\"unknown\""},
    {"parity_addresses/reachable", "\"differs\""},
    {"parity_addresses/leaf", "\"unknown\""},
};

static const struct json_expectation hosts_row[] = {
    {"parity_hosts/reachable", "\"differs\""},     {"parity_hosts/tls_version", "\"unknown\""},
    {"parity_hosts/acceptable", "\"unknown\""},    {"rollup/reachable/value", "\"some\""},
    {"rollup_primary/reachable/value", "\"all\""},
};

Test(target_rows, sides_are_beside_each_other)
{
    const struct endpoint_brief ends[] = {
        {.address = address("192.0.2.1"),
         .port = 25,
         .outcome = OUTCOME_ESTABLISHED,
         .starttls = STARTTLS_OFFERED,
         .tls_version = 0x0304},
        {.address = address("2001:db8::1"), .port = 25, .outcome = OUTCOME_REFUSED}};
    const struct seen_host h = {.name = SPAN_LIT("mx.test"),
                                .a = {.state = DNS_DATA, .ede = -1},
                                .aaaa = {.state = DNS_DATA, .ede = -1},
                                .endpoints = ends,
                                .endpoint_count = 2};
    const struct seen_mx mx[] = {
        {.preference = 1, .host = SPAN_LIT("a.test"), .endpoints = &ends[0], .endpoint_count = 1},
        {.preference = 2, .host = SPAN_LIT("b.test"), .endpoints = &ends[1], .endpoint_count = 1}};
    const struct seen_domain d = {.domain = SPAN_LIT("example.com"),
                                  .mx_kind = MX_KIND_EXPLICIT,
                                  .mx = mx,
                                  .mx_count = 2,
                                  .mx_total = 2};
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_host(&sink, &h, NULL, NULL, NULL);
    report_domain(&sink, &d, NULL, NULL, ACCOUNT_PARTLY_TESTED, "", NULL, NULL);
    json_t *host = json_line(&sink.table[TABLE_HOSTS].ndjson, 0);
    json_t *domain = json_line(&sink.table[TABLE_DOMAINS].ndjson, 0);
    EXPECT_JSON(host, sides_row);
    EXPECT_JSON(domain, hosts_row);
    json_decref(host);
    json_decref(domain);
    row_sink_deinit(&sink);
}

static const struct json_expectation invalid_row[] = {
    {"input", "\"b\xef\xbf\xbd"
              "cher.test\""},
    {"domain", "null"},
    {"invalid", "\"not_utf8\""},
    {"account", "\"invalid\""},
    {"account_reason", "\"not_utf8\""},
    {"mx_kind", "\"not_asked\""},
    {"mx_dns", "null"},
    {"mx", "null"},
    {"mx_total", "null"},
    {"rollup", "null"},
    {"rollup_primary", "null"},
    {"parity_hosts", "null"},
    {"mta_sts_txt", "null"},
    {"ns", "null"},
    {"input_base64", "\"YvxjaGVyLnRlc3Q=\""},
};

Test(target_rows, a_line_that_was_not_asked_about_has_no_answers)
{
    const struct seen_domain d = {.input_line = 1,
                                  .input = SPAN_LIT("b\xfc"
                                                    "cher.test"),
                                  .invalid = "not_utf8"};
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_domain(&sink, &d, NULL, NULL, ACCOUNT_INVALID, "not_utf8", NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_DOMAINS].ndjson, 0);
    EXPECT_JSON(row, invalid_row);
    json_decref(row);
    cr_expect_eq(sink.table[TABLE_ROUTES].rows, 0);
    cr_expect_eq(sink.table[TABLE_FINDINGS].rows, 0);
    row_sink_deinit(&sink);
}

static const struct json_expectation chain_row[] = {
    {"cert_count", "2"},
    {"octets", "2345"},
};

Test(target_rows, a_chain_row_lists_its_certificates_in_order)
{
    static const uint8_t digests[2][32] = {{0x01}, {0x02}};
    const struct chain_facts chain = {
        .chain_id = {0x03}, .digests = digests, .count = 2, .octets = 2345};
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_chain(&sink, &chain, NULL, NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_CHAINS].ndjson, 0);
    EXPECT_JSON(row, chain_row);
    const json_t *list = json_object_get(row, "certificates");
    cr_assert_eq(json_array_size(list), 2);
    cr_expect_eq(strncmp(json_string_value(json_array_get(list, 0)), "0100", 4), 0);
    cr_expect_eq(strncmp(json_string_value(json_array_get(list, 1)), "0200", 4), 0);
    json_decref(row);
    row_sink_deinit(&sink);
}

static const struct json_expectation certificate_row[] = {
    {"parse_error", "null"},
    {"version", "3"},
    {"serial_number", "\"4660\""},
    {"serial_number_hex", "\"1234\""},
    {"subject_dn", "\"CN=mx.test\""},
    {"subject_cn", "\"mx.test\""},
    {"self_issued", "true"},
    {"names", "[\"mx.test\",\"*.mx.test\"]"},
    {"names_total", "2"},
    {"other_names/0/kind", "\"ip\""},
    {"other_names/0/value", "\"192.0.2.1\""},
    {"key_algorithm", "\"EC\""},
    {"key_bits", "256"},
    {"key_curve", "\"P-256\""},
    {"rsa_exponent", "null"},
    {"signature_algorithm/name", "\"ecdsa-with-SHA256\""},
    {"signature_algorithm/hash", "\"SHA256\""},
    {"is_ca", "true"},
    {"path_length", "0"},
    {"key_usage", "[\"digitalSignature\",\"keyCertSign\"]"},
    {"extended_key_usage", "[\"serverAuth\"]"},
    {"subject_key_id", "null"},
    {"ocsp_urls", "[]"},
    {"sct_count", "null"},
    {"precertificate", "false"},
    {"name_constraints", "false"},
    {"name_constraints_critical", "null"},
    {"unknown_critical_extensions", "[]"},
    {"lists_truncated", "false"},
    {"validity/length", "86401"},
    {"validity/start_raw", "null"},
};

static const struct json_expectation no_certificate_row[] = {
    {"length", "3"},
    {"raw", "\"AAEC\""},
    {"version", "null"},
    {"names", "null"},
    {"validity", "null"},
    {"key_algorithm", "null"},
    {"is_ca", "null"},
    {"ocsp_urls", "null"},
    {"lists_truncated", "null"},
    {"spki_fingerprint_sha256", "null"},
};

static void report_der(struct row_sink *sink, struct span der)
{
    struct cert_info info;
    bool parsed = cert_info_read(der, &info);
    report_certificate(sink, der, &info, parsed, NULL, NULL);
    cert_info_deinit(&info);
}

Test(target_rows, a_certificate_row_holds_its_fields)
{
    const struct test_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,digitalSignature,keyCertSign"},
        {NID_ext_key_usage, "serverAuth"},
    };
    const struct test_cert_params params = {
        .cn = "mx.test",
        .san = "DNS:mx.test,DNS:*.mx.test,IP:192.0.2.1",
        .serial = 0x1234,
        .extensions = extensions,
        .extension_count = 3,
    };
    struct test_cert cert = test_cert_new(NULL, &params);
    uint8_t *der = NULL;
    int len = i2d_X509(cert.cert, &der);
    cr_assert(len > 0);
    struct row_sink sink;
    row_sink_init(&sink, true, true, false);
    report_der(&sink, (struct span){der, (size_t)len});
    report_der(&sink, SPAN_LIT("\x00\x01\x02"));
    json_t *good = json_line(&sink.table[TABLE_CERTIFICATES].ndjson, 0);
    json_t *bad = json_line(&sink.table[TABLE_CERTIFICATES].ndjson, 1);
    EXPECT_JSON(good, certificate_row);
    EXPECT_JSON(bad, no_certificate_row);
    cr_expect(json_is_string(json_object_get(bad, "parse_error")));
    cr_expect_eq(json_string_length(json_object_get(good, "fingerprint_sha256")), 64);
    cr_expect_eq(json_string_length(json_object_get(good, "fingerprint_sha1")), 40);
    cr_expect_eq(json_integer_value(json_object_get(good, "length")), len);
    json_decref(good);
    json_decref(bad);
    row_sink_deinit(&sink);
    OPENSSL_free(der);
    test_cert_free(&cert);
}
