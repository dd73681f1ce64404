#include "scanner/base/check.h"
#include "scanner/cli/commands.h"

enum exit_code report_command(struct options *o, struct buf *why)
{
    struct report_params params = o->report;
    params.results = o->words[0];
    switch (report_run(&params, why)) {
    case REPORT_COMPLETE:
        return EXIT_CODE_COMPLETE;
    case REPORT_UNUSABLE:
        return EXIT_CODE_USAGE;
    case REPORT_FAILED:
        return EXIT_CODE_FATAL;
    case REPORT_UNWRITTEN:
        return EXIT_CODE_ROWS_LOST;
    }
    UNREACHABLE("unknown report_end");
}
