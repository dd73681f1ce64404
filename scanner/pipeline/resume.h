#pragma once

#include "scanner/pipeline/line_set.h"
#include "scanner/pipeline/worker.h"
#include "scanner/replay/restore.h"

/**
 * A scan that goes on after it was killed or interrupted: every owner hears of what has its row, by KNOWN_...
 * messages in front of the first line, and lines that have their row are passed over. Whatever has none is done
 * anew, by the rules of the first start, so that the end is that of an undisturbed scan.
 */
struct resume {
    struct scan *scan; /* borrowed */
    struct restored *restored;
    struct line_set done;      /* lines with their row; after resume_run() */
    uint64_t lines;            /* of these */
    atomic_uint_fast64_t rows; /* read back so far */
    atomic_uint_fast64_t account[ACCOUNT_CLASS_COUNT]; /* of the lines */
    struct buf to_worker[WORKERS_MAX];
    struct buf to_judge[JUDGES_MAX];
    struct buf to_policies;
    size_t waiting; /* rows told of in these */
};

/** @param results borrowed */
struct resume *resume_new(struct scan *scan, const struct results *results);
void resume_free(struct resume *r); /* NULL is allowed */
/** In the reader's thread, while the others run. @return false with one line in `why`, or none when intake was
 * stopped */
bool resume_run(struct resume *r, struct buf *why);
