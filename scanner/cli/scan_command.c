#include <stdio.h>

#include "scanner/cli/commands.h"
#include "scanner/cli/console.h"
#include "scanner/cli/resume_options.h"

enum exit_code scan_command(struct options *o, struct buf *why)
{
    enum resume_answer answer =
        o->resume_path != NULL ? resume_options_fill(o, why) : RESUME_GOES_ON;
    if (answer != RESUME_GOES_ON) {
        return answer == RESUME_COMPLETE ? EXIT_CODE_COMPLETE : EXIT_CODE_USAGE;
    }
    struct console c;
    console_init(&c);
    enum exit_code code = console_run_scan(&c, o, why);
    if (c.summary.len > 0 && !o->params.quiet && code != EXIT_CODE_USAGE &&
        code != EXIT_CODE_SIGPIPE) {
        (void)fwrite(c.summary.at, 1, c.summary.len, stderr);
    }
    console_deinit(&c);
    return code;
}
