#include "scanner/cli/help.h"

#include "scanner/cli/option_table.h"

#define HELP_GROUP_COLUMNS  10 /* where the options begin */
#define HELP_PHRASE_COLUMNS 40 /* where the phrases begin */

static void put_spaces(struct buf *b, size_t from, size_t to)
{
    for (size_t i = from; i < to || i == from; i++) {
        buf_put_char(b, ' ');
    }
}

void help_put_overview(struct buf *b)
{
    buf_put_text(
        b, "Usage: mxcensus COMMAND [OPTION]...\n"
           "\n"
           "Scans the mail servers of domains (SMTP, STARTTLS, certificates, MTA-STS, DANE);\n"
           "reports what is wrong, for which senders, and how to fix it.\n"
           "\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        size_t start = b->len;
        buf_putf(b, "  mxcensus %s %s", command_info(c)->word, command_info(c)->arguments);
        put_spaces(b, b->len - start, HELP_PHRASE_COLUMNS);
        buf_putf(b, "%s\n", command_info(c)->help);
    }
    buf_put_text(b, "  mxcensus help COMMAND                 show its options, as COMMAND --help\n"
                    "  mxcensus version                      show the version, as --version\n"
                    "\n"
                    "Examples: mxcensus check example.org\n"
                    "          mxcensus scan --output results domains.txt\n"
                    "The manual is mxcensus(1); its FILES say where the documents are.\n");
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

static const char *shown_preset(const struct option_row *row, enum command c)
{
    return row->preset_shown ? row->preset_shown : option_preset(row, c);
}

void help_put_command(struct buf *b, enum command c)
{
    enum option_group last = OPTION_GROUP_COUNT;
    buf_putf(b, "Usage: mxcensus %s [OPTION]... %s    defaults in [brackets]\n",
             command_info(c)->word, command_info(c)->arguments);
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (!option_is_of(row, c)) {
            continue;
        }
        const char *title = row->group != last ? option_group_title(row->group) : "";
        last = row->group;
        buf_put_text(b, title);
        put_spaces(b, strlen(title), HELP_GROUP_COLUMNS);
        size_t column = HELP_GROUP_COLUMNS + put_option(b, row);
        put_spaces(b, column, HELP_PHRASE_COLUMNS);
        buf_put_text(b, row->help);
        if (shown_preset(row, c) != NULL) {
            buf_putf(b, " [%s]", shown_preset(row, c));
        }
        buf_put_char(b, '\n');
    }
}
