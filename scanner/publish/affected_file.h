#pragma once

#include "scanner/base/output_file.h"
#include "scanner/survey/problem_survey.h"

/** The CSV beside a page: every problem of every domain, one line each, for spreadsheets. Written while the rows are read. */
struct affected_file {
    struct output_file out; /* not open: none is written */
    const char *path;       /* borrowed; NULL: the same */
    struct buf line;
    bool customers; /* there is a column of them */
};

/** @param path borrowed; NULL: nothing is written @return false: errno */
bool affected_open(struct affected_file *a, const char *path, bool customers);
void affected_add(struct affected_file *a, const struct survey *s, const struct facts *problem);
/** Whole, it goes to `files`. @return false: errno */
bool affected_end(struct affected_file *a, struct output_files *files);
/** Gives it up, if it is still open. */
void affected_deinit(struct affected_file *a);
