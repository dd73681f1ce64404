#pragma once

#include "scanner/base/buf.h"
#include "scanner/pipeline/scan_params.h"

/**
 * --shards N and --shard I: scans that share a list. Their limits and rates are those of all together, so each has its part.
 */

/** @param given --shard was @return false with one line in `why`: they do not fit together */
bool shard_option_apply(struct scan_params *p, bool given, struct buf *why);
/** What this scan is, and which limits do not hold in total, as one is the least of each. @return false: it is alone */
bool shard_option_put(const struct scan_params *p, struct buf *line);
