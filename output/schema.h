#pragma once

/**
 * The tables for other programs: as JSON Schema, and as tables of a database with the statements that load the files of a
 * results directory into them. All is made from the definitions; docs/warehouse.md says why which type is which.
 */

#include "output/tables.h"

#define SCHEMA_FORMATS(X)                \
    X(SCHEMA_JSON_SCHEMA, "json-schema") \
    X(SCHEMA_POSTGRESQL, "postgresql")   \
    X(SCHEMA_DUCKDB, "duckdb")           \
    X(SCHEMA_CLICKHOUSE, "clickhouse")   \
    X(SCHEMA_BIGQUERY, "bigquery")

enum schema_format {
    SCHEMA_FORMATS(ENUMERATOR)
};

VOCABULARY(schema_format, enum schema_format);

/** Every table, or the one of `only`. */
struct schema_tables {
    bool one;
    enum table_id only;
};

static inline bool schema_has_table(struct schema_tables t, enum table_id id)
{
    return !t.one || t.only == id;
}

/** Rows of NDJSON, those on standard output with their `type` too. A reader of the draft 2020-12. */
void schema_put_json(struct buf *out, struct schema_tables tables);
/** Of one table the list that `bq load` takes; of all an object of such lists. */
void schema_put_bigquery(struct buf *out, struct schema_tables tables);

/** The file of a table in a results directory. */
struct schema_source {
    const char *path;   /* NULL: there is none, or nothing is to be loaded */
    const char *unpack; /* the command that unpacks it to standard output; NULL: it is not packed */
    const char *header; /* of CSV: the names of its columns, with commas between them */
};

struct schema_sources {
    struct schema_source of[TABLE_COUNT];
    const char *scan_id; /* rows of which are in the way: the results may have been loaded before */
};

/**
 * Statements for POSTGRESQL, DUCKDB or CLICKHOUSE that create what does not exist yet, then load. All in one transaction,
 * where the database has them.
 * @param sources NULL: only create. Those of CSV_ONLY tables are CSV, others NDJSON
 */
void schema_put_sql(struct buf *out, enum schema_format format, struct schema_tables tables,
                    const struct schema_sources *sources);
/** Can `path` stand in these statements as it is? Quotes, wildcards and what a shell obeys cannot. */
bool schema_path_is_plain(const char *path);
