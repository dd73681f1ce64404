#include <string.h>

#include <criterion/criterion.h>

#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/name_match.h"
#include "scanner/cert/cert_names.h"

#define MX_COUNT 4

/* One exchange with one endpoint; the row ends with the first without `host`. */
struct exchange {
    const char *host;
    enum dane_host dane;
    enum dane_status endpoint;
    uint16_t port; /* 0: 25 */
    const char *unusable;
    bool special; /* an address that nobody dials */
    uint8_t flags;
    const char *leaf_of; /* a dNSName */
};

struct row {
    const char *name;
    struct exchange mx[MX_COUNT];
    enum dane_domain_state expected;
    struct tally endpoints;
    enum mx_kind kind; /* NOT_ASKED: EXPLICIT */
    size_t mx_beyond;
    bool insecure_mx;
    const char *alias_of; /* the domain is an alias of this; NULL: none */
};

#define MATCHES(name)                                                    \
    {                                                                    \
        .host = (name), .dane = DANE_HOST_USABLE, .endpoint = DANE_MATCH \
    }
#define WITHOUT(name)                                                 \
    {                                                                 \
        .host = (name), .dane = DANE_HOST_NONE, .endpoint = DANE_NONE \
    }
#define OF(name, d, e)                                              \
    {                                                               \
        .host = (name), .dane = DANE_HOST_##d, .endpoint = DANE_##e \
    }

#define NEXT_HOP       "a.example.net"
#define BELOW_NEXT_HOP "mx.a.example.net"
/* DANE-TA and its path match, the host's names do not; the leaf is for `name`. */
#define FOR_NAME(host_, name_)                                                  \
    {                                                                           \
        .host = (host_), .dane = DANE_HOST_USABLE, .endpoint = DANE_OTHER_NAME, \
        .flags = DANE_FLAG_TA_NO_NAME, .leaf_of = (name_)                       \
    }

static const struct row rows[] = {
    {.name = "every exchange has records",
     .mx = {MATCHES("a"), MATCHES("b")},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 2}},
    {.name = "some have: a downgrade is possible, RFC 7672 section 2.2.1",
     .mx = {MATCHES("a"), WITHOUT("b")},
     .expected = DANE_DOMAIN_PARTIAL,
     .endpoints = {.yes = 1}},
    {.name = "some are insecure",
     .mx = {MATCHES("a"), OF("b", TLSA_INSECURE, NONE)},
     .expected = DANE_DOMAIN_PARTIAL,
     .endpoints = {.yes = 1}},
    {.name = "none has", .mx = {WITHOUT("a"), WITHOUT("b")}, .expected = DANE_DOMAIN_NONE},
    {.name = "records without AD are of no effect",
     .mx = {OF("a", TLSA_INSECURE, NONE), WITHOUT("b")},
     .expected = DANE_DOMAIN_INEFFECTIVE},
    {.name = "records of an insecure host",
     .mx = {OF("a", HOST_INSECURE, NONE)},
     .expected = DANE_DOMAIN_INEFFECTIVE},
    {.name = "unusable records demand TLS and authenticate nobody: RFC 7672 sections 2.2, 3.1.3",
     .mx = {OF("a", UNUSABLE, UNUSABLE)},
     .expected = DANE_DOMAIN_UNUSABLE},
    {.name = "unusable records, and an exchange without any",
     .mx = {OF("a", UNUSABLE, UNUSABLE), WITHOUT("b")},
     .expected = DANE_DOMAIN_UNUSABLE},
    {.name = "and one whose records are insecure",
     .mx = {OF("a", UNUSABLE, UNUSABLE), OF("b", TLSA_INSECURE, NONE)},
     .expected = DANE_DOMAIN_UNUSABLE},
    {.name = "and one that is not known",
     .mx = {OF("a", UNUSABLE, UNUSABLE), OF("b", UNKNOWN, UNKNOWN)},
     .expected = DANE_DOMAIN_UNKNOWN},
    {.name = "usable records at one exchange, unusable ones at the other",
     .mx = {MATCHES("a"), OF("b", UNUSABLE, UNUSABLE)},
     .expected = DANE_DOMAIN_PARTIAL,
     .endpoints = {.yes = 1}},
    {.name = "a mismatch beside unusable records",
     .mx = {OF("a", USABLE, MISMATCH), OF("b", UNUSABLE, UNUSABLE)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "a mismatch",
     .mx = {MATCHES("a"), OF("b", USABLE, MISMATCH)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.yes = 1, .no = 1}},
    {.name = "no TLS where it is mandatory",
     .mx = {OF("a", USABLE, NO_TLS)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "a lookup failed: RFC 7672 section 2.1.2",
     .mx = {MATCHES("a"), OF("b", LOOKUP_FAILED, FAILED)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.yes = 1}},
    {.name = "a failure is known beside what is not",
     .mx = {OF("a", UNKNOWN, UNKNOWN), OF("b", LOOKUP_FAILED, FAILED)},
     .expected = DANE_DOMAIN_FAILED},
    {.name = "an endpoint is not known",
     .mx = {OF("a", USABLE, UNKNOWN)},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.unknown = 1}},
    {.name = "an exchange is not known",
     .mx = {MATCHES("a"), OF("b", UNKNOWN, UNKNOWN)},
     .expected = DANE_DOMAIN_UNKNOWN,
     .endpoints = {.yes = 1}},
    {.name = "listed twice, counted once",
     .mx = {MATCHES("a"), MATCHES("a")},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "what is no host does not count",
     .mx = {{.host = "192.0.2.1", .unusable = "ip_literal"}, MATCHES("b")},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "DANE is about port 25",
     .mx = {MATCHES("a"), {"b", DANE_HOST_USABLE, DANE_MISMATCH, 465, NULL, false}},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "records of other ports say nothing of mail: RFC 6698 section 3",
     .mx = {{"a", DANE_HOST_USABLE, DANE_MISMATCH, 587, NULL, false},
            {"b", DANE_HOST_LOOKUP_FAILED, DANE_FAILED, 587, NULL, false}},
     .expected = DANE_DOMAIN_UNKNOWN},
    {.name = "addresses that nobody dials",
     .mx = {MATCHES("a"), {"b", DANE_HOST_USABLE, DANE_UNKNOWN, 25, NULL, true}},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "the leaf is for the domain above the host: RFC 7672 section 3.2.2",
     .mx = {FOR_NAME(BELOW_NEXT_HOP, NEXT_HOP)},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "a wildcard above the host covers the domain",
     .mx = {FOR_NAME(BELOW_NEXT_HOP, "*.example.net")},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "the leaf is for another name above the host",
     .mx = {FOR_NAME("mx.b." NEXT_HOP, "b." NEXT_HOP)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "a name below the domain is not the domain",
     .mx = {FOR_NAME(BELOW_NEXT_HOP, "www." NEXT_HOP)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "nor does a name below count where the host lies elsewhere",
     .mx = {FOR_NAME("mx.provider.test", "www." NEXT_HOP)},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "the host lies elsewhere: the leaf may be for the domain",
     .mx = {FOR_NAME("mx.provider.test", NEXT_HOP)},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.unknown = 1}},
    {.name = "and by a wildcard",
     .mx = {FOR_NAME("mx.provider.test", "*.example.net")},
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.unknown = 1}},
    {.name = "it is for another domain",
     .mx = {FOR_NAME("mx.provider.test", "other.example")},
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "what the domain is an alias of is a name as well",
     .mx = {FOR_NAME("mx.real.test", "real.test")},
     .alias_of = "real.test",
     .expected = DANE_DOMAIN_FULL,
     .endpoints = {.yes = 1}},
    {.name = "the MX records are not secure: RFC 7672 section 2.2.1",
     .mx = {FOR_NAME(BELOW_NEXT_HOP, NEXT_HOP)},
     .insecure_mx = true,
     .expected = DANE_DOMAIN_FAILED,
     .endpoints = {.no = 1}},
    {.name = "no exchange", .kind = MX_KIND_NONE, .expected = DANE_DOMAIN_NONE},
    {.name = "the exchanges could not be looked up",
     .kind = MX_KIND_UNKNOWN,
     .expected = DANE_DOMAIN_UNKNOWN},
    {.name = "more exchanges than are worked on",
     .mx = {MATCHES("a")},
     .mx_beyond = 1,
     .expected = DANE_DOMAIN_UNKNOWN,
     .endpoints = {.yes = 1}},
};

/* As cert_names_pack() has one dNSName: its kind, the length in 16 bits, the octets. */
static void give_leaf(struct endpoint_brief *e, const struct exchange *x)
{
    uint8_t packed[64] = {CERT_NAMES_DNS, 0,
                          (uint8_t)(x->leaf_of != NULL ? strlen(x->leaf_of) : 0)};
    if (x->leaf_of != NULL) {
        memcpy(packed + 3, x->leaf_of, packed[2]);
        struct span names = {packed, 3U + packed[2]};
        e->dane_leaf_names = leaf_names_of(names);
        e->dane_covers_parents = name_match_parents_or_cn(names, span_of(x->host));
    }
}

static void check(const struct row *row)
{
    struct seen_mx mx[MX_COUNT] = {0};
    struct endpoint_brief endpoints[MX_COUNT] = {0};
    struct span alias_of = span_of(row->alias_of != NULL ? row->alias_of : "");
    struct seen_domain d = {.mx = mx,
                            .cnames = &alias_of,
                            .cname_count = row->alias_of != NULL,
                            .mx_kind = row->kind ? row->kind : MX_KIND_EXPLICIT,
                            .domain = SPAN_LIT(NEXT_HOP),
                            .mx_dns = {.state = DNS_DATA, .ad = !row->insecure_mx}};
    for (; d.mx_count < MX_COUNT && row->mx[d.mx_count].host != NULL; d.mx_count++) {
        const struct exchange *x = &row->mx[d.mx_count];
        struct endpoint_brief *e = &endpoints[d.mx_count];
        e->port = x->port ? x->port : 25;
        e->outcome = x->special ? OUTCOME_NOT_TESTED : OUTCOME_ESTABLISHED;
        e->not_tested = x->special ? NOT_TESTED_SPECIAL_PURPOSE : NOT_TESTED_NONE;
        e->dane = (uint8_t)x->endpoint;
        e->dane_flags = x->flags;
        give_leaf(e, x);
        mx[d.mx_count] = (struct seen_mx){.host = span_of(x->host),
                                          .unusable = x->unusable,
                                          .dane_host = (uint8_t)x->dane,
                                          .endpoints = e,
                                          .endpoint_count = x->unusable == NULL};
    }
    d.mx_total = d.mx_count + row->mx_beyond;
    struct dane_domain v;
    dane_domain_fill(&v, &d, true);
    cr_expect_eq(v.state, row->expected, "%s: %s", row->name, dane_domain_word(v.state));
    cr_expect(v.endpoints.yes == row->endpoints.yes && v.endpoints.no == row->endpoints.no &&
                  v.endpoints.unknown == row->endpoints.unknown,
              "%s: %d %d %d", row->name, (int)v.endpoints.yes, (int)v.endpoints.no,
              (int)v.endpoints.unknown);
}

Test(dane_domain, states)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&rows[i]);
    }
}

/* RFC 7672 section 2.2.1: only a secure MX RRset says which names are right. */
Test(dane_domain, strict)
{
    static const struct {
        struct seen_dns mx;
        bool trust_ad;
        enum dnssec_state expected;
    } given[] = {
        {{.state = DNS_DATA, .ad = true}, true, DNSSEC_SECURE},
        {{.state = DNS_DATA, .ad = true}, false, DNSSEC_UNKNOWN},
        {{.state = DNS_DATA}, true, DNSSEC_INSECURE},
        {{.state = DNS_BOGUS}, true, DNSSEC_BOGUS},
    };
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        struct seen_domain d = {.mx_kind = MX_KIND_EXPLICIT, .mx_dns = given[i].mx};
        struct dane_domain v;
        dane_domain_fill(&v, &d, given[i].trust_ad);
        cr_expect_eq(v.mx, given[i].expected, "%zu", i);
        cr_expect_eq(v.strict, given[i].expected == DNSSEC_SECURE, "%zu", i);
    }
}
