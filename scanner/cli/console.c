#include "scanner/cli/console.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/cli/config_words.h"
#include "scanner/cli/machine.h"
#include "scanner/cli/self_test.h"
#include "scanner/cli/shard_option.h"
#include "scanner/pipeline/input_look.h"
#include "scanner/pipeline/looking.h"
#include "scanner/pipeline/pipeline.h"
#include "scanner/pipeline/remembering.h"

static void say(void *arg, const char *line)
{
    struct console *c = arg;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&text, line);
    config_words_put_origin_first(c->options, &text);
    progress_output_clear_line(&c->progress);
    messages_say(&c->messages, buf_span(&text), clock_unix_ms());
    buf_deinit(&text);
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

static void keep_counts(void *arg, const struct scan_counts *counts)
{
    struct console *c = arg;
    memcpy(c->effects, counts->effect, sizeof(c->effects));
    for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
        c->findings[s] = 0;
        for (unsigned code = 0; code < FINDING_COUNT; code++) {
            c->findings[s] += counts->finding[code][s];
        }
    }
    memcpy(c->findings_no_mail, counts->finding_no_mail, sizeof(c->findings_no_mail));
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
    case SCAN_END_SAYS_NOTHING:
    case SCAN_END_OUTAGE:
        return EXIT_CODE_SAYS_NOTHING;
    case SCAN_END_READER_GONE:
        return EXIT_CODE_SIGPIPE;
    case SCAN_END_SIGINT:
        return EXIT_CODE_SIGINT;
    case SCAN_END_SIGTERM:
        return EXIT_CODE_SIGTERM;
    }
    UNREACHABLE("scan_end");
}

/** A scan that goes on has them from its directory. */
static bool read_terms(struct options *o, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (!machine_read_stores(o, why) || !machine_read_intermediates(o, why) ||
        !machine_read_profiles(o, why) || !machine_read_operators(o, why) ||
        !machine_read_shared_operators(o, why)) {
        return false;
    }
    if (!o->at_given) {
        p->terms.at = clock_unix_ms() / 1000;
    }
    return true;
}

/* Few servers mind a client without a name that connects once; a scan meets those that do, and has to say who it is. */
static bool fill_ehlo(struct console *c, struct options *o, struct buf *why)
{
    if (machine_fill_ehlo_domain(o, why)) {
        return true;
    }
    if (o->command != COMMAND_CHECK || o->strict_vantage || !machine_fill_ehlo_literal(o)) {
        return false;
    }
    buf_reset(why);
    if (!o->only_troubled) {
        char line[400];
        (void)snprintf(line, sizeof(line),
                       "this host has no fully qualified name, so EHLO says its address, %s (RFC "
                       "5321 section 4.1.4); some servers turn such clients away: give a name with "
                       "--ehlo-domain",
                       o->params.ehlo_domain);
        say(c, line);
    }
    return true;
}

/* A new file is made at once, so that two scans do not both make it; but not for a scan that is only tried. */
static bool open_memory(struct console *c, struct options *o, struct buf *why)
{
    bool none = o->memory_path == NULL ||
                (o->dry_run && access(o->memory_path, F_OK) != 0 && errno == ENOENT);
    c->memory = none ? NULL : remembering_open(o->memory_path, why);
    o->params.memory = c->memory;
    return none || c->memory != NULL;
}

/** What could go wrong on this machine is found before the first question is asked. */
static bool prepare(struct console *c, struct options *o, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (!input_look(p, why) || !pipeline_look(p, &c->blocklist, why) || !machine_fill(o, why) ||
        (p->resume == NULL && !read_terms(o, why))) {
        return false;
    }
    /* What is only tried is told to whoever tries it. */
    if (!messages_init(&c->messages, o->dry_run ? NULL : p->log_path)) {
        buf_putf(why, "--log-file %s: %s", p->log_path, strerror(errno));
        return false;
    }
    return open_memory(c, o, why) && fill_ehlo(c, o, why);
}

/** @return false with the reason when the limit of open files leaves no connection at all. */
static bool fit_descriptors(struct options *o, uint64_t limit, struct buf *why)
{
    const struct scan_params *p = &o->params;
    uint32_t needed = descriptors_needed(p->threads, p->name_server_count);
    uint32_t fitting = descriptors_fit(p->concurrency, needed, limit);
    if (fitting == 0) {
        buf_putf(why,
                 "only %llu files can be open, but %s %u needs more than %u; raise 'ulimit -Hn'",
                 (unsigned long long)limit,
                 p->fleet != NULL ? "a member with a thread for each of its parts," : "--threads",
                 p->threads, needed);
    } else if (fitting < p->concurrency) {
        options_set_concurrency(o, fitting);
    }
    o->params.policy_connections = descriptors_for_policies(p->concurrency, needed, limit);
    return fitting > 0;
}

/* Threads of a member are as many as it has parts, and each has its share of a limit.
 * @return false with one line in `why` */
static bool limits_can_be_divided(const struct scan_params *p, struct buf *why)
{
    bool by_dns = p->dns_rate != 0 && p->dns_rate < p->threads;
    if (by_dns || p->concurrency < p->threads) {
        buf_putf(why,
                 "%s %u is less than the parts of this member, %u, of which each needs one: raise "
                 "it, or feed with fewer --partitions or more --members",
                 by_dns ? "--dns-rate-limit" : "--concurrency",
                 by_dns ? p->dns_rate : p->concurrency, p->threads);
        return false;
    }
    return true;
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

static void tell_shard(struct console *c, const struct options *o)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (!o->params.quiet && shard_option_put(&o->params, &line)) {
        buf_put_char(&line, '\0');
        say(c, (const char *)line.at);
    }
    buf_deinit(&line);
}

static enum exit_code exit_code_of_vantage(enum vantage_end end)
{
    switch (end) {
    case VANTAGE_GO:
        return EXIT_CODE_COMPLETE;
    case VANTAGE_CANNOT_SCAN:
        return EXIT_CODE_FATAL;
    case VANTAGE_USAGE:
        return EXIT_CODE_USAGE;
    case VANTAGE_SAYS_NOTHING:
        return EXIT_CODE_SAYS_NOTHING;
    }
    UNREACHABLE("vantage_end");
}

static void leave_out_resolvers(struct options *o, const struct vantage_verdict *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->params.name_server_count; i++) {
        if (i >= VANTAGE_SERVERS_MAX || !v->resolver_denies[i]) {
            o->name_servers[kept++] = o->name_servers[i];
        }
    }
    o->params.name_server_count = kept;
}

/** Says what is bad about this place, and has the scan know it. @return COMPLETE, or with the reason when it is no
 * place to scan from */
static enum exit_code test_vantage(struct console *c, struct options *o, uint32_t concurrency_asked,
                                   uint64_t descriptor_limit, struct buf *why)
{
    struct scan_params *p = &o->params;
    const struct vantage_verdict *v = &c->vantage;
    self_test_run(o, concurrency_asked, descriptor_limit, &c->vantage);
    for (size_t i = 0; i < v->count; i++) {
        if (v->line[i].result == VANTAGE_WARNING &&
            (v->end == VANTAGE_GO || v->end == VANTAGE_SAYS_NOTHING)) {
            say(c, v->line[i].text);
        }
    }
    if (v->end != VANTAGE_GO) {
        buf_put_text(why, v->why);
        return exit_code_of_vantage(v->end);
    }
    leave_out_resolvers(o, v);
    p->vantage = v;
    p->use_ipv4 = v->ipv4;
    p->use_ipv6 = v->ipv6;
    if (p->resume == NULL) { /* else as it was */
        p->terms.trust_ad = v->trust_ad;
    }
    return EXIT_CODE_COMPLETE;
}

/* What --fail-on names, or worse. A domain that is set up for no mail has nothing to be mended: its findings are not those
 * that somebody waits for. */
static bool console_fails(const struct console *c, const struct options *o)
{
    for (unsigned e = EFFECT_NONE + 1; e <= o->fail_on_effect; e++) {
        if (c->effects[e] > 0) {
            return true;
        }
    }
    for (unsigned s = o->fail_on; o->fails && s < SEVERITY_COUNT; s++) {
        if (c->findings[s] > c->findings_no_mail[s]) {
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

static enum exit_code run_tested(struct console *c, const struct options *o, struct buf *why)
{
    struct blocklist *blocklist = c->blocklist;
    if (!progress_output_open_status(&c->progress, why)) {
        return EXIT_CODE_USAGE;
    }
    const struct pipeline_hooks hooks = {.arg = c,
                                         .progress = console_show_progress,
                                         .say = say,
                                         .summary = keep_summary,
                                         .counts = keep_counts};
    c->blocklist = NULL;
    enum exit_code code = console_exit_code(pipeline_run(&o->params, blocklist, &hooks));
    progress_output_clear_line(&c->progress);
    return code == EXIT_CODE_COMPLETE && console_fails(c, o) ? EXIT_CODE_FINDINGS : code;
}

enum exit_code console_run_scan(struct console *c, struct options *o, struct buf *why)
{
    c->options = o;
    if (!prepare(c, o, why)) {
        return EXIT_CODE_USAGE;
    }
    uint64_t descriptor_limit = machine_raise_descriptors();
    uint32_t concurrency_asked = o->params.concurrency;
    if (!fit_descriptors(o, descriptor_limit, why)) {
        return EXIT_CODE_FATAL;
    }
    if (o->params.fleet != NULL && !limits_can_be_divided(&o->params, why)) {
        return EXIT_CODE_USAGE;
    }
    fit_threads(c, o);
    tell_shard(c, o);
    if (o->dry_run) {
        enum input_rehearsal lists = input_rehearse(&o->params, say, c, why);
        if (lists != INPUT_TAKEN) {
            return lists == INPUT_REFUSED ? EXIT_CODE_USAGE : EXIT_CODE_FATAL;
        }
        enum exit_code looked = test_vantage(c, o, concurrency_asked, descriptor_limit, why);
        if (looked == EXIT_CODE_COMPLETE && !o->params.quiet) {
            say(c, "nothing keeps this scan from running; it was not begun (--dry-run)");
        }
        return looked;
    }
    if (!progress_output_init(&c->progress, &o->params, clock_unix_ms(), why)) {
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = test_vantage(c, o, concurrency_asked, descriptor_limit, why);
    progress_output_set_self_test(&c->progress, &c->vantage);
    if (code == EXIT_CODE_COMPLETE) {
        code = run_tested(c, o, why);
    }
    progress_output_end(&c->progress, (int)code,
                        code == EXIT_CODE_COMPLETE || code == EXIT_CODE_FINDINGS, c->findings,
                        clock_unix_ms());
    return code;
}

void console_deinit(struct console *c)
{
    progress_output_deinit(&c->progress);
    vantage_verdict_deinit(&c->vantage);
    blocklist_free(c->blocklist);
    remembering_close(c->memory);
    buf_deinit(&c->summary);
    messages_deinit(&c->messages);
}
