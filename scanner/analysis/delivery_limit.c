#include "scanner/analysis/delivery_limit.h"

#define NO_LIMIT UINT32_MAX

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t reduced(uint32_t a, uint32_t by)
{
    return a == NO_LIMIT ? NO_LIMIT : a > by ? a - by : 0;
}

static void set_pool(struct delivery_limit *l, unsigned family, uint32_t least, uint32_t most)
{
    l->pool[family] = (struct delivery_pool){.least = least, .most = most};
}

/* Where there are more than the limit, a family that has less than half of it keeps all; else both get
 * half, and the odd one goes to that of the first address (Postfix, smtp_balance_inet_proto()). */
static void give_shares(struct delivery_limit *l, uint32_t max,
                        const struct delivery_addresses *all)
{
    l->by_family = true;
    if (all->open) {
        set_pool(l, DELIVERY_POOL_4, max / 2, max);
        set_pool(l, DELIVERY_POOL_6, max / 2, max);
        return;
    }
    for (unsigned f = 0; f < DELIVERY_POOLS; f++) {
        uint32_t own = all->count[f];
        uint32_t other = all->count[1 - f];
        if (own + other <= max) {
            set_pool(l, f, max, max);
        } else if (own <= max / 2 || other <= max / 2) {
            uint32_t share = own <= max / 2 ? own : max - other;
            set_pool(l, f, share, share);
        } else {
            set_pool(l, f, (max + !all->leads[1 - f]) / 2, (max + all->leads[f]) / 2);
        }
    }
}

void delivery_limit_begin(struct delivery_limit *l, const struct sender_profile *p,
                          const struct delivery_addresses *all)
{
    uint32_t max = p->addresses_max;
    *l = (struct delivery_limit){.each_preference = false};
    if (max == 0) {
        set_pool(l, 0, NO_LIMIT, NO_LIMIT);
        return;
    }
    if (max == UINT32_MAX) {
        set_pool(l, 0, DELIVERY_TRIES_AT_LEAST, NO_LIMIT);
        return;
    }
    switch (p->addresses_kept) {
    case PROFILE_KEPT_UNKNOWN: /* the first one in any case; with shares, the first half */
        set_pool(l, 0, max == 1 ? 1 : max / 2, NO_LIMIT);
        return;
    case PROFILE_KEPT_BALANCED:
        give_shares(l, max, all);
        return;
    case PROFILE_KEPT_EACH_PREFERENCE:
        l->each_preference = true;
        break;
    case PROFILE_KEPT_FIRST:
        break;
    }
    set_pool(l, 0, max, max);
}

struct delivery_pool *delivery_limit_pool(struct delivery_limit *l, uint8_t family)
{
    return &l->pool[l->by_family && family == 6 ? DELIVERY_POOL_6 : DELIVERY_POOL_4];
}

enum delivery_share delivery_limit_share(const struct delivery_pool *p)
{
    if (p->count <= p->least && (!p->open || p->least == NO_LIMIT)) {
        return DELIVERY_SHARE_ALL;
    }
    return p->most == 0 ? DELIVERY_SHARE_NONE : DELIVERY_SHARE_SOME;
}

enum truth delivery_limit_misses(const struct delivery_limit *l)
{
    bool may = true;
    bool certain = true;
    bool some = false;
    for (unsigned f = 0; f < DELIVERY_POOLS; f++) {
        const struct delivery_pool *p = &l->pool[f];
        uint32_t tries = smaller(p->count, p->least);
        some = some || delivery_limit_share(p) != DELIVERY_SHARE_ALL;
        may = may && (p->may_fail >= tries || (p->open && p->least != NO_LIMIT));
        certain = certain && !p->open && p->least == p->most && p->fail >= tries;
    }
    return !some || !may ? TRUTH_NO : certain ? TRUTH_YES : TRUTH_UNKNOWN;
}

void delivery_limit_next_preference(struct delivery_limit *l)
{
    for (unsigned f = 0; f < DELIVERY_POOLS; f++) {
        struct delivery_pool *p = &l->pool[f];
        bool one_more = l->each_preference && f == DELIVERY_POOL_4;
        uint32_t least = p->open && p->least != NO_LIMIT ? 0 : reduced(p->least, p->count);
        uint32_t most = reduced(p->most, p->count - p->unsure);
        set_pool(l, f, one_more && least == 0 ? 1 : least, one_more && most == 0 ? 1 : most);
    }
}
