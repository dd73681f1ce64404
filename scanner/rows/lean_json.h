#pragma once

/** Values of rows as JSON, by the columns that they have in the definitions of tables. */

#include <jansson.h>

#include "output/tables.h"

const char *lean_column_name(const struct definition *d, unsigned column);
const char *lean_table_column(enum table_id t, unsigned column);
const char *lean_object_column(enum nested_id n, unsigned column);

/** NULL: null or absent. */
json_t *lean_member(const json_t *object, const char *name);
/** "": no text. */
const char *lean_text(const json_t *object, const char *name);

/** Takes the value; nothing where the column has one, or `value` is NULL. */
void lean_fill(json_t *object, const char *name, json_t *value);
void lean_fill_from(json_t *object, const char *name, const json_t *from, const char *its_name);
void lean_fill_text(json_t *object, const char *name, const char *text);
