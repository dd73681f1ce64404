#pragma once

#include "scanner/pipeline/worker.h"
#include "scanner/report/manifest.h"

/**
 * The end of a scan: chains without their issuer are judged again with the intermediates that all
 * judges met. After the judges have ended, before the writer does; on the caller's thread.
 */
void completing_run(struct scan *s, struct scan_counts *counts,
                    struct manifest_intermediates *told);
