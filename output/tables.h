#pragma once

/**
 * What a result holds: every table, every column of it and every object inside a row, defined
 * once in output/tables/ *.def. NDJSON keys, CSV headers, the order of both, the data dictionary
 * and the list of volatile columns are made from these definitions and from nothing else.
 *
 *     TABLE(P, "name", EVERY_FORMAT|CSV_ONLY, "meaning")       a table; its columns follow
 *     OBJECT(P, "name", "meaning")                             an object inside rows
 *     COLUMN(P, NAME, "name", TYPE, PRESENCE, VOLATILITY, "source", "meaning")
 *     NESTED(P, NAME, "name", TYPE, P_OF_THE_OBJECT, PRESENCE, VOLATILITY, "source", "meaning")
 *     END(P)
 *
 * A column NAME of P is the enumerator P_NAME, such as SERVICES_BANNER or REPLY_FACTS_TEXT.
 */

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

#define ROW_SCHEMA_VERSION 1 /* of every table; grows when a column changes its meaning or goes */

/* The first columns of every table; checked by a test. */
#define ROW_COLUMN_SCHEMA      0
#define ROW_COLUMN_SCAN_ID     1
#define ROW_COLUMN_OBSERVED_AT 2

#define ROW_UINT_MAX INT64_MAX /* databases have no larger integers */

/** Types of columns: the word in the dictionary, how NDJSON writes it. CSV writes lists and
 * objects as their JSON text, and nothing for null. */
#define COLUMN_TYPES(X)                                                                     \
    X(COLUMN_TYPE_TEXT, "text", "string; text made by mxcensus, ASCII or valid UTF-8")      \
    X(COLUMN_TYPE_WORD, "word", "string of a fixed vocabulary")                             \
    X(COLUMN_TYPE_FOREIGN, "untrusted text",                                                \
      "string; if octets had to be changed, `<name>_base64` has them")                      \
    X(COLUMN_TYPE_UINT, "unsigned", "number from 0 to 2^63 - 1")                            \
    X(COLUMN_TYPE_INT, "integer", "number from -2^63 to 2^63 - 1")                          \
    X(COLUMN_TYPE_BOOL, "boolean", "true or false")                                         \
    X(COLUMN_TYPE_TIME_MS, "time", "string; RFC 3339 in UTC with milliseconds")             \
    X(COLUMN_TYPE_TIME_S, "time in seconds", "string; RFC 3339 in UTC with seconds")        \
    X(COLUMN_TYPE_HEX, "hex", "string; octets in lower-case hexadecimal")                   \
    X(COLUMN_TYPE_BASE64, "base64", "string; octets in base64, RFC 4648 section 4, padded") \
    X(COLUMN_TYPE_TEXT_LIST, "list of text", "array of strings")                            \
    X(COLUMN_TYPE_FOREIGN_LIST, "list of untrusted text",                                   \
      "array of strings; if octets of one had to be changed, `<name>_base64` has them")     \
    X(COLUMN_TYPE_HEX_LIST, "list of hex", "array of strings")                              \
    X(COLUMN_TYPE_JSON, "free object", "object with keys from the input")                   \
    X(COLUMN_TYPE_OBJECT, "object", "object with the keys of its definition")               \
    X(COLUMN_TYPE_OBJECT_LIST, "list of objects",                                           \
      "array of objects with the keys of their definition")

enum column_type {
    COLUMN_TYPES(ENUMERATOR)
};

enum column_presence {
    COLUMN_PRESENCE_NULLABLE, /* null when unknown */
    COLUMN_PRESENCE_FILLED,   /* never null; row_end() holds us to it */
    COLUMN_PRESENCE_KEY,      /* never null, and part of the key of the table */
};

/** May two scans of the same world differ in it (clocks, ports, the order of arrival)? */
enum column_volatility {
    COLUMN_VOLATILITY_STABLE,
    COLUMN_VOLATILITY_VOLATILE,
};

enum table_format {
    TABLE_FORMAT_EVERY_FORMAT,
    TABLE_FORMAT_CSV_ONLY, /* a join table: NDJSON holds the same inside other rows */
};

/* The enumerators: columns of P, then P_COLUMN_COUNT. */
#define TABLE(P, ...) \
    enum P##_column   \
    {
#define OBJECT(P, ...) \
    enum P##_column    \
    {
#define COLUMN(P, NAME, ...) P##_##NAME,
#define NESTED(P, NAME, ...) P##_##NAME,
#define END(P)       \
    P##_COLUMN_COUNT \
    }                \
    ;
#include "output/tables.def"
#undef TABLE
#undef OBJECT
#undef COLUMN
#undef NESTED
#undef END

/* TABLE_DOMAINS ...; the order is the order of writing: certificates first, domains last. */
#define OBJECT(P, ...)
#define COLUMN(P, ...)
#define NESTED(P, ...)
#define END(P)
#define TABLE(P, ...) TABLE_##P,
enum table_id {
#include "output/tables.def"
    TABLE_COUNT
};
#undef TABLE
#undef OBJECT

/* NESTED_DNS_FACTS ... */
#define TABLE(P, ...)
#define OBJECT(P, ...) NESTED_##P,
enum nested_id {
#include "output/tables.def"
    NESTED_COUNT
};
#undef TABLE
#undef OBJECT
#undef COLUMN
#undef NESTED
#undef END

struct column {
    const char *name;
    struct span json_key;        /* "name": with quotes and colon */
    struct span json_key_base64; /* of the companion */
    enum column_type type;
    enum column_presence presence;
    enum column_volatility volatility;
    enum nested_id nested; /* of OBJECT and OBJECT_LIST */
    const char *source;    /* where the value comes from: an RFC section, "input", "clock", ... */
    const char *meaning;
};

/** The definition of a row or of an object inside one. */
struct definition {
    const char *name;
    const char *meaning;
    const struct column *columns; /* in the order of writing */
    size_t column_count;
};

const struct definition *table_definition(enum table_id t);
const struct definition *nested_definition(enum nested_id n);
bool table_is_csv_only(enum table_id t);
/** The names of all, with commas between them, for a message. */
void table_put_names(struct buf *to);
VOCABULARY(column_type, enum column_type);

static inline const char *table_name(enum table_id t)
{
    return table_definition(t)->name;
}

/** FOREIGN and FOREIGN_LIST: a column `<name>_base64` follows, null unless octets were altered. */
static inline bool column_has_companion(const struct column *c)
{
    return c->type == COLUMN_TYPE_FOREIGN || c->type == COLUMN_TYPE_FOREIGN_LIST;
}

/** The column of that name: its number; column_count when there is none. */
size_t definition_find_column(const struct definition *d, struct span name);

/** The table of that name; false when there is none. */
bool table_find(struct span name, enum table_id *out);

/**
 * Is what `path` names in `table` volatile? Paths are dotted, lists do not show:
 * column_is_volatile("services", "attempts.started") is true. A path into a volatile object is
 * volatile; a path that does not exist is not.
 */
bool column_is_volatile(const char *table, const char *path);
typedef void (*column_path_fn)(const char *table, const char *path, void *arg);
/** Every volatile path of every table, in the order of writing. */
void columns_each_volatile(column_path_fn each, void *arg);
