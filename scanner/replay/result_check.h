#pragma once

#include "scanner/replay/results.h"

/**
 * Is a file of complete results as the scan left it? By its size where it has the name that the manifest gives it; one that was packed or unpacked since is read, and its rows are counted. Of a manifest
 * that names no files, nothing is known. @return false with one line in `why`
 */
bool result_check_file(const struct results *r, enum table_id t, enum row_format format,
                       const char *name, struct buf *why);
/** Does the manifest name a file of the table in that format? */
bool result_check_is_named(const struct results *r, enum table_id t, enum row_format format);
