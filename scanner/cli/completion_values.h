#pragma once

#include "scanner/cli/option_table.h"

/** What completions offer in a place of the command line, from where these words are defined. */
enum value_kind {
    VALUE_NONE,   /* a flag */
    VALUE_ANY,    /* nothing is offered */
    VALUE_WORD,   /* one of value_put_words() */
    VALUE_WORDS,  /* a list of them with commas */
    VALUE_FIELDS, /* a list of columns of the table that --stdout names */
    VALUE_FILE,
    VALUE_DIRECTORY,
    VALUE_CODE,  /* of a finding, or a file */
    VALUE_TABLE, /* the name of a table */
};

enum value_kind value_kind_of(const struct option_row *row);
/** Of WORD and WORDS: with a space between them. */
void value_put_words(struct buf *b, const struct option_row *row);

/** Of what stands beside the options. */
enum value_kind argument_kind_of(enum command c);

void completion_put_tables(struct buf *b);
/** What --fields takes of a table. */
void completion_put_fields(struct buf *b, enum table_id t);
void completion_put_codes(struct buf *b);
