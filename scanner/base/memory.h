#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "scanner/base/check.h"

/**
 * Memory of our own. Out of memory stops the run (a batch run is restartable, and what a
 * peer can make us hold is bounded), so callers never test for NULL.
 */
static inline void *memory_new(size_t count, size_t size)
{
    void *at = calloc(count ? count : 1, size);
    CHECK(at != NULL);
    return at;
}

static inline void *memory_resize(void *at, size_t count, size_t size)
{
    CHECK(size == 0 || count <= SIZE_MAX / size);
    size_t len = count * size;
    void *now = realloc(at, len > 0 ? len : 1);
    CHECK(now != NULL);
    return now;
}

/** Room for one more in a list of `count` items: it doubles when its count is a power of two. */
static inline void *memory_grow_list(void *list, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0;
    return full ? memory_resize(list, count > 0 ? count * 2 : 1, size) : list;
}
