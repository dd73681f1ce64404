#pragma once

#include "scanner/cli/progress.h"
#include "scanner/pipeline/scan_params.h"

/**
 * Where progress goes: a line on a terminal, else one line a minute, on standard error; a CSV
 * line a second; a metrics file that is replaced as a whole. Fed about once a second by the
 * thread that runs the scan; nothing here blocks the workers.
 */

#define PROGRESS_MARKS 60 /* seconds that the rate looks back */

struct progress_output {
    bool quiet;
    bool terminal; /* standard error is one */
    bool line_shown;
    uint64_t next_status_ms; /* elapsed time of the next line a minute */
    int status_fd;           /* CSV; -1: none */
    const char *status_path;
    const char *metrics_path;
    struct buf text; /* reused */
    struct progress_mark marks[PROGRESS_MARKS];
    struct scan_record scan;
    struct progress_snapshot last; /* shown */
    struct progress_mark last_mark;
    size_t mark_count; /* ever taken; the oldest kept is overwritten */
};

/** Metrics are kept from now on. @return false with one line in `why` when their file cannot be written. */
bool progress_output_init(struct progress_output *out, const struct scan_params *params,
                          int64_t unix_ms, struct buf *why);
/** The file of --status-updates-file: of a scan that the self-test refuses there is none. @return false as above */
bool progress_output_open_status(struct progress_output *out, struct buf *why);
void progress_output_show(struct progress_output *out, const struct progress_snapshot *now,
                          int64_t unix_ms);
/** Takes the line off the terminal, so that other text can be written. */
void progress_output_clear_line(struct progress_output *out);
void progress_output_set_self_test(struct progress_output *out, const struct vantage_verdict *v);
/** How the scan ended goes to the metrics. */
void progress_output_end(struct progress_output *out, int exit_code, bool success,
                         const uint64_t findings[SEVERITY_COUNT], int64_t unix_ms);
/** Files are closed. */
void progress_output_deinit(struct progress_output *out);
