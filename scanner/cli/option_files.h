#pragma once

#include "scanner/cli/options.h"

/**
 * Options that take a file: whether it can be used is looked at before the command does anything. Every option of the
 * table whose argument is a FILE has its line here; a test holds the two against each other.
 */

/** @return false with one line in `why`: option, file, reason, what to do */
bool option_files_usable(const struct options *o, struct buf *why);

/** Puts "--name " in front of what was appended to `why` from `start` on: the fault of the file of this option. */
void option_files_name(struct buf *why, size_t start, const char *name);
