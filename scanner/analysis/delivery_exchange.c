#include "scanner/analysis/delivery_exchange.h"

#include "scanner/analysis/account.h"
#include "scanner/analysis/rollup.h"

bool delivery_has_no_address(const struct seen_mx *mx)
{
    const uint8_t states[] = {mx->a_state, mx->aaaa_state};
    for (size_t i = 0; i < sizeof(states); i++) {
        if (states[i] != DNS_NODATA && states[i] != DNS_NXDOMAIN && states[i] != DNS_NAME_INVALID) {
            return false;
        }
    }
    return mx->endpoint_count == 0 && !mx->blocklisted;
}

bool delivery_has_open_addresses(const struct seen_domain *d, const struct seen_mx *mx)
{
    bool none = mx->endpoint_count == 0;
    return mx_is_open(d, mx) || (none && !delivery_has_no_address(mx));
}

enum profile_exchange delivery_exchange_for(const struct delivery_place *at,
                                            const struct seen_mx *mx)
{
    switch ((enum mx_name_kind)mx->name_kind) {
    case MX_NAME_HOST:
        return mx->unusable == NULL ? PROFILE_EXCHANGE_TAKEN : PROFILE_EXCHANGE_SKIPPED;
    case MX_NAME_ADDRESS_LITERAL:
        delivery_rests_on(at, PROFILE_FIELD_MX_ADDRESS);
        return at->profile->mx_address;
    case MX_NAME_NOT_A_HOST:
        delivery_rests_on(at, PROFILE_FIELD_MX_BAD_NAME);
        return mx->unusable == NULL ? at->profile->mx_bad_name : PROFILE_EXCHANGE_SKIPPED;
    case MX_NAME_DOUBTFUL:
        return mx->unusable == NULL ? PROFILE_EXCHANGE_UNKNOWN : PROFILE_EXCHANGE_SKIPPED;
    case MX_NAME_ROOT:
    case MX_NAME_KIND_COUNT:
        break;
    }
    return PROFILE_EXCHANGE_SKIPPED;
}

enum profile_exchange delivery_answers_for(const struct delivery_place *at, bool bogus)
{
    if (!bogus) {
        return PROFILE_EXCHANGE_TAKEN;
    }
    delivery_rests_on(at, PROFILE_FIELD_VALIDATES);
    switch (at->profile->validates) {
    case PROFILE_CHOICE_NO:
        return PROFILE_EXCHANGE_TAKEN;
    case PROFILE_CHOICE_YES:
        return PROFILE_EXCHANGE_SKIPPED;
    case PROFILE_CHOICE_UNKNOWN:
        break;
    }
    return PROFILE_EXCHANGE_UNKNOWN;
}

static bool is_bogus(const struct delivery_place *at)
{
    uint8_t family = at->e->address.family == 6 ? at->mx->aaaa_state : at->mx->a_state;
    return family == DNS_BOGUS;
}

bool delivery_is_special(const struct endpoint_brief *e)
{
    return delivery_is_at_port(e) && endpoint_is_special(e);
}

bool delivery_is_own_address(const struct endpoint_brief *e)
{
    return delivery_is_special(e) &&
           (net_addr_is_loopback(&e->address) || net_addr_is_unspecified(&e->address));
}

/* An IPv4 address that only an AAAA record holds, RFC 4291 section 2.5.5.2. */
enum profile_exchange delivery_address_for(const struct delivery_place *at)
{
    if (delivery_is_special(at->e) && at->profile->special_address != PROFILE_EXCHANGE_TAKEN) {
        return at->profile->special_address;
    }
    if (!at->e->mapped) {
        return delivery_answers_for(at, is_bogus(at));
    }
    delivery_rests_on(at, PROFILE_FIELD_MAPPED_ADDRESS);
    return at->profile->mapped_address;
}

bool delivery_family_is_open(const struct delivery_place *at, unsigned family)
{
    const struct seen_mx *mx = at->mx;
    const struct seen_mx alone = {.a_state =
                                      family == DELIVERY_POOL_6 ? mx->aaaa_state : mx->a_state,
                                  .aaaa_state = DNS_NODATA};
    bool full =
        at->domain->endpoints_truncated &&
        family_is_full(mx->endpoints, mx->endpoint_count, family == DELIVERY_POOL_6 ? 6 : 4);
    return full || mx->blocklisted || mx_unknown_state(&alone) != DNS_NOT_ASKED ||
           !mx_is_open(at->domain, mx);
}

bool delivery_needs_ipv6(const struct endpoint_brief *e)
{
    return e->address.family == 6 && !e->mapped;
}

enum truth delivery_reaches_family(const struct delivery_place *at)
{
    if (!delivery_needs_ipv6(at->e)) {
        return TRUTH_YES;
    }
    if (at->profile->ipv6 == PROFILE_CHOICE_UNKNOWN) {
        return TRUTH_UNKNOWN;
    }
    delivery_rests_on(at, PROFILE_FIELD_IPV6);
    return at->profile->ipv6 == PROFILE_CHOICE_YES ? TRUTH_YES : TRUTH_NO;
}

bool delivery_is_at_port(const struct endpoint_brief *e)
{
    return e->port == PORT_SMTP;
}

struct delivery_addresses delivery_addresses_of(const struct delivery_place *at)
{
    struct rests_on unused = {0};
    struct delivery_place each = *at;
    const struct seen_domain *d = at->domain;
    struct delivery_addresses all = {.open = false};
    uint32_t first = UINT32_MAX;
    bool matters = at->profile->addresses_kept == PROFILE_KEPT_BALANCED;
    each.rests_on = &unused;
    for (size_t i = 0; matters && i < d->mx_count; i++) {
        each.mx = &d->mx[i];
        enum profile_exchange taken = delivery_exchange_for(&each, each.mx);
        for (size_t k = 0; taken != PROFILE_EXCHANGE_SKIPPED && k < each.mx->endpoint_count; k++) {
            each.e = &each.mx->endpoints[k];
            enum profile_exchange dials = delivery_address_for(&each);
            enum truth reaches = delivery_reaches_family(&each);
            if (reaches == TRUTH_NO || dials == PROFILE_EXCHANGE_SKIPPED ||
                !delivery_is_at_port(each.e)) {
                continue;
            }
            unsigned family =
                delivery_record_family(each.e) == 6 ? DELIVERY_POOL_6 : DELIVERY_POOL_4;
            first = first == UINT32_MAX ? each.mx->preference : first;
            all.count[family]++;
            all.leads[family] = all.leads[family] || each.mx->preference == first;
            all.open = all.open || taken == PROFILE_EXCHANGE_UNKNOWN ||
                       dials == PROFILE_EXCHANGE_UNKNOWN || reaches == TRUTH_UNKNOWN;
        }
        all.open = all.open ||
                   (taken != PROFILE_EXCHANGE_SKIPPED && delivery_has_open_addresses(d, each.mx));
    }
    return all;
}
