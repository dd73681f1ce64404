#pragma once

#include "scanner/observation/seen_target.h"

#define PROGRESS_UNKNOWN UINT64_MAX

/**
 * How far a scan is, at one moment: a plain copy of counters, taken by the pipeline about once
 * a second and rendered by the command line. Counts run from the start of the scan.
 */
struct progress_snapshot {
    uint64_t elapsed_ms;
    uint64_t lines_total; /* of the input; an estimate while input_ended is false; 0: unknown */
    uint64_t lines_read;
    uint64_t lines_done[ACCOUNT_CLASS_COUNT]; /* lines with their row written, by class */
    bool input_ended;
    bool draining;               /* a signal stopped the intake */
    uint64_t sessions_in_flight; /* TCP connections, connecting ones included */
    uint64_t sessions_done;
    uint64_t sessions_failed; /* of these, without an established handshake */
    uint64_t short_fallen;    /* short ones that a whole one follows because they could not go on */
    uint64_t services_waiting; /* work that waits for a limit of politeness */
    uint64_t sessions_paused;  /* lost or put off, before the next attempt */
    uint64_t lines_parked;     /* put aside while their hosts wait */
    uint64_t
        waiting_ms; /* until the last of what waits for a limit or a pause is done; PROGRESS_UNKNOWN */
    uint64_t dns_pending;
    uint64_t dns_queries;
    uint64_t rows_written; /* in all tables */
    uint64_t octets_written;
};

static inline uint64_t progress_lines_done(const struct progress_snapshot *s)
{
    uint64_t done = 0;
    for (int c = 0; c < ACCOUNT_CLASS_COUNT; c++) {
        done += s->lines_done[c];
    }
    return done;
}
