#pragma once

#include <stdatomic.h>

#include "scanner/base/buf.h"

/**
 * Octets put aside in an unlinked file (TMPDIR), each piece until it is taken back, once. A spool belongs to one
 * thread; those of all threads share a budget. What is taken back makes room for others of its size, so that a file
 * is never longer than what it held at one time, each piece rounded up to a power of two.
 */
#define SPOOL_NOWHERE    UINT64_MAX
#define SPOOL_PIECE_BITS 7  /* of the smallest: 128 octets */
#define SPOOL_PIECE_MAX  20 /* of the largest: 2^(7 + 20) octets */

struct spool_budget {
    uint64_t octets; /* of all files; 0: nothing is put aside */
    atomic_uint_fast64_t used;
    atomic_bool full; /* a piece found no room, and none was taken back since */
};

/** Places of one size that are free again. */
struct spool_places {
    uint64_t *place; /* malloc */
    size_t count;
};

struct spool {
    struct spool_budget *budget; /* borrowed */
    int file;                    /* -1: none yet */
    uint64_t len;
    struct spool_places free[SPOOL_PIECE_MAX + 1];
};

void spool_init(struct spool *s, struct spool_budget *budget);
void spool_deinit(struct spool *s);
/** Before octets are made for it: there may be room. */
static inline bool spool_may_have_room(const struct spool *s)
{
    return s->budget->octets > 0 && !atomic_load_explicit(&s->budget->full, memory_order_relaxed);
}
/** @return where it is; SPOOL_NOWHERE: no room, or the file cannot be written */
uint64_t spool_put(struct spool *s, struct span octets);
/** Appends the octets to `out`. */
void spool_take(struct spool *s, uint64_t place, struct buf *out);
