#pragma once

#include "scanner/merge/chosen_rows.h"

/** The manifest of the rows that were chosen: that of a shard, with what is true of all of them in place of what is true of one. */
struct merged_facts {
    const struct shard_set *shards;
    const struct chosen_counts *counts;
    const struct result_dir *dir; /* that holds the rows */
};

/** The shard whose manifest and copies of terms the others are like: the first that has finished, else the first. */
const struct results *merged_base(const struct shard_set *s);
/** The same octets for the same shards. */
void merged_manifest_put(const struct merged_facts *facts, struct buf *json);
/** Lines of the list that have no row. @param known false: no shard has finished, and nobody knows how long the list is */
uint64_t merged_lines_left(const struct shard_set *s, bool *known);
