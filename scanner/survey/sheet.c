#include "scanner/survey/sheet.h"

#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"

void sheets_init(struct sheets *s)
{
    *s = (struct sheets){0};
    s->arena = ARENA_INIT(&s->pool);
}

void sheets_deinit(struct sheets *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->list[i].cells);
    }
    arena_reset(&s->arena);
    arena_pool_deinit(&s->pool);
}

const struct sheet *sheets_find(const struct sheets *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->list[i].id, id) == 0) {
            return &s->list[i];
        }
    }
    return NULL;
}

struct sheet *sheet_new(struct sheets *s, const char *id, const char *title, const char *definition)
{
    CHECK(s->count < SHEETS_MAX);
    struct sheet *t = &s->list[s->count++];
    *t = (struct sheet){.arena = &s->arena, .id = id, .title = title, .definition = definition};
    return t;
}

void sheet_column(struct sheet *t, enum sheet_kind kind, const char *name, const char *title)
{
    CHECK(t->column_count < SHEET_COLUMNS_MAX && t->cell_count == 0);
    t->columns[t->column_count++] =
        (struct sheet_column){.kind = kind, .name = name, .title = title};
}

static struct sheet_cell *next_cell(struct sheet *t)
{
    t->cells = memory_grow_list(t->cells, t->cell_count, sizeof(*t->cells));
    struct sheet_cell *cell = &t->cells[t->cell_count++];
    *cell = (struct sheet_cell){0};
    return cell;
}

static enum sheet_kind kind_of_last(const struct sheet *t)
{
    return t->columns[(t->cell_count - 1) % t->column_count].kind;
}

void sheet_text(struct sheet *t, const char *text)
{
    struct sheet_cell *cell = next_cell(t);
    CHECK(kind_of_last(t) == SHEET_TEXT || kind_of_last(t) == SHEET_NAME);
    cell->absent = text == NULL;
    cell->text = arena_copy(t->arena, span_of(text));
}

void sheet_span(struct sheet *t, struct span text)
{
    struct sheet_cell *cell = next_cell(t);
    CHECK(kind_of_last(t) == SHEET_TEXT || kind_of_last(t) == SHEET_NAME);
    cell->absent = text.len == 0;
    cell->text = arena_copy(t->arena, text);
}

void sheet_count(struct sheet *t, uint64_t n)
{
    struct sheet_cell *cell = next_cell(t);
    CHECK(kind_of_last(t) == SHEET_COUNT);
    cell->count = n;
}

void sheet_share(struct sheet *t, struct share share)
{
    struct sheet_cell *cell = next_cell(t);
    CHECK(kind_of_last(t) == SHEET_SHARE);
    cell->share = share;
}

void sheet_none(struct sheet *t)
{
    next_cell(t)->absent = true;
}

size_t sheet_rows(const struct sheet *t)
{
    CHECK(t->column_count > 0 && t->cell_count % t->column_count == 0);
    return t->cell_count / t->column_count;
}

const struct sheet_cell *sheet_cell_at(const struct sheet *t, size_t row, size_t column)
{
    CHECK(row < sheet_rows(t) && column < t->column_count);
    return &t->cells[row * t->column_count + column];
}
