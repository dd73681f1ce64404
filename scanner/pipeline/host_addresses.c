/**
 * Which addresses a host stands for: those of its records, that of an address literal, and the IPv4 address
 * inside an AAAA record.
 */
#include <stdlib.h>

#include "scanner/pipeline/host_work.h"

void host_take_literal(struct host_work *h)
{
    struct net_addr a;
    if (!net_addr_parse(h->name, &a)) {
        return;
    }
    struct net_addr *list = arena_new(&h->arena, 1, sizeof(*list));
    *list = a;
    h->literal = true;
    h->v4 = a.family == 4 ? list : NULL;
    h->v4_count = a.family == 4;
    h->v6 = a.family == 6 ? list : NULL;
    h->v6_count = a.family == 6;
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
    for (size_t i = 0; i < h->v4_count; i++) {
        out[count++] = (struct dial_address){.address = h->v4[i]};
    }
    for (size_t i = 0; i < h->v6_count; i++) {
        struct dial_address d = {.address = h->v6[i]};
        d.mapped = net_addr_unmap(&h->v6[i], &d.address);
        if (!d.mapped || !has(out, count, &d.address)) {
            out[count++] = d;
        }
    }
    qsort(out, count, sizeof(*out), cmp);
    return count;
}
