#include <criterion/criterion.h>

#include "tests/unit/analysis/expected.h"
#include "tests/unit/analysis/made_up.h"

struct domain_case {
    const char *name; /* with the RFC section that decides */
    enum mx_kind kind;
    enum dns_state mx_dns;
    struct made_mx mx[MADE_MX_MAX];
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
    void (*change)(struct seen_domain *d); /* what the columns above do not say */
};

#define YES                                           \
    {                                                 \
        .there = true, .outcome = OUTCOME_ESTABLISHED \
    }
#define REFUSED                                   \
    {                                             \
        .there = true, .outcome = OUTCOME_REFUSED \
    }
#define DEAD                                              \
    {                                                     \
        .there = true, .outcome = OUTCOME_CONNECT_TIMEOUT \
    }
#define SILENT                                             \
    {                                                      \
        .there = true, .outcome = OUTCOME_GREETING_TIMEOUT \
    }
#define LEFT                                                                                  \
    {                                                                                         \
        .there = true, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_ADDRESS_BUDGET \
    }
#define SUBMISSION                                                 \
    {                                                              \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .port = 587 \
    }
#define GOOD(preference, name) MADE_DIALLED(preference, name, DATA, NODATA, YES)

static void invalid(struct seen_domain *d)
{
    d->invalid = "label_too_long";
    d->domain = d->registrable = (struct span){0};
}

static void duplicate(struct seen_domain *d)
{
    d->duplicate_of = 3;
}

static void blocklisted(struct seen_domain *d)
{
    d->blocklisted = true;
}

static void public_suffix(struct seen_domain *d)
{
    d->registrable = (struct span){0};
}

static void alias(struct seen_domain *d)
{
    static const struct span links[] = {SPAN_INIT("one.test"), SPAN_INIT("two.test")};
    d->cnames = links;
    d->cname_count = 2;
}

static void eleven_answered(struct seen_domain *d)
{
    d->mx_total = 11;
}

static void refused_with_code(struct seen_domain *d)
{
    d->mx_dns.rcode = 9;
    d->mx_dns.ede = 22;
}

static void endpoints_truncated(struct seen_domain *d)
{
    d->endpoints_truncated = true;
}

static const struct domain_case cases[] = {
    {"a domain without fault", MX_KIND_EXPLICIT, DNS_DATA, {GOOD(10, "mx.test")}, {{0}}, 0, NULL},

    /* input */
    {"RFC 1035 2.3.4: no name",
     MX_KIND_NOT_ASKED,
     DNS_NOT_ASKED,
     {{0}},
     {RAISES(INPUT_INVALID, NOTICE, "label_too_long: Example.COM")},
     0,
     invalid},
    {"a name",
     MX_KIND_NONE,
     DNS_NODATA,
     {{0}},
     {RAISES(MX_NONE, ERROR, "example.com")},
     SPARES(INPUT_INVALID),
     NULL},
    {"a repeat",
     MX_KIND_NOT_ASKED,
     DNS_NOT_ASKED,
     {{0}},
     {RAISES(INPUT_DUPLICATE, INFO, "line 3")},
     SPARES(INPUT_BLOCKLISTED),
     duplicate},
    {"left alone on request",
     MX_KIND_NOT_ASKED,
     DNS_NOT_ASKED,
     {{0}},
     {RAISES(INPUT_BLOCKLISTED, INFO, "example.com")},
     SPARES(INPUT_DUPLICATE),
     blocklisted},
    {"a registry's zone",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "mx.test")},
     {RAISES(INPUT_PUBLIC_SUFFIX, INFO, "example.com")},
     0,
     public_suffix},

    /* dns, RFC 5321 section 5.1: queue, never "no MX" */
    {"servfail",
     MX_KIND_UNKNOWN,
     DNS_SERVFAIL,
     {{0}},
     {RAISES(DNS_MX_SERVFAIL, ERROR, "MX example.com: servfail")},
     SPARES(MX_NONE),
     NULL},
    {"RFC 4035 5.5: bogus, dialled for others",
     MX_KIND_EXPLICIT,
     DNS_BOGUS,
     {GOOD(10, "mx.test")},
     {RAISES(DNS_MX_BOGUS, ERROR, "bogus")},
     SPARES(DNS_MX_SERVFAIL),
     NULL},
    {"timeout",
     MX_KIND_UNKNOWN,
     DNS_TIMEOUT,
     {{0}},
     {RAISES(DNS_MX_TIMEOUT, ERROR, "timeout")},
     SPARES(DNS_MX_BOGUS),
     NULL},
    {"RFC 1035 4.1.1: refused, by the resolver",
     MX_KIND_UNKNOWN,
     DNS_REFUSED,
     {{0}},
     {RAISES(DNS_MX_REFUSED, NOTICE, "refused")},
     SPARES(DNS_MX_TIMEOUT),
     NULL},
    {"RFC 1035 4.1.1, RFC 8914: another code",
     MX_KIND_UNKNOWN,
     DNS_OTHER_RCODE,
     {{0}},
     {RAISES(DNS_MX_REFUSED, NOTICE, "other_rcode, rcode 9, extended error 22")},
     SPARES(DNS_MX_FAILED),
     refused_with_code},
    {"malformed",
     MX_KIND_UNKNOWN,
     DNS_MALFORMED,
     {{0}},
     {RAISES(DNS_MX_FAILED, ERROR, "malformed")},
     SPARES(MX_NXDOMAIN),
     NULL},
    {"ours", MX_KIND_UNKNOWN, DNS_LOCAL_FAULT, {{0}}, {{0}}, SPARES(DNS_MX_REFUSED), NULL},
    {"RFC 1034 3.6.2: loop",
     MX_KIND_UNKNOWN,
     DNS_CNAME_LOOP,
     {{0}},
     {RAISES(DNS_CNAME_LOOP, ERROR, "cname_loop"),
      RAISES(MX_DOMAIN_CNAME, INFO, "example.com -> one.test -> two.test")},
     SPARES(DNS_CNAME_LIMIT),
     alias},
    {"RFC 5321 5.1: more links than are followed",
     MX_KIND_UNKNOWN,
     DNS_CNAME_LIMIT,
     {{0}},
     {RAISES(DNS_CNAME_LIMIT, WARNING, "cname_limit"),
      RAISES(MX_DOMAIN_CNAME, INFO, "example.com -> one.test -> two.test")},
     SPARES(DNS_CNAME_LOOP),
     alias},
    {"an alias that ends",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "mx.test")},
     {RAISES(MX_DOMAIN_CNAME, INFO, "example.com -> one.test -> two.test")},
     SPARES(DNS_CNAME_LOOP),
     alias},
    {"no alias",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "mx.test")},
     {{0}},
     SPARES(MX_DOMAIN_CNAME),
     NULL},
    {"no host's address is known",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", SERVFAIL, SERVFAIL), MADE_HOST(20, "b.test", TIMEOUT, NODATA)},
     {RAISES(DNS_HOSTS_UNKNOWN, ERROR, "a.test: A servfail, AAAA servfail, b.test: A timeout")},
     SPARES(MX_ALL_UNUSABLE),
     NULL},
    {"RFC 5321 5.1: no MX, address unknown",
     MX_KIND_UNKNOWN,
     DNS_NODATA,
     {{0}},
     {RAISES(DNS_HOSTS_UNKNOWN, ERROR, "addresses unknown: example.com")},
     SPARES(MX_NONE),
     NULL},
    {"one host's address is known",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", SERVFAIL, SERVFAIL), GOOD(20, "b.test")},
     {{0}},
     SPARES(DNS_HOSTS_UNKNOWN),
     NULL},

    /* mx */
    {"RFC 2308 2.1: nxdomain",
     MX_KIND_NXDOMAIN,
     DNS_NXDOMAIN,
     {{0}},
     {RAISES(MX_NXDOMAIN, ERROR, "example.com")},
     SPARES(MX_IMPLICIT),
     NULL},
    {"RFC 5321 5.1: implicit",
     MX_KIND_IMPLICIT,
     DNS_NODATA,
     {MADE_HOST(0, "example.com", DATA, NODATA)},
     {RAISES(MX_IMPLICIT, INFO, "example.com")},
     SPARES(MX_NULL),
     NULL},
    {"RFC 7505 3: null MX",
     MX_KIND_NULL_MX,
     DNS_DATA,
     {MADE_UNUSABLE(0, ".", "null_mx")},
     {RAISES(MX_NULL, INFO, "MX .")},
     SPARES(MX_NULL_PREFERENCE),
     NULL},
    {"RFC 7505 3: preference 0",
     MX_KIND_NULL_MX,
     DNS_DATA,
     {MADE_UNUSABLE(10, ".", "null_mx")},
     {RAISES(MX_NULL, INFO, "MX ."), RAISES(MX_NULL_PREFERENCE, WARNING, "MX 10 .")},
     SPARES(MX_NULL_WITH_OTHER),
     NULL},
    {"RFC 7505 3: beside another",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_UNUSABLE(0, ".", "null_mx"), GOOD(10, "mx.test")},
     {RAISES(MX_NULL_WITH_OTHER, ERROR, "MX 0 .")},
     0,
     NULL},
    {"RFC 5321 5.1: none resolves",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", NXDOMAIN, NXDOMAIN), MADE_UNUSABLE(20, "192.0.2.1", "ip_literal")},
     {RAISES(MX_ALL_UNUSABLE, ERROR, "192.0.2.1: ip_literal"),
      RAISES(MX_IP_LITERAL, ERROR, "MX 20 192.0.2.1")},
     0,
     NULL},
    {"an address beside a host",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_UNUSABLE(10, "192.0.2.1", "ip_literal"), GOOD(20, "mx.test")},
     {RAISES(MX_IP_LITERAL, WARNING, "MX 10 192.0.2.1")},
     SPARES(MX_NOT_A_HOST),
     NULL},
    {"RFC 5321 5.1: an address that was looked at",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_LITERAL(20, "45.9.7.1", YES)},
     {RAISES(MX_IP_LITERAL, ERROR, "MX 20 45.9.7.1")},
     SPARES(MX_ALL_UNUSABLE),
     NULL},
    {"RFC 5321 5.1: and a host beside",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_LITERAL(20, "45.9.7.1", YES), GOOD(30, "mx.test")},
     {RAISES(MX_IP_LITERAL, WARNING, "MX 20 45.9.7.1")},
     0,
     NULL},
    {"RFC 1035 2.3.1: a hyphen at the edge",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {{.preference = 10,
       .exchange = "-mx.test",
       .name_kind = MX_NAME_NOT_A_HOST,
       .a = DNS_DATA,
       .aaaa = DNS_NODATA,
       .endpoints = {YES}}},
     {RAISES(MX_NOT_A_HOST, ERROR, "MX 10 -mx.test (bad_hyphen)")},
     SPARES(MX_IP_LITERAL),
     NULL},
    {"RFC 1035 2.3.1: and a host beside",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {{.preference = 10,
       .exchange = "-mx.test",
       .name_kind = MX_NAME_NOT_A_HOST,
       .a = DNS_DATA,
       .aaaa = DNS_NODATA,
       .endpoints = {YES}},
      GOOD(20, "mx.test")},
     {RAISES(MX_NOT_A_HOST, WARNING, "MX 10 -mx.test (bad_hyphen)")},
     0,
     NULL},
    {"five addresses",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_UNUSABLE(1, "192.0.2.1", "ip_literal"), MADE_UNUSABLE(2, "192.0.2.2", "ip_literal"),
      MADE_UNUSABLE(3, "192.0.2.3", "ip_literal"), MADE_UNUSABLE(4, "192.0.2.4", "ip_literal"),
      MADE_UNUSABLE(5, "192.0.2.5", "ip_literal"), GOOD(20, "mx.test")},
     {RAISES(MX_IP_LITERAL, WARNING, "MX 4 192.0.2.4 and 1 more")},
     0,
     NULL},
    {"RFC 6761 6.3: localhost",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_UNUSABLE(0, "localhost", "localhost")},
     {RAISES(MX_LOCALHOST, ERROR, "MX 0 localhost"), RAISES(MX_ALL_UNUSABLE, ERROR, "localhost")},
     SPARES(MX_IP_LITERAL),
     NULL},
    {"RFC 1035 2.3.1: no host",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_UNUSABLE(10, "mx\\032.test", "bad_character"), GOOD(20, "mx.test")},
     {RAISES(MX_NOT_A_HOST, WARNING, "MX 10 mx\\032.test (bad_character)")},
     SPARES(MX_LOCALHOST),
     NULL},
    {"RFC 5321 2.3.5: one label",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "mail")},
     {RAISES(MX_SINGLE_LABEL, WARNING, "MX 10 mail")},
     SPARES(MX_UNDERSCORE),
     NULL},
    {"RFC 1123 2.1: underscore",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "mx_1.test")},
     {RAISES(MX_UNDERSCORE, WARNING, "mx_1.test")},
     SPARES(MX_SINGLE_LABEL),
     NULL},
    {"RFC 5321 5.1: at random",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "a.test"), GOOD(10, "b.test")},
     {RAISES(MX_EQUAL_PREFERENCE, INFO, "preference 10: a.test, b.test")},
     0,
     NULL},
    {"in order",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "a.test"), GOOD(11, "b.test")},
     {{0}},
     SPARES(MX_EQUAL_PREFERENCE),
     NULL},
    {"eleven, one kept",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "a.test")},
     {RAISES(MX_MANY, WARNING, "11 MX records"), RAISES(MX_TRUNCATED, NOTICE, "1 of 11 MX hosts")},
     0,
     eleven_answered},
    {"ten",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(1, "a.test"), GOOD(2, "b.test"), GOOD(3, "c.test"), GOOD(4, "d.test"), GOOD(5, "e.test"),
      GOOD(6, "f.test"), GOOD(7, "g.test"), GOOD(8, "h.test"), GOOD(9, "i.test"),
      GOOD(10, "j.test")},
     {{0}},
     SPARES(MX_MANY),
     NULL},
    {"too many endpoints",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "a.test")},
     {RAISES(MX_TRUNCATED, NOTICE, "at most 64 endpoints")},
     SPARES(MX_NONE_REACHABLE),
     endpoints_truncated},
    {"an endpoint over the cap",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(
         10, "a.test", DATA, NODATA, YES,
         {.there = true, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_TRUNCATED})},
     {RAISES(MX_TRUNCATED, NOTICE, "at most 64 endpoints")},
     0,
     NULL},
    {"nothing cut",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {GOOD(10, "a.test")},
     {{0}},
     SPARES(MX_TRUNCATED),
     NULL},
    {"RFC 5321 4.5.4.1: all refuse",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, REFUSED, REFUSED)},
     {RAISES(MX_NONE_REACHABLE, ERROR, "2 refused, 0 not answered")},
     0,
     NULL},
    {"silence may be ours",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, REFUSED, DEAD)},
     {RAISES(MX_NONE_REACHABLE, WARNING, "1 refused, 1 not answered")},
     0,
     NULL},
    {"submission does not take mail",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, REFUSED, SUBMISSION)},
     {RAISES(MX_NONE_REACHABLE, ERROR, "1 refused")},
     0,
     NULL},
    {"it took the connection",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, REFUSED, SILENT)},
     {{0}},
     SPARES(MX_NONE_REACHABLE),
     NULL},
    {"one was not tried",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, REFUSED, LEFT)},
     {{0}},
     SPARES(MX_NONE_REACHABLE),
     NULL},
    {"one has unknown addresses",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, SERVFAIL, REFUSED)},
     {{0}},
     SPARES(MX_NONE_REACHABLE),
     NULL},
    {"nobody asked",
     MX_KIND_NOT_ASKED,
     DNS_NOT_ASKED,
     {{0}},
     {{0}},
     SPARES(INPUT_PUBLIC_SUFFIX),
     NULL},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

Test(domain_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct made_domain d;
        made_domain_fill(&d, cases[i].kind, cases[i].mx_dns, cases[i].mx);
        if (cases[i].change != NULL) {
            cases[i].change(&d.seen);
        }
        findings_reset(&f);
        findings_of_domain(&d.seen, NULL, &f);
        expect_findings(cases[i].name, &f, SCOPE_DOMAIN, cases[i].expected);
    }
    findings_deinit(&f);
}

void cover_domains(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
