#include <criterion/criterion.h>

#include "scanner/report/manifest.h"
#include "scanner/report/summary.h"
#include "tests/unit/report/json_at.h"

/* Two services, one host, three lines; made by hand, so that every number below can be counted. */
static void fill(struct scan_counts *c)
{
    const uint16_t ports[] = {25};
    counts_init(c, ports, 1);
    const struct net_addr none = {0};
    const struct endpoint_brief ends[] = {{.address = none,
                                           .port = 25,
                                           .outcome = OUTCOME_ESTABLISHED,
                                           .starttls = STARTTLS_OFFERED,
                                           .tls_version = 0x0304,
                                           .leaf_sha256 = {1},
                                           .chain = {.status = CHAIN_TRUSTED},
                                           .name_match = NAME_MATCH_EXACT,
                                           .sni = SNI_SAME,
                                           .basis = BASIS_INFERRED},
                                          {.address = none,
                                           .port = 25,
                                           .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
                                           .starttls = STARTTLS_NOT_OFFERED}};
    const struct seen_mx mx[] = {{.preference = 10,
                                  .a_state = DNS_DATA,
                                  .aaaa_state = DNS_NODATA,
                                  .endpoints = ends,
                                  .endpoint_count = 2}};
    const struct seen_domain tested = {
        .input_line = 1, .mx_kind = MX_KIND_EXPLICIT, .mx = mx, .mx_count = 1, .mx_total = 1};
    const struct seen_domain null_mx = {.input_line = 2, .mx_kind = MX_KIND_NULL_MX};
    const struct seen_domain invalid = {.input_line = 3, .invalid = "empty"};
    counts_add_domain(c, &invalid, NULL, ACCOUNT_INVALID, "empty");
    counts_add_domain(c, &null_mx, NULL, ACCOUNT_NO_MAIL, "null_mx");
    counts_add_domain(c, &null_mx, NULL, ACCOUNT_NO_MAIL, "none");
    counts_add_domain(c, &tested, NULL, ACCOUNT_TESTED, "");

    const struct seen_host host = {.a = {.state = DNS_DATA, .ede = -1},
                                   .aaaa = {.state = DNS_NODATA, .ede = -1},
                                   .endpoints = ends,
                                   .endpoint_count = 2};
    counts_add_host(c, &host, NULL);
    const struct seen_session good = {.outcome = OUTCOME_ESTABLISHED,
                                      .smtp = {.starttls = STARTTLS_OFFERED},
                                      .tls_attempted = true,
                                      .tls = {.version = 0x0304, .leaf_sha256 = {1}}};
    const struct seen_session dead = {.outcome = OUTCOME_CONNECT_TIMEOUT};
    const struct seen_session *sessions[] = {&good, &good, &dead, NULL};
    for (size_t i = 0; i < 4; i++) {
        /* Of the first all is known, of the second not; both accept CHACHA20. */
        const struct accepted_suites suites[2][TLS_VERSION_COUNT] = {
            {[2] = {.suite = {0xcca8, 0xc02f},
                    .count = 2,
                    .end = CIPHERS_COMPLETE,
                    .order = CIPHER_ORDER_SERVER}},
            {[0] = {.suite = {0x000a}, .count = 1, .end = CIPHERS_COMPLETE},
             [2] = {.suite = {0xcca8, 0x000a},
                    .count = 2,
                    .end = CIPHERS_INCONCLUSIVE,
                    .order = CIPHER_ORDER_CLIENT}}};
        const struct seen_service s = {.port = 25,
                                       .versions = {.accepted = {i == 0 ? TRUTH_NO : TRUTH_YES,
                                                                 TRUTH_NO, TRUTH_YES, TRUTH_NO}},
                                       .ciphers = {.version = i < 2 ? suites[i] : NULL},
                                       .result = sessions[i],
                                       .chain = {.status = i == 0   ? CHAIN_TRUSTED
                                                           : i == 1 ? CHAIN_EXPIRED
                                                                    : CHAIN_NONE}};
        counts_add_service(c, &s);
    }
    static const enum basis bases[] = {BASIS_INFERRED, BASIS_INFERRED, BASIS_OBSERVED, BASIS_NONE};
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        counts_add_endpoint(c, &(struct seen_endpoint){.basis = bases[i]});
    }
    counts_add_chain(c, CHAIN_TRUSTED);
    counts_add_chain(c, CHAIN_TRUSTED);
    counts_add_chain(c, CHAIN_EXPIRED);
    counts_add_certificate(c);
    struct findings f;
    findings_init(&f);
    buf_put_text(findings_add(&f, FINDING_MX_LOCALHOST, SEVERITY_ERROR), "x");
    buf_put_text(findings_add(&f, FINDING_MX_MANY, SEVERITY_WARNING), "x");
    counts_add_findings(c, &f);
    counts_add_effect(c, EFFECT_MAIL_LOST, &f);
    counts_add_effect(c, EFFECT_NO_MAIL, &f);
    findings_reset(&f);
    counts_add_effect(c, EFFECT_MAIL_LOST, &f);
    counts_add_effect(c, EFFECT_NONE, &f);
    findings_deinit(&f);
    cr_assert_eq(c->finding_no_mail[SEVERITY_ERROR], 1);
    cr_assert_eq(c->finding_no_mail[SEVERITY_WARNING], 1);
}

static const struct json_expectation summary[] = {
    {"schema", "2"},
    {"version", "\"1.2.3\""},
    {"complete", "true"},
    {"started", "\"2023-11-14T22:13:20.000Z\""},
    {"ended", "\"2023-11-14T22:13:21.500Z\""},
    {"account/inputs", "4"},
    {"account/accounted", "4"},
    {"account/classes/tested", "1"},
    {"account/classes/no_mail", "2"},
    {"account/classes/duplicate", "0"},
    {"account/reasons", "{\"no_mail\":{\"none\":1,\"null_mx\":1},\"invalid\":{\"empty\":1}}"},
    {"mx_kinds/explicit", "1"},
    {"mx_kinds/null_mx", "2"},
    {"effects/none", "1"},
    {"effects/mail_lost", "2"},
    {"effects/no_mail", "1"},
    {"effects/cleartext", "0"},
    {"ports/0/port", "25"},
    {"ports/0/outcomes/established", "2"},
    {"ports/0/outcomes/not_tested", "1"},
    {"ports/0/service/total", "4"},
    {"ports/0/service/not_tested", "1"},
    {"ports/0/service/inconclusive", "1"},
    {"ports/0/service/properties/starttls",
     "{\"numerator\":2,\"denominator\":2,\"untested\":2,\"share\":1.0}"},
    {"ports/0/service/properties/reachable",
     "{\"numerator\":2,\"denominator\":3,\"untested\":1,\"share\":0.6667}"},
    {"ports/0/service/properties/chain_trusted",
     "{\"numerator\":1,\"denominator\":2,\"untested\":2,\"share\":0.5}"},
    {"ports/0/ciphers", "{\"services\":2,\"complete\":1,\"server_order\":1,\"client_order\":1,"
                        "\"accepted_by\":{\"TLS_RSA_WITH_3DES_EDE_CBC_SHA\":1,"
                        "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\":1,"
                        "\"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256\":2}}"},
    {"ports/0/host/total", "1"},
    {"ports/0/host/properties/starttls",
     "{\"all\":0,\"some\":1,\"none\":0,\"unknown\":0,\"numerator\":0,\"denominator\":1,"
     "\"untested\":0,\"share\":0.0,"
     "\"inferred\":{\"all\":0,\"some\":1,\"none\":0,\"unknown\":0}}"},
    {"account/inferred/tested", "1"},
    {"endpoints", "{\"observed\":1,\"inferred\":2,\"not_tested\":1}"},
    {"account/inferred/no_mail", "0"},
    {"ports/0/host/inferred", "1"},
    {"ports/0/domain/inferred", "1"},
    {"ports/0/host/properties/acceptable/some", "1"},
    {"ports/0/host/properties/sni_needed/none", "1"},
    {"ports/0/domain/properties/name_matches/some", "1"},
    {"ports/0/domain/properties/tlsv1_3/some", "1"},
    {"ports/0/domain_primary_mx/properties/reachable/all", "1"},
    {"chains/total", "3"},
    {"chains/statuses/trusted", "2"},
    {"chains/statuses/expired", "1"},
    {"chains/statuses/self_signed", "0"},
    {"certificates", "1"},
    {"findings/0/code", "\"mx.localhost\""},
    {"findings/0/rows", "1"},
    {"findings/0/error", "1"},
    {"findings/1/code", "\"mx.many\""},
    {"findings/1/warning", "1"},
    {"findings/1/error", "0"},
    {"rows/domains", "4"},
    {"rows/certificates", "0"},
};

static const char text[] =
    "inputs 4 = tested 1 + no_mail 2 + invalid 1\n"
    "results of 2 endpoints are inferred from other names, 1 are observed; 1 inputs rest on "
    "inferred ones\n"
    "domains by the effect of their problems: mail_lost 2, no_mail 1, none 1\n"
    "port 25             services             MX hosts (all)       domains (all)\n"
    "  reachable          66.7 % of 3         100.0 % of 1         100.0 % of 1\n"
    "  starttls          100.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  established       100.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  tlsv1_0             0.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  tlsv1_1             0.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  tlsv1_2             0.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  tlsv1_3           100.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  tlsv1_2_or_newer  100.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  chain_trusted      50.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  chain_self_signed   0.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  chain_expired      50.0 % of 2           0.0 % of 1           0.0 % of 1\n"
    "  name_matches          -                  0.0 % of 1           0.0 % of 1\n"
    "  name_mismatch         -                  0.0 % of 1           0.0 % of 1\n"
    "  acceptable            -                  0.0 % of 1           0.0 % of 1\n"
    "  sni_needed            -                  0.0 % of 1           0.0 % of 1\n"
    "  not tested              1                    0                    0\n"
    "  partly inferred         -                    1                    1\n"
    "  inconclusive            1                    0                    0\n"
    "most frequent errors (rows)\n"
    "  mx.localhost                        1\n"
    "complete after 1.5 s\n";

Test(summary, the_counts_are_shown_with_their_denominators)
{
    struct scan_counts counts;
    fill(&counts);
    uint64_t rows[TABLE_COUNT] = {[TABLE_DOMAINS] = 4};
    const struct summary_facts facts = {
        .version = "1.2.3",
        .complete = true,
        .started_unix_ms = 1700000000000,
        .ended_unix_ms = 1700000001500,
        .counts = &counts,
        .rows = rows,
    };
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    report_summary(&out, &facts);
    json_t *root = json_whole(&out);
    EXPECT_JSON(root, summary);
    /* What belongs to a host name has no share among services. */
    const json_t *port = json_array_get(json_object_get(root, "ports"), 0);
    const json_t *services = json_object_get(json_object_get(port, "service"), "properties");
    cr_expect_null(json_object_get(services, "name_matches"));
    cr_expect_null(json_object_get(services, "acceptable"));
    cr_expect_null(json_object_get(services, "sni_needed"));
    json_decref(root);
    buf_reset(&out);
    report_summary_text(&out, &facts);
    cr_expect(span_eq(buf_span(&out), span_of(text)), "%.*s", (int)out.len, (const char *)out.at);
    buf_deinit(&out);
}

Test(summary, what_was_judged_again_says_so_and_not_how_long_the_scan_took)
{
    static const struct {
        const char *output;
        bool complete;
        const char *last; /* line */
    } cases[] = {
        {"later", true,
         "\njudged results again as of 2023-11-14T22:13:20Z: 7 rows written to later\n"},
        {NULL, false,
         "\njudged results again, which is not complete, as of 2023-11-14T22:13:20Z: 7 rows made "
         "for standard output\n"},
    };
    struct scan_counts counts;
    fill(&counts);
    uint64_t rows[TABLE_COUNT] = {[TABLE_DOMAINS] = 4, [TABLE_HOSTS] = 3};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct summary_facts facts = {
            .version = "1.2.3",
            .complete = cases[i].complete,
            .ended_unix_ms = 1500,
            .counts = &counts,
            .rows = rows,
            .judged = "results",
            .judged_at = 1700000000,
            .output = cases[i].output,
        };
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        report_summary_text(&out, &facts);
        cr_expect(span_ends_with(buf_span(&out), span_of(cases[i].last)), "%.*s", (int)out.len,
                  (const char *)out.at);
        buf_put_char(&out, '\0');
        cr_expect_null(strstr((const char *)out.at, "complete after"));
        buf_deinit(&out);
    }
}

#define TALLY(n, d, u, share) \
    "{\"numerator\":" n ",\"denominator\":" d ",\"untested\":" u ",\"share\":" share "}"

static const struct json_expectation operators_summary[] = {
    {"operators/distinct", "2"},
    {"operators/whole", "true"},
    {"operators/first/0/mx_operator", "\"Big\""},
    {"operators/first/0/domains", "30"},
    {"operators/first/0/hosts", "3"},
    {"operators/first/0/services", "2"},
    {"operators/first/0/endpoints", "5"},
    {"operators/first/0/domain_properties/starttls", TALLY("24", "28", "2", "0.8571")},
    {"operators/first/0/domain_properties/tlsv1_3", TALLY("0", "0", "0", "null")},
    {"operators/first/0/domain_properties/mta_sts", TALLY("1", "29", "1", "0.0345")},
    {"operators/first/0/endpoint_properties/acceptable", TALLY("4", "5", "0", "0.8")},
    {"operators/first/1/mx_operator", "\"backup.example\""},
    {"operators/first/1/domains", "0"},
    {"operators/other/domains", "7"},
    {"operators/several/domains", "2"},
    {"operators/unknown/domains", "1"},
};

static const char operators_text[] =
    "operators of the mail servers          domains   share  starttls   accept.  untested\n"
    "  Big                                       30  75.0 %    85.7 %         -         0\n";

static struct tally *tally_at(struct tally *tallies, enum property p)
{
    size_t i = 0;
    while (operator_properties[i] != p) {
        i++;
    }
    return &tallies[i];
}

Test(summary, operators_are_shown_with_their_denominators)
{
    struct scan_counts counts = {0};
    uint64_t rows[TABLE_COUNT] = {0};
    struct operator_line lines[2] = {
        {.name = "Big",
         .counts =
             {.domains = 30, .hosts = 3, .services = 2, .endpoints = 5, .mta_sts = {1, 28, 1}}},
        {.name = "backup.example", .counts = {.endpoints = 1}}};
    *tally_at(lines[0].counts.domain, PROPERTY_STARTTLS) = (struct tally){24, 4, 2};
    *tally_at(lines[0].counts.endpoint, PROPERTY_ACCEPTABLE) = (struct tally){4, 1, 0};
    const struct operator_summary operators = {.distinct = 2,
                                               .lines = lines,
                                               .count = 2,
                                               .other = {.domains = 7},
                                               .several = {.domains = 2},
                                               .unknown = {.domains = 1},
                                               .whole = true};
    const struct summary_facts facts = {
        .version = "1", .counts = &counts, .operators = &operators, .rows = rows};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    report_summary(&out, &facts);
    json_t *root = json_whole(&out);
    EXPECT_JSON(root, operators_summary);
    json_decref(root);
    buf_reset(&out);
    report_summary_text(&out, &facts);
    const char *at = memmem(out.at, out.len, operators_text, strlen(operators_text));
    cr_expect_not_null(at, "%.*s", (int)out.len, (const char *)out.at);
    buf_deinit(&out);
}

static const struct json_expectation empty_summary[] = {
    {"complete", "false"},
    {"account/inputs", "0"},
    {"account/reasons", "{}"},
    {"ports/0/service/properties/starttls",
     "{\"numerator\":0,\"denominator\":0,\"untested\":0,\"share\":null}"},
    {"findings", "[]"},
};

Test(summary, nothing_counted_has_no_share)
{
    const uint16_t ports[] = {25};
    struct scan_counts counts;
    counts_init(&counts, ports, 1);
    uint64_t rows[TABLE_COUNT] = {0};
    const struct summary_facts facts = {.version = "1", .counts = &counts, .rows = rows};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    report_summary(&out, &facts);
    json_t *root = json_whole(&out);
    EXPECT_JSON(root, empty_summary);
    json_decref(root);
    buf_deinit(&out);
}

static const struct json_expectation manifest[] = {
    {"schema", "1"},
    {"program", "\"mxcensus\""},
    {"version", "\"1.2.3\""},
    {"command_line", "[\"mxcensus\",\"scan\",\"b\xef\xbf\xbd\"]"},
    {"options/concurrency", "\"4000\""},
    {"options/contact", "null"},
    {"seed", "\"18446744073709551615\""},
    {"started", "\"2023-11-14T22:13:20.000Z\""},
    {"vantage/ehlo_domain", "\"scanner.test\""},
    {"vantage/source_addresses", "[\"192.0.2.1\",\"2001:db8::1\"]"},
    {"vantage/resolvers", "[{\"address\":\"127.0.0.1\",\"port\":5353}]"},
    {"libraries/libuv", "\"1.44.2\""},
    {"datasets", "{}"},
    {"account/inputs", "4"},
    {"rows_lost", "0"},
    {"stray_messages", "0"},
    {"files/0/name", "\"domains.ndjson\""},
    {"files/0/table", "\"domains\""},
    {"files/0/format", "\"ndjson\""},
    {"files/0/rows", "4"},
    {"files/0/octets", "1234"},
    {"files/1/format", "\"csv\""},
    {"files/1/sha256", "null"},
};

Test(manifest, it_says_how_the_scan_was_made_and_what_came_of_it)
{
    static const char *const argv[] = {"mxcensus", "scan", "b\xfc"};
    static const struct named_text options[] = {{"concurrency", "4000"}, {"contact", NULL}};
    static const struct named_text libraries[] = {{"libuv", "1.44.2"}};
    struct net_addr sources[2] = {0};
    cr_assert(net_addr_parse(SPAN_LIT("192.0.2.1"), &sources[0]));
    cr_assert(net_addr_parse(SPAN_LIT("2001:db8::1"), &sources[1]));
    struct net_endpoint resolver = {.port = 5353};
    cr_assert(net_addr_parse(SPAN_LIT("127.0.0.1"), &resolver.address));
    const struct result_file_info infos[] = {
        {.name = "domains.ndjson", .rows = 4, .octets = 1234, .sha256 = {0x12}, .has_sha256 = true},
        {.name = "domains.csv", .rows = 4},
    };
    const struct manifest_file files[] = {{"domains", false, &infos[0]},
                                          {"domains", true, &infos[1]}};
    struct scan_counts counts;
    fill(&counts);
    const struct scan_manifest m = {
        .version = "1.2.3",
        .argc = 3,
        .argv = argv,
        .options = options,
        .option_count = 2,
        .seed = UINT64_MAX,
        .started_unix_ms = 1700000000000,
        .ended_unix_ms = 1700000001500,
        .ehlo_domain = "scanner.test",
        .sources = sources,
        .source_count = 2,
        .resolvers = &resolver,
        .resolver_count = 1,
        .libraries = libraries,
        .library_count = 1,
        .files = files,
        .file_count = 2,
        .counts = &counts,
    };
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    report_manifest(&out, &m);
    json_t *root = json_whole(&out);
    EXPECT_JSON(root, manifest);
    const json_t *file = json_array_get(json_object_get(root, "files"), 0);
    const char *digest = json_string_value(json_object_get(file, "sha256"));
    cr_assert_not_null(digest);
    cr_expect_eq(strlen(digest), 64);
    cr_expect_eq(strncmp(digest, "1200", 4), 0);
    const json_t *volatiles = json_object_get(root, "volatile_columns");
    bool listed = false;
    for (size_t i = 0; i < json_array_size(volatiles); i++) {
        const char *path = json_string_value(json_array_get(volatiles, i));
        listed = listed || strcmp(path, "services.attempts.started") == 0;
    }
    cr_expect(listed);
    json_decref(root);
    buf_deinit(&out);
}

static const struct json_expectation state[] = {
    {"reason", "\"SIGINT\""},
    {"command_line", "[\"mxcensus\"]"},
    {"stopped", "\"2023-11-14T22:13:21.500Z\""},
    {"lines_read", "90"},
    {"input_ended", "false"},
    {"unfinished_lines", "[[3,3],[80,90]]"},
    {"account/accounted", "4"},
};

Test(manifest, an_interrupted_scan_names_its_unfinished_lines)
{
    static const char *const argv[] = {"mxcensus"};
    static const struct line_range unfinished[] = {{3, 3}, {80, 90}};
    struct scan_counts counts;
    fill(&counts);
    const struct scan_state facts = {
        .version = "1.2.3",
        .reason = "SIGINT",
        .argc = 1,
        .argv = argv,
        .started_unix_ms = 1700000000000,
        .stopped_unix_ms = 1700000001500,
        .lines_read = 90,
        .unfinished = unfinished,
        .unfinished_count = 2,
        .counts = &counts,
    };
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    report_state(&out, &facts);
    json_t *root = json_whole(&out);
    EXPECT_JSON(root, state);
    json_decref(root);
    buf_deinit(&out);
}
