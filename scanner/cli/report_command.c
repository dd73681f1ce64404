#include <string.h>

#include "scanner/base/check.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/messages.h"
#include "scanner/cli/option_table.h"

static bool is_given(const struct options *o, const char *name)
{
    for (size_t i = 0; i < option_table_count; i++) {
        if (o->given[i] && strcmp(option_table[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

enum exit_code report_command(struct options *o, struct buf *why)
{
    struct report_params params = o->report;
    params.results = o->words[0];
    params.rank_is_asked = is_given(o, "rank-column");
    struct messages messages;
    struct buf notice = BUF_INIT(BUF_NO_LIMIT);
    (void)messages_init(&messages, NULL);
    enum report_end end = report_run(&params, &notice, why);
    if (notice.len > 0) {
        messages_say(&messages, buf_span(&notice), 0);
    }
    buf_deinit(&notice);
    switch (end) {
    case REPORT_COMPLETE:
        return EXIT_CODE_COMPLETE;
    case REPORT_UNUSABLE:
        return EXIT_CODE_USAGE;
    case REPORT_FAILED:
        return EXIT_CODE_FATAL;
    case REPORT_READER_GONE:
        return EXIT_CODE_SIGPIPE;
    case REPORT_UNWRITTEN:
        return EXIT_CODE_ROWS_LOST;
    }
    UNREACHABLE("unknown report_end");
}
