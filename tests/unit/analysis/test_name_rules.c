#include <criterion/criterion.h>
#include <openssl/x509v3.h>

#include "scanner/analysis/name_match.h"
#include "scanner/analysis/name_rules.h"
#include "scanner/cert/cert_names.h"
#include "tests/support/test_ca.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define RFC     NAME_RULE_RFC9525
#define OPENSSL (NAME_RULE_OPENSSL | NAME_RULE_OPENSSL_NO_CN)
#define NO_CN   NAME_RULE_OPENSSL_NO_CN
#define GNUTLS  NAME_RULE_GNUTLS
#define GO      NAME_RULE_GO
#define ALL     NAME_RULES_ALL

/* What each library makes of a certificate. What OpenSSL does is asked of X509_check_host(); GnuTLS's rules are
 * those of lib/x509/hostname-verify.c and lib/str.c before 3.8.13, Go's those of crypto/x509 in 1.26. */
struct rule_case {
    const char *why;
    const char *san; /* x509v3_config(5); NULL: none */
    const char *cn;
    const char *reference;
    unsigned refused_by;
};

static const struct rule_case cases[] = {
    {"RFC 9525 6.3: exact", "DNS:mx.example.com", "x", "mx.example.com", 0},
    {"RFC 4343: case", "DNS:MX.example.COM", "x", "mx.example.com", 0},
    {"another name", "DNS:mx.example.net", "x", "mx.example.com", ALL},
    {"the second of two", "DNS:a.test,DNS:mx.example.com", "x", "mx.example.com", 0},
    {"RFC 9525 6.3: one label", "DNS:*.example.com", "x", "mx.example.com", 0},
    {"RFC 9525 6.3: not two", "DNS:*.example.com", "x", "a.b.example.com", ALL},
    {"RFC 9525 6.3: not none", "DNS:*.example.com", "x", "example.com", ALL},
    {"an A-label", "DNS:*.example.com", "x", "xn--bcher-kva.example.com", 0},

    /* RFC 9525 section 7.1 leaves wildcards right under a public suffix to the client. */
    {"under a top-level domain", "DNS:*.com", "x", "example.com", OPENSSL | GNUTLS},
    {"under a public suffix of two labels", "DNS:*.co.uk", "x", "example.co.uk", 0},
    {"beside a name that matches", "DNS:*.com,DNS:example.com", "x", "example.com", 0},

    /* Wildcards that are a part of a label: RFC 9525 section 6.3 forbids them. */
    {"the star in front of a label", "DNS:*x.example.com", "x", "mx.example.com", ALL - GNUTLS},
    {"and nothing left for it", "DNS:*mx.example.com", "x", "mx.example.com", ALL - GNUTLS},
    {"the star behind a label", "DNS:m*.example.com", "x", "mx.example.com", ALL},
    {"not the first label", "DNS:mx.*.com", "x", "mx.example.com", ALL},
    {"two stars", "DNS:*.*.com", "x", "mx.example.com", ALL},
    {"a lone star", "DNS:*", "x", "localhost", ALL},

    /* Octets that no host name has. */
    {"RFC 5280 4.2.1.6: a trailing dot", "DNS:mx.example.com.", "x", "mx.example.com", ALL},
    {"a wildcard with one", "DNS:*.example.com.", "x", "mx.example.com", ALL},
    {"an underscore under a wildcard", "DNS:*.example.com", "x", "m_x.example.com", OPENSSL},
    {"a wildcard over an underscore", "DNS:*.ex_ample.com", "x", "mx.ex_ample.com", OPENSSL},
    {"an underscore, exact", "DNS:m_x.example.com", "x", "m_x.example.com", 0},
    {"a hyphen at the end of a label", "DNS:*.example-.com", "x", "mx.example-.com", OPENSSL},

    /* Common names: RFC 9525 section 2 has them no more; RFC 6125 section 6.4.4 as a last resort. */
    {"no alternative name at all", NULL, "mx.example.com", "mx.example.com", RFC | NO_CN | GO},
    {"a mail address", "email:a@b.test", "mx.example.com", "mx.example.com", RFC | NO_CN | GO},
    {"RFC 6125 6.4.4: an address", "IP:192.0.2.1", "mx.example.com", "mx.example.com",
     ALL - NAME_RULE_OPENSSL},
    {"a URI", "URI:https://x.test/", "mx.example.com", "mx.example.com", RFC | NO_CN | GO},
    {"RFC 4985: an SRVName", "otherName:1.3.6.1.5.5.7.8.7;IA5:_smtp.x.test", "mx.example.com",
     "mx.example.com", RFC | NO_CN | GO},
    {"a dNSName, another", "DNS:other.test", "mx.example.com", "mx.example.com", ALL},
    {"a wildcard", NULL, "*.example.com", "mx.example.com", RFC | NO_CN | GO},
    {"a wildcard under a top-level domain", NULL, "*.com", "example.com", ALL},
    {"another one", NULL, "mx.example.net", "mx.example.com", ALL},
    {"no name of a host", NULL, "x", "mx.example.com", ALL},
};

static unsigned ask(X509 *cert, const char *reference)
{
    unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    unsigned refusing = 0;
    if (X509_check_host(cert, reference, 0, flags, NULL) != 1) {
        refusing |= NAME_RULE_OPENSSL;
    }
    if (X509_check_host(cert, reference, 0, flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) !=
        1) {
        refusing |= NAME_RULE_OPENSSL_NO_CN;
    }
    return refusing;
}

Test(name_rules, what_each_library_takes)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct rule_case *c = &cases[i];
        struct test_cert made =
            test_cert_new(NULL, &(struct test_cert_params){.cn = c->cn, .san = c->san});
        struct span der = test_cert_der(made.cert);
        struct buf names = BUF_INIT(BUF_NO_LIMIT);
        CHECK(cert_names_pack(der, &names));
        struct span reference = span_of(c->reference);
        unsigned refusing = name_rules_refusing(buf_span(&names), reference);
        cr_expect_eq(refusing, c->refused_by, "%s: %#x, not %#x", c->why, refusing, c->refused_by);
        cr_expect_eq(ask(made.cert, c->reference), refusing & OPENSSL, "%s: OpenSSL", c->why);
        bool rfc = name_match_covers(buf_span(&names), reference);
        cr_expect_eq((refusing & RFC) == 0, rfc, "%s: as name_match.h", c->why);
        buf_deinit(&names);
        OPENSSL_free((void *)(uintptr_t)der.at);
        test_cert_free(&made);
    }
}

/* What the configuration of test certificates cannot say. */
struct octets_case {
    const char *why;
    enum cert_names_kind kind;
    struct span names[2]; /* the second may be empty: none */
    unsigned refused_by;
};

static const struct octets_case octets_cases[] = {
    {"a NUL behind the name", CERT_NAMES_DNS, {SPAN_INIT("mx.example.com\0"), SPAN_INIT("")}, ALL},
    {"a NUL in a name behind a wildcard",
     CERT_NAMES_DNS,
     {SPAN_INIT("*.example.com\0.evil.test"), SPAN_INIT("")},
     ALL},
    {"RFC 5280 4.2.1.6: no IA5 in another name: Go reads nothing of the certificate",
     CERT_NAMES_DNS,
     {SPAN_INIT("mx.example.com"), SPAN_INIT("b\xc3\xbc.test")},
     GO},
    {"RFC 6125 6.4.4: several common names",
     CERT_NAMES_CN,
     {SPAN_INIT("mx.example.com"), SPAN_INIT("other.test")},
     ALL - NAME_RULE_OPENSSL},
    {"an empty name", CERT_NAMES_DNS, {SPAN_INIT(""), SPAN_INIT("")}, ALL},
};

static void pack(struct buf *out, enum cert_names_kind kind, struct span name)
{
    buf_put_char(out, (char)kind);
    buf_put_char(out, (char)(name.len >> 8));
    buf_put_char(out, (char)name.len);
    buf_put(out, name);
}

Test(name_rules, odd_octets)
{
    for (size_t i = 0; i < COUNT(octets_cases); i++) {
        const struct octets_case *c = &octets_cases[i];
        struct buf names = BUF_INIT(BUF_NO_LIMIT);
        pack(&names, c->kind, c->names[0]);
        if (c->names[1].len > 0) {
            pack(&names, c->kind, c->names[1]);
        }
        unsigned refusing = name_rules_refusing(buf_span(&names), SPAN_LIT("mx.example.com"));
        cr_expect_eq(refusing, c->refused_by, "%s: %#x", c->why, refusing);
        cr_expect_eq(name_rules_refusing(buf_span(&names), SPAN_LIT("")), ALL, "%s", c->why);
        buf_deinit(&names);
    }
}
