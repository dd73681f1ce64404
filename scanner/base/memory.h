#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "scanner/base/check.h"

/**
 * Memory of our own. Out of memory stops the run (a batch run is restartable, and what a
 * peer can make us hold is bounded), so callers never test for NULL.
 *
 * A run that has something to lose holds address space back. When memory is refused, that is given up, and
 * the run goes on for as long as it takes to end in order: whoever decides about that asks memory_is_low().
 * Refused once more, or without a reserve, the process says so and ends with exit code 1.
 */
#define MEMORY_RESERVE_LEN \
    (24U << 20) /* octets; never touched, so it is no memory until it is given up */

/** How malloc(3) deals with what the process has; before the first thread begins. */
void memory_init(void);
/** Pages between blocks that are in use go back to the system, if there are many. Some milliseconds, in which others may wait for memory. */
void memory_give_back(void);
void memory_hold_reserve(void);
bool memory_is_low(void);
/** Gives it up; for what needs memory and is no allocation of ours. */
void memory_use_reserve(void);
/** Ends the process with one line and exit code 1; `what` there is no room for. */
void memory_end_process(const char *what) __attribute__((noreturn, cold));
/* Again, with the reserve. */
void *memory_new_again(size_t count, size_t size) __attribute__((cold));
void *memory_resize_again(void *at, size_t len) __attribute__((cold));

/* The allocators of libraries, which would pass on as a fault of theirs, or a peer's, that memory is short. */
void *memory_malloc(size_t len);
void *memory_calloc(size_t count, size_t size);
void *memory_realloc(void *at, size_t len);
char *memory_strdup(const char *text);
/** A text of these octets. @param at may be NULL when there are none */
char *memory_text_of(const void *at, size_t len);
void memory_free(void *at);
/* As zlib wants them: zalloc and zfree of a z_stream. */
void *memory_zalloc(void *unused, unsigned count, unsigned size);
void memory_zfree(void *unused, void *at);

/** "libc", or the version of jemalloc, which has taken its place. */
const char *memory_allocator(void);

static inline void *memory_new(size_t count, size_t size)
{
    void *at = calloc(count ? count : 1, size);
    return at != NULL ? at : memory_new_again(count ? count : 1, size);
}

static inline void *memory_resize(void *at, size_t count, size_t size)
{
    CHECK(size == 0 || count <= SIZE_MAX / size);
    size_t len = count * size > 0 ? count * size : 1;
    void *now = realloc(at, len);
    return now != NULL ? now : memory_resize_again(at, len);
}

/** Room for one more in a list of `count` items: it doubles when its count is a power of two. */
static inline void *memory_grow_list(void *list, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0;
    return full ? memory_resize(list, count > 0 ? count * 2 : 1, size) : list;
}

/** The same for a list that becomes as long as the scan: a quarter at a time, as doubled room would be as large as it. */
static inline void *memory_grow_long_list(void *list, uint32_t count, uint32_t *capacity,
                                          size_t size)
{
    if (count < *capacity) {
        return list;
    }
    *capacity = count + count / 4 + 16;
    return memory_resize(list, *capacity, size);
}
