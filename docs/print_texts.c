/**
 * Prints what is made from the option table, for the build and for tests/check_manual.cmake:
 *
 *     print_texts options                     the OPTIONS section of docs/mxcensus.1
 *     print_texts manual COMMAND PAGE         mxcensus-COMMAND(1); PAGE is docs/mxcensus.1
 *     print_texts completion SHELL            bash, zsh or fish
 *     print_texts commands                    their words, one a line
 */

#include <stdio.h>

#include "scanner/cli/completion.h"
#include "scanner/cli/manual.h"
#include "scanner/cli/option_table.h"

static bool read_page(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? 1 : 0;
    while (len > 0) {
        len = fread(buf_room(out, BUFSIZ), 1, BUFSIZ, file);
        out->len += len;
    }
    bool ok = file != NULL && ferror(file) == 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    return ok;
}

static bool put_manual(struct buf *b, const char *word, const char *path)
{
    struct buf page = BUF_INIT(BUF_NO_LIMIT);
    bool ok = false;
    for (enum command c = 0; c < COMMAND_COUNT && read_page(path, &page); c++) {
        if (strcmp(command_info(c)->word, word) == 0) {
            ok = manual_put_command(b, c, buf_span(&page));
            break;
        }
        buf_reset(&page);
    }
    buf_deinit(&page);
    return ok;
}

static void put_commands(struct buf *b)
{
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "%s\n", command_info(c)->word);
    }
}

int main(int argc, char **argv)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    const char *what = argc > 1 ? argv[1] : "";
    bool ok = true;
    if (strcmp(what, "options") == 0) {
        manual_put_options(&b);
    } else if (strcmp(what, "commands") == 0) {
        put_commands(&b);
    } else if (strcmp(what, "manual") == 0 && argc > 3) {
        ok = put_manual(&b, argv[2], argv[3]);
    } else {
        ok = strcmp(what, "completion") == 0 && argc > 2 && completion_put(&b, argv[2]);
    }
    ok = ok && fwrite(b.at, 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    if (!ok) {
        (void)fprintf(stderr, "print_texts: cannot print %s %s\n", what, argc > 2 ? argv[2] : "");
    }
    buf_deinit(&b);
    return ok ? 0 : 1;
}
