#pragma once

#include "scanner/analysis/delivery_met.h"

/**
 * A sender stops after some addresses, and begins anew with the first one later: how many of those of a
 * preference it tries. For deliveries.c; pure.
 */

/* Where no more is known: RFC 5321 section 5.1 asks for two. */
#define DELIVERY_TRIES_AT_LEAST 2

/** Addresses that share a limit: all, or those of one family. */
struct delivery_pool {
    uint32_t least; /* left of the limit, of which the sender is sure to make use */
    uint32_t most;
    /* Of the preference under way: */
    uint32_t count;
    uint32_t unsure; /* of these, those of which it is not known whether it is one to the sender */
    uint32_t fail;   /* for sure */
    uint32_t may_fail; /* those among them */
    bool open;         /* there may be more */
};

enum {
    DELIVERY_POOL_4,
    DELIVERY_POOL_6,
    DELIVERY_POOLS
};

struct delivery_limit {
    struct delivery_pool pool[DELIVERY_POOLS];
    bool by_family; /* else all share the first */
    bool each_preference;
};

/** All addresses of a domain, for a sender that gives each family its share. */
struct delivery_addresses {
    uint32_t count[DELIVERY_POOLS];
    bool open;                  /* there may be more, or less */
    bool leads[DELIVERY_POOLS]; /* an address of the family may be the first of all */
};

void delivery_limit_begin(struct delivery_limit *l, const struct sender_profile *p,
                          const struct delivery_addresses *all);
struct delivery_pool *delivery_limit_pool(struct delivery_limit *l, uint8_t family);

/** Of the record that the address stands in: of a mapped address an AAAA (RFC 4291 section 2.5.5.2). */
static inline uint8_t delivery_record_family(const struct endpoint_brief *e)
{
    return e->mapped ? 6 : e->address.family;
}

/** What is tried of the addresses of a pool in the preference under way. */
enum delivery_share {
    DELIVERY_SHARE_ALL,
    DELIVERY_SHARE_SOME, /* which of them is chance, or how many is not known */
    DELIVERY_SHARE_NONE,
};

enum delivery_share delivery_limit_share(const struct delivery_pool *p);

/** May the sender come to the end of its tries where addresses are left that might take the mail? YES: the order,
 * which is chance, decides. */
enum truth delivery_limit_misses(const struct delivery_limit *l);

void delivery_limit_next_preference(struct delivery_limit *l);
