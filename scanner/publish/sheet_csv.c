#include "output/csv.h"
#include "scanner/publish/medium.h"
#include "scanner/publish/sheet_writers.h"

static void put_decimal(struct buf *b, double value)
{
    buf_putf(b, "%.6f", value);
}

static void put_share_csv(struct buf *b, const struct share *s, bool sample)
{
    buf_put_u64(b, s->numerator);
    buf_put_char(b, ',');
    buf_put_u64(b, s->denominator);
    buf_put_char(b, ',');
    buf_put_u64(b, s->untested);
    buf_put_char(b, ',');
    if (s->denominator > 0) {
        put_decimal(b, (double)s->numerator / (double)s->denominator);
    }
    if (sample && s->denominator == 0) { /* of nothing: not from 0 to 1 */
        buf_put_text(b, ",,");
    } else if (sample) {
        double low;
        double high;
        share_interval(s, &low, &high);
        buf_put_char(b, ',');
        put_decimal(b, low);
        buf_put_char(b, ',');
        put_decimal(b, high);
    }
}

static void put_cell_csv(struct buf *b, enum sheet_kind kind, const struct sheet_cell *cell,
                         bool sample)
{
    switch (kind) {
    case SHEET_TEXT:
    case SHEET_NAME:
        if (!cell->absent) {
            csv_put_cell(b, cell->text);
        }
        break;
    case SHEET_COUNT:
        if (!cell->absent) {
            buf_put_u64(b, cell->count);
        }
        break;
    case SHEET_SHARE:
        if (cell->absent) {
            buf_put_text(b, sample ? ",,,,," : ",,,");
        } else {
            put_share_csv(b, &cell->share, sample);
        }
        break;
    }
}

static void put_header_csv(struct buf *b, const struct sheet *t, bool sample)
{
    for (size_t c = 0; c < t->column_count; c++) {
        const char *name = t->columns[c].name;
        buf_put_text(b, c > 0 ? "," : "");
        if (t->columns[c].kind == SHEET_SHARE) {
            buf_putf(b, "%s_numerator,%s_denominator,%s_untested,%s_share", name, name, name, name);
            if (sample) {
                buf_putf(b, ",%s_low,%s_high", name, name);
            }
        } else {
            buf_put_text(b, name);
        }
    }
    buf_put_text(b, CSV_LINE_END);
}

void sheet_put_csv(struct buf *b, const struct sheet *t, const struct sheet_look *look)
{
    put_header_csv(b, t, look->sample);
    for (size_t r = 0; r < sheet_rows(t); r++) {
        for (size_t c = 0; c < t->column_count; c++) {
            buf_put_text(b, c > 0 ? "," : "");
            put_cell_csv(b, t->columns[c].kind, sheet_cell_at(t, r, c), look->sample);
        }
        buf_put_text(b, CSV_LINE_END);
    }
}

/* table,row,column,count,numerator,denominator,untested,share,low,high: the latter two of a sample */
static void put_long_line(struct buf *b, const struct sheet *t, size_t row, size_t column,
                          bool sample)
{
    const struct sheet_cell *cell = sheet_cell_at(t, row, column);
    const struct sheet_cell *head = sheet_cell_at(t, row, 0);
    buf_putf(b, "%s,", t->id);
    put_cell_csv(b, t->columns[0].kind, head, false);
    buf_putf(b, ",%s,", t->columns[column].name);
    if (t->columns[column].kind == SHEET_COUNT) {
        buf_put_u64(b, cell->count);
        buf_put_text(b, ",,,,,,");
    } else {
        buf_put_char(b, ',');
        put_share_csv(b, &cell->share, sample);
        buf_put_text(b, sample ? "" : ",,");
    }
    buf_put_text(b, CSV_LINE_END);
}

void sheets_put_long_csv(struct buf *b, const struct sheets *sheets, const struct sheet_look *look)
{
    buf_put_text(
        b, "table,row,column,count,numerator,denominator,untested,share,low,high" CSV_LINE_END);
    for (size_t i = 0; i < sheets->count; i++) {
        const struct sheet *t = &sheets->list[i];
        for (size_t r = 0; r < sheet_rows(t); r++) {
            for (size_t c = 1; c < t->column_count; c++) {
                enum sheet_kind kind = t->columns[c].kind;
                if (!sheet_cell_at(t, r, c)->absent &&
                    (kind == SHEET_COUNT || kind == SHEET_SHARE)) {
                    put_long_line(b, t, r, c, look->sample);
                }
            }
        }
    }
}

void sheets_put_definitions(struct buf *b, const struct sheets *sheets, const char *suffix)
{
    buf_put_text(b, "table,file,title,definition,missing" CSV_LINE_END);
    for (size_t i = 0; i < sheets->count; i++) {
        const struct sheet *t = &sheets->list[i];
        buf_putf(b, "%s,", t->id);
        if (t->missing == NULL) {
            buf_putf(b, "%s%s", t->id, suffix);
        }
        buf_put_char(b, ',');
        csv_put_cell(b, span_of(t->title));
        buf_put_char(b, ',');
        csv_put_cell(b, span_of(t->definition));
        buf_put_char(b, ',');
        if (t->missing != NULL) {
            csv_put_cell(b, span_of(t->missing));
        }
        buf_put_text(b, CSV_LINE_END);
    }
}
