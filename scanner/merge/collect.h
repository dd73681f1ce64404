#pragma once

/**
 * `mxcensus collect`: the results of one scan out of the topics of its fleet.
 *
 *     read      of each key the last row, table by table and partition by partition
 *     judge     these rows, as analyze judges those of a scan
 *
 * Copies of what is judged with, and what the manifest says of how the scan was made, are those of the first member. Collecting again
 * gives the same octets, once all members have left.
 */

#include "scanner/fleet/kafka.h"
#include "scanner/replay/analyze.h"

struct collect_params {
    struct kafka_params kafka;
    const char *scan;
    struct analyze_params analyze; /* as of merge_run() */
};

/** As merge_run(). @param not_whole what is missing; empty: nothing */
enum analyze_end collect_run(const struct collect_params *p, struct buf *not_whole,
                             struct buf *why);
/** Deletes the topics of a scan. */
enum analyze_end collect_drop(const struct collect_params *p, struct buf *why);
