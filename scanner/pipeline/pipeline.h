#pragma once

/**
 * A whole scan: reader, workers, judges and writer, from the first line to the manifest.
 * The calling thread coordinates: signals, progress, closing of input blocks, the end.
 */

#include "scanner/analysis/counts.h"
#include "scanner/base/buf.h"
#include "scanner/pipeline/progress_snapshot.h"
#include "scanner/pipeline/scan_params.h"

enum scan_end {
    SCAN_END_COMPLETE,     /* every line has its row, and every row is written */
    SCAN_END_FATAL,        /* the scan could not start, or the input could not be read on */
    SCAN_END_USAGE,        /* something that the user named cannot be used */
    SCAN_END_ROWS_LOST,    /* rows could not be written */
    SCAN_END_READER_GONE,  /* the same, as whoever reads standard output wants no more */
    SCAN_END_SAYS_NOTHING, /* complete, but no mail server could be reached: smtp_reach.h */
    SCAN_END_OUTAGE,       /* complete, but our own network or resolver went away for good */
    SCAN_END_SIGINT,       /* whole rows were left, the other lines are unfinished */
    SCAN_END_SIGTERM,
};

/** What the caller hears meanwhile; all from inside pipeline_run(), in the calling thread. */
struct pipeline_hooks {
    void *arg;
    /** About once a second, and once at the end. */
    void (*progress)(void *arg, const struct progress_snapshot *now, int64_t unix_ms);
    /** One line for the user, without line end: what failed, where, what to do. */
    void (*say)(void *arg, const char *line);
    /** The summary in plain text, several lines, at the end. */
    void (*summary)(void *arg, struct span text);
    /** What the scan adds up to, at the end. */
    void (*counts)(void *arg, const struct scan_counts *counts);
};

struct blocklist;

/** @param blocklist taken over; NULL: none */
enum scan_end pipeline_run(const struct scan_params *params, struct blocklist *blocklist,
                           const struct pipeline_hooks *hooks);
