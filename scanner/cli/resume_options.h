#pragma once

#include "scanner/cli/options.h"

/**
 * scan --resume DIR: the command line that the scan began with, from DIR, with what may be another one now. Whatever
 * would change results is refused. Opens the results; their copies of stores and the like are in `params` then.
 * The answer has one line in `why` unless it goes on.
 */
enum resume_answer {
    RESUME_REFUSED,
    RESUME_COMPLETE, /* there is a manifest: nothing is left to do */
    RESUME_GOES_ON
};

enum resume_answer resume_options_fill(struct options *o, struct buf *why);
