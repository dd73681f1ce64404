#include <stdlib.h>

#include <criterion/criterion.h>

#include "scanner/analysis/account.h"
#include "scanner/analysis/counts.h"
#include "scanner/observation/tls_names.h"
#include "tests/unit/analysis/made_up.h"

#define TLS12_END                                                                    \
    {                                                                                \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, \
        .tls_version = 0x0303                                                        \
    }
#define TLS13_END                                                                    \
    {                                                                                \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, \
        .tls_version = 0x0304                                                        \
    }
#define PLAIN_END                                                                                \
    {                                                                                            \
        .there = true, .outcome = OUTCOME_STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED \
    }
#define DEAD_END                                          \
    {                                                     \
        .there = true, .outcome = OUTCOME_CONNECT_TIMEOUT \
    }
#define BUSY_END                                            \
    {                                                       \
        .there = true, .outcome = OUTCOME_GREETING_TEMPFAIL \
    }
#define LEFT_END                                                                              \
    {                                                                                         \
        .there = true, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_ADDRESS_BUDGET \
    }
#define PORT_587                                                                     \
    {                                                                                \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, \
        .tls_version = 0x0304, .port = 587                                           \
    }

static const uint16_t ports[] = {25, 587};

struct weighting_case {
    const char *name;
    struct made_mx mx[4];
    enum rollup starttls;         /* of the domain at port 25 */
    enum rollup primary_starttls; /* of its lowest preference */
    bool counted;                 /* at port 25 at all */
    bool not_tested;
    bool inconclusive;
};

static const struct weighting_case weighting_cases[] = {
    {"all",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, TLS12_END, TLS13_END)},
     ROLLUP_ALL,
     ROLLUP_ALL,
     true,
     false,
     false},
    {"the second host is plain",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, TLS12_END),
      MADE_DIALLED(20, "b.test", DATA, NODATA, PLAIN_END)},
     ROLLUP_SOME,
     ROLLUP_ALL,
     true,
     false,
     false},
    {"a tie is one preference",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, TLS12_END),
      MADE_DIALLED(10, "b.test", DATA, NODATA, PLAIN_END)},
     ROLLUP_SOME,
     ROLLUP_SOME,
     true,
     false,
     false},
    {"the first host is gone: the next is the first",
     {MADE_HOST(10, "a.test", NXDOMAIN, NXDOMAIN),
      MADE_DIALLED(20, "b.test", DATA, NODATA, PLAIN_END)},
     ROLLUP_NONE,
     ROLLUP_NONE,
     true,
     false,
     false},
    {"the first host is unknown: so is everything",
     {MADE_HOST(10, "a.test", SERVFAIL, SERVFAIL),
      MADE_DIALLED(20, "b.test", DATA, NODATA, TLS12_END)},
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     true,
     false,
     false},
    {"one is busy",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, TLS12_END, BUSY_END)},
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     true,
     false,
     false},
    {"all are dead",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, DEAD_END)},
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     true,
     false,
     true},
    {"none was tried",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, LEFT_END)},
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     true,
     true,
     false},
    {"the second host is left alone on request",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, TLS12_END), MADE_BLOCKED(20, "b.test")},
     ROLLUP_UNKNOWN,
     ROLLUP_ALL,
     true,
     false,
     false},
    {"the only host is left alone on request",
     {MADE_BLOCKED(10, "a.test")},
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     true,
     true,
     false},
    {"submission is another port",
     {MADE_DIALLED(10, "a.test", DATA, NODATA, PORT_587)},
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     false,
     false,
     false},
};

static void count_domain(struct scan_counts *c, const struct made_mx *mx)
{
    struct made_domain d;
    made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
    const char *reason;
    enum account_class ending = account_class_of(&d.seen, &reason);
    counts_add_domain(c, &d.seen, NULL, ending, reason);
}

static void expect_rollup(const char *name, const struct rollup_weighting *w, enum rollup starttls,
                          const struct weighting_case *c)
{
    cr_expect_eq(w->total, c->counted, "%s: total", name);
    cr_expect_eq(w->not_tested, c->not_tested, "%s: not tested", name);
    cr_expect_eq(w->inconclusive, c->inconclusive, "%s: inconclusive", name);
    for (unsigned r = 0; r < ROLLUP_COUNT; r++) {
        uint64_t want = c->counted && r == (unsigned)starttls;
        cr_expect_eq(w->property[PROPERTY_STARTTLS][r], want, "%s: %s", name,
                     rollup_word((enum rollup)r));
    }
}

Test(counts, domains_are_rolled_up_whole_and_by_lowest_preference)
{
    struct scan_counts counts;
    for (size_t i = 0; i < sizeof(weighting_cases) / sizeof(weighting_cases[0]); i++) {
        const struct weighting_case *c = &weighting_cases[i];
        counts_init(&counts, ports, 2);
        count_domain(&counts, c->mx);
        expect_rollup(c->name, &counts.port[0].domain, c->starttls, c);
        const uint64_t *primary = counts.port[0].primary.property[PROPERTY_STARTTLS];
        cr_expect_eq(counts.port[0].primary.total, c->counted, "%s: primary", c->name);
        cr_expect_eq(primary[c->primary_starttls], c->counted, "%s: primary", c->name);
    }
}

static void count_host(struct scan_counts *c, enum dns_state aaaa, const struct made_endpoint *ends)
{
    struct endpoint_brief briefs[MADE_ENDPOINTS];
    const struct seen_host h = {
        .name = SPAN_LIT("mx.test"),
        .a = {.state = DNS_DATA, .ede = -1},
        .aaaa = {.state = (uint8_t)aaaa, .ede = -1},
        .endpoints = briefs,
        .endpoint_count = made_endpoints_fill(briefs, ends),
    };
    counts_add_host(c, &h, NULL);
}

static void count_service(struct scan_counts *c, uint16_t port, enum session_outcome outcome)
{
    const struct seen_session session = {
        .outcome = outcome,
        .smtp = {.starttls = outcome == OUTCOME_ESTABLISHED ? STARTTLS_OFFERED : STARTTLS_UNKNOWN},
        .tls_attempted = outcome == OUTCOME_ESTABLISHED,
        .tls = {.version = 0x0304},
    };
    const struct seen_service s = {.port = port,
                                   .result = outcome != OUTCOME_NOT_TESTED ? &session : NULL};
    counts_add_service(c, &s);
}

Test(counts, services_and_hosts_count_once_each)
{
    struct scan_counts c;
    counts_init(&c, ports, 2);
    count_service(&c, 25, OUTCOME_ESTABLISHED);
    count_service(&c, 25, OUTCOME_CONNECT_TIMEOUT);
    count_service(&c, 25, OUTCOME_NOT_TESTED);
    count_service(&c, 587, OUTCOME_ESTABLISHED);
    const struct service_weighting *s = &c.port[0].service;
    cr_expect_eq(s->total, 3);
    cr_expect_eq(s->not_tested, 1);
    cr_expect_eq(s->inconclusive, 1);
    cr_expect_eq(s->property[PROPERTY_STARTTLS].yes, 1);
    cr_expect_eq(s->property[PROPERTY_STARTTLS].no, 0);
    cr_expect_eq(s->property[PROPERTY_STARTTLS].unknown, 2);
    cr_expect_eq(s->property[PROPERTY_REACHABLE].no, 1);
    cr_expect_eq(s->property[PROPERTY_TLS1_3].yes, 1);
    cr_expect_eq(c.port[0].service_outcome[OUTCOME_CONNECT_TIMEOUT], 1);
    cr_expect_eq(c.port[1].service.total, 1);

    count_host(&c, DNS_NODATA, (const struct made_endpoint[MADE_ENDPOINTS]){TLS12_END, PORT_587});
    count_host(&c, DNS_TIMEOUT, (const struct made_endpoint[MADE_ENDPOINTS]){TLS12_END});
    cr_expect_eq(c.port[0].host.total, 2);
    cr_expect_eq(c.port[0].host.property[PROPERTY_ESTABLISHED][ROLLUP_ALL], 1);
    cr_expect_eq(c.port[0].host.property[PROPERTY_ESTABLISHED][ROLLUP_UNKNOWN], 1);
    cr_expect_eq(c.port[1].host.property[PROPERTY_ESTABLISHED][ROLLUP_ALL], 1);
}

static void count_some(struct scan_counts *c, unsigned from, unsigned to)
{
    static const enum session_outcome outcomes[] = {OUTCOME_ESTABLISHED, OUTCOME_REFUSED,
                                                    OUTCOME_NOT_TESTED};
    struct findings f;
    findings_init(&f);
    for (unsigned i = from; i < to; i++) {
        count_domain(c, weighting_cases[i].mx);
        count_service(c, ports[i % 2], outcomes[i % 3]);
        count_host(c, DNS_NODATA, weighting_cases[i].mx[0].endpoints);
        findings_reset(&f);
        buf_put_text(findings_add_max(&f, i % 2 ? FINDING_MX_MANY : FINDING_MX_NULL), "x");
        counts_add_findings(c, &f);
    }
    findings_deinit(&f);
}

static int by_word(const void *left, const void *right)
{
    const struct reason_count *a = left;
    const struct reason_count *b = right;
    return strcmp(a->reason, b->reason);
}

#define SAME(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0) /* of structs without padding */

static void expect_same(const struct scan_counts *a, const struct scan_counts *b, unsigned cut)
{
    cr_expect_eq(a->inputs, b->inputs, "cut %u", cut);
    cr_expect(SAME(a->account, b->account), "cut %u", cut);
    cr_expect(SAME(a->mx_kind, b->mx_kind), "cut %u", cut);
    cr_expect(SAME(a->finding, b->finding), "cut %u", cut);
    for (size_t i = 0; i < 2; i++) {
        const struct port_counts *left = &a->port[i];
        const struct port_counts *right = &b->port[i];
        cr_expect(SAME(left->service_outcome, right->service_outcome), "cut %u", cut);
        cr_expect(SAME(left->service, right->service), "cut %u", cut);
        cr_expect(SAME(left->host, right->host), "cut %u", cut);
        cr_expect(SAME(left->domain, right->domain), "cut %u", cut);
        cr_expect(SAME(left->primary, right->primary), "cut %u", cut);
    }
    cr_assert_eq(a->reason_count, b->reason_count, "cut %u", cut);
    for (size_t i = 0; i < a->reason_count; i++) {
        cr_expect_str_eq(a->reason[i].reason, b->reason[i].reason, "cut %u", cut);
        cr_expect_eq(a->reason[i].class, b->reason[i].class, "cut %u", cut);
        cr_expect_eq(a->reason[i].count, b->reason[i].count, "cut %u", cut);
    }
}

/* Whichever worker counted what: the sum is the same, but for the order of the reasons. */
Test(counts, a_merge_is_the_sum)
{
    unsigned all = sizeof(weighting_cases) / sizeof(weighting_cases[0]);
    struct scan_counts whole;
    struct scan_counts parts;
    struct scan_counts other;
    counts_init(&whole, ports, 2);
    count_some(&whole, 0, all);
    for (unsigned cut = 0; cut <= all; cut++) {
        counts_init(&parts, ports, 2);
        counts_init(&other, ports, 2);
        count_some(&other, 0, cut);
        count_some(&parts, cut, all);
        counts_merge(&parts, &other);
        struct scan_counts sorted = whole;
        qsort(parts.reason, parts.reason_count, sizeof(parts.reason[0]), by_word);
        qsort(sorted.reason, sorted.reason_count, sizeof(sorted.reason[0]), by_word);
        expect_same(&parts, &sorted, cut);
    }
    cr_expect_eq(counts_accounted(&whole), whole.inputs);
    cr_expect_eq(whole.inputs, all);
}

static void count_suites(struct cipher_counts *c, const uint16_t *suites, size_t count)
{
    struct accepted_suites lists[TLS_VERSION_COUNT] = {{.end = CIPHERS_COMPLETE}};
    for (size_t i = 0; i < count; i++) {
        lists[3 - i % 4].suite[lists[3 - i % 4].count++] = suites[i];
    }
    cipher_counts_add(c, &(struct seen_service){.ciphers = {.version = lists}});
}

/* In whichever order they come, and on whichever side of a merge. */
Test(counts, suites_are_in_order_and_each_service_counts_once)
{
    static const uint16_t one[] = {0xc02f, 0x000a, 0x1301, 0xc02f, 0xc02f};
    static const uint16_t two[] = {0x002f, 0x000a, 0xcca8};
    static const uint16_t suites[] = {0x000a, 0x002f, 0x1301, 0xc02f, 0xcca8};
    static const uint64_t services[] = {2, 1, 1, 1, 1};
    for (unsigned way = 0; way < 3; way++) {
        struct cipher_counts a = {0};
        struct cipher_counts b = {0};
        count_suites(&a, way == 1 ? two : one, way == 1 ? 3 : 5);
        count_suites(way == 2 ? &a : &b, way == 1 ? one : two, way == 1 ? 5 : 3);
        cipher_counts_add(&b, &(struct seen_service){.port = 25}); /* not asked */
        cipher_counts_merge(&a, &b);
        cr_expect_eq(a.tested, 2);
        cr_expect_eq(a.complete, 0, "versions are not known");
        cr_assert_eq(a.suite_count, 5);
        for (size_t i = 0; i < a.suite_count; i++) {
            cr_expect_eq(a.suite[i].suite, suites[i], "%04x", a.suite[i].suite);
            cr_expect_eq(a.suite[i].services, services[i], "%04x", suites[i]);
        }
    }
}

/* Rows that are read back may have any suite that has a name. */
Test(counts, there_is_room_for_every_suite)
{
    struct cipher_counts c = {0};
    for (unsigned n = UINT16_MAX; n > 0; n--) {
        uint16_t suite = (uint16_t)n;
        if (tls_cipher_name(suite) != NULL) {
            count_suites(&c, &suite, 1);
        }
    }
    cr_expect_eq(c.tested, c.suite_count);
    cr_expect_gt(c.suite_count, 150U);
}

Test(counts, every_class_is_accounted_with_its_reason)
{
    static const struct made_mx no_mx[MADE_MX_MAX];
    struct scan_counts c;
    counts_init(&c, ports, 2);
    struct made_domain d;
    made_domain_fill(&d, MX_KIND_NULL_MX, DNS_DATA, no_mx);
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        counts_add_domain(&c, &d.seen, NULL, (enum account_class)i, i % 2 ? "why" : "");
    }
    counts_add_domain(&c, &d.seen, NULL, ACCOUNT_PARTLY_TESTED, "why");
    cr_expect_eq(c.inputs, ACCOUNT_CLASS_COUNT + 1);
    cr_expect_eq(counts_accounted(&c), c.inputs);
    cr_expect_eq(c.account[ACCOUNT_PARTLY_TESTED], 2);
    cr_expect_eq(c.reason_count, ACCOUNT_CLASS_COUNT / 2);
    cr_expect_eq(c.reason[0].class, ACCOUNT_PARTLY_TESTED);
    cr_expect_eq(c.reason[0].count, 2);
    /* Blocked, invalid and repeated lines were not asked about. */
    cr_expect_eq(c.mx_kind[MX_KIND_NULL_MX], ACCOUNT_CLASS_COUNT + 1 - 3);
}

Test(counts, tells_how_many_ended_for_a_reason)
{
    static const uint16_t port = 25;
    static struct scan_counts c;
    counts_init(&c, &port, 1);
    static const struct seen_domain d = {.domain = {(const uint8_t *)"a.test", 6}};
    const char *reason = not_tested_word(NOT_TESTED_LOCAL_FAULT);
    counts_add_domain(&c, &d, NULL, ACCOUNT_NOT_TESTED, reason);
    counts_add_domain(&c, &d, NULL, ACCOUNT_NOT_TESTED, reason);
    counts_add_domain(&c, &d, NULL, ACCOUNT_NOT_TESTED, "family_disabled");
    cr_expect_eq(counts_of_reason(&c, ACCOUNT_NOT_TESTED, "local_fault"), 2);
    cr_expect_eq(counts_of_reason(&c, ACCOUNT_NOT_TESTED, "family_disabled"), 1);
    cr_expect_eq(counts_of_reason(&c, ACCOUNT_NOT_TESTED, "blocklist"), 0);
    cr_expect_eq(counts_of_reason(&c, ACCOUNT_INCONCLUSIVE, "local_fault"), 0);
    counts_deinit(&c);
}
