#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/policy/tls_rpt_record.h"

#define RECORDS_MAX 4

#define F(name) (1U << TLS_RPT_##name)

struct record_case {
    const char *name;
    const char *texts[RECORDS_MAX];
    size_t strict;
    size_t lenient;
    bool valid;
    bool lenient_valid;
    const char *rua; /* joined with blanks */
    uint32_t faults;
};

#define GOOD "mailto:a@b.example"

static const struct record_case cases[] = {
    /* what is a record at all */
    {"RFC 8460 3.1.1: mailto",
     {"v=TLSRPTv1;rua=mailto:reports@example.com"},
     1,
     1,
     1,
     1,
     "mailto:reports@example.com",
     0},
    {"3.1.2: https",
     {"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"},
     1,
     1,
     1,
     1,
     "https://reporting.example.com/v1/tlsrpt",
     0},
    {"3: no record", {NULL}, 0, 0, 0, 0, "", 0},
    {"3: another record is discarded",
     {"v=spf1 -all", "v=TLSRPTv1; rua=" GOOD},
     1,
     1,
     1,
     1,
     GOOD,
     F(UNRELATED)},
    {"3: another version", {"v=TLSRPTv2; rua=" GOOD}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3: TLSRPTv10 is not TLSRPTv1", {"v=TLSRPTv10; rua=" GOOD}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3: two are none",
     {"v=TLSRPTv1; rua=" GOOD, "v=TLSRPTv1; rua=" GOOD},
     2,
     2,
     0,
     0,
     GOOD,
     F(MULTIPLE)},
    {"3: one to the letter, one a forgiving sender counts as well",
     {"v=tlsrptv1; rua=mailto:c@d", "v=TLSRPTv1; rua=" GOOD},
     1,
     2,
     1,
     0,
     GOOD,
     0},
    /* its front */
    {"3: the version alone", {"v=TLSRPTv1"}, 0, 1, 0, 0, "", F(NO_DELIMITER) | F(RUA_MISSING)},
    {"3: field-delim is *WSP ';' *WSP; the only record is not discarded",
     {"v=TLSRPTv1 ; rua=" GOOD},
     0,
     1,
     1,
     1,
     GOOD,
     F(SPACE_BEFORE_DELIMITER)},
    {"3: of several it is discarded",
     {"v=TLSRPTv1 ; rua=" GOOD, "v=spf1 -all"},
     0,
     1,
     0,
     1,
     GOOD,
     F(UNRELATED) | F(NO_DELIMITER)},
    {"3: two with a space before the semicolon",
     {"v=TLSRPTv1 ; rua=" GOOD, "v=TLSRPTv1 ; rua=" GOOD},
     0,
     2,
     0,
     0,
     GOOD,
     F(MULTIPLE) | F(NO_DELIMITER)},
    {"3: in quotes", {"\"v=TLSRPTv1; rua=" GOOD "\""}, 0, 1, 0, 0, GOOD, F(QUOTED)},
    {"3: in typographic quotes",
     {"\xe2\x80\x9cv=TLSRPTv1; rua=" GOOD ";\xe2\x80\x9d"},
     0,
     1,
     0,
     0,
     GOOD,
     F(QUOTED)},
    {"3: a byte order mark",
     {"\xef\xbb\xbfv=TLSRPTv1; rua=" GOOD},
     0,
     1,
     0,
     0,
     GOOD,
     F(NO_DELIMITER)},
    {"3: a backslash before the semicolon",
     {"v=TLSRPTv1\\; rua=" GOOD},
     0,
     1,
     0,
     0,
     GOOD,
     F(ESCAPED)},
    {"3: a space for a semicolon", {"v=TLSRPTv1 rua=" GOOD}, 0, 1, 0, 1, GOOD, F(NO_DELIMITER)},
    {"3: white space in front", {" v=TLSRPTv1; rua=" GOOD}, 0, 1, 0, 1, GOOD, F(NO_DELIMITER)},
    {"3: case of the version", {"v=TLSRPTV1; rua=" GOOD}, 0, 1, 0, 1, GOOD, F(VERSION_CASE)},
    /* rua */
    {"3: no rua", {"v=TLSRPTv1;"}, 1, 1, 0, 0, "", F(RUA_MISSING)},
    {"3: ruf, of DMARC", {"v=TLSRPTv1; ruf=" GOOD}, 1, 1, 0, 0, "", F(RUA_MISSING)},
    {"3: case of rua", {"v=TLSRPTv1; RUA=" GOOD}, 1, 1, 0, 0, "", F(RUA_MISSING)},
    {"3: empty", {"v=TLSRPTv1; rua=;"}, 1, 1, 0, 0, "", F(RUA_EMPTY)},
    {"3: empty at the end of the record", {"v=TLSRPTv1; rua="}, 1, 1, 0, 0, "", F(RUA_EMPTY)},
    {"3: a list",
     {"v=TLSRPTv1; rua=" GOOD " , https://r.example/v1,mailto:c@d.example"},
     1,
     1,
     1,
     1,
     GOOD " https://r.example/v1 mailto:c@d.example",
     0},
    {"3: a comma at the end", {"v=TLSRPTv1; rua=" GOOD ","}, 1, 1, 0, 1, GOOD, F(RUA_EMPTY)},
    {"3: a comma at the front", {"v=TLSRPTv1; rua=," GOOD}, 1, 1, 0, 1, GOOD, F(RUA_EMPTY)},
    {"3: two commas", {"v=TLSRPTv1; rua=" GOOD ",," GOOD}, 1, 1, 0, 1, GOOD " " GOOD, F(RUA_EMPTY)},
    {"3: several rua fields fit the grammar",
     {"v=TLSRPTv1; rua=" GOOD "; rua=https://r.example/"},
     1,
     1,
     1,
     1,
     GOOD " https://r.example/",
     0},
    {"3: http",
     {"v=TLSRPTv1; rua=http://r.example/"},
     1,
     1,
     0,
     0,
     "http://r.example/",
     F(RUA_SCHEME)},
    {"3: a bare address",
     {"v=TLSRPTv1; rua=a@b.example"},
     1,
     1,
     0,
     0,
     "a@b.example",
     F(RUA_SCHEME)},
    {"3: a bare address beside a good URI",
     {"v=TLSRPTv1; rua=a@b.example," GOOD},
     1,
     1,
     0,
     1,
     "a@b.example " GOOD,
     F(RUA_SCHEME)},
    {"RFC 3986 3.1: schemes have no case",
     {"v=TLSRPTv1; rua=MailTo:a@b.example,HTTPS://r.example"},
     1,
     1,
     1,
     1,
     "MailTo:a@b.example HTTPS://r.example",
     0},
    {"RFC 6068 2: nobody", {"v=TLSRPTv1; rua=mailto:"}, 1, 1, 0, 0, "mailto:", F(RUA_SYNTAX)},
    {"RFC 6068 2: no domain",
     {"v=TLSRPTv1; rua=mailto:a@"},
     1,
     1,
     0,
     0,
     "mailto:a@",
     F(RUA_SYNTAX)},
    {"RFC 6068 2: no local part",
     {"v=TLSRPTv1; rua=mailto:@b"},
     1,
     1,
     0,
     0,
     "mailto:@b",
     F(RUA_SYNTAX)},
    {"RFC 3986 3.2: no authority",
     {"v=TLSRPTv1; rua=https:r.example"},
     1,
     1,
     0,
     0,
     "https:r.example",
     F(RUA_SYNTAX)},
    {"RFC 3986 3.2.2: no host",
     {"v=TLSRPTv1; rua=https:///v1"},
     1,
     1,
     0,
     0,
     "https:///v1",
     F(RUA_SYNTAX)},
    {"RFC 3986 2: white space inside",
     {"v=TLSRPTv1; rua=mailto: a@b.example"},
     1,
     1,
     0,
     0,
     "mailto: a@b.example",
     F(RUA_SYNTAX)},
    {"RFC 3986 2: white space for a comma",
     {"v=TLSRPTv1; rua=" GOOD " " GOOD},
     1,
     1,
     0,
     0,
     GOOD " " GOOD,
     F(RUA_SYNTAX)},
    {"RFC 3986 2: angle brackets",
     {"v=TLSRPTv1; rua=mailto:<a@b.example>"},
     1,
     1,
     0,
     0,
     "mailto:<a@b.example>",
     F(RUA_SYNTAX)},
    {"RFC 3986 2.1: percent-encoded",
     {"v=TLSRPTv1; rua=mailto:a%21@b"},
     1,
     1,
     1,
     1,
     "mailto:a%21@b",
     0},
    {"RFC 3986 2.1: percent and no digits",
     {"v=TLSRPTv1; rua=mailto:a%2g@b"},
     1,
     1,
     0,
     0,
     "mailto:a%2g@b",
     F(RUA_SYNTAX)},
    {"RFC 3986 2.1: percent at the end",
     {"v=TLSRPTv1; rua=mailto:a@b%2"},
     1,
     1,
     0,
     0,
     "mailto:a@b%2",
     F(RUA_SYNTAX)},
    {"3: an exclamation mark is to be encoded",
     {"v=TLSRPTv1; rua=mailto:a@b.example!10m"},
     1,
     1,
     0,
     1,
     "mailto:a@b.example!10m",
     F(RUA_UNESCAPED)},
    {"3: a semicolon is to be encoded",
     {"v=TLSRPTv1; rua=https://r.example/;v1"},
     1,
     1,
     0,
     1,
     "https://r.example/",
     F(EXTENSION_SYNTAX)},
    {"3: a comma is to be encoded",
     {"v=TLSRPTv1; rua=https://r.example/a,b"},
     1,
     1,
     0,
     1,
     "https://r.example/a b",
     F(RUA_SCHEME)},
    {"3: white space before a URI", {"v=TLSRPTv1; rua= " GOOD}, 1, 1, 0, 1, GOOD, F(RUA_SYNTAX)},
    {"3: white space at the end that no semicolon explains",
     {"v=TLSRPTv1; rua=" GOOD " "},
     1,
     1,
     0,
     1,
     GOOD,
     F(RUA_SYNTAX)},
    /* extensions */
    {"3: an extension", {"v=TLSRPTv1; x=y; rua=" GOOD " ; "}, 1, 1, 1, 1, GOOD, 0},
    {"3: no value", {"v=TLSRPTv1; rua=" GOOD "; x="}, 1, 1, 0, 1, GOOD, F(EXTENSION_SYNTAX)},
    {"3: two signs", {"v=TLSRPTv1; rua=" GOOD "; x=y=z"}, 1, 1, 0, 1, GOOD, F(EXTENSION_SYNTAX)},
    {"3: two semicolons", {"v=TLSRPTv1; rua=" GOOD ";;"}, 1, 1, 0, 1, GOOD, F(EXTENSION_SYNTAX)},
    {"3: outside ASCII",
     {"v=TLSRPTv1; rua=mailto:\xc3\xa4@b"},
     1,
     1,
     0,
     0,
     "mailto:\xc3\xa4@b",
     F(RUA_SYNTAX) | F(NON_ASCII)},
};

Test(tls_rpt_record, cases_of_rfc_8460_section_3)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct record_case *c = &cases[i];
        struct span texts[RECORDS_MAX];
        struct tls_rpt_records r;
        char rua[256] = "";
        size_t count = 0;
        size_t len = 0;
        while (count < RECORDS_MAX && c->texts[count] != NULL) {
            texts[count] = span_of(c->texts[count]);
            count++;
        }
        tls_rpt_records_read(texts, count, &r);
        for (size_t n = 0; n < r.rua_count; n++) {
            len += (size_t)snprintf(rua + len, sizeof(rua) - len, "%s%.*s", n > 0 ? " " : "",
                                    (int)r.rua[n].len, (const char *)r.rua[n].at);
        }
        cr_expect_eq(r.strict_count, c->strict, "%s: %zu strict", c->name, r.strict_count);
        cr_expect_eq(r.lenient_count, c->lenient, "%s: %zu lenient", c->name, r.lenient_count);
        cr_expect_eq(r.valid, c->valid, "%s: valid %d", c->name, r.valid);
        cr_expect_eq(r.lenient_valid, c->lenient_valid, "%s: lenient %d", c->name, r.lenient_valid);
        cr_expect_str_eq(rua, c->rua, "%s: %s", c->name, rua);
        cr_expect_eq(r.faults, c->faults, "%s: faults %x, not %x", c->name, r.faults, c->faults);
    }
}

Test(tls_rpt_record, domains_of_uris)
{
    static const struct {
        const char *name;
        const char *uri;
        const char *domain;
    } rows[] = {
        {"RFC 6068 2", "mailto:a@b.example", "b.example"},
        {"RFC 6068 2: header fields", "mailto:a@b.example?subject=x@y", "b.example"},
        {"RFC 6068 2: the last @", "mailto:\"a@c\"@b.example", "b.example"},
        {"RFC 3986 3.5: a fragment", "mailto:a@b.example#x@y", "b.example"},
        {"RFC 3986 3.1: case of the scheme", "MAILTO:a@b.example", "b.example"},
        {"RFC 8460 3: a size of DMARC", "mailto:a@b.example!10m", "b.example"},
        {"RFC 6068 2: no domain", "mailto:a@", ""},
        {"RFC 6068 2: no local part", "mailto:@b.example", ""},
        {"RFC 6068 2: nothing", "mailto:", ""},
        {"RFC 3986 3.2.2", "https://r.example/v1", "r.example"},
        {"RFC 3986 3.2.3: a port", "https://r.example:8443/v1", "r.example"},
        {"RFC 3986 3.2.1: userinfo", "https://u:p@r.example:8443", "r.example"},
        {"RFC 3986 3.2.1: the last @", "https://x@y@r.example", "r.example"},
        {"RFC 3986 3.4: a query right behind", "https://r.example?a@b", "r.example"},
        {"RFC 3986 3.5: a fragment right behind", "https://r.example#a@b", "r.example"},
        {"RFC 3986 3.2.2: an address of IPv6", "https://[2001:db8::1]:443/", "[2001:db8::1]"},
        {"RFC 3986 3.2.2: no closing bracket", "https://[2001:db8::1/", ""},
        {"RFC 3986 3.2.2: no host", "https://:443/", ""},
        {"RFC 3986 3.2: no authority", "https:r.example", ""},
        {"RFC 8460 3: neither scheme", "http://r.example/", ""},
        {"RFC 8460 3: a bare address", "a@b.example", ""},
        {"white space around", " mailto:a@b.example ", "b.example"},
        {"nothing", "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span domain = tls_rpt_uri_domain(span_of(rows[i].uri));
        cr_expect(span_eq(domain, span_of(rows[i].domain)), "%s: %.*s", rows[i].name,
                  (int)domain.len, (const char *)domain.at);
    }
    cr_expect_eq(tls_rpt_uri_domain((struct span){0}).len, 0U);
}

/* What stands behind the record in memory is not read. */
Test(tls_rpt_record, a_record_ends_where_it_ends)
{
    struct span whole = SPAN_LIT("v=TLSRPTv1; rua=mailto:a@b%2f");
    struct tls_rpt_records r;
    tls_rpt_records_read(&whole, 1, &r);
    cr_expect(r.valid);
    for (size_t cut = 1; cut <= 2; cut++) {
        struct span text = span_take(whole, whole.len - cut);
        tls_rpt_records_read(&text, 1, &r);
        cr_expect_eq(r.faults, F(RUA_SYNTAX), "%zu octets less", cut);
    }
}

Test(tls_rpt_record, more_uris_than_are_kept)
{
    char text[512] = "v=TLSRPTv1; rua=";
    for (int i = 0; i < TLS_RPT_URIS_MAX; i++) {
        strcat(text, GOOD ",");
    }
    strcat(text, "http://late.example/");
    struct span span = span_of(text);
    struct tls_rpt_records r;
    tls_rpt_records_read(&span, 1, &r);
    cr_expect_eq(r.rua_count, (size_t)TLS_RPT_URIS_MAX);
    cr_expect_eq(r.faults, F(RUA_SCHEME), "the last one is judged all the same");
    cr_expect(r.lenient_valid && !r.valid);
}

Test(tls_rpt_record, records_of_64_kb, .timeout = 10)
{
    static const char *const parts[] = {";", ",", "rua=,", "a=b;", " ", "x", "%", "rua=mailto:@;"};
    static char text[65536];
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t len = strlen(parts[i]);
        memcpy(text, "v=TLSRPTv1;rua=mailto:a@b;", 26);
        for (size_t at = 26; at < sizeof(text); at++) {
            text[at] = parts[i][(at - 26) % len];
        }
        struct span span = {(const uint8_t *)text, sizeof(text)};
        struct tls_rpt_records r;
        for (int n = 0; n < 20; n++) {
            tls_rpt_records_read(&span, 1, &r);
        }
        cr_expect(r.strict_count == 1 && r.rua_count >= 1, "%s", parts[i]);
    }
}
