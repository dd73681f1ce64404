#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/key_table.h"

/**
 * Counters by a text: of each top-level domain, operator, issuer, host. `width` numbers of 32 bits each, which
 * are enough for what is counted once a row. Beside the numbers an entry takes 24 octets and its name.
 */
#define GROUP_NAME_MAX 200 /* octets of a name that are kept; our own bound */

struct groups {
    struct key_table keys;
    uint32_t width;
    bool named;
    uint32_t *counters;
    uint32_t capacity;
    struct buf names; /* each with NUL */
    uint64_t *name_at;
    uint32_t name_capacity;
};

/** @param named false: no name is kept, and groups_name() is not to be asked */
void groups_init(struct groups *g, uint32_t width, bool named);
void groups_deinit(struct groups *g);
/** The counters of `name`, all zero when it is new. Valid until the next call. A name may be empty. */
uint32_t *groups_of(struct groups *g, struct span name);
/** Its number, from 0, in the order of coming; added when it is new. */
uint32_t groups_number(struct groups *g, struct span name);
/** Those of a number. Valid until one is added. */
static inline uint32_t *groups_row(struct groups *g, uint32_t number)
{
    return g->counters + (size_t)number * g->width;
}
/** NULL: it never came. */
const uint32_t *groups_find(const struct groups *g, struct span name);
static inline uint32_t groups_count(const struct groups *g)
{
    return g->keys.count;
}
static inline const uint32_t *groups_at(const struct groups *g, uint32_t i)
{
    return g->counters + (size_t)i * g->width;
}
const char *groups_name(const struct groups *g, uint32_t i);
/** The entries, those with most in `column` first, equal ones by name. The caller frees the list. */
uint32_t *groups_order(const struct groups *g, uint32_t column);
/** The same by column 1, then 2 and so on: the worst effects first. */
uint32_t *groups_order_by_effect(const struct groups *g);
/** The same by name alone. */
uint32_t *groups_by_name(const struct groups *g);
