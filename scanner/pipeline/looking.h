#pragma once

#include "scanner/base/buf.h"
#include "scanner/domain/blocklist.h"
#include "scanner/pipeline/scan_params.h"

/**
 * Can what the user named be used: the directory, the blocklist? Asked beside input_look(), before anything else is, so
 * that nobody waits for an answer about the network and then hears of a wrong path. Nothing is made.
 * @param blocklist the caller's, for pipeline_run(), so that it is read once; NULL: there is none
 * @return false with one line in `why`
 */
bool pipeline_look(const struct scan_params *p, struct blocklist **blocklist, struct buf *why);
