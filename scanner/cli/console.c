#include "scanner/cli/console.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/cli/machine.h"
#include "scanner/pipeline/pipeline.h"
#include "scanner/pipeline/resolver_check.h"

static void say(void *arg, const char *line)
{
    struct console *c = arg;
    progress_output_clear_line(&c->progress);
    messages_say(&c->messages, span_of(line), clock_unix_ms());
}

static void console_show_progress(void *arg, const struct progress_snapshot *now, int64_t unix_ms)
{
    struct console *c = arg;
    progress_output_show(&c->progress, now, unix_ms);
}

static void keep_summary(void *arg, struct span text)
{
    struct console *c = arg;
    buf_put(&c->summary, text);
}

static void keep_findings(void *arg, const uint64_t count[SEVERITY_COUNT])
{
    struct console *c = arg;
    memcpy(c->findings, count, sizeof(c->findings));
}

static enum exit_code console_exit_code(enum scan_end end)
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
static bool prepare(struct console *c, struct options *o, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (!machine_fill(o, why) || !machine_read_stores(o, why) ||
        !machine_read_intermediates(o, why) || !machine_read_profiles(o, why) ||
        !machine_read_operators(o, why)) {
        return false;
    }
    p->terms.trust_ad = resolver_check_trust(p, p->trust_ad, &p->trust_ad_reason);
    if (!o->at_given) {
        p->terms.at = clock_unix_ms() / 1000;
    }
    if (!messages_init(&c->messages, p->log_path)) {
        buf_putf(why, "--log-file %s: %s", p->log_path, strerror(errno));
        return false;
    }
    return progress_output_init(&c->progress, p, why);
}

/** @return false with the reason when the limit of open files leaves no connection at all. */
static bool fit_descriptors(struct console *c, struct options *o, struct buf *why)
{
    const struct scan_params *p = &o->params;
    uint32_t needed = descriptors_needed(p->threads, p->name_server_count);
    uint64_t limit = machine_raise_descriptors();
    uint32_t fitting = descriptors_fit(p->concurrency, needed, limit);
    if (fitting == 0) {
        buf_putf(
            why,
            "only %llu files can be open, but --threads %u needs more than %u; raise 'ulimit -Hn'",
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
    o->params.policy_connections = descriptors_for_policies(p->concurrency, needed, limit);
    return fitting > 0;
}

/** Every thread works on servers of its own, so it needs a connection of its own. */
static void fit_threads(struct console *c, struct options *o)
{
    const struct scan_params *p = &o->params;
    if (p->threads > p->concurrency) {
        char line[120];
        (void)snprintf(line, sizeof(line),
                       "--threads %u is lowered to %u, because --concurrency is that low",
                       p->threads, p->concurrency);
        say(c, line);
        options_set_threads(o, p->concurrency);
    }
}

static bool reaches_severity(const struct console *c, const struct options *o)
{
    for (enum severity s = o->fail_on; o->fails && s < SEVERITY_COUNT; s++) {
        if (c->findings[s] > 0) {
            return true;
        }
    }
    return false;
}

void console_init(struct console *c)
{
    *c = (struct console){
        .messages = {.fd = STDERR_FILENO},
        .progress = {.status_fd = -1},
        .summary = BUF_INIT(BUF_NO_LIMIT),
    };
}

enum exit_code console_run_scan(struct console *c, struct options *o, struct buf *why)
{
    if (!prepare(c, o, why)) {
        return EXIT_CODE_USAGE;
    }
    if (!fit_descriptors(c, o, why)) {
        return EXIT_CODE_FATAL;
    }
    fit_threads(c, o);
    const struct pipeline_hooks hooks = {.arg = c,
                                         .progress = console_show_progress,
                                         .say = say,
                                         .summary = keep_summary,
                                         .findings = keep_findings};
    enum exit_code code = console_exit_code(pipeline_run(&o->params, &hooks));
    progress_output_clear_line(&c->progress);
    return code == EXIT_CODE_COMPLETE && reaches_severity(c, o) ? EXIT_CODE_FINDINGS : code;
}

void console_deinit(struct console *c)
{
    progress_output_deinit(&c->progress);
    buf_deinit(&c->summary);
    messages_deinit(&c->messages);
}
