#pragma once

#include "scanner/cli/options.h"

/**
 * Texts made from the option table. The help fits one screen: HELP_LINES_MAX lines of
 * HELP_COLUMNS_MAX columns.
 */

#define HELP_LINES_MAX   64
#define HELP_COLUMNS_MAX 80

void help_put_overview(struct buf *b); /* mxcensus --help */
/** mxcensus COMMAND --help */
void help_put_command(struct buf *b, enum command c);
/** The OPTIONS section of docs/mxcensus.1, in the man(7) macros. */
void help_put_manual_options(struct buf *b);
