#pragma once

#include "scanner/index/scratch_database.h"
#include "scanner/rows/row_facts.h"

/**
 * Which row of each key is kept, where several shards have one: the observation that reached furthest, then the earliest, then that of
 * the lowest shard. Keys and places lie in a temporary database; no rows.
 *
 * Hosts are offered first, then endpoints, then services. An endpoint counts only where the row that was chosen of its host has its
 * address, and a service only where an endpoint that counts leads to it: what no row names is left out.
 */
struct choice;

/** Of a host, service or endpoint with rows in several shards. */
struct choice_counts {
    uint64_t several;  /* keys that several shards have */
    uint64_t disagree; /* of these: they do not say the same */
    uint64_t left_out; /* rows that no chosen row names */
};

struct choice *choice_new(void);
void choice_free(struct choice *c);               /* NULL is allowed */
const char *choice_error(const struct choice *c); /* as scratch_database_error() */

/** @param place number of the row in its table of the shard */
void choice_offer(struct choice *c, const struct facts *row, uint32_t shard, uint64_t place);
/** Is this row the one? */
bool choice_is(struct choice *c, const struct facts *row, uint32_t shard, uint64_t place);
/** Is it the one, by the key of a row of the table? */
bool choice_is_of(struct choice *c, enum table_id t, struct span key, uint32_t shard);
/** Do rows of the table say the same as the chosen one of the key? */
bool choice_is_alike(struct choice *c, const struct facts *row);
/** The lowest block of the host; -1: none */
int64_t choice_block(struct choice *c, const struct facts *row);
struct choice_counts choice_count(struct choice *c, enum table_id t);
