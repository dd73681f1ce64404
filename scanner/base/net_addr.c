#include "scanner/base/net_addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>

#include "scanner/base/check.h"

int net_addr_cmp(const struct net_addr *a, const struct net_addr *b)
{
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    return memcmp(a->octets, b->octets, sizeof(a->octets));
}

struct net_addr net_addr_v4(const uint8_t octets[4])
{
    struct net_addr a = {.family = 4};
    memcpy(a.octets, octets, 4);
    return a;
}

struct net_addr net_addr_v6(const uint8_t octets[16])
{
    struct net_addr a = {.family = 6};
    memcpy(a.octets, octets, 16);
    return a;
}

bool net_addr_parse(struct span text, struct net_addr *out)
{
    char copy[NET_ADDR_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.at, 0, text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    struct net_addr a = {0};
    if (inet_pton(AF_INET, copy, a.octets) == 1) {
        a.family = 4;
    } else if (inet_pton(AF_INET6, copy, a.octets) == 1) {
        a.family = 6;
    } else {
        return false;
    }
    *out = a;
    return true;
}

bool net_prefix_parse(struct span text, struct net_prefix *out)
{
    const uint8_t *slash = memchr(text.at, '/', text.len);
    struct span addr = {text.at, slash ? (size_t)(slash - text.at) : text.len};
    struct net_prefix p = {0};
    if (!net_addr_parse(addr, &p.base)) {
        return false;
    }
    unsigned bits = p.base.family == 4 ? 32 : 128;
    if (slash != NULL) {
        struct span digits = span_drop(text, addr.len + 1);
        unsigned n = 0;
        if (digits.len == 0 || digits.len > 3) {
            return false;
        }
        for (size_t i = 0; i < digits.len; i++) {
            if (digits.at[i] < '0' || digits.at[i] > '9') {
                return false;
            }
            n = n * 10 + (unsigned)(digits.at[i] - '0');
        }
        if (n > bits) {
            return false;
        }
        bits = n;
    }
    p.bits = (uint8_t)bits;
    p.base = net_addr_masked(&p.base, p.bits);
    *out = p;
    return true;
}

/* glibc's inet_ntop() makes it by printf: one in a hundred of a scan's instructions. */
static size_t format_ipv4(const uint8_t octets[4], char *out)
{
    char *at = out;
    for (size_t i = 0; i < 4; i++) {
        uint8_t n = octets[i];
        if (n >= 100) {
            *at++ = (char)('0' + n / 100);
        }
        if (n >= 10) {
            *at++ = (char)('0' + n / 10 % 10);
        }
        *at++ = (char)('0' + n % 10);
        *at++ = i < 3 ? '.' : '\0';
    }
    return (size_t)(at - out) - 1;
}

size_t net_addr_format(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX])
{
    if (a->family == 4) {
        return format_ipv4(a->octets, out);
    }
    CHECK(a->family == 6 && inet_ntop(AF_INET6, a->octets, out, NET_ADDR_TEXT_MAX) != NULL);
    return strlen(out);
}

struct net_addr net_addr_masked(const struct net_addr *a, uint8_t bits)
{
    struct net_addr m = *a;
    for (size_t i = 0; i < sizeof(m.octets); i++) {
        unsigned kept = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
        m.octets[i] = (uint8_t)(m.octets[i] & (0xff00U >> (kept < 8 ? kept : 8)));
    }
    return m;
}

bool net_prefix_contains(const struct net_prefix *p, const struct net_addr *a)
{
    if (p->base.family != a->family) {
        return false;
    }
    struct net_addr m = net_addr_masked(a, p->bits);
    return net_addr_eq(&m, &p->base);
}

struct net_addr net_addr_network(const struct net_addr *a)
{
    return net_addr_masked(a, a->family == 4 ? 24 : 48);
}

struct net_addr net_addr_mapped(const struct net_addr *a, const struct net_prefix *from,
                                const struct net_prefix *to)
{
    size_t from_bits = net_addr_len(a) * 8;
    size_t to_bits = net_addr_len(&to->base) * 8;
    size_t host = from_bits - from->bits;
    CHECK(to_bits - to->bits >= host);
    struct net_addr out = to->base;
    for (size_t i = 0; i < host; i++) { /* from the lowest bit up */
        size_t f = from_bits - 1 - i;
        size_t t = to_bits - 1 - i;
        unsigned bit = ((unsigned)a->octets[f / 8] >> (7 - f % 8)) & 1U;
        out.octets[t / 8] |= (uint8_t)(bit << (7 - t % 8));
    }
    return out;
}

socklen_t net_addr_to_sockaddr(const struct net_addr *a, uint16_t port,
                               struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (a->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, a->octets, 4);
        return sizeof(*in);
    }
    CHECK(a->family == 6);
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, a->octets, 16);
    return sizeof(*in6);
}

bool net_addr_from_sockaddr(const struct sockaddr *sa, struct net_addr *out, uint16_t *port)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        *out = net_addr_v4((const uint8_t *)&in.sin_addr);
        *port = ntohs(in.sin_port);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        *out = net_addr_v6((const uint8_t *)&in6.sin6_addr);
        *port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}

struct special_block {
    const char *prefix;
    const char *name; /* NULL: globally reachable within the block that follows */
};

/* IANA special-purpose registries, blocks that are not globally reachable, as of 2024-04. The
 * first match counts. */
static const struct special_block special_v4[] = {
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private use"},
    {"100.64.0.0/10", "shared address space"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link local"},
    {"172.16.0.0/12", "private use"},
    {"192.0.0.9/32", NULL},  /* Port Control Protocol anycast, RFC 7723 */
    {"192.0.0.10/32", NULL}, /* TURN anycast, RFC 8155 */
    {"192.0.0.0/24", "IETF protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay anycast"},
    {"192.168.0.0/16", "private use"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"}, /* 255.255.255.255 included */
};
static const struct special_block special_v6[] = {
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"::/96", "IPv4-compatible"}, /* RFC 4291 section 2.5.5.1, deprecated */
    {"::ffff:0:0:0/96",
     "IPv4-translated"}, /* RFC 2765 section 2.1; no prefix of its own since RFC 6145 */
    {"64:ff9b:1::/48", "local-use IPv4/IPv6 translation"},
    {"100::/64", "discard only"},
    {"100:0:0:1::/64", "dummy prefix"},
    {"2001::/32", "Teredo"},
    {"2001:2::/48", "benchmarking"},
    {"2001:10::/28", "ORCHID"},
    {"2001:1::1/128", NULL},                    /* Port Control Protocol anycast, RFC 7723 */
    {"2001:1::2/128", NULL},                    /* TURN anycast, RFC 8155 */
    {"2001:1::3/128", NULL},                    /* DNS-SD registration anycast, RFC 9665 */
    {"2001:3::/32", NULL},                      /* AMT, RFC 7450 */
    {"2001:4:112::/48", NULL},                  /* AS112, RFC 7535 */
    {"2001:20::/28", NULL},                     /* ORCHIDv2, RFC 7343 */
    {"2001:30::/28", NULL},                     /* drone remote ID, RFC 9374 */
    {"2001::/23", "IETF protocol assignments"}, /* RFC 2928 */
    {"2001:db8::/32", "documentation"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "unique local"},
    {"fe80::/10", "link local"},
    {"fec0::/10", "site local"},
    {"ff00::/8", "multicast"},
};

#define SPECIAL_V4_COUNT (sizeof(special_v4) / sizeof(special_v4[0]))
#define SPECIAL_V6_COUNT (sizeof(special_v6) / sizeof(special_v6[0]))

static struct net_prefix prefixes_v4[SPECIAL_V4_COUNT];
static struct net_prefix prefixes_v6[SPECIAL_V6_COUNT];
static pthread_once_t prefixes_once = PTHREAD_ONCE_INIT;

static void parse_prefixes(void)
{
    for (size_t i = 0; i < SPECIAL_V4_COUNT; i++) {
        CHECK(net_prefix_parse(span_of(special_v4[i].prefix), &prefixes_v4[i]));
    }
    for (size_t i = 0; i < SPECIAL_V6_COUNT; i++) {
        CHECK(net_prefix_parse(span_of(special_v6[i].prefix), &prefixes_v6[i]));
    }
}

static const char *find_block(const struct net_addr *a)
{
    bool v4 = a->family == 4;
    const struct special_block *blocks = v4 ? special_v4 : special_v6;
    const struct net_prefix *prefixes = v4 ? prefixes_v4 : prefixes_v6;
    size_t count = v4 ? SPECIAL_V4_COUNT : SPECIAL_V6_COUNT;
    (void)pthread_once(&prefixes_once, parse_prefixes);
    for (size_t i = 0; i < count; i++) {
        if (net_prefix_contains(&prefixes[i], a)) {
            return blocks[i].name;
        }
    }
    return NULL;
}

bool net_addr_unmap(const struct net_addr *a, struct net_addr *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */
    if (a->family != 6 || memcmp(a->octets, mapped, sizeof(mapped)) != 0) {
        return false;
    }
    *out = net_addr_v4(a->octets + sizeof(mapped));
    return true;
}

const char *net_addr_special_purpose(const struct net_addr *a)
{
    if (a->family == 4) {
        return find_block(a);
    }
    struct net_addr v4;
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}; /* RFC 6052 */
    const uint8_t *inside = NULL;
    if (net_addr_unmap(a, &v4)) {
        return "IPv4-mapped";
    }
    if (memcmp(a->octets, nat64, 12) == 0) {
        inside = a->octets + 12;
    } else if (a->octets[0] == 0x20 && a->octets[1] == 0x02) { /* 6to4, RFC 3056 */
        inside = a->octets + 2;
    }
    if (inside != NULL) {
        v4 = net_addr_v4(inside);
        return net_addr_special_purpose(&v4);
    }
    const char *block = find_block(a);
    bool global_unicast = (a->octets[0] & 0xe0U) == 0x20; /* 2000::/3 */
    return block == NULL && !global_unicast ? "not global unicast" : block;
}

bool net_addr_is_loopback(const struct net_addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return a->family == 4 ? a->octets[0] == 127 : memcmp(a->octets, one, sizeof(one)) == 0;
}

bool net_addr_is_unspecified(const struct net_addr *a)
{
    static const uint8_t none[16];
    return memcmp(a->octets, none, a->family == 4 ? 4 : sizeof(none)) == 0;
}
