#include <criterion/criterion.h>

#include "scanner/replay/read_rows.h"
#include "scanner/rows/plain_values.h"

/* A row of hosts, with one piece of it replaced. */
#define DNS_NONE "{\"state\":\"not_asked\"}"
static const char *const host_pieces[][2] = {
    {"schema", "1"},
    {"host", "\"mx.test\""},
    {"a_dns", DNS_NONE},
    {"aaaa_dns", DNS_NONE},
    {"cnames", "[]"},
    {"addresses", "[\"192.0.2.1\"]"},
    {"addresses_truncated", "0"},
    {"tlsa_dns", DNS_NONE},
    {"tlsa", "[]"},
    {"blocklisted", "false"},
    {"endpoints", "[]"},
    {"mx_operators", "[]"},
    {"findings", "[]"},
};
#define PIECES (sizeof(host_pieces) / sizeof(host_pieces[0]))

/* `value` NULL: the column is absent. A column that is not in the list is added. */
static void make_host(struct buf *line, const char *column, const char *value)
{
    bool found = false;
    buf_put_char(line, '{');
    for (size_t i = 0; i < PIECES; i++) {
        bool changed = strcmp(column, host_pieces[i][0]) == 0;
        found = found || changed;
        const char *put = changed ? value : host_pieces[i][1];
        if (put != NULL) {
            buf_putf(line, "%s\"%s\":%s", line->len > 1 ? "," : "", host_pieces[i][0], put);
        }
    }
    if (!found && value != NULL) {
        buf_putf(line, ",\"%s\":%s", column, value);
    }
    buf_put_char(line, '}');
}

static void fill_nothing(void *arg, struct span host, struct endpoint_brief *b)
{
    (void)arg;
    (void)host;
    (void)b;
}

static const struct bad_case {
    const char *column;
    const char *value;
    const char *why;
} bad_cases[] = {
    {"schema", "2", "the row has schema 2, but this version reads schema 1"},
    {"schema", "\"1\"", "the row does not have schema 1, which this version reads"},
    {"schema", NULL, "the row does not have schema 1, which this version reads"},
    {"colour", "1", "hosts has a column that this version does not know: \"colour\""},
    {"host_base64", "null", "hosts has a column that this version does not know: \"host_base64\""},
    {"host", NULL, "hosts.host is absent or null"},
    {"host", "null", "hosts.host is absent or null"},
    {"host", "7", "hosts.host is not a text"},
    {"blocklisted", "0", "hosts.blocklisted is neither true nor false"},
    {"addresses_truncated", "-1", "hosts.addresses_truncated is out of range"},
    {"addresses_truncated", "1.5", "hosts.addresses_truncated is not a whole number"},
    {"addresses_truncated", "99999999999999999999", "not a JSON object: too big integer"},
    {"addresses", "{}", "hosts.addresses is not a list"},
    {"addresses", "[\"192.0.2.1/8\"]", "hosts.addresses is not an address"},
    {"addresses", "[null]", "hosts.addresses is not an address"},
    {"cnames", "[1]", "hosts.cnames has an item that is not a text"},
    {"a_dns", "[]", "hosts.a_dns is not an object"},
    {"a_dns", "{}", "dns.state is absent or null"},
    {"a_dns", "{\"state\":\"maybe\"}", "dns.state has a word that this version does not know"},
    {"a_dns", "{\"state\":\"da\\u0000ta\"}", "dns.state has the character U+0000"},
    {"a_dns", "{\"state\":\"data\",\"rcode\":256}", "dns.rcode is out of range"},
    {"a_dns", "{\"state\":\"data\",\"cache\":1}",
     "dns has a column that this version does not know: \"cache\""},
    {"tlsa", "[{\"usage\":3,\"selector\":1,\"matching\":1,\"data\":\"0g\"}]",
     "tlsa.data is not hexadecimal"},
    {"tlsa", "[{\"usage\":3,\"selector\":1,\"matching\":1,\"data\":\"0FF\"}]",
     "tlsa.data is not hexadecimal"},
    {"tlsa", "[7]", "hosts.tlsa is not an object"},
};

Test(row_facts, what_does_not_fit_its_definition_is_told_in_one_line)
{
    const struct brief_judge judge = {.fill = fill_nothing};
    struct row_reading r;
    row_reading_init(&r);
    for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
        const struct bad_case *c = &bad_cases[i];
        struct buf line = BUF_INIT(BUF_NO_LIMIT);
        make_host(&line, c->column, c->value);
        struct facts row;
        struct seen_host host;
        if (row_reading_begin(&r, TABLE_HOSTS, buf_span(&line), &row)) {
            read_host(&row, &judge, &host);
        }
        struct span told = span_take(buf_span(&r.why), strlen(c->why));
        cr_expect(span_eq(told, span_of(c->why)), "%s %s: %.*s", c->column, c->value,
                  (int)r.why.len, (const char *)r.why.at);
        buf_deinit(&line);
    }
    row_reading_deinit(&r);
}

static const char *const no_rows[] = {"", "{", "[]", "7", "null", "\xff", "{\"schema\":1}}"};

Test(row_facts, a_line_that_is_no_row_is_refused)
{
    struct row_reading r;
    row_reading_init(&r);
    for (size_t i = 0; i < sizeof(no_rows) / sizeof(no_rows[0]); i++) {
        struct facts row;
        cr_expect_not(row_reading_begin(&r, TABLE_HOSTS, span_of(no_rows[i]), &row), "%s",
                      no_rows[i]);
        cr_expect(r.why.len > 0);
        cr_expect_not(facts_has(&row, HOSTS_HOST)); /* harmless all the same */
    }
    row_reading_deinit(&r);
}

Test(row_facts, a_column_that_may_be_null_may_be_absent)
{
    struct row_reading r;
    struct facts row;
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    row_reading_init(&r);
    make_host(&line, "rollup", NULL);
    cr_expect(row_reading_begin(&r, TABLE_HOSTS, buf_span(&line), &row), "%.*s", (int)r.why.len,
              (const char *)r.why.at);
    cr_expect_not(facts_has(&row, HOSTS_ROLLUP));
    row_reading_deinit(&r);
    buf_deinit(&line);
}

#define HEX_62 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"

static const struct sha256_case {
    const char *text; /* its octets, if any, begin with 0x01 and end with `last` */
    bool valid;
    uint8_t last;
} sha256_cases[] = {
    {HEX_62 "ef", true, 0xef}, {HEX_62 "00", true, 0},  {HEX_62 "e", false, 0},  {HEX_62, false, 0},
    {HEX_62 "ef00", false, 0}, {HEX_62 "EF", false, 0}, {HEX_62 "0g", false, 0}, {"", false, 0},
};

Test(plain_values, digests_as_small_files_hold_them)
{
    for (size_t i = 0; i < sizeof(sha256_cases) / sizeof(sha256_cases[0]); i++) {
        uint8_t out[32];
        bool valid = sha256_of_hex(span_of(sha256_cases[i].text), out);
        cr_expect_eq(valid, sha256_cases[i].valid, "%s", sha256_cases[i].text);
        if (valid && sha256_cases[i].valid) {
            cr_expect_eq(out[0], 0x01);
            cr_expect_eq(out[31], sha256_cases[i].last, "%s", sha256_cases[i].text);
        }
    }
}

/* RFC 4648 section 10, and what must not pass. */
static const struct base64_case {
    const char *text;
    const char *octets; /* NULL: refused */
} base64_cases[] = {
    {"", ""},        {"Zg==", "f"},        {"Zm8=", "fo"},
    {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"+/+/", "\xfb\xff\xbf"},
    {"Zg=", NULL},   {"Zg", NULL},         {"Zh==", NULL}, /* bits behind the end */
    {"Zm9=", NULL},  {"====", NULL},       {"Zg==Zg==", NULL},
    {"Z g=", NULL},  {"-_-_", NULL},
};

Test(plain_values, base64_as_rows_hold_it)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    for (size_t i = 0; i < sizeof(base64_cases) / sizeof(base64_cases[0]); i++) {
        struct span got = {0};
        bool valid = octets_of_base64(span_of(base64_cases[i].text), &arena, &got);
        cr_expect_eq(valid, base64_cases[i].octets != NULL, "%s", base64_cases[i].text);
        if (valid && base64_cases[i].octets != NULL) {
            cr_expect(span_eq(got, span_of(base64_cases[i].octets)), "%s", base64_cases[i].text);
        }
    }
    arena_reset(&arena);
    arena_pool_deinit(&pool);
}
