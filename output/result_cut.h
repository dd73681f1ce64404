#pragma once

/**
 * What an unfinished results directory holds, by its journal: of each file so many octets, which are whole
 * rows. Nothing in the directory is changed.
 */

#include "output/journal.h"

struct result_cut {
    struct journal journal;
    bool part[JOURNAL_FILES_MAX]; /* the file is called NAME.part still */
};

/** Of the machine since it started; 0: unknown. */
uint64_t result_boot_number(void);
/** @return false with one line in `why` */
bool result_cut_read(struct result_cut *c, const char *dir, struct buf *why);
void result_cut_deinit(struct result_cut *c);
/** Its place among the files; SIZE_MAX: it has no such file. @param name without suffix of a codec */
size_t result_cut_find(const struct result_cut *c, const char *name);
