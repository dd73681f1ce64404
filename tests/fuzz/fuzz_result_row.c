/* A row of a results directory, read back: whatever stands there, it is refused, or what was read can
 * be judged and written, with every detail, and what is written is read as the same again. */

#include <jansson.h>

#include <xxhash.h>

#include "scanner/analysis/account.h"
#include "scanner/analysis/findings.h"
#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/replay/read_rows.h"
#include "scanner/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
    struct row_sink sink;
    struct findings findings;
    struct service_verdict service;
    struct endpoint_verdict endpoint;
    struct domain_verdict *domain;
};

static void fill_brief(void *arg, struct span host, struct endpoint_brief *brief)
{
    (void)arg;
    brief->chain = (struct chain_brief){.status = CHAIN_TRUSTED, .trusted_by = 1};
    brief->name_match = (uint8_t)(host.len % NAME_MATCH_COUNT);
}

static void fill_mx(void *arg, struct seen_mx *mx)
{
    (void)arg;
    mx->dane_host = (uint8_t)(mx->host.len % DANE_HOST_COUNT);
    mx->tlsa_at = (uint8_t)(mx->host.len % TLSA_PLACE_COUNT);
}

static const struct brief_judge judge = {.fill = fill_brief, .fill_mx = fill_mx};

static const struct tls_stack stack = {.id = "any", .library = STACK_LIBRARY_OPENSSL};
static const struct sender_profile profile = {.id = "any",
                                              .tls_min = 0x0301,
                                              .tls_max = 0x0304,
                                              .policy_order = PROFILE_ORDER_DANE_THEN_STS,
                                              .stack = &stack};
static const struct sender_profiles profiles = {&profile, 1};
static const struct judging_terms terms = {.trust_ad = true, .profiles = &profiles};

static void on_service(struct bench *b, const struct facts *row)
{
    struct read_service s;
    read_service(row, &s);
    if (row->reading->why.len == 0) {
        service_verdict_fill(&b->service, &s.seen);
        findings_of_service(&s.seen, &b->service, &b->findings);
        report_service(&b->sink, &s.seen, &b->service, &b->findings);
    }
}

static void on_endpoint(struct bench *b, const struct facts *row)
{
    struct read_endpoint e;
    read_endpoint(row, &e);
    if (row->reading->why.len == 0) {
        endpoint_verdict_fill(&b->endpoint, &e.seen, 0);
        findings_of_endpoint(&e.seen, &b->endpoint, &b->findings);
        report_endpoint(&b->sink, &e.seen, &b->endpoint, NULL, &b->findings);
    }
}

static void on_host(struct bench *b, const struct facts *row)
{
    struct seen_host h;
    read_host(row, &judge, &h);
    if (row->reading->why.len == 0) {
        struct dane_host_verdict v;
        dane_judge_host(&h, terms.trust_ad, &v);
        findings_of_host(&h, &v, &b->findings);
        report_host(&b->sink, &h, &v, NULL, &b->findings);
    }
}

static void on_domain(struct bench *b, const struct facts *row)
{
    struct seen_domain d;
    read_domain(row, &judge, &d);
    if (row->reading->why.len == 0) {
        const char *reason = NULL;
        enum account_class ending = account_class_of(&d, &reason);
        domain_verdict_fill(b->domain, &d, &terms);
        findings_of_domain(&d, b->domain, &b->findings);
        report_domain(&b->sink, &d, b->domain, &profiles, ending, reason, NULL, &b->findings);
    }
}

/* The body has a row of its own; any will do, as long as it is the same each time. */
static void on_policy(struct bench *b, const struct facts *row)
{
    static const char text[] = "version: STSv1\nmode: enforce\nmx: *.a.test\nmax_age: 604800\n";
    struct read_policy p;
    read_policy(row, &p);
    if (row->reading->why.len == 0) {
        const struct seen_domain d = {.domain = p.domain, .policy = &p.seen};
        p.seen.body = (struct span){(const uint8_t *)text, p.body_octets % sizeof(text)};
        sts_verdict_fill(&b->domain->sts, &d);
        findings_of_policy(&p.seen, &b->domain->sts, &b->findings);
        report_policy(&b->sink, p.domain, &p.seen, &b->domain->sts, &b->findings);
    }
}

static void on_policy_body(struct bench *b, const struct facts *row)
{
    uint8_t sha256[32];
    struct span body = read_policy_body(row, sha256);
    if (row->reading->why.len == 0) {
        report_policy_body(&b->sink, sha256, body);
    }
}

static void on_issuer(struct bench *b, const struct facts *row)
{
    struct seen_issuer seen;
    read_issuer(row, &seen);
    if (row->reading->why.len == 0) {
        report_issuer(&b->sink, &seen);
    }
}

static const struct {
    enum table_id table;
    void (*on_row)(struct bench *b, const struct facts *row);
} kinds[] = {
    {TABLE_SERVICES, on_service}, {TABLE_ENDPOINTS, on_endpoint},
    {TABLE_HOSTS, on_host},       {TABLE_DOMAINS, on_domain},
    {TABLE_POLICIES, on_policy},  {TABLE_POLICY_BODIES, on_policy_body},
    {TABLE_ISSUERS, on_issuer},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The row that comes of a line, without LF; empty: it was refused. @param shape NULL: full */
static struct buf rewritten(size_t kind, struct span line, const struct row_shape *shape)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct bench b;
    struct row_reading r;
    struct facts row;
    row_reading_init(&r);
    row_sink_init(&b.sink, true, true, false);
    row_set_shape(b.sink.row, shape);
    findings_init(&b.findings);
    service_verdict_init(&b.service);
    endpoint_verdict_init(&b.endpoint);
    b.domain = memory_new(1, sizeof(*b.domain));
    domain_verdict_init(b.domain);
    if (row_reading_begin(&r, kinds[kind].table, line, &row)) {
        kinds[kind].on_row(&b, &row);
    }
    struct span made = buf_span(&b.sink.table[kinds[kind].table].ndjson);
    CHECK(made.len > 0 || r.why.len > 0);
    buf_put(&out, span_take(made, made.len > 0 ? made.len - 1 : 0));
    row_reading_deinit(&r);
    row_sink_deinit(&b.sink);
    findings_deinit(&b.findings);
    service_verdict_deinit(&b.service);
    endpoint_verdict_deinit(&b.endpoint);
    domain_verdict_deinit(b.domain);
    free(b.domain);
    return out;
}

static bool is_null_inside(const json_t *value)
{
    const char *key;
    json_t *inner;
    bool null = json_is_null(value);
    json_object_foreach((json_t *)(uintptr_t)value, key, inner)
    {
        null = null || (strcmp(key, "metadata") != 0 && is_null_inside(inner));
    }
    return null;
}

/* JSON without what the shape leaves out: columns, and keys without a value. */
static void check_lean(enum table_id t, struct span row, const struct row_shape *shape)
{
    const struct definition *d = table_definition(t);
    json_t *json = json_loadb((const char *)row.at, row.len, 0, NULL);
    CHECK(json_is_object(json) && !is_null_inside(json));
    for (size_t i = 0; i < d->column_count; i++) {
        bool there = json_object_get(json, d->columns[i].name) != NULL;
        CHECK(!there || !shape->no_column[t][i]);
        CHECK(there || !column_is_in_every_row(d, i));
    }
    json_decref(json);
}

/* What normal rows of the others lack stands in other rows: fuzz_lean_rows. */
static bool stands_alone(enum table_id t)
{
    return t != TABLE_ENDPOINTS && t != TABLE_HOSTS && t != TABLE_DOMAINS;
}

/* Normal rows have all that full ones are made of; any that are without some columns are rows. */
static void check_details(size_t kind, struct span line, struct span full, uint64_t left_out)
{
    struct row_shape shape;
    enum table_id t = kinds[kind].table;
    row_shape_init(&shape, ROW_DETAIL_NORMAL);
    struct buf normal = rewritten(kind, line, &shape);
    check_lean(t, buf_span(&normal), &shape);
    struct buf again = rewritten(kind, buf_span(&normal), NULL);
    CHECK(again.len > 0 && (!stands_alone(t) || span_eq(buf_span(&again), full)));
    row_shape_init(&shape, left_out % 2 == 0 ? ROW_DETAIL_SUMMARY : ROW_DETAIL_NORMAL);
    for (size_t i = 0; i < table_definition(t)->column_count; i++) {
        bool fixed = column_is_in_every_row(table_definition(t), i);
        shape.no_column[t][i] = shape.no_column[t][i] || (!fixed && (left_out >> i % 64 & 1) != 0);
    }
    struct buf less = rewritten(kind, line, &shape);
    check_lean(t, buf_span(&less), &shape);
    buf_deinit(&normal);
    buf_deinit(&again);
    buf_deinit(&less);
}

/* The first octet chooses the table. The row itself chooses the columns that are left out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t kind = (uint8_t)(data[0] - '0') % KINDS;
    struct span line = {data + 1, size - 1};
    struct buf once = rewritten(kind, line, NULL);
    if (once.len > 0) {
        struct buf twice = rewritten(kind, buf_span(&once), NULL);
        CHECK(span_eq(buf_span(&once), buf_span(&twice)));
        buf_deinit(&twice);
        check_details(kind, line, buf_span(&once), XXH3_64bits(line.at, line.len));
    }
    buf_deinit(&once);
    return 0;
}
