#include "tests/lab/address_plan.h"

#include "scanner/base/check.h"

#define LIVE_V4_BITS 23U /* 11.0.0.0/9 */
#define LIVE_V6_BITS 22U
#define DEAD_BITS    20U
#define NETWORK_BITS 4U /* 16 networks of IPv6; mxcensus takes 64 address maps */

/* Odd, so multiplying is a bijection on any number of low bits; the second undoes the first. */
#define SCATTER   0x9e3779b1U
#define UNSCATTER 0x0e8b2f51U

#define V4_SMALL            (2U << 16)
#define V4_OPERATOR         (4U << 16)
#define V4_OPERATOR_END     (8U << 16)
#define V4_PROVIDER         (8U << 16)
#define V4_WEB              (12U << 16)
#define V4_HOSTING          (16U << 16)
#define V4_HOSTING_END      (32U << 16)
#define V4_MORE_CASES       (32U << 16)
#define V4_SELF             (64U << 16)
#define FIRST_CASES         512U /* of PLAN_CASES, in a place apart from the rest */
#define SERVERS_PER_COMPANY 24U
#define COMPANY_FIRST       8U  /* last octet of a company's first server */
#define OPERATOR_FIRST      10U /* last octet of an operator's first server in a /24 */

#define V6_HOSTING  (1U << 21)
#define V6_SMALL    (V6_HOSTING + (1U << 20))
#define V6_OPERATOR (V6_SMALL + (1U << 17))
#define V6_CASE     (V6_OPERATOR + (1U << 16))
#define V6_PROVIDER (V6_CASE + (1U << 17))
#define V6_WEB      (V6_PROVIDER + (1U << 16))
#define V6_MORE     (V6_WEB + PLAN_POLICY_WEB)
#define V6_END      (V6_MORE + ((PLAN_CASES - FIRST_CASES) << 8))

/* Local prefixes inside 127.0.0.0/8, as the second octet. */
#define LOCAL_V6      128U
#define LOCAL_REFUSED 192U
#define LOCAL_SILENT  208U
#define LOCAL_V6_DEAD 224U

static uint32_t scatter(uint32_t x, unsigned bits)
{
    return (x * SCATTER) & ((1U << bits) - 1);
}

static uint32_t unscatter(uint32_t x, unsigned bits)
{
    return (x * UNSCATTER) & ((1U << bits) - 1);
}

static struct net_addr v4_of(uint32_t second_octet, uint32_t low)
{
    uint32_t full = (11U << 24) | ((second_octet << 16) + low);
    uint8_t octets[4] = {(uint8_t)(full >> 24), (uint8_t)(full >> 16), (uint8_t)(full >> 8),
                         (uint8_t)full};
    return net_addr_v4(octets);
}

/* 2a0e:b10X:N::H with `host_bits` bits of H. */
static struct net_addr v6_of(uint8_t kind, uint32_t index, unsigned host_bits)
{
    uint32_t net = index >> host_bits;
    uint32_t host = index & ((1U << host_bits) - 1);
    uint8_t octets[16] = {0x2a, 0x0e, 0xb1, kind, (uint8_t)(net >> 8), (uint8_t)net};
    octets[13] = (uint8_t)(host >> 16);
    octets[14] = (uint8_t)(host >> 8);
    octets[15] = (uint8_t)host;
    return net_addr_v6(octets);
}

static uint32_t v6_index_of(const struct net_addr *a, unsigned host_bits)
{
    uint32_t net = ((uint32_t)a->octets[4] << 8) | a->octets[5];
    uint32_t host =
        ((uint32_t)a->octets[13] << 16) | ((uint32_t)a->octets[14] << 8) | a->octets[15];
    return (net << host_bits) | (host & ((1U << host_bits) - 1));
}

static uint32_t v4_index(const struct address_place *p, uint32_t companies)
{
    switch (p->part) {
    case PART_CASE:
        return p->owner < FIRST_CASES ? (p->owner << 8) + p->item
                                      : V4_MORE_CASES + ((p->owner - FIRST_CASES) << 8) + p->item;
    case PART_SMALL_HOSTER:
        return V4_SMALL + p->owner * 4 + p->item;
    case PART_OPERATOR:
        return V4_OPERATOR + ((p->owner * 4 + p->item % 4) << 8) + OPERATOR_FIRST + p->item / 4;
    case PART_HOSTING:
        return V4_HOSTING + ((p->owner % companies) << 8) + COMPANY_FIRST + p->owner / companies;
    case PART_SELF:
        return V4_SELF + scatter(p->owner, 22);
    case PART_POLICY_PROVIDER:
        return V4_PROVIDER + (p->owner << 8) + p->item;
    case PART_POLICY_WEB:
        return V4_WEB + p->owner;
    case PART_NONE:
        break;
    }
    UNREACHABLE("address of no place");
}

static uint32_t v6_index(const struct address_place *p)
{
    switch (p->part) {
    case PART_CASE:
        return p->owner < FIRST_CASES ? V6_CASE + (p->owner << 8) + p->item
                                      : V6_MORE + ((p->owner - FIRST_CASES) << 8) + p->item;
    case PART_SMALL_HOSTER:
        return V6_SMALL + p->owner * 4 + p->item;
    case PART_OPERATOR:
        return V6_OPERATOR + (p->owner << 8) + p->item;
    case PART_HOSTING:
        return V6_HOSTING + p->owner;
    case PART_SELF:
        return p->owner / 2;
    case PART_POLICY_PROVIDER:
        return V6_PROVIDER + (p->owner << 8) + p->item;
    case PART_POLICY_WEB:
        return V6_WEB + p->owner;
    case PART_NONE:
        break;
    }
    UNREACHABLE("address of no place");
}

struct net_addr address_of_place(const struct address_place *place, uint32_t companies)
{
    if (place->v6) {
        uint32_t index = scatter(v6_index(place), LIVE_V6_BITS);
        return v6_of(0x00, index, LIVE_V6_BITS - NETWORK_BITS);
    }
    return v4_of(0, v4_index(place, companies));
}

static struct address_place place_of_v4(uint32_t index, uint32_t companies)
{
    struct address_place p = {.part = PART_NONE};
    if (index < FIRST_CASES << 8) {
        p.part = PART_CASE;
        p.owner = index >> 8;
        p.item = index & 0xff;
    } else if (index >= V4_MORE_CASES &&
               index < V4_MORE_CASES + ((PLAN_CASES - FIRST_CASES) << 8)) {
        p.part = PART_CASE;
        p.owner = FIRST_CASES + ((index - V4_MORE_CASES) >> 8);
        p.item = index & 0xff;
    } else if (index >= V4_SMALL && index < V4_OPERATOR) {
        p.part = PART_SMALL_HOSTER;
        p.owner = (index - V4_SMALL) / 4;
        p.item = (index - V4_SMALL) % 4;
    } else if (index >= V4_OPERATOR && index < V4_OPERATOR_END &&
               (index & 0xff) >= OPERATOR_FIRST) {
        uint32_t net = (index - V4_OPERATOR) >> 8;
        p.part = PART_OPERATOR;
        p.owner = net / 4;
        p.item = ((index & 0xff) - OPERATOR_FIRST) * 4 + net % 4;
    } else if (index >= V4_PROVIDER && index < V4_PROVIDER + (PLAN_PROVIDERS << 8)) {
        p.part = PART_POLICY_PROVIDER;
        p.owner = (index - V4_PROVIDER) >> 8;
        p.item = (index - V4_PROVIDER) & 0xff;
    } else if (index >= V4_WEB && index < V4_WEB + PLAN_POLICY_WEB) {
        p.part = PART_POLICY_WEB;
        p.owner = index - V4_WEB;
    } else if (index >= V4_HOSTING && index < V4_HOSTING_END && (index & 0xff) >= COMPANY_FIRST) {
        uint32_t company = (index - V4_HOSTING) >> 8;
        uint32_t position = (index & 0xff) - COMPANY_FIRST;
        if (company < companies && position < SERVERS_PER_COMPANY) {
            p.part = PART_HOSTING;
            p.owner = position * companies + company;
        }
    } else if (index >= V4_SELF && index < V4_SELF + PLAN_SELF_SLOTS) {
        p.part = PART_SELF;
        p.owner = unscatter(index - V4_SELF, 22);
    }
    return p;
}

static struct address_place place_of_v6(uint32_t index)
{
    struct address_place p = {.part = PART_NONE, .v6 = true};
    if (index < V6_HOSTING) {
        p.part = PART_SELF;
        p.owner = index * 2;
    } else if (index < V6_SMALL) {
        p.part = PART_HOSTING;
        p.owner = index - V6_HOSTING;
    } else if (index < V6_OPERATOR) {
        p.part = PART_SMALL_HOSTER;
        p.owner = (index - V6_SMALL) / 4;
        p.item = (index - V6_SMALL) % 4;
    } else if (index < V6_CASE) {
        p.part = PART_OPERATOR;
        p.owner = (index - V6_OPERATOR) >> 8;
        p.item = (index - V6_OPERATOR) & 0xff;
    } else if (index < V6_PROVIDER) {
        p.part = PART_CASE;
        p.owner = (index - V6_CASE) >> 8;
        p.item = (index - V6_CASE) & 0xff;
    } else if (index < V6_WEB) {
        p.part = PART_POLICY_PROVIDER;
        p.owner = (index - V6_PROVIDER) >> 8;
        p.item = (index - V6_PROVIDER) & 0xff;
    } else if (index < V6_MORE) {
        p.part = PART_POLICY_WEB;
        p.owner = index - V6_WEB;
    } else if (index < V6_END) {
        p.part = PART_CASE;
        p.owner = FIRST_CASES + ((index - V6_MORE) >> 8);
        p.item = (index - V6_MORE) & 0xff;
    }
    return p;
}

static bool is_lab_v6(const struct net_addr *a)
{
    return a->family == 6 && a->octets[0] == 0x2a && a->octets[1] == 0x0e && a->octets[2] == 0xb1;
}

struct address_place address_place_of(const struct net_addr *a, uint32_t companies)
{
    if (a->family == 4 && a->octets[0] == 11 && a->octets[1] < 128) {
        uint32_t index =
            ((uint32_t)a->octets[1] << 16) | ((uint32_t)a->octets[2] << 8) | a->octets[3];
        return place_of_v4(index, companies);
    }
    if (is_lab_v6(a) && a->octets[3] == 0x00) {
        uint32_t index = v6_index_of(a, LIVE_V6_BITS - NETWORK_BITS);
        return place_of_v6(unscatter(index, LIVE_V6_BITS));
    }
    return (struct address_place){.part = PART_NONE};
}

struct net_addr address_dead(enum address_reach reach, bool v6, uint64_t any)
{
    CHECK(reach != REACH_LIVE);
    uint32_t low = (uint32_t)any & ((1U << DEAD_BITS) - 1);
    if (v6) {
        return v6_of(reach == REACH_REFUSED ? 0x01 : 0x02, low, DEAD_BITS - NETWORK_BITS);
    }
    return v4_of(reach == REACH_REFUSED ? LOCAL_REFUSED : LOCAL_SILENT, low);
}

enum address_reach address_reach_of(const struct net_addr *a)
{
    if (a->family == 4 && a->octets[0] == 11) {
        return a->octets[1] < 128                                             ? REACH_LIVE
               : a->octets[1] >= LOCAL_REFUSED && a->octets[1] < LOCAL_SILENT ? REACH_REFUSED
                                                                              : REACH_SILENT;
    }
    if (is_lab_v6(a)) {
        return a->octets[3] == 0 ? REACH_LIVE : a->octets[3] == 1 ? REACH_REFUSED : REACH_SILENT;
    }
    return REACH_SILENT;
}

struct net_addr address_public_of(uint32_t local)
{
    uint32_t low = local & 0xffffff;
    if ((low >> 16) < LOCAL_V6) {
        return v4_of(0, low);
    }
    return v6_of(0x00, low & ((1U << LIVE_V6_BITS) - 1), LIVE_V6_BITS - NETWORK_BITS);
}

/* One map per IPv6 network: `bits` low bits over all networks, from 127.`second`.0.0 on. */
static void map_networks(struct buf *out, uint8_t kind, uint32_t second, unsigned bits,
                         uint16_t port)
{
    unsigned host_bits = bits - NETWORK_BITS;
    for (uint32_t net = 0; net < PLAN_NETWORKS_V6; net++) {
        struct net_addr from = v6_of(kind, net << host_bits, host_bits);
        char text[NET_ADDR_TEXT_MAX];
        net_addr_format(&from, text);
        uint32_t to = (second << 16) + (net << host_bits);
        buf_putf(out, "--address-map=%s/%u=127.%u.%u.%u/%u", text, 128 - host_bits,
                 (to >> 16) & 0xff, (to >> 8) & 0xff, to & 0xff, 32 - host_bits);
        if (port != 0) {
            buf_putf(out, ":%u", port);
        }
        buf_put_char(out, '\n');
    }
}

void address_options(struct buf *out, const struct address_ports *ports)
{
    buf_putf(out, "--name-servers=127.0.0.1:%u\n", ports->dns);
    buf_putf(out, "--port-map=25=%u\n--port-map=465=%u\n--port-map=587=%u\n--port-map=443=%u\n",
             ports->smtp, ports->smtps, ports->submission, ports->https);
    buf_put_text(
        out,
        "--retry-pause=1\n--tempfail-pause=1\n--dns-retry-pause=1\n"); /* nobody here needs more */
    buf_put_text(out, "--address-map=11.0.0.0/9=127.0.0.0/9\n");
    buf_putf(out, "--address-map=11.192.0.0/12=127.192.0.0/12:%u\n", ports->closed);
    buf_putf(out, "--address-map=11.208.0.0/12=127.208.0.0/12:%u\n", ports->silent);
    map_networks(out, 0x00, LOCAL_V6, LIVE_V6_BITS, 0);
    map_networks(out, 0x01, LOCAL_V6_DEAD, DEAD_BITS, ports->closed);
    map_networks(out, 0x02, LOCAL_V6_DEAD + 16, DEAD_BITS, ports->silent);
}
