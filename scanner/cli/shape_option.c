#include "scanner/cli/shape_option.h"

#include "scanner/cli/option_value.h"
#include "scanner/cli/similar.h"

static bool take_tables(struct row_shape *shape, const char *names, struct buf *why)
{
    struct span list = span_of(names);
    struct span item;
    row_shape_take_no_table(shape);
    while (value_next_item(&list, &item)) {
        if (!row_shape_take_table(shape, item)) {
            similar_put_no_table("--tables", item, why);
            return false;
        }
    }
    if (shape->detail == ROW_DETAIL_FULL && !shape->no_table[TABLE_OUTCOME_SETS]) {
        buf_putf(why, "--tables: %s is a table of less than full detail; leave out --detail full",
                 table_name(TABLE_OUTCOME_SETS));
        return false;
    }
    return true;
}

/** A scan that writes nothing is not what anybody asks for. */
static bool writes_a_table(const struct options *o, struct buf *why)
{
    if (o->params.format != RESULT_NDJSON || o->stdout_table != NULL) {
        return true;
    }
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (!o->params.shape.no_table[t] && !table_is_csv_only((enum table_id)t)) {
            return true;
        }
    }
    buf_putf(why, "--tables: %s is written as CSV only; add --format csv or both", o->only_tables);
    return false;
}

static bool leave_columns(struct row_shape *shape, const char *names, struct buf *why)
{
    struct span list = span_of(names);
    struct span item;
    while (value_next_item(&list, &item)) {
        bool minus = item.len > 0 && item.at[0] == '-';
        if (!minus || !row_shape_leave_column(shape, span_drop(item, 1))) {
            buf_put_text(why, "--columns '");
            buf_put(why, item);
            buf_put_text(why, minus
                                  ? "' is no column that can be left out; docs/data-dictionary.md "
                                    "lists columns, and keys are always there"
                                  : "' is not -TABLE.COLUMN, such as -certificates.raw");
            return false;
        }
    }
    return true;
}

bool shape_option_apply(struct options *o, struct buf *why)
{
    struct row_shape *shape = &o->params.shape;
    /* What check prints of rows is for eyes and small scripts. */
    row_shape_init(shape,
                   o->command == COMMAND_CHECK ? ROW_DETAIL_FULL : (enum row_detail)o->detail);
    return (o->only_tables == NULL ||
            (take_tables(shape, o->only_tables, why) && writes_a_table(o, why))) &&
           (o->left_columns == NULL || leave_columns(shape, o->left_columns, why));
}
