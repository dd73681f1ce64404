#pragma once

#include "scanner/compare/comparison.h"
#include "scanner/view/paper.h"

/** A comparison for people, safe on a terminal; or one JSON object a line: that of the comparison, then each change. */

/** Takes what is in `text`, and empties it. @return false: no more, please */
struct diff_sink {
    bool (*take)(void *arg, struct buf *text);
    void *arg;
};

/** @param domains listed at most of each group or change, the others are counted; UINT64_MAX: all.
 * @return false: the sink did not take all, or the database failed */
bool diff_put_text(struct comparison *c, size_t width, bool color, uint64_t domains,
                   const struct diff_sink *to);
bool diff_put_ndjson(struct comparison *c, uint64_t domains, const struct diff_sink *to);
