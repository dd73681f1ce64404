/** Prints the OPTIONS section of the manual page: see tests/check_manual.cmake. */

#include <stdio.h>

#include "scanner/cli/help.h"

int main(void)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    help_put_manual_options(&b);
    size_t written = fwrite(b.at, 1, b.len, stdout);
    bool ok = written == b.len && fflush(stdout) == 0;
    buf_deinit(&b);
    return ok ? 0 : 1;
}
