#include "scanner/cli/help.h"

#include "scanner/cli/option_table.h"

#define HELP_GROUP_COLUMNS  10 /* where the options begin */
#define HELP_PHRASE_COLUMNS 40 /* where the phrases begin */

void help_put_overview(struct buf *b)
{
    buf_put_text(b,
                 "Usage: mxcensus COMMAND [OPTION]... [FILE]\n"
                 "\n"
                 "Scans what the mail servers of domains present: SMTP, STARTTLS, certificates.\n"
                 "\n"
                 "  mxcensus scan [OPTION]... [FILE]   scan a list of domains\n"
                 "  mxcensus scan --help               its options, on one screen\n"
                 "  mxcensus --version\n"
                 "\n"
                 "Example: mxcensus scan --output results domains.txt\n"
                 "The manual is mxcensus(1), docs/mxcensus.1 in the source tree.\n");
}

/** @return the columns written. */
static size_t put_option(struct buf *b, const struct option_row *row)
{
    size_t start = b->len;
    if (row->letter != 0) {
        buf_putf(b, "-%c, ", row->letter);
    } else {
        buf_put_text(b, "    ");
    }
    buf_putf(b, "--%s", row->name);
    if (row->argument != NULL) {
        buf_putf(b, " %s", row->argument);
    }
    return b->len - start;
}

static void put_spaces(struct buf *b, size_t from, size_t to)
{
    for (size_t i = from; i < to || i == from; i++) {
        buf_put_char(b, ' ');
    }
}

static const char *shown_preset(const struct option_row *row)
{
    return row->preset_shown ? row->preset_shown : row->preset;
}

void help_put_scan(struct buf *b)
{
    enum option_group last = OPTION_GROUP_COUNT;
    buf_put_text(b, "Usage: mxcensus scan [OPTION]... [FILE]         defaults in brackets\n");
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        const char *title = row->group != last ? option_group_title(row->group) : "";
        last = row->group;
        buf_put_text(b, title);
        put_spaces(b, strlen(title), HELP_GROUP_COLUMNS);
        size_t column = HELP_GROUP_COLUMNS + put_option(b, row);
        put_spaces(b, column, HELP_PHRASE_COLUMNS);
        buf_put_text(b, row->help);
        if (shown_preset(row) != NULL) {
            buf_putf(b, " [%s]", shown_preset(row));
        }
        buf_put_char(b, '\n');
    }
}

/** A hyphen is escaped, so that troff prints the one that can be copied to a command line. */
static void put_troff(struct buf *b, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\') {
            buf_put_text(b, "\\e");
        } else if (*c == '-') {
            buf_put_text(b, "\\-");
        } else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n')) {
            buf_put_text(b, "\\&");
            buf_put_char(b, *c);
        } else {
            buf_put_char(b, *c);
        }
    }
}

static void put_manual_row(struct buf *b, const struct option_row *row)
{
    buf_put_text(b, ".TP\n");
    if (row->letter != 0) {
        buf_putf(b, "\\fB\\-%c\\fR, ", row->letter);
    }
    buf_put_text(b, "\\fB\\-\\-");
    put_troff(b, row->name);
    buf_put_text(b, "\\fR");
    if (row->argument != NULL) {
        buf_put_text(b, " \\fI");
        put_troff(b, row->argument);
        buf_put_text(b, "\\fR");
    }
    buf_put_char(b, '\n');
    put_troff(b, row->manual);
    if (row->preset != NULL) {
        buf_put_text(b, "\nDefault: ");
        put_troff(b, row->preset);
        buf_put_char(b, '.');
    }
    buf_put_char(b, '\n');
}

void help_put_manual_options(struct buf *b)
{
    enum option_group last = OPTION_GROUP_COUNT;
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (row->group != last) {
            last = row->group;
            buf_putf(b, ".SS %s\n", option_group_title(row->group));
        }
        put_manual_row(b, row);
    }
}
