#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/record/operator_totals.h"

/* An address where STARTTLS is offered and a handshake of TLS 1.3 completed, with a chain that is not trusted. */
static struct endpoint_brief brief_of(const char *name)
{
    return (struct endpoint_brief){.address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                   .port = 25,
                                   .outcome = OUTCOME_ESTABLISHED,
                                   .starttls = STARTTLS_OFFERED,
                                   .tls_version = 0x0304,
                                   .leaf_sha256 = {1},
                                   .chain = {.status = CHAIN_SELF_SIGNED},
                                   .mx_operator = span_of(name),
                                   .operator_source = OPERATOR_BANNER};
}

static void add_host(struct operator_totals *t, const char *name)
{
    struct endpoint_brief briefs[2] = {brief_of(name),
                                       {.port = 25}}; /* the second was not tested, nor is known */
    const struct seen_host h = {.endpoints = briefs, .endpoint_count = 2};
    const struct operator_set set = {.name = {span_of(name)}, .count = 1};
    operator_totals_add_host(t, &h, &set);
}

static void add_domain(struct operator_totals *t, const char *name, const char *other,
                       enum sts_state state)
{
    static struct domain_verdict v;
    struct endpoint_brief brief = brief_of(name);
    const struct seen_mx mx = {.endpoints = &brief, .endpoint_count = 1};
    const struct seen_domain d = {
        .mx_kind = MX_KIND_EXPLICIT, .mx = &mx, .mx_count = 1, .mx_total = 1};
    v.sts.state = state;
    v.operators = (struct operator_set){.name = {span_of(name), span_of(other)},
                                        .count = other != NULL  ? 2
                                                 : name != NULL ? 1
                                                                : 0};
    operator_totals_add_domain(t, &d, &v);
}

static void check_tally(struct tally t, uint64_t yes, uint64_t no, uint64_t unknown,
                        const char *what)
{
    cr_expect(t.yes == yes && t.no == no && t.unknown == unknown,
              "%s: %ju yes, %ju no, %ju unknown", what, (uintmax_t)t.yes, (uintmax_t)t.no,
              (uintmax_t)t.unknown);
}

static struct tally tally_of(const struct tally *tallies, enum property p)
{
    size_t i = 0;
    while (operator_properties[i] != p) {
        i++;
    }
    return tallies[i];
}

Test(operator_totals, counts_domains_hosts_and_endpoints)
{
    struct operator_totals *t = operator_totals_new(OPERATORS_IN_MEMORY);
    struct operator_summary s;
    add_host(t, "a.example");
    struct endpoint_brief inferred = brief_of("a.example");
    inferred.basis = BASIS_INFERRED;
    const struct seen_host by_group = {.endpoints = &inferred, .endpoint_count = 1};
    const struct operator_set two = {.name = {SPAN_LIT("a.example"), SPAN_LIT("b.example")},
                                     .count = 2};
    operator_totals_add_host(t, &by_group, &two);
    add_domain(t, "a.example", NULL, STS_STATE_ENFORCE);
    add_domain(t, "a.example", NULL, STS_STATE_NONE);
    add_domain(t, "a.example", NULL, STS_STATE_UNKNOWN);
    add_domain(t, "a.example", "b.example", STS_STATE_NONE);
    add_domain(t, NULL, NULL, STS_STATE_NONE);
    const struct seen_service service = {.banner_domain = SPAN_LIT("a.example")};
    operator_totals_add_service(t, &service, NULL);
    const struct seen_service silent = {.port = 25};
    operator_totals_add_service(t, &silent, NULL);
    const struct seen_domain duplicate = {.mx_kind = MX_KIND_EXPLICIT, .duplicate_of = 1};
    operator_totals_add_domain(t, &duplicate, NULL);
    const struct seen_domain null_mx = {.mx_kind = MX_KIND_NULL_MX, .mx_count = 1};
    operator_totals_add_domain(t, &null_mx, NULL);

    operator_totals_sum(&t, 1, &s);
    cr_assert_eq(s.count, 1);
    cr_expect_eq(s.distinct, 1);
    cr_expect(s.whole);
    const struct operator_counts *c = &s.lines[0].counts;
    cr_expect_str_eq(s.lines[0].name, "a.example");
    cr_expect_eq(c->domains, 3);
    cr_expect_eq(c->hosts, 1);
    cr_expect_eq(c->services, 1);
    cr_expect_eq(c->endpoints, 2);
    cr_expect_eq(c->endpoints_inferred, 1);
    cr_expect_eq(s.several.hosts, 1);
    check_tally(c->mta_sts, 1, 1, 1, "MTA-STS");
    check_tally(tally_of(c->domain, PROPERTY_STARTTLS), 3, 0, 0, "domains with STARTTLS");
    check_tally(tally_of(c->domain, PROPERTY_ACCEPTABLE), 0, 3, 0, "domains that are acceptable");
    check_tally(tally_of(c->endpoint, PROPERTY_TLS1_3), 2, 0, 0, "endpoints with TLS 1.3");
    check_tally(tally_of(c->endpoint, PROPERTY_TLS1_2), 0, 2, 0, "endpoints with TLS 1.2");
    cr_expect_eq(s.several.domains, 1);
    cr_expect_eq(s.unknown.domains, 1);
    cr_expect_eq(s.unknown.services, 1);
    cr_expect_eq(s.unknown.endpoints, 1);
    check_tally(tally_of(s.unknown.endpoint, PROPERTY_STARTTLS), 0, 0, 1,
                "an endpoint that was not tested");
    operator_summary_deinit(&s);
    operator_totals_free(t);
}

#define NAMES 3000 /* more than OPERATOR_LINES_MAX */

/* Operator n has n / 300 + 1 domains and a host, in an order that is none. */
static void add_many(struct operator_totals *const *parts, size_t part_count)
{
    char name[32];
    for (size_t i = 0; i < NAMES; i++) {
        size_t n = i * 1009 % NAMES;
        (void)snprintf(name, sizeof(name), "n%04zu.example", n);
        for (size_t k = 0; k < n / 300 + 1; k++) {
            add_domain(parts[(i + k) % part_count], name, NULL, STS_STATE_NONE);
        }
        add_host(parts[i % part_count], name);
    }
}

static void sum_many(size_t part_count, size_t in_memory, struct operator_summary *s)
{
    struct operator_totals *parts[4];
    for (size_t i = 0; i < part_count; i++) {
        parts[i] = operator_totals_new(in_memory);
    }
    add_many(parts, part_count);
    operator_totals_sum(parts, part_count, s);
    for (size_t i = 0; i < part_count; i++) {
        operator_totals_free(parts[i]);
    }
}

Test(operator_totals, are_the_same_in_memory_and_in_files_in_one_part_and_in_several)
{
    static const struct {
        size_t parts;
        size_t in_memory;
    } ways[] = {{1, 1}, {1, 7}, {1, 2999}, {3, 100}, {4, NAMES}};
    struct operator_summary want;
    sum_many(1, NAMES, &want);
    cr_assert_eq(want.count, OPERATOR_LINES_MAX);
    cr_expect_eq(want.distinct, NAMES);
    cr_expect_str_eq(want.lines[0].name, "n2700.example", "the most domains, the first by name");
    cr_expect_eq(want.lines[0].counts.domains, 10);
    cr_expect_eq(want.other.hosts, NAMES - OPERATOR_LINES_MAX);
    uint64_t hosts = want.other.hosts;
    for (size_t i = 0; i < want.count; i++) {
        hosts += want.lines[i].counts.hosts;
    }
    cr_expect_eq(hosts, NAMES, "nobody is lost");
    for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
        struct operator_summary got;
        sum_many(ways[w].parts, ways[w].in_memory, &got);
        cr_expect(got.whole);
        cr_expect_eq(got.count, want.count);
        cr_expect_eq(got.distinct, want.distinct, "%zu", w);
        cr_expect_arr_eq(got.lines, want.lines, want.count * sizeof(want.lines[0]), "%zu", w);
        cr_expect_arr_eq(&got.other, &want.other, sizeof(want.other), "%zu", w);
        operator_summary_deinit(&got);
    }
    operator_summary_deinit(&want);
}

/* A name that ends a window of the file, and the longest one. */
Test(operator_totals, names_of_every_length_come_back)
{
    struct operator_totals *t = operator_totals_new(5);
    struct operator_summary s;
    char name[256];
    for (size_t len = 1; len <= 255; len++) {
        memset(name, 'x', len);
        name[len] = '\0';
        add_domain(t, name, NULL, STS_STATE_NONE);
    }
    operator_totals_sum(&t, 1, &s);
    cr_assert_eq(s.count, 255);
    for (size_t i = 0; i < s.count; i++) {
        cr_expect_eq(strlen(s.lines[i].name), i + 1);
        cr_expect_eq(s.lines[i].counts.domains, 1);
    }
    operator_summary_deinit(&s);
    operator_totals_free(t);
}
