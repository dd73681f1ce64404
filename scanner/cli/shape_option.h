#pragma once

#include "scanner/cli/options.h"

/** --detail, --tables and --columns, once all options are read. @return false with one line in `why` */
bool shape_option_apply(struct options *o, struct buf *why);
