/**
 * Which addresses a host stands for: those of its records, that of an address literal, and the IPv4 address
 * inside an AAAA record.
 */
#include <stdlib.h>

#include "scanner/owners/host_work.h"

bool host_take_literal(struct host_work *h)
{
    struct net_addr a;
    if (!net_addr_parse(h->seen.name, &a)) {
        return false;
    }
    struct net_addr *list = arena_new(&h->arena, 1, sizeof(*list));
    *list = a;
    h->seen.addresses = list;
    h->seen.address_count = 1;
    return true;
}

static bool has(const struct dial_address *list, size_t count, const struct net_addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (net_addr_eq(&list[i].address, a)) {
            return true;
        }
    }
    return false;
}

static int cmp(const void *a, const void *b)
{
    return net_addr_cmp(&((const struct dial_address *)a)->address,
                        &((const struct dial_address *)b)->address);
}

size_t host_dial_list(const struct host_work *h, struct dial_address *out)
{
    size_t count = 0;
    for (size_t i = 0; i < h->seen.address_count; i++) { /* IPv4 first */
        struct dial_address d = {.address = h->seen.addresses[i]};
        d.mapped = net_addr_unmap(&h->seen.addresses[i], &d.address);
        if (!d.mapped || !has(out, count, &d.address)) {
            out[count++] = d;
        }
    }
    qsort(out, count, sizeof(*out), cmp);
    return count;
}
