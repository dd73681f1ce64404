#pragma once

#include "scanner/cli/options.h"

/**
 * scan --resume DIR: the command line that the scan began with, from DIR, with what may be another one now. Whatever
 * would change results is refused. Opens the results; their copies of stores and the like are in `params` then.
 * @return false with one line in `why`
 */
bool resume_options_fill(struct options *o, struct buf *why);
