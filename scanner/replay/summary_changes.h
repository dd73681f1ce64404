#pragma once

#include "scanner/base/buf.h"

/**
 * What another judgement changed: the counts of summary.json that differ, by effect on mail, chain, sender and finding, a line
 * each.
 *
 * @param then the directory that was judged; its summary.json is read @param now the new summary.json
 */
void summary_changes_put(struct buf *text, const char *then, struct span now);
