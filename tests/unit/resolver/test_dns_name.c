#include <criterion/criterion.h>

#include "resolver/dns_name.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define LABEL_61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

struct text_case {
    const char *name;
    const char *text;
    struct span wire; /* empty: no name */
};

static const struct text_case text_cases[] = {
    {"root, RFC 1035 3.1", ".", SPAN_INIT("\0")},
    {"two labels", "mx.test", SPAN_INIT("\2mx\4test\0")},
    {"trailing dot", "mx.test.", SPAN_INIT("\2mx\4test\0")},
    {"case is no difference, RFC 4343 3", "MX.Test", SPAN_INIT("\2mx\4test\0")},
    {"escaped dot, RFC 1035 5.1", "a\\.b.c", SPAN_INIT("\3a.b\1c\0")},
    {"escaped backslash", "a\\\\b", SPAN_INIT("\3a\\b\0")},
    {"octet as digits", "a\\000\\255", SPAN_INIT("\3a\0\377\0")},
    {"underscore", "_25._tcp.mx", SPAN_INIT("\3_25\4_tcp\2mx\0")},
    {"empty", "", {NULL, 0}},
    {"empty label", "a..b", {NULL, 0}},
    {"leading dot", ".a", {NULL, 0}},
    {"two dots", "..", {NULL, 0}},
    {"escape at the end", "a\\", {NULL, 0}},
    {"two digits", "a\\12", {NULL, 0}},
    {"over an octet", "a\\256", {NULL, 0}},
    {"digit and letter", "a\\1b2", {NULL, 0}},
    {"label of 64, RFC 1035 2.3.4", LABEL_63 "x.test", {NULL, 0}},
    {"256 octets, RFC 1035 2.3.4", LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "x", {NULL, 0}},
};

Test(dns_name, from_text)
{
    for (size_t i = 0; i < sizeof(text_cases) / sizeof(text_cases[0]); i++) {
        const struct text_case *c = &text_cases[i];
        struct dns_name got;
        bool ok = dns_name_from_text(span_of(c->text), &got);
        cr_expect_eq(ok, c->wire.len > 0, "%s", c->name);
        if (ok) {
            cr_expect(span_eq((struct span){got.octets, got.len}, c->wire), "%s: wire", c->name);
        }
    }
}

Test(dns_name, longest_fits)
{
    struct dns_name got;
    uint8_t text[DNS_NAME_TEXT_LIMIT];
    struct span longest = span_of(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61);
    cr_assert(dns_name_from_text(longest, &got));
    cr_expect_eq(got.len, 255);
    cr_expect(span_eq((struct span){text, dns_name_to_text(&got, text)}, longest));
}

/* The bound of the text form: every octet escaped, in as few labels as hold them. */
Test(dns_name, longest_text)
{
    static const uint8_t lens[] = {63, 63, 63, 61};
    struct dns_name name = {0};
    struct dns_name back;
    uint8_t text[DNS_NAME_TEXT_LIMIT];
    for (size_t i = 0; i < sizeof(lens); i++) {
        name.octets[name.len++] = lens[i];
        memset(name.octets + name.len, 0xFF, lens[i]);
        name.len = (uint8_t)(name.len + lens[i]);
    }
    name.octets[name.len++] = 0;
    size_t len = dns_name_to_text(&name, text);
    cr_expect_eq(len, DNS_NAME_TEXT_LIMIT);
    cr_assert(dns_name_from_text((struct span){text, len}, &back));
    cr_expect(dns_name_eq(&name, &back));
}

struct read_case {
    const char *name;
    struct span message;
    size_t at;
    const char *text; /* NULL: no name */
    size_t end;
};

static const struct read_case read_cases[] = {
    {"plain", SPAN_INIT("\2mx\4test\0X"), 0, "mx.test", 9},
    {"lower case", SPAN_INIT("\2Mx\4TEST\0"), 0, "mx.test", 9},
    {"root", SPAN_INIT("\0"), 0, ".", 1},
    {"pointer back, RFC 1035 4.1.4", SPAN_INIT("\4test\0\2mx\300\0X"), 6, "mx.test", 11},
    {"pointer to pointer", SPAN_INIT("\1a\0\1b\300\0\1c\300\3"), 7, "c.b.a", 11},
    {"odd octets", SPAN_INIT("\5a.b\\ \0"), 0, "a\\.b\\\\\\032", 7},
    {"pointer to itself", SPAN_INIT("\300\0"), 0, NULL, 0},
    {"pointer into itself", SPAN_INIT("\1a\300\0"), 0, NULL, 0},
    {"pointer forward", SPAN_INIT("\300\2\0"), 0, NULL, 0},
    {"two pointers in a loop", SPAN_INIT("\300\2\300\0"), 2, NULL, 0},
    {"pointer to the label before it", SPAN_INIT("\1a\1b\300\2"), 2, NULL, 0},
    {"half a pointer", SPAN_INIT("\0\300"), 1, NULL, 0},
    {"over the end", SPAN_INIT("\3ab"), 0, NULL, 0},
    {"no root", SPAN_INIT("\2ab"), 0, NULL, 0},
    {"nothing", SPAN_INIT(""), 0, NULL, 0},
    {"extended label, RFC 6891 5", SPAN_INIT("\101a\0"), 0, NULL, 0},
    {"reserved label", SPAN_INIT("\201a\0"), 0, NULL, 0},
};

Test(dns_name, read)
{
    for (size_t i = 0; i < sizeof(read_cases) / sizeof(read_cases[0]); i++) {
        const struct read_case *c = &read_cases[i];
        struct dns_name got;
        uint8_t text[DNS_NAME_TEXT_LIMIT];
        size_t at = c->at;
        bool ok = dns_name_read(c->message, &at, &got);
        cr_expect_eq(ok, c->text != NULL, "%s", c->name);
        if (ok) {
            size_t len = dns_name_to_text(&got, text);
            cr_expect(span_eq((struct span){text, len}, span_of(c->text)), "%s: text %.*s", c->name,
                      (int)len, text);
            cr_expect_eq(at, c->end, "%s: end %zu", c->name, at);
            at = c->at;
            cr_expect(dns_name_skip(c->message, &at) && at == c->end, "%s: skip", c->name);
        }
    }
}

/* Compression can make a short message hold a name that is too long (RFC 1035 section 2.3.4). */
Test(dns_name, too_long_by_pointers)
{
    uint8_t message[400];
    size_t len = 0;
    size_t part = 0;
    for (size_t i = 0; i < 5; i++) {
        size_t start = len;
        message[len++] = 60;
        memset(message + len, 'a', 60);
        len += 60;
        if (i == 0) {
            message[len++] = 0;
        } else {
            message[len++] = 0xC0;
            message[len++] = (uint8_t)part;
        }
        part = start;
        struct dns_name got;
        size_t at = start;
        cr_expect_eq(dns_name_read((struct span){message, len}, &at, &got), i < 4, "%zu labels", i);
    }
}

/* RFC 1035 section 3.5, RFC 3596 section 2.5. */
Test(dns_name, reverse)
{
    static const struct {
        const char *address;
        const char *name;
    } rows[] = {
        {"192.0.2.7", "7.2.0.192.in-addr.arpa"},
        {"255.255.255.255", "255.255.255.255.in-addr.arpa"},
        {"2001:db8::567:89ab",
         "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_addr address = {0};
        char room[DNS_REVERSE_NAME_MAX];
        cr_assert(net_addr_parse(span_of(rows[i].address), &address));
        cr_expect(span_eq(dns_name_reverse(&address, room), span_of(rows[i].name)), "%s",
                  rows[i].address);
    }
}
