#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "output/csv.h"
#include "scanner/base/file.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/console.h"
#include "scanner/cli/reports.h"

/*
 * The scan of a few names for a person: the same engine reads the names from a file in memory and
 * writes its rows to another, and the report is made from the rows.
 */

#define INPUT_COLUMN "domain"

/** CSV with a header, so that any word of the command line is one record: a comment, a blank, a
 * list of names with commas are names that are no domains. */
static bool write_input(int fd, const struct options *o)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&text, INPUT_COLUMN CSV_LINE_END);
    for (size_t i = 0; i < o->word_count; i++) {
        buf_put_char(&text, '"');
        for (const char *c = o->words[i]; *c != '\0'; c++) {
            buf_put_text(&text, *c == '"' ? "\"" : "");
            buf_put_char(&text, *c);
        }
        buf_put_text(&text, "\"" CSV_LINE_END);
    }
    bool ok = write(fd, text.at, text.len) == (ssize_t)text.len;
    buf_deinit(&text);
    return ok;
}

static enum exit_code print_reports(const struct options *o, int output, struct buf *why)
{
    struct buf lines = BUF_INIT(BUF_NO_LIMIT);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    enum exit_code code = EXIT_CODE_ROWS_LOST;
    if (lseek(output, 0, SEEK_SET) != 0 || file_read_rest(output, &lines) != FILE_COMPLETE ||
        !result_rows_read(&rows, buf_span(&lines))) {
        buf_put_text(why, "the result rows cannot be read");
    } else {
        reports_put_all(&text, &rows, o);
        size_t missing = o->word_count - rows.table[TABLE_DOMAINS].count;
        bool sound = !result_rows_have_fault(&rows, why);
        bool printed = print_text(&text, why) == EXIT_CODE_COMPLETE;
        code = sound && printed ? EXIT_CODE_COMPLETE : EXIT_CODE_ROWS_LOST;
        if (missing > 0 && why->len == 0) {
            buf_putf(why, "%zu of %zu domains are not finished", missing, o->word_count);
        }
        result_rows_deinit(&rows);
    }
    buf_deinit(&text);
    buf_deinit(&lines);
    return code;
}

static enum exit_code check(struct options *o, int input, int output, struct buf *why)
{
    struct console c;
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
    o->params.input_path = path;
    o->params.column = INPUT_COLUMN;
    o->params.output_fd = output;
    o->params.quiet = o->params.quiet || isatty(STDERR_FILENO) == 0;
    options_set_threads(o, 1);
    console_init(&c);
    enum exit_code code = console_run_scan(&c, o, why);
    console_deinit(&c);
    if (code == EXIT_CODE_USAGE || code == EXIT_CODE_FATAL || code == EXIT_CODE_SAYS_NOTHING) {
        return code;
    }
    enum exit_code printed = print_reports(o, output, why);
    return printed == EXIT_CODE_COMPLETE ? code : printed;
}

enum exit_code check_command(struct options *o, struct buf *why)
{
    enum exit_code code = EXIT_CODE_FATAL;
    /* A closed one would be taken for the next file that is opened. */
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        buf_putf(why, "standard output: %s", strerror(errno));
        return EXIT_CODE_ROWS_LOST;
    }
    int input = memfd_create("domains", MFD_CLOEXEC);
    int output = memfd_create("rows", MFD_CLOEXEC);
    if (input >= 0 && output >= 0 && write_input(input, o)) {
        code = check(o, input, output, why);
    } else {
        buf_putf(why, "no memory for the rows: %s", strerror(errno));
    }
    if (input >= 0) {
        (void)close(input);
    }
    if (output >= 0) {
        (void)close(output);
    }
    return code;
}
