#pragma once

#include "scanner/cli/options.h"

/** The manual pages, in the man(7) macros: made from the option table and docs/mxcensus.1. */

/** The OPTIONS section of docs/mxcensus.1. */
void manual_put_options(struct buf *b);

/**
 * mxcensus-COMMAND(1): what `page`, docs/mxcensus.1, says of the command, its options alone with its defaults, the exit
 * codes, and the examples that call it.
 * @return false when the page has no synopsis or description of the command, no exit codes or no examples
 */
bool manual_put_command(struct buf *b, enum command c, struct span page);
