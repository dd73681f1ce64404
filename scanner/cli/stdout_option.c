#include "scanner/cli/stdout_option.h"

#include "scanner/cli/option_value.h"
#include "scanner/cli/similar.h"

static bool find_table(struct options *o, struct buf *why)
{
    if (table_find(span_of(o->stdout_table), &o->choice.table)) {
        bool full = row_shape_has_table(NULL, o->choice.table); /* as all rows there are */
        if (!full) {
            buf_putf(why,
                     "--stdout %s: rows on standard output are of full detail, which does not have "
                     "this table; --output DIR with --detail normal or summary writes it",
                     o->stdout_table);
        }
        return full;
    }
    similar_put_no_table("--stdout", span_of(o->stdout_table), why);
    return false;
}

static bool is_lean_only(const struct definition *d, struct span name)
{
    size_t column = definition_find_column(d, name);
    return column < d->column_count && column_is_lean_only(&d->columns[column]);
}

static void put_no_field(const struct options *o, struct span item, struct buf *why)
{
    const struct definition *d = table_definition(o->choice.table);
    struct similar s = similar_to(item);
    bool there = false;
    for (size_t i = 0; i < d->column_count; i++) {
        there = there || span_eq(span_of(d->columns[i].name), item);
        similar_try(&s, d->columns[i].name);
    }
    buf_put_text(why, "--fields '");
    buf_put(why, item);
    if (there) {
        buf_put_text(why,
                     is_lean_only(d, item)
                         ? "': rows on standard output are of full detail, which does not have "
                           "this column"
                         : "' is given twice");
        return;
    }
    buf_putf(why, "' is no column of the table %s", d->name);
    if (s.word != NULL) {
        buf_putf(why, "; did you mean %s?", s.word);
    } else {
        buf_put_text(why, "; docs/data-dictionary.md lists them");
    }
}

static bool take_fields(struct options *o, struct buf *why)
{
    if (o->stdout_fields == NULL) {
        row_choice_take_all(&o->choice);
        return true;
    }
    struct span list = span_of(o->stdout_fields);
    struct span item;
    while (value_next_item(&list, &item)) {
        if (!row_choice_take(&o->choice, item)) {
            put_no_field(o, item, why);
            return false;
        }
    }
    return true;
}

bool stdout_option_apply(struct options *o, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (o->stdout_table == NULL) {
        buf_put_text(why, "--fields needs the table that they are of: add --stdout TABLE, such as "
                          "--stdout domains");
        return false;
    }
    if (p->output_dir != NULL || o->resume_path != NULL) {
        buf_putf(why, "--stdout writes to standard output, %s to a directory; give one of them",
                 p->output_dir != NULL ? "--output" : "--resume");
        return false;
    }
    if (p->format == RESULT_BOTH || p->compression != RESULT_CODEC_NONE) {
        buf_put_text(why, "--stdout takes --format ndjson, csv or text, and no --compress");
        return false;
    }
    if (o->only_tables != NULL || o->left_columns != NULL || o->detail != ROW_DETAIL_FULL) {
        buf_putf(
            why,
            "%s is for rows in files: --stdout takes the table itself, and --fields its columns",
            o->only_tables != NULL    ? "--tables"
            : o->left_columns != NULL ? "--columns"
                                      : "--detail");
        return false;
    }
    o->choice = (struct row_choice){.line = p->format == RESULT_CSV    ? ROW_LINE_CSV
                                            : p->format == RESULT_TEXT ? ROW_LINE_TEXT
                                                                       : ROW_LINE_NDJSON};
    p->choice = &o->choice;
    return find_table(o, why) && take_fields(o, why);
}
