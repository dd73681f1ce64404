#pragma once

#include "scanner/base/buf.h"
#include "scanner/pipeline/progress_snapshot.h"

/**
 * A progress_snapshot as text, in three forms. Pure functions; who writes it where and when is
 * the business of progress_output.h.
 */

/** How far the scan was some time ago: for the rate. */
struct progress_mark {
    uint64_t elapsed_ms;
    uint64_t lines_done;
};

/** Lines per second between `mark` and `now`; 0 when no time has passed. */
double progress_rate(const struct progress_snapshot *now, const struct progress_mark *mark);

/**
 * Seconds until each line has its row: what is left at the rate of the last minute, or what waits for a limit or a pause,
 * whichever takes longer. 0 when none is left, and not before.
 * @return PROGRESS_UNKNOWN while the number of lines is, the time of what waits, or the rate where lines are still read
 */
uint64_t progress_eta_s(const struct progress_snapshot *now, const struct progress_mark *mark);

/** For people: done/total if known, rate, in flight, waiting, failures, ETA. No line end. */
void progress_put_line(struct buf *b, const struct progress_snapshot *now,
                       const struct progress_mark *mark);

/** CSV with a header row (RFC 4180), one row per call of the second. */
void progress_put_csv_header(struct buf *b);
void progress_put_csv_row(struct buf *b, const struct progress_snapshot *now,
                          const struct progress_mark *mark, int64_t unix_ms);

/** Prometheus text exposition format 0.0.4. */
void progress_put_metrics(struct buf *b, const struct progress_snapshot *now,
                          const struct progress_mark *mark);
