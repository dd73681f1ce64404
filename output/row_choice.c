#include "output/row_choice.h"

#include "output/csv.h"
#include "output/row.h"
#include "output/row_shape.h"
#include "scanner/base/check.h"

void row_choice_take_all(struct row_choice *c)
{
    const struct definition *d = table_definition(c->table);
    CHECK(d->column_count <= ROW_CHOICE_MAX);
    c->count = 0;
    for (size_t i = 0; i < d->column_count; i++) {
        c->column[c->count] = (uint16_t)i;
        c->count += column_is_lean_only(&d->columns[i]) ? 0 : 1;
    }
}

bool row_choice_take(struct row_choice *c, struct span name)
{
    const struct definition *d = table_definition(c->table);
    size_t column = definition_find_column(d, name);
    bool fresh = column < d->column_count && !column_is_lean_only(&d->columns[column]);
    for (size_t i = 0; i < c->count; i++) {
        fresh = fresh && c->column[i] != column;
    }
    if (fresh) {
        CHECK(c->count < ROW_CHOICE_MAX);
        c->column[c->count++] = (uint16_t)column;
    }
    return fresh;
}

void row_choice_put_header(const struct row_choice *c, struct buf *out)
{
    const struct definition *d = table_definition(c->table);
    for (size_t i = 0; c->line == ROW_LINE_CSV && i < c->count; i++) {
        row_put_csv_name(&d->columns[c->column[i]], i == 0, out);
    }
    buf_put_text(out, c->line == ROW_LINE_CSV ? CSV_LINE_END : "");
}
