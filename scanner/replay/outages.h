#pragma once

/**
 * Outages in a manifest. While a scan is under way started.json has them, so that neither a scan that is gone
 * on with nor an analysis of what is there loses them.
 */

#include "scanner/replay/results.h"

/** @param outages as report_outages() makes them @return false: `manifest` is none; nothing was appended to `out` */
bool outages_replace(struct span manifest, struct span outages, struct buf *out);

/** @return the next one, `index` is moved on; false: there is none. `what` belongs to `r`. */
bool outages_next(const struct results *r, size_t *index, struct manifest_outage *outage);
