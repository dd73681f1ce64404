#pragma once

#include "scanner/survey/survey.h"

/**
 * Figures as inline SVG, as wide as the page: places along the line are percentages and heights are pixels, so that text
 * keeps its size on a small screen. Each has a title and a description, and the table of its numbers stands near.
 */

struct figure_part {
    const char *class; /* its colour, in the style of the page */
    uint64_t value;
};

#define FIGURE_PARTS_MAX 7

/** A bar of parts of one whole. */
struct figure_bar {
    const char *label; /* escaped here */
    const char *note;  /* at the right end; NULL: none */
    struct figure_part part[FIGURE_PARTS_MAX];
    size_t part_count;
};

/** Bars below each other, each 100 % wide. @param id unique on the page */
void figure_put_stacked(struct buf *b, const char *id, const char *title, const char *description,
                        const struct figure_bar *bars, size_t count);

/** Columns side by side, as high as their share of the highest. @param every label of each n-th column is shown */
struct figure_column {
    const char *label;
    uint64_t value;
    const char *class;
};
void figure_put_columns(struct buf *b, const char *id, const char *title, const char *description,
                        const struct figure_column *columns, size_t count, size_t every);

/** Lines over ranks, from 0 to 100 %. */
#define FIGURE_LINES_MAX 4
struct figure_line {
    const char *label;
    const char *class;
    enum measure measure;
};
void figure_put_cumulative(struct buf *b, const struct survey *s, const struct figure_line *lines,
                           size_t count);

/** What the colours mean: classes and words. */
struct figure_key {
    const char *class;
    const char *label;
};
void figure_put_legend(struct buf *b, const struct figure_key *keys, size_t count);
