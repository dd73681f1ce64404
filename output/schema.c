#include "output/schema.h"

#include "output/json_writer.h"
#include "output/schema_fields.h"
#include "scanner/base/check.h"

const struct vocabulary schema_format_vocabulary = VOCABULARY_WORDS(SCHEMA_FORMATS);

static void put_text_of(struct json_writer *w, const char *key, struct span text)
{
    json_key(w, key);
    (void)json_text(w, text);
}

/* --- JSON Schema ------------------------------------------------------------------------------ */

#define JSON_SCHEMA_DRAFT "https://json-schema.org/draft/2020-12/schema"

static const char *json_type(enum column_type t)
{
    switch (t) {
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_FOREIGN:
    case COLUMN_TYPE_TIME_MS:
    case COLUMN_TYPE_TIME_S:
    case COLUMN_TYPE_HEX:
    case COLUMN_TYPE_BASE64:
        return "string";
    case COLUMN_TYPE_UINT:
    case COLUMN_TYPE_INT:
        return "integer";
    case COLUMN_TYPE_BOOL:
        return "boolean";
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
    case COLUMN_TYPE_OBJECT_LIST:
        return "array";
    case COLUMN_TYPE_JSON:
    case COLUMN_TYPE_OBJECT:
        return "object";
    }
    UNREACHABLE("unknown column_type");
}

static void put_json_types(struct json_writer *w, const char *type, bool nullable)
{
    json_key(w, "type");
    if (nullable) {
        json_array_begin(w);
        json_word(w, type);
        json_word(w, "null");
        json_array_end(w);
    } else {
        json_word(w, type);
    }
}

static void put_json_ref(struct json_writer *w, enum nested_id n)
{
    struct buf ref = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&ref, "#/$defs/object_%s", nested_definition(n)->name);
    put_text_of(w, "$ref", buf_span(&ref));
    buf_deinit(&ref);
}

#define PATTERN_DATE "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
#define PATTERN_HEX  "^([0-9a-f]{2})*$"

static void put_json_bounds(struct json_writer *w, enum column_type t)
{
    if (t == COLUMN_TYPE_UINT) {
        json_key(w, "minimum");
        json_uint(w, 0);
        json_key(w, "maximum");
        json_uint(w, ROW_UINT_MAX);
    } else if (t == COLUMN_TYPE_TIME_MS) {
        put_text_of(w, "pattern", SPAN_LIT(PATTERN_DATE "\\.[0-9]{3}Z$"));
    } else if (t == COLUMN_TYPE_TIME_S) {
        put_text_of(w, "pattern", SPAN_LIT(PATTERN_DATE "Z$"));
    } else if (t == COLUMN_TYPE_HEX) {
        put_text_of(w, "pattern", SPAN_LIT(PATTERN_HEX));
    } else if (t == COLUMN_TYPE_BASE64) {
        put_text_of(w, "contentEncoding", SPAN_LIT("base64"));
        put_text_of(w, "pattern", SPAN_LIT("^[A-Za-z0-9+/]*={0,2}$"));
    }
}

static void put_json_items(struct json_writer *w, const struct schema_field *f)
{
    json_key(w, "items");
    json_object_begin(w);
    if (f->type == COLUMN_TYPE_OBJECT_LIST) {
        put_json_ref(w, f->nested);
    } else {
        put_json_types(w, "string", f->items_nullable);
        if (f->type == COLUMN_TYPE_HEX_LIST) {
            put_json_bounds(w, COLUMN_TYPE_HEX);
        }
    }
    json_object_end(w);
}

static void put_json_null_or_ref(struct json_writer *w, enum nested_id n)
{
    json_key(w, "anyOf");
    json_array_begin(w);
    json_object_begin(w);
    put_json_ref(w, n);
    json_object_end(w);
    json_object_begin(w);
    put_json_types(w, "null", false);
    json_object_end(w);
    json_array_end(w);
}

static void put_json_property(struct json_writer *w, const struct schema_field *f)
{
    json_key(w, f->name);
    json_object_begin(w);
    put_text_of(w, "description", buf_span(&f->meaning));
    if (f->type == COLUMN_TYPE_OBJECT && f->nullable) {
        put_json_null_or_ref(w, f->nested);
    } else if (f->type == COLUMN_TYPE_OBJECT) {
        put_json_ref(w, f->nested);
    } else {
        put_json_types(w, json_type(f->type), f->nullable);
        put_json_bounds(w, f->type);
        if (strcmp(json_type(f->type), "array") == 0) {
            put_json_items(w, f);
        }
    }
    json_object_end(w);
}

/* @param row its table; NULL: an object inside rows */
static void put_json_definition(struct json_writer *w, const struct definition *d, const char *row)
{
    struct schema_fields *fields = schema_fields_of(d);
    put_text_of(w, "description", span_of(d->meaning));
    put_json_types(w, "object", false);
    json_key(w, "properties");
    json_object_begin(w);
    if (row != NULL) { /* on standard output */
        json_key(w, "type");
        json_object_begin(w);
        put_text_of(w, "const", span_of(row));
        json_object_end(w);
    }
    for (size_t i = 0; i < fields->count; i++) {
        put_json_property(w, &fields->field[i]);
    }
    json_object_end(w);
    json_key(w, "required");
    json_array_begin(w);
    for (size_t i = 0; i < fields->count; i++) {
        /* Of rows of less than full detail others may be absent. */
        if (fields->field[i].key || (row != NULL && i <= ROW_COLUMN_OBSERVED_AT)) {
            json_word(w, fields->field[i].name);
        }
    }
    json_array_end(w);
    json_key(w, "additionalProperties");
    json_bool(w, false);
    schema_fields_free(fields);
}

static void put_json_objects(struct json_writer *w)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    for (unsigned n = 0; n < NESTED_COUNT; n++) {
        const struct definition *d = nested_definition((enum nested_id)n);
        buf_reset(&name);
        buf_putf(&name, "object_%s", d->name);
        json_key_text(w, buf_span(&name));
        json_object_begin(w);
        put_json_definition(w, d, NULL);
        json_object_end(w);
    }
    buf_deinit(&name);
}

/* Rows of any table: which it is, its `type` says. */
static void put_json_choice(struct json_writer *w)
{
    put_json_types(w, "object", false);
    json_key(w, "required");
    json_array_begin(w);
    json_word(w, "type");
    json_array_end(w);
    json_key(w, "oneOf");
    json_array_begin(w);
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (!table_is_csv_only((enum table_id)t)) {
            struct buf ref = BUF_INIT(BUF_NO_LIMIT);
            buf_putf(&ref, "#/$defs/%s", table_name((enum table_id)t));
            json_object_begin(w);
            put_text_of(w, "$ref", buf_span(&ref));
            json_object_end(w);
            buf_deinit(&ref);
        }
    }
    json_array_end(w);
}

void schema_put_json(struct buf *out, struct schema_tables tables)
{
    struct json_writer w = json_writer_indented(out);
    json_object_begin(&w);
    put_text_of(&w, "$schema", SPAN_LIT(JSON_SCHEMA_DRAFT));
    put_text_of(&w, "title", span_of(tables.one ? table_name(tables.only) : "mxcensus"));
    if (tables.one) {
        put_json_definition(&w, table_definition(tables.only), table_name(tables.only));
    } else {
        put_json_choice(&w);
    }
    json_key(&w, "$defs");
    json_object_begin(&w);
    for (unsigned t = 0; !tables.one && t < TABLE_COUNT; t++) {
        json_key(&w, table_name((enum table_id)t));
        json_object_begin(&w);
        put_json_definition(&w, table_definition((enum table_id)t), table_name((enum table_id)t));
        json_object_end(&w);
    }
    put_json_objects(&w);
    json_object_end(&w);
    json_object_end(&w);
    buf_put_char(out, '\n');
}

/* --- BigQuery --------------------------------------------------------------------------------- */

/* BigQuery has no null for a list (REPEATED), and unknown is not the empty list: so lists and objects are JSON. */
static const char *bigquery_type(enum column_type t)
{
    switch (t) {
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_FOREIGN:
    case COLUMN_TYPE_HEX:
    case COLUMN_TYPE_BASE64:
        return "STRING";
    case COLUMN_TYPE_UINT:
    case COLUMN_TYPE_INT:
        return "INTEGER";
    case COLUMN_TYPE_BOOL:
        return "BOOLEAN";
    case COLUMN_TYPE_TIME_MS:
    case COLUMN_TYPE_TIME_S:
        return "TIMESTAMP";
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
    case COLUMN_TYPE_OBJECT_LIST:
    case COLUMN_TYPE_JSON:
    case COLUMN_TYPE_OBJECT:
        return "JSON";
    }
    UNREACHABLE("unknown column_type");
}

static void put_bigquery_table(struct json_writer *w, enum table_id t)
{
    struct schema_fields *fields = schema_fields_of(table_definition(t));
    json_array_begin(w);
    for (size_t i = 0; i < fields->count; i++) {
        const struct schema_field *f = &fields->field[i];
        json_object_begin(w);
        put_text_of(w, "name", span_of(f->name));
        put_text_of(w, "type", span_of(bigquery_type(f->type)));
        put_text_of(w, "mode", span_of(f->optional ? "NULLABLE" : "REQUIRED"));
        put_text_of(w, "description", buf_span(&f->meaning));
        json_object_end(w);
    }
    json_array_end(w);
    schema_fields_free(fields);
}

void schema_put_bigquery(struct buf *out, struct schema_tables tables)
{
    struct json_writer w = json_writer_indented(out);
    if (tables.one) {
        put_bigquery_table(&w, tables.only);
    } else {
        json_object_begin(&w);
        for (unsigned t = 0; t < TABLE_COUNT; t++) {
            json_key(&w, table_name((enum table_id)t));
            put_bigquery_table(&w, (enum table_id)t);
        }
        json_object_end(&w);
    }
    buf_put_char(out, '\n');
}
