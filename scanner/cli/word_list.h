#pragma once

#include "scanner/cli/options.h"

/** The names that a command line gives: its words, and for the word "-" the lines of standard input without blank ones
 * and comments. */
struct word_list {
    const char **words;
    size_t count;
    struct buf lines; /* of standard input */
};

/** @return false with one line in `why` */
bool word_list_read(struct word_list *l, const char *const *words, size_t count, struct buf *why);
void word_list_add(struct word_list *l, const char *word); /* borrowed */
void word_list_deinit(struct word_list *l);
