#pragma once

#include "scanner/replay/results.h"

/** Which part of a list results are of, by what --shards and --shard were. */
void result_shard_read(struct results *r);
/** "shard 0 of 0 to 7: 12 lines of the list are in the results of other shards"; nothing of a scan that had its lists alone. */
void result_shard_put(const struct results *r, struct buf *out);
