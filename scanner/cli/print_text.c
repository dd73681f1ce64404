#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scanner/cli/commands.h"

enum exit_code print_text(const struct buf *text, struct buf *why)
{
    bool written = text->len == 0 || fwrite(text->at, 1, text->len, stdout) == text->len;
    if (!written || fflush(stdout) != 0) {
        buf_putf(why, "standard output: %s", strerror(errno));
        return EXIT_CODE_ROWS_LOST;
    }
    return EXIT_CODE_COMPLETE;
}
