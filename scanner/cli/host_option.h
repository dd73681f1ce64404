#pragma once

#include "scanner/cli/option_table.h"

/** --host NAME[=ADDRESS][:PORT] of check: an MX host that is said instead of looked up. */
bool option_read_staged_host(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why);

/** What the hosts mean for the scan, when all options are read. @return false with the reason */
bool host_option_apply(struct options *o, struct buf *why);
