#pragma once

/**
 * The writer thread: the only one that touches the results. Takes finished rows, in the order in
 * which threads posted them, and remembers which input lines have their row.
 */

#include "output/result_dir.h"
#include "output/result_stream.h"
#include "scanner/pipeline/held_rows.h"
#include "scanner/pipeline/line_set.h"
#include "scanner/pipeline/worker.h"

struct writer {
    struct scan *scan; /* borrowed; its mailbox `writer` is ours */
    pthread_t thread;
    struct result_dir *dir; /* NULL: standard output */
    struct result_stream stream;
    struct line_set lines_done; /* with their row in the results */
    struct buf lines_taken;     /* since the last mark: 64-bit line numbers, as in LINES_DONE */
    struct held_rows held;
    uint64_t octets_unmarked; /* of rows, since the last mark */
    uint64_t octets_unsynced; /* since the last one that waited for the disk */
    uint64_t began_ms;        /* monotonic, as the next */
    uint64_t marked_ms;
    uint64_t synced_ms;
    atomic_uint_fast64_t rows; /* written so far; read by the coordinator */
    atomic_uint_fast64_t octets;
    atomic_bool busy;   /* it has rows in hand, or sits in write(2) */
    atomic_bool failed; /* a write failed: rows are being lost */
};

/** Would the directory of results be taken? Nothing is made. @return false with one line of text in `error` */
bool writer_look(const struct scan_params *p, struct buf *error);
/** Opens the results. @return false with one line of text in `error`; `*usage` tells a fault of
 * the command line (the directory is not empty) from one of the system. */
bool writer_open(struct writer *w, struct scan *scan, struct buf *error, bool *usage);
void writer_start(struct writer *w);
void writer_join(
    struct writer *w); /* after a STOP was posted; everything posted before is written */
/** After writer_join(): the files get their names. @return false when something was lost. */
bool writer_finish(struct writer *w, bool complete);
/** Whoever reads the rows on standard output has closed it: no fault of anybody. */
bool writer_reader_is_gone(const struct writer *w);
/** What failed first, "" when nothing did. */
void writer_put_failure(const struct writer *w, struct buf *text);
uint64_t writer_rows_lost(const struct writer *w);
void writer_deinit(struct writer *w);
