#pragma once

#include <stdbool.h>

#include "scanner/base/buf.h"

/** Whole files, and octets at a place of one. Interrupted calls are repeated. */

enum file_end {
    FILE_COMPLETE,
    FILE_TOO_LARGE, /* for the limit of the buffer */
    FILE_FAILED,    /* errno */
};

/** Appends what is left of an open file. */
enum file_end file_read_rest(int fd, struct buf *to);
/** Appends a whole file. */
enum file_end file_read(const char *path, struct buf *to);

/** Does the folder have something of this name? */
bool file_is_in(const char *folder, const char *name);

/** Removes the files of a folder whose names end so; what is there still, is there. */
void file_remove_all(const char *folder, const char *suffix);
/** The same of all of them, and the folder. */
void file_remove_folder(const char *folder);

/** All of it or nothing. @return false: errno; 0: the file is too short, or takes no more */
bool file_read_at(int fd, uint64_t offset, void *to, size_t len);
bool file_write_at(int fd, uint64_t offset, struct span octets);
