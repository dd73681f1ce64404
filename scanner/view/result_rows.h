#pragma once

/**
 * The rows of one run, as written to a stream (one JSON object a line, with its table in "type"),
 * by table and key.
 */

#include <jansson.h>

#include "output/tables.h"

struct result_row {
    json_t *value;
    struct span line; /* as written, without LF; borrowed from the text that was read */
    const char *key;  /* borrowed from `value`; "" in domains */
};

struct result_table {
    struct result_row *row; /* by key; domains by input_line */
    size_t count;
};

struct result_rows {
    struct result_table table[TABLE_COUNT];
};

/** @param text borrowed for the life of the rows. @return false, with nothing kept, when a line is
 * no row of ours. */
bool result_rows_read(struct result_rows *rows, struct span text);
void result_rows_deinit(struct result_rows *rows);
/** NULL when there is none; `key` may be NULL. */
const struct result_row *result_rows_find(const struct result_rows *rows, enum table_id table,
                                          const char *key);

/* Values of a row. `object` may be NULL or null, and so may what is asked for. */

/** NULL when it is no string. */
const char *value_text(const json_t *object, const char *key);
/** `otherwise` when it is no number. */
int64_t value_int(const json_t *object, const char *key, int64_t otherwise);
bool value_is_true(const json_t *object, const char *key);
bool value_is_false(const json_t *object, const char *key);
/** NULL when it is absent or null. */
const json_t *value_object(const json_t *object, const char *key);
