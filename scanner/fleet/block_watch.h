#pragma once

#include "scanner/base/span.h"

/**
 * How far the blocks of a fleet are, from what stands in `control`, the same for everyone (docs/cluster/design.md, "Blocks without fences").
 *
 * A block is closed when the owners of all parts have said SETTLED, and open when all have said SENT: then each part of `services` has its
 * names up to the highest offset that anybody told. No I/O.
 */
#define FLEET_PARTS_MAX 256 /* as WORKERS_MAX of one process */

/** Further blocks behind the last of the input, which what is late belongs to: a domain and its host may both be. */
#define FLEET_BLOCKS_LATE 48

struct block_watch {
    uint32_t parts;
    uint32_t settled[FLEET_PARTS_MAX]; /* blocks; UINT32_MAX: all */
    uint32_t sent[FLEET_PARTS_MAX];    /* the same */
    bool done[FLEET_PARTS_MAX];
    int64_t needed[FLEET_PARTS_MAX]; /* of `services`: the highest offset told; -1: none */
    uint32_t last;                   /* blocks of the input; 0: not known yet */
};

void block_watch_init(struct block_watch *w, uint32_t parts);
/* What is repeated, or about a part that is not there, changes nothing. */
void block_watch_settled(struct block_watch *w, uint32_t part, uint32_t blocks);
/** @param offsets one for each part, 64-bit little-endian, -1 for none */
void block_watch_sent(struct block_watch *w, uint32_t part, uint32_t blocks, struct span offsets);
void block_watch_done(struct block_watch *w, uint32_t part);
void block_watch_last(struct block_watch *w, uint32_t blocks);
/** So many blocks, from the first, are closed, or open. */
uint32_t block_watch_closed(const struct block_watch *w);
/** All that there can be: no line of the list is open, but those of who takes a part over. */
bool block_watch_is_all_closed(const struct block_watch *w);
uint32_t block_watch_opened(const struct block_watch *w);
/** All lines have their rows. */
bool block_watch_is_over(const struct block_watch *w);
