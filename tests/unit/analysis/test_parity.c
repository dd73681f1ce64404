#include <criterion/criterion.h>

#include "scanner/analysis/parity.h"
#include "tests/unit/analysis/expected.h"
#include "tests/unit/analysis/made_up.h"

#define V4  "192.0.2.1"
#define V4B "192.0.2.2"
#define V6  "2001:db8::1"
#define V6B "2001:db8::2"

#define AT(address_, outcome_, ...)                                                      \
    {                                                                                    \
        .there = true, .address = (address_), .outcome = OUTCOME_##outcome_, __VA_ARGS__ \
    }
#define TLS13              .starttls = STARTTLS_OFFERED, .tls_version = 0x0304
#define TLS12              .starttls = STARTTLS_OFFERED, .tls_version = 0x0303
#define PASSES             .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT
#define PASSES_2           .leaf = 2, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_WILDCARD
#define FAILS              .leaf = 3, .chain = CHAIN_EXPIRED, .name_match = NAME_MATCH_EXACT
#define OK(address)        AT(address, ESTABLISHED, TLS13, PASSES)
#define PLAIN(address)     AT(address, STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED)
#define DEAD(address)      AT(address, CONNECT_TIMEOUT, .tls_version = 0)
#define REFUSES(address)   AT(address, REFUSED, .tls_version = 0)
#define BUSY(address)      AT(address, GREETING_TEMPFAIL, .tls_version = 0)
#define LEFT(address, why) AT(address, NOT_TESTED, .not_tested = NOT_TESTED_##why)

#define SAME    PARITY_SAME
#define DIFFERS PARITY_DIFFERS
#define UNKNOWN PARITY_UNKNOWN
#define ALIKE                        \
    {                                \
        SAME, SAME, SAME, SAME, SAME \
    }
#define OPEN                                        \
    {                                               \
        UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN \
    }

struct host_case {
    const char *name;
    struct made_endpoint endpoints[MADE_ENDPOINTS];
    bool has_families;
    enum parity families[PARITY_FACT_COUNT]; /* reachable, STARTTLS, version, leaf, acceptable */
    bool has_addresses;
    enum parity addresses[PARITY_FACT_COUNT];
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

static const struct host_case host_cases[] = {
    {.name = "one address", .endpoints = {OK(V4)}},
    {.name = "alike",
     .endpoints = {OK(V4), OK(V6)},
     .has_families = true,
     .families = ALIKE,
     .has_addresses = true,
     .addresses = ALIKE,
     .spares = SPARES(PARITY_LEAF_DIFFERS)},

    /* RFC 5321 section 5.1: an address that takes no connection delays mail */
    {.name = "dead IPv6",
     .endpoints = {OK(V4), DEAD(V6)},
     .has_families = true,
     .families = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_IPV6_UNREACHABLE, WARNING,
                         "2001:db8::1 connect_timeout; answers: 192.0.2.1")},
     .spares = SPARES(PARITY_ADDRESS_UNREACHABLE)},
    {.name = "dead IPv4",
     .endpoints = {REFUSES(V4), OK(V6)},
     .has_families = true,
     .families = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_IPV4_UNREACHABLE, WARNING,
                         "192.0.2.1 refused; answers: 2001:db8::1")},
     .spares = SPARES(PARITY_IPV6_UNREACHABLE)},
    {.name = "no route of IPv6 here is no fault",
     .endpoints = {OK(V4), LEFT(V6, FAMILY_DISABLED)},
     .has_families = true,
     .families = OPEN,
     .has_addresses = true,
     .addresses = OPEN,
     .spares = SPARES(PARITY_IPV6_UNREACHABLE)},
    {.name = "nor of IPv4",
     .endpoints = {LEFT(V4, FAMILY_DISABLED), OK(V6)},
     .has_families = true,
     .families = OPEN,
     .has_addresses = true,
     .addresses = OPEN,
     .spares = SPARES(PARITY_IPV4_UNREACHABLE)},
    {.name = "a greeting of 4xx is no dead address",
     .endpoints = {OK(V4), BUSY(V6)},
     .has_families = true,
     .families = OPEN,
     .has_addresses = true,
     .addresses = OPEN,
     .spares = SPARES(PARITY_IPV6_UNREACHABLE)},
    {.name = "both dead",
     .endpoints = {DEAD(V4), DEAD(V6)},
     .has_families = true,
     .families = {SAME, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {SAME, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .spares = SPARES(PARITY_IPV6_UNREACHABLE)},
    {.name = "one dead IPv6 address, the other not tested",
     .endpoints = {OK(V4), DEAD(V6), LEFT(V6B, ADDRESS_BUDGET)},
     .has_families = true,
     .families = OPEN,
     .has_addresses = true,
     .addresses = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .spares = SPARES(PARITY_IPV6_UNREACHABLE)},
    {.name = "one dead address of a family",
     .endpoints = {OK(V4), DEAD(V4B), OK(V6)},
     .has_families = true,
     .families = {SAME, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_ADDRESS_UNREACHABLE, WARNING,
                         "192.0.2.2 connect_timeout; answers: 192.0.2.1, 2001:db8::1")},
     .spares = SPARES(PARITY_IPV4_UNREACHABLE)},
    {.name = "RFC 6890 2.2: nobody's address is no side",
     .endpoints = {OK(V4), LEFT("fc00::1", SPECIAL_PURPOSE)},
     .spares = SPARES(PARITY_IPV6_UNREACHABLE)},

    /* RFC 3207 section 4 */
    {.name = "IPv6 without STARTTLS",
     .endpoints = {OK(V4), PLAIN(V6)},
     .has_families = true,
     .families = {SAME, DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {SAME, DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_STARTTLS, ERROR, "not offered: 2001:db8::1; offered: 192.0.2.1")},
     .spares = SPARES(PARITY_CERTIFICATE)},
    {.name = "both families hold both",
     .endpoints = {OK(V4), PLAIN(V4B), OK(V6), PLAIN(V6B)},
     .has_families = true,
     .families = {SAME, SAME, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {SAME, DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_STARTTLS, ERROR, "offered: 192.0.2.1, 2001:db8::1")}},
    {.name = "the question was not answered",
     .endpoints = {OK(V4), AT(V6, EHLO_TIMEOUT, .starttls = STARTTLS_UNKNOWN)},
     .has_families = true,
     .families = {SAME, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {SAME, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .spares = SPARES(PARITY_STARTTLS)},

    /* RFC 8446 section 4.2.1 */
    {.name = "older TLS on IPv6",
     .endpoints = {OK(V4), AT(V6, ESTABLISHED, TLS12, PASSES)},
     .has_families = true,
     .families = {SAME, SAME, DIFFERS, SAME, SAME},
     .has_addresses = true,
     .addresses = {SAME, SAME, DIFFERS, SAME, SAME},
     .expected = {RAISES(PARITY_TLS_VERSION, NOTICE, "TLSv1.2: 2001:db8::1; TLSv1.3: 192.0.2.1")}},
    {.name = "a handshake that fails has no version",
     .endpoints = {OK(V4), AT(V6, TLS_ALERT, .starttls = STARTTLS_OFFERED, .tls_version = 0x0303)},
     .has_families = true,
     .families = {SAME, SAME, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {SAME, SAME, UNKNOWN, UNKNOWN, UNKNOWN},
     .spares = SPARES(PARITY_TLS_VERSION)},

    /* RFC 8461 section 4.2 */
    {.name = "an old certificate on IPv6",
     .endpoints = {OK(V4), AT(V6, ESTABLISHED, TLS13, FAILS)},
     .has_families = true,
     .families = {SAME, SAME, SAME, DIFFERS, DIFFERS},
     .has_addresses = true,
     .addresses = {SAME, SAME, SAME, DIFFERS, DIFFERS},
     .expected = {RAISES(PARITY_CERTIFICATE, ERROR,
                         "not acceptable (chain expired, name match): 2001:db8::1; acceptable: "
                         "192.0.2.1")},
     .spares = SPARES(PARITY_LEAF_DIFFERS)},
    {.name = "another certificate that passes",
     .endpoints = {OK(V4), AT(V6, ESTABLISHED, TLS13, PASSES_2)},
     .has_families = true,
     .families = {SAME, SAME, SAME, DIFFERS, SAME},
     .has_addresses = true,
     .addresses = {SAME, SAME, SAME, DIFFERS, SAME},
     .expected = {RAISES(PARITY_LEAF_DIFFERS, INFO,
                         "0101010101010101: 192.0.2.1; 0202020202020202: 2001:db8::1")},
     .spares = SPARES(PARITY_CERTIFICATE)},
    {.name = "a chain that was not judged",
     .endpoints = {OK(V4), AT(V6, ESTABLISHED, TLS13, .leaf = 1, .name_match = NAME_MATCH_EXACT)},
     .has_families = true,
     .families = {SAME, SAME, SAME, SAME, UNKNOWN},
     .has_addresses = true,
     .addresses = {SAME, SAME, SAME, SAME, UNKNOWN},
     .spares = SPARES(PARITY_CERTIFICATE)},

    /* ports */
    {.name = "mail arrives at port 25",
     .endpoints = {OK(V4), OK(V6), AT(V6, REFUSED, .port = 587)},
     .has_families = true,
     .families = ALIKE,
     .has_addresses = true,
     .addresses = ALIKE},
    {.name = "without port 25, each by itself",
     .endpoints = {AT(V4, ESTABLISHED, TLS13, PASSES, .port = 465),
                   AT(V4, ESTABLISHED, TLS13, PASSES, .port = 587),
                   AT(V6, ESTABLISHED, TLS13, PASSES, .port = 465), AT(V6, REFUSED, .port = 587)},
     .has_families = true,
     .families = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .has_addresses = true,
     .addresses = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_IPV6_UNREACHABLE, WARNING, "port 587: 2001:db8::1 refused")}},
};

#define HOST_CASES (sizeof(host_cases) / sizeof(host_cases[0]))

static void expect_parity(const char *name, const char *sides, bool has, bool want,
                          const struct parity_facts *got, const enum parity *expected)
{
    cr_expect_eq(has, want, "%s: %s", name, sides);
    for (unsigned fact = 0; has && want && fact < PARITY_FACT_COUNT; fact++) {
        cr_expect_eq(got->of[fact], expected[fact], "%s: %s: fact %u is %s", name, sides, fact,
                     parity_word(got->of[fact]));
    }
}

Test(parity, addresses_of_a_host_are_compared)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < HOST_CASES; i++) {
        const struct host_case *c = &host_cases[i];
        struct endpoint_brief briefs[MADE_ENDPOINTS];
        const struct seen_host h = {
            .name = SPAN_LIT("mx.test"),
            .a = {.state = DNS_DATA, .ede = -1},
            .aaaa = {.state = DNS_DATA, .ede = -1},
            .endpoints = briefs,
            .endpoint_count = made_endpoints_fill(briefs, c->endpoints),
        };
        struct parity_facts facts;
        bool has = parity_of_families(&h, &facts);
        expect_parity(c->name, "families", has, c->has_families, &facts, c->families);
        has = parity_of_addresses(&h, &facts);
        expect_parity(c->name, "addresses", has, c->has_addresses, &facts, c->addresses);
        findings_reset(&f);
        findings_of_host(&h, NULL, &f);
        expect_findings(c->name, &f, SCOPE_HOST, c->expected);
    }
    findings_deinit(&f);
}

/* More addresses of a family than are kept: none of them says that the family is dead. */
Test(parity, addresses_beyond_the_cap_keep_it_unknown)
{
    struct endpoint_brief briefs[HOST_ADDRESSES_MAX + 1] = {
        {.outcome = OUTCOME_ESTABLISHED, .port = 25}};
    cr_assert(net_addr_parse(SPAN_LIT(V4), &briefs[0].address));
    for (uint8_t i = 1; i <= HOST_ADDRESSES_MAX; i++) {
        briefs[i] = (struct endpoint_brief){.outcome = OUTCOME_REFUSED, .port = 25};
        cr_assert(net_addr_parse(SPAN_LIT(V6), &briefs[i].address));
        briefs[i].address.octets[15] = i;
    }
    struct seen_host h = {.endpoints = briefs, .endpoint_count = HOST_ADDRESSES_MAX + 1};
    struct parity_facts facts;
    struct findings f;
    findings_init(&f);
    cr_expect(parity_of_families(&h, &facts));
    cr_expect_eq(facts.of[PARITY_FACT_REACHABLE], PARITY_DIFFERS);
    findings_of_host(&h, NULL, &f);
    cr_expect(findings_has(&f, FINDING_PARITY_IPV6_UNREACHABLE));
    struct span evidence = findings_evidence(&f, 0);
    cr_expect_not_null(memmem(evidence.at, evidence.len, " and 12 more; answers: " V4, 32));
    h.addresses_truncated = 1;
    findings_reset(&f);
    cr_expect(parity_of_families(&h, &facts));
    cr_expect_eq(facts.of[PARITY_FACT_REACHABLE], PARITY_UNKNOWN);
    cr_expect(parity_of_addresses(&h, &facts));
    cr_expect_eq(facts.of[PARITY_FACT_REACHABLE], PARITY_DIFFERS);
    findings_of_host(&h, NULL, &f);
    cr_expect(!findings_has(&f, FINDING_PARITY_IPV6_UNREACHABLE));
    findings_deinit(&f);
}

struct domain_case {
    const char *name;
    struct made_mx mx[3];
    bool has_hosts;
    enum parity hosts[PARITY_FACT_COUNT];
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define MX(preference, exchange, ...) MADE_DIALLED(preference, exchange, DATA, DATA, __VA_ARGS__)

static const struct domain_case domain_cases[] = {
    {.name = "one host", .mx = {MX(10, "a.test", OK(V4))}},
    {.name = "alike",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", OK(V4B))},
     .has_hosts = true,
     .hosts = ALIKE},
    {.name = "RFC 3207 4: the backup is plain",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", PLAIN(V4B))},
     .has_hosts = true,
     .hosts = {SAME, DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN},
     .expected = {RAISES(PARITY_HOSTS_STARTTLS, ERROR, "not offered: b.test; offered: a.test")},
     .spares = SPARES(PARITY_HOSTS_CERTIFICATE)},
    {.name = "the backup is dead",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", DEAD(V4B))},
     .has_hosts = true,
     .hosts = {DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
     .spares = SPARES(PARITY_HOSTS_STARTTLS)},
    {.name = "the addresses of one host differ: its own row says so",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", OK(V4B), PLAIN(V6))},
     .has_hosts = true,
     .hosts = {SAME, DIFFERS, UNKNOWN, UNKNOWN, UNKNOWN},
     .spares = SPARES(PARITY_HOSTS_STARTTLS)},
    {.name = "RFC 8446 4.2.1: older TLS on the backup",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", AT(V4B, ESTABLISHED, TLS12, PASSES))},
     .has_hosts = true,
     .hosts = {SAME, SAME, DIFFERS, SAME, SAME},
     .expected = {RAISES(PARITY_HOSTS_TLS_VERSION, NOTICE, "TLSv1.2: b.test; TLSv1.3: a.test")}},
    {.name = "a version that is not known",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", LEFT(V4B, ADDRESS_BUDGET))},
     .has_hosts = true,
     .hosts = OPEN,
     .spares = SPARES(PARITY_HOSTS_TLS_VERSION)},
    {.name = "RFC 8461 4.2: the backup's certificate has expired",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", AT(V4B, ESTABLISHED, TLS13, FAILS))},
     .has_hosts = true,
     .hosts = {SAME, SAME, SAME, DIFFERS, DIFFERS},
     .expected = {RAISES(PARITY_HOSTS_CERTIFICATE, ERROR,
                         "(chain expired, name match): b.test; acceptable: a.test")}},
    {.name = "each has its own, and both pass",
     .mx = {MX(10, "a.test", OK(V4)), MX(20, "b.test", AT(V4B, ESTABLISHED, TLS13, PASSES_2))},
     .has_hosts = true,
     .hosts = {SAME, SAME, SAME, DIFFERS, SAME},
     .spares = SPARES(PARITY_HOSTS_CERTIFICATE)},
    {.name = "a host whose addresses are not known",
     .mx = {MX(10, "a.test", OK(V4)), MADE_HOST(20, "b.test", SERVFAIL, SERVFAIL)},
     .has_hosts = true,
     .hosts = OPEN},
    {.name = "a host that does not exist is no side",
     .mx = {MX(10, "a.test", OK(V4)), MADE_HOST(20, "b.test", NXDOMAIN, NXDOMAIN)}},
    {.name = "the same host twice", .mx = {MX(10, "a.test", OK(V4)), MX(20, "a.test", OK(V4))}},
};

#define DOMAIN_CASES (sizeof(domain_cases) / sizeof(domain_cases[0]))

Test(parity, hosts_of_a_domain_are_compared)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < DOMAIN_CASES; i++) {
        const struct domain_case *c = &domain_cases[i];
        struct made_mx mx[MADE_MX_MAX] = {{0}};
        memcpy(mx, c->mx, sizeof(c->mx));
        struct made_domain d;
        made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
        struct parity_facts facts;
        bool has = parity_of_hosts(&d.seen, &facts);
        expect_parity(c->name, "hosts", has, c->has_hosts, &facts, c->hosts);
        findings_reset(&f);
        findings_of_domain(&d.seen, NULL, &f);
        expect_findings(c->name, &f, SCOPE_DOMAIN, c->expected);
    }
    findings_deinit(&f);
}

void cover_parity(struct covered *c)
{
    for (size_t i = 0; i < HOST_CASES; i++) {
        cover_row(c, host_cases[i].expected, host_cases[i].spares);
    }
    for (size_t i = 0; i < DOMAIN_CASES; i++) {
        cover_row(c, domain_cases[i].expected, domain_cases[i].spares);
    }
}
