#include <criterion/criterion.h>

#include "scanner/analysis/rollup.h"
#include "tests/unit/analysis/made_up.h"

#define END(outcome_, ...)                                        \
    {                                                             \
        .there = true, .outcome = OUTCOME_##outcome_, __VA_ARGS__ \
    }
#define BARE(outcome_)                               \
    {                                                \
        .there = true, .outcome = OUTCOME_##outcome_ \
    }
#define TLS13 .starttls = STARTTLS_OFFERED, .tls_version = 0x0304
#define GOOD                                                                            \
    .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT, .sni = SNI_SAME, \
    .sni_acceptable = SNI_ACCEPTABLE_BOTH
#define LEFT(reason) .not_tested = NOT_TESTED_##reason

struct property_case {
    const char *name;
    struct made_endpoint endpoint;
    enum truth truth[PROPERTY_COUNT];
};

#define Y TRUTH_YES
#define N TRUTH_NO
#define U TRUTH_UNKNOWN

/* Requirement R11: what is not conclusive is unknown, never "no STARTTLS". */
static const struct property_case property_cases[] = {
    /* reachable, starttls, established, 1.0, 1.1, 1.2, 1.3, >= 1.2, trusted,
     * self-signed, expired, name, other name,
     * both, SNI */
    {"TLS 1.0",
     END(ESTABLISHED, .starttls = STARTTLS_OFFERED, .tls_version = 0x0301, GOOD),
     {Y, Y, Y, Y, N, N, N, N, Y, N, N, Y, N, Y, N}},
    {"TLS 1.1",
     END(ESTABLISHED, .starttls = STARTTLS_OFFERED, .tls_version = 0x0302, GOOD),
     {Y, Y, Y, N, Y, N, N, N, Y, N, N, Y, N, Y, N}},
    {"RFC 8461 7.2: TLS 1.2",
     END(ESTABLISHED, .starttls = STARTTLS_OFFERED, .tls_version = 0x0303, GOOD),
     {Y, Y, Y, N, N, Y, N, Y, Y, N, N, Y, N, Y, N}},
    {"TLS 1.3", END(ESTABLISHED, TLS13, GOOD), {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, N}},
    {"plain",
     END(STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED),
     {Y, N, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"RFC 3207 4: offered, then 454",
     END(STARTTLS_TEMPFAIL, .starttls = STARTTLS_TEMPFAIL),
     {Y, Y, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"handshake fails",
     END(TLS_ALERT, .starttls = STARTTLS_OFFERED),
     {Y, Y, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"dead", BARE(CONNECT_TIMEOUT), {N, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"busy", BARE(GREETING_TEMPFAIL), {Y, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"left out",
     END(NOT_TESTED, LEFT(ADDRESS_BUDGET)),
     {U, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"no route",
     END(NOT_TESTED, LEFT(FAMILY_DISABLED)),
     {U, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"RFC 6890 2.2: nobody's",
     END(NOT_TESTED, LEFT(SPECIAL_PURPOSE)),
     {N, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"ours", BARE(LOCAL_FAULT), {U, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},

    {"RFC 5280 6.1: expired",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_EXPIRED, .name_match = NAME_MATCH_EXACT,
         .sni = SNI_SAME),
     {Y, Y, Y, N, N, N, Y, Y, N, N, Y, Y, N, N, N}},
    {"RFC 9525 6.3: another name",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_OTHER,
         .sni = SNI_SAME),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, N, Y, N, N}},
    {"RFC 9525 6.3: a wildcard",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_WILDCARD,
         .sni = SNI_SAME),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, N}},
    {"RFC 9525 2: a common name is none",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_CN_ONLY,
         .sni = SNI_SAME),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, N, Y, N, N}},
    {"a chain that was not judged",
     END(ESTABLISHED, TLS13, .leaf = 1, .name_match = NAME_MATCH_EXACT, .sni = SNI_SAME),
     {Y, Y, Y, N, N, N, Y, Y, U, U, U, Y, N, U, N}},
    {"not judged, but another name",
     END(ESTABLISHED, TLS13, .leaf = 1, .name_match = NAME_MATCH_OTHER, .sni = SNI_SAME),
     {Y, Y, Y, N, N, N, Y, Y, U, U, U, N, Y, N, N}},
    {"anonymous", END(ESTABLISHED, TLS13), {Y, Y, Y, N, N, N, Y, Y, N, N, N, N, N, N, U}},

    {"RFC 8461 7.1: the other leaf fails",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT,
         .sni = SNI_DIFFERS, .sni_acceptable = SNI_ACCEPTABLE_ONLY_SNI),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, Y}},
    {"the other leaf passes",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT,
         .sni = SNI_DIFFERS, .sni_acceptable = SNI_ACCEPTABLE_BOTH),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, N}},
    {"the other leaf is not known",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, U}},
    {"RFC 8461 7.1: fails without",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_SELF_SIGNED, .name_match = NAME_MATCH_EXACT,
         .sni = SNI_FATAL_WITHOUT),
     {Y, Y, Y, N, N, N, Y, Y, N, Y, N, Y, N, N, Y}},
    {"RFC 6066 3: fails with",
     END(TLS_ALERT, .starttls = STARTTLS_OFFERED, .sni = SNI_FATAL_WITH),
     {Y, Y, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"RFC 6066 3: a handshake without the name says nothing of the certificate for it",
     END(ESTABLISHED, .starttls = STARTTLS_OFFERED, .inherited = true),
     {Y, Y, Y, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"nor does its failure",
     END(TLS_ALERT, .starttls = STARTTLS_OFFERED, .inherited = true),
     {Y, Y, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"RFC 3207 4: what ends before TLS does not depend on the name",
     END(STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .inherited = true),
     {Y, N, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"RFC 3207 4: STARTTLS here, and none in the session without SNI",
     END(ESTABLISHED, TLS13, GOOD, .no_sni = OUTCOME_STARTTLS_NOT_OFFERED),
     {Y, U, U, N, N, N, Y, Y, Y, N, N, Y, N, Y, N}},
    {"RFC 3207 4: none here, and STARTTLS in the session without SNI",
     END(STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .no_sni = OUTCOME_ESTABLISHED),
     {Y, U, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"none here, and a handshake that fails there: no TLS in either",
     END(STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .no_sni = OUTCOME_TLS_ALERT),
     {Y, U, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"454 here, and TLS there: offered in both",
     END(STARTTLS_TEMPFAIL, .starttls = STARTTLS_TEMPFAIL, .no_sni = OUTCOME_ESTABLISHED),
     {Y, Y, U, U, U, U, U, U, U, U, U, U, U, U, U}},
    {"masked here, and not listed there: offered in neither",
     END(STARTTLS_MASKED, .starttls = STARTTLS_MASKED, .no_sni = OUTCOME_STARTTLS_NOT_OFFERED),
     {Y, N, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"silence in one session answers nothing",
     END(STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .no_sni = OUTCOME_EHLO_TIMEOUT),
     {Y, N, N, N, N, N, N, N, N, N, N, N, N, N, N}},
    {"not for the name",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT,
         .sni = SNI_UNSTABLE, .sni_acceptable = SNI_ACCEPTABLE_ONLY_SNI),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, U}},
    {"RFC 8446 4.4.2: the same leaf, without its intermediate by default",
     END(ESTABLISHED, TLS13, .leaf = 1, .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT,
         .sni = SNI_SAME, .sni_acceptable = SNI_ACCEPTABLE_ONLY_SNI),
     {Y, Y, Y, N, N, N, Y, Y, Y, N, N, Y, N, Y, Y}},
};

Test(rollup, a_property_needs_a_conclusive_session)
{
    for (size_t i = 0; i < sizeof(property_cases) / sizeof(property_cases[0]); i++) {
        const struct property_case *c = &property_cases[i];
        struct endpoint_brief brief[MADE_ENDPOINTS];
        const struct made_endpoint one[MADE_ENDPOINTS] = {c->endpoint};
        cr_assert_eq(made_endpoints_fill(brief, one), 1);
        for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
            cr_expect_eq(property_of((enum property)p, brief), c->truth[p], "%s: %s", c->name,
                         property_word((enum property)p));
        }
    }
}

struct value_case {
    struct tally tally;
    bool open;
    enum rollup rollup;
};

/* Design section 3: unknown whenever an untested endpoint could change it. */
static const struct value_case value_cases[] = {
    {{0, 0, 0}, false, ROLLUP_UNKNOWN}, {{1, 0, 0}, false, ROLLUP_ALL},
    {{0, 1, 0}, false, ROLLUP_NONE},    {{0, 0, 1}, false, ROLLUP_UNKNOWN},
    {{2, 1, 0}, false, ROLLUP_SOME},    {{1, 0, 1}, false, ROLLUP_UNKNOWN},
    {{0, 1, 1}, false, ROLLUP_UNKNOWN}, {{1, 1, 1}, false, ROLLUP_SOME},
    {{1, 0, 0}, true, ROLLUP_UNKNOWN},  {{0, 1, 0}, true, ROLLUP_UNKNOWN},
    {{1, 1, 0}, true, ROLLUP_SOME},
};

Test(rollup, it_is_unknown_while_it_could_change)
{
    for (size_t i = 0; i < sizeof(value_cases) / sizeof(value_cases[0]); i++) {
        const struct value_case *c = &value_cases[i];
        const struct roll_up r = {.open = c->open, .property = {[PROPERTY_STARTTLS] = c->tally}};
        cr_expect_eq(roll_up_value(&r, PROPERTY_STARTTLS), c->rollup, "row %zu", i);
    }
}

struct host_case {
    const char *name;
    struct made_endpoint endpoints[MADE_ENDPOINTS];
    enum dns_state aaaa;
    size_t truncated;
    uint16_t port; /* what host_port() says */
    uint64_t endpoint_count;
    enum rollup reachable;
    enum rollup established;
    uint64_t established_total;
};

static const struct host_case host_cases[] = {
    {"all",
     {END(ESTABLISHED, TLS13), END(ESTABLISHED, TLS13)},
     DNS_NODATA,
     0,
     25,
     2,
     ROLLUP_ALL,
     ROLLUP_ALL,
     2},
    {"the other family is not known",
     {END(ESTABLISHED, TLS13)},
     DNS_SERVFAIL,
     0,
     25,
     1,
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     1},
    {"more addresses than are kept",
     {END(ESTABLISHED, TLS13)},
     DNS_NODATA,
     1,
     25,
     1,
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     1},
    {"no route of the other family",
     {END(ESTABLISHED, TLS13), END(NOT_TESTED, LEFT(FAMILY_DISABLED))},
     DNS_DATA,
     0,
     25,
     2,
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN,
     2},
    {"RFC 6890 2.2: nobody reaches the second, so nothing is left to test",
     {END(ESTABLISHED, TLS13), END(NOT_TESTED, LEFT(SPECIAL_PURPOSE))},
     DNS_DATA,
     0,
     25,
     2,
     ROLLUP_SOME,
     ROLLUP_ALL,
     1},
    {"RFC 6890 2.2: nobody reaches the host",
     {END(NOT_TESTED, LEFT(SPECIAL_PURPOSE))},
     DNS_NODATA,
     0,
     25,
     1,
     ROLLUP_NONE,
     ROLLUP_UNKNOWN,
     0},
    {"mail arrives at port 25",
     {END(ESTABLISHED, TLS13), END(REFUSED, .port = 587)},
     DNS_NODATA,
     0,
     25,
     1,
     ROLLUP_ALL,
     ROLLUP_ALL,
     1},
    {"without port 25, all",
     {END(ESTABLISHED, TLS13, .port = 465), END(REFUSED, .port = 587)},
     DNS_NODATA,
     0,
     PORT_ALL,
     2,
     ROLLUP_SOME,
     ROLLUP_UNKNOWN,
     2},
    {"no address", {{0}}, DNS_NODATA, 0, PORT_ALL, 0, ROLLUP_UNKNOWN, ROLLUP_UNKNOWN, 0},
};

Test(rollup, a_host_is_rolled_up_over_its_addresses)
{
    for (size_t i = 0; i < sizeof(host_cases) / sizeof(host_cases[0]); i++) {
        const struct host_case *c = &host_cases[i];
        struct endpoint_brief briefs[MADE_ENDPOINTS];
        const struct seen_host h = {
            .a = {.state = DNS_DATA},
            .aaaa = {.state = (uint8_t)c->aaaa},
            .addresses_truncated = c->truncated,
            .endpoints = briefs,
            .endpoint_count = made_endpoints_fill(briefs, c->endpoints),
        };
        cr_expect_eq(host_port(&h), c->port, "%s", c->name);
        struct roll_up r = roll_up_host(&h, c->port);
        const struct tally *t = &r.property[PROPERTY_ESTABLISHED];
        cr_expect_eq(r.endpoints, c->endpoint_count, "%s", c->name);
        cr_expect_eq(roll_up_value(&r, PROPERTY_REACHABLE), c->reachable, "%s", c->name);
        cr_expect_eq(roll_up_value(&r, PROPERTY_ESTABLISHED), c->established, "%s", c->name);
        cr_expect_eq(t->yes + t->no + t->unknown, c->established_total, "%s", c->name);
    }
}

struct set_case {
    const char *name;
    struct made_mx mx[3];
    size_t left_out; /* exchanges that are not worked on */
    enum rollup whole;
    enum rollup primary;
};

#define GOOD_HOST(preference, name) \
    MADE_DIALLED(preference, name, DATA, NODATA, END(ESTABLISHED, TLS13))

/* RFC 5321 section 5.1: the lowest preference first, and the next only where that fails. */
static const struct set_case set_cases[] = {
    {"alike", {GOOD_HOST(10, "a.test"), GOOD_HOST(20, "b.test")}, 0, ROLLUP_ALL, ROLLUP_ALL},
    {"exchanges over the cap come last",
     {GOOD_HOST(10, "a.test"), GOOD_HOST(20, "b.test")},
     4,
     ROLLUP_UNKNOWN,
     ROLLUP_ALL},
    {"or in the middle of a preference",
     {GOOD_HOST(10, "a.test"), GOOD_HOST(10, "b.test")},
     4,
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN},
    {"on the block list",
     {MADE_BLOCKED(10, "a.test"), GOOD_HOST(20, "b.test")},
     0,
     ROLLUP_UNKNOWN,
     ROLLUP_UNKNOWN},
    {"no host name",
     {MADE_UNUSABLE(10, "192.0.2.1", "ip_literal"), GOOD_HOST(20, "b.test")},
     0,
     ROLLUP_ALL,
     ROLLUP_ALL},
};

Test(rollup, a_domain_is_rolled_up_whole_and_by_lowest_preference)
{
    for (size_t i = 0; i < sizeof(set_cases) / sizeof(set_cases[0]); i++) {
        const struct set_case *c = &set_cases[i];
        struct made_mx mx[MADE_MX_MAX] = {{0}};
        memcpy(mx, c->mx, sizeof(c->mx));
        struct made_domain d;
        made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
        d.seen.mx_total += c->left_out;
        cr_expect_eq(domain_port(&d.seen), 25, "%s", c->name);
        struct roll_up whole = roll_up_domain(&d.seen, 25);
        struct roll_up primary = roll_up_primary(&d.seen, 25);
        cr_expect_eq(roll_up_value(&whole, PROPERTY_ESTABLISHED), c->whole, "%s", c->name);
        cr_expect_eq(roll_up_value(&primary, PROPERTY_ESTABLISHED), c->primary, "%s", c->name);
    }
}

/* A host with as many addresses as are kept may have more; another host of the set is whole. */
Test(rollup, a_host_that_may_be_cut_opens_its_set_only)
{
    struct endpoint_brief many[HOST_ADDRESSES_MAX];
    for (size_t i = 0; i < HOST_ADDRESSES_MAX; i++) {
        const uint8_t octets[4] = {192, 0, 2, (uint8_t)i};
        many[i] = (struct endpoint_brief){.address = net_addr_v4(octets),
                                          .port = 25,
                                          .outcome = OUTCOME_ESTABLISHED,
                                          .tls_version = 0x0304};
    }
    const struct seen_mx mx[] = {
        {.preference = 10, .a_state = DNS_DATA, .endpoints = many, .endpoint_count = 1},
        {.preference = 20,
         .a_state = DNS_DATA,
         .endpoints = many,
         .endpoint_count = HOST_ADDRESSES_MAX},
    };
    struct seen_domain d = {.mx = mx, .mx_count = 2, .mx_total = 2};
    struct roll_up whole = roll_up_domain(&d, 25);
    cr_expect_eq(roll_up_value(&whole, PROPERTY_ESTABLISHED), ROLLUP_ALL);
    d.endpoints_truncated = true;
    whole = roll_up_domain(&d, 25);
    struct roll_up primary = roll_up_primary(&d, 25);
    cr_expect_eq(roll_up_value(&whole, PROPERTY_ESTABLISHED), ROLLUP_UNKNOWN);
    cr_expect_eq(roll_up_value(&primary, PROPERTY_ESTABLISHED), ROLLUP_ALL);
}

struct port_case {
    const char *name;
    uint16_t ports[3];
    size_t count;
    uint16_t expected;
};

static const struct port_case port_cases[] = {
    {"mail's", {25}, 1, 25},
    {"wherever it stands, RFC 6698 section 3", {587, 465, 25}, 3, 25},
    {"the first where it is not asked for", {587, 465}, 2, 587},
};

Test(rollup, tlsa_records_are_asked_for_the_port_of_mail)
{
    for (size_t i = 0; i < sizeof(port_cases) / sizeof(port_cases[0]); i++) {
        const struct port_case *c = &port_cases[i];
        cr_expect_eq(tlsa_port_of(c->ports, c->count), c->expected, "%s", c->name);
    }
}

Test(rollup, addresses_at_other_ports_say_nothing_of_mail)
{
    const struct endpoint_brief at_587 = {.port = 587};
    const struct endpoint_brief both[] = {{.port = 587}, {.port = 25}};
    const struct seen_mx mx[] = {{.endpoints = &at_587, .endpoint_count = 1},
                                 {.endpoints = both, .endpoint_count = 2}};
    cr_expect(domain_lacks_smtp_port(&(struct seen_domain){.mx = mx, .mx_count = 1}));
    cr_expect_not(domain_lacks_smtp_port(&(struct seen_domain){.mx = mx, .mx_count = 2}));
    cr_expect_not(domain_lacks_smtp_port(&(struct seen_domain){.mx = mx}));
}
