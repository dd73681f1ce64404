#include <criterion/criterion.h>

#include "scanner/analysis/policy_counts.h"
#include "scanner/base/hash.h"

static void init(void)
{
    hash_secret_init();
}

TestSuite(policy_counts, .init = init);

#define NAMES_MAX 2

/* IMC 2025 section 4.3.3 and DANE 2022 section 5.1: who runs it, by names. */
struct manager_row {
    const char *name;
    const char *registrable;
    const char *mx;
    const char *ns;
    const char *policy_cname; /* NULL: none */
    bool policy;              /* a policy host was asked */
    enum dane_manager dane;
    enum manager sts;
};

static const struct manager_row managers[] = {
    {"all its own", "example.org", "mx.example.org", "ns.example.org", NULL, true,
     DANE_MANAGER_SELF, MANAGER_SELF},
    {"a link inside the domain", "example.org", "example.org", "ns.example.org", "www.example.org",
     true, DANE_MANAGER_SELF, MANAGER_SELF},
    {"mail elsewhere", "example.org", "mx.example.net", "ns.example.org", NULL, false,
     DANE_MANAGER_MAIL_OUTSOURCED, MANAGER_UNKNOWN},
    {"DNS elsewhere", "example.org", "mx.example.org", "ns.example.net", "sts.example.net", true,
     DANE_MANAGER_DNS_OUTSOURCED, MANAGER_OTHER},
    {"another domain that ends alike", "example.org", "mx.notexample.org", "ns.example.org",
     "mta-sts.notexample.org", true, DANE_MANAGER_MAIL_OUTSOURCED, MANAGER_OTHER},
    {"name servers unknown", "example.org", "mx.example.org", NULL, NULL, false,
     DANE_MANAGER_UNKNOWN, MANAGER_UNKNOWN},
    {"a public suffix", "", "mx.example.org", "ns.example.org", NULL, true, DANE_MANAGER_UNKNOWN,
     MANAGER_UNKNOWN},
};

Test(policy_counts, managers)
{
    for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++) {
        const struct manager_row *row = &managers[i];
        struct span ns = span_of(row->ns);
        struct span cname = span_of(row->policy_cname);
        struct net_addr address = {.family = 4, .octets = {192, 0, 2, 1}};
        struct seen_mx mx = {.host = span_of(row->mx)};
        struct seen_policy policy = {.outcome = POLICY_FETCH_HTTP_STATUS,
                                     .cnames = &cname,
                                     .cname_count = row->policy_cname != NULL,
                                     .addresses = &address,
                                     .address_count = 1};
        struct seen_domain d = {.registrable = span_of(row->registrable),
                                .tld = SPAN_LIT("org"),
                                .mx_kind = MX_KIND_EXPLICIT,
                                .mx = &mx,
                                .mx_count = 1,
                                .ns = &ns,
                                .ns_count = row->ns != NULL,
                                .policy = row->policy ? &policy : NULL};
        struct domain_verdict *v = calloc(1, sizeof(*v));
        struct policy_counts *c = calloc(1, sizeof(*c));
        v->sts.state = STS_STATE_FETCH_FAILED;
        v->dane.state = DANE_DOMAIN_FULL;
        policy_counts_add_domain(c, &d, v);
        cr_expect_eq(c->dane_domain[DANE_DOMAIN_FULL][row->dane], 1, "%s: DANE", row->name);
        cr_expect_eq(c->sts_state[STS_STATE_FETCH_FAILED][row->sts], 1, "%s: MTA-STS", row->name);
        cr_expect_eq(c->fetch[POLICY_FETCH_HTTP_STATUS][row->sts], row->policy, "%s: fetch",
                     row->name);
        policy_counts_deinit(c);
        free(c);
        free(v);
    }
}

/* Domains without exchanges have no part in shares of those that have them. */
Test(policy_counts, who_can_have_it)
{
    static const struct {
        enum mx_kind kind;
        bool counts;
    } rows[] = {
        {MX_KIND_EXPLICIT, true}, {MX_KIND_IMPLICIT, true},  {MX_KIND_NULL_MX, false},
        {MX_KIND_NONE, false},    {MX_KIND_NXDOMAIN, false}, {MX_KIND_UNKNOWN, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen_domain d = {.tld = SPAN_LIT("org"), .mx_kind = rows[i].kind};
        struct domain_verdict *v = calloc(1, sizeof(*v));
        struct policy_counts *c = calloc(1, sizeof(*c));
        v->deliveries.count = 1;
        v->deliveries.of[0] = (struct sender_delivery){.best = DELIVERY_UNDELIVERABLE,
                                                       .worst = DELIVERY_UNDELIVERABLE,
                                                       .reason = DELIVERY_REASON_NO_MAIL};
        policy_counts_add_domain(c, &d, v);
        cr_expect_eq(c->with_mx, rows[i].counts, "%s", mx_kind_word(rows[i].kind));
        cr_expect_eq(c->tld_count, rows[i].counts, "%s", mx_kind_word(rows[i].kind));
        cr_expect_eq(c->profile[0].worst[DELIVERY_UNDELIVERABLE], 1, "mail is sent to all of them");
        policy_counts_deinit(c);
        free(c);
        free(v);
    }
}

static void add(struct policy_counts *c, const char *tld, bool sts, bool rpt)
{
    struct seen_domain d = {.tld = span_of(tld), .mx_kind = MX_KIND_EXPLICIT};
    struct domain_verdict *v = calloc(1, sizeof(*v));
    v->sts.records.lenient_count = sts;
    v->sts.state = sts ? STS_STATE_ENFORCE : STS_STATE_NONE;
    v->tls_rpt.valid = rpt;
    policy_counts_add_domain(c, &d, v);
    free(v);
}

static struct tld_counts find(const struct policy_counts *c, const char *tld)
{
    for (size_t i = 0; i < c->tld_count; i++) {
        if (strcmp(c->tld[i].tld, tld) == 0) {
            return c->tld[i];
        }
    }
    cr_assert(false, "%s is not counted", tld);
    return (struct tld_counts){0};
}

/* The sum of the parts is the whole, whoever met a top-level domain first. */
Test(policy_counts, merging)
{
    struct policy_counts *whole = calloc(1, sizeof(*whole));
    struct policy_counts *part = calloc(1, sizeof(*part));
    add(whole, "org", true, true);
    add(whole, "net", false, true);
    add(part, "se", true, false);
    add(part, "org", true, false);
    policy_counts_merge(whole, part);
    cr_expect_eq(whole->with_mx, 4);
    cr_expect_eq(whole->sts_records, 3);
    cr_expect_eq(whole->rpt_valid, 2);
    cr_expect_eq(whole->rpt_of_sts, 1);
    cr_expect_eq(whole->sts_state[STS_STATE_ENFORCE][MANAGER_UNKNOWN], 3);
    cr_assert_eq(whole->tld_count, 3);
    cr_expect_eq(find(whole, "org").with_mx, 2);
    cr_expect_eq(find(whole, "org").sts_in_use, 2);
    cr_expect_eq(find(whole, "org").tls_rpt, 1);
    cr_expect_eq(find(whole, "se").sts_record, 1);
    cr_expect_eq(find(whole, "net").sts_record, 0);
    policy_counts_deinit(whole);
    policy_counts_deinit(part);
    free(whole);
    free(part);
}
