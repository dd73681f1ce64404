#pragma once

#include "output/result_dir.h"
#include "scanner/merge/shard_set.h"

/**
 * The first half of a merge: of each key the row of one shard, into a directory that analyze judges anew.
 *
 * Rows of services and endpoints that say each thing once are made complete from rows of their own shard. An endpoint that its shard
 * compared with another session without SNI than the one that is kept says so (`default_apart`). Endpoints that speak for names of a
 * group are kept for each shard that has such names: where another shard's row is the one in the table, among those that come ahead.
 */
struct chosen_counts {
    struct {
        uint64_t several;  /* keys that several shards have */
        uint64_t disagree; /* of these: the shards do not say the same */
        uint64_t left_out; /* rows that no row which was kept names */
    } of[TABLE_COUNT];     /* of hosts, services and endpoints */
    uint64_t default_apart;
    uint64_t
        spoken_apart; /* session_from names the session of its own shard; the row that was kept of that name is another shard's */
};

enum chosen_end {
    CHOSEN_COMPLETE,
    CHOSEN_FAILED,    /* the operating system refuses something */
    CHOSEN_UNUSABLE,  /* a row that is not what it should be */
    CHOSEN_ROWS_LOST, /* `dir` takes no more; result_dir_error() */
};

/** @param why one line, where it is neither complete nor ROWS_LOST */
enum chosen_end chosen_rows_write(struct shard_set *shards, struct result_dir *dir,
                                  struct chosen_counts *counts, struct buf *why);
