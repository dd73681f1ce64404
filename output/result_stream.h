#pragma once

/**
 * Rows on a descriptor, usually standard output: collected, then written with whole rows at the
 * end of each write as far as the reader takes them. A reader that goes away (EPIPE) is a
 * failure like any other; SIGPIPE must be ignored by the process (result_stream_init does it).
 */

#include "output/result_file.h"
#include "output/row_choice.h"

struct result_stream {
    int fd; /* borrowed */
    struct buf pending;
    uint64_t pending_rows;
    uint64_t rows; /* handed to the operating system, whole */
    uint64_t rows_lost;
    struct result_error error;
};

/** @param choice what the rows are, for their header line; NULL: all rows, which have none */
void result_stream_init(struct result_stream *s, int fd, const struct row_choice *choice);
/** Writes when RESULT_BATCH_LEN is reached. @return false when the rows are lost. */
bool result_stream_append(struct result_stream *s, struct span rows, uint64_t row_count);
bool result_stream_flush(struct result_stream *s);
void result_stream_deinit(struct result_stream *s); /* does not flush, does not close */
