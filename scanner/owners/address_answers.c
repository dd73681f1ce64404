#include "scanner/owners/address_answers.h"

#include <string.h>

size_t addresses_add(struct arena *a, const struct dns_answer *answer, bool ipv4, size_t max,
                     const struct net_addr **list, size_t *count)
{
    size_t added = answer->rr_count < max ? answer->rr_count : max;
    struct net_addr *both = arena_new(a, *count + added, sizeof(*both));
    size_t own = ipv4 ? 0 : *count;
    for (size_t i = 0; i < added; i++) {
        both[own + i] = answer->rrs[i].address;
    }
    if (*count > 0) {
        memcpy(both + (ipv4 ? added : 0), *list, *count * sizeof(*both));
    }
    *list = both;
    *count += added;
    return answer->rr_count - added;
}

bool cnames_add(struct arena *a, const struct dns_answer *answer, bool ipv4,
                const struct blocklist *blocklist, const struct span **list, size_t *count)
{
    size_t links = answer->cname_count;
    bool blocklisted = false;
    if (links > *count || (links > 0 && links == *count && ipv4)) {
        *list = arena_copy_list(a, answer->cnames, links);
        *count = links;
    }
    for (size_t i = 0; i < links; i++) {
        blocklisted = blocklisted || blocklist_has_name(blocklist, answer->cnames[i]);
    }
    return blocklisted;
}
