#pragma once

#include <sys/stat.h>

#include "scanner/base/buf.h"
#include "scanner/pipeline/scan_params.h"
#include "scanner/report/manifest.h"

/**
 * The lists of a scan: which they are, so that a scan goes on only with the same, and that those which are compressed are
 * whole. Their lines are counted from the first line of the first list to the last of the last.
 */
struct input_lists {
    const char *const *paths; /* borrowed; "-": standard input */
    size_t count;
    struct manifest_input *told; /* of each, for the manifest */
    struct stat *seen;  /* of each that is a file: it has to be the same when it is opened */
    uint64_t octets;    /* of all; 0: one of them is no file */
    uint64_t lines_max; /* there are no more, of those that were read whole */
    bool has_digests;
};

/** "standard input" or the path, for a message. */
const char *input_list_name(const char *path);

/** Reads each file to its end, for its digest, and to see whether it can be unpacked; of what is no file, nothing.
 * @return false with one line in `why` */
bool input_lists_init(struct input_lists *l, const struct scan_params *p, struct buf *why);
void input_lists_deinit(struct input_lists *l);

/** One line on a file that is named more than once, by whatever name. @return false: none is */
bool input_lists_put_repeated(const struct input_lists *l, struct buf *line);

/** Waits where a FIFO has no writer. @return the descriptor, of standard input its own; -1 with one line in `why` */
int input_lists_open(const struct input_lists *l, size_t index, struct buf *why);
/** Another would not be what its digest was made of. */
bool input_lists_was_read_as_seen(const struct input_lists *l, size_t index, int fd);
void input_lists_close(int fd);
