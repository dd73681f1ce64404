#pragma once

#include "output/result_dir.h"
#include "scanner/replay/analyze.h"

/** The directory of rows that were put together, inside the output, from which analyze makes the results: see merge.h. */
struct chosen_folder {
    const struct analyze_params *analyze; /* borrowed; its output */
    struct buf path;                      /* with NUL */
    struct result_dir *dir;
};

/** @return COMPLETE, or with one line in `why` */
enum analyze_end chosen_folder_open(struct chosen_folder *f, const struct analyze_params *analyze,
                                    struct buf *why);
/** What its directory took no more of, in `why`. */
enum analyze_end chosen_folder_fail(const struct chosen_folder *f, enum analyze_end end,
                                    struct buf *why);
/** When it has its rows and its manifest. */
enum analyze_end chosen_folder_judge(struct chosen_folder *f, struct buf *why);
/** Removes it. */
void chosen_folder_close(struct chosen_folder *f);
