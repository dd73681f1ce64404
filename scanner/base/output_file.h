#pragma once

#include <stdio.h>

#include "scanner/base/buf.h"

/**
 * A file that a user named for output. What is a regular file, or not there yet, is written beside and renamed: whole or not
 * at all. A device or a FIFO stays what it is and is written directly. A symbolic link is followed.
 */
struct output_file {
    FILE *file;        /* NULL: not open */
    struct buf target; /* the file that is replaced; empty: what was named is written directly */
    struct buf part;   /* its name until it is committed; empty: there is none */
    int error;         /* errno of the first write that failed */
};

/** Files that are written, but for their names: they get these together. Zero-initialise. */
struct output_files {
    struct output_file *file;
    uint32_t count;
};

/** Is it replaced as a whole? Then other files can be made beside it. */
bool output_file_is_replaced(const char *path);
/** @param wait for the reader of a FIFO; otherwise ENXIO where there is none @return false: errno */
bool output_file_open(struct output_file *f, const char *path, bool wait);
/** @return false: it takes no more, which output_file_end() tells as well */
bool output_file_put(struct output_file *f, struct span octets);
/** Nothing more is written. @return false: errno */
bool output_file_end(struct output_file *f);
/** After output_file_end(): it gets its name. @return false: errno */
bool output_file_commit(struct output_file *f);
/** What has not got its name is removed. errno stays. One that was never opened is all zero. */
void output_file_deinit(struct output_file *f);

/** After output_file_end(). Takes it. */
void output_files_add(struct output_files *o, struct output_file *f);
/** @return NULL: all have their names; otherwise the file that has not got its own, and errno */
const char *output_files_commit(struct output_files *o);
void output_files_deinit(struct output_files *o);
