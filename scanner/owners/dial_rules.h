#pragma once

#include "scanner/domain/blocklist.h"
#include "scanner/observation/seen_policy.h"

/** What is never dialled, whoever points to it. */
struct dial_rules {
    const struct blocklist *blocklist; /* borrowed; NULL: none */
    bool allow_special_addresses;
    bool ipv4; /* the family is wanted, and there is a route */
    bool ipv6;
};

/** The block list, RFC 6890, the families that are off. NONE: it may be dialled. */
enum not_tested_reason dial_rules_refuse(const struct dial_rules *r, const struct net_addr *a);

/** How a fetch ends whose host has no address. */
enum policy_fetch fetch_without_address(const struct seen_dns *a, const struct seen_dns *aaaa);
