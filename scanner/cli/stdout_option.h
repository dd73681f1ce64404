#pragma once

#include "scanner/cli/options.h"

/** --stdout and --fields, once all options are read. @return false with one line in `why` */
bool stdout_option_apply(struct options *o, struct buf *why);
