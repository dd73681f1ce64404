#pragma once

#include "resolver/resolver.h"
#include "scanner/fetch/policy_fetcher.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/pipeline/scan_params.h"

/** Where a connection to an address really goes, and from where: --address-map, --port-map, --local-addr. */

/** @param port of the address; set to the one to dial */
struct net_addr dialled_address(const struct scan_params *p, const struct net_addr *address,
                                uint16_t *port);
/** The same source for the same address in every run, spread over all that were given; family 0: any. */
struct net_addr source_address(const struct scan_params *p, const struct net_addr *dialled,
                               const struct net_addr *address);

/** An address to fetch from, with all of that. @param port of the address */
struct policy_address fetch_address(const struct scan_params *p, const struct net_addr *address,
                                    uint16_t port);

/** Asks the scan's name servers. @param rate_per_s of its questions; 0: no limit */
struct resolver *open_resolver(const struct scan_params *p, uv_loop_t *loop, uint32_t rate_per_s);
