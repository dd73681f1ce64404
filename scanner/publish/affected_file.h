#pragma once

#include <stdio.h>

#include "scanner/survey/problem_survey.h"

/** The CSV beside a page: every problem of every domain, one line each, for spreadsheets. Written while the rows are read. */
struct affected_file {
    FILE *file; /* NULL: none is written */
    struct buf path;
    struct buf part; /* its name until it is whole */
    struct buf line;
    bool customers; /* there is a column of them */
    bool failed;    /* errno of then is in `error` */
    int error;
};

/** @param path NULL: nothing is written @return false: errno */
bool affected_open(struct affected_file *a, const char *path, bool customers);
void affected_add(struct affected_file *a, const struct survey *s, const struct facts *problem);
/** Gives it its name. @return false: errno, and it is gone */
bool affected_close(struct affected_file *a);
/** Gives it up, if it is still open. */
void affected_deinit(struct affected_file *a);
