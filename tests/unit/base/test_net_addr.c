#include <arpa/inet.h>
#include <netinet/in.h>

#include <criterion/criterion.h>

#include "scanner/base/net_addr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct net_addr addr_of(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a), "%s", text);
    return a;
}

static struct net_prefix prefix_of(const char *text)
{
    struct net_prefix p = {0};
    cr_assert(net_prefix_parse(span_of(text), &p), "%s", text);
    return p;
}

static void expect_addr(const struct net_addr *a, const char *want, const char *what)
{
    char text[NET_ADDR_TEXT_MAX] = "none";
    if (a->family != 0) {
        cr_expect_eq(net_addr_format(a, text), strlen(text), "%s", what);
    }
    cr_expect_str_eq(text, want, "%s", what);
}

Test(net_addr, every_octet_is_written_as_by_the_system)
{
    for (unsigned i = 0; i < 4 * 256; i++) {
        char text[NET_ADDR_TEXT_MAX];
        char want[NET_ADDR_TEXT_MAX];
        uint8_t octets[4] = {9, 10, 99, 100};
        octets[i / 256] = (uint8_t)(i % 256);
        struct net_addr a = net_addr_v4(octets);
        cr_assert_not_null(inet_ntop(AF_INET, octets, want, sizeof(want)));
        cr_expect_eq(net_addr_format(&a, text), strlen(want));
        cr_expect_str_eq(text, want);
    }
}

struct text_case {
    struct span text;
    uint8_t family; /* 0: no address */
    const char *again;
};

static const struct text_case text_cases[] = {
    {SPAN_INIT("192.0.2.1"), 4, "192.0.2.1"},
    {SPAN_INIT("0.0.0.0"), 4, "0.0.0.0"},
    {SPAN_INIT("255.255.255.255"), 4, "255.255.255.255"},
    {SPAN_INIT("256.0.0.1"), 0, NULL},
    {SPAN_INIT("192.0.2"), 0, NULL}, /* not as inet_aton(3) */
    {SPAN_INIT("0300.0.2.1"), 0, NULL},
    {SPAN_INIT("192.0.2.01"), 0, NULL},
    {SPAN_INIT("0xc0.0.2.1"), 0, NULL},
    {SPAN_INIT("3221225985"), 0, NULL},
    {SPAN_INIT("192.0.2.1."), 0, NULL},
    {SPAN_INIT(" 192.0.2.1"), 0, NULL},
    {SPAN_INIT("192.0.2.1 "), 0, NULL},
    {SPAN_INIT("192.0.2.1\0"), 0, NULL},
    {SPAN_INIT("192.0.2.1/32"), 0, NULL},
    {SPAN_INIT(""), 0, NULL},
    {SPAN_INIT("mx.test"), 0, NULL},
    {SPAN_INIT("::"), 6, "::"},
    {SPAN_INIT("::1"), 6, "::1"},
    {SPAN_INIT("2001:DB8::A"), 6, "2001:db8::a"}, /* RFC 5952 section 4.3 */
    {SPAN_INIT("2001:0db8:0000:0000:0001:0000:0000:0001"), 6, "2001:db8::1:0:0:1"}, /* 4.1, 4.2.3 */
    {SPAN_INIT("2001:db8:0:1:1:1:1:1"), 6, "2001:db8:0:1:1:1:1:1"}, /* 4.2.2: one 0 field */
    {SPAN_INIT("2001:0:0:1:0:0:0:1"), 6, "2001:0:0:1::1"},          /* 4.2.3: the longest */
    {SPAN_INIT("2001:db8:0:0:0:0:2:1"), 6, "2001:db8::2:1"},        /* 4.2.1 */
    {SPAN_INIT("::ffff:192.0.2.1"), 6, "::ffff:192.0.2.1"},         /* section 5 */
    {SPAN_INIT("::ffff:c000:201"), 6, "::ffff:192.0.2.1"},
    {SPAN_INIT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), 6,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {SPAN_INIT("fe80::1%eth0"), 0, NULL}, /* a zone, RFC 4007 section 11 */
    {SPAN_INIT("[2001:db8::1]"), 0, NULL},
    {SPAN_INIT("2001:db8::1::2"), 0, NULL},
    {SPAN_INIT("2001:db8:0:0:0:0:0:0:1"), 0, NULL},
    {SPAN_INIT("2001:db8:::1"), 0, NULL},
    {SPAN_INIT("2001:db8::12345"), 0, NULL},
    {SPAN_INIT("1:2:3:4:5:6:7"), 0, NULL},
    {SPAN_INIT(":"), 0, NULL},
    {SPAN_INIT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"), 0, NULL},
};

Test(net_addr, reads_and_writes_text)
{
    for (size_t i = 0; i < COUNT(text_cases); i++) {
        const struct text_case *c = &text_cases[i];
        const char *text = (const char *)c->text.at;
        struct net_addr a = {.family = 99};
        cr_expect_eq(net_addr_parse(c->text, &a), c->family != 0, "%s", text);
        cr_expect_eq(a.family, c->family != 0 ? c->family : 99, "%s", text);
        if (c->family != 0 && a.family == c->family) {
            expect_addr(&a, c->again, text);
            struct net_addr again = addr_of(c->again);
            cr_expect(net_addr_eq(&a, &again), "%s", text);
            cr_expect_eq(net_addr_len(&a), c->family == 4 ? 4 : 16);
        }
    }
}

struct prefix_case {
    const char *text;
    const char *base; /* NULL: no prefix */
    uint8_t bits;
};

static const struct prefix_case prefix_cases[] = {
    {"192.0.2.1", "192.0.2.1", 32},
    {"192.0.2.255/24", "192.0.2.0", 24},
    {"192.0.2.255/31", "192.0.2.254", 31},
    {"192.0.2.255/0", "0.0.0.0", 0},
    {"192.0.2.255/032", "192.0.2.255", 32},
    {"2001:db8::1", "2001:db8::1", 128},
    {"2001:db8:ffff:ffff::1/33", "2001:db8:8000::", 33},
    {"2001:db8::1/128", "2001:db8::1", 128},
    {"ffff::/0", "::", 0},
    {"192.0.2.0/33", NULL, 0},
    {"2001:db8::/129", NULL, 0},
    {"192.0.2.0/256", NULL, 0},
    {"192.0.2.0/0032", NULL, 0},
    {"192.0.2.0/", NULL, 0},
    {"192.0.2.0/-1", NULL, 0},
    {"192.0.2.0/+8", NULL, 0},
    {"192.0.2.0/8 ", NULL, 0},
    {"192.0.2.0/8/8", NULL, 0},
    {"192.0.2.0/255.255.255.0", NULL, 0},
    {"/24", NULL, 0},
    {"192.0.2/24", NULL, 0},
    {"", NULL, 0},
};

Test(net_addr, reads_prefixes)
{
    for (size_t i = 0; i < COUNT(prefix_cases); i++) {
        const struct prefix_case *c = &prefix_cases[i];
        struct net_prefix p = {.bits = 99};
        cr_expect_eq(net_prefix_parse(span_of(c->text), &p), c->base != NULL, "%s", c->text);
        cr_expect_eq(p.bits, c->base != NULL ? c->bits : 99, "%s", c->text);
        if (c->base != NULL) {
            expect_addr(&p.base, c->base, c->text);
        }
    }
}

struct mask_case {
    const char *addr;
    uint8_t bits;
    const char *masked;
    const char *outside; /* the nearest address that the prefix does not hold; NULL: none */
};

static const struct mask_case mask_cases[] = {
    {"192.0.2.77", 32, "192.0.2.77", "192.0.2.76"},
    {"192.0.2.77", 31, "192.0.2.76", "192.0.2.78"},
    {"192.0.2.77", 25, "192.0.2.0", "192.0.2.128"},
    {"192.0.2.77", 24, "192.0.2.0", "192.0.3.0"},
    {"192.0.2.77", 23, "192.0.2.0", "192.0.1.255"},
    {"192.0.2.77", 9, "192.0.0.0", "192.128.0.0"},
    {"192.0.2.77", 1, "128.0.0.0", "127.255.255.255"},
    {"192.0.2.77", 0, "0.0.0.0", NULL},
    {"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:7"},
    {"2001:db8:1:2:3:4:5:6", 127, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:8"},
    {"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::", "2001:db8:1:3::"},
    {"2001:db8:1:2:3:4:5:6", 63, "2001:db8:1:2::", "2001:db8:1:1:ffff:ffff:ffff:ffff"},
    {"2001:db8:1:2:3:4:5:6", 47, "2001:db8::", "2001:db8:2::"},
    {"2001:db8:1:2:3:4:5:6", 0, "::", NULL},
};

Test(net_addr, masks_and_contains)
{
    for (size_t i = 0; i < COUNT(mask_cases); i++) {
        const struct mask_case *c = &mask_cases[i];
        struct net_addr a = addr_of(c->addr);
        struct net_prefix p = {net_addr_masked(&a, c->bits), c->bits};
        expect_addr(&p.base, c->masked, c->addr);
        cr_expect(net_prefix_contains(&p, &a), "%s/%u", c->addr, c->bits);
        cr_expect(net_prefix_contains(&p, &p.base), "%s/%u", c->addr, c->bits);
        if (c->outside != NULL) {
            struct net_addr outside = addr_of(c->outside);
            cr_expect_not(net_prefix_contains(&p, &outside), "%s/%u", c->addr, c->bits);
        }
        struct net_addr other = addr_of(a.family == 4 ? "::" : "0.0.0.0");
        cr_expect_not(net_prefix_contains(&p, &other), "%s/%u: another family", c->addr, c->bits);
    }
    struct net_addr v4 = addr_of("192.0.2.77");
    struct net_addr v6 = addr_of("2001:db8:1:2:3:4:5:6");
    struct net_addr network = net_addr_network(&v4);
    expect_addr(&network, "192.0.2.0", "/24 of IPv4");
    network = net_addr_network(&v6);
    expect_addr(&network, "2001:db8:1::", "/48 of IPv6");
}

struct map_case {
    const char *addr;
    const char *from;
    const char *to;
    const char *mapped;
};

static const struct map_case map_cases[] = {
    {"11.1.2.3", "11.0.0.0/8", "127.0.0.0/8", "127.1.2.3"},
    {"11.1.2.3", "11.0.0.0/9", "127.128.0.0/9", "127.129.2.3"},
    {"11.1.2.3", "11.1.2.3/32", "127.0.0.1/32", "127.0.0.1"},
    {"11.1.2.3", "11.1.2.2/31", "127.0.0.0/8", "127.0.0.1"},
    {"11.1.2.3", "0.0.0.0/0", "0.0.0.0/0", "11.1.2.3"},
    {"2a0e:b100::1:2", "2a0e:b100::/111", "127.128.0.0/10", "127.129.0.2"},
    {"2a0e:b100::ff:fffe", "2a0e:b100::/104", "127.0.0.0/8", "127.255.255.254"},
    {"192.0.2.1", "0.0.0.0/0", "64:ff9b::/96", "64:ff9b::c000:201"}, /* RFC 6052 section 2.2 */
    {"2001:db8::5", "2001:db8::/64", "fd00:0:0:1::/64", "fd00:0:0:1::5"},
    {"2001:db8::5", "2001:db8::5/128", "127.0.0.1/32", "127.0.0.1"},
};

Test(net_addr, maps_into_another_prefix)
{
    for (size_t i = 0; i < COUNT(map_cases); i++) {
        const struct map_case *c = &map_cases[i];
        struct net_addr a = addr_of(c->addr);
        struct net_prefix from = prefix_of(c->from);
        struct net_prefix to = prefix_of(c->to);
        struct net_addr mapped = net_addr_mapped(&a, &from, &to);
        expect_addr(&mapped, c->mapped, c->addr);
        cr_expect(net_prefix_contains(&to, &mapped), "%s", c->addr);
    }
}

/* In the order of rows: IPv4 first, then by octets. */
static const char *const in_order[] = {
    "0.0.0.0", "1.2.3.4", "1.2.3.5", "10.0.0.0", "128.0.0.1", "255.255.255.255",
    "::",      "::1",     "::2",     "1::",      "8000::",    "ffff::",
};

Test(net_addr, has_an_order)
{
    for (size_t i = 0; i < COUNT(in_order); i++) {
        for (size_t k = 0; k < COUNT(in_order); k++) {
            struct net_addr a = addr_of(in_order[i]);
            struct net_addr b = addr_of(in_order[k]);
            int cmp = net_addr_cmp(&a, &b);
            cr_expect_eq((cmp > 0) - (cmp < 0), (i > k) - (i < k), "%s %s", in_order[i],
                         in_order[k]);
            cr_expect_eq(net_addr_eq(&a, &b), i == k, "%s %s", in_order[i], in_order[k]);
        }
    }
}

Test(net_addr, passes_through_socket_names)
{
    for (size_t i = 0; i < COUNT(in_order); i++) {
        struct net_addr a = addr_of(in_order[i]);
        struct net_addr again = {0};
        struct sockaddr_storage name;
        uint16_t port = 0;
        socklen_t len = net_addr_to_sockaddr(&a, 2525, &name);
        cr_expect_eq(len, a.family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        cr_expect(net_addr_from_sockaddr((struct sockaddr *)&name, &again, &port));
        cr_expect(net_addr_eq(&a, &again), "%s", in_order[i]);
        cr_expect_eq(port, 2525);
    }
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    struct net_addr a = {0};
    uint16_t port = 0;
    cr_expect_not(net_addr_from_sockaddr((struct sockaddr *)&other, &a, &port));
}

struct block_case {
    const char *first;
    const char *last;
    const char *before; /* neighbours outside that are global; NULL: none, or in another block */
    const char *behind;
    const char *name;
};

/* The IANA registries of RFC 6890, every block with its ends. */
static const struct block_case block_cases[] = {
    {"0.0.0.0", "0.255.255.255", NULL, "1.0.0.0", "this network"},
    {"10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0", "private use"},
    {"100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0", "shared address space"},
    {"127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0", "loopback"},
    {"169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0", "link local"},
    {"172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0", "private use"},
    {"192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0", "IETF protocol assignments"},
    {"192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0", "documentation"},
    {"192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0", "6to4 relay anycast"},
    {"192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0", "private use"},
    {"198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0", "benchmarking"},
    {"198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0", "documentation"},
    {"203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0", "documentation"},
    {"224.0.0.0", "239.255.255.255", "223.255.255.255", NULL, "multicast"},
    {"240.0.0.0", "255.255.255.255", NULL, NULL, "reserved"},
    {"::", "::", NULL, NULL, "unspecified"},
    {"::1", "::1", NULL, NULL, "loopback"},
    {"::2", "::ffff:ffff", NULL, NULL, "IPv4-compatible"},
    {"::1:0:0", "::fffe:ffff:ffff", NULL, NULL, "not global unicast"},
    {"::ffff:0.0.0.0", "::ffff:255.255.255.255", NULL, NULL, "IPv4-mapped"},
    {"::1:0:0:0", "::fffe:ffff:ffff:ffff", NULL, NULL, "not global unicast"},
    /* RFC 2765 section 2.1: on a translator ::ffff:0:127.0.0.1 is the machine itself */
    {"::ffff:0:0.0.0.0", "::ffff:0:255.255.255.255", NULL, NULL, "IPv4-translated"},
    {"::ffff:1:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", NULL, "64:ff9b::9.0.0.1",
     "not global unicast"},
    {"64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "not global unicast"},
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL, NULL,
     "local-use IPv4/IPv6 translation"},
    {"64:ff9b:2::", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "not global unicast"},
    {"100::", "100::ffff:ffff:ffff:ffff", NULL, NULL, "discard only"},
    {"100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", NULL, NULL, "dummy prefix"},
    {"100:0:0:2::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL,
     "2000::", "not global unicast"}, /* IANA: only 2000::/3 is given out */
    {"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     NULL, "Teredo"},
    {"2001:1::", "2001:1::", NULL, "2001:1::1", "IETF protocol assignments"},
    {"2001:1::4", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "2001:1::3", NULL,
     "IETF protocol assignments"},
    {"2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "benchmarking"},
    {"2001:2:1::", "2001:2:ffff:ffff:ffff:ffff:ffff:ffff", NULL,
     "2001:3::", "IETF protocol assignments"},
    {"2001:4::", "2001:4:111:ffff:ffff:ffff:ffff:ffff", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:4:112::", "IETF protocol assignments"},
    {"2001:4:113::", "2001:f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:4:112:ffff:ffff:ffff:ffff:ffff",
     NULL, "IETF protocol assignments"},
    {"2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", NULL, "2001:20::", "ORCHID"},
    {"2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:200::", "IETF protocol assignments"},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "documentation"},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::", "documentation"},
    {"4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     NULL, "not global unicast"},
    {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "segment routing"},
    {"5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "not global unicast"},
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "unique local"},
    {"fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "not global unicast"},
    {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "link local"},
    {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "site local"},
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, "multicast"},
    /* judged by the IPv4 address inside: RFC 6052 section 2.1, RFC 3056 section 2 */
    {"64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255", "64:ff9b::9.255.255.255", "64:ff9b::11.0.0.0",
     "private use"},
    {"64:ff9b::240.0.0.0", "64:ff9b::255.255.255.255", NULL, NULL, "reserved"},
    {"2002:7f00::", "2002:7fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2002:7eff:ffff:ffff:ffff:ffff:ffff:ffff", "2002:8000::", "loopback"},
};

static void expect_block(const char *addr, const char *name)
{
    if (addr == NULL) {
        return;
    }
    struct net_addr a = addr_of(addr);
    const char *is = net_addr_special_purpose(&a);
    cr_expect_eq(is != NULL, name != NULL, "%s is %s", addr, is ? is : "global");
    if (is != NULL && name != NULL) {
        cr_expect_str_eq(is, name, "%s", addr);
    }
}

/* RFC 4291 section 2.5.5.2 */
Test(net_addr, unmaps)
{
    static const struct {
        const char *from;
        const char *to; /* NULL: it is none */
    } rows[] = {
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::ffff:0.0.0.0", "0.0.0.0"},
        {"::ffff:255.255.255.255", "255.255.255.255"},
        {"::192.0.2.1", NULL},
        {"::ffff:0:192.0.2.1", NULL},
        {"::fffe:192.0.2.1", NULL},
        {"64:ff9b::192.0.2.1", NULL},
        {"192.0.2.1", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct net_addr a = addr_of(rows[i].from);
        struct net_addr v4 = {0};
        cr_expect_eq(net_addr_unmap(&a, &v4), rows[i].to != NULL, "%s", rows[i].from);
        struct net_addr want = rows[i].to != NULL ? addr_of(rows[i].to) : (struct net_addr){0};
        cr_expect(net_addr_eq(&v4, &want), "%s", rows[i].from);
    }
}

Test(net_addr, knows_special_purpose_blocks)
{
    for (size_t i = 0; i < COUNT(block_cases); i++) {
        const struct block_case *c = &block_cases[i];
        expect_block(c->first, c->name);
        expect_block(c->last, c->name);
        expect_block(c->before, NULL);
        expect_block(c->behind, NULL);
    }
    expect_block("192.0.0.9", NULL);  /* Port Control Protocol anycast, RFC 7723: global */
    expect_block("192.0.0.10", NULL); /* TURN anycast, RFC 8155: global */
    expect_block("192.0.0.8", "IETF protocol assignments");
    expect_block("192.0.0.11", "IETF protocol assignments");
    expect_block("8.8.8.8", NULL);
    expect_block("2a00::1", NULL);
}
