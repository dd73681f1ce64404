#include "scanner/base/check.h"
#include "scanner/base/text.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/config_words.h"
#include "scanner/cli/help.h"
#include "scanner/cli/machine.h"
#include "scanner/cli/messages.h"
#include "scanner/cli/option_files.h"
#include "scanner/cli/standard_files.h"

/* Read the command line, run the command, tell how it ended; nothing else. */

static enum exit_code command_run(struct options *o, struct buf *why)
{
    switch (o->command) {
    case COMMAND_SCAN:
        return scan_command(o, why);
    case COMMAND_CHECK:
        return check_command(o, why);
    case COMMAND_SHOW:
        return show_command(o, why);
    case COMMAND_ANALYZE:
        return analyze_command(o, why);
    case COMMAND_MERGE:
        return merge_command(o, why);
    case COMMAND_FEED:
        return feed_command(o, why);
    case COMMAND_WORK:
        return work_command(o, why);
    case COMMAND_COLLECT:
        return collect_command(o, why);
    case COMMAND_REPORT:
        return report_command(o, why);
    case COMMAND_DIFF:
        return diff_command(o, why);
    case COMMAND_EXPLAIN:
        return explain_command(o, why);
    case COMMAND_SCHEMA:
        return schema_command(o, why);
    case COMMAND_PROBING_TXT:
        return probing_txt_command(o, why);
    case COMMAND_COUNT:
        break;
    }
    UNREACHABLE("unknown command");
}

static void say_notices(struct span lines)
{
    struct messages to_stderr;
    (void)messages_init(&to_stderr, NULL);
    while (lines.len > 0) {
        messages_say(&to_stderr, text_take_until(&lines, '\n'), 0);
    }
}

int main(int argc, char **argv)
{
    static struct options options; /* large, and lives as long as the process */
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    enum exit_code code = EXIT_CODE_USAGE;
    if (!standard_files_hold()) {
        return EXIT_CODE_FATAL;
    }
    machine_init();
    switch (options_read(&options, argc, argv, &why)) {
    case OPTIONS_RUN:
        say_notices(buf_span(&options.config.notices));
        if (option_files_usable(&options, &why)) {
            code = command_run(&options, &why);
        }
        break;
    case OPTIONS_HELP:
        help_put_overview(&text);
        code = print_text(&text, &why);
        break;
    case OPTIONS_HELP_COMMAND:
        help_put_command(&text, options.command);
        code = print_text(&text, &why);
        break;
    case OPTIONS_VERSION:
        buf_put_text(&text, "mxcensus " MXCENSUS_VERSION "\n");
        code = print_text(&text, &why);
        break;
    case OPTIONS_BAD:
        break;
    }
    if (why.len > 0) {
        struct messages to_stderr;
        (void)messages_init(&to_stderr, NULL);
        config_words_put_origin(&options, &why);
        messages_say(&to_stderr, buf_span(&why), 0);
    }
    buf_deinit(&text);
    buf_deinit(&why);
    return (int)code;
}
