#include "scanner/pipeline/dialling.h"

#include "scanner/base/hash.h"

struct net_addr dialled_address(const struct scan_params *p, const struct net_addr *a,
                                uint16_t *port)
{
    for (size_t i = 0; i < p->port_map_count; i++) {
        if (p->port_maps[i].from == *port) {
            *port = p->port_maps[i].to;
            break;
        }
    }
    for (size_t i = 0; i < p->address_map_count; i++) {
        const struct address_map *m = &p->address_maps[i];
        if (net_prefix_contains(&m->from, a)) {
            *port = m->port != 0 ? m->port : *port;
            return net_addr_mapped(a, &m->from, &m->to);
        }
    }
    return *a;
}

struct net_addr source_address(const struct scan_params *p, const struct net_addr *dialled,
                               const struct net_addr *address)
{
    size_t fitting = 0;
    for (size_t i = 0; i < p->local_addr_count; i++) {
        fitting += p->local_addrs[i].family == dialled->family;
    }
    if (fitting == 0) {
        return (struct net_addr){0};
    }
    uint64_t draw = hash_draw(p->seed, (struct span){address->octets, 16}, SPAN_LIT("source"));
    size_t chosen = (size_t)(draw % fitting);
    for (size_t i = 0;; i++) {
        if (p->local_addrs[i].family == dialled->family && chosen-- == 0) {
            return p->local_addrs[i];
        }
    }
}

struct policy_address fetch_address(const struct scan_params *p, const struct net_addr *address,
                                    uint16_t port)
{
    struct policy_address a = {.address = *address, .dial_port = port};
    a.dial_address = dialled_address(p, address, &a.dial_port);
    a.local = source_address(p, &a.dial_address, address);
    return a;
}

struct resolver *open_resolver(const struct scan_params *p, uv_loop_t *loop, uint32_t rate_per_s)
{
    const struct resolver_params params = {.servers = p->name_servers,
                                           .server_count = p->name_server_count,
                                           .rate_per_s = rate_per_s,
                                           .timeout_ms = p->dns_timeout_ms,
                                           .tries = p->dns_tries};
    return resolver_new(loop, &params);
}
