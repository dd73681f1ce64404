#pragma once

/**
 * The journal of a results directory: up to where its files hold whole rows that belong together, and
 * which input lines have theirs. An entry is appended at each mark (result_dir.h); after the process was
 * killed, the last good one says what to keep.
 *
 *   file     JOURNAL_MAGIC, record...
 *   record   length of the body (u32), checksum (u64), body: all little-endian
 *   bodies   the first one names the files, each further one is an entry
 *
 * The checksum is XXH3-64 of the body, seeded with that of the record before: none can be missing.
 * Octets behind the last whole record are a write that did not come to its end, and are cut off. A
 * record that is not what was written, with more behind it, is damage.
 */

#include "scanner/base/buf.h"

#define JOURNAL_NAME      "journal"
#define JOURNAL_MAGIC     "mxcensus journal 1\n"
#define JOURNAL_FILES_MAX 64
#define JOURNAL_NAME_MAX  64         /* octets with NUL, of a file */
#define JOURNAL_MAX       (1U << 30) /* octets of a journal; our own bound */
#define JOURNAL_BODY_MAX \
    (64U << 20) /* octets of a body: all lines of an entry one by one; the same */

/** Input lines from `first` to `last`, both included. */
struct journal_range {
    uint64_t first;
    uint64_t last;
};

/** How far the input is. */
struct journal_progress {
    uint64_t lines_read; /* further ones were not looked at */
    uint64_t octets_read;
    bool input_ended;
    int64_t unix_ms;                      /* now */
    const struct journal_range *finished; /* lines, since the entry before */
    size_t finished_count;
};

struct journal_file {
    uint64_t octets;
    uint64_t rows;
};

struct journal_entry {
    bool durable;  /* all of it was on disk */
    uint64_t boot; /* of the machine: what was not on disk is good until the next; 0: unknown */
    struct journal_progress progress;
    size_t file_count;
    struct journal_file files[JOURNAL_FILES_MAX]; /* in the order of the names */
};

/** Sorts the lines. @param ranges room for `count` @return how many ranges */
size_t journal_ranges_of(uint64_t *lines, size_t count, struct journal_range *ranges);

/** @param sum of the record before, 0 in front of the first; updated */
void journal_put_names(struct buf *out, const char *const *names, size_t count, uint64_t *sum);
void journal_put_entry(struct buf *out, const struct journal_entry *e, uint64_t *sum);

/** What a journal says. */
struct journal {
    char names[JOURNAL_FILES_MAX][JOURNAL_NAME_MAX];
    size_t file_count;
    struct journal_entry first;
    struct journal_entry last;      /* its progress.finished is all of `finished` */
    struct journal_range *finished; /* of all entries up to it; malloc */
    size_t finished_count;
    uint64_t entries; /* good ones */
    uint64_t octets;  /* to the end of the last good one */
    uint64_t octets_cut;
    uint64_t sum; /* to go on with */
};

/** @param fits asks whether the files are as an entry says; the last one that fits is taken
 * @return false with what is wrong in `why`: "damaged at octet 123" */
bool journal_read(struct journal *j, struct span octets,
                  bool (*fits)(void *arg, const struct journal *j, const struct journal_entry *e),
                  void *arg, struct buf *why);
void journal_deinit(struct journal *j);
