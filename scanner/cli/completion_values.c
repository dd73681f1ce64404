#include "scanner/cli/completion_values.h"

#include "output/row_shape.h"
#include "scanner/cli/option_readers.h"

/* Texts that are looked at once all options are read, as what they name depends on others. */
static const struct {
    size_t field;
    enum value_kind kind;
} late[] = {
    {offsetof(struct options, stdout_table), VALUE_WORD},
    {offsetof(struct options, stdout_fields), VALUE_FIELDS},
    {offsetof(struct options, only_tables), VALUE_WORDS},
    {offsetof(struct options, left_columns), VALUE_WORDS},
};

static bool is_text_in(const struct option_row *row, size_t field)
{
    return row->read == option_read_text && row->field == field;
}

static bool has_words(const struct option_row *row)
{
    return option_words(row) != NULL || row->read == option_read_fail_on;
}

enum value_kind value_kind_of(const struct option_row *row)
{
    if (row->argument == NULL) {
        return VALUE_NONE;
    }
    for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
        if (is_text_in(row, late[i].field)) {
            return late[i].kind;
        }
    }
    if (has_words(row)) {
        return strcmp(row->argument, "LIST") == 0 ? VALUE_WORDS : VALUE_WORD;
    }
    if (strcmp(row->argument, "DIR") == 0 || strcmp(row->argument, "OLD") == 0 ||
        strcmp(row->argument, "RESULTS") == 0) {
        return VALUE_DIRECTORY;
    }
    return span_ends_with(span_of(row->argument), SPAN_LIT("FILE")) ? VALUE_FILE : VALUE_ANY;
}

enum value_kind argument_kind_of(enum command c)
{
    const char *arguments = command_info(c)->arguments;
    if (c == COMMAND_EXPLAIN) {
        return VALUE_CODE;
    }
    if (strstr(arguments, "TABLE") != NULL) {
        return VALUE_TABLE;
    }
    if (strstr(arguments, "RESULTS") != NULL || strstr(arguments, "OLD") != NULL) {
        return VALUE_DIRECTORY;
    }
    return strstr(arguments, "FILE") != NULL ? VALUE_FILE : VALUE_ANY;
}

static void put_words_of(struct buf *b, const struct vocabulary *words)
{
    const char *between = "";
    for (unsigned i = 0; i < words->count; i++) {
        if (vocabulary_has_word(words, i)) {
            buf_putf(b, "%s%s", between, words->words[i].word);
            between = " ";
        }
    }
}

/* Rows there are of full detail. */
static void put_tables_of_stdout(struct buf *b)
{
    const char *between = "";
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (row_shape_has_table(NULL, (enum table_id)t)) {
            buf_putf(b, "%s%s", between, table_name((enum table_id)t));
            between = " ";
        }
    }
}

/* What --columns leaves out of a table. */
static void put_left_columns(struct buf *b, enum table_id t, const char **between)
{
    const struct definition *d = table_definition(t);
    for (size_t i = 0; i < d->column_count; i++) {
        if (!column_is_in_every_row(d, i)) {
            buf_putf(b, "%s-%s.%s", *between, d->name, d->columns[i].name);
            *between = " ";
        }
    }
}

void value_put_words(struct buf *b, const struct option_row *row)
{
    if (row->read == option_read_fail_on) {
        option_put_severities(b, " ");
        buf_put_char(b, ' ');
        option_put_effects(b, " ");
    } else if (is_text_in(row, offsetof(struct options, left_columns))) {
        const char *between = "";
        for (unsigned t = 0; t < TABLE_COUNT; t++) {
            put_left_columns(b, (enum table_id)t, &between);
        }
    } else if (is_text_in(row, offsetof(struct options, stdout_table))) {
        put_tables_of_stdout(b);
    } else if (option_words(row) != NULL) {
        put_words_of(b, option_words(row));
    } else {
        completion_put_tables(b);
    }
}

void completion_put_tables(struct buf *b)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        buf_putf(b, "%s%s", t > 0 ? " " : "", table_name((enum table_id)t));
    }
}

void completion_put_fields(struct buf *b, enum table_id t)
{
    const struct definition *d = table_definition(t);
    const char *between = "";
    for (size_t i = 0; i < d->column_count; i++) {
        if (!column_is_lean_only(&d->columns[i])) {
            buf_putf(b, "%s%s", between, d->columns[i].name);
            between = " ";
        }
    }
}

void completion_put_codes(struct buf *b)
{
    for (enum finding_code code = 0; code < FINDING_COUNT; code++) {
        buf_putf(b, "%s%s", code > 0 ? " " : "", finding_info(code)->code);
    }
}
