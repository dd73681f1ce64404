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
    buf_put_text(b, " {\\footnotesize (");
    put_plain(b, put_counts_of, s);
    buf_put_text(b, ")}");
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
        buf_put_text(b, "\\texttt{");
        latex_put(b, cell->text);
        buf_put_char(b, '}');
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

void sheet_put_latex(struct buf *b, const struct sheet *t, const struct sheet_look *look)
{
    buf_putf(b,
             "%% Table %s. Needs \\usepackage{booktabs,textcomp} and \\usepackage[T1]{fontenc}.\n",
             t->id);
    if (t->missing != NULL) {
        buf_put_text(b, "\\textit{");
        latex_put(b, span_of(t->title));
        buf_put_text(b, "}: not in this scan. ");
        latex_put(b, span_of(t->missing));
        buf_put_text(b, "\n\n");
        return;
    }
    buf_put_text(b, "\\begin{table}\n\\centering\n\\caption{");
    latex_put(b, span_of(t->title));
    buf_put_text(b, ". ");
    latex_put(b, span_of(t->definition));
    buf_putf(b, "}\n\\label{tab:mxcensus-%s}\n\\begin{tabular}{", t->id);
    for (size_t c = 0; c < t->column_count; c++) {
        bool text = t->columns[c].kind == SHEET_TEXT || t->columns[c].kind == SHEET_NAME;
        buf_put_char(b, text ? 'l' : 'r');
    }
    buf_put_text(b, "}\n\\toprule\n");
    for (size_t c = 0; c < t->column_count; c++) {
        buf_put_text(b, c > 0 ? " & " : "");
        latex_put(b, span_of(t->columns[c].title));
    }
    buf_put_text(b, " \\\\\n\\midrule\n");
    for (size_t r = 0; r < sheet_rows(t); r++) {
        for (size_t c = 0; c < t->column_count; c++) {
            buf_put_text(b, c > 0 ? " & " : "");
            put_cell_latex(b, t->columns[c].kind, sheet_cell_at(t, r, c), look->sample);
        }
        buf_put_text(b, " \\\\\n");
    }
    buf_put_text(b, "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n");
}
