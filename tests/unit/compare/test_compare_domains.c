#include <criterion/criterion.h>

#include "tests/unit/compare/changes.h"

/* A domain as one scan has it; what is left out is that of a sound one with a policy. */
struct given {
    const char *account;
    const char *reason;
    enum mx_kind mx_kind;
    const char *mx; /* with ';' between */
    const char *mx_operator;
    enum dnssec_state dnssec;
    enum dns_state sts_dns;
    const char *sts_txt;
    const char *sts_id;
    const char *sts_mode;
    enum policy_fetch fetch;
    const char *policy;
    enum dns_state rpt_dns;
    const char *rpt_txt;
    enum delivery postfix; /* worst, of two senders */
    enum delivery gmail;
    const char *decided_by;
};

#define SOUND                                                                            \
    .account = "tested", .reason = "", .mx_kind = MX_KIND_EXPLICIT, .mx = "10 mx.test",  \
    .mx_operator = "op.test", .dnssec = DNSSEC_INSECURE, .sts_dns = DNS_DATA,            \
    .sts_txt = "v=STSv1, id=1", .sts_id = "1", .sts_mode = "testing",                    \
    .fetch = POLICY_FETCH_FETCHED, .policy = "aa", .rpt_dns = DNS_NODATA, .rpt_txt = "", \
    .postfix = DELIVERY_ENCRYPTED, .gmail = DELIVERY_ENCRYPTED,                          \
    .decided_by = "mx.test|192.0.2.1|25: opportunistic"
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#    pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

static const struct domain_case {
    const char *about;
    struct given was;
    struct given is;
    const char *changes;
} domain_cases[] = {
    {"nothing", {SOUND}, {SOUND}, ""},
    {"not tested any more",
     {SOUND},
     {SOUND, .account = "dns_failed", .reason = "servfail"},
     "domain_no_longer_tested domain d.test tested>servfail\n"},
    {"tested now",
     {SOUND, .account = "inconclusive", .reason = ""},
     {SOUND},
     "domain_newly_tested domain d.test inconclusive>tested\n"},
    {"in part is tested too", {SOUND}, {SOUND, .account = "partly_tested"}, ""},
    {"null MX, RFC 7505",
     {SOUND},
     {SOUND, .account = "no_mail", .mx_kind = MX_KIND_NULL_MX, .mx = "",
      .postfix = DELIVERY_UNDELIVERABLE},
     "mx_kind_changed domain d.test explicit>null_mx\n"},
    {"the domain is gone, RFC 2308 section 2.1",
     {SOUND},
     {SOUND, .account = "no_mail", .mx_kind = MX_KIND_NXDOMAIN, .mx = ""},
     "mx_kind_changed domain d.test explicit>nxdomain\n"},
    {"MX not answered: not gone", {SOUND}, {SOUND, .mx_kind = MX_KIND_UNKNOWN, .mx = ""}, ""},
    {"a backup",
     {SOUND},
     {SOUND, .mx = "10 mx.test;20 mx2.test"},
     "mx_added domain d.test >20 mx2.test\n"},
    {"more MX records than are recorded: others, perhaps",
     {SOUND, .mx = "10 mx.test;20 mx2.test;..."},
     {SOUND, .mx = "10 mx.test;20 mx3.test;..."},
     ""},
    {"none any more",
     {SOUND, .mx = "10 mx.test;20 mx2.test"},
     {SOUND},
     "mx_removed domain d.test 20 mx2.test>\n"},
    {"another preference, RFC 5321 section 5.1",
     {SOUND},
     {SOUND, .mx = "20 mx.test"},
     "mx_preference_changed domain d.test 10 mx.test>20 mx.test\n"},
    {"another operator",
     {SOUND},
     {SOUND, .mx = "10 mx.other", .mx_operator = "other"},
     "mx_removed domain d.test 10 mx.test>\nmx_added domain d.test >10 mx.other\noperator_moved "
     "domain d.test op.test>other\n"},
    {"the same hosts, which tell another operator: no move",
     {SOUND},
     {SOUND, .mx_operator = "other"},
     ""},
    {"signed",
     {SOUND},
     {SOUND, .dnssec = DNSSEC_SECURE},
     "dnssec_appeared domain d.test insecure>secure\n"},
    {"signed no more",
     {SOUND, .dnssec = DNSSEC_SECURE},
     {SOUND},
     "dnssec_lost domain d.test secure>insecure\n"},
    {"a policy, RFC 8461 section 3.1",
     {SOUND, .sts_dns = DNS_NXDOMAIN, .sts_txt = "", .sts_id = "", .sts_mode = "",
      .fetch = POLICY_FETCH_NOT_ASKED, .policy = ""},
     {SOUND},
     "sts_record_added domain d.test >v=STSv1, id=1\n"},
    {"none any more",
     {SOUND},
     {SOUND, .sts_dns = DNS_NODATA, .sts_txt = "", .sts_id = "", .sts_mode = "",
      .fetch = POLICY_FETCH_NOT_ASKED, .policy = ""},
     "sts_record_removed domain d.test v=STSv1, id=1>\n"},
    {"the record was not answered",
     {SOUND},
     {SOUND, .sts_dns = DNS_TIMEOUT, .sts_txt = "", .sts_id = "", .fetch = POLICY_FETCH_NOT_ASKED,
      .policy = ""},
     ""},
    {"text without id, RFC 8461 section 3.1",
     {SOUND},
     {SOUND, .policy = "bb"},
     "sts_policy_without_id domain d.test aa>bb\n"},
    {"id without text",
     {SOUND},
     {SOUND, .sts_txt = "v=STSv1, id=2", .sts_id = "2"},
     "sts_id_without_policy domain d.test 1>2\n"},
    {"both",
     {SOUND},
     {SOUND, .sts_txt = "v=STSv1, id=2", .sts_id = "2", .policy = "bb", .sts_mode = "enforce"},
     "sts_policy_changed domain d.test 1>2\nsts_mode_changed domain d.test testing>enforce\n"},
    {"an extension in the record",
     {SOUND},
     {SOUND, .sts_txt = "v=STSv1, id=1, x=y"},
     "sts_record_changed domain d.test v=STSv1, id=1>v=STSv1, id=1, x=y\n"},
    {"the policy host is down",
     {SOUND},
     {SOUND, .fetch = POLICY_FETCH_TCP_REFUSED, .policy = ""},
     "sts_policy_lost domain d.test fetched>tcp_refused\n"},
    {"and up again",
     {SOUND, .fetch = POLICY_FETCH_HTTP_STATUS, .policy = ""},
     {SOUND},
     "sts_policy_back domain d.test http_status>fetched\n"},
    {"our own fault", {SOUND}, {SOUND, .fetch = POLICY_FETCH_LOCAL_FAULT, .policy = ""}, ""},
    {"not fetched by option", {SOUND, .fetch = POLICY_FETCH_NOT_ASKED, .policy = ""}, {SOUND}, ""},
    {"TLS-RPT, RFC 8460 section 3",
     {SOUND},
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "r"},
     "tls_rpt_added domain d.test >r\n"},
    {"none any more",
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "r"},
     {SOUND},
     "tls_rpt_removed domain d.test r>\n"},
    {"the records in another order, RFC 1034 section 3.6",
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "r;s"},
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "s;r"},
     ""},
    {"one of two is another",
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "r;s"},
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "r;t"},
     "tls_rpt_changed domain d.test r, s>r, t\n"},
    {"another",
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "r"},
     {SOUND, .rpt_dns = DNS_DATA, .rpt_txt = "s"},
     "tls_rpt_changed domain d.test r>s\n"},
    {"mail in cleartext, decided by a server",
     {SOUND},
     {SOUND, .postfix = DELIVERY_PLAINTEXT, .gmail = DELIVERY_PLAINTEXT,
      .decided_by = "mx.test|192.0.2.1|25: no_starttls"},
     "outcome_worse service 192.0.2.1|25 encrypted>plaintext for postfix, gmail\n"},
    {"by a host",
     {SOUND},
     {SOUND, .gmail = DELIVERY_DEFERRED, .decided_by = "mx.test: dane_lookup"},
     "outcome_worse host mx.test encrypted>deferred for gmail\n"},
    {"by the domain",
     {SOUND},
     {SOUND, .postfix = DELIVERY_DEFERRED, .decided_by = "dns_failed"},
     "outcome_worse domain d.test encrypted>deferred for postfix\n"},
    {"mended: by what decided before",
     {SOUND, .postfix = DELIVERY_PLAINTEXT},
     {SOUND, .postfix = DELIVERY_AUTHENTICATED, .decided_by = "dane"},
     "outcome_better service 192.0.2.1|25 plaintext>authenticated for postfix\n"},
    {"not known now: neither", {SOUND}, {SOUND, .postfix = DELIVERY_UNKNOWN}, ""},
    {"not known before: neither",
     {SOUND, .postfix = DELIVERY_UNKNOWN},
     {SOUND, .postfix = DELIVERY_PLAINTEXT},
     ""},
};

struct made_domain {
    struct compared_domain domain;
    struct compared_outcome outcomes[2];
    struct span mx[8];
    struct span sts[8];
    struct span rpt[8];
};

static void make(const struct given *g, struct made_domain *m)
{
    m->outcomes[0] = (struct compared_outcome){SPAN_LIT("postfix"), g->postfix, g->postfix,
                                               span_of(g->decided_by)};
    m->outcomes[1] =
        (struct compared_outcome){SPAN_LIT("gmail"), g->gmail, g->gmail, span_of(g->decided_by)};
    m->domain = (struct compared_domain){.name = SPAN_LIT("d.test"),
                                         .account = span_of(g->account),
                                         .reason = span_of(g->reason),
                                         .mx_kind = g->mx_kind,
                                         .mx_dns = DNS_DATA,
                                         .mx = texts_of(g->mx, m->mx),
                                         .mx_operator = span_of(g->mx_operator),
                                         .dnssec = g->dnssec,
                                         .sts_dns = g->sts_dns,
                                         .sts_txt = texts_of(g->sts_txt, m->sts),
                                         .sts_id = span_of(g->sts_id),
                                         .sts_mode = span_of(g->sts_mode),
                                         .policy_host = SPAN_LIT("mta-sts.d.test"),
                                         .fetch = g->fetch,
                                         .policy = span_of(g->policy),
                                         .rpt_dns = g->rpt_dns,
                                         .rpt_txt = texts_of(g->rpt_txt, m->rpt),
                                         .outcomes = m->outcomes,
                                         .outcome_count = 2};
}

static void expect_domain_changes(const struct comparison_terms *t, const struct domain_case *c,
                                  bool same, const char *changes)
{
    struct made_domain was;
    struct made_domain is;
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    struct change_sink sink = changes_into(&got);
    make(&c->was, &was);
    make(&c->is, &is);
    was.domain.same = same;
    is.domain.same = same;
    const struct compared_side sides[] = {{&was.domain, NULL}, {&is.domain, NULL}};
    compare_domains(t, &sides[0], &sides[1], &sink);
    buf_put_char(&got, '\0');
    cr_expect_str_eq((const char *)got.at, changes, "%s: got %s", c->about, (const char *)got.at);
    buf_deinit(&got);
}

Test(compare_domains, each_difference_is_one_change)
{
    for (size_t i = 0; i < sizeof(domain_cases) / sizeof(domain_cases[0]); i++) {
        expect_domain_changes(&alike, &domain_cases[i], false, domain_cases[i].changes);
    }
}

Test(compare_domains, other_terms_change_no_outcome_of_what_was_seen_alike)
{
    const struct comparison_terms otherwise = {.dnssec_known = true, .probes_alike = true};
    for (size_t i = 0; i < sizeof(domain_cases) / sizeof(domain_cases[0]); i++) {
        const struct domain_case *c = &domain_cases[i];
        bool outcome = strncmp(c->changes, "outcome_", 8) == 0;
        expect_domain_changes(&otherwise, c, true, outcome ? "" : c->changes);
    }
}

Test(compare_domains, octets_hold_all_of_a_domain)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    for (size_t i = 0; i < sizeof(domain_cases) / sizeof(domain_cases[0]); i++) {
        struct made_domain made;
        struct compared_domain back;
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct buf got = BUF_INIT(BUF_NO_LIMIT);
        struct change_sink sink = changes_into(&got);
        size_t observed = 0;
        make(&domain_cases[i].is, &made);
        compared_domain_put(&octets, &made.domain, &observed);
        compared_domain_get(buf_span(&octets), &arena, &back);
        const struct compared_side sides[] = {{&made.domain, NULL}, {&back, NULL}};
        compare_domains(&alike, &sides[0], &sides[1], &sink);
        cr_expect_eq(got.len, 0, "%s: it is another one", domain_cases[i].about);
        cr_expect(observed > 0 && observed < octets.len);
        buf_deinit(&octets);
        buf_deinit(&got);
        arena_reset(&arena);
    }
    arena_pool_deinit(&pool);
}

/* Not compared at all. */
Test(compare_domains, our_own_faults_are_told_apart)
{
    static const struct {
        enum dns_state mx_dns;
        const char *reason;
        bool sound;
    } cases[] = {{DNS_DATA, "", true},
                 {DNS_SERVFAIL, "servfail", true},
                 {DNS_REFUSED, "refused", false},
                 {DNS_OTHER_RCODE, "", false},
                 {DNS_LOCAL_FAULT, "", false},
                 {DNS_DATA, "local_fault", false},
                 {DNS_DATA, "interrupted", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct compared_domain d = {.mx_dns = cases[i].mx_dns,
                                          .reason = span_of(cases[i].reason)};
        cr_expect_eq(compared_domain_is_sound(&d), cases[i].sound, "case %zu", i);
    }
}
