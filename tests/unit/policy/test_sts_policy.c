#include <stdio.h>
#include <time.h>

#include <criterion/criterion.h>

#include "scanner/policy/sts_policy.h"

#define BODY_OCTETS 65536U /* of a body that is read: RFC 8461 section 3.3 */

#define V   "version: STSv1\n"
#define M   "mode: enforce\n"
#define A   "max_age: 604800\n"
#define X   "mx: mx.example.com\n"
#define VMA V M A

struct policy_case {
    const char *name;
    const char *body;
    bool strict;
    bool lenient;
    enum sts_mode mode;
    const char *max_age; /* "": none */
    const char *mx;      /* joined with blanks */
    const char *faults;  /* line and word of each */
};

static const struct policy_case cases[] = {
    /* the grammar */
    {"RFC 8461 3.2: the example",
     "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n"
     "mx: backupmx.example.com\r\nmax_age: 604800\r\n",
     1, 1, STS_MODE_ENFORCE, "604800", "mail.example.com *.example.net backupmx.example.com", ""},
    {"3.2: LF", VMA X, 1, 1, STS_MODE_ENFORCE, "604800", "mx.example.com", ""},
    {"3.2: LF and CRLF mixed", "version: STSv1\r\n" M "max_age: 604800\r\n" X, 1, 1,
     STS_MODE_ENFORCE, "604800", "mx.example.com", ""},
    {"3.2: no line end at the end", VMA "mx: mx.example.com", 1, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", ""},
    {"3.2: any order", X A M V, 1, 1, STS_MODE_ENFORCE, "604800", "mx.example.com", ""},
    {"3.2: no white space", "version:STSv1\nmode:enforce\nmax_age:604800\nmx:a.b\n", 1, 1,
     STS_MODE_ENFORCE, "604800", "a.b", ""},
    {"3.2: white space around values", "version:\t STSv1 \t\nmode: enforce \nmax_age: 604800\t\n" X,
     1, 1, STS_MODE_ENFORCE, "604800", "mx.example.com", ""},
    {"3.2: testing", V "mode: testing\n" A X, 1, 1, STS_MODE_TESTING, "604800", "mx.example.com",
     ""},
    {"3.2: none needs no mx", V "mode: none\n" A, 1, 1, STS_MODE_NONE, "604800", "", ""},
    {"3.2: none may have mx", V "mode: none\n" A X, 1, 1, STS_MODE_NONE, "604800", "mx.example.com",
     ""},
    {"3.2: none with a bad mx", V "mode: none\n" A "mx: a@b\n", 0, 0, STS_MODE_NONE, "604800", "",
     "4 mx_email "},
    /* lenient only */
    {"3.2: a line end too many", VMA X "\n", 0, 1, STS_MODE_ENFORCE, "604800", "mx.example.com",
     "5 blank_line "},
    {"3.2: a blank line in front", "\n" VMA X, 0, 1, STS_MODE_ENFORCE, "604800", "mx.example.com",
     "1 blank_line "},
    {"3.2: blank lines of white space", V " \t\r\n" M A X, 0, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "2 blank_line "},
    {"3.2: a byte order mark", "\xef\xbb\xbf" VMA X, 0, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "0 bom "},
    {"3.2: white space before a key", V " " M A X, 0, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "2 key_space "},
    {"3.2: white space before the colon", V "mode : enforce\n" A X, 0, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "2 key_space "},
    {"3.2: a tab before the colon of an extension", VMA X "x\t: y\n", 0, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 key_space 5 unknown_key "},
    {"3.2: CR alone at the end", VMA "mx: mx.example.com\r", 0, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "4 last_cr "},
    {"3.2: CR alone ends no line", "version: STSv1\rmode: enforce\r", 0, 0, STS_MODE_MISSING, "",
     "", "1 last_cr 1 version_bad 0 mode_missing 0 max_age_missing 0 mx_missing "},
    {"3.2: CR CR LF", V "mode: enforce\r\r\n" A X, 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "2 extra_cr "},
    {"3.2: CR CR LF and nothing before", VMA X "\r\r\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 extra_cr 5 blank_line "},
    {"3.2: CR CR at the end", VMA "mx: mx.example.com\r\r", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "4 extra_cr "},
    /* lines */
    {"3.2: no colon", VMA X "# policy\n", 0, 0, STS_MODE_ENFORCE, "604800", "mx.example.com",
     "5 syntax "},
    {"3.2: no key", VMA X ": x\n", 0, 0, STS_MODE_ENFORCE, "604800", "mx.example.com", "5 syntax "},
    {"3.2: a sign for a colon", V "mode=enforce\n" A X, 0, 0, STS_MODE_MISSING, "604800",
     "mx.example.com", "2 syntax 0 mode_missing "},
    {"3.2: all on one line", "version: STSv1 mode: enforce max_age: 604800 mx: mx.example.com", 0,
     0, STS_MODE_MISSING, "", "", "1 version_bad 0 mode_missing 0 max_age_missing 0 mx_missing "},
    /* version */
    {"3.2: no version", M A X, 0, 0, STS_MODE_ENFORCE, "604800", "mx.example.com",
     "0 version_missing "},
    {"3.2: another version", "version: STSv2\n" M A X, 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "1 version_bad "},
    {"3.2: case of the version", "version: stsv1\n" M A X, 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "1 version_bad "},
    {"3.2: an empty version", "version:\n" M A X, 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "1 version_bad "},
    /* mode */
    {"3.2: no mode", V A X, 0, 0, STS_MODE_MISSING, "604800", "mx.example.com", "0 mode_missing "},
    {"3.2: a mode of drafts", V "mode: report\n" A X, 0, 0, STS_MODE_BAD, "604800",
     "mx.example.com", "2 mode_bad "},
    {"3.2: case of the mode", V "mode: Enforce\n" A X, 0, 0, STS_MODE_BAD, "604800",
     "mx.example.com", "2 mode_bad "},
    {"3.2: a mode of two words", V "mode: enforce testing\n" A X, 0, 0, STS_MODE_BAD, "604800",
     "mx.example.com", "2 mode_bad "},
    {"3.2: no usable mode asks for mx as well", V "mode: x\n" A, 0, 0, STS_MODE_BAD, "604800", "",
     "2 mode_bad 0 mx_missing "},
    /* max_age */
    {"3.2: no max_age", V M X, 0, 0, STS_MODE_ENFORCE, "", "mx.example.com", "0 max_age_missing "},
    {"3.2: empty", V M X "max_age:\n", 0, 0, STS_MODE_ENFORCE, "", "mx.example.com",
     "4 max_age_bad "},
    {"3.2: not a number", V M X "max_age: 1w\n", 0, 0, STS_MODE_ENFORCE, "", "mx.example.com",
     "4 max_age_bad "},
    {"3.2: a sign", V M X "max_age: -1\n", 0, 0, STS_MODE_ENFORCE, "", "mx.example.com",
     "4 max_age_bad "},
    {"3.2: commas", V M X "max_age: 604,800\n", 0, 0, STS_MODE_ENFORCE, "", "mx.example.com",
     "4 max_age_bad "},
    {"3.2: the maximum", V M X "max_age: 31557600\n", 1, 1, STS_MODE_ENFORCE, "31557600",
     "mx.example.com", ""},
    {"3.2: over the maximum", V M X "max_age: 31557601\n", 0, 1, STS_MODE_ENFORCE, "31557601",
     "mx.example.com", "4 max_age_over_max "},
    {"3.2: ten digits, over 32 bits", V M X "max_age: 9999999999\n", 0, 1, STS_MODE_ENFORCE,
     "9999999999", "mx.example.com", "4 max_age_over_max "},
    {"3.2: eleven digits", V M X "max_age: 00000604800\n", 0, 0, STS_MODE_ENFORCE, "",
     "mx.example.com", "4 max_age_bad "},
    {"3.2: zeros in front", V M X "max_age: 0000604800\n", 1, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", ""},
    {"3.2: a day is not short", V M X "max_age: 86400\n", 1, 1, STS_MODE_ENFORCE, "86400",
     "mx.example.com", ""},
    {"3.2: under a day", V M X "max_age: 86399\n", 1, 1, STS_MODE_ENFORCE, "86399",
     "mx.example.com", "4 max_age_short "},
    {"3.2: zero", V M X "max_age: 0\n", 1, 1, STS_MODE_ENFORCE, "0", "mx.example.com",
     "4 max_age_short "},
    /* mx */
    {"3.2: no mx", VMA, 0, 0, STS_MODE_ENFORCE, "604800", "", "0 mx_missing "},
    {"3.2: a bad one beside a good one", VMA X "mx: a@b\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 mx_email "},
    {"3.2: a malformed one is not a missing one", VMA "mx:\n", 0, 0, STS_MODE_ENFORCE, "604800", "",
     "4 mx_empty "},
    {"3.2: mx may stand twice", VMA X X, 1, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com mx.example.com", ""},
    {"3.2: a list in one line", VMA "mx: a.example, b.example\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "", "4 mx_syntax "},
    /* keys */
    {"3.2: an unknown key is passed over", VMA X "a_b-c.d: \xc3\xa4 x:y\n", 1, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 unknown_key "},
    {"3.2: an unknown key without a value", VMA X "x:\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 syntax "},
    {"3.2: a key with white space", VMA X "a b: c\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 syntax "},
    {"3.2: a key of 32", VMA X "0123456789abcdef0123456789abcdef: x\n", 1, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 unknown_key "},
    {"3.2: a key of 33", VMA X "0123456789abcdef0123456789abcdefg: x\n", 0, 0, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 syntax "},
    {"3.2: a control character in a value", VMA X "x: a\tb\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 syntax "},
    {"RFC 3629 3: a value that is not UTF-8", VMA X "x: \xe4\n", 0, 0, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 syntax "},
    {"3.2: a key in another case is unknown", V "Mode: enforce\n" A X, 0, 0, STS_MODE_MISSING,
     "604800", "mx.example.com", "2 key_case 0 mode_missing "},
    {"3.2: and harms nothing beside the right one", VMA X "MX: b.example\n", 1, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 key_case "},
    {"3.2: without a value it is no extension either", VMA X "MX:\n", 0, 0, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 key_case 5 syntax "},
    {"3.2: of two modes the first counts", VMA X "mode: none\n", 0, 1, STS_MODE_ENFORCE, "604800",
     "mx.example.com", "5 duplicate_key "},
    {"3.2: of two ages the first counts", VMA X "max_age: 99999999999\n", 0, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 duplicate_key "},
    {"3.2: of two versions the first counts", VMA X "version: x\n", 0, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 duplicate_key "},
    {"3.2: a bad first one is not healed", V "mode: x\n" A X M, 0, 0, STS_MODE_BAD, "604800",
     "mx.example.com", "2 mode_bad 5 duplicate_key "},
    /* bodies that are none */
    {"3.2: empty", "", 0, 0, STS_MODE_MISSING, "", "", "0 empty_body "},
    {"3.2: white space only", " \t\r\n\n", 0, 0, STS_MODE_MISSING, "", "", "0 empty_body "},
    {"3.2: a byte order mark only", "\xef\xbb\xbf", 0, 0, STS_MODE_MISSING, "", "",
     "0 bom 0 empty_body "},
    {"3.3: HTML", "<!DOCTYPE html>\n<title>404</title>", 0, 0, STS_MODE_MISSING, "", "", "0 html "},
    {"3.3: HTML without a type", "<HTML lang=en>", 0, 0, STS_MODE_MISSING, "", "", "0 html "},
    {"3.3: XML", "<?xml version='1.0'?>", 0, 0, STS_MODE_MISSING, "", "", "0 html "},
    {"3.3: behind white space", "\r\n  <html>", 0, 0, STS_MODE_MISSING, "", "", "0 html "},
    {"3.3: behind a byte order mark", "\xef\xbb\xbf<!doctype html>", 0, 0, STS_MODE_MISSING, "", "",
     "0 bom 0 html "},
    {"3.3: a policy that mentions it is none", VMA X "x: <html>\n", 1, 1, STS_MODE_ENFORCE,
     "604800", "mx.example.com", "5 unknown_key "},
};

static void join_faults(const struct sts_policy *p, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < p->fault_count; i++) {
        len += (size_t)snprintf(text + len, size - len, "%u %s ", p->fault[i].line,
                                sts_policy_fault_word(p->fault[i].fault));
    }
}

static void join_mx(const struct sts_policy *p, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < p->mx_count; i++) {
        len += (size_t)snprintf(text + len, size - len, "%s%.*s", i > 0 ? " " : "",
                                (int)p->mx[i].len, (const char *)p->mx[i].at);
    }
}

Test(sts_policy, cases_of_rfc_8461_section_3_2)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct policy_case *c = &cases[i];
        struct sts_policy p;
        char faults[512];
        char mx[256];
        char max_age[24] = "";
        memset(&p, 1, sizeof(p)); /* nothing of an earlier policy may be left */
        sts_policy_read(span_of(c->body), &p);
        join_faults(&p, faults, sizeof(faults));
        join_mx(&p, mx, sizeof(mx));
        if (p.has_max_age) {
            (void)snprintf(max_age, sizeof(max_age), "%llu", (unsigned long long)p.max_age);
        }
        cr_expect_eq(p.strict_valid, c->strict, "%s: strict %d", c->name, p.strict_valid);
        cr_expect_eq(p.lenient_valid, c->lenient, "%s: lenient %d", c->name, p.lenient_valid);
        cr_expect_eq(p.mode, c->mode, "%s: mode %d", c->name, (int)p.mode);
        cr_expect_str_eq(max_age, c->max_age, "%s: max_age %s", c->name, max_age);
        cr_expect(p.has_max_age || p.max_age == 0, "%s", c->name);
        cr_expect_str_eq(mx, c->mx, "%s: mx %s", c->name, mx);
        cr_expect_str_eq(faults, c->faults, "%s: faults %s", c->name, faults);
        cr_expect(p.strict_valid || p.fault_count > 0, "%s: nothing says why", c->name);
        cr_expect_not(p.faults_truncated, "%s", c->name);
    }
}

#define LABEL63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define NAME253                         \
    LABEL63 "." LABEL63 "." LABEL63 "." \
            "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

Test(sts_policy, mx_patterns)
{
    static const struct {
        const char *name;
        const char *value;
        const char *fault; /* NULL: well-formed */
    } rows[] = {
        {"RFC 8461 3.2: a name", "mail.example.com", NULL},
        {"3.2: a wildcard", "*.example.com", NULL},
        {"RFC 5321 4.1.2: one label", "localhost", NULL},
        {"RFC 5321 4.1.2: a wildcard of one label", "*.com", NULL},
        {"RFC 5321 4.1.2: case and digits", "MX-1.Example.COM", NULL},
        {"RFC 5890 2.3.2.1: A-labels", "xn--mx-fka.example", NULL},
        {"RFC 5321 4.1.2: digits in front", "1mx.2example.3com", NULL},
        {"RFC 1035 2.3.4: 63 octets in a label", LABEL63 ".example", NULL},
        {"RFC 1035 2.3.4: 64 octets in a label", LABEL63 "1.example", "mx_syntax"},
        {"RFC 1035 2.3.4: 253 octets", NAME253, NULL},
        {"RFC 1035 2.3.4: 254 octets", NAME253 "z", "mx_syntax"},
        {"3.2: an address of mail", "postmaster@example.com", "mx_email"},
        {"3.2: a dot at the end", "mx.example.com.", "mx_trailing_dot"},
        {"3.2: a wildcard with a dot at the end", "*.example.com.", "mx_trailing_dot"},
        {"3.2: nothing", "", "mx_empty"},
        {"3.2: white space", " \t ", "mx_empty"},
        {"3.2: a star", "*", "mx_bare_star"},
        {"3.2: a star and a dot", "*.", "mx_bare_star"},
        {"3.2: the suffix of drafts", ".example.com", "mx_leading_dot"},
        {"3.2: a dot", ".", "mx_leading_dot"},
        {"4.1: a star further in", "mx.*.example.com", "mx_inner_wildcard"},
        {"4.1: part of a label", "mx*.example.com", "mx_inner_wildcard"},
        {"4.1: two stars", "*.*.example.com", "mx_inner_wildcard"},
        {"4.1: no dot behind the star", "*example.com", "mx_inner_wildcard"},
        {"3.2: an address of IPv4", "192.0.2.1", "mx_ip"},
        {"3.2: an address of IPv6", "2001:db8::1", "mx_ip"},
        {"3.2: the shortest address of IPv6", "::", "mx_ip"},
        {"3.2: an address literal", "[192.0.2.1]", "mx_ip"},
        {"3.2: U-labels",
         "mx.b\xc3\xbc"
         "cher.example",
         "mx_u_label"},
        {"3.2: an underscore", "mx_1.example.com", "mx_underscore"},
        {"3.2: a URL", "https://mx.example.com", "mx_url"},
        {"3.2: a path", "mx.example.com/", "mx_url"},
        {"3.2: a port", "mx.example.com:25", "mx_port"},
        {"3.2: a colon and no port", "mx.example.com:smtp", "mx_syntax"},
        {"3.2: white space inside", "mx.example.com mx2.example.com", "mx_syntax"},
        {"RFC 5321 4.1.2: two dots", "mx..example.com", "mx_syntax"},
        {"RFC 5321 4.1.2: two dots at the end", "mx.example.com..", "mx_syntax"},
        {"RFC 5321 4.1.2: a hyphen in front", "-mx.example.com", "mx_syntax"},
        {"RFC 5321 4.1.2: a hyphen at the end", "mx-.example.com", "mx_syntax"},
        {"3.2: in quotes", "\"mx.example.com\"", "mx_syntax"},
        {"3.2: a preference", "10 mx.example.com", "mx_syntax"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sts_policy p;
        char body[512];
        (void)snprintf(body, sizeof(body), VMA "mx: %s\n", rows[i].value);
        sts_policy_read(span_of(body), &p);
        bool good = rows[i].fault == NULL;
        cr_expect_eq(p.mx_total, 1U);
        cr_expect_eq(p.mx_count, good ? 1U : 0U, "%s", rows[i].name);
        cr_expect(p.strict_valid == good && p.lenient_valid == good, "%s", rows[i].name);
        if (good) {
            cr_expect_eq(p.fault_count, 0U, "%s", rows[i].name);
            cr_expect(span_eq(p.mx[0], span_of(rows[i].value)), "%s", rows[i].name);
            continue;
        }
        cr_assert_eq(p.fault_count, 1U, "%s", rows[i].name);
        cr_expect_str_eq(sts_policy_fault_word(p.fault[0].fault), rows[i].fault, "%s: %s",
                         rows[i].name, sts_policy_fault_word(p.fault[0].fault));
        cr_expect_eq(p.fault[0].line, 4U);
    }
}

Test(sts_policy, patterns_cover_names)
{
    static const struct {
        const char *name;
        const char *pattern;
        const char *host;
        bool want;
    } rows[] = {
        {"RFC 8461 4.1: the same", "mx.example.com", "mx.example.com", true},
        {"4.1: ASCII case", "MX.example.com", "mx.EXAMPLE.com", true},
        {"4.1: another", "mx.example.com", "mx2.example.com", false},
        {"4.1: a name is no suffix", "example.com", "mx.example.com", false},
        {"4.1: nor a prefix", "mx.example.com", "mx.example.com.evil.example", false},
        {"4.1: a wildcard is one label", "*.example.com", "mx.example.com", true},
        {"4.1: a wildcard and case", "*.EXAMPLE.com", "mx.example.COM", true},
        {"4.1: not two labels", "*.example.com", "a.mx.example.com", false},
        {"4.1: not none", "*.example.com", "example.com", false},
        {"4.1: not an empty one", "*.example.com", ".example.com", false},
        {"4.1: only at a dot", "*.example.com", "mxexample.com", false},
        {"4.1: of one label", "*.com", "example.com", true},
        {"3.2: a suffix of drafts covers nothing", ".example.com", "mx.example.com", false},
        {"3.2: nor does a star", "*", "mx", false},
        {"3.2: nor nothing", "", "", false},
        {"4.1: no host", "*.example.com", "", false},
        {"4.1: a host of one label", "*.com", "com", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(sts_pattern_matches(span_of(rows[i].pattern), span_of(rows[i].host)),
                     rows[i].want, "%s", rows[i].name);
    }
    cr_expect_not(sts_pattern_matches((struct span){0}, (struct span){0}));
}

Test(sts_policy, words)
{
    cr_expect_str_eq(sts_mode_word(STS_MODE_ENFORCE), "enforce");
    cr_expect_str_eq(sts_mode_word(STS_MODE_TESTING), "testing");
    cr_expect_str_eq(sts_mode_word(STS_MODE_NONE), "none");
    cr_expect_null(sts_mode_word(STS_MODE_MISSING));
    cr_expect_null(sts_mode_word(STS_MODE_BAD));
}

Test(sts_policy, nul_octets_end_nothing)
{
    static const struct {
        struct span body;
        const char *faults;
    } rows[] = {
        {SPAN_INIT("version: STSv1\0\n" M A X), "1 version_bad "},
        {SPAN_INIT(V "mode: enforce\0\n" A X), "2 mode_bad "},
        {SPAN_INIT(V M "max_age: 604800\0\n" X), "3 max_age_bad "},
        {SPAN_INIT(VMA "mx: mx.example.com\0\n"), "4 mx_syntax "},
        {SPAN_INIT(VMA X "x: a\0b\n"), "5 syntax "},
        {SPAN_INIT(VMA X "\0"), "5 syntax "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sts_policy p;
        char faults[128];
        sts_policy_read(rows[i].body, &p);
        join_faults(&p, faults, sizeof(faults));
        cr_expect_str_eq(faults, rows[i].faults, "%s", faults);
        cr_expect_not(p.lenient_valid);
    }
}

static struct span fill(char *body, const char *head, const char *part)
{
    size_t front = strlen(head);
    size_t len = strlen(part);
    memcpy(body, head, front);
    for (size_t i = front; i < BODY_OCTETS; i++) {
        body[i] = part[(i - front) % len];
    }
    return (struct span){(const uint8_t *)body, BODY_OCTETS};
}

Test(sts_policy, more_patterns_than_are_kept)
{
    static char body[BODY_OCTETS];
    struct sts_policy p;
    (void)fill(body, VMA, "mx: a\n");
    sts_policy_read((struct span){(const uint8_t *)body, strlen(VMA) + 6 * 10000U}, &p);
    cr_expect_eq(p.mx_total, 10000U);
    cr_expect_eq(p.mx_count, (size_t)STS_MX_PATTERNS_MAX);
    cr_expect(p.strict_valid && p.lenient_valid);
    cr_assert_eq(p.fault_count, 1U, "told once");
    cr_expect_eq(p.fault[0].fault, STS_POLICY_TOO_MANY_MX);
    cr_expect_eq(p.fault[0].line, 3U + STS_MX_PATTERNS_MAX + 1U);
}

Test(sts_policy, malformed_patterns_take_no_place)
{
    static char body[BODY_OCTETS];
    struct sts_policy p;
    size_t len = (size_t)snprintf(body, sizeof(body), VMA);
    for (int i = 0; i < 2 * STS_MX_PATTERNS_MAX; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len, "mx: %s\n", i % 2 ? "a" : "a@b");
    }
    sts_policy_read((struct span){(const uint8_t *)body, len}, &p);
    cr_expect_eq(p.mx_count, (size_t)STS_MX_PATTERNS_MAX);
    cr_expect_eq(p.mx_total, 2U * STS_MX_PATTERNS_MAX);
    for (size_t i = 0; i < p.fault_count; i++) {
        cr_expect_eq(p.fault[i].fault, STS_POLICY_MX_EMAIL);
    }
}

Test(sts_policy, four_hundred_faults)
{
    static char body[BODY_OCTETS];
    struct sts_policy p;
    size_t len = 0;
    for (int i = 0; i < 400; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len, "no colon %d\n", i);
    }
    sts_policy_read((struct span){(const uint8_t *)body, len}, &p);
    cr_expect_eq(p.fault_count, (size_t)STS_FAULTS_MAX);
    cr_expect(p.faults_truncated);
    for (size_t i = 0; i < p.fault_count; i++) {
        cr_expect(p.fault[i].fault == STS_POLICY_SYNTAX && p.fault[i].line == i + 1);
    }
}

/* An invalid policy names its reason however much else there is to remark. */
Test(sts_policy, what_breaks_a_policy_is_always_told)
{
    static char body[BODY_OCTETS];
    struct sts_policy p;
    size_t len = (size_t)snprintf(body, sizeof(body), "mode: x\n");
    for (int i = 0; i < 100; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len, "x%d: y\n", i);
    }
    len += (size_t)snprintf(body + len, sizeof(body) - len, A "mx: a@b\n");
    sts_policy_read((struct span){(const uint8_t *)body, len}, &p);
    cr_assert_eq(p.fault_count, (size_t)STS_FAULTS_MAX);
    cr_expect(p.faults_truncated);
    cr_expect_eq(p.fault[0].fault, STS_POLICY_MODE_BAD);
    for (uint32_t i = 1; i < STS_FAULTS_MAX - 2; i++) {
        cr_expect(p.fault[i].fault == STS_POLICY_UNKNOWN_KEY && p.fault[i].line == i + 1);
    }
    cr_expect_eq(p.fault[STS_FAULTS_MAX - 2].fault, STS_POLICY_MX_EMAIL);
    cr_expect_eq(p.fault[STS_FAULTS_MAX - 2].line, 103U);
    cr_expect_eq(p.fault[STS_FAULTS_MAX - 1].fault, STS_POLICY_VERSION_MISSING);
}

Test(sts_policy, what_breaks_a_policy_displaces_all_else)
{
    static char body[BODY_OCTETS];
    struct sts_policy p;
    size_t len = 0;
    for (int i = 0; i < 400; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len, i < 40 ? "x%d: y\n" : "x%d\n", i);
    }
    sts_policy_read((struct span){(const uint8_t *)body, len}, &p);
    cr_assert_eq(p.fault_count, (size_t)STS_FAULTS_MAX);
    for (size_t i = 0; i < p.fault_count; i++) {
        cr_expect(p.fault[i].fault == STS_POLICY_SYNTAX && p.fault[i].line == i + 41);
    }
}

Test(sts_policy, a_page_is_told_in_part)
{
    static char body[BODY_OCTETS];
    struct sts_policy p;
    sts_policy_read(fill(body, "\n<html>", "x"), &p);
    cr_assert_eq(p.fault_count, 1U);
    cr_expect_eq(p.fault[0].text.len, 64U);
    cr_expect_eq(p.fault[0].text.at, (const uint8_t *)body + 1);
}

/* Cost is in proportion to the body; processor time, so that a busy machine does not matter. */
Test(sts_policy, bodies_of_64_kib_cost_little)
{
    static const char *const parts[] = {"x",        "\n",       " ",       "\r\n",    ":",
                                        "::\n",     "a.",       "1.",      "mx:a\n",  "mx:\n",
                                        "x:y\n",    "mx:a@b\n", "mode:\n", "version", "_",
                                        "\xc3\xa4", "mx: *.\n", "\t\n"};
    static char body[BODY_OCTETS];
    struct sts_policy p;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct span filled = fill(body, VMA "mx:", parts[i]);
        clock_t start = clock();
        for (int n = 0; n < 20; n++) {
            sts_policy_read(filled, &p);
        }
        double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC / 20;
        cr_expect_lt(ms, 50, "%s: %.2f ms", parts[i],
                     ms); /* with sanitizers, without optimisation */
        cr_expect_leq(p.fault_count, (size_t)STS_FAULTS_MAX);
    }
}

/* --- what readers differ in ------------------------------------------------------------------------ */

static void join_quirks(uint32_t quirks, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (int q = 0; q < STS_POLICY_QUIRK_COUNT; q++) {
        if ((quirks >> q & 1U) != 0) {
            len += (size_t)snprintf(text + len, size - len, "%s ",
                                    sts_policy_quirk_word((enum sts_policy_quirk)q));
        }
    }
}

Test(sts_policy, quirks_are_what_readers_differ_in)
{
    static const struct {
        const char *name;
        const char *body;
        bool readable;
        const char *quirks;
    } rows[] = {
        {"RFC 8461 3.2: to the letter", VMA X, true, ""},
        {"3.2: no line end at the end", VMA "mx: mx.example.com", true, ""},
        {"3.2: an extension in ASCII", VMA X "x: y\n", true, ""},
        {"3.2: MX: beside mx:", VMA X "MX: b.example\n", true, ""},
        {"3.2: an empty line", V "\n" M A X, true, "blank_line "},
        {"3.2: an empty line at the end", VMA X "\r\n", true, "blank_line "},
        {"3.2: a line of white space", V " \t\n" M A X, true, "white_line "},
        {"3.2: white space before the colon", VMA "mx : mx.example.com\n", true, "key_space "},
        {"3.2: a byte order mark", "\xef\xbb\xbf" VMA X, true, "bom "},
        {"3.2: CR at the end", VMA "mx: mx.example.com\r", true, "last_cr "},
        {"3.2: CR CR LF", VMA "mx: mx.example.com\r\r\n", true, "extra_cr "},
        {"3.2: CR CR LF alone", VMA X "\r\r\n", true, "blank_line white_line extra_cr "},
        {"3.2: the maximum", V M X "max_age: 31557600\n", true, ""},
        {"3.2: over the maximum", V M X "max_age: 2147483647\n", true, "max_age_over_max "},
        {"3.2: over 31 bits", V M X "max_age: 2147483648\n", true,
         "max_age_over_max max_age_over_31_bits "},
        {"3.2: a mode twice", VMA X M, true, "duplicate_key "},
        {"3.2: another mode", VMA X "mode: none\n", true, "duplicate_differs "},
        {"3.2: another age that is none", VMA X "max_age: x\n", true, "duplicate_differs "},
        {"3.2: a dot at the end", VMA X "mx: b.example.\n", true, "mx_trailing_dot "},
        {"3.2: an address", VMA X "mx: 192.0.2.1\n", true, "mx_ip "},
        {"3.2: no pattern alone", VMA "mx: a_b.example\n", true, "mx_syntax "},
        {"3.2: a key that is none", VMA X "a b: c\n", true, "extension_syntax "},
        {"3.2: a value that is none", VMA X "x:\n", true, "extension_syntax "},
        {"RFC 3629 3: no UTF-8", VMA X "x: \xe4\n", true, "extension_syntax non_ascii "},
        {"3.2: UTF-8 in an extension", VMA X "x: \xc3\xa4\n", true, "non_ascii "},
        {"3.2: no colon", VMA X "# a policy\n", true, "no_colon "},
        {"3.2: no version", M A X, false, ""},
        {"3.2: another version", "version: STSv2\n" M A X, false, ""},
        {"3.2: no mode", V A X, false, ""},
        {"3.2: another mode", V "mode: on\n" A X, false, ""},
        {"3.2: no max_age", V M X, false, ""},
        {"3.2: no mx", VMA, false, ""},
        {"3.2: mode none needs none", V "mode: none\n" A, true, ""},
        {"3.2: nothing", "", false, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sts_policy p;
        char quirks[256];
        memset(&p, 0xff, sizeof(p));
        sts_policy_read(span_of(rows[i].body), &p);
        join_quirks(p.quirks, quirks, sizeof(quirks));
        cr_expect_eq(p.readable, rows[i].readable, "%s", rows[i].name);
        cr_expect_str_eq(quirks, rows[i].quirks, "%s: %s", rows[i].name, quirks);
    }
}
