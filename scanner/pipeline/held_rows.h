#pragma once

#include "scanner/base/map.h"
#include "scanner/flow/message.h"

/**
 * Rows of endpoints that wait for the row of their host, so that no cut of the results leaves one without the
 * other. The writer's own.
 *
 * They lie in segments. What is more than HELD_MEMORY_MAX lies in an unlinked file (TMPDIR), in places that are
 * used again; without room for one it stays in memory.
 */
#define HELD_SEGMENT_LEN (128U << 10) /* octets; our own bounds, as the next */
#define HELD_MEMORY_MAX  8            /* full segments in memory */

struct held_entry;
struct held_segment;

struct held_rows {
    struct map index; /* key → first entry; its end names the last */
    struct held_entry *entries;
    uint32_t count;
    uint32_t first_free; /* of the entries; UINT32_MAX: none */
    struct held_segment *segments;
    uint32_t segment_count;
    uint32_t free_segment; /* UINT32_MAX: none */
    uint32_t open_segment; /* that takes octets */
    uint32_t in_memory;    /* full ones */
    int file;              /* -1: none yet */
    uint64_t *free_places; /* in the file; malloc */
    size_t free_place_count;
    uint64_t places;
    struct buf back; /* octets read from the file */
};

void held_rows_init(struct held_rows *h);
void held_rows_deinit(struct held_rows *h);
void held_rows_add(struct held_rows *h, const struct message_rows_held *m);
/** Hands on what was added under the key, in that order. @return false: some could not be read back */
bool held_rows_release(struct held_rows *h, uint64_t key,
                       void (*take)(void *arg, const struct message_rows *rows), void *arg);
