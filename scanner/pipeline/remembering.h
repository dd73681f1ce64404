#pragma once

/**
 * The file of --memory: read before the scan, and locked as long as it lasts, as of two scans at the same time one would forget
 * what the other learned; written anew, whole or not at all, at its end. What is in it: owners/remembered.h.
 */

#include "scanner/owners/night.h"
#include "scanner/pipeline/pipeline.h"
#include "scanner/report/manifest.h"

struct scan;

struct remembering {
    char *path; /* without symbolic links; malloc */
    int fd;     /* open and locked */
    struct buf text;
    struct remembered before; /* of the nights before this one; borrows from the text */
    size_t dropped;           /* entries of the file that were too many */
};

/** A file that is not there is made. @return NULL, with one line in `why`: it cannot be used */
struct remembering *remembering_open(const char *path, struct buf *why);
/** NULL is allowed. */
void remembering_close(struct remembering *m);

/** Before the end. @param m NULL: nothing is remembered */
struct manifest_memory remembering_used(const struct remembering *m);
/**
 * When the threads of the scan have ended, whatever ended it: what they learned is true.
 * @param began_s Unix seconds; of a scan that was gone on with its first start
 * @param hooks hear why the file could not be written
 */
struct manifest_memory remembering_end(const struct scan *s, int64_t began_s,
                                       const struct pipeline_hooks *hooks);
