#pragma once

/**
 * Text for a person: paragraphs that wrap at the width of the terminal, with colour if wanted.
 *
 *     paper_begin(&p, "- ", "  ");
 *     paper_put(&p, INK_RED, "error");
 *     paper_put(&p, INK_PLAIN, " the certificate has expired");
 *     paper_end(&p);
 *
 * What a server said never reaches the terminal as it is: controls, and what would change the
 * direction or the look of the text around it, are written as escapes. This holds for every text
 * that is put, so that nothing can be forgotten.
 */

#include "scanner/base/buf.h"

enum ink {
    INK_PLAIN,
    INK_STRONG,
    INK_FAINT,
    INK_GOOD,
    INK_NOTE,
    INK_WARNING,
    INK_ERROR,
};

#define PAPER_WIDTH_MIN 40 /* columns; a narrower terminal has to wrap by itself */
#define PAPER_WIDTH_MAX 120
#define PAPER_WIDTH     80 /* when nothing tells */

struct paper {
    struct buf *out; /* borrowed; without a limit */
    size_t width;    /* columns */
    bool color;
    /* the paragraph */
    const char *next_prefix; /* of its further lines; borrowed until paper_end() */
    size_t column;
    struct buf word; /* with its colours; not written yet */
    size_t word_columns;
    bool space_due; /* in front of the word */
    bool line_is_empty;
};

/** @param width clamped to the bounds above */
struct paper paper_on(struct buf *out, size_t width, bool color);
void paper_deinit(struct paper *p);

/** Begins a paragraph. The prefixes stand in front of its first line and of those that follow;
 * they are written as they are: only our own text. */
void paper_begin(struct paper *p, const char *prefix, const char *next_prefix);
/** Words end at spaces; runs of them count as one. */
void paper_put(struct paper *p, enum ink ink, const char *text);
void paper_putf(struct paper *p, enum ink ink, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Spaces up to a column, counted from 0; at least one. */
void paper_tab(struct paper *p, size_t column);
void paper_end(struct paper *p);

/** A whole paragraph of one ink without prefixes. */
void paper_say(struct paper *p, enum ink ink, const char *text);
void paper_blank(struct paper *p);

/** Columns of a text as paper_put() writes it: one for each character. */
size_t paper_columns(const char *text);

/** The width that the environment and the terminal on `fd` give, else PAPER_WIDTH. */
size_t paper_terminal_width(int fd);
