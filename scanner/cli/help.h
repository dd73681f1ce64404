#pragma once

#include "scanner/cli/options.h"

/**
 * The help, made from the option table. It fits one screen: HELP_LINES_MAX lines of
 * HELP_COLUMNS_MAX columns.
 */

#define HELP_LINES_MAX   75
#define HELP_COLUMNS_MAX 80

void help_put_overview(struct buf *b); /* mxcensus --help */
/** mxcensus COMMAND --help */
void help_put_command(struct buf *b, enum command c);
