#include "output/schema.h"
#include "output/schema_fields.h"
#include "scanner/base/check.h"
#include "scanner/base/text.h"

/* --- words of each database ------------------------------------------------------------------- */

static void put_sql_name(struct buf *out, const char *name)
{
    buf_putf(out, "\"%s\"", name);
}

/* @param escapes a backslash is one, too */
static void put_sql_literal(struct buf *out, struct span text, bool escapes)
{
    buf_put_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.at[i];
        if (c == '\'' || (escapes && c == '\\')) {
            buf_put_char(out, c);
        }
        buf_put_char(out, c);
    }
    buf_put_char(out, '\'');
}

/* Lists and objects: jsonb. */
static const char *postgresql_type(enum column_type t)
{
    switch (t) {
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_FOREIGN:
    case COLUMN_TYPE_HEX:
    case COLUMN_TYPE_BASE64:
        return "text";
    case COLUMN_TYPE_UINT:
    case COLUMN_TYPE_INT:
        return "bigint";
    case COLUMN_TYPE_BOOL:
        return "boolean";
    case COLUMN_TYPE_TIME_MS:
        return "timestamp(3) with time zone";
    case COLUMN_TYPE_TIME_S:
        return "timestamp(0) with time zone";
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
    case COLUMN_TYPE_OBJECT_LIST:
    case COLUMN_TYPE_JSON:
    case COLUMN_TYPE_OBJECT:
        return "jsonb";
    }
    UNREACHABLE("unknown column_type");
}

/* Lists and objects: their JSON text, as neither an Array nor a Tuple can be null. */
static const char *clickhouse_type(enum column_type t)
{
    switch (t) {
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_FOREIGN:
    case COLUMN_TYPE_HEX:
    case COLUMN_TYPE_BASE64:
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
    case COLUMN_TYPE_OBJECT_LIST:
    case COLUMN_TYPE_JSON:
    case COLUMN_TYPE_OBJECT:
        return "String";
    case COLUMN_TYPE_UINT:
    case COLUMN_TYPE_INT:
        return "Int64";
    case COLUMN_TYPE_BOOL:
        return "Bool";
    case COLUMN_TYPE_TIME_MS:
        return "DateTime64(3, 'UTC')";
    case COLUMN_TYPE_TIME_S:
        return "DateTime64(0, 'UTC')";
    }
    UNREACHABLE("unknown column_type");
}

static void put_clickhouse_type(struct buf *out, const struct schema_field *f)
{
    if (f->type == COLUMN_TYPE_WORD) { /* few different values */
        buf_put_text(out,
                     f->optional ? "LowCardinality(Nullable(String))" : "LowCardinality(String)");
    } else if (f->optional) {
        buf_putf(out, "Nullable(%s)", clickhouse_type(f->type));
    } else {
        buf_put_text(out, clickhouse_type(f->type));
    }
}

static void put_duckdb_struct(struct buf *out, enum nested_id n);

/* Lists and objects have their types. */
static void put_duckdb_type(struct buf *out, const struct schema_field *f)
{
    switch (f->type) {
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_FOREIGN:
    case COLUMN_TYPE_HEX:
    case COLUMN_TYPE_BASE64:
        buf_put_text(out, "VARCHAR");
        return;
    case COLUMN_TYPE_UINT:
    case COLUMN_TYPE_INT:
        buf_put_text(out, "BIGINT");
        return;
    case COLUMN_TYPE_BOOL:
        buf_put_text(out, "BOOLEAN");
        return;
    case COLUMN_TYPE_TIME_MS:
    case COLUMN_TYPE_TIME_S:
        buf_put_text(out, "TIMESTAMP WITH TIME ZONE");
        return;
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
        buf_put_text(out, "VARCHAR[]");
        return;
    case COLUMN_TYPE_JSON:
        buf_put_text(out, "JSON");
        return;
    case COLUMN_TYPE_OBJECT:
        put_duckdb_struct(out, f->nested);
        return;
    case COLUMN_TYPE_OBJECT_LIST:
        put_duckdb_struct(out, f->nested);
        buf_put_text(out, "[]");
        return;
    }
    UNREACHABLE("unknown column_type");
}

/* Depth is that of the definitions, which do not contain themselves. */
static void put_duckdb_struct(struct buf *out, enum nested_id n)
{
    struct schema_fields *fields = schema_fields_of(nested_definition(n));
    for (size_t i = 0; i < fields->count; i++) {
        buf_put_text(out, i > 0 ? ", " : "STRUCT(");
        put_sql_name(out, fields->field[i].name);
        buf_put_char(out, ' ');
        put_duckdb_type(out, &fields->field[i]);
    }
    buf_put_char(out, ')');
    schema_fields_free(fields);
}

static void put_type_of(struct buf *out, enum schema_format format, const struct schema_field *f)
{
    switch (format) {
    case SCHEMA_POSTGRESQL:
        buf_put_text(out, postgresql_type(f->type));
        break;
    case SCHEMA_DUCKDB:
        put_duckdb_type(out, f);
        break;
    case SCHEMA_CLICKHOUSE: /* a type says itself whether it can be null */
        put_clickhouse_type(out, f);
        return;
    case SCHEMA_JSON_SCHEMA:
    case SCHEMA_BIGQUERY:
        UNREACHABLE("not SQL");
    }
    buf_put_text(out, f->optional ? "" : " NOT NULL");
}

/* --- tables ----------------------------------------------------------------------------------- */

/* Of all nights: that of a scan, and which scan. */
static void put_sql_key(struct buf *out, const struct schema_fields *fields)
{
    const char *between = ", ";
    put_sql_name(out, fields->field[ROW_COLUMN_SCAN_ID].name);
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->field[i].key) {
            buf_put_text(out, between);
            put_sql_name(out, fields->field[i].name);
        }
    }
}

static void put_comments(struct buf *out, const struct definition *d,
                         const struct schema_fields *fields)
{
    buf_put_text(out, "COMMENT ON TABLE ");
    put_sql_name(out, d->name);
    buf_put_text(out, " IS ");
    put_sql_literal(out, span_of(d->meaning), false);
    buf_put_text(out, ";\n");
    for (size_t i = 0; i < fields->count; i++) {
        buf_put_text(out, "COMMENT ON COLUMN ");
        put_sql_name(out, d->name);
        buf_put_char(out, '.');
        put_sql_name(out, fields->field[i].name);
        buf_put_text(out, " IS ");
        put_sql_literal(out, buf_span(&fields->field[i].meaning), false);
        buf_put_text(out, ";\n");
    }
}

static void put_clickhouse_end(struct buf *out, const struct definition *d,
                               const struct schema_fields *fields)
{
    buf_put_text(out, "\n) ENGINE = MergeTree ORDER BY (");
    put_sql_key(out, fields);
    buf_put_text(out, ")\nCOMMENT ");
    put_sql_literal(out, span_of(d->meaning), true);
    buf_put_text(out, ";\n");
}

static void put_create(struct buf *out, enum schema_format format, enum table_id t)
{
    const struct definition *d = table_definition(t);
    struct schema_fields *fields = schema_fields_of(d);
    buf_put_text(out, "\nCREATE TABLE IF NOT EXISTS ");
    put_sql_name(out, d->name);
    for (size_t i = 0; i < fields->count; i++) {
        const struct schema_field *f = &fields->field[i];
        buf_put_text(out, i > 0 ? ",\n    " : " (\n    ");
        put_sql_name(out, f->name);
        buf_put_char(out, ' ');
        put_type_of(out, format, f);
        if (format == SCHEMA_CLICKHOUSE) {
            buf_put_text(out, " COMMENT ");
            put_sql_literal(out, buf_span(&f->meaning), true);
        }
    }
    if (format == SCHEMA_CLICKHOUSE) {
        put_clickhouse_end(out, d, fields);
    } else {
        if (format == SCHEMA_POSTGRESQL) { /* DuckDB is slower with it, and does as well without */
            buf_put_text(out, ",\n    PRIMARY KEY (");
            put_sql_key(out, fields);
            buf_put_char(out, ')');
        }
        buf_put_text(out, "\n);\n");
        put_comments(out, d, fields);
    }
    schema_fields_free(fields);
}

/* --- loading ---------------------------------------------------------------------------------- */

/* JSON escapes control characters: so these two never occur in a line, and a line is one field of this "CSV". */
#define LINE_AS_FIELD "(FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')"

static void put_psql_source(struct buf *out, const struct schema_source *s)
{
    if (s->unpack != NULL) {
        buf_putf(out, "program '%s \"%s\"'", s->unpack, s->path);
    } else {
        buf_putf(out, "'%s'", s->path);
    }
}

/* The columns of a CSV file: those that its header names, which may be less than the table has. */
static void put_csv_columns(struct buf *out, const struct schema_source *s)
{
    struct span rest = span_of(s->header);
    const char *between = " (";
    while (rest.len > 0) {
        struct span name = text_take_until(&rest, ',');
        buf_putf(out, "%s\"%.*s\"", between, (int)name.len, (const char *)name.at);
        between = ", ";
    }
    buf_put_char(out, ')');
}

/* \copy: the files are read by psql, where the results are, not by the server. */
static void put_postgresql_load(struct buf *out, const char *table, bool csv,
                                const struct schema_source *s)
{
    if (csv) {
        buf_putf(out, "\\copy \"%s\"", table);
        put_csv_columns(out, s);
        buf_put_text(out, " from ");
        put_psql_source(out, s);
        buf_put_text(out, " with (FORMAT csv, HEADER match)\n");
        return;
    }
    buf_put_text(out, "TRUNCATE \"mxcensus_lines\";\n\\copy \"mxcensus_lines\" from ");
    put_psql_source(out, s);
    buf_put_text(out, " with " LINE_AS_FIELD "\n");
    buf_putf(out,
             "INSERT INTO \"%s\" SELECT r.* FROM \"mxcensus_lines\","
             " jsonb_populate_record(NULL::\"%s\", \"line\") AS r;\n",
             table, table);
}

static void put_duckdb_load(struct buf *out, const char *table, bool csv,
                            const struct schema_source *s)
{
    buf_putf(out, "COPY \"%s\"", table);
    if (csv) {
        put_csv_columns(out, s);
    }
    buf_putf(out, " FROM '%s' (%s);\n", s->path,
             csv ? "FORMAT csv, HEADER true, ALLOW_QUOTED_NULLS false"
                 : "FORMAT json, ARRAY false");
}

static void put_clickhouse_load(struct buf *out, const char *table, bool csv,
                                const struct schema_source *s)
{
    buf_putf(out, "INSERT INTO \"%s\" FROM INFILE '%s' FORMAT %s;\n", table, s->path,
             csv ? "CSVWithNames" : "JSONEachRow");
}

static void put_load(struct buf *out, enum schema_format format, enum table_id t,
                     const struct schema_sources *sources)
{
    bool csv = table_is_csv_only(t);
    const struct schema_source *s = &sources->of[t];
    /* Also of a table that these results are without: what it has is of results that they replace. */
    buf_putf(out, "\nDELETE FROM \"%s\" WHERE \"scan_id\" = '%s';\n", table_name(t),
             sources->scan_id);
    if (s->path == NULL) {
        return;
    }
    switch (format) {
    case SCHEMA_POSTGRESQL:
        put_postgresql_load(out, table_name(t), csv, s);
        break;
    case SCHEMA_DUCKDB:
        put_duckdb_load(out, table_name(t), csv, s);
        break;
    case SCHEMA_CLICKHOUSE:
        put_clickhouse_load(out, table_name(t), csv, s);
        break;
    case SCHEMA_JSON_SCHEMA:
    case SCHEMA_BIGQUERY:
        UNREACHABLE("not SQL");
    }
}

static const char *begin_of(enum schema_format format, bool loads)
{
    switch (format) {
    case SCHEMA_POSTGRESQL:
        return loads
                   ? "\\set ON_ERROR_STOP on\nBEGIN;\nSET LOCAL client_min_messages = warning;\n"
                     "CREATE TEMPORARY TABLE \"mxcensus_lines\" (\"line\" jsonb) ON COMMIT DROP;\n"
                   : "BEGIN;\nSET LOCAL client_min_messages = warning;\n";
    case SCHEMA_DUCKDB:
        return "BEGIN TRANSACTION;\n";
    case SCHEMA_CLICKHOUSE:
        return loads ? "SET date_time_input_format = 'best_effort';\n"
                       "SET format_csv_null_representation = '';\n"
                     : "";
    case SCHEMA_JSON_SCHEMA:
    case SCHEMA_BIGQUERY:
        break;
    }
    UNREACHABLE("not SQL");
}

void schema_put_sql(struct buf *out, enum schema_format format, struct schema_tables tables,
                    const struct schema_sources *sources)
{
    buf_put_text(out, begin_of(format, sources != NULL));
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (schema_has_table(tables, (enum table_id)t)) {
            put_create(out, format, (enum table_id)t);
        }
    }
    for (unsigned t = 0; sources != NULL && t < TABLE_COUNT; t++) {
        if (schema_has_table(tables, (enum table_id)t)) {
            put_load(out, format, (enum table_id)t, sources);
        }
    }
    buf_put_text(out, format == SCHEMA_CLICKHOUSE ? "" : "COMMIT;\n");
}

bool schema_path_is_plain(const char *path)
{
    for (; *path != '\0'; path++) {
        if ((unsigned char)*path < ' ' || strchr("'\"\\$`*?[]{}\x7f", *path) != NULL) {
            return false;
        }
    }
    return true;
}
