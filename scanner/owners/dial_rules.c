#include "scanner/owners/dial_rules.h"

enum not_tested_reason dial_rules_refuse(const struct dial_rules *r, const struct net_addr *a)
{
    if (blocklist_has_address(r->blocklist, a)) {
        return NOT_TESTED_BLOCKLISTED;
    }
    if (!r->allow_special_addresses && net_addr_special_purpose(a) != NULL) {
        return NOT_TESTED_SPECIAL_PURPOSE;
    }
    return (a->family == 4 ? r->ipv4 : r->ipv6) ? NOT_TESTED_NONE : NOT_TESTED_FAMILY_DISABLED;
}

/** Of either family it says the same: the name is not there for any type. */
static bool denies_name(const struct seen_dns *seen)
{
    return seen->state == DNS_NXDOMAIN || seen->state == DNS_NAME_INVALID;
}

enum policy_fetch fetch_without_address(const struct seen_dns *a, const struct seen_dns *aaaa)
{
    if (denies_name(a) || denies_name(aaaa)) {
        return POLICY_FETCH_DNS_NXDOMAIN;
    }
    bool none = a->state == DNS_NODATA && aaaa->state == DNS_NODATA;
    return none ? POLICY_FETCH_DNS_NO_ADDRESS : POLICY_FETCH_DNS_FAILED;
}
