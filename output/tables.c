#include "output/tables.h"

#include "scanner/base/check.h"
#include "scanner/base/text.h"

/* The arrays of columns: columns_of_DOMAINS[] ... */
#define KEY_OF(name) SPAN_INIT("\"" name "\":")

#define TABLE(P, ...)  static const struct column columns_of_##P[] = {
#define OBJECT(P, ...) static const struct column columns_of_##P[] = {
#define COLUMN(P, NAME, name_, TYPE, PRESENCE, VOLATILITY, source_, meaning_) \
    {.name = (name_),                                                         \
     .json_key = KEY_OF(name_),                                               \
     .json_key_base64 = KEY_OF(name_ "_base64"),                              \
     .type = COLUMN_TYPE_##TYPE,                                              \
     .presence = COLUMN_PRESENCE_##PRESENCE,                                  \
     .volatility = COLUMN_VOLATILITY_##VOLATILITY,                            \
     .source = (source_),                                                     \
     .meaning = (meaning_)},
#define NESTED(P, NAME, name_, TYPE, OF, PRESENCE, VOLATILITY, source_, meaning_) \
    {.name = (name_),                                                             \
     .json_key = KEY_OF(name_),                                                   \
     .type = COLUMN_TYPE_##TYPE,                                                  \
     .presence = COLUMN_PRESENCE_##PRESENCE,                                      \
     .volatility = COLUMN_VOLATILITY_##VOLATILITY,                                \
     .nested = NESTED_##OF,                                                       \
     .source = (source_),                                                         \
     .meaning = (meaning_)},
#define END(P) \
    }          \
    ;
#include "output/tables.def"
#undef TABLE
#undef OBJECT
#undef COLUMN
#undef NESTED
#undef END

#define COLUMN(...)
#define NESTED(...)
#define END(P)

#define TABLE(P, name_, format_, meaning_)    \
    [TABLE_##P] = {.name = (name_),           \
                   .meaning = (meaning_),     \
                   .columns = columns_of_##P, \
                   .column_count = P##_COLUMN_COUNT},
#define OBJECT(...)
static const struct definition tables[TABLE_COUNT] = {
#include "output/tables.def"
};
#undef TABLE

#define TABLE(P, name_, format_, meaning_) [TABLE_##P] = TABLE_FORMAT_##format_,
static const enum table_format table_formats[TABLE_COUNT] = {
#include "output/tables.def"
};
#undef TABLE
#undef OBJECT

#define TABLE(...)
#define OBJECT(P, name_, meaning_)             \
    [NESTED_##P] = {.name = (name_),           \
                    .meaning = (meaning_),     \
                    .columns = columns_of_##P, \
                    .column_count = P##_COLUMN_COUNT},
static const struct definition nested[NESTED_COUNT] = {
#include "output/tables.def"
};
#undef TABLE
#undef OBJECT
#undef COLUMN
#undef NESTED
#undef END

const struct definition *table_definition(enum table_id t)
{
    CHECK((unsigned)t < TABLE_COUNT);
    return &tables[t];
}

const struct definition *nested_definition(enum nested_id n)
{
    CHECK((unsigned)n < NESTED_COUNT);
    return &nested[n];
}

bool table_is_csv_only(enum table_id t)
{
    CHECK((unsigned)t < TABLE_COUNT);
    return table_formats[t] == TABLE_FORMAT_CSV_ONLY;
}

void table_put_names(struct buf *to)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        buf_putf(to, "%s%s", t > 0 ? ", " : "", tables[t].name);
    }
}

const struct vocabulary column_type_vocabulary = VOCABULARY_WORDS(COLUMN_TYPES);

bool table_find(struct span name, enum table_id *out)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (span_eq(span_of(tables[t].name), name)) {
            *out = (enum table_id)t;
            return true;
        }
    }
    return false;
}

static bool column_is_nested(const struct column *c)
{
    return c->type == COLUMN_TYPE_OBJECT || c->type == COLUMN_TYPE_OBJECT_LIST;
}

size_t definition_find_column(const struct definition *d, struct span name)
{
    size_t column = 0;
    while (column < d->column_count && !span_eq(span_of(d->columns[column].name), name)) {
        column++;
    }
    return column;
}

bool column_is_volatile(const char *table, const char *path)
{
    enum table_id t;
    if (!table_find(span_of(table), &t)) {
        return false;
    }
    const struct definition *d = &tables[t];
    struct span rest = span_of(path);
    while (d != NULL && rest.len > 0) {
        size_t column = definition_find_column(d, text_take_until(&rest, '.'));
        if (column == d->column_count) {
            return false;
        }
        const struct column *c = &d->columns[column];
        if (c->volatility == COLUMN_VOLATILITY_VOLATILE) {
            return true;
        }
        d = column_is_nested(c) ? nested_definition(c->nested) : NULL;
    }
    return false;
}

struct walk {
    const char *table;
    struct buf path; /* of the column that is looked at, NUL-terminated for the call */
    column_path_fn each;
    void *arg;
};

static void walk_volatile(struct walk *w, const struct definition *d)
{
    size_t len = w->path.len;
    for (size_t i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        w->path.len = len;
        buf_put_text(&w->path, c->name);
        if (c->volatility == COLUMN_VOLATILITY_VOLATILE) {
            buf_put_char(&w->path, '\0');
            w->each(w->table, (const char *)w->path.at, w->arg);
        } else if (column_is_nested(c)) {
            buf_put_char(&w->path, '.');
            walk_volatile(w, nested_definition(c->nested));
        }
    }
    w->path.len = len;
}

void columns_each_volatile(column_path_fn each, void *arg)
{
    struct walk w = {.path = BUF_INIT(BUF_NO_LIMIT), .each = each, .arg = arg};
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        w.table = tables[t].name;
        walk_volatile(&w, &tables[t]);
    }
    buf_deinit(&w.path);
}
