#include <criterion/criterion.h>

#include "scanner/domain/domain_name.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct name_case {
    const char *name;
    struct span input;
    const char *want; /* normal form, or the word of the fault in angle brackets */
};

static const struct name_case domains[] = {
    {"plain", SPAN_INIT("example.org"), "example.org"},
    {"RFC 4343 3: case", SPAN_INIT("Example.ORG"), "example.org"},
    {"RFC 1034 3.1: trailing dot", SPAN_INIT("example.org."), "example.org"},
    {"white space around", SPAN_INIT(" \texample.org \r\n"), "example.org"},
    {"RFC 5321 4.1.2: mailbox", SPAN_INIT("postmaster@Example.org"), "example.org"},
    {"RFC 5322 3.4: address in brackets", SPAN_INIT(" <joe@Example.org> "), "example.org"},
    {"RFC 5322 3.4: name and address", SPAN_INIT("\"Joe\" < joe@example.org >"), "example.org"},
    {"brackets without an address", SPAN_INIT("<example.org>"), "<bad_character>"},
    {"brackets without a domain", SPAN_INIT("Joe <joe@>"), "<empty>"},
    {"brackets that do not end", SPAN_INIT("<joe@example.org"), "example.org"},
    {"brackets that do not begin", SPAN_INIT("joe@example.org>"), "<bad_character>"},
    {"RFC 5321 4.1.2: quoted local part", SPAN_INIT("\"a@b\"@example.org"), "example.org"},
    {"RFC 6531 3.3: local part in UTF-8", SPAN_INIT("j\xc3\xbcrgen@example.org"), "example.org"},
    {"RFC 1123 2.1: digit first", SPAN_INIT("3com.example"), "3com.example"},
    {"a single label", SPAN_INIT("ai"), "ai"},
    {"RFC 6761 6.2, 6.5: allowed for labs", SPAN_INIT("mail.test"), "mail.test"},
    {"RFC 6761 6.5", SPAN_INIT("example"), "example"},
    {"RFC 5890 2.3.2.1: A-label", SPAN_INIT("XN--BCHER-KVA.example"), "xn--bcher-kva.example"},
    {"an A-label that is none is asked for", SPAN_INIT("xn--a.example"), "xn--a.example"},
    {"RFC 5890 2.3.2.1: U-label", SPAN_INIT("b\xc3\xbc\x63her.example"), "xn--bcher-kva.example"},
    {"RFC 5895 2: upper case", SPAN_INIT("B\xc3\x9c\x43HER.example"), "xn--bcher-kva.example"},
    {"RFC 5895 2: decomposed", SPAN_INIT("bu\xcc\x88\x63her.example"), "xn--bcher-kva.example"},
    {"RFC 5894 7.2: sharp s stays", SPAN_INIT("fa\xc3\x9f.de"), "xn--fa-hia.de"},
    {"RFC 5895 2: ideographic dot",
     SPAN_INIT("\xe4\xbe\x8b\xe3\x80\x82"
               "cn\xe3\x80\x82"),
     "xn--fsq.cn"},
    {"RFC 1035 2.3.4: label of 63", SPAN_INIT(L63 ".org"), L63 ".org"},
    {"RFC 1035 2.3.4: name of 253", SPAN_INIT(L63 "." L63 "." L63 "." L61),
     L63 "." L63 "." L63 "." L61},

    {"empty", SPAN_INIT(""), "<empty>"},
    {"blank", SPAN_INIT(" \t"), "<empty>"},
    {"root", SPAN_INIT("."), "<empty>"},
    {"no domain part", SPAN_INIT("postmaster@"), "<empty>"},
    {"RFC 1035 2.3.4: name of 254", SPAN_INIT(L63 "." L63 "." L63 "." L61 "a"), "<too_long>"},
    {"RFC 1035 2.3.4: label of 64", SPAN_INIT(L63 "a.org"), "<label_too_long>"},
    {"RFC 1035 2.3.1: two dots", SPAN_INIT("example..org"), "<empty_label>"},
    {"RFC 1035 2.3.1: dot in front", SPAN_INIT(".example.org"), "<empty_label>"},
    {"RFC 1034 3.1: two dots at the end", SPAN_INIT("example.org.."), "<empty_label>"},
    {"RFC 1123 2.1: underscore", SPAN_INIT("_dmarc.example.org"), "<bad_character>"},
    {"RFC 1123 2.1: space", SPAN_INIT("exa mple.org"), "<bad_character>"},
    {"RFC 4592 2.1.1: wildcard", SPAN_INIT("*.example.org"), "<bad_character>"},
    {"a port", SPAN_INIT("example.org:25"), "<bad_character>"},
    {"a list", SPAN_INIT("example.org,example.net"), "<bad_character>"},
    {"NUL", SPAN_INIT("exam\0ple.org"), "<bad_character>"},
    {"NUL beside a U-label", SPAN_INIT("b\xc3\xbc\0.org"), "<bad_character>"},
    {"underscore beside a U-label", SPAN_INIT("_x.b\xc3\xbc.org"), "<bad_character>"},
    {"RFC 5321 4.1.2: hyphen in front", SPAN_INIT("-a.example"), "<bad_hyphen>"},
    {"RFC 5321 4.1.2: hyphen at the end", SPAN_INIT("a-.example"), "<bad_hyphen>"},
    {"RFC 3629: Latin 1", SPAN_INIT("b\xfc\x63her.example"), "<not_utf8>"},
    {"RFC 3629: overlong", SPAN_INIT("a\xc0\xae.example"), "<not_utf8>"},
    {"RFC 5892 2.6: heart", SPAN_INIT("i\xe2\x9d\xa4.ws"), "<idna>"},
    {"RFC 5893 2: Bidi rule", SPAN_INIT("a\xd7\x90.example"), "<idna>"},
    {"RFC 5321 4.1.3: IPv4", SPAN_INIT("192.0.2.1"), "<ip_address>"},
    {"RFC 5321 4.1.3: IPv4 literal", SPAN_INIT("a@[192.0.2.1]"), "<ip_address>"},
    {"RFC 5321 4.1.3: IPv6 literal", SPAN_INIT("[IPv6:2001:db8::1]"), "<ip_address>"},
    {"RFC 4291 2.2: IPv6", SPAN_INIT("2001:db8::1"), "<ip_address>"},
    {"full-width IPv4",
     SPAN_INIT("\xef\xbc\x91\x39"
               "2.0.2.1"),
     "<ip_address>"},
    {"brackets around no address", SPAN_INIT("[example.org]"), "<bad_character>"},
    {"RFC 3696 2: numeric TLD", SPAN_INIT("300.0.2.1"), "<numeric_tld>"},
    {"a number", SPAN_INIT("42"), "<numeric_tld>"},
    {"RFC 3986 3.2.2: host of a URL", SPAN_INIT("https://example.org"), "example.org"},
    {"RFC 3986 3.2: user, port, path", SPAN_INIT(" HTTP://u:p@Example.org.:8080/a@b.test?c#d "),
     "example.org"},
    {"RFC 3986 3.3: no path", SPAN_INIT("http://example.org?a://b@c/d"), "example.org"},
    {"RFC 3986 3.2.3: an empty port", SPAN_INIT("http://example.org:"), "example.org"},
    {"RFC 3986 3.2.2: IPv6", SPAN_INIT("https://[2001:db8::1]:443/"), "<ip_address>"},
    {"RFC 3986 3.2.2: IPv4", SPAN_INIT("https://192.0.2.1"), "<ip_address>"},
    {"RFC 3986 3.2.2: no domain", SPAN_INIT("https://a b.test/"), "<bad_character>"},
    {"a URL without a host", SPAN_INIT("https:///example.org"), "<url>"},
    {"no URL of a site", SPAN_INIT("ldap://example.org/"), "<url>"},
    {"RFC 7686 2", SPAN_INIT("example.Onion"), "<special_use_name>"},
    {"RFC 6761 6.4", SPAN_INIT("a.invalid"), "<special_use_name>"},
    {"RFC 6761 6.3", SPAN_INIT("localhost"), "<special_use_name>"},
    {"RFC 6762 3", SPAN_INIT("printer.local."), "<special_use_name>"},
};

static const struct name_case hosts[] = {
    {"plain", SPAN_INIT("mx1.example.org"), "mx1.example.org"},
    {"case and dot", SPAN_INIT("MX1.Example.ORG."), "mx1.example.org"},
    {"underscore, in use", SPAN_INIT("mx_1.example.org"), "mx_1.example.org"},
    {"edge hyphen, in use", SPAN_INIT("mx-.example.org"), "mx-.example.org"},
    {"a single label", SPAN_INIT("mail"), "mail"},
    {"special-use names are the resolver's to deny", SPAN_INIT("mx.local"), "mx.local"},
    {"RFC 7505 3: root", SPAN_INIT("."), "<null_mx>"},
    {"nothing", SPAN_INIT(""), "<empty>"},
    {"RFC 5321 5.1: address", SPAN_INIT("192.0.2.1"), "<ip_literal>"},
    {"RFC 5321 5.1: address with a dot", SPAN_INIT("192.0.2.1."), "<ip_literal>"},
    {"RFC 5321 5.1: literal", SPAN_INIT("[192.0.2.1]"), "<ip_literal>"},
    {"RFC 4291 2.2: IPv6", SPAN_INIT("2001:db8::1"), "<ip_literal>"},
    {"RFC 6761 6.3", SPAN_INIT("localhost"), "<localhost>"},
    {"RFC 6761 6.3: below", SPAN_INIT("mx.LOCALHOST."), "<localhost>"},
    {"RFC 1035 5.1: escaped dot", SPAN_INIT("mx\\.1.example.org"), "<bad_character>"},
    {"RFC 1035 5.1: escaped octet", SPAN_INIT("mx\\032.example.org"), "<bad_character>"},
    {"octets", SPAN_INIT("m\xc3\xbc.example.org"), "<bad_character>"},
    {"mailbox", SPAN_INIT("a@example.org"), "<bad_character>"},
    {"two dots", SPAN_INIT("mx..example.org"), "<empty_label>"},
    {"RFC 3696 2", SPAN_INIT("mx.25"), "<numeric_tld>"},
    {"RFC 1035 2.3.4", SPAN_INIT(L63 "a.org"), "<label_too_long>"},
};

struct exchange_case {
    const char *name;
    struct span input;
    const char *expected; /* "<word>": a fault */
    enum mx_name_kind kind;
};

static const struct exchange_case exchanges[] = {
    {"RFC 1123 2.1: a digit first", SPAN_INIT("1mx.example.org"), "1mx.example.org", MX_NAME_HOST},
    {"Postfix and Exim: underscore", SPAN_INIT("_mx.example.org"), "_mx.example.org", MX_NAME_HOST},
    {"hyphens inside", SPAN_INIT("m-x--1.example.org"), "m-x--1.example.org", MX_NAME_HOST},
    {"RFC 1035 2.3.1: hyphen first", SPAN_INIT("-mx.example.org"), "-mx.example.org",
     MX_NAME_NOT_A_HOST},
    {"RFC 1035 2.3.1: hyphen last", SPAN_INIT("mx-.example.org"), "mx-.example.org",
     MX_NAME_NOT_A_HOST},
    {"RFC 1035 2.3.1: in another label", SPAN_INIT("mx.example-.org"), "mx.example-.org",
     MX_NAME_NOT_A_HOST},
    {"RFC 5321 5.1: dotted quad", SPAN_INIT("192.0.2.1"), "192.0.2.1", MX_NAME_ADDRESS_LITERAL},
    {"RFC 5321 5.1: and the root's dot", SPAN_INIT("192.0.2.1."), "192.0.2.1",
     MX_NAME_ADDRESS_LITERAL},
    {"RFC 4291 2.2: IPv6", SPAN_INIT("2001:DB8::01"), "2001:db8::1", MX_NAME_ADDRESS_LITERAL},
    {"RFC 5321 4.1.3: brackets", SPAN_INIT("[192.0.2.1]"), "<ip_literal>", MX_NAME_NOT_A_HOST},
    {"RFC 5321 4.1.3: brackets, IPv6", SPAN_INIT("[IPv6:2001:db8::1]"), "<ip_literal>",
     MX_NAME_NOT_A_HOST},
    {"RFC 4291 2.2: no zone", SPAN_INIT("fe80::1%eth0"), "<bad_character>", MX_NAME_NOT_A_HOST},
    {"inet_aton: three parts", SPAN_INIT("192.0.2"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"inet_aton: one number", SPAN_INIT("3221225985"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"inet_aton: octal", SPAN_INIT("0300.0.2.1"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"inet_aton: leading zero", SPAN_INIT("192.0.2.01"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"inet_aton: hexadecimal", SPAN_INIT("0xc0.0.2.1"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"five numbers", SPAN_INIT("192.0.2.1.1"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"over 255", SPAN_INIT("256.0.2.1"), "<numeric_tld>", MX_NAME_DOUBTFUL},
    {"an address below a domain", SPAN_INIT("192.0.2.1.example.org"), "192.0.2.1.example.org",
     MX_NAME_HOST},
    {"Postfix 3.9: wildcard", SPAN_INIT("*.example.org"), "<bad_character>", MX_NAME_DOUBTFUL},
    {"wildcard further in", SPAN_INIT("a.*.example.org"), "<bad_character>", MX_NAME_NOT_A_HOST},
    {"wildcard and hyphen", SPAN_INIT("*.-mx.example.org"), "<bad_character>", MX_NAME_NOT_A_HOST},
    {"Exim: slash", SPAN_INIT("m/x.example.org"), "<bad_character>", MX_NAME_DOUBTFUL},
    {"slash at the edge", SPAN_INIT("mx/.example.org"), "<bad_character>", MX_NAME_NOT_A_HOST},
    {"mailbox", SPAN_INIT("a@example.org"), "<bad_character>", MX_NAME_NOT_A_HOST},
    {"RFC 1035 5.1: space", SPAN_INIT("mx\\032.example.org"), "<bad_character>",
     MX_NAME_NOT_A_HOST},
    {"RFC 1035 5.1: dot in a label", SPAN_INIT("192\\.0.2.1"), "<bad_character>",
     MX_NAME_NOT_A_HOST},
    {"RFC 7505 3: root", SPAN_INIT("."), "<null_mx>", MX_NAME_ROOT},
    {"RFC 6761 6.3", SPAN_INIT("localhost"), "<localhost>", MX_NAME_HOST},
    {"one label", SPAN_INIT("mail"), "mail", MX_NAME_HOST},
    {"a label too long", SPAN_INIT(L63 "a.org"), "<label_too_long>", MX_NAME_NOT_A_HOST},
};

Test(domain_name, exchanges)
{
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        const struct exchange_case *c = &exchanges[i];
        struct buf got = BUF_INIT(NAME_TEXT_MAX);
        enum mx_name_kind kind;
        const char *fault = mx_name_normalise(c->input, &got, &kind);
        if (fault != NULL) {
            cr_expect_eq(got.len, 0, "%s", c->name);
            buf_putf(&got, "<%s>", fault);
        }
        cr_expect(span_eq(buf_span(&got), span_of(c->expected)), "%s: %.*s", c->name, (int)got.len,
                  (const char *)got.at);
        cr_expect_eq(kind, c->kind, "%s", c->name);
        buf_deinit(&got);
    }
}

static void check(const struct name_case *c, struct buf *got, const char *fault)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    if (fault != NULL) {
        cr_expect_eq(got->len, 0, "%s: output in spite of a fault", c->name);
        buf_putf(&text, "<%s>", fault);
    } else {
        buf_put(&text, buf_span(got));
    }
    cr_expect(span_eq(buf_span(&text), span_of(c->want)), "%s: %.*s", c->name, (int)text.len,
              (const char *)text.at);
    buf_deinit(&text);
    buf_reset(got);
}

Test(domain_name, inputs_become_normal_forms_or_words)
{
    struct buf out = BUF_INIT(NAME_TEXT_MAX);
    for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        check(&domains[i], &out, domain_name_normalise(domains[i].input, &out));
    }
    buf_deinit(&out);
}

Test(domain_name, exchanges_become_host_names_or_words)
{
    struct buf out = BUF_INIT(NAME_TEXT_MAX);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        const char *why = NULL;
        bool good = host_name_normalise(hosts[i].input, &out, &why);
        cr_expect_eq(good, why == NULL, "%s: word", hosts[i].name);
        check(&hosts[i], &out, why);
    }
    cr_expect_not(host_name_normalise(SPAN_LIT("."), &out, NULL));
    buf_deinit(&out);
}

Test(domain_name, long_inputs_are_refused)
{
    static uint8_t input[4096];
    struct buf out = BUF_INIT(NAME_TEXT_MAX);
    memset(input, 'a', sizeof(input));
    for (size_t i = 50; i < sizeof(input); i += 51) {
        input[i] = '.';
    }
    input[sizeof(input) - 1] = 'a';
    cr_expect_str_eq(domain_name_normalise((struct span){input, sizeof(input)}, &out), "too_long");
    memcpy(input, "\xc3\xbc", 2);
    cr_expect_str_eq(domain_name_normalise((struct span){input, sizeof(input)}, &out), "too_long");
    cr_expect_str_eq(domain_name_normalise((struct span){input, 600}, &out), "too_long");
    buf_deinit(&out);
}

/* A normal form is its own normal form, and is appended. */
Test(domain_name, normal_forms_are_stable)
{
    struct buf once = BUF_INIT(BUF_NO_LIMIT);
    struct buf twice = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        buf_reset(&once);
        buf_reset(&twice);
        if (domain_name_normalise(domains[i].input, &once) != NULL) {
            continue;
        }
        buf_put_text(&twice, "before ");
        cr_expect_null(domain_name_normalise(buf_span(&once), &twice), "%s", domains[i].name);
        cr_expect(span_eq(span_drop(buf_span(&twice), 7), buf_span(&once)), "%s", domains[i].name);
        cr_expect(span_eq(span_take(buf_span(&twice), 7), SPAN_LIT("before ")));
    }
    buf_deinit(&once);
    buf_deinit(&twice);
}

Test(domain_name, last_label)
{
    cr_expect(span_eq(domain_name_tld(SPAN_LIT("a.example.org")), SPAN_LIT("org")));
    cr_expect(span_eq(domain_name_tld(SPAN_LIT("ai")), SPAN_LIT("ai")));
    cr_expect_eq(domain_name_tld((struct span){0}).len, 0);
}
