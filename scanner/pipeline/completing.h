#pragma once

#include "scanner/pipeline/worker.h"
#include "scanner/report/manifest.h"

/**
 * The end of a scan: chains without their issuer are judged again with the intermediates that all
 * judges met, and the problems of all domains are told, with their causes. After the judges have ended, before the writer does; on the caller's thread, which may
 * take minutes: `go_on` is asked after each row.
 */
struct completing {
    struct scan_counts *counts;      /* findings are added */
    struct intermediate_pool *known; /* before the scan; empty afterwards */
    bool (*go_on)(void *arg);        /* false: no more rows */
    void *arg;
    bool *problems_whole;     /* set to false: rows of problems or causes are missing */
    struct buf *problems_why; /* and why, in one line; empty: nothing failed */
};

/** @return what the manifest tells of it. */
struct manifest_intermediates completing_run(struct scan *s, const struct completing *how);
/** The same for a member of a fleet, which knows its own groups alone: all else is collect's. */
struct manifest_intermediates completing_run_member(struct scan *s, const struct completing *how);
