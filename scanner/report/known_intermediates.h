#pragma once

#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/intermediates_file.h"

/**
 * What judging knows of intermediates before the first list comes: those of the files and those
 * shipped. After hash_secret_init(). @return NULL with one line in `why`: no temporary file, or more
 * certificates than a pool holds.
 */
struct intermediate_pool *known_intermediates_new(const struct intermediates_file *files,
                                                  size_t count, struct buf *why);
