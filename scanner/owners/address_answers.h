#pragma once

/** What the answers for A and AAAA of one name come to together, whichever comes first. */

#include "resolver/dns_message.h"
#include "scanner/base/arena.h"
#include "scanner/domain/blocklist.h"

/** Adds at most `max`: IPv4 before IPv6, each sorted. @return how many were left out */
size_t addresses_add(struct arena *a, const struct dns_answer *answer, bool ipv4, size_t max,
                     const struct net_addr **list, size_t *count);
/** The longer way of the two, that of A where they are as long. @return a name on the way of this one is on
 * the block list: of both ways none may be */
bool cnames_add(struct arena *a, const struct dns_answer *answer, bool ipv4,
                const struct blocklist *blocklist, const struct span **list, size_t *count);
