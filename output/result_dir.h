#pragma once

/**
 * The results directory. Only the writer thread uses it.
 *
 *     result_dir_new        the directory must be absent or empty; every table gets its files
 *     result_dir_append     whole rows, rendered elsewhere
 *     result_dir_mark       now and then: what was appended is in the files, and belongs together; with
 *                           a journal, that says so
 *     result_dir_finish     files get their names; then the caller writes summary.json and, last,
 *                           manifest.json: a directory with a manifest is complete
 *     result_dir_interrupt  the same without waiting for the disk, after a failure with all files cut
 *                           back to the last mark; then the caller writes state.json and no manifest
 *
 * Rows of endpoints that others rest on come ahead of their host's row (result_dir_append_ahead): as NDJSON in a file of
 * their own, RESULT_AHEAD_NAME, which an unfinished directory has and a complete one does not, unless it was merged.
 *
 * Meanwhile RESULT_RESERVE_LEN octets are held in the file RESULT_RESERVE_NAME and given back by the last two, so
 * that a disk that rows have filled still takes the files that say how far they go.
 *
 * Failures are returned and kept: the first one is what to tell the user, later ones follow
 * from it. Nothing here stops the program. A failed directory still takes what it can.
 */

#include "output/result_cut.h"
#include "output/result_file.h"
#include "output/row_shape.h"

#define RESULT_RESERVE_NAME "reserve.part"
#define RESULT_AHEAD_NAME   "endpoints-ahead"
/* octets: summary.json, the suffix list, and state.json with thousands of ranges; our own bound */
#define RESULT_RESERVE_LEN (256U * 1024)

/* The word is in the names of files and in the manifest. */
#define ROW_FORMATS(X)             \
    X(ROW_FORMAT_NDJSON, "ndjson") \
    X(ROW_FORMAT_CSV, "csv")

enum row_format {
    ROW_FORMATS(ENUMERATOR) ROW_FORMAT_COUNT
};

VOCABULARY(row_format, enum row_format);

struct result_dir_params {
    const char *path;
    bool ndjson;
    bool csv;
    enum result_codec codec;
    unsigned level;                /* of the codec; 0: its default */
    const struct row_shape *shape; /* what of the tables is written; NULL: all */
    struct digest_ops digest;      /* all NULL: no digests */
    bool journal;
    bool ahead;         /* there may be rows that come ahead */
    const char *beside; /* the only name that may be in the directory already; NULL: none */
};

struct result_dir;

/** Would result_dir_new() take the directory? Nothing is made. @return false with `err` set, as there */
bool result_dir_look(const char *path, struct result_error *err);
/** NULL with `err` set: ENOTEMPTY when there is something in it. Only the last part of the path
 * is created. */
struct result_dir *result_dir_new(const struct result_dir_params *params, struct result_error *err);
/** Goes on with an unfinished directory, whose files are cut back to what is whole; NULL as above. EBUSY: another
 * process writes it; EINVAL: its files are not those of `params`. */
struct result_dir *result_dir_reopen(const struct result_dir_params *params,
                                     const struct result_cut *cut, struct result_error *err);
/** Formats and tables that are not wanted (CSV_ONLY tables in NDJSON) are ignored.
 * @return false when the rows are lost. */
bool result_dir_append(struct result_dir *d, enum table_id t, enum row_format format,
                       struct span rows, uint64_t row_count);
/** Nothing where the directory was not asked for such rows. */
bool result_dir_append_ahead(struct result_dir *d, struct span rows, uint64_t row_count);
/** @param progress of the input, for the journal
 * @param durable waits for the disk
 * @return false: the mark before is the last one */
bool result_dir_mark(struct result_dir *d, const struct journal_progress *progress, bool durable);
bool result_dir_finish(struct result_dir *d);
bool result_dir_interrupt(struct result_dir *d);
/** Rows were lost before they came here, by errno: as after a failed write. */
void result_dir_blame(struct result_dir *d, const char *what, int error);
/** manifest.json, summary.json, state.json and the like: whole or not at all. */
bool result_dir_write_file(struct result_dir *d, const char *name, struct span octets);

/** Removes one that was written before, if it is there. */
void result_dir_remove_file(struct result_dir *d, const char *name);

/** There is a manifest: what only an unfinished directory has is removed. @param started what the scan was told */
void result_dir_forget(struct result_dir *d, const char *started);
/** The same for a process that was killed before it could. */
void result_dir_forget_at(const char *path, const char *started);

/** The first failure; `error` is 0 when there was none. */
const struct result_error *result_dir_error(const struct result_dir *d);
/** Files in the order of writing, for the manifest; NULL behind the last one. */
const struct result_file_info *result_dir_file(const struct result_dir *d, size_t index);
/** That of rows that come ahead; NULL as the next. */
const struct result_file_info *result_dir_file_ahead(const struct result_dir *d);
/** The file of a table; NULL when it is not written. */
const struct result_file_info *result_dir_file_of(const struct result_dir *d, enum table_id t,
                                                  enum row_format format);
uint64_t result_dir_rows_lost(const struct result_dir *d);
void result_dir_free(struct result_dir *d); /* NULL is allowed */
