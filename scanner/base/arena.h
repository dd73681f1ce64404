#pragma once

#include "scanner/base/span.h"

/**
 * Memory of one unit of work (a domain, a host, a service), freed whole. Blocks come from a
 * pool of the owning thread and go back to it, so that steady work does not call malloc. What a burst leaves is freed.
 */
#define ARENA_POOL_MAX (4U << 20) /* octets of free blocks of a pool */

struct arena_block;

struct arena_pool {
    struct arena_block *free; /* blocks of the standard size */
    size_t free_count;
    size_t block_size; /* octets, head included; 0: 512, which hold a host, two of them a domain */
};

struct arena {
    struct arena_pool *pool; /* borrowed; outlives the arena */
    struct arena_block *blocks;
    size_t used; /* octets of the newest block */
};

#define ARENA_INIT(from) ((struct arena){.pool = (from)})

/** Zeroed, aligned for any type. Never NULL. */
void *arena_new(struct arena *a, size_t count, size_t size);
struct span arena_copy(struct arena *a, struct span s);
struct span *arena_copy_list(struct arena *a, const struct span *list, size_t count);
void arena_reset(struct arena *a);
void arena_pool_deinit(struct arena_pool *p);
