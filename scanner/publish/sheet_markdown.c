#include "scanner/publish/medium.h"
#include "scanner/publish/sheet_writers.h"

static void put_share_markdown(struct buf *b, const struct share *s, bool sample)
{
    percent_put(b, s->numerator, s->denominator);
    buf_put_text(b, " (");
    number_put(b, s->numerator);
    buf_put_text(b, " of ");
    number_put(b, s->denominator);
    if (sample && s->denominator > 0) {
        buf_put_text(b, "; 95 %: ");
        interval_put(b, s);
    }
    if (s->untested > 0) {
        buf_put_text(b, "; ");
        number_put(b, s->untested);
        buf_put_text(b, " untested");
    }
    buf_put_char(b, ')');
}

static void put_cell_markdown(struct buf *b, enum sheet_kind kind, const struct sheet_cell *cell,
                              bool sample)
{
    if (cell->absent) {
        buf_put_char(b, '-');
        return;
    }
    switch (kind) {
    case SHEET_TEXT:
        markdown_put(b, cell->text);
        break;
    case SHEET_NAME:
        markdown_put_code(b, cell->text.len > 0 ? cell->text : SPAN_LIT("(empty)"));
        break;
    case SHEET_COUNT:
        number_put(b, cell->count);
        break;
    case SHEET_SHARE:
        put_share_markdown(b, &cell->share, sample);
        break;
    }
}

static void put_head_markdown(struct buf *b, const struct sheet *t)
{
    buf_put_char(b, '|');
    for (size_t c = 0; c < t->column_count; c++) {
        buf_put_char(b, ' ');
        markdown_put(b, span_of(t->columns[c].title));
        buf_put_text(b, " |");
    }
    buf_put_text(b, "\n|");
    for (size_t c = 0; c < t->column_count; c++) {
        bool text = t->columns[c].kind == SHEET_TEXT || t->columns[c].kind == SHEET_NAME;
        buf_put_text(b, text ? " --- |" : " ---: |");
    }
    buf_put_char(b, '\n');
}

void sheet_put_markdown(struct buf *b, const struct sheet *t, const struct sheet_look *look)
{
    size_t all = sheet_rows(t);
    size_t rows = look->rows_max > 0 && all > look->rows_max ? look->rows_max : all;
    for (unsigned i = 0; i < look->head_level; i++) {
        buf_put_char(b, '#');
    }
    buf_putf(b, " %s: ", t->id);
    markdown_put(b, span_of(t->title));
    buf_put_text(b, "\n\n");
    markdown_put(b, span_of(t->definition));
    buf_put_text(b, "\n\n");
    if (t->missing != NULL) {
        buf_put_text(b, "Not in this scan: ");
        markdown_put(b, span_of(t->missing));
        buf_put_text(b, "\n\n");
        return;
    }
    put_head_markdown(b, t);
    for (size_t r = 0; r < rows; r++) {
        buf_put_char(b, '|');
        for (size_t c = 0; c < t->column_count; c++) {
            buf_put_char(b, ' ');
            put_cell_markdown(b, t->columns[c].kind, sheet_cell_at(t, r, c), look->sample);
            buf_put_text(b, " |");
        }
        buf_put_char(b, '\n');
    }
    buf_put_char(b, '\n');
    if (rows < all) {
        number_put(b, all - rows);
        buf_put_text(b, " more in the table of --tables.\n\n");
    }
}
