#pragma once

#include "scanner/base/span.h"

/**
 * Lines for the user: on standard error as "mxcensus: line", or appended with their time to the
 * file of --log-file. Never results. Whatever stands in a line, it stays one line, and no terminal obeys it.
 */

struct messages {
    int fd;
    bool to_file;
};

/** `path` NULL: standard error. @return false with errno set when the file cannot be opened. */
bool messages_init(struct messages *m, const char *path);
void messages_say(struct messages *m, struct span line, int64_t unix_ms);
void messages_deinit(struct messages *m);
