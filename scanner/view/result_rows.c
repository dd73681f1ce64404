#include "scanner/view/result_rows.h"

#include <stdlib.h>

#include "scanner/base/memory.h"

static const char *key_column(enum table_id table)
{
    switch ((int)table) {
    case TABLE_HOSTS:
        return "host";
    case TABLE_SERVICES:
        return "service";
    case TABLE_ENDPOINTS:
        return "endpoint";
    case TABLE_CHAINS:
    case TABLE_COMPLETIONS:
        return "chain_id";
    case TABLE_CERTIFICATES:
        return "fingerprint_sha256";
    case TABLE_POLICIES:
        return "policy_host";
    case TABLE_ISSUERS:
        return "url";
    case TABLE_POLICY_BODIES:
        return "policy_sha256";
    default:
        return NULL;
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct result_row *x = a;
    const struct result_row *y = b;
    return strcmp(x->key, y->key);
}

static int compare_lines(const void *a, const void *b)
{
    int64_t x = value_int(((const struct result_row *)a)->value, "input_line", 0);
    int64_t y = value_int(((const struct result_row *)b)->value, "input_line", 0);
    return (x > y) - (x < y);
}

static bool add_line(struct result_rows *rows, struct span line)
{
    enum table_id table;
    json_t *value = json_loadb((const char *)line.at, line.len, 0, NULL);
    const char *type = value_text(value, "type");
    const char *key = NULL;
    if (type != NULL && table_find(span_of(type), &table)) {
        const char *column = key_column(table);
        key = column != NULL ? value_text(value, column) : "";
    }
    if (key == NULL) {
        json_decref(value);
        return false;
    }
    struct result_table *t = &rows->table[table];
    t->row = memory_grow_list(t->row, t->count, sizeof(*t->row));
    t->row[t->count++] = (struct result_row){.value = value, .line = line, .key = key};
    return true;
}

bool result_rows_read(struct result_rows *rows, struct span text)
{
    *rows = (struct result_rows){0};
    while (text.len > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.at) : text.len;
        if (!add_line(rows, span_take(text, len))) {
            result_rows_deinit(rows);
            return false;
        }
        text = span_drop(text, end != NULL ? len + 1 : len);
    }
    for (int t = 0; t < TABLE_COUNT; t++) {
        struct result_table *table = &rows->table[t];
        if (table->count > 0) {
            qsort(table->row, table->count, sizeof(*table->row),
                  t == TABLE_DOMAINS ? compare_lines : compare_keys);
        }
    }
    return true;
}

void result_rows_deinit(struct result_rows *rows)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        for (size_t i = 0; i < rows->table[t].count; i++) {
            json_decref(rows->table[t].row[i].value);
        }
        free(rows->table[t].row);
    }
    *rows = (struct result_rows){0};
}

const struct result_row *result_rows_find(const struct result_rows *rows, enum table_id table,
                                          const char *key)
{
    const struct result_table *t = &rows->table[table];
    if (key == NULL || t->count == 0) {
        return NULL;
    }
    const struct result_row wanted = {.key = key};
    return bsearch(&wanted, t->row, t->count, sizeof(*t->row), compare_keys);
}

const char *value_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t value_int(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

bool value_is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

bool value_is_false(const json_t *object, const char *key)
{
    return json_is_false(json_object_get(object, key));
}

const json_t *value_object(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}
