#pragma once

#include "output/result_dir.h"
#include "scanner/merge/choice.h"

/**
 * Rows of groups of several shards, as one row for each group: connections were made in each shard, so counts are added up; what one shard
 * contradicted is contradicted.
 */
struct merged_groups;

struct merged_groups *merged_groups_new(void);
void merged_groups_free(struct merged_groups *g); /* NULL is allowed */
void merged_groups_add(struct merged_groups *g, const struct facts *row);
/** In the order of their keys. @return false: rows are lost, or the temporary database failed */
bool merged_groups_write(struct merged_groups *g, struct result_dir *dir);
const char *merged_groups_error(const struct merged_groups *g);
