#pragma once

#include "scanner/survey/sheet.h"

/** A sheet as a table of each kind. Where it is missing, its reason stands instead of rows. */

struct sheet_look {
    bool sample;         /* shares with their 95 % intervals */
    size_t rows_max;     /* 0: all */
    unsigned head_level; /* of the title, HTML and Markdown */
};

/** Title, definition and table in a section; with `rows_max` it says how many are left out. */
void sheet_put_html(struct buf *b, const struct sheet *t, const struct sheet_look *look);
void sheet_put_markdown(struct buf *b, const struct sheet *t, const struct sheet_look *look);
/** A longtable, as wide as the text, for a document with SHEET_LATEX_PREAMBLE (docs/report.md has it, too). */
#define SHEET_LATEX_PREAMBLE                                                       \
    "\\usepackage[T1]{fontenc}\n"                                                  \
    "\\usepackage{textcomp,array,longtable}\n"                                     \
    "\\usepackage[landscape,margin=15mm]{geometry}\n"                              \
    "\\IfFileExists{booktabs.sty}{\\usepackage{booktabs}}{\\let\\toprule\\hline\n" \
    "  \\let\\midrule\\hline \\let\\bottomrule\\hline}\n"                          \
    "\\setlength{\\tabcolsep}{3pt}\n"
void sheet_put_latex(struct buf *b, const struct sheet *t, const struct sheet_look *look);
/** With a header line; a share is several columns. */
void sheet_put_csv(struct buf *b, const struct sheet *t, const struct sheet_look *look);

/** All of them in one CSV, a line for each number. */
void sheets_put_long_csv(struct buf *b, const struct sheets *sheets, const struct sheet_look *look);
/** What is counted in each, and why one is missing. */
void sheets_put_definitions(struct buf *b, const struct sheets *sheets, const char *suffix);
