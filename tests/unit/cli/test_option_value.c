#include <criterion/criterion.h>

#include "scanner/cli/option_value.h"

static bool is_v4(const struct net_addr *a, uint8_t b0, uint8_t b3)
{
    return a->family == 4 && a->octets[0] == b0 && a->octets[3] == b3;
}

Test(option_value, numbers_keep_to_their_range)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t want;
    } cases[] = {
        {"1", true, 1},   {"100", true, 100}, {"0", false, 0},   {"101", false, 0},
        {"", false, 0},   {"-1", false, 0},   {"+1", false, 0},  {" 1", false, 0},
        {"1x", false, 0}, {"0x10", false, 0}, {"1e1", false, 0}, {"18446744073709551616", false, 0},
        {"7", true, 7},   {"007", true, 7},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t n = 999;
        bool ok = value_read_number(span_of(cases[i].text), 1, 100, &n);
        cr_assert_eq(ok, cases[i].ok, "'%s'", cases[i].text);
        cr_assert_eq(n, ok ? cases[i].want : 999, "'%s'", cases[i].text);
    }
}

Test(option_value, times_are_seconds_with_three_decimals)
{
    static const struct {
        const char *text;
        bool ok;
        uint32_t want;
    } cases[] = {
        {"10", true, 10000},
        {"10s", true, 10000},
        {"0.5", true, 500},
        {"0.05", true, 50},
        {"1.25s", true, 1250},
        {"0.049", false, 0},
        {"0", false, 0},
        {"3600", true, 3600000},
        {"3600.001", false, 0},
        {"1.2345", false, 0},
        {"1.", false, 0},
        {".5", false, 0},
        {"10m", false, 0},
        {"s", false, 0},
        {"", false, 0},
        {"1.x", false, 0},
        {"99999999999999999999", false, 0},
        {"18446744073709551", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t ms = 7;
        bool ok = value_read_seconds(span_of(cases[i].text), 50, 3600000, &ms);
        cr_assert_eq(ok, cases[i].ok, "'%s'", cases[i].text);
        cr_assert_eq(ms, ok ? cases[i].want : 7, "'%s' gave %u", cases[i].text, ms);
    }
}

Test(option_value, rates_are_events_per_second)
{
    static const struct {
        const char *text;
        bool ok;
        double want;
    } cases[] = {
        {"2/s", true, 2},     {"2", true, 2},     {"0.5/s", true, 0.5}, {"30/m", true, 0.5},
        {"36/h", true, 0.01}, {"0", true, 0},     {"5000", true, 5000}, {"10000/s", true, 10000},
        {"10001", false, 0},  {"2/x", false, 0},  {"2/", false, 0},     {"/s", false, 0},
        {"-2/s", false, 0},   {"2 /s", false, 0}, {"", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double rate = -1;
        bool ok = value_read_rate(span_of(cases[i].text), 10000, &rate);
        cr_assert_eq(ok, cases[i].ok, "'%s'", cases[i].text);
        double difference = rate - (ok ? cases[i].want : -1);
        cr_assert(difference < 1e-9 && difference > -1e-9, "'%s' gave %f", cases[i].text, rate);
    }
}

Test(option_value, endpoints_take_a_port_and_ipv6_in_brackets)
{
    static const struct {
        const char *text;
        uint8_t family; /* 0: refused */
        uint16_t port;
    } cases[] = {
        {"192.0.2.1", 4, 53},
        {"192.0.2.1:5353", 4, 5353},
        {"2001:db8::1", 6, 53},
        {"[2001:db8::1]:5353", 6, 5353},
        {"[2001:db8::1]", 6, 53},
        {"::1", 6, 53},
        {"[192.0.2.1]:53", 4, 53},
        {"192.0.2.1:0", 0, 0},
        {"192.0.2.1:65536", 0, 0},
        {"192.0.2.1:", 0, 0},
        {"resolver.test", 0, 0},
        {"resolver.test:53", 0, 0},
        {"[2001:db8::1", 0, 0},
        {"[2001:db8::1]53", 0, 0},
        {"[]:53", 0, 0},
        {"", 0, 0},
        {":53", 0, 0},
        {"fe80::1%eth0", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_endpoint e = {.port = 1};
        bool ok = value_read_endpoint(span_of(cases[i].text), 53, &e);
        cr_assert_eq(ok, cases[i].family != 0, "'%s'", cases[i].text);
        cr_assert_eq(e.address.family, cases[i].family, "'%s'", cases[i].text);
        cr_assert_eq(e.port, ok ? cases[i].port : 1, "'%s'", cases[i].text);
    }
}

Test(option_value, address_maps_need_room_in_the_target)
{
    static const struct {
        const char *text;
        bool ok;
        uint16_t port;
    } cases[] = {
        {"11.0.0.0/8=127.0.0.0/8", true, 0},
        {"11.0.0.0/8=127.0.0.0/8:2525", true, 2525},
        {"198.51.100.0/24=127.5.0.0/16", true, 0}, /* TO may be larger */
        {"198.51.0.0/16=127.5.1.0/24", false, 0},  /* but not smaller */
        {"2001:db8::/112=127.6.0.0/16", true, 0},
        {"2001:db8::/112=127.6.0.0/16:25", true, 25},
        {"2001:db8::/32=[2001:db8:1::/32]:25", true, 25},
        {"2001:db8::/32=127.0.0.0/8", false, 0},
        {"192.0.2.1=127.0.0.1", true, 0},
        {"192.0.2.1=127.0.0.1:0", false, 0},
        {"192.0.2.0/33=127.0.0.0/8", false, 0},
        {"192.0.2.1", false, 0},
        {"=127.0.0.1", false, 0},
        {"192.0.2.1=", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address_map m = {.port = 1};
        cr_assert_eq(value_read_address_map(span_of(cases[i].text), &m), cases[i].ok, "'%s'",
                     cases[i].text);
        cr_assert_eq(m.port, cases[i].ok ? cases[i].port : 1, "'%s'", cases[i].text);
    }
    struct address_map m;
    cr_assert(value_read_address_map(SPAN_LIT("11.0.0.0/8=127.0.0.9/8:2525"), &m));
    cr_assert(is_v4(&m.from.base, 11, 0) && m.from.bits == 8);
    cr_assert(is_v4(&m.to.base, 127, 0) && m.to.bits == 8);
}

Test(option_value, port_maps)
{
    struct port_map m = {0};
    cr_assert(value_read_port_map(SPAN_LIT("25=2525"), &m));
    cr_assert(m.from == 25 && m.to == 2525);
    static const char *const bad[] = {"25", "25=", "=25", "25=0", "25=65536", "25=2525x", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(value_read_port_map(span_of(bad[i]), &m), "'%s'", bad[i]);
    }
}

Test(option_value, an_ehlo_name_is_fully_qualified)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        /* RFC 5321 section 2.3.5: fully qualified; section 4.1.2: letters, digits, hyphens */
        {"scanner.example.org", true},
        {"Scanner.Example.ORG", true},
        {"a.b", true},
        {"xn--bcher-kva.example", true},
        {"1.example", true},
        {"scanner", false},
        {"localhost", false},
        {"scanner.localdomain", false},
        {"mail.localhost", false},
        {"192.0.2.1", false}, /* would be an address literal, section 4.1.3 */
        {"[192.0.2.1]", false},
        {"scanner.example.org.", false},
        {".example.org", false},
        {"a..b", false},
        {"-a.example", false},
        {"a-.example", false},
        {"a_b.example", false},
        {"a b.example", false},
        {"a.example\r\nRSET", false},
        {"", false},
        /* RFC 1035 section 2.3.4: 63 octets a label */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(value_is_fqdn(span_of(cases[i].text)), cases[i].ok, "'%s'", cases[i].text);
    }
    char long_name[255]; /* 254 octets of text: one too many */
    for (size_t i = 0; i < 254; i++) {
        long_name[i] = i % 50 == 49 ? '.' : 'a';
    }
    long_name[254] = '\0';
    cr_assert_not(value_is_fqdn(span_of(long_name)));
    cr_assert(value_is_fqdn(span_take(span_of(long_name), 253)));
}

Test(option_value, lists_give_empty_items_too)
{
    static const struct {
        const char *list;
        const char *joined; /* the items with '|' behind each */
    } cases[] = {{"a", "a|"},   {"a,b", "a|b|"}, {"", "|"},
                 {"a,", "a||"}, {",", "||"},     {",a", "|a|"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf joined = BUF_INIT(BUF_NO_LIMIT);
        struct span list = span_of(cases[i].list);
        struct span item;
        while (value_next_item(&list, &item)) {
            buf_put(&joined, item);
            buf_put_char(&joined, '|');
        }
        cr_assert(span_eq(buf_span(&joined), span_of(cases[i].joined)), "'%s'", cases[i].list);
        buf_deinit(&joined);
    }
}

Test(option_value, trust_stores_have_a_name)
{
    static const struct {
        const char *text;
        const char *name; /* NULL: refused */
        const char *path; /* NULL: the bundle of this machine */
    } cases[] = {
        {"roots.pem", "roots", "roots.pem"},
        {"/etc/ssl/mozilla.crt", "mozilla", "/etc/ssl/mozilla.crt"},
        {"dir.d/my roots", "my_roots", "dir.d/my roots"},
        {".pem", ".pem", ".pem"},
        {"moz=roots.pem", "moz", "roots.pem"},
        {"a-b_c.1=x=y.pem", "a-b_c.1", "x=y.pem"},
        {"./a=b.pem", "a_b", "./a=b.pem"}, /* a slash before '=': all of it is a file */
        {"system", "system", NULL},
        {"here=system", "here", NULL},
        {"./system", "system", "./system"},
        {"", NULL, NULL},
        {"=x.pem", NULL, NULL},
        {"a b=x.pem", NULL, NULL},
        {"a=", NULL, NULL},
        {"dir/", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct root_cas store = {0};
        bool ok = value_read_root_cas(cases[i].text, &store);
        cr_assert_eq(ok, cases[i].name != NULL, "'%s'", cases[i].text);
        if (ok) {
            cr_assert_str_eq(store.name, cases[i].name, "'%s'", cases[i].text);
            cr_assert_eq(store.path == NULL, cases[i].path == NULL, "'%s'", cases[i].text);
            cr_assert(store.path == NULL || strcmp(store.path, cases[i].path) == 0);
        }
    }
}

Test(option_value, a_name_of_a_trust_store_has_63_octets)
{
    char text[80];
    struct root_cas store = {0};
    memset(text, 'a', sizeof(text));
    memcpy(text + 63, "=x", 3);
    cr_assert(value_read_root_cas(text, &store) && strlen(store.name) == 63);
    memset(text, 'a', sizeof(text));
    memcpy(text + 64, "=x", 3);
    cr_assert(!value_read_root_cas(text, &store));
    memset(text, 'a', sizeof(text));
    text[79] = '\0'; /* the name of a long file is cut */
    cr_assert(value_read_root_cas(text, &store) && strlen(store.name) == 63);
}

Test(option_value, points_in_time_are_rfc3339_in_utc)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {
        {"@0", true, 0},
        {"@1769860800", true, 1769860800},
        {"@253402300799", true, 253402300799},
        {"1970-01-01", true, 0},
        {"2026-01-31", true, 1769817600},
        {"2026-01-31T12:00:00Z", true, 1769860800},
        {"2026-01-31t12:00:00z", true, 1769860800}, /* RFC 3339 section 5.6 */
        {"2026-01-31 12:00:00Z", true, 1769860800},
        {"2026-01-31T12:00:00.999Z", true, 1769860800},
        {"2026-01-31T12:00:00+00:00", true, 1769860800},
        {"2024-02-29", true, 1709164800},
        {"2000-02-29", true, 951782400},
        {"2016-12-31T23:59:60Z", true, 1483228800}, /* a leap second */
        {"0000-01-01", true, -62167219200},
        {"9999-12-31T23:59:59Z", true, 253402300799},
        {"@253402300800", false, 0},
        {"@-1", false, 0},
        {"@", false, 0},
        {"", false, 0},
        {"2026", false, 0},
        {"2026-1-31", false, 0},
        {"2026-00-01", false, 0},
        {"2026-13-01", false, 0},
        {"2026-02-29", false, 0},
        {"1900-02-29", false, 0},
        {"2026-01-32", false, 0},
        {"2026-01-00", false, 0},
        {"2026-01-31T", false, 0},
        {"2026-01-31T12:00Z", false, 0},
        {"2026-01-31T12:00:00", false, 0},
        {"2026-01-31T12:00:00.Z", false, 0},
        {"2026-01-31T24:00:00Z", false, 0},
        {"2026-01-31T12:60:00Z", false, 0},
        {"2026-01-31T12:00:61Z", false, 0},
        {"2026-01-31T12:00:00+01:00", false, 0}, /* not in UTC */
        {"2026-01-31x", false, 0},
        {"1769860800", false, 0},
        {"+026-01-31", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t at = 999;
        bool ok = value_read_time(span_of(cases[i].text), &at);
        cr_assert_eq(ok, cases[i].ok, "'%s'", cases[i].text);
        cr_assert_eq(at, ok ? cases[i].want : 999, "'%s': %lld", cases[i].text, (long long)at);
    }
}

Test(option_value, hosts_are_names_or_addresses_with_a_port)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        uint16_t port;
    } rows[] = {
        {"mail.example.org", "mail.example.org", 25},
        {"mail.example.org:587", "mail.example.org", 587},
        {"192.0.2.1", "192.0.2.1", 25},
        {"192.0.2.1:2525", "192.0.2.1", 2525},
        {"2001:db8::1", "2001:db8::1", 25},
        {"[2001:db8::1]:2525", "2001:db8::1", 2525},
        {"", NULL, 0},
        {":25", NULL, 0},
        {"mail", NULL, 0},
        {"mail.example.org:", NULL, 0},
        {"mail.example.org:0", NULL, 0},
        {"mail.example.org:65536", NULL, 0},
        {"mail.example.org:25:25", NULL, 0},
        {"mail.example.org.", NULL, 0},
        {"a b.example.org", NULL, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char host[EHLO_DOMAIN_MAX] = "unchanged";
        uint16_t port = 1;
        bool ok = value_read_host(span_of(rows[i].text), 25, host, &port);
        cr_expect_eq(ok, rows[i].host != NULL, "'%s'", rows[i].text);
        cr_expect_str_eq(host, ok ? rows[i].host : "unchanged", "'%s'", rows[i].text);
        cr_expect_eq(port, ok ? rows[i].port : 1, "'%s'", rows[i].text);
    }
}
