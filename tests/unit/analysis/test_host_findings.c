#include <criterion/criterion.h>

#include "tests/unit/analysis/expected.h"

#define ADDRESSES_MAX 6

struct host_case {
    const char *name; /* with the RFC section that decides */
    enum dns_state a;
    enum dns_state aaaa;
    const char *addresses[ADDRESSES_MAX];
    struct expected_finding expected[EXPECTED_MAX];
    size_t cname_count;
    size_t truncated;
    unsigned spares;
    bool blocklisted;
};

static const struct host_case cases[] = {
    {.name = "a host without fault", .a = DNS_DATA, .aaaa = DNS_NODATA, .addresses = {"8.8.8.8"}},

    /* RFC 5321 section 5.1: a question without an answer says nothing about the host */
    {.name = "servfail",
     .a = DNS_SERVFAIL,
     .aaaa = DNS_SERVFAIL,
     .expected = {RAISES(DNS_HOST_SERVFAIL, WARNING, "A servfail, AAAA servfail")},
     .spares = SPARES(MX_HOST_NO_ADDRESS)},
    {.name = "one family answers",
     .a = DNS_DATA,
     .aaaa = DNS_SERVFAIL,
     .addresses = {"8.8.8.8"},
     .expected = {RAISES(DNS_HOST_SERVFAIL, NOTICE, "AAAA servfail")},
     .spares = SPARES(DNS_HOST_TIMEOUT)},
    {.name = "RFC 4035 5.5: bogus",
     .a = DNS_BOGUS,
     .aaaa = DNS_NODATA,
     .addresses = {"8.8.8.8"},
     .expected = {RAISES(DNS_HOST_BOGUS, WARNING, "A bogus")},
     .spares = SPARES(DNS_HOST_SERVFAIL)},
    {.name = "timeout and refused",
     .a = DNS_TIMEOUT,
     .aaaa = DNS_REFUSED,
     .expected = {RAISES(DNS_HOST_TIMEOUT, WARNING, "A timeout"),
                  RAISES(DNS_HOST_REFUSED, NOTICE, "AAAA refused")},
     .spares = SPARES(DNS_HOST_BOGUS)},
    {.name = "RFC 1035 4.1.1: another code",
     .a = DNS_OTHER_RCODE,
     .aaaa = DNS_REFUSED,
     .expected = {RAISES(DNS_HOST_REFUSED, NOTICE, "A other_rcode, AAAA refused")},
     .spares = SPARES(DNS_HOST_FAILED)},
    {.name = "malformed",
     .a = DNS_NODATA,
     .aaaa = DNS_MALFORMED,
     .expected = {RAISES(DNS_HOST_FAILED, WARNING, "AAAA malformed")},
     .spares = SPARES(DNS_HOST_REFUSED)},
    {.name = "ours",
     .a = DNS_LOCAL_FAULT,
     .aaaa = DNS_LOCAL_FAULT,
     .spares = SPARES(DNS_HOST_FAILED)},
    {.name = "nxdomain and servfail",
     .a = DNS_NXDOMAIN,
     .aaaa = DNS_SERVFAIL,
     .expected = {RAISES(DNS_HOST_SERVFAIL, WARNING, "AAAA servfail")},
     .spares = SPARES(MX_HOST_NXDOMAIN)},
    {.name = "RFC 1034 3.6.2: loop",
     .a = DNS_CNAME_LOOP,
     .aaaa = DNS_CNAME_LOOP,
     .cname_count = 2,
     .expected = {RAISES(DNS_HOST_CNAME_LOOP, WARNING, "A cname_loop, AAAA cname_loop")},
     .spares = SPARES(DNS_HOST_CNAME_LIMIT)},
    {.name = "RFC 1034 3.6.2: more links than are followed",
     .a = DNS_CNAME_LIMIT,
     .aaaa = DNS_CNAME_LIMIT,
     .cname_count = 2,
     .expected = {RAISES(DNS_HOST_CNAME_LIMIT, WARNING, "A cname_limit, AAAA cname_limit"),
                  RAISES(MX_CNAME_TARGET, WARNING, "mx.test -> one.test -> two.test")},
     .spares = SPARES(DNS_HOST_CNAME_LOOP)},

    /* what the name holds */
    {.name = "RFC 8020 2: nxdomain to one is nxdomain to all",
     .a = DNS_NXDOMAIN,
     .aaaa = DNS_NODATA,
     .expected = {RAISES(MX_HOST_NXDOMAIN, WARNING, "mx.test")},
     .spares = SPARES(MX_HOST_NO_ADDRESS)},
    {.name = "no address",
     .a = DNS_NODATA,
     .aaaa = DNS_NODATA,
     .expected = {RAISES(MX_HOST_NO_ADDRESS, WARNING, "A nodata, AAAA nodata")},
     .spares = SPARES(MX_HOST_NXDOMAIN)},
    {.name = "only IPv6",
     .a = DNS_NODATA,
     .aaaa = DNS_DATA,
     .addresses = {"2606:4700:4700::1111"},
     .spares = SPARES(MX_HOST_NO_ADDRESS)},
    {.name = "RFC 4291 2.5.5.2: IPv4 in an AAAA record",
     .a = DNS_NODATA,
     .aaaa = DNS_DATA,
     .addresses = {"::ffff:8.8.8.8"},
     .expected = {RAISES(MX_MAPPED_ADDRESS, WARNING, "AAAA ::ffff:8.8.8.8")},
     .spares = SPARES(MX_SPECIAL_ADDRESS)},
    {.name = "RFC 4291 2.5.5.2: a private one",
     .a = DNS_NODATA,
     .aaaa = DNS_DATA,
     .addresses = {"::ffff:10.0.0.1"},
     .expected = {RAISES(MX_MAPPED_ADDRESS, WARNING, "AAAA ::ffff:10.0.0.1"),
                  RAISES(MX_SPECIAL_ADDRESS, ERROR, "::ffff:10.0.0.1 (private use)")}},
    {.name = "IPv6",
     .a = DNS_NODATA,
     .aaaa = DNS_DATA,
     .addresses = {"2606:4700:4700::1111"},
     .spares = SPARES(MX_MAPPED_ADDRESS)},
    {.name = "no alias",
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"8.8.8.8"},
     .spares = SPARES(MX_CNAME_TARGET)},
    {.name = "RFC 2181 10.3: alias",
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"8.8.8.8"},
     .cname_count = 2,
     .expected = {RAISES(MX_CNAME_TARGET, WARNING, "mx.test -> one.test -> two.test")},
     .spares = SPARES(DNS_HOST_CNAME_LOOP)},
    {.name = "RFC 1918 3: beside a public address",
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"8.8.8.8", "10.0.0.1"},
     .expected = {RAISES(MX_SPECIAL_ADDRESS, WARNING, "10.0.0.1 (")}},
    {.name = "RFC 6890 2.2: nothing else",
     .a = DNS_DATA,
     .aaaa = DNS_DATA,
     .addresses = {"127.0.0.1", "::1"},
     .expected = {RAISES(MX_SPECIAL_ADDRESS, ERROR, "::1 (")}},
    {.name = "five of them",
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"},
     .expected = {RAISES(MX_SPECIAL_ADDRESS, ERROR, " and 1 more")}},
    {.name = "next to private space",
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"11.0.0.1"},
     .spares = SPARES(MX_SPECIAL_ADDRESS)},
    {.name = "over the cap",
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"8.8.8.8"},
     .truncated = 3,
     .expected = {RAISES(DNS_ADDRESSES_TRUNCATED, NOTICE, "1 addresses kept, 3 not")},
     .spares = SPARES(MX_BLOCKLISTED)},
    {.name = "left alone on request",
     .a = DNS_NOT_ASKED,
     .aaaa = DNS_NOT_ASKED,
     .blocklisted = true,
     .expected = {RAISES(MX_BLOCKLISTED, INFO, "mx.test")},
     .spares = SPARES(DNS_ADDRESSES_TRUNCATED)},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static void raise(const struct host_case *c, struct findings *f)
{
    static const struct span links[] = {SPAN_INIT("one.test"), SPAN_INIT("two.test")};
    struct net_addr addresses[ADDRESSES_MAX];
    size_t count = 0;
    while (count < ADDRESSES_MAX && c->addresses[count] != NULL) {
        cr_assert(net_addr_parse(span_of(c->addresses[count]), &addresses[count]), "%s", c->name);
        count++;
    }
    const struct seen_host h = {
        .name = SPAN_LIT("mx.test"),
        .a = {.state = (uint8_t)c->a, .ede = -1},
        .aaaa = {.state = (uint8_t)c->aaaa, .ede = -1},
        .cnames = links,
        .cname_count = c->cname_count,
        .addresses = addresses,
        .address_count = count,
        .addresses_truncated = c->truncated,
        .blocklisted = c->blocklisted,
    };
    findings_of_host(&h, NULL, f);
}

Test(host_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        findings_reset(&f);
        raise(&cases[i], &f);
        expect_findings(cases[i].name, &f, SCOPE_HOST, cases[i].expected);
    }
    findings_deinit(&f);
}

void cover_hosts(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
