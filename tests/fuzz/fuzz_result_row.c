/* A row of a results directory, read back: whatever stands there, it is refused, or what was read can
 * be judged and written, and what is written is read as the same again. */

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

static const struct sender_profile profile = {
    .id = "any", .tls_min = 0x0301, .tls_max = 0x0304, .policy_order = PROFILE_ORDER_DANE_THEN_STS};
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
        report_endpoint(&b->sink, &e.seen, &b->endpoint, &b->findings);
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

/* The row that comes of a line, without LF; empty: it was refused. */
static struct buf rewritten(size_t kind, struct span line)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct bench b;
    struct row_reading r;
    struct facts row;
    row_reading_init(&r);
    row_sink_init(&b.sink, true, true, false);
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

/* The first octet chooses the table. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t kind = (uint8_t)(data[0] - '0') % KINDS;
    struct buf once = rewritten(kind, (struct span){data + 1, size - 1});
    if (once.len > 0) {
        struct buf twice = rewritten(kind, buf_span(&once));
        CHECK(span_eq(buf_span(&once), buf_span(&twice)));
        buf_deinit(&twice);
    }
    buf_deinit(&once);
    return 0;
}
