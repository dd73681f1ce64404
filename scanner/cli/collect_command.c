#include <stdio.h>

#include "scanner/cli/commands.h"
#include "scanner/cli/fleet_option.h"
#include "scanner/cli/messages.h"
#include "scanner/merge/collect.h"

enum exit_code collect_command(struct options *o, struct buf *why)
{
    struct buf told = BUF_INIT(BUF_NO_LIMIT);
    struct buf not_whole = BUF_INIT(BUF_NO_LIMIT);
    const struct collect_params params = {.kafka = fleet_option_kafka(o),
                                          .scan = o->fleet_scan,
                                          .analyze = analyze_params_of(o, &told)};
    enum exit_code code = analyze_exit_code(o->drop ? collect_drop(&params, why)
                                                    : collect_run(&params, &not_whole, why));
    if (code == EXIT_CODE_COMPLETE && told.len > 0) {
        (void)fwrite(told.at, 1, told.len, stderr);
    }
    if (code == EXIT_CODE_COMPLETE && not_whole.len > 0) {
        struct messages to_stderr;
        (void)messages_init(&to_stderr, NULL);
        messages_say(&to_stderr, buf_span(&not_whole), 0);
        code = EXIT_CODE_ROWS_LOST;
    }
    buf_deinit(&told);
    buf_deinit(&not_whole);
    return code;
}
