#include <criterion/criterion.h>

#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/name_match.h"
#include "scanner/cert/cert_names.h"

#define NAMES_MAX 3

/* Names that DANE-TA takes, RFC 7672 sections 3.2.2 and 3.2.3. */
struct name_case {
    const char *why;
    const char *dns[NAMES_MAX]; /* ends with the first that is NULL */
    const char *cn[NAMES_MAX];
    const char *domain;
    bool covered;
    bool nameless; /* none of them could be a domain's */
};

static const struct name_case cases[] = {
    {"a dNSName", {"a.example.net"}, {NULL}, "a.example.net", true, false},
    {"in upper case", {"A.Example.NET"}, {NULL}, "a.example.net", true, false},
    {"the second of two", {"b.test", "a.example.net"}, {NULL}, "a.example.net", true, false},
    {"a wildcard", {"*.example.net"}, {NULL}, "a.example.net", true, false},
    {"a wildcard stands for one label", {"*.example.net"}, {NULL}, "b.a.example.net", false, false},
    {"and not for none", {"*.example.net"}, {NULL}, "example.net", false, false},
    {"a name above", {"example.net"}, {NULL}, "a.example.net", false, false},
    {"a name below", {"www.a.example.net"}, {NULL}, "a.example.net", false, false},
    {"another", {"b.test"}, {NULL}, "a.example.net", false, false},
    {"CN-ID where there is no DNS-ID", {NULL}, {"a.example.net"}, "a.example.net", true, false},
    {"by a wildcard", {NULL}, {"*.example.net"}, "a.example.net", true, false},
    {"any of them", {NULL}, {"Mail", "a.example.net"}, "a.example.net", true, false},
    {"no CN-ID beside a DNS-ID", {"b.test"}, {"a.example.net"}, "a.example.net", false, false},
    {"words", {NULL}, {"Mail Server, Inc."}, "a.example.net", false, true},
    {"a machine's own name", {"localhost"}, {"a.example.net"}, "a.example.net", false, true},
    {"nothing", {NULL}, {NULL}, "a.example.net", false, true},
    {"the empty name", {""}, {NULL}, "a.example.net", false, true},
};

static void pack(struct buf *out, enum cert_names_kind kind, const char *const names[NAMES_MAX])
{
    for (size_t i = 0; i < NAMES_MAX && names[i] != NULL; i++) {
        buf_put_char(out, (char)kind);
        buf_put_char(out, 0);
        buf_put_char(out, (char)strlen(names[i]));
        buf_put_text(out, names[i]);
    }
}

/* Where the bits say no the names do not cover the domain; where they do, the bits say so. */
Test(leaf_names, no_is_certain)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct name_case *c = &cases[i];
        struct buf names = BUF_INIT(BUF_NO_LIMIT);
        pack(&names, CERT_NAMES_DNS, c->dns);
        pack(&names, CERT_NAMES_CN, c->cn);
        struct span domain = span_of(c->domain);
        uint64_t bits = leaf_names_of(buf_span(&names));
        cr_expect_eq(name_match_covers_or_cn(buf_span(&names), domain), c->covered, "%s", c->why);
        cr_expect_eq(leaf_names_may_cover(bits, domain), c->covered, "%s: bits", c->why);
        cr_expect_eq(bits == 0, c->nameless, "%s: nameless", c->why);
        buf_deinit(&names);
    }
}

Test(leaf_names, a_domain_as_long_as_names_get)
{
    uint8_t octets[255];
    memset(octets, 'a', sizeof(octets));
    octets[1] = '.';
    for (size_t len = 0; len <= sizeof(octets); len++) {
        cr_expect(!leaf_names_may_cover(0, (struct span){octets, len}));
    }
}

Test(leaf_names, parents_by_common_name)
{
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    pack(&names, CERT_NAMES_CN, (const char *const[NAMES_MAX]){"Example.net", NULL});
    cr_expect_eq(name_match_parents_or_cn(buf_span(&names), SPAN_LIT("mx.a.example.net")), 2);
    cr_expect_eq(name_labels_above(SPAN_LIT("example.net"), SPAN_LIT("mx.a.example.net")), 2);
    cr_expect_eq(name_labels_above(SPAN_LIT("ample.net"), SPAN_LIT("mx.a.example.net")), 0);
    cr_expect_eq(name_labels_above(SPAN_LIT("example.net"), SPAN_LIT("example.net")), 0);
    buf_deinit(&names);
}
