#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scanner/cli/commands.h"

enum exit_code standard_output_failed(int error, struct buf *why)
{
    if (error == EPIPE) { /* as a program that SIGPIPE ends */
        return EXIT_CODE_SIGPIPE;
    }
    buf_putf(why, "standard output: %s", strerror(error));
    return EXIT_CODE_ROWS_LOST;
}

enum exit_code print_text(const struct buf *text, struct buf *why)
{
    bool written = text->len == 0 || fwrite(text->at, 1, text->len, stdout) == text->len;
    return written && fflush(stdout) == 0 ? EXIT_CODE_COMPLETE : standard_output_failed(errno, why);
}
