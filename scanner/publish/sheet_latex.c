#include "scanner/publish/medium.h"
#include "scanner/publish/sheet_writers.h"

static void put_plain(struct buf *b, void (*put)(struct buf *, const struct share *),
                      const struct share *s)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    put(&text, s);
    latex_put(b, buf_span(&text));
    buf_deinit(&text);
}

static void put_percent_of(struct buf *b, const struct share *s)
{
    percent_put(b, s->numerator, s->denominator);
}

static void put_counts_of(struct buf *b, const struct share *s)
{
    number_put(b, s->numerator);
    buf_put_char(b, '/');
    number_put(b, s->denominator);
    if (s->untested > 0) {
        buf_put_text(b, ", ");
        number_put(b, s->untested);
        buf_put_text(b, " untested");
    }
}

static void put_share_latex(struct buf *b, const struct share *s, bool sample)
{
    put_plain(b, put_percent_of, s);
    if (sample && s->denominator > 0) {
        buf_put_text(b, " [");
        put_plain(b, interval_put, s);
        buf_put_char(b, ']');
    }
    buf_put_text(b, " (");
    put_plain(b, put_counts_of, s);
    buf_put_char(b, ')');
}

static void put_cell_latex(struct buf *b, enum sheet_kind kind, const struct sheet_cell *cell,
                           bool sample)
{
    if (cell->absent) {
        buf_put_text(b, "{-}");
        return;
    }
    switch (kind) {
    case SHEET_TEXT:
        latex_put(b, cell->text);
        break;
    case SHEET_NAME:
        latex_put_name(b, cell->text);
        break;
    case SHEET_COUNT: {
        struct buf number = BUF_INIT(BUF_NO_LIMIT);
        number_put(&number, cell->count);
        latex_put(b, buf_span(&number));
        buf_deinit(&number);
        break;
    }
    case SHEET_SHARE:
        put_share_latex(b, &cell->share, sample);
        break;
    }
}

/* Columns share the width of the text by what they hold, so that the table fits whatever others wrote. */
static double weight_of_column(enum sheet_kind kind)
{
    switch (kind) {
    case SHEET_TEXT:
    case SHEET_NAME:
        return 2;
    case SHEET_SHARE:
        return 1.5;
    case SHEET_COUNT:
        break;
    }
    return 1;
}

static void put_columns_latex(struct buf *b, const struct sheet *t)
{
    double whole = 0;
    for (size_t c = 0; c < t->column_count; c++) {
        whole += weight_of_column(t->columns[c].kind);
    }
    for (size_t c = 0; c < t->column_count; c++) {
        enum sheet_kind kind = t->columns[c].kind;
        bool text = kind == SHEET_TEXT || kind == SHEET_NAME;
        buf_putf(b, ">{\\%s\\arraybackslash}p{\\dimexpr%.3f\\linewidth-2\\tabcolsep\\relax}",
                 text ? "raggedright" : "raggedleft", weight_of_column(kind) / whole);
    }
}

static void put_head_latex(struct buf *b, const struct sheet *t)
{
    buf_put_text(b, "\\toprule\n");
    for (size_t c = 0; c < t->column_count; c++) {
        buf_put_text(b, c > 0 ? " & " : "");
        latex_put(b, span_of(t->columns[c].title));
    }
    buf_put_text(b, " \\\\\n\\midrule\n");
}

void sheet_put_latex(struct buf *b, const struct sheet *t, const struct sheet_look *look)
{
    buf_putf(b, "%% Table %s of mxcensus; the document needs the preamble in docs/report.md.\n",
             t->id);
    if (t->missing != NULL) {
        buf_put_text(b, "\\textit{");
        latex_put(b, span_of(t->title));
        buf_put_text(b, "}: not in this scan. ");
        latex_put(b, span_of(t->missing));
        buf_put_text(b, "\n\n");
        return;
    }
    buf_put_text(b, "\\begin{longtable}{");
    put_columns_latex(b, t);
    buf_put_text(b, "}\n\\caption[");
    latex_put(b, span_of(t->title));
    buf_put_text(b, "]{");
    latex_put(b, span_of(t->title));
    buf_put_text(b, ". ");
    latex_put(b, span_of(t->definition));
    buf_putf(b, "}\\label{tab:mxcensus-%s}\\\\\n", t->id);
    put_head_latex(b, t);
    buf_put_text(b, "\\endfirsthead\n");
    put_head_latex(b, t);
    buf_put_text(b, "\\endhead\n\\bottomrule\n\\endlastfoot\n");
    for (size_t r = 0; r < sheet_rows(t); r++) {
        for (size_t c = 0; c < t->column_count; c++) {
            buf_put_text(b, c > 0 ? " & " : "");
            put_cell_latex(b, t->columns[c].kind, sheet_cell_at(t, r, c), look->sample);
        }
        buf_put_text(b, " \\\\\n");
    }
    if (sheet_rows(t) == 0) {
        buf_put_text(b, "None. \\\\\n");
    }
    buf_put_text(b, "\\end{longtable}\n\n");
}
