#include <jansson.h>

#include <criterion/criterion.h>

#include "scanner/observation/outcome.h"
#include "scanner/rows/lean_rows.h"
#include "scanner/rows/row_outcomes.h"

#define HEAD "{\"schema\":1,"
#define DNS  "{\"state\":\"data\",\"rcode\":0}"

static const char service[] =
    HEAD "\"service\":\"192.0.2.1|25\",\"address\":\"192.0.2.1\",\"port\":25,\"outcome\":"
         "\"established\",\"starttls\":\"offered\","
         "\"chain_id\":\"aa\",\"leaf_sha256\":\"bb\",\"chain_status\":\"trusted\",\"certificate_"
         "domain\":\"b.test\","
         "\"attempts\":[{\"started\":\"2026-01-01T00:00:00.000Z\",\"octets_in\":1,\"octets_out\":1}"
         "],\"attempt\":1,"
         "\"transcript\":{\"banner\":{\"code\":220,\"text\":\"220 "
         "hi\",\"ms\":1},\"ehlo\":{\"code\":250,\"text\":\"250 b\",\"ms\":1}},"
         "\"handshake\":{\"completed\":true,\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_128_GCM_"
         "SHA256\",\"ms\":1},"
         "\"ptr\":{\"dns\":" DNS ",\"names\":[{\"name\":\"mx.test\",\"forward\":\"data\"}]},"
         "\"names_total\":1,\"names_dialled\":1}";
static const char host[] = HEAD
    "\"host\":\"mx.test\",\"a_dns\":" DNS
    ",\"aaaa_dns\":{\"state\":\"nodata\"},\"addresses\":[\"192.0.2.1\",\"10.0.0.1\"],"
    "\"tlsa_dns\":{\"state\":\"nxdomain\"},\"dane\":\"none\",\"mx_registrable_domain\":\"mx.test\","
    "\"endpoints\":[{\"address\":\"10.0.0.1\",\"port\":25,\"outcome\":\"not_tested\",\"not_"
    "tested\":\"special_purpose\",\"starttls\":\"unknown\"}],"
    "\"rollup\":{\"reachable\":{\"value\":\"some\",\"n_total\":2},\"sni_needed\":{\"value\":"
    "\"none\"}}}";
static const char endpoint[] =
    HEAD "\"endpoint\":\"mx.test|192.0.2.1|25\",\"host\":\"mx.test\",\"service\":\"192.0.2.1|25\","
         "\"outcome\":\"established\",\"starttls\":\"offered\","
         "\"tls_version\":\"TLSv1.3\",\"chain_id\":\"aa\",\"leaf_sha256\":\"bb\",\"chain_status\":"
         "\"trusted\",\"name\":{\"match\":\"match\"},"
         "\"acceptable\":true,\"sni\":{\"class\":\"same\",\"acceptable\":\"both\"},\"basis\":"
         "\"observed\","
         "\"attempts\":[{\"started\":\"2026-01-01T00:00:00.000Z\",\"sni\":true,\"octets_in\":1,"
         "\"octets_out\":1}],\"attempt\":1,"
         "\"transcript\":{\"banner\":{\"ms\":7},\"ehlo\":{\"code\":250,\"text\":\"250 "
         "other\",\"ms\":8}},\"as_service\":true,"
         "\"handshake\":{\"sni\":true,\"ms\":9},\"dane\":{\"status\":\"none\"}}";
static const char set[] =
    HEAD "\"outcome_set\":\"0123456789abcdef\",\"groups\":[{\"profiles\":[\"a\",\"c\"],\"best\":"
         "\"encrypted\",\"worst\":\"deferred\","
         "\"decided_by\":\"no_starttls\",\"place\":0},{\"profiles\":[\"b\"],\"best\":\"unknown\","
         "\"worst\":\"unknown\",\"decided_by\":\"not_tested\"}]}";
static const char domain[] =
    HEAD "\"input_line\":1,\"domain\":\"b.test\",\"account\":\"tested\",\"mx_kind\":\"explicit\","
         "\"mx\":[{\"preference\":1,\"host\":\"mx.test\"}],"
         "\"rollup\":{\"reachable\":{\"value\":\"all\",\"n_total\":1}},\"outcome_set\":"
         "\"0123456789abcdef\",\"outcome_places\":[\"mx.test|192.0.2.1|25\"]}";

struct lean_bench {
    struct lean_rows *lean;
    struct row_reading reading;
    struct buf why;
};

static struct facts take(struct lean_bench *b, enum table_id t, const char *line)
{
    struct facts row;
    cr_assert(row_reading_begin(&b->reading, t, span_of(line), &row), "%.*s",
              (int)b->reading.why.len, (const char *)b->reading.why.at);
    cr_assert(lean_rows_is_lean(&row));
    cr_assert(lean_rows_complete(b->lean, &row, &b->why));
    cr_assert(lean_rows_keep(b->lean, &row, &b->why));
    return row;
}

static void begin_bench(struct lean_bench *b)
{
    *b = (struct lean_bench){.why = BUF_INIT(BUF_NO_LIMIT)};
    row_reading_init(&b->reading);
    b->lean = lean_rows_new(true, LEAN_MEMORY_OCTETS, &b->why);
    cr_assert_not_null(b->lean);
    (void)take(b, TABLE_OUTCOME_SETS, set);
    (void)take(b, TABLE_SERVICES, service);
    (void)take(b, TABLE_HOSTS, host);
    (void)take(b, TABLE_ENDPOINTS, endpoint);
}

static void end_bench(struct lean_bench *b)
{
    lean_rows_free(b->lean);
    row_reading_deinit(&b->reading);
    buf_deinit(&b->why);
}

#define expect_text(f, column, want) cr_expect_str_eq(facts_string_or((f), (column), ""), (want))

Test(lean_rows, an_endpoint_has_what_its_service_host_and_key_say)
{
    struct lean_bench b;
    begin_bench(&b);
    struct facts row = take(&b, TABLE_ENDPOINTS, endpoint);
    struct facts transcript = facts_member(&row, ENDPOINTS_TRANSCRIPT);
    struct facts banner = facts_member(&transcript, TRANSCRIPT_BANNER);
    struct facts ehlo = facts_member(&transcript, TRANSCRIPT_EHLO);
    struct facts handshake = facts_member(&row, ENDPOINTS_HANDSHAKE);
    struct facts sni = facts_member(&row, ENDPOINTS_SNI);
    struct facts name = facts_member(&row, ENDPOINTS_NAME);
    struct facts attempt;
    expect_text(&row, ENDPOINTS_ADDRESS, "192.0.2.1");
    cr_expect_eq(facts_u16(&row, ENDPOINTS_PORT), 25);
    expect_text(&row, ENDPOINTS_MX_REGISTRABLE_DOMAIN, "mx.test");
    expect_text(&row, ENDPOINTS_CERTIFICATE_DOMAIN, "b.test");
    expect_text(&row, ENDPOINTS_NO_SNI_LEAF_SHA256, "bb");
    expect_text(&banner, REPLY_FACTS_TEXT, "220 hi");
    cr_expect_eq(facts_u16(&banner, REPLY_FACTS_CODE), 220);
    cr_expect_eq(facts_natural(&banner, REPLY_FACTS_MS, 100), 7, "its own time");
    expect_text(&ehlo, REPLY_FACTS_TEXT, "250 other");
    expect_text(&handshake, HANDSHAKE_FACTS_CIPHER, "TLS_AES_128_GCM_SHA256");
    cr_expect_eq(facts_natural(&handshake, HANDSHAKE_FACTS_MS, 100), 9);
    cr_expect(facts_bool(&handshake, HANDSHAKE_FACTS_SNI));
    expect_text(&sni, SNI_FACTS_DEFAULT_CHAIN_STATUS, "trusted");
    expect_text(&sni, SNI_FACTS_DEFAULT_NAME_MATCH, "match");
    expect_text(&name, NAME_FACTS_MATCHED, "mx.test");
    facts_list_object(&row, ENDPOINTS_ATTEMPTS, 0, &attempt);
    expect_text(&attempt, ATTEMPT_OUTCOME, "established");
    end_bench(&b);
}

static void expect_briefs(const struct facts *f, unsigned column)
{
    struct facts brief;
    cr_assert_eq(facts_list_len(f, column), 2);
    facts_list_object(f, column, 0, &brief);
    expect_text(&brief, BRIEF_ADDRESS, "10.0.0.1");
    expect_text(&brief, BRIEF_NOT_TESTED, "special_purpose");
    facts_list_object(f, column, 1, &brief);
    expect_text(&brief, BRIEF_ADDRESS, "192.0.2.1");
    expect_text(&brief, BRIEF_NO_SNI_OUTCOME, "established");
    expect_text(&brief, BRIEF_NAME_MATCH, "match");
    expect_text(&brief, BRIEF_SNI, "same");
    expect_text(&brief, BRIEF_DANE, "none");
    cr_expect_eq(facts_truth(&brief, BRIEF_PTR_IS_HOST), TRUTH_YES);
    cr_expect(facts_bool(&brief, BRIEF_ACCEPTABLE));
}

Test(lean_rows, a_host_has_its_endpoints_those_without_a_row_too)
{
    struct lean_bench b;
    begin_bench(&b);
    struct facts row = take(&b, TABLE_HOSTS, host);
    struct facts rollup = facts_member(&row, HOSTS_ROLLUP);
    struct facts value = facts_member(&rollup, ROLLUP_FACTS_ACCEPTABLE);
    expect_briefs(&row, HOSTS_ENDPOINTS);
    expect_text(&value, ROLLUP_VALUE_VALUE, "some");
    value = facts_member(&rollup, ROLLUP_FACTS_SNI_NEEDED);
    expect_text(&value, ROLLUP_VALUE_VALUE, "none");
    end_bench(&b);
}

Test(lean_rows, a_domain_has_what_its_hosts_endpoints_and_set_say)
{
    struct lean_bench b;
    begin_bench(&b);
    struct facts row = take(&b, TABLE_DOMAINS, domain);
    struct facts mx;
    facts_list_object(&row, DOMAINS_MX, 0, &mx);
    expect_text(&row, DOMAINS_INPUT, "b.test");
    expect_text(&mx, MX_FACTS_EXCHANGE, "mx.test");
    expect_text(&mx, MX_FACTS_A, "data");
    expect_text(&mx, MX_FACTS_AAAA, "nodata");
    expect_text(&mx, MX_FACTS_DANE_HOST, "none");
    cr_expect_eq(facts_list_len(&mx, MX_FACTS_ENDPOINTS), 1,
                 "the other one is not told for the domain");
    struct row_outcomes outcomes = row_outcomes(&row);
    cr_assert_eq(outcomes.count, 3);
    cr_expect_str_eq(outcomes.of[0].decided_by, "mx.test|192.0.2.1|25: no_starttls");
    cr_expect_str_eq(outcomes.of[1].profile, "b");
    cr_expect_str_eq(outcomes.of[1].decided_by, "not_tested");
    cr_expect_str_eq(outcomes.of[2].decided_by, "mx.test|192.0.2.1|25: no_starttls");
    end_bench(&b);
}

Test(lean_rows, what_is_there_stays_and_what_is_nowhere_stays_away)
{
    static const char lone[] =
        HEAD "\"endpoint\":\"x.test|192.0.2.9|25\",\"host\":\"x.test\",\"service\":\"192.0.2.9|"
             "25\",\"outcome\":\"refused\",\"starttls\":\"unknown\"}";
    struct lean_bench b;
    begin_bench(&b);
    struct facts row = take(&b, TABLE_ENDPOINTS, lone);
    cr_expect_not(facts_has(&row, ENDPOINTS_NO_SNI_LEAF_SHA256));
    cr_expect_not(facts_has(&row, ENDPOINTS_TRANSCRIPT));
    row = take(&b, TABLE_DOMAINS,
               HEAD "\"input_line\":2,\"input\":\"B.test\",\"domain\":\"b.test\",\"account\":"
                    "\"tested\",\"mx_kind\":\"explicit\","
                    "\"endpoints_truncated\":true,\"mx\":[{\"preference\":1,\"exchange\":\"MX."
                    "test\",\"host\":\"mx.test\"}]}");
    struct facts mx;
    facts_list_object(&row, DOMAINS_MX, 0, &mx);
    expect_text(&row, DOMAINS_INPUT, "B.test");
    expect_text(&mx, MX_FACTS_EXCHANGE, "MX.test");
    cr_expect_eq(facts_list_len(&mx, MX_FACTS_ENDPOINTS), 0,
                 "not all of the host's are the domain's");
    end_bench(&b);
}

Test(lean_rows, outcomes_of_which_one_is_broken_are_those_before_it)
{
    static const char broken[] =
        HEAD "\"outcome_set\":\"ffffffffffffffff\",\"groups\":[{\"profiles\":[\"a\"],\"best\":"
             "\"encrypted\",\"worst\":\"odd\"},"
             "{\"profiles\":[\"b\",\"c\"],\"best\":\"encrypted\",\"worst\":\"encrypted\"}]}";
    struct lean_bench b;
    begin_bench(&b);
    (void)take(&b, TABLE_OUTCOME_SETS, broken);
    struct facts row = take(
        &b, TABLE_DOMAINS,
        HEAD
        "\"input_line\":3,\"domain\":\"b.test\",\"account\":\"tested\",\"mx_kind\":\"explicit\","
        "\"outcome_set\":\"ffffffffffffffff\"}");
    cr_expect_leq(row_outcomes(&row).count, 1);
    cr_expect_gt(b.reading.why.len, 0);
    end_bench(&b);
}

/* Null or not: normal rows may have nearly all of them. */
static json_t *row_with_every_key(const struct definition *d)
{
    json_t *row = json_object();
    for (size_t i = 0; i < d->column_count; i++) {
        (void)json_object_set_new(row, d->columns[i].name, json_null());
    }
    return row;
}

Test(lean_rows, a_row_with_nearly_every_key_is_lean_all_the_same)
{
    static const struct {
        enum table_id table;
        unsigned absent;
    } cases[] = {
        {TABLE_SERVICES, SERVICES_STATUS},    {TABLE_ENDPOINTS, ENDPOINTS_STATUS},
        {TABLE_HOSTS, HOSTS_MX_OPERATOR},     {TABLE_HOSTS, HOSTS_MX_OPERATORS},
        {TABLE_DOMAINS, DOMAINS_MX_OPERATOR}, {TABLE_DOMAINS, DOMAINS_MX_OPERATORS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct definition *d = table_definition(cases[i].table);
        struct facts row = {.definition = d, .object = row_with_every_key(d)};
        cr_expect(!lean_rows_is_lean(&row), "full: %s", d->name);
        (void)json_object_del(row.object, d->columns[cases[i].absent].name);
        cr_expect(lean_rows_is_lean(&row), "%s without %s", d->name,
                  d->columns[cases[i].absent].name);
        json_decref(row.object);
    }
}

/* A host that another shard saw, too: its row and its domain's say other things of the endpoint than the endpoint's row. */
#define STALE                                                                         \
    "{\"address\":\"192.0.2.1\",\"port\":25,\"mapped\":true,\"outcome\":\"refused\"," \
    "\"starttls\":\"unknown\"}"
#define GONE                                                                              \
    "{\"address\":\"198.51.100.9\",\"port\":25,\"outcome\":\"established\",\"starttls\":" \
    "\"offered\"}"
#define SPECIAL                                                                        \
    "{\"address\":\"10.0.0.1\",\"port\":25,\"outcome\":\"not_tested\",\"not_tested\":" \
    "\"special_purpose\",\"starttls\":\"unknown\"}"
#define SHARD_DOMAIN(rest)                                                                        \
    HEAD "\"input_line\":1,\"domain\":\"b.test\",\"account\":\"tested\",\"mx_kind\":"             \
         "\"explicit\"," rest                                                                     \
         "\"mx\":[{\"preference\":1,\"host\":\"mx.test\",\"a\":\"servfail\",\"endpoints\":[" GONE \
         "," STALE "]}]}"

static const char host_of_shards[] =
    HEAD "\"host\":\"mx.test\",\"a_dns\":" DNS
         ",\"aaaa_dns\":{\"state\":\"nodata\"},\"addresses\":[\"192.0.2.1\",\"10.0.0.1\"],"
         "\"tlsa_dns\":{\"state\":\"nxdomain\"},\"dane\":\"none\",\"endpoints\":[" STALE "," GONE
         "," SPECIAL "]}";

static struct facts first_mx(const struct facts *domain_row)
{
    struct facts mx;
    cr_assert_eq(facts_list_len(domain_row, DOMAINS_MX), 1);
    facts_list_object(domain_row, DOMAINS_MX, 0, &mx);
    return mx;
}

static void expect_mapped(const struct facts *f, unsigned column, size_t i)
{
    struct facts brief;
    facts_list_object(f, column, i, &brief);
    expect_text(&brief, BRIEF_OUTCOME, "established");
    cr_expect(facts_bool(&brief, BRIEF_MAPPED), "that is the host's to know");
}

Test(lean_rows, of_shards_what_was_kept_is_said_and_nothing_else)
{
    struct lean_bench b = {.why = BUF_INIT(BUF_NO_LIMIT)};
    row_reading_init(&b.reading);
    b.lean = lean_rows_new(true, LEAN_MEMORY_OCTETS, &b.why);
    lean_rows_of_shards(b.lean);
    (void)take(&b, TABLE_HOSTS, host_of_shards);
    (void)take(&b, TABLE_SERVICES, service);
    (void)take(&b, TABLE_ENDPOINTS, endpoint);
    struct facts row = take(&b, TABLE_HOSTS, host_of_shards);
    expect_briefs(&row, HOSTS_ENDPOINTS);
    expect_mapped(&row, HOSTS_ENDPOINTS, 1);

    row = take(&b, TABLE_DOMAINS, SHARD_DOMAIN(""));
    struct facts mx = first_mx(&row);
    expect_briefs(&mx, MX_FACTS_ENDPOINTS);
    expect_mapped(&mx, MX_FACTS_ENDPOINTS, 1);
    expect_text(&mx, MX_FACTS_A, "data");

    row = take(&b, TABLE_DOMAINS, SHARD_DOMAIN("\"endpoints_truncated\":true,"));
    mx = first_mx(&row);
    cr_expect_eq(facts_list_len(&mx, MX_FACTS_ENDPOINTS), 1, "of its own those that there are");
    expect_mapped(&mx, MX_FACTS_ENDPOINTS, 0);
    end_bench(&b);
}

Test(lean_rows, a_session_of_another_shard_says_nothing_of_the_endpoint)
{
    static const char apart[] =
        HEAD "\"endpoint\":\"mx.test|192.0.2.1|25\",\"host\":\"mx.test\",\"service\":"
             "\"192.0.2.1|25\",\"outcome\":\"established\",\"starttls\":\"offered\",\"default_"
             "apart\":true,"
             "\"no_sni_leaf_sha256\":\"cc\",\"attempts\":[],\"basis\":\"observed\"}";
    struct lean_bench b = {.why = BUF_INIT(BUF_NO_LIMIT)};
    struct facts brief;
    row_reading_init(&b.reading);
    b.lean = lean_rows_new(true, LEAN_MEMORY_OCTETS, &b.why);
    (void)take(&b, TABLE_SERVICES, service);
    (void)take(&b, TABLE_HOSTS, host);
    (void)take(&b, TABLE_ENDPOINTS, apart);
    struct facts row = take(&b, TABLE_HOSTS, host);
    facts_list_object(&row, HOSTS_ENDPOINTS, 1, &brief);
    expect_text(&brief, BRIEF_OUTCOME, "established");
    cr_expect(!facts_has(&brief, BRIEF_NO_SNI_OUTCOME));
    end_bench(&b);
}
