#include <criterion/criterion.h>

#include "scanner/analysis/name_match.h"
#include "scanner/cert/cert_names.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define NAMES_MAX 4

/* One packed entry after the other, as cert_names_pack() writes them. */
static void pack(struct buf *out, enum cert_names_kind kind, struct span name)
{
    buf_put_char(out, (char)kind);
    buf_put_char(out, (char)(name.len >> 8));
    buf_put_char(out, (char)name.len);
    buf_put(out, name);
}

#define NAME(s) SPAN_INIT(s)

struct pattern_case {
    const char *why;
    struct span pattern;
    const char *reference;
    bool match;
};

static const struct pattern_case patterns[] = {
    {"RFC 9525 6.3: exact", NAME("mx.example.com"), "mx.example.com", true},
    {"RFC 9525 6.3, RFC 4343: case", NAME("MX.Example.COM"), "mx.example.com", true},
    {"RFC 9525 6.3: another name", NAME("mx1.example.com"), "mx.example.com", false},
    {"a prefix is no match", NAME("mx.example.co"), "mx.example.com", false},
    {"a tail is no match", NAME("example.com"), "mx.example.com", false},
    {"RFC 5280 4.2.1.6: trailing dot", NAME("mx.example.com."), "mx.example.com", false},
    {"a NUL inside", NAME("mx.example.com\0.evil.test"), "mx.example.com", false},
    {"a NUL at the end", NAME("mx.example.com\0"), "mx.example.com", false},
    {"the empty name", NAME(""), "mx.example.com", false},
    {"RFC 9525 6.3: one whole label", NAME("*.example.com"), "mx.example.com", true},
    {"RFC 9525 6.3: wildcard in any case", NAME("*.EXAMPLE.com"), "mx.example.com", true},
    {"RFC 9525 6.3: not none", NAME("*.example.com"), "example.com", false},
    {"RFC 9525 6.3: not two", NAME("*.example.com"), "a.b.example.com", false},
    {"RFC 9525 6.3: right of the label", NAME("mx.*.com"), "mx.example.com", false},
    {"RFC 9525 6.3: part of a label", NAME("m*.example.com"), "mx.example.com", false},
    {"RFC 9525 6.3: part of a label", NAME("*x.example.com"), "mx.example.com", false},
    {"RFC 9525 6.3: two wildcards", NAME("*.*.com"), "mx.example.com", false},
    {"a wildcard for an A-label", NAME("*.example.com"), "xn--bcher-kva.example.com", true},
    {"a U-label", NAME("b\xc3\xbc.example.com"), "xn--b-eha.example.com", false},
    {"the lone wildcard", NAME("*"), "mx.example.com", false},
    {"the lone wildcard and one label", NAME("*"), "localhost", false},
    {"a wildcard and a dot", NAME("*."), "localhost", false},
    {"matched, and a finding", NAME("*.com"), "example.com", true},
    {"right under the top, two labels", NAME("*.com"), "mx.example.com", false},
    {"RFC 9525 6.4: an address is no name", NAME("192.0.2.1"), "mx.example.com", false},
    {"the empty reference", NAME(""), "", false},
};

Test(name_match, one_pattern_against_one_reference)
{
    for (size_t i = 0; i < COUNT(patterns); i++) {
        const struct pattern_case *c = &patterns[i];
        struct span reference = span_of(c->reference);
        cr_expect_eq(name_match_pattern(c->pattern, reference), c->match, "%s: %.*s", c->why,
                     (int)c->pattern.len, (const char *)c->pattern.at);
        struct buf names = BUF_INIT(BUF_NO_LIMIT);
        pack(&names, CERT_NAMES_DNS, SPAN_LIT("other.test"));
        pack(&names, CERT_NAMES_DNS, c->pattern);
        cr_expect_eq(name_match_covers(buf_span(&names), reference), c->match, "%s: covers",
                     c->why);
        buf_reset(&names);
        pack(&names, CERT_NAMES_CN, c->pattern);
        cr_expect(!name_match_covers(buf_span(&names), reference), "%s: RFC 9525 2: no CN", c->why);
        buf_deinit(&names);
    }
}

struct host_case {
    const char *why;
    struct span dns[NAMES_MAX]; /* ends with the first that is NULL */
    struct span cn[NAMES_MAX];
    const char *reference;
    const char *server_name;
    enum name_match match;
    const char *matched;
    uint8_t covers_parents;
};

#define DNS(...) .dns = {__VA_ARGS__}
#define CN(...)  .cn = {__VA_ARGS__}
#define MX       .reference = "mx.example.com"

static const struct host_case hosts[] = {
    {"exact", DNS(NAME("a.test"), NAME("mx.example.com")), MX, NULL, NAME_MATCH_EXACT,
     "mx.example.com", 0},
    {"exact before a wildcard", DNS(NAME("*.example.com"), NAME("mx.example.com")), MX, NULL,
     NAME_MATCH_EXACT, "mx.example.com", 0},
    {"wildcard", DNS(NAME("*.example.com")), MX, NULL, NAME_MATCH_WILDCARD, "*.example.com", 0},
    {"a match that covers the domain too", DNS(NAME("example.com"), NAME("*.example.com")), MX,
     NULL, NAME_MATCH_WILDCARD, "*.example.com", 1},
    {"RFC 6125 6.4.4: CN where there is no dNSName", CN(NAME("mx.example.com")), MX, NULL,
     NAME_MATCH_CN_ONLY, "mx.example.com", 0},
    {"CN with a wildcard", CN(NAME("*.example.com")), MX, NULL, NAME_MATCH_CN_ONLY, "*.example.com",
     0},
    {"one of several CNs", CN(NAME("Mail"), NAME("mx.example.com")), MX, NULL, NAME_MATCH_CN_ONLY,
     "mx.example.com", 0},
    {"RFC 6125 6.4.4: no CN beside a dNSName", DNS(NAME("other.test")), CN(NAME("mx.example.com")),
     MX, NULL, NAME_MATCH_OTHER, "other.test", 0},
    {"an empty dNSName is one", DNS(NAME("")), CN(NAME("mx.example.com")), MX, NULL,
     NAME_MATCH_OTHER, "", 0},
    {"the domain, not the host", DNS(NAME("www.example.com"), NAME("example.com")), MX, NULL,
     NAME_MATCH_PARENT, "example.com", 1},
    {"a wildcard for a parent", DNS(NAME("*.example.com")), .reference = "a.b.example.com", NULL,
     NAME_MATCH_PARENT, "*.example.com", 1},
    {"two labels up", DNS(NAME("example.com")), .reference = "a.b.example.com", NULL,
     NAME_MATCH_PARENT, "example.com", 2},
    {"two parents", DNS(NAME("example.com"), NAME("b.example.com")), .reference = "a.b.example.com",
     NULL, NAME_MATCH_PARENT, "example.com", 3},
    {"seven labels up and eight", DNS(NAME("h.test"), NAME("i.h.test")),
     .reference = "a.b.c.d.e.f.g.h.test", NULL, NAME_MATCH_PARENT, "h.test", 64},
    {"a wildcard eight labels up", DNS(NAME("*.j.test")), .reference = "a.b.c.d.e.f.g.h.i.j.test",
     NULL, NAME_MATCH_PARENT, "*.j.test", 128},
    {"beyond the bound of levels", DNS(NAME("j.test")), .reference = "a.b.c.d.e.f.g.h.i.j.test",
     NULL, NAME_MATCH_OTHER, "j.test", 0},
    {"the domain as CN: tells what for, covers nothing", CN(NAME("example.com")), MX, NULL,
     NAME_MATCH_PARENT, "example.com", 0},
    {"the server's own name", DNS(NAME("a.test"), NAME("MX1.provider.test")), MX,
     "mx1.provider.test", NAME_MATCH_PROVIDER, "MX1.provider.test", 0},
    {"the server's own name by a wildcard", DNS(NAME("*.provider.test")), MX, "mx1.provider.test",
     NAME_MATCH_PROVIDER, "*.provider.test", 0},
    {"a parent before the server's own name", DNS(NAME("*.provider.test"), NAME("example.com")), MX,
     "mx1.provider.test", NAME_MATCH_PARENT, "example.com", 1},
    {"a name of the provider that the server does not use", DNS(NAME("www.provider.test")), MX,
     "mx1.provider.test", NAME_MATCH_OTHER, "www.provider.test", 0},
    {"RFC 6761 6.3: localhost", DNS(NAME("localhost")), MX, NULL, NAME_MATCH_LOCALHOST, "localhost",
     0},
    {"localhost.localdomain as CN", CN(NAME("localhost.localdomain")), MX, NULL,
     NAME_MATCH_LOCALHOST, "localhost.localdomain", 0},
    {"RFC 6762 3: .local beside a bare host name", DNS(NAME("mail.local"), NAME("Mail-1")), MX,
     NULL, NAME_MATCH_LOCALHOST, "mail.local", 0},
    {"localhost and a real name", DNS(NAME("localhost"), NAME("www.test")), MX, NULL,
     NAME_MATCH_OTHER, "localhost", 0},
    {"a CN that is no host name", CN(NAME("Mail Server")), MX, NULL, NAME_MATCH_OTHER,
     "Mail Server", 0},
    {"no names", .reference = "mx.example.com", .match = NAME_MATCH_NO_NAMES, .matched = ""},
    {"an empty CN", CN(NAME("")), MX, NULL, NAME_MATCH_NO_NAMES, "", 0},
    {"unknown", DNS(NAME("a.test"), NAME("b.test")), MX, NULL, NAME_MATCH_OTHER, "a.test", 0},
    {"a NUL", DNS(NAME("mx.example.com\0.a.test")), MX, NULL, NAME_MATCH_OTHER, NULL, 0},
};

static void pack_case(const struct host_case *c, struct buf *names)
{
    for (size_t i = 0; i < NAMES_MAX && c->dns[i].at != NULL; i++) {
        pack(names, CERT_NAMES_DNS, c->dns[i]);
    }
    for (size_t i = 0; i < NAMES_MAX && c->cn[i].at != NULL; i++) {
        pack(names, CERT_NAMES_CN, c->cn[i]);
    }
}

Test(name_match, a_certificate_against_a_host)
{
    for (size_t i = 0; i < COUNT(hosts); i++) {
        const struct host_case *c = &hosts[i];
        struct buf names = BUF_INIT(BUF_NO_LIMIT);
        pack_case(c, &names);
        struct name_verdict v =
            name_match_host(buf_span(&names), span_of(c->reference), span_of(c->server_name));
        cr_expect_eq(v.match, c->match, "%s: %s", c->why, name_match_word(v.match));
        cr_expect_eq(v.covers_parents, c->covers_parents, "%s: covers %x", c->why,
                     v.covers_parents);
        cr_expect(c->matched == NULL || span_eq(v.matched, span_of(c->matched)), "%s: %.*s", c->why,
                  (int)v.matched.len, (const char *)v.matched.at);
        buf_deinit(&names);
    }
}

Test(name_match, a_broad_wildcard_has_one_label_behind_it)
{
    cr_expect(name_match_is_broad(SPAN_LIT("*.com")));
    cr_expect(!name_match_is_broad(SPAN_LIT("*.example.com")));
    cr_expect(!name_match_is_broad(SPAN_LIT("com")));
    cr_expect(!name_match_is_broad(SPAN_LIT("*")));
    cr_expect(!name_match_is_broad(SPAN_LIT("*.")));
}
