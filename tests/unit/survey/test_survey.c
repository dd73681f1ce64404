#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/survey/survey_sheets.h"

/* Rows as a scan writes them, in part; a survey makes of them what a person would count. */

#define ROLLED(all)                                                                 \
    "{\"reachable\":" all ",\"starttls\":" all ",\"established\":" all              \
    ",\"tlsv1_2_or_newer\":" all ",\"chain_trusted\":" all ",\"name_matches\":" all \
    ",\"acceptable\":" all ",\"sni_needed\":{\"value\":\"none\",\"n_tested\":1,\"n_total\":1}}"
#define ALL     "{\"value\":\"all\",\"n_tested\":1,\"n_total\":1}"
#define SOME    "{\"value\":\"some\",\"n_tested\":2,\"n_total\":2}"
#define NONE    "{\"value\":\"none\",\"n_tested\":1,\"n_total\":1}"
#define UNKNOWN "{\"value\":\"unknown\",\"n_tested\":0,\"n_total\":1}"

#define ENDPOINT(address, port, version, leaf)                                                     \
    "{\"address\":\"" address "\",\"port\":" port ",\"outcome\":\"established\",\"starttls\":"     \
    "\"offered\",\"tls_version\":\"" version "\",\"leaf_sha256\":\"" leaf                          \
    "\",\"inherited\":false,\"chain_status\":\"trusted\",\"name_match\":\"match\",\"acceptable\":" \
    "true}"
#define LEAF "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define MX(host, endpoints)                                                           \
    "{\"preference\":10,\"exchange\":\"" host "\",\"host\":\"" host                   \
    "\",\"name_kind\":\"host\",\"a\":\"data\",\"aaaa\":\"nodata\",\"cname_count\":0," \
    "\"blocklisted\":false,\"endpoints\":[" endpoints "]}"

#define DOMAIN(line, kind, rank, mx, rolled)                                                       \
    "{\"schema\":1,\"input_line\":" line ",\"domain\":\"d" line ".test\",\"tld\":\"test\","        \
    "\"registrable_domain\":\"d" line ".test\",\"metadata\":{\"Rank\":\"" rank                     \
    "\",\"firm\":\"A\"},\"account\":\"tested\",\"mx_kind\":\"" kind "\",\"mx\":[" mx               \
    "],\"mx_operator\":\"op.test\",\"mx_operators\":[\"op.test\"],\"rollup\":" ROLLED(             \
        rolled) ",\"mta_sts_dns\":{\"state\":\"nodata\"},\"mta_sts\":{\"state\":\"none\","         \
                "\"record_valid\":false},"                                                         \
                "\"tls_rpt_dns\":{\"state\":\"timeout\"},\"tls_rpt\":{\"valid\":false},\"dane\":{" \
                "\"mx_dnssec\":"                                                                   \
                "\"insecure\",\"state\":\"none\",\"hosts_usable\":0,\"hosts_with_tlsa\":0},"       \
                "\"outcomes\":["                                                                   \
                "{\"profile\":\"p\",\"best\":\"encrypted\",\"worst\":\"plaintext\",\"decided_"     \
                "by\":"                                                                            \
                "\"h.test|192.0.2.1|25: no_starttls\"}]}"

struct fixture {
    struct survey survey;
    struct row_reading reading;
    struct sheets sheets;
};

static void begin(struct fixture *f, const struct survey_terms *terms)
{
    hash_secret_init();
    row_reading_init(&f->reading);
    f->reading.in_part = true;
    survey_init(&f->survey, terms);
    sheets_init(&f->sheets);
}

static void end(struct fixture *f)
{
    survey_deinit(&f->survey);
    sheets_deinit(&f->sheets);
    row_reading_deinit(&f->reading);
}

static void add(struct fixture *f, enum table_id table, const char *line,
                void (*each)(struct survey *, const struct facts *))
{
    struct facts row;
    cr_assert(row_reading_begin(&f->reading, table, span_of(line), &row), "%.*s: %s",
              (int)f->reading.why.len, (const char *)f->reading.why.at, line);
    each(&f->survey, &row);
    cr_assert_eq(f->reading.why.len, 0, "%.*s", (int)f->reading.why.len,
                 (const char *)f->reading.why.at);
}

static void add_domain(struct fixture *f, const char *line)
{
    add(f, TABLE_DOMAINS, line, survey_add_domain);
}

static void check_share(const struct survey *s, enum mail_kind kind, enum measure m,
                        uint64_t numerator, uint64_t denominator, uint64_t untested)
{
    struct share got = measures_share(s->whole[kind], m);
    cr_assert(got.numerator == numerator && got.denominator == denominator &&
                  got.untested == untested,
              "%s: %lu of %lu, %lu untested", measure_info(m)->name, (unsigned long)got.numerator,
              (unsigned long)got.denominator, (unsigned long)got.untested);
}

static const struct survey_terms port_25 = {.port = 25, .rank_column = "rank"};

/* R25: a share is of what is known, and explicit and implicit MX are never added together. */
Test(survey, shares_are_of_what_is_known)
{
    struct fixture f;
    begin(&f, &port_25);
    add_domain(&f, DOMAIN("1", "explicit", "1",
                          MX("h.test", ENDPOINT("192.0.2.1", "25", "TLSv1.3", LEAF)), ALL));
    add_domain(&f, DOMAIN("2", "explicit", "1500",
                          MX("h.test", ENDPOINT("192.0.2.1", "25", "TLSv1.3", LEAF)), SOME));
    add_domain(&f, DOMAIN("3", "explicit", "x", MX("i.test", ""), UNKNOWN));
    add_domain(&f, DOMAIN("4", "explicit", "90000",
                          MX("i.test", ENDPOINT("192.0.2.2", "25", "TLSv1.2", LEAF)), NONE));
    add_domain(&f, DOMAIN("5", "implicit", "5",
                          MX("d5.test", ENDPOINT("192.0.2.3", "25", "TLSv1.3", LEAF)), ALL));
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_STARTTLS_ALL, 1, 3, 1);
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_STARTTLS_SOME, 2, 3, 1);
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_TLS1_3_ALL, 2, 3, 1);
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_STS_RECORD, 0, 4, 0);
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_TLS_RPT, 0, 0, 4); /* the query failed */
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_IPV6, 0, 4, 0);
    check_share(&f.survey, MAIL_IMPLICIT, MEASURE_STARTTLS_ALL, 1, 1, 0);
    cr_assert_eq(f.survey.ranked, 3); /* "x" is no rank, and implicit MX is not in it */
    cr_assert_eq(groups_find(&f.survey.leaves, span_of(LEAF))[THING_DOMAINS], 3);
    cr_assert_eq(groups_find(&f.survey.hosts, span_of("h.test"))[THING_DOMAINS], 2);
    cr_assert_null(groups_find(&f.survey.hosts, span_of("d5.test")));
    cr_assert_eq(groups_find(&f.survey.profile, span_of("p"))[DELIVERY_COUNT + DELIVERY_PLAINTEXT],
                 4);
    end(&f);
}

#define UNTESTED_ENDPOINT(address)                                                           \
    "{\"address\":\"" address "\",\"port\":25,\"outcome\":\"connect_timeout\",\"starttls\":" \
    "\"unknown\",\"tls_version\":null,\"leaf_sha256\":null,\"inherited\":false,"             \
    "\"chain_status\":null,\"name_match\":null,\"acceptable\":null}"
#define PLAIN_ENDPOINT(address)                                                                   \
    "{\"address\":\"" address "\",\"port\":25,\"outcome\":\"starttls_not_offered\",\"starttls\":" \
    "\"not_offered\",\"tls_version\":null,\"leaf_sha256\":null,\"inherited\":false,"              \
    "\"chain_status\":null,\"name_match\":null,\"acceptable\":null}"

struct evidence_case {
    const char *row;
    enum truth all;
    enum truth some;
};

/* A domain with one good address and one that was not tested has STARTTLS somewhere; with one that does not list it, it
 * has not everywhere. The roll-up of the row is unknown for both. */
Test(survey, one_address_is_enough_to_show_it)
{
    static const struct evidence_case cases[] = {
        {DOMAIN("1", "explicit", "1",
                MX("h.test",
                   ENDPOINT("192.0.2.1", "25", "TLSv1.3", LEAF) "," UNTESTED_ENDPOINT("192.0.2.2")),
                UNKNOWN),
         TRUTH_UNKNOWN, TRUTH_YES},
        {DOMAIN("1", "explicit", "1",
                MX("h.test", PLAIN_ENDPOINT("192.0.2.1") "," UNTESTED_ENDPOINT("192.0.2.2")),
                UNKNOWN),
         TRUTH_NO, TRUTH_UNKNOWN},
        {DOMAIN("1", "explicit", "1", MX("h.test", UNTESTED_ENDPOINT("192.0.2.2")), UNKNOWN),
         TRUTH_UNKNOWN, TRUTH_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        begin(&f, &port_25);
        add_domain(&f, cases[i].row);
        const struct evidence_case *c = &cases[i];
        static const enum measure all[] = {MEASURE_STARTTLS_ALL, MEASURE_ACCEPTABLE_ALL};
        static const enum measure some[] = {MEASURE_STARTTLS_SOME, MEASURE_ACCEPTABLE_SOME};
        for (size_t k = 0; k < 2; k++) {
            check_share(&f.survey, MAIL_EXPLICIT, all[k], c->all == TRUTH_YES,
                        c->all != TRUTH_UNKNOWN, c->all == TRUTH_UNKNOWN);
            check_share(&f.survey, MAIL_EXPLICIT, some[k], c->some == TRUTH_YES,
                        c->some != TRUTH_UNKNOWN, c->some == TRUTH_UNKNOWN);
        }
        cr_assert_eq(f.survey.domain_some[PROPERTY_STARTTLS].numerator, c->some == TRUTH_YES);
        end(&f);
    }
}

/* Two services of one domain are two services with one domain, in each row; their leaves count though no endpoint has
 * them, and a certificate that no domain leads to does not. */
Test(survey, a_domain_counts_once_in_a_row)
{
    static const char service[] =
        "{\"schema\":1,\"service\":\"192.0.2.%d|25\",\"address\":\"192.0.2.%d\",\"port\":25,"
        "\"outcome\":\"established\",\"tls_version\":\"TLSv1.2\",\"chain_status\":\"trusted\","
        "\"leaf_sha256\":\"%064d\",\"handshake\":{\"cipher\":\"X\",\"group\":null}}";
    static const char certificate[] =
        "{\"schema\":1,\"fingerprint_sha256\":\"%064d\",\"issuer_dn\":\"CN=A\",\"self_issued\":"
        "false,\"key_algorithm\":\"RSA\",\"key_bits\":2048,\"days_left\":8}";
    struct fixture f;
    begin(&f, &port_25);
    for (int i = 1; i <= 3; i++) {
        char line[1024];
        cr_assert_lt(snprintf(line, sizeof(line), certificate, i), (int)sizeof(line));
        add(&f, TABLE_CERTIFICATES, line, survey_add_certificate);
        cr_assert_lt(snprintf(line, sizeof(line), service, i, i, i), (int)sizeof(line));
        add(&f, TABLE_SERVICES, line, survey_add_service);
    }
    add_domain(&f, DOMAIN("1", "explicit", "1",
                          MX("h.test", PLAIN_ENDPOINT("192.0.2.1") "," PLAIN_ENDPOINT("192.0.2.2")),
                          NONE));
    survey_end(&f.survey);
    const uint32_t *version = groups_find(&f.survey.versions, span_of("TLSv1.2"));
    const uint32_t *issuer = groups_find(&f.survey.issuers, span_of("CN=A"));
    cr_assert(version[ROW_THINGS] == 2 && version[ROW_DOMAINS] == 1 && version[ROW_TRUSTED] == 2);
    cr_assert(issuer[ROW_THINGS] == 2 && issuer[ROW_DOMAINS] == 1 && issuer[ROW_SERVICES] == 2);
    cr_assert_eq(f.survey.leaf_total, 2);
    cr_assert_eq(f.survey.leaf_trusted, 2);
    cr_assert_eq(f.survey.services_tls, 2);
    end(&f);
}

/* A state that says that nothing is known is in no denominator and has no row. */
Test(survey, what_is_not_known_is_in_no_denominator)
{
    struct fixture f;
    begin(&f, &port_25);
    groups_of(&f.survey.dane_endpoint, span_of("match"))[0] = 3;
    groups_of(&f.survey.dane_endpoint, span_of("unknown"))[0] = 2;
    groups_of(&f.survey.mx_dnssec, span_of("unknown"))[0] = 2;
    survey_make_sheets(&f.survey, &f.sheets);
    const struct sheet *t = sheets_find(&f.sheets, "T11-endpoints");
    cr_assert_eq(sheet_rows(t), 1);
    const struct share *share = &sheet_cell_at(t, 0, 1)->share;
    cr_assert(share->numerator == 3 && share->denominator == 3 && share->untested == 2);
    cr_assert_not_null(sheets_find(&f.sheets, "T11-dnssec")->missing);
    end(&f);
}

/* Providers are registrable domains: under co.uk three labels, not two. */
Test(survey, providers_go_by_the_public_suffix_list)
{
    struct public_suffixes *suffixes = public_suffixes_load(NULL);
    cr_assert_not_null(suffixes);
    const struct survey_terms terms = {.port = 25, .suffixes = suffixes};
    struct fixture f;
    begin(&f, &terms);
    add(&f, TABLE_POLICIES,
        "{\"schema\":1,\"domain\":\"a.co.uk\",\"fetch\":\"fetched\",\"addresses\":[\"192.0.2.1\"],"
        "\"cnames\":[\"x.provider.co.uk\"]}",
        survey_add_policy);
    add(&f, TABLE_POLICIES,
        "{\"schema\":1,\"domain\":\"b.a.co.uk\",\"fetch\":\"fetched\",\"addresses\":[\"192.0.2.1\"]"
        ","
        "\"cnames\":[\"x.a.co.uk\"]}",
        survey_add_policy);
    cr_assert_not_null(groups_find(&f.survey.policy_provider, span_of("provider.co.uk")));
    cr_assert_eq(groups_find(&f.survey.fetch, span_of("fetched"))[MANAGER_OTHER], 1);
    cr_assert_eq(groups_find(&f.survey.fetch, span_of("fetched"))[MANAGER_SELF], 1);
    end(&f);
    public_suffixes_free(suffixes);
}

Test(survey, another_port_does_not_count)
{
    struct fixture f;
    begin(&f, &port_25);
    add_domain(&f, DOMAIN("1", "explicit", "1",
                          MX("h.test", ENDPOINT("192.0.2.1", "587", "TLSv1.2", LEAF)), ALL));
    cr_assert_null(groups_find(&f.survey.services, span_of("192.0.2.1|587")));
    cr_assert_null(groups_find(&f.survey.leaves, span_of(LEAF)));
    check_share(&f.survey, MAIL_EXPLICIT, MEASURE_TLS1_3_ALL, 0, 0, 1); /* nothing shows it */
    end(&f);
}

Test(survey, lines_without_results_are_in_no_share)
{
    struct fixture f;
    begin(&f, &port_25);
    add_domain(&f,
               "{\"schema\":1,\"input_line\":1,\"account\":\"invalid\",\"mx_kind\":\"not_asked\"}");
    add_domain(&f,
               "{\"schema\":1,\"input_line\":2,\"account\":\"no_mail\",\"mx_kind\":\"null_mx\"}");
    cr_assert_eq(f.survey.inputs, 2);
    cr_assert_eq(f.survey.mx_kind[MX_KIND_NULL_MX], 1);
    cr_assert_eq(f.survey.mx_kind[MX_KIND_NOT_ASKED], 0);
    cr_assert_eq(f.survey.whole[MAIL_EXPLICIT][MEASURES_TOTAL], 0);
    end(&f);
}

Test(survey, only_the_customer_that_was_asked_for)
{
    const struct survey_terms terms = {.port = 25, .customer_column = "firm", .customer = "B"};
    struct fixture f;
    begin(&f, &terms);
    add_domain(&f, DOMAIN("1", "explicit", "1", MX("h.test", ""), ALL));
    cr_assert_eq(f.survey.inputs, 0);
    cr_assert_eq(f.survey.left_out, 1);
    cr_assert_null(groups_find(&f.survey.hosts, span_of("h.test")));
    end(&f);
}

/* A host to which only a domain with an implicit MX leads is in no table of hosts. */
Test(survey, hosts_count_for_domains_with_mx_records)
{
    static const char host[] =
        "{\"schema\":1,\"host\":\"%s\",\"addresses\":[\"192.0.2.1\",\"2001:db8::1\"],\"dane\":"
        "\"none\",\"endpoints\":[" ENDPOINT("192.0.2.1", "25", "TLSv1.2", LEAF) "]}";
    struct fixture f;
    begin(&f, &port_25);
    add_domain(&f, DOMAIN("1", "explicit", "1", MX("h.test", ""), ALL));
    add_domain(&f, DOMAIN("2", "implicit", "2", MX("d2.test", ""), ALL));
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"h.test", "d2.test", "unwanted.test"};
        char line[2048];
        cr_assert_lt(snprintf(line, sizeof(line), host, names[i]), (int)sizeof(line));
        add(&f, TABLE_HOSTS, line, survey_add_host);
    }
    cr_assert_eq(f.survey.hosts_total, 1);
    cr_assert_eq(f.survey.hosts_both, 1);
    cr_assert_eq(f.survey.endpoint_property[PROPERTY_TLS1_2].numerator, 1);
    cr_assert_eq(f.survey.spread[SPREAD_VERSION].known[WEIGHTING_ENDPOINT], 1);
    cr_assert_eq(f.survey.crowd_hosts[0][0], 1);
    end(&f);
}

struct bin_case {
    uint64_t value;
    unsigned bin;
};

Test(survey, ranks_and_days_fall_into_their_bins)
{
    static const struct bin_case decades[] = {{1, 0},
                                              {1000, 0},
                                              {1001, 1},
                                              {10000, 1},
                                              {10001, 2},
                                              {1000000, 3},
                                              {UINT64_MAX, RANK_DECADES - 1}};
    static const struct bin_case steps[] = {{1, 0},  {2, 1},    {3, 2},
                                            {5, 2},  {6, 3},    {10, 3},
                                            {11, 4}, {1000, 9}, {UINT64_MAX, RANK_STEPS - 1}};
    for (size_t i = 0; i < sizeof(decades) / sizeof(decades[0]); i++) {
        cr_assert_eq(survey_rank_decade(decades[i].value), decades[i].bin, "decade %zu", i);
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        cr_assert_eq(survey_rank_step(steps[i].value), steps[i].bin, "step %zu", i);
    }
    cr_assert_str_eq(survey_days_title(survey_days_bin(-1)), "expired");
    cr_assert_str_eq(survey_days_title(survey_days_bin(0)), "under 7");
    cr_assert_str_eq(survey_days_title(survey_days_bin(7)), "7-13");
    cr_assert_str_eq(survey_days_title(survey_days_bin(100000)), "398+");
}

/* Every table of rules T1 to T17 is there, also of nothing, with its definition; what cannot be given says why. */
Test(survey, every_table_has_its_definition)
{
    struct fixture f;
    begin(&f, &port_25);
    survey_make_sheets(&f.survey, &f.sheets);
    static const char *const ids[] = {
        "T1",  "T2",  "T3",  "T4",  "T5",  "T6",      "T7",           "T8",          "T9", "T10",
        "T11", "T12", "T13", "T14", "T15", "T16-sni", "T16-families", "T16-senders", "T17"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        cr_assert_not_null(sheets_find(&f.sheets, ids[i]), "%s", ids[i]);
    }
    for (size_t i = 0; i < f.sheets.count; i++) {
        const struct sheet *t = &f.sheets.list[i];
        cr_assert(t->definition != NULL && strlen(t->definition) > 20, "%s", t->id);
        cr_assert(t->missing == NULL || sheet_rows(t) == 0, "%s", t->id);
        for (size_t k = 0; k < i; k++) {
            cr_assert_str_neq(f.sheets.list[k].id, t->id);
        }
    }
    cr_assert_not_null(sheets_find(&f.sheets, "T10")->missing);
    cr_assert_not_null(sheets_find(&f.sheets, "T4-accepted")->missing);
    end(&f);
}
