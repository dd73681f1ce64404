#pragma once

/**
 * The inside of a row: cells, and the stack of objects and lists that are open. Only row.c and
 * row_nest.c include it.
 */

#include "output/json_writer.h"
#include "output/row.h"
#include "output/row_shape.h"

#define ROW_DEPTH_MAX 8 /* objects and lists open at once; domains.mx[].endpoints[] needs 4 */

enum cell_kind {
    CELL_NULL,
    CELL_TEXT,    /* any octets */
    CELL_PLAIN,   /* ASCII text that needs no escape in JSON */
    CELL_LITERAL, /* a number, true or false */
    CELL_JSON,    /* a fragment, perhaps with a companion */
};

/** A column that was set; its octets are in `scratch`, by offset, because that moves. */
struct cell {
    enum cell_kind kind;
    bool set;
    size_t at;
    size_t len;
    size_t companion_at;
    size_t companion_len; /* 0: null */
};

struct object {
    struct row *row;
    const struct definition *definition;
    unsigned next; /* the first column that was not written yet */
    unsigned level;
};

struct list {
    struct row *row;
    const struct column *column;
    size_t count;
    bool altered; /* `companion` of the row has the list of exact octets */
    unsigned level;
};

struct row {
    const struct definition *definition;
    char scan_id[UUID_TEXT_MAX];
    int64_t observed_unix_ms;
    uint32_t csv_cell_max;         /* characters; 0: no limit */
    const struct row_shape *shape; /* borrowed, or the next */
    struct row_shape full;
    const bool *no_column; /* of the table */
    bool lean;             /* keys without a value are absent */
    struct cell *cells;
    struct buf scratch;
    struct json_writer nest;              /* over `scratch`, while something is open */
    unsigned open_column;                 /* of the row, that the outermost open thing belongs to */
    unsigned depth;                       /* how many are open */
    struct object objects[ROW_DEPTH_MAX]; /* by level - 1; at each level one or the other */
    struct list lists[ROW_DEPTH_MAX];
    struct buf companion; /* of the one list of foreign text that is open */
    struct json_writer companion_nest;
};

/** A set of column types: 1 << enum column_type. */
typedef unsigned column_types;

#define TYPE(name) (1U << COLUMN_TYPE_##name)
#define TYPES_TEXT (TYPE(TEXT) | TYPE(FOREIGN) | TYPE(WORD))
#define TYPES_LIST (TYPE(TEXT_LIST) | TYPE(FOREIGN_LIST) | TYPE(HEX_LIST) | TYPE(OBJECT_LIST))

/** Stops the program: our own bug, named by column. */
void definition_broken(const struct definition *d, unsigned column, const char *what)
    __attribute__((noreturn));

static inline void definition_allows(const struct definition *d, unsigned column,
                                     column_types types)
{
    if (column >= d->column_count || (types & (1U << d->columns[column].type)) == 0) {
        definition_broken(d, column, "has another type");
    }
}

struct object *object_open(struct row *r, enum nested_id n);
struct list *list_open(struct row *r, const struct column *c);
