#pragma once

/** The columns of a definition as other programs see them: companions are columns of their own. Only schema*.c include it. */

#include "output/tables.h"

#define SCHEMA_NAME_MAX   64  /* octets of a name with its NUL; checked */
#define SCHEMA_FIELDS_MAX 128 /* of one definition; checked */

struct schema_field {
    char name[SCHEMA_NAME_MAX];
    enum column_type type;
    bool nullable; /* in a row that has it */
    bool optional; /* rows may be without it: a table has null then */
    bool key;
    bool items_nullable;   /* of a list */
    enum nested_id nested; /* of OBJECT and OBJECT_LIST */
    struct buf meaning;
};

struct schema_fields {
    struct schema_field field[SCHEMA_FIELDS_MAX];
    size_t count;
};

/** To be given back with schema_fields_free(). */
struct schema_fields *schema_fields_of(const struct definition *d);
void schema_fields_free(struct schema_fields *f);

static inline bool schema_field_is_nested(const struct schema_field *f)
{
    return f->type == COLUMN_TYPE_OBJECT || f->type == COLUMN_TYPE_OBJECT_LIST;
}
