#pragma once

#include "output/result_dir.h"
#include "output/result_stream.h"
#include "scanner/replay/analyze.h"
#include "scanner/replay/new_manifest.h"
#include "scanner/report/row_sink.h"

/** Where the new rows go: a results directory, or standard output. */
struct new_results {
    const struct analyze_params *params; /* borrowed */
    bool discarded;                      /* no rows are wanted */
    struct row_sink sink;
    struct result_dir *dir; /* NULL: the stream */
    struct result_stream stream;
    uint64_t rows[TABLE_COUNT];
};

/** @param ahead there may be rows that come ahead: those that rest on them can be judged again, too
 * @return false with one line in `why` when there is no such directory to be made. */
bool new_results_open(struct new_results *n, const struct analyze_params *p, bool ahead,
                      struct buf *why);
void new_results_deinit(struct new_results *n);
/** A row that came ahead, as it is, without LF. @return false: it is lost */
bool new_results_put_ahead(struct new_results *n, struct span line);
/** Hands the rows of the sink on, now and then or at once. @return false: rows are lost. */
bool new_results_take(struct new_results *n, bool at_once);
/** After the last row: the files beside the rows, the manifest last. @param now what is known of it;
 * the files are filled in. */
bool new_results_finish(struct new_results *n, const struct results *from,
                        const struct reanalysis *now);
/** Removes what was begun, so that the same directory can be given again. */
void new_results_discard(struct new_results *n);
/** Whoever reads the rows on standard output has closed it: no fault of anybody. */
bool new_results_reader_is_gone(const struct new_results *n);
/** What went wrong first. */
void new_results_blame(const struct new_results *n, struct buf *why);
