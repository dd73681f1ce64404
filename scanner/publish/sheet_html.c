#include "scanner/publish/medium.h"
#include "scanner/publish/sheet_writers.h"

static void put_share_html(struct buf *b, const struct share *s, bool sample)
{
    buf_put_text(b, "<td class=\"share\"><b>");
    percent_put(b, s->numerator, s->denominator);
    buf_put_text(b, "</b> <span>");
    number_put(b, s->numerator);
    buf_put_text(b, " of ");
    number_put(b, s->denominator);
    buf_put_text(b, "</span>");
    if (sample && s->denominator > 0) {
        buf_put_text(b, "<span>95 %: ");
        interval_put(b, s);
        buf_put_text(b, "</span>");
    }
    if (s->untested > 0) {
        buf_put_text(b, "<span>");
        number_put(b, s->untested);
        buf_put_text(b, " untested</span>");
    }
    buf_put_text(b, "</td>");
}

static void put_cell_html(struct buf *b, const struct sheet *t, size_t row, size_t column,
                          bool sample)
{
    const struct sheet_cell *cell = sheet_cell_at(t, row, column);
    bool name = t->columns[column].kind == SHEET_NAME;
    if (cell->absent) {
        buf_put_text(b, column == 0 ? "<th scope=\"row\">-</th>" : "<td>-</td>");
        return;
    }
    switch (t->columns[column].kind) {
    case SHEET_TEXT:
    case SHEET_NAME:
        buf_put_text(b, column == 0 ? "<th scope=\"row\"" : "<td");
        buf_put_text(b, name ? " class=\"name\">" : ">");
        html_put(b, cell->text.len > 0 ? cell->text : SPAN_LIT("(empty)"));
        buf_put_text(b, column == 0 ? "</th>" : "</td>");
        break;
    case SHEET_COUNT:
        buf_put_text(b,
                     column == 0 ? "<th scope=\"row\" class=\"count\">" : "<td class=\"count\">");
        number_put(b, cell->count);
        buf_put_text(b, column == 0 ? "</th>" : "</td>");
        break;
    case SHEET_SHARE:
        put_share_html(b, &cell->share, sample);
        break;
    }
}

static void put_head_html(struct buf *b, const struct sheet *t)
{
    buf_put_text(b, "<thead><tr>");
    for (size_t c = 0; c < t->column_count; c++) {
        bool text = t->columns[c].kind == SHEET_TEXT || t->columns[c].kind == SHEET_NAME;
        buf_put_text(b, text ? "<th scope=\"col\">" : "<th scope=\"col\" class=\"number\">");
        html_put_string(b, t->columns[c].title);
        buf_put_text(b, "</th>");
    }
    buf_put_text(b, "</tr></thead>\n");
}

static void put_body_html(struct buf *b, const struct sheet *t, size_t rows, bool sample)
{
    buf_put_text(b, "<tbody>\n");
    for (size_t r = 0; r < rows; r++) {
        buf_put_text(b, "<tr>");
        for (size_t c = 0; c < t->column_count; c++) {
            put_cell_html(b, t, r, c, sample);
        }
        buf_put_text(b, "</tr>\n");
    }
    buf_put_text(b, "</tbody>\n");
}

void sheet_put_html(struct buf *b, const struct sheet *t, const struct sheet_look *look)
{
    size_t all = sheet_rows(t);
    size_t rows = look->rows_max > 0 && all > look->rows_max ? look->rows_max : all;
    buf_putf(b, "<section class=\"sheet\" id=\"%s\">\n<h%u>", t->id, look->head_level);
    html_put_string(b, t->title);
    buf_putf(b, "</h%u>\n", look->head_level);
    if (t->missing != NULL) {
        buf_put_text(b, "<p class=\"missing\">");
        html_put_string(b, t->missing);
        buf_put_text(b, "</p>\n</section>\n");
        return;
    }
    if (all == 0) {
        buf_put_text(b, "<p class=\"missing\">None.</p>\n");
    } else {
        buf_put_text(b, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
        html_put_string(b, t->title);
        buf_put_text(b, "\"><table>\n");
        put_head_html(b, t);
        put_body_html(b, t, rows, look->sample);
        buf_put_text(b, "</table></div>\n");
    }
    if (rows < all) {
        buf_put_text(b, "<p class=\"more\">");
        number_put(b, all - rows);
        buf_putf(b, " more in table %s of --tables.</p>\n", t->id);
    }
    buf_put_text(b, "<details><summary>What is counted");
    buf_putf(b, " (%s)</summary><p>", t->id);
    html_put_string(b, t->definition);
    buf_put_text(b, "</p></details>\n</section>\n");
}
