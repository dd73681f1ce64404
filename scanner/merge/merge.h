#pragma once

/**
 * `mxcensus merge RESULTS... -o DIR`: the results of one scan out of those of its shards.
 *
 *     open      one directory for each shard, all of one scan               shard_set.h
 *     choose    of each key the observation that reached furthest           chosen_rows.h, choice.h
 *     judge     what was chosen, as analyze judges the rows of a scan       replay/analyze.h
 *
 * What was chosen lies in a folder inside DIR until it is judged. Merging the same directories again gives the same octets.
 */

#include "scanner/replay/analyze.h"

struct merge_params {
    const char *const *results; /* directories */
    size_t count;
    bool partial; /* shards may be missing or unfinished */
    /* How the new results are written; `results`, `beside` and `of_shards` are set here. */
    struct analyze_params analyze;
};

/**
 * As analyze_run().
 * @param not_whole which shards are missing or unfinished, and how many lines have no row for it; empty: none
 */
enum analyze_end merge_run(const struct merge_params *p, struct buf *not_whole, struct buf *why);
