#pragma once

/** How far a scan is, from counters that its threads keep: for the coordinator, at any time. */

#include "scanner/pipeline/progress_snapshot.h"
#include "scanner/pipeline/reader.h"
#include "scanner/pipeline/watchdog.h"
#include "scanner/pipeline/writer.h"

/** All but the time and whether it is draining. */
struct progress_snapshot scan_snapshot(struct scan *s, const struct reader *r,
                                       const struct writer *w);
struct watchdog_waits scan_waits(struct scan *s);
/** A number that grows with everything that happens: see watchdog.h. */
uint64_t scan_progress(const struct scan *s, const struct reader *r, const struct writer *writer);
