#include "scanner/rows/lean_json.h"

#include <string.h>

const char *lean_column_name(const struct definition *d, unsigned column)
{
    return d->columns[column].name;
}

const char *lean_table_column(enum table_id t, unsigned column)
{
    return lean_column_name(table_definition(t), column);
}

const char *lean_object_column(enum nested_id n, unsigned column)
{
    return lean_column_name(nested_definition(n), column);
}

json_t *lean_member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

const char *lean_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

void lean_fill(json_t *object, const char *name, json_t *value)
{
    if (value != NULL && lean_member(object, name) == NULL) {
        (void)json_object_set_new(object, name, value);
    } else {
        json_decref(value);
    }
}

void lean_fill_from(json_t *object, const char *name, const json_t *from, const char *its_name)
{
    lean_fill(object, name, json_incref(lean_member(from, its_name)));
}

void lean_fill_text(json_t *object, const char *name, const char *text)
{
    lean_fill(object, name, json_string(text));
}
