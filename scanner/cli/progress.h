#pragma once

#include "scanner/analysis/catalogue.h"
#include "scanner/base/buf.h"
#include "scanner/pipeline/progress_snapshot.h"
#include "scanner/vantage/vantage_verdict.h"

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
 * whichever takes longer; the latter is the least that it takes. 0 when none is left, and not before.
 * @return PROGRESS_UNKNOWN while the number of lines is, the time of what waits, or the rate where lines are still read; and where
 * the rate speaks of less than a minute once all lines are under way: those that are left then are the slow ones
 */
uint64_t progress_eta_s(const struct progress_snapshot *now, const struct progress_mark *mark);

/** For people: done/total if known, rate, in flight, waiting, failures, ETA. No line end. */
void progress_put_line(struct buf *b, const struct progress_snapshot *now,
                       const struct progress_mark *mark);

/** CSV with a header row (RFC 4180), one row per call of the second. */
void progress_put_csv_header(struct buf *b);
void progress_put_csv_row(struct buf *b, const struct progress_snapshot *now,
                          const struct progress_mark *mark, int64_t unix_ms);

#define SELF_TEST_RESULTS (VANTAGE_FAILED + 1)

/** What is known of the scan as a whole, beside how far it is. Times are Unix milliseconds, 0: not yet. */
struct scan_record {
    int64_t started_ms;
    int64_t ended_ms;
    int64_t last_success_ms; /* of the last scan, this or an earlier one, with exit code 0 or 10 */
    int exit_code;           /* once ended */
    uint64_t findings[SEVERITY_COUNT];     /* once ended */
    uint64_t self_test[SELF_TEST_RESULTS]; /* checks by result */
};

/** Prometheus text exposition format 0.0.4. What is not known yet is left out. */
void progress_put_metrics(struct buf *b, const struct progress_snapshot *now,
                          const struct progress_mark *mark, const struct scan_record *scan);
/** The last success that an earlier file tells; 0: none. */
int64_t progress_last_success(struct span metrics);
