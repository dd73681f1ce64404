#include "scanner/cli/self_test.h"

#include "scanner/base/memory.h"
#include "scanner/pipeline/dialling.h"
#include "scanner/vantage/vantage_look.h"

static struct net_addr self_test_dialled(const void *arg, const struct net_addr *address,
                                         uint16_t *port)
{
    return dialled_address(arg, address, port);
}

/* An address that a lab's --address-map leads to: what is dialled there, not the Internet, needs a route. */
static struct net_addr lab_address(const struct scan_params *p, uint8_t family)
{
    for (size_t i = 0; i < p->address_map_count; i++) {
        if (p->address_maps[i].from.base.family == family) {
            struct net_addr to = p->address_maps[i].to.base;
            if (p->address_maps[i].to.bits < 8 * net_addr_len(&to)) {
                to.octets[net_addr_len(&to) - 1] |= 1; /* the first of a network may be no host */
            }
            return to;
        }
    }
    return (struct net_addr){0};
}

void self_test_run(const struct options *o, uint32_t concurrency_asked, uint64_t descriptor_limit,
                   struct vantage_verdict *v)
{
    const struct scan_params *p = &o->params;
    const char *host[VANTAGE_HOSTS_MAX];
    for (size_t i = 0; i < o->self_test_count; i++) {
        host[i] = o->self_test_host[i];
    }
    const struct vantage_questions questions = {
        .server = p->name_servers,
        .server_count = p->name_server_count,
        .dns_timeout_ms = p->dns_timeout_ms,
        .ipv4 = p->use_ipv4,
        .ipv6 = p->use_ipv6,
        .lab_ipv4 = lab_address(p, 4),
        .lab_ipv6 = lab_address(p, 6),
        .local = p->local_addrs,
        .local_count = p->local_addr_count,
        .ehlo_domain = p->ehlo_domain,
        .host = host,
        .host_port = o->self_test_port,
        .host_count = o->self_test_count,
        .connect_timeout_ms = p->connect_timeout_ms,
        .greeting_timeout_ms = p->greeting_timeout_ms,
        .dialled = self_test_dialled,
        .arg = p,
    };
    const struct vantage_terms terms = {
        .trust_ad = p->trust_ad,
        .strict = o->strict_vantage,
        .allow_special_addresses = p->allow_special_addresses,
        .address_rate = p->address_rate,
        .address_limit = p->address_limit,
        .concurrency_asked = concurrency_asked,
        .concurrency = p->concurrency,
        .descriptor_limit = descriptor_limit,
    };
    struct vantage_facts *facts = memory_new(1, sizeof(*facts));
    vantage_look(&questions, facts);
    vantage_judge(v, facts, &terms);
    free(facts);
}
