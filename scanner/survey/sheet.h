#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/buf.h"
#include "scanner/survey/share.h"

/**
 * A table of a report, whatever it is shown in: columns, rows, and the definition of what is counted. Made once, then
 * written as HTML, Markdown, CSV or LaTeX (publish/).
 *
 *     struct sheet *t = sheet_new(sheets, "T1", "Domains by top-level domain", "Domains with MX records ...");
 *     sheet_column(t, SHEET_TEXT, "tld", "TLD");
 *     sheet_column(t, SHEET_SHARE, "mta_sts", "MTA-STS");
 *     sheet_text(t, name); sheet_share(t, share);       cell by cell, row by row
 */
enum sheet_kind {
    SHEET_TEXT, /* our own words */
    SHEET_NAME, /* what others wrote: shown as it is, never obeyed */
    SHEET_COUNT,
    SHEET_SHARE,
};

struct sheet_column {
    enum sheet_kind kind;
    const char *name;  /* in files: a word */
    const char *title; /* for people */
};

struct sheet_cell {
    bool absent; /* there is no such number */
    struct span text;
    uint64_t count;
    struct share share;
};

#define SHEET_COLUMNS_MAX 24

struct sheet {
    struct arena *arena;
    const char *id; /* "T1", or a word: names its file */
    const char *title;
    const char *definition; /* what is counted: numerator, denominator, weighting */
    const char *missing;    /* why this scan cannot give it; NULL: it does */
    struct sheet_column columns[SHEET_COLUMNS_MAX];
    size_t column_count;
    struct sheet_cell *cells; /* row by row; malloc */
    size_t cell_count;
};

#define SHEETS_MAX 64

struct sheets {
    struct arena_pool pool;
    struct arena arena;
    struct sheet list[SHEETS_MAX];
    size_t count;
};

void sheets_init(struct sheets *s);
void sheets_deinit(struct sheets *s);
/** NULL: there is none. */
const struct sheet *sheets_find(const struct sheets *s, const char *id);

/** Borrowed texts live as long as the sheets. */
struct sheet *sheet_new(struct sheets *s, const char *id, const char *title,
                        const char *definition);
void sheet_column(struct sheet *t, enum sheet_kind kind, const char *name, const char *title);
void sheet_text(struct sheet *t, const char *text); /* of both kinds; copied; NULL: absent */
/** The same, of an empty one absent. */
void sheet_span(struct sheet *t, struct span text);
void sheet_count(struct sheet *t, uint64_t n);
void sheet_share(struct sheet *t, struct share share);
static inline void sheet_part(struct sheet *t, uint64_t numerator, uint64_t denominator)
{
    sheet_share(t, (struct share){.numerator = numerator, .denominator = denominator});
}
void sheet_none(struct sheet *t); /* a cell of whichever kind, without a value */
size_t sheet_rows(const struct sheet *t);
const struct sheet_cell *sheet_cell_at(const struct sheet *t, size_t row, size_t column);
