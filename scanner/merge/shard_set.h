#pragma once

#include "scanner/replay/results.h"

/** The results of the shards of one scan, one directory for each, in the order of the shards. */
struct merge_shard {
    struct results results;
    uint32_t number;
    uint64_t lines; /* rows of domains */
    uint64_t not_kept
        [TABLE_COUNT]; /* of hosts, services and endpoints: another shard's row is, or none */
};

struct shard_set {
    struct merge_shard *at;
    size_t count;
    uint32_t shards;      /* of the scan */
    uint64_t list_lines;  /* of the whole list; 0: no shard has finished */
    size_t finished;      /* those that have a manifest */
    struct buf not_whole; /* "shard 2 is missing, shard 3 is not finished"; empty: all are there */
};

/**
 * Opens them. They have to be shards of one scan: one for each, with the same list and the same terms.
 * @param partial some may be missing or unfinished
 * @return false with one line in `why`
 */
bool shard_set_open(struct shard_set *s, const char *const *paths, size_t count, bool partial,
                    struct buf *why);
void shard_set_deinit(struct shard_set *s);
