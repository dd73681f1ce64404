#include "output/schema_fields.h"

#include <stdio.h>
#include <stdlib.h>

#include "output/row_shape.h"
#include "scanner/base/check.h"
#include "scanner/base/memory.h"

static struct schema_field *schema_add_field(struct schema_fields *f, const char *name,
                                             const char *tail)
{
    CHECK(f->count < SCHEMA_FIELDS_MAX);
    struct schema_field *field = &f->field[f->count++];
    int len = snprintf(field->name, sizeof(field->name), "%s%s", name, tail);
    CHECK(len > 0 && (size_t)len < sizeof(field->name));
    field->meaning = BUF_INIT(BUF_NO_LIMIT);
    return field;
}

struct schema_fields *schema_fields_of(const struct definition *d)
{
    struct schema_fields *f = memory_new(1, sizeof(*f));
    for (size_t i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        struct schema_field *field = schema_add_field(f, c->name, "");
        field->type = c->type;
        field->nullable = c->presence == COLUMN_PRESENCE_NULLABLE;
        field->optional = !column_is_in_every_row(d, i);
        field->key = c->presence == COLUMN_PRESENCE_KEY;
        field->nested = c->nested;
        buf_putf(&field->meaning, "%s (%s)", c->meaning, c->source);
        if (column_has_companion(c)) {
            bool list = c->type == COLUMN_TYPE_FOREIGN_LIST;
            field = schema_add_field(f, c->name, "_base64");
            field->type = list ? COLUMN_TYPE_TEXT_LIST : COLUMN_TYPE_BASE64;
            field->nullable = true;
            field->optional = true;
            field->items_nullable = list;
            buf_putf(&field->meaning,
                     list ? "exact octets of those of %s that had to be changed, null for others; "
                            "null: of none"
                          : "exact octets of %s, where they had to be changed",
                     c->name);
        }
    }
    return f;
}

void schema_fields_free(struct schema_fields *f)
{
    for (size_t i = 0; i < f->count; i++) {
        buf_deinit(&f->field[i].meaning);
    }
    free(f);
}
