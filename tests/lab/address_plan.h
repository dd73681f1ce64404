#pragma once

/**
 * Which public-looking address leads to which server, and back. The lab listens inside 127.0.0.0/8
 * only; mxcensus is told by --address-map where the addresses of its records are really dialled.
 *
 *     11.0.0.0/9        -> 127.0.0.0/9      live, IPv4; low 23 bits = plan index
 *     2a0e:b100:N::/110 -> 127.128.0.0/10   live, IPv6; N in 16 networks (/48), 18 bits each
 *     11.192.0.0/12     -> 127.192.0.0/12   port closed: refused
 *     11.208.0.0/12     -> 127.208.0.0/12   listener with a full backlog: silent
 *     2a0e:b101:N::/112 -> 127.224.0.0/12   refused, IPv6; 16 networks, 16 bits each
 *     2a0e:b102:N::/112 -> 127.240.0.0/12   silent, IPv6
 *
 * Inside the live IPv4 space:
 *     11.0.C.K, 11.1.D.K case C (or 256 + D), server K
 *     11.2.0.0/15       small hosters, four addresses each
 *     11.4.0.0/14       operators, over four /24 each
 *     11.8.0.0/14       policy hosts (port 443) of providers, a /24 each
 *     11.12.0.0/14      other policy hosts
 *     11.16.0.0/12      shared hosting: companies of 24 servers in a /24
 *     11.32.0.0/15      cases 512 to 1,023
 *     11.64.0.0/10      self-hosted, scattered over all /24
 * The live IPv6 space has the same parts (self-hosted: every second slot), scattered over its
 * networks.
 */

#include "scanner/base/net_addr.h"

enum address_part {
    PART_NONE, /* no server lives there */
    PART_CASE,
    PART_SMALL_HOSTER,
    PART_OPERATOR,
    PART_HOSTING,
    PART_SELF,
    PART_POLICY_PROVIDER, /* no mail there: they serve MTA-STS policies, told apart by SNI */
    PART_POLICY_WEB,
};

/** A place in the plan: `owner` is the number of the case, hoster, operator or hosting server, or the
 * slot of a self-hosted server; `item` counts addresses of one owner. */
struct address_place {
    enum address_part part;
    uint32_t owner;
    uint32_t item;
    bool v6;
};

#define PLAN_SELF_SLOTS    (1U << 22)
#define PLAN_HOSTING_MAX   (4096U * 24U)
#define PLAN_SMALL_HOSTERS (1U << 15)
#define PLAN_OPERATORS     256U
#define PLAN_CASES         1024U
#define PLAN_POLICY_WEB    (1U << 18)
#define PLAN_PROVIDERS     256U
#define PLAN_NETWORKS_V6   16U

enum address_reach {
    REACH_LIVE,
    REACH_REFUSED,
    REACH_SILENT,
};

/** `companies` spreads the hosting servers; the same in every use of one world. */
struct net_addr address_of_place(const struct address_place *place, uint32_t companies);
/** PART_NONE for addresses outside the live space. */
struct address_place address_place_of(const struct net_addr *public_address, uint32_t companies);
/** An address where nobody answers; `any` chooses it. */
struct net_addr address_dead(enum address_reach reach, bool v6, uint64_t any);
/** How an address of the plan can be reached; addresses outside count as silent. */
enum address_reach address_reach_of(const struct net_addr *public_address);
/** The address in the records for a local address inside 127.0.0.0/8 that was dialled. */
struct net_addr address_public_of(uint32_t local);

struct address_ports {
    uint16_t dns;
    uint16_t smtp;       /* 25 is dialled here */
    uint16_t smtps;      /* 465 */
    uint16_t submission; /* 587 */
    uint16_t https;      /* 443 */
    uint16_t closed;
    uint16_t silent;
};

/** The options mxcensus needs to reach the lab, one a line. */
void address_options(struct buf *out, const struct address_ports *ports);
