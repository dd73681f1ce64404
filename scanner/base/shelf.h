#pragma once

#include <stdbool.h>

#include "scanner/base/buf.h"

/**
 * Octets of which very many are kept to the end, and few are looked at again: in an unlinked file (TMPDIR), but for
 * the last SHELF_PIECE_LEN of them. Where it takes no more, they stay in memory. A shelf belongs to one thread.
 */
#define SHELF_PIECE_LEN (128U << 10)

struct shelf_piece {
    struct buf octets;
    uint32_t len; /* when it is in the file, where its number says; else 0 */
};

struct shelf {
    struct shelf_piece *pieces; /* malloc; the last one is open */
    uint32_t count;
    uint32_t capacity;
    int file; /* -1: none yet */
    bool failed;
    struct buf got;
};

void shelf_init(struct shelf *s);
void shelf_deinit(struct shelf *s);
/** @return its place, which stays */
uint64_t shelf_put(struct shelf *s, struct span octets);
/** Valid until the next call about the shelf. */
struct span shelf_get(struct shelf *s, uint64_t place);
