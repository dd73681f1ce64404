#include <criterion/criterion.h>

#include "scanner/analysis/generic_name.h"
#include "tests/unit/analysis/expected.h"

struct generic_case {
    const char *address;
    const char *name;
    bool generic;
};

static const struct generic_case generic_cases[] = {
    {"192.0.2.17", "192-0-2-17.dyn.test", true},
    {"192.0.2.17", "host192.0.2.17.test", true},
    {"192.0.2.17", "17.2.0.192.test", true},
    {"192.0.2.17", "ip-017_002_000_192.test", true},
    {"192.0.2.17", "192-0-2-17test.example", true},
    {"192.0.2.17", "p192000002017.test", true},
    {"192.0.2.17", "XC0000211.test", true},
    {"192.0.2.17", "c0-00-02-11.test", true},
    {"192.0.2.17", "h110200c0.test", true},
    {"192.0.2.17", "mail.dynamic.dhcp.pool.test", false}, /* words do not count */
    {"192.0.2.17", "mx17.test", false},
    {"192.0.2.17", "192-0-2-171.test", false},
    {"192.0.2.17", "1192-0-2-17.test", false},
    {"192.0.2.17", "192-0-2-18.test", false},
    {"192.0.2.17", "192--0-2-17.test", false},
    {"192.0.2.17", "192-0-2.test", false},
    {"192.0.2.17", "p1920000020171.test", false},
    {"192.0.2.17", "2-0-192-17.test", false},
    {"192.0.2.17", "", false},
    {"2001:db8::1", "2001-db8--1.test", true},
    {"2001:db8::1", "ip-2001-DB8--1.test", true},
    {"2001:db8::1", "2001-db8-0-0-0-0-0-1.test", true},
    {"2001:db8::1", "x.2001-0db8-0000-0000-0000-0000-0000-0001.test", true},
    {"2001:db8::1", "20010db8000000000000000000000001.test", true},
    {"2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.test", true},
    {"2001:db8::1", "2001-db8--2.test", false},
    {"2001:db8::1", "12001-db8--1.test", false},
    {"2001:db8::1", "mail.test", false},
    {"2001:db8::1", "192-0-2-17.test", false},
};

Test(generic_name, it_is_made_of_the_address)
{
    for (size_t i = 0; i < sizeof(generic_cases) / sizeof(generic_cases[0]); i++) {
        const struct generic_case *c = &generic_cases[i];
        struct net_addr a;
        cr_assert(net_addr_parse(span_of(c->address), &a));
        cr_expect_eq(name_is_generic(span_of(c->name), &a), c->generic, "%s %s", c->address,
                     c->name);
    }
    cr_expect(!name_is_generic(SPAN_LIT("0.0.0.0"), &(struct net_addr){0}));
}

/* Foreign octets, and as many as a record can hold. */
Test(generic_name, any_octets_are_looked_at)
{
    uint8_t octets[1024];
    struct net_addr v4;
    struct net_addr v6;
    cr_assert(net_addr_parse(SPAN_LIT("192.0.2.17"), &v4));
    cr_assert(net_addr_parse(SPAN_LIT("2001:db8::1"), &v6));
    for (unsigned fill = 0; fill < 256; fill++) {
        memset(octets, (int)fill, sizeof(octets));
        struct span name = {octets, sizeof(octets)};
        cr_expect(!name_is_generic(name, &v4), "%u", fill);
        cr_expect(!name_is_generic(name, &v6), "%u", fill);
    }
}

struct ptr_name {
    const char *name;
    enum dns_state forward;
    bool confirmed;
};

struct service_case {
    const char *name; /* with the RFC section that decides */
    enum dns_state ptr;
    struct ptr_name names[PTR_MAX];
    bool truncated;
    uint16_t greeting_code; /* 0: no greeting */
    const char *greeting;
    const char *ehlo; /* NULL: not answered with 250 */
    bool asked;       /* for versions */
    uint8_t accepted[TLS_VERSION_COUNT];
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define NAMED(name_)          \
    {                         \
        name_, DNS_DATA, true \
    }
#define GREETS(name_) .greeting_code = 220, .greeting = "220 " name_ " ESMTP"
#define SPEAKS(name_) GREETS(name_), .ehlo = "250-" name_ "\n250 STARTTLS"
#define GOOD_PTR      .ptr = DNS_DATA, .names = {NAMED("mx.test")}
#define Y             TRUTH_YES
#define N             TRUTH_NO
#define U             TRUTH_UNKNOWN
#define ACCEPTS(...)  .asked = true, .accepted = {__VA_ARGS__}

static const struct service_case cases[] = {
    {.name = "a service without fault", GOOD_PTR, SPEAKS("mx.test")},

    /* RFC 1912 section 2.1 */
    {.name = "RFC 2308 2.1: no name",
     .ptr = DNS_NXDOMAIN,
     SPEAKS("mx.test"),
     .expected = {RAISES(RDNS_NONE, WARNING, "192.0.2.17: PTR nxdomain")},
     .spares = SPARES(RDNS_FAILED)},
    {.name = "RFC 2308 2.2: no name",
     .ptr = DNS_NODATA,
     .expected = {RAISES(RDNS_NONE, WARNING, "192.0.2.17: PTR nodata")},
     .spares = SPARES(RDNS_NOT_CONFIRMED)},
    {.name = "not asked", .ptr = DNS_NOT_ASKED, SPEAKS("mx.test"), .spares = SPARES(RDNS_NONE)},
    {.name = "servfail",
     .ptr = DNS_SERVFAIL,
     SPEAKS("mx.test"),
     .expected = {RAISES(RDNS_FAILED, NOTICE, "192.0.2.17: PTR servfail")},
     .spares = SPARES(RDNS_NONE)},
    {.name = "RFC 4035 5.5: bogus",
     .ptr = DNS_BOGUS,
     .names = {NAMED("mx.test")},
     .expected = {RAISES(RDNS_FAILED, NOTICE, "PTR bogus")}},
    {.name = "timeout",
     .ptr = DNS_TIMEOUT,
     .expected = {RAISES(RDNS_FAILED, NOTICE, "PTR timeout")}},
    {.name = "RFC 2317 5.2: a loop of delegations",
     .ptr = DNS_CNAME_LOOP,
     .expected = {RAISES(RDNS_FAILED, NOTICE, "PTR cname_loop")}},
    {.name = "ours", .ptr = DNS_LOCAL_FAULT, .spares = SPARES(RDNS_FAILED)},
    {.name = "a limit of ours", .ptr = DNS_CNAME_LIMIT, .spares = SPARES(RDNS_FAILED)},
    {.name = "RFC 2181 10.2: two names",
     .ptr = DNS_DATA,
     .names = {NAMED("mx.test"), NAMED("other.test")},
     SPEAKS("mx.test"),
     .expected = {RAISES(RDNS_SEVERAL, INFO, "192.0.2.17 -> mx.test, other.test")},
     .spares = SPARES(RDNS_DIFFERS_FROM_EHLO)},
    {.name = "one name", GOOD_PTR, SPEAKS("mx.test"), .spares = SPARES(RDNS_SEVERAL)},
    {.name = "RFC 8601 3: it leads elsewhere",
     .ptr = DNS_DATA,
     .names = {{"mx.test", DNS_DATA, false}},
     SPEAKS("mx.test"),
     .expected = {RAISES(RDNS_NOT_CONFIRMED, WARNING, "192.0.2.17 -> mx.test (other addresses)")}},
    {.name = "RFC 8601 3: two that lead nowhere",
     .ptr = DNS_DATA,
     .names = {{"mx.test", DNS_NXDOMAIN, false}, {"a b", DNS_NAME_INVALID, false}},
     .expected = {RAISES(RDNS_NOT_CONFIRMED, WARNING, "(nxdomain, name_invalid)"),
                  RAISES(RDNS_SEVERAL, INFO, "mx.test")}},
    {.name = "one of two leads back",
     .ptr = DNS_DATA,
     .names = {{"mx.test", DNS_NXDOMAIN, false}, NAMED("b.test")},
     .expected = {RAISES(RDNS_SEVERAL, INFO, "mx.test, b.test")},
     .spares = SPARES(RDNS_NOT_CONFIRMED)},
    {.name = "the question for its address is not settled",
     .ptr = DNS_DATA,
     .names = {{"mx.test", DNS_TIMEOUT, false}},
     .spares = SPARES(RDNS_NOT_CONFIRMED)},
    {.name = "more names than are kept",
     .ptr = DNS_DATA,
     .names = {{"mx.test", DNS_NXDOMAIN, false}},
     .truncated = true,
     SPEAKS("other.test"),
     .spares = SPARES(RDNS_NOT_CONFIRMED)},
    {.name = "made of the address",
     .ptr = DNS_DATA,
     .names = {NAMED("192-0-2-17.dyn.test")},
     .expected = {RAISES(RDNS_GENERIC, NOTICE, "192.0.2.17 -> 192-0-2-17.dyn.test")}},
    {.name = "one of two is not",
     .ptr = DNS_DATA,
     .names = {NAMED("192-0-2-17.dyn.test"), NAMED("mx.test")},
     .expected = {RAISES(RDNS_SEVERAL, INFO, "mx.test")},
     .spares = SPARES(RDNS_GENERIC)},

    /* RFC 5321 section 4.1.1.1 and 4.1.4 */
    {.name = "another name than in EHLO",
     GOOD_PTR,
     SPEAKS("other.test"),
     .expected = {RAISES(RDNS_DIFFERS_FROM_EHLO, INFO, "other.test; 192.0.2.17 -> mx.test")}},
    {.name = "RFC 4343 3: case is no difference",
     .ptr = DNS_DATA,
     .names = {NAMED("MX.Test")},
     SPEAKS("mx.test"),
     .spares = SPARES(RDNS_DIFFERS_FROM_EHLO)},
    {.name = "no greeting, no name", GOOD_PTR, .spares = SPARES(RDNS_DIFFERS_FROM_EHLO)},
    {.name = "another name in the greeting",
     GOOD_PTR,
     GREETS("proxy.test"),
     .ehlo = "250 mx.test",
     .expected = {RAISES(SMTP_NAMES_DIFFER, INFO, "greeting proxy.test, EHLO mx.test")}},
    {.name = "a greeting without a name",
     GOOD_PTR,
     GREETS("ready"),
     .ehlo = "250 mx.test",
     .spares = SPARES(SMTP_NAMES_DIFFER)},
    {.name = "no host name in either",
     GOOD_PTR,
     GREETS("ready"),
     .ehlo = "250 [192.0.2.17] hello",
     .expected = {RAISES(SMTP_NO_HOST_NAME, NOTICE,
                         "220 ready ESMTP, then 250 [192.0.2.17] hello")}},
    {.name = "EHLO was not answered",
     GOOD_PTR,
     GREETS("ready"),
     .spares = SPARES(SMTP_NO_HOST_NAME)},
    {.name = "a name in the greeting only",
     GOOD_PTR,
     GREETS("mx.test"),
     .ehlo = "250 ready",
     .spares = SPARES(SMTP_NO_HOST_NAME)},

    /* RFC 8996 section 5, RFC 9325 section 3.1.1 */
    {.name = "TLS 1.0 beside newer",
     GOOD_PTR,
     ACCEPTS(Y, N, Y, Y),
     .expected = {RAISES(TLS_LEGACY_ACCEPTED, NOTICE, "accepts TLSv1.0, TLSv1.2, TLSv1.3")},
     .spares = SPARES(TLS_NO_TLS13)},
    {.name = "TLS 1.1 beside 1.2",
     GOOD_PTR,
     ACCEPTS(U, Y, Y, N),
     .expected = {RAISES(TLS_LEGACY_ACCEPTED, NOTICE, "accepts TLSv1.1, TLSv1.2"),
                  RAISES(TLS_NO_TLS13, INFO, "accepts TLSv1.1, TLSv1.2")}},
    {.name = "nothing newer: the handshake says so",
     GOOD_PTR,
     ACCEPTS(Y, Y, N, N),
     .expected = {RAISES(TLS_NO_TLS13, INFO, "accepts TLSv1.0, TLSv1.1")},
     .spares = SPARES(TLS_LEGACY_ACCEPTED)},
    {.name = "1.2 and 1.3", GOOD_PTR, ACCEPTS(N, N, Y, Y), .spares = SPARES(TLS_LEGACY_ACCEPTED)},
    {.name = "1.3 only",
     GOOD_PTR,
     ACCEPTS(N, N, N, Y),
     .expected = {RAISES(TLS_ONLY_TLS13, WARNING, "accepts TLSv1.3")}},
    {.name = "1.3, and 1.2 is not known",
     GOOD_PTR,
     ACCEPTS(N, N, U, Y),
     .spares = SPARES(TLS_ONLY_TLS13)},
    {.name = "1.3 is not known", GOOD_PTR, ACCEPTS(N, N, Y, U), .spares = SPARES(TLS_NO_TLS13)},
    {.name = "none is accepted", GOOD_PTR, ACCEPTS(N, N, N, N), .spares = SPARES(TLS_NO_TLS13)},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/* Storage of what a seen_service points to. */
struct made_service {
    struct seen_service seen;
    struct seen_session session;
    struct span names[PTR_MAX];
    uint8_t states[PTR_MAX];
    bool confirmed[PTR_MAX];
};

static void fill_ptr(struct made_service *m, const struct service_case *c)
{
    size_t count = 0;
    while (count < PTR_MAX && c->names[count].name != NULL) {
        m->names[count] = span_of(c->names[count].name);
        m->states[count] = (uint8_t)c->names[count].forward;
        m->confirmed[count] = c->names[count].confirmed;
        count++;
    }
    m->seen.ptr = (struct seen_ptr){
        .dns = {.state = (uint8_t)c->ptr, .ede = -1, .truncated = c->truncated},
        .names = m->names,
        .name_count = count,
        .forward_state = m->states,
        .forward_confirmed = m->confirmed,
    };
}

static void fill(struct made_service *m, const struct service_case *c)
{
    const uint8_t octets[4] = {192, 0, 2, 17};
    *m = (struct made_service){.seen = {.address = net_addr_v4(octets), .port = 25}};
    m->seen.versions.asked = c->asked;
    memcpy(m->seen.versions.accepted, c->accepted, sizeof(c->accepted));
    if (c->greeting_code != 0) {
        struct seen_reply *reply = m->session.smtp.reply;
        m->session.outcome = OUTCOME_ESTABLISHED; /* whatever followed */
        reply[SMTP_STEP_GREETING] =
            (struct seen_reply){.code = c->greeting_code, .text = span_of(c->greeting)};
        if (c->ehlo != NULL) {
            reply[SMTP_STEP_EHLO] = (struct seen_reply){.code = 250, .text = span_of(c->ehlo)};
        }
        m->seen.result = &m->session;
    }
    fill_ptr(m, c);
}

Test(service_findings, each_case_raises_its_list)
{
    struct findings f;
    struct service_verdict v;
    findings_init(&f);
    service_verdict_init(&v);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct made_service m;
        fill(&m, &cases[i]);
        service_verdict_fill(&v, &m.seen);
        findings_reset(&f);
        findings_of_service(&m.seen, &v, &f);
        expect_findings(cases[i].name, &f, SCOPE_SERVICE, cases[i].expected);
    }
    service_verdict_deinit(&v);
    findings_deinit(&f);
}

/* What was not asked about is not known: neither names nor versions. */
Test(service_findings, without_names_there_is_nothing_to_compare)
{
    struct findings f;
    findings_init(&f);
    const struct service_case c = {.ptr = DNS_NXDOMAIN, .accepted = {Y, Y, Y, N}};
    struct made_service m;
    fill(&m, &c);
    findings_of_service(&m.seen, NULL, &f);
    cr_expect_eq(f.count, 0);
    findings_deinit(&f);
}

void cover_services(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
