#include <criterion/criterion.h>

#include "tests/unit/dane/dane_fixture.h"

/* --- one answer ---------------------------------------------------------------------------- */

Test(dnssec, states)
{
    static const struct {
        const char *name;
        enum dns_state state;
        bool ad;
        bool rrsig;
        bool trust;
        enum dnssec_state expected;
    } rows[] = {
        {"not asked", DNS_NOT_ASKED, true, true, true, DNSSEC_UNKNOWN},
        {"data with AD: RFC 4035 section 4.9.3", DNS_DATA, true, true, true, DNSSEC_SECURE},
        {"AD on a denial", DNS_NODATA, true, false, true, DNSSEC_SECURE},
        {"AD on a name that is not there", DNS_NXDOMAIN, true, false, true, DNSSEC_SECURE},
        {"AD of a resolver that is not trusted: RFC 7672 section 2.1.3", DNS_DATA, true, true,
         false, DNSSEC_UNKNOWN},
        {"no AD, no trust", DNS_DATA, false, false, false, DNSSEC_UNKNOWN},
        {"no AD: unsigned", DNS_DATA, false, false, true, DNSSEC_INSECURE},
        {"no AD: signed, without DS", DNS_DATA, false, true, true, DNSSEC_NO_CHAIN},
        {"no AD on a denial", DNS_NXDOMAIN, false, false, true, DNSSEC_INSECURE},
        {"bogus: RFC 7672 section 2.1.1", DNS_BOGUS, false, true, true, DNSSEC_BOGUS},
        {"bogus is known without trust", DNS_BOGUS, true, true, false, DNSSEC_BOGUS},
        {"SERVFAIL: RFC 7672 section 2.1.2", DNS_SERVFAIL, false, false, true, DNSSEC_FAILED},
        {"SERVFAIL is known without trust", DNS_SERVFAIL, false, false, false, DNSSEC_FAILED},
        {"timeout", DNS_TIMEOUT, false, false, true, DNSSEC_FAILED},
        {"RFC 1035 4.1.1: refused by the resolver", DNS_REFUSED, false, false, true,
         DNSSEC_UNKNOWN},
        {"NOTIMP and the like: of the resolver", DNS_OTHER_RCODE, false, false, true,
         DNSSEC_UNKNOWN},
        {"malformed", DNS_MALFORMED, false, false, true, DNSSEC_FAILED},
        {"CNAME loop", DNS_CNAME_LOOP, true, false, true, DNSSEC_FAILED},
        {"more links than we follow: ours", DNS_CNAME_LIMIT, true, false, true, DNSSEC_UNKNOWN},
        {"our own fault says nothing of the zone", DNS_LOCAL_FAULT, false, false, true,
         DNSSEC_UNKNOWN},
        {"a name that cannot be asked for", DNS_NAME_INVALID, false, false, true, DNSSEC_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen_dns dns = {
            .state = rows[i].state, .ad = rows[i].ad, .rrsig_present = rows[i].rrsig};
        cr_expect_eq(dnssec_state_of(&dns, rows[i].trust), rows[i].expected, "%s", rows[i].name);
    }
}

/* --- one host ------------------------------------------------------------------------------ */

static const uint8_t digest[32] = {1};
static const struct seen_tlsa usable[] = {{3, 1, 1, {digest, 32}}};
static const struct seen_tlsa pkix[] = {{0, 0, 1, {digest, 32}}, {1, 1, 1, {digest, 32}}};
static const struct seen_tlsa mixed[] = {{1, 1, 1, {digest, 32}}, {3, 1, 1, {digest, 32}}};
static const struct seen_tlsa of_nothing[] = {{3, 1, 1, SPAN_INIT(EMPTY_SHA256)}};
static const struct seen_tlsa short_digest[] = {{3, 1, 1, {digest, 31}}};

#define SECURE(type)                    \
    {                                   \
        .state = DNS_##type, .ad = true \
    }
#define INSECURE(type)      \
    {                       \
        .state = DNS_##type \
    }
#define NO_CHAIN(type)                             \
    {                                              \
        .state = DNS_##type, .rrsig_present = true \
    }
#define RECORDS(set)  .tlsas = (set), .tlsa_count = sizeof(set) / sizeof((set)[0])
#define EXPANDED(set) .expanded_tlsas = (set), .expanded_tlsa_count = sizeof(set) / sizeof((set)[0])
#define ALIAS         .cnames = links, .cname_count = 2

static const struct span links[] = {SPAN_INIT("middle.test"), SPAN_INIT("end.test")};

struct host_row {
    const char *name;
    struct seen_host host;
    bool untrusted;
    enum dane_host expected;
    const char *base; /* NULL: none */
};

static void check_host(const struct host_row *row)
{
    struct seen_host host = row->host;
    host.name = SPAN_LIT("mx.test");
    struct dane_host_verdict v;
    dane_judge_host(&host, !row->untrusted, &v);
    cr_expect_eq(v.state, row->expected, "%s: %s", row->name, dane_host_word(v.state));
    cr_expect(span_eq(v.base, span_of(row->base)), "%s: base %.*s", row->name, (int)v.base.len,
              (const char *)v.base.at);
    if (v.base.len > 0) {
        enum tlsa_place at = host.cname_count == 0        ? TLSA_PLACE_HOST
                             : span_eq(v.base, host.name) ? TLSA_PLACE_ALIAS
                                                          : TLSA_PLACE_TARGET;
        cr_expect_eq(v.at, at, "%s: at %s", row->name, tlsa_place_word(v.at));
    }
}

/* Where senders differ in the name that they ask at, it matters whose answer decides: RFC 7672 section 2.2.2. */
Test(dane_host, where_it_was_decided)
{
    static const struct {
        const char *name;
        struct seen_host host;
        enum dane_host state;
        enum tlsa_place at;
    } rows[] = {
        {"not asked", {.a = SECURE(DATA), ALIAS}, DANE_HOST_UNKNOWN, TLSA_PLACE_NONE},
        {"none, and no alias",
         {.a = SECURE(DATA), .tlsa = SECURE(NODATA)},
         DANE_HOST_NONE,
         TLSA_PLACE_HOST},
        {"none at either name",
         {.a = SECURE(DATA), ALIAS, .tlsa = SECURE(NODATA), .expanded_tlsa = SECURE(NODATA)},
         DANE_HOST_NONE,
         TLSA_PLACE_ALIAS},
        {"the question at the alias fails, that at its end does not",
         {.a = SECURE(DATA),
          ALIAS,
          .tlsa = {.state = DNS_SERVFAIL},
          .expanded_tlsa = SECURE(NODATA)},
         DANE_HOST_LOOKUP_FAILED,
         TLSA_PLACE_ALIAS},
        {"the question at the end fails",
         {.a = SECURE(DATA),
          ALIAS,
          RECORDS(usable),
          .tlsa = SECURE(DATA),
          .expanded_tlsa = {.state = DNS_SERVFAIL}},
         DANE_HOST_LOOKUP_FAILED,
         TLSA_PLACE_TARGET},
        {"unusable records at the end",
         {.a = SECURE(DATA),
          ALIAS,
          RECORDS(usable),
          .tlsa = SECURE(DATA),
          EXPANDED(pkix),
          .expanded_tlsa = SECURE(DATA)},
         DANE_HOST_UNUSABLE,
         TLSA_PLACE_TARGET},
        {"the links are not secure throughout",
         {.a = INSECURE(DATA),
          ALIAS,
          RECORDS(usable),
          .tlsa = SECURE(DATA),
          .first_cname = SECURE(DATA)},
         DANE_HOST_USABLE,
         TLSA_PLACE_ALIAS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen_host host = rows[i].host;
        struct dane_host_verdict v;
        host.name = SPAN_LIT("mx.test");
        dane_judge_host(&host, true, &v);
        cr_expect_eq(v.state, rows[i].state, "%s: %s", rows[i].name, dane_host_word(v.state));
        cr_expect_eq(v.at, rows[i].at, "%s: at %s", rows[i].name, tlsa_place_word(v.at));
    }
}

/* RFC 7672 section 2.2: TLSA records belong to a name. */
Test(dane_host, an_address_has_none)
{
    static const char *const literals[] = {"192.0.2.1", "2001:db8::1"};
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        const struct seen_host host = {.name = span_of(literals[i])};
        struct dane_host_verdict v;
        dane_judge_host(&host, true, &v);
        cr_expect_eq(v.state, DANE_HOST_NONE, "%s: %s", literals[i], dane_host_word(v.state));
        cr_expect_eq(v.base.len, 0);
    }
}

static const struct host_row plain_rows[] = {
    {"usable: RFC 7672 section 2.2",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"one usable among those that are not",
     {.a = SECURE(DATA), .aaaa = SECURE(DATA), .tlsa = SECURE(DATA), RECORDS(mixed)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"PKIX usages only, RFC 7672 section 3.1.3: TLS all the same",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(pkix)},
     false,
     DANE_HOST_UNUSABLE,
     "mx.test"},
    {"malformed only: none usable",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(short_digest)},
     false,
     DANE_HOST_UNUSABLE,
     "mx.test"},
    {"secure denial",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(NXDOMAIN)},
     false,
     DANE_HOST_NONE,
     NULL},
    {"insecure denial below secure addresses",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = INSECURE(NODATA)},
     false,
     DANE_HOST_NONE,
     NULL},
    {"TLSA without AD: of no effect",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = INSECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_TLSA_INSECURE,
     NULL},
    {"TLSA signed, without DS",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = NO_CHAIN(DATA), RECORDS(usable)},
     false,
     DANE_HOST_TLSA_INSECURE,
     NULL},
    {"TLSA bogus: RFC 7672 section 2.1.2",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = {.state = DNS_BOGUS}, RECORDS(usable)},
     false,
     DANE_HOST_LOOKUP_FAILED,
     NULL},
    {"TLSA SERVFAIL: RFC 7672 section 2.1.2",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = {.state = DNS_SERVFAIL}},
     false,
     DANE_HOST_LOOKUP_FAILED,
     NULL},
    {"TLSA timeout",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = {.state = DNS_TIMEOUT}},
     false,
     DANE_HOST_LOOKUP_FAILED,
     NULL},
    {"addresses insecure: RFC 7672 section 2.2.2",
     {.a = INSECURE(DATA), .aaaa = INSECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_HOST_INSECURE,
     NULL},
    {"addresses insecure, the TLSA lookup fails: nobody would have asked",
     {.a = INSECURE(DATA), .aaaa = INSECURE(NODATA), .tlsa = {.state = DNS_SERVFAIL}},
     false,
     DANE_HOST_NONE,
     NULL},
    {"addresses of one family alone are secure: half of them are bound, RFC 7672 section 2.2.2",
     {.a = SECURE(DATA), .aaaa = INSECURE(DATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_UNKNOWN,
     NULL},
    {"the other one",
     {.a = NO_CHAIN(DATA), .aaaa = SECURE(DATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_UNKNOWN,
     NULL},
    {"the same, and the TLSA lookup fails: at the secure ones the host is skipped",
     {.a = SECURE(DATA), .aaaa = INSECURE(DATA), .tlsa = {.state = DNS_SERVFAIL}},
     false,
     DANE_HOST_UNKNOWN,
     NULL},
    {"the same without TLSA records",
     {.a = SECURE(DATA), .aaaa = INSECURE(DATA), .tlsa = SECURE(NODATA)},
     false,
     DANE_HOST_NONE,
     NULL},
    {"addresses of one family, secure; that there are no others is not: all that is used is secure",
     {.a = SECURE(DATA), .aaaa = INSECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"the same of IPv6",
     {.a = NO_CHAIN(NXDOMAIN), .aaaa = SECURE(DATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"addresses of one family, insecure; that there are no others is secure",
     {.a = INSECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_HOST_INSECURE,
     NULL},
    {"AAAA fails, A is secure: enough to deliver",
     {.a = SECURE(DATA), .aaaa = {.state = DNS_SERVFAIL}, .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"AAAA was not asked for",
     {.a = SECURE(DATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"no address to be had, TLSA records",
     {.a = {.state = DNS_BOGUS},
      .aaaa = {.state = DNS_BOGUS},
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_LOOKUP_FAILED,
     NULL},
    {"no address to be had, no TLSA records",
     {.a = {.state = DNS_TIMEOUT}, .aaaa = {.state = DNS_TIMEOUT}, .tlsa = SECURE(NODATA)},
     false,
     DANE_HOST_NONE,
     NULL},
    {"nothing of the host can be looked up: RFC 7672 section 2.1.3",
     {.a = {.state = DNS_SERVFAIL},
      .aaaa = {.state = DNS_SERVFAIL},
      .tlsa = {.state = DNS_SERVFAIL}},
     false,
     DANE_HOST_UNKNOWN,
     NULL},
    {"TLSA not asked for",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA)},
     false,
     DANE_HOST_UNKNOWN,
     NULL},
    {"AD of a resolver that is not trusted: RFC 7672 section 2.1.3",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(DATA), RECORDS(usable)},
     true,
     DANE_HOST_UNKNOWN,
     NULL},
    {"no records, untrusted: in force for nobody",
     {.a = SECURE(DATA), .aaaa = SECURE(NODATA), .tlsa = SECURE(NODATA)},
     true,
     DANE_HOST_NONE,
     NULL},
};

static const struct host_row alias_rows[] = {
    {"links secure throughout: the end first, RFC 7672 section 2.2.3",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = SECURE(DATA),
      EXPANDED(usable),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "end.test"},
    {"secure denial at the end: the original name",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = SECURE(NXDOMAIN),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"insecure records at the end: the original name",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = INSECURE(DATA),
      EXPANDED(usable),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"the end has the digest of nothing: usable, and in force",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = SECURE(DATA),
      EXPANDED(of_nothing),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "end.test"},
    {"the end has only unusable ones: they are in force",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = SECURE(DATA),
      EXPANDED(pkix),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_UNUSABLE,
     "end.test"},
    {"the lookup at the end fails: RFC 7672 section 2.1.2",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = {.state = DNS_BOGUS},
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_LOOKUP_FAILED,
     NULL},
    {"only the first link is secure: the original name",
     {.a = INSECURE(DATA),
      .aaaa = INSECURE(NODATA),
      ALIAS,
      .first_cname = SECURE(DATA),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_USABLE,
     "mx.test"},
    {"only the first link is secure: records at the end do not count",
     {.a = INSECURE(DATA),
      .aaaa = INSECURE(NODATA),
      ALIAS,
      .first_cname = SECURE(DATA),
      .expanded_tlsa = SECURE(DATA),
      EXPANDED(usable),
      .tlsa = SECURE(NODATA)},
     false,
     DANE_HOST_NONE,
     NULL},
    {"the first link is insecure",
     {.a = INSECURE(DATA),
      .aaaa = INSECURE(NODATA),
      ALIAS,
      .first_cname = INSECURE(DATA),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_HOST_INSECURE,
     NULL},
    {"a secure denial of the first link is no link",
     {.a = INSECURE(DATA),
      .aaaa = INSECURE(NODATA),
      ALIAS,
      .first_cname = SECURE(NODATA),
      .tlsa = SECURE(DATA),
      RECORDS(usable)},
     false,
     DANE_HOST_HOST_INSECURE,
     NULL},
    {"untrusted: records at the end may be in force",
     {.a = SECURE(DATA),
      .aaaa = SECURE(NODATA),
      ALIAS,
      .expanded_tlsa = SECURE(DATA),
      EXPANDED(usable),
      .tlsa = SECURE(NODATA)},
     true,
     DANE_HOST_UNKNOWN,
     NULL},
};

Test(dane_host, without_links)
{
    for (size_t i = 0; i < sizeof(plain_rows) / sizeof(plain_rows[0]); i++) {
        check_host(&plain_rows[i]);
    }
}

Test(dane_host, behind_links)
{
    for (size_t i = 0; i < sizeof(alias_rows) / sizeof(alias_rows[0]); i++) {
        check_host(&alias_rows[i]);
    }
}
