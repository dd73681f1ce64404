#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scanner/base/check.h"
#include "scanner/cli/exit_code.h"
#include "scanner/cli/help.h"
#include "scanner/cli/machine.h"
#include "scanner/cli/messages.h"
#include "scanner/cli/options.h"
#include "scanner/cli/progress_output.h"
#include "scanner/pipeline/pipeline.h"

/* Parse the options, run the scan, tell how it ended; nothing else. */

struct console {
    struct messages messages;
    struct progress_output progress;
    struct buf summary;
};

static int64_t now_unix_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(void *arg, const char *line)
{
    struct console *c = arg;
    progress_output_clear_line(&c->progress);
    messages_say(&c->messages, span_of(line), now_unix_ms());
}

static void show_progress(void *arg, const struct progress_snapshot *now, int64_t unix_ms)
{
    struct console *c = arg;
    progress_output_show(&c->progress, now, unix_ms);
}

static void keep_summary(void *arg, struct span text)
{
    struct console *c = arg;
    buf_put(&c->summary, text);
}

/** @return the exit code of a text that was asked for. */
static enum exit_code print(struct buf *text)
{
    bool ok = fwrite(text->at, 1, text->len, stdout) == text->len && fflush(stdout) == 0;
    return ok ? EXIT_CODE_COMPLETE : EXIT_CODE_FATAL;
}

static enum exit_code exit_code_of(enum scan_end end)
{
    switch (end) {
    case SCAN_END_COMPLETE:
        return EXIT_CODE_COMPLETE;
    case SCAN_END_FATAL:
        return EXIT_CODE_FATAL;
    case SCAN_END_USAGE:
        return EXIT_CODE_USAGE;
    case SCAN_END_ROWS_LOST:
        return EXIT_CODE_ROWS_LOST;
    case SCAN_END_SIGINT:
        return EXIT_CODE_SIGINT;
    case SCAN_END_SIGTERM:
        return EXIT_CODE_SIGTERM;
    }
    UNREACHABLE("scan_end");
}

/** What could go wrong on this machine is found before the first question is asked. */
static bool prepare(struct options *o, struct console *c, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (!machine_fill(o, why)) {
        return false;
    }
    if (!messages_init(&c->messages, p->log_path)) {
        buf_putf(why, "--log-file %s: %s", p->log_path, strerror(errno));
        return false;
    }
    return progress_output_init(&c->progress, p, why);
}

/** @return false with the reason when the limit of open files leaves no connection at all. */
static bool fit_descriptors(struct options *o, struct console *c, struct buf *why)
{
    const struct scan_params *p = &o->params;
    uint32_t needed = descriptors_needed(p->threads, p->name_server_count);
    uint64_t limit = machine_raise_descriptors();
    uint32_t fitting = descriptors_fit(p->concurrency, needed, limit);
    if (fitting == 0) {
        buf_putf(why,
                 "only %llu files can be open, --threads %u needs more than %u; raise "
                 "'ulimit -Hn'",
                 (unsigned long long)limit, p->threads, needed);
    } else if (fitting < p->concurrency) {
        char line[160];
        (void)snprintf(line, sizeof(line),
                       "only %llu files can be open: --concurrency %u is lowered to %u; raise "
                       "'ulimit -Hn' for more",
                       (unsigned long long)limit, p->concurrency, fitting);
        say(c, line);
        options_set_concurrency(o, fitting);
    }
    return fitting > 0;
}

/** Every thread works on servers of its own, so it needs a connection of its own. */
static void fit_threads(struct options *o, struct console *c)
{
    const struct scan_params *p = &o->params;
    if (p->threads > p->concurrency) {
        char line[120];
        (void)snprintf(line, sizeof(line),
                       "--threads %u is lowered to %u, which is all that --concurrency leaves",
                       p->threads, p->concurrency);
        say(c, line);
        options_set_threads(o, p->concurrency);
    }
}

static enum exit_code run(struct options *o, struct console *c, struct buf *why)
{
    if (!prepare(o, c, why)) {
        return EXIT_CODE_USAGE;
    }
    if (!fit_descriptors(o, c, why)) {
        return EXIT_CODE_FATAL;
    }
    fit_threads(o, c);
    const struct pipeline_hooks hooks = {
        .arg = c, .progress = show_progress, .say = say, .summary = keep_summary};
    return exit_code_of(pipeline_run(&o->params, &hooks));
}

static enum exit_code scan(struct options *o, struct buf *why)
{
    struct console c = {.progress = {.status_fd = -1}, .summary = BUF_INIT(BUF_NO_LIMIT)};
    enum exit_code code = run(o, &c, why);
    progress_output_deinit(&c.progress);
    if (c.summary.len > 0 && !o->params.quiet && code != EXIT_CODE_USAGE) {
        (void)fwrite(c.summary.at, 1, c.summary.len, stderr);
    }
    buf_deinit(&c.summary);
    messages_deinit(&c.messages);
    return code;
}

int main(int argc, char **argv)
{
    static struct options options; /* large, and lives as long as the process */
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    enum exit_code code = EXIT_CODE_USAGE;
    switch (options_read(&options, argc, argv, &why)) {
    case OPTIONS_RUN:
        if (options.command == COMMAND_SCAN) {
            code = scan(&options, &why);
        } else {
            buf_put_text(&why, "this command is not available in this version");
        }
        break;
    case OPTIONS_HELP:
        help_put_overview(&text);
        code = print(&text);
        break;
    case OPTIONS_HELP_COMMAND:
        help_put_command(&text, options.command);
        code = print(&text);
        break;
    case OPTIONS_VERSION:
        buf_put_text(&text, "mxcensus " MXCENSUS_VERSION "\n");
        code = print(&text);
        break;
    case OPTIONS_BAD:
        break;
    }
    if (why.len > 0) {
        (void)fprintf(stderr, "mxcensus: %.*s\n", (int)why.len, (const char *)why.at);
    }
    buf_deinit(&text);
    buf_deinit(&why);
    return code;
}
