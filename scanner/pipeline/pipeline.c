#include "scanner/pipeline/pipeline.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/closing.h"
#include "scanner/pipeline/completing.h"
#include "scanner/pipeline/ending.h"
#include "scanner/pipeline/judge.h"
#include "scanner/pipeline/member.h"
#include "scanner/pipeline/policy_thread.h"
#include "scanner/pipeline/remembering.h"
#include "scanner/pipeline/resume.h"
#include "scanner/pipeline/scan_state.h"
#include "scanner/replay/outages.h"
#include "scanner/report/known_intermediates.h"
#include "scanner/shipped/shipped_intermediates.h"

#define GIVE_BACK_MS      30000
#define LOOK_MS           20 /* how often the end and the closing of blocks are looked for */
#define PROGRESS_MS       1000
#define DRAIN_MS          60000 /* after a signal; design section 4 */
#define WORKERS_PER_JUDGE 4
#define LEAVE_MS          2000 /* for a thread to end, when the scan has to; our own bound */

struct coordinator {
    struct scan_counts *counts;                  /* of the whole scan, filled at its end */
    struct manifest_intermediates intermediates; /* the same */
    struct scan scan;
    struct scan_params params;       /* as given, with what is made of it */
    struct intermediate_pool *known; /* of its terms */
    struct reader reader;
    struct writer writer;
    const struct pipeline_hooks *hooks;
    uv_loop_t loop;
    uv_timer_t look;
    uv_signal_t interrupt;
    uv_signal_t terminate;
    uint64_t started_ms; /* of the loop's clock */
    uint64_t progress_due_ms;
    uint64_t give_back_due_ms;
    uint64_t drain_until_ms;
    bool spool_was_full;
    struct ending ending;
    struct watchdog watchdog;
    uint64_t leave_at_ms; /* the thread that is waited for; 0: not yet decided */
    bool at_once;         /* a second signal, or no more time: nothing holds the end up */
    bool completing;      /* what comes behind the last line is under way */
    bool thread_left;     /* one did not end: what it may look at stays */
    bool writer_failed;
    bool over;
};

/* --- progress ------------------------------------------------------------------------------ */

static void show_progress(struct coordinator *c)
{
    struct progress_snapshot s = scan_snapshot(&c->scan, &c->reader, &c->writer);
    s.elapsed_ms = uv_now(&c->loop) - c->started_ms;
    s.draining = c->ending.signal != 0;
    c->hooks->progress(c->hooks->arg, &s, clock_unix_ms());
}

/* --- messages to all ----------------------------------------------------------------------- */

static void post_to_workers(struct scan *s, const struct buf *message)
{
    for (uint32_t i = 0; i < s->worker_count; i++) {
        struct buf copy = BUF_INIT(BUF_NO_LIMIT);
        buf_put(&copy, buf_span(message));
        mailbox_post(&s->workers[i]->mailbox, &copy);
        buf_deinit(&copy);
    }
}

static void post_stop(struct mailbox *m)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct message_stop stop = {0};
    message_put_stop(&out, &stop);
    mailbox_post(m, &out);
    buf_deinit(&out);
}

static void post_block_close(struct scan *s, uint32_t block, uint32_t may_come)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct message_block_close m = {.block = block, .may_come = may_come};
    message_put_block_close(&out, &m);
    post_to_workers(s, &out);
    buf_deinit(&out);
}

static void close_blocks(struct coordinator *c)
{
    uint32_t block = 0;
    uint32_t lines = 0;
    struct member *member = c->scan.member;
    while (admission_close_block(&c->scan.admission, uv_hrtime() / 1000000, &block)) {
        if (member == NULL) { /* else it closes when all have settled it */
            post_block_close(&c->scan, block, 0);
        }
    }
    if (member != NULL) {
        member_look(member, atomic_load(&c->reader.reached_end),
                    scan_progress(&c->scan, &c->reader, &c->writer));
        return;
    }
    /* Names with rows have their places among those that are dialled. */
    while (c->scan.resume == NULL && admission_block_ahead(&c->scan.admission, &block, &lines)) {
        post_block_close(&c->scan, block, lines * MX_MAX);
    }
    admission_look_again(&c->scan.admission);
}

/* --- progress that does not come ----------------------------------------------------------- */

static void end_loop(struct coordinator *c)
{
    if (!c->over) {
        c->over = true;
        uv_stop(&c->loop);
    }
}

/* Nothing holds the end up. */
static void end_at_once(struct coordinator *c)
{
    c->at_once = true;
    admission_stop(&c->scan.admission);
    end_loop(c);
}

/* A member waits for all others; but who feeds may begin when it likes. */
static bool waits_for_something(struct coordinator *c, bool idle, bool others)
{
    return c->scan.member != NULL ? (!idle || others) && member_is_fed(c->scan.member) : !idle;
}

static void watch(struct coordinator *c, bool waits)
{
    uint64_t progress = scan_progress(&c->scan, &c->reader, &c->writer);
    progress += c->scan.member != NULL ? member_progress_of_others(c->scan.member) : 0;
    waits = waits && !atomic_load_explicit(&c->writer.busy, memory_order_relaxed) &&
            (c->scan.member == NULL || !member_is_held_up(c->scan.member));
    enum watchdog_step step = watchdog_look(&c->watchdog, uv_now(&c->loop), waits, progress);
    if (step == WATCHDOG_QUIET) {
        return;
    }
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct watchdog_waits counts = scan_waits(&c->scan);
    counts.members = c->scan.member != NULL ? member_count_busy(c->scan.member) : 0;
    watchdog_put_text(&out, &c->watchdog, step, &counts);
    buf_put_char(&out, '\0');
    c->hooks->say(c->hooks->arg, (const char *)out.at);
    buf_reset(&out);
    if (step == WATCHDOG_GIVE_UP) {
        struct message_give_up m = {0};
        message_put_give_up(&out, &m);
        post_to_workers(&c->scan, &out);
    } else {
        c->ending.stuck = true;
        end_at_once(c);
    }
    buf_deinit(&out);
}

/* --- weather -------------------------------------------------------------------------------- */

static void tell_weather(struct coordinator *c, struct buf *said)
{
    if (said->len > 0 && c->params.output_dir != NULL) {
        (void)closing_note_outages(&c->scan.weather, c->params.output_dir);
    }
    for (size_t at = 0; at < said->len; at += strlen((const char *)said->at + at) + 1) {
        c->hooks->say(c->hooks->arg, (const char *)said->at + at);
    }
    buf_deinit(said);
}

static void look_at_weather(struct coordinator *c)
{
    struct buf said = BUF_INIT(BUF_NO_LIMIT);
    bool holds =
        weather_station_look(&c->scan.weather, uv_hrtime() / 1000000, clock_unix_ms(), &said);
    admission_pause(&c->scan.admission, holds);
    tell_weather(c, &said);
}

static void end_weather(struct coordinator *c)
{
    struct buf said = BUF_INIT(BUF_NO_LIMIT);
    weather_station_end(&c->scan.weather, uv_hrtime() / 1000000, clock_unix_ms(), &said);
    tell_weather(c, &said);
    c->ending.outage_lasts = weather_station_gave_up(&c->scan.weather);
}

/* They belong to the whole scan. */
static void restore_outages(struct coordinator *c)
{
    struct manifest_outage o;
    for (size_t i = 0; outages_next(c->params.resume, &i, &o);) {
        const struct outage_record record = {.from_unix_ms = o.from_unix_ms,
                                             .to_unix_ms = o.to_unix_ms,
                                             .asked_again = o.asked_again};
        weather_station_restore(&c->scan.weather, o.what, &record);
    }
}

/* --- the end ------------------------------------------------------------------------------- */

static void look_for_failure(struct coordinator *c)
{
    if (!c->writer_failed && atomic_load_explicit(&c->writer.failed, memory_order_relaxed)) {
        c->writer_failed = true; /* what cannot be written need not be asked of anybody */
        admission_stop(&c->scan.admission);
        end_loop(c);
    }
}

static void look_for_fleet(struct coordinator *c)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    if (c->scan.member != NULL && !c->ending.fleet_lost && member_is_lost(c->scan.member, &why)) {
        buf_put_char(&why, '\0');
        c->hooks->say(c->hooks->arg, (const char *)why.at);
        c->ending.fleet_lost = true;
        end_at_once(c);
    }
    buf_deinit(&why);
}

static void look_for_memory(struct coordinator *c)
{
    if (!c->ending.out_of_memory && memory_is_low()) {
        c->hooks->say(c->hooks->arg,
                      "out of memory: the scan ends, lines without a row are unfinished");
        c->ending.out_of_memory = true;
        end_at_once(c);
    }
}

static void look_for_spool(struct coordinator *c)
{
    if (!c->spool_was_full &&
        atomic_load_explicit(&c->scan.spool_budget.full, memory_order_relaxed)) {
        c->hooks->say(
            c->hooks->arg,
            "domains that wait cannot be put aside (--spool-max, TMPDIR): reading pauses while "
            "very many do");
        c->spool_was_full = true;
    }
}

static void pipeline_on_look(uv_timer_t *timer)
{
    struct coordinator *c = timer->data;
    uint64_t now = uv_now(&c->loop);
    reader_say_notices(&c->reader, c->hooks->say, c->hooks->arg);
    if (c->scan.member != NULL) {
        member_say_notices(c->scan.member, c->hooks->say, c->hooks->arg);
    }
    look_at_weather(c);
    close_blocks(c);
    look_for_failure(c);
    look_for_memory(c);
    look_for_fleet(c);
    look_for_spool(c);
    if (now >= c->progress_due_ms) {
        c->progress_due_ms = now + PROGRESS_MS;
        show_progress(c);
    }
    if (now >= c->give_back_due_ms) {
        c->give_back_due_ms = now + GIVE_BACK_MS;
        memory_give_back();
    }
    bool no_more_input = atomic_load(&c->reader.ended) || c->ending.signal != 0;
    /* A line that was admitted and not sent yet is no item, but it has its credit. */
    bool idle = admission_is_empty(&c->scan.admission) &&
                atomic_load_explicit(&c->scan.open_items, memory_order_acquire) == 0;
    bool others = c->scan.member != NULL && !member_is_over(c->scan.member);
    bool drained = c->ending.signal != 0 && now >= c->drain_until_ms;
    c->at_once = c->at_once || drained;
    if ((no_more_input && idle && (!others || c->ending.signal != 0)) || drained) {
        c->ending.lines_done = idle && atomic_load(&c->reader.ended) &&
                               atomic_load(&c->reader.reached_end) && !c->reader.failed;
        end_loop(c);
    } else if (!c->over) {
        watch(c, waits_for_something(c, idle, others));
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct coordinator *c = handle->data;
    if (c->ending.signal != 0) { /* the second one: at once, with whole rows all the same */
        c->at_once = true;
        end_loop(c);
        return;
    }
    c->ending.signal = number;
    c->drain_until_ms = uv_now(&c->loop) + DRAIN_MS;
    if (c->over) { /* nothing is left but completions */
        c->ending.cut_short = c->completing;
        return;
    }
    if (c->scan.member != NULL) { /* no row of its lines will help anybody */
        c->hooks->say(c->hooks->arg,
                      c->scan.admission.of_fleet
                          ? "stopping: its place is free for another mxcensus work, which goes on "
                            "with its lines"
                          : "stopping: its place is another member's");
        end_at_once(c);
        return;
    }
    admission_stop(&c->scan.admission);
    c->hooks->say(c->hooks->arg, "stopping: unfinished work may go on for at most 60 s; "
                                 "a second signal stops at once");
}

/* --- set-up -------------------------------------------------------------------------------- */

static bool is_same_list(const struct manifest_input *now, const struct manifest_input *then)
{
    return now->is_file && then->is_file && now->octets == then->octets &&
           memcmp(now->sha256, then->sha256, sizeof(now->sha256)) == 0;
}

/* A scan goes on with the lists that it began with. */
static bool are_same_inputs(const struct input_lists *now, const struct results *then,
                            struct buf *error)
{
    for (size_t i = 0; i < now->count && i < then->input_count; i++) {
        if (!is_same_list(&now->told[i], &then->inputs[i])) {
            buf_putf(error,
                     "%s: not the list that the scan in %s began with: its length or SHA-256 is "
                     "different",
                     now->paths[i], then->path);
            return false;
        }
    }
    if (now->count != then->input_count) {
        buf_putf(error, "%zu lists, but the scan in %s began with %zu", now->count, then->path,
                 then->input_count);
    }
    return now->count == then->input_count;
}

static void say_failed(const struct coordinator *c, const char *what, const char *instead)
{
    struct buf said = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&said, "%s: the self-test with %s failed; %s", what, tls_library_version(), instead);
    buf_put_char(&said, '\0');
    c->hooks->say(c->hooks->arg, (const char *)said.at);
    buf_deinit(&said);
}

/* A lever that does not work here is off: what is used instead shows the same, or more. */
static void try_levers(struct coordinator *c)
{
    struct tls_context *tls = tls_context_new(true); /* as workers do */
    for (size_t i = 0; tls_context_failed_lever(tls, i) != NULL; i++) {
        say_failed(c, tls_context_failed_lever(tls, i),
                   "OpenSSL's own way is taken, which costs more and shows the same");
    }
    if (c->params.probes.no_sni_short && !tls_context_enable_short_handshakes(tls)) {
        say_failed(c, "--probes no-sni-short", "whole handshakes are made instead, as with no-sni");
        c->params.probes.no_sni_short = false;
        c->params.probes.no_sni = true;
    }
    tls_context_free(tls);
}

/* @return false with *end set and one line said. */
static bool open_inputs(struct coordinator *c, struct public_suffixes **suffixes,
                        const struct blocklist *blocklist, enum scan_end *end)
{
    const struct scan_params *p = c->scan.params;
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    bool usage = true;
    *end = SCAN_END_USAGE;
    *suffixes = public_suffixes_load(NULL);
    if (*suffixes == NULL) {
        *end = SCAN_END_FATAL;
        buf_put_text(&error, "no public suffix list; install the package publicsuffix");
        goto failed;
    }
    c->known = known_intermediates_new(p->intermediates, p->intermediates_count, &error);
    if (c->known == NULL) {
        *end = SCAN_END_FATAL;
        goto failed;
    }
    c->params.terms.known = c->known;
    c->scan.suffixes = *suffixes;
    c->scan.dial = (struct dial_rules){.blocklist = blocklist,
                                       .allow_special_addresses = c->params.allow_special_addresses,
                                       .ipv4 = c->params.use_ipv4,
                                       .ipv6 = c->params.use_ipv6};
    if (!reader_open(&c->reader, &c->scan, &error)) {
        goto failed;
    }
    if (p->resume != NULL && !are_same_inputs(&c->reader.lists, p->resume, &error)) {
        reader_deinit(&c->reader);
        goto failed;
    }
    if (!writer_open(&c->writer, &c->scan, &error, &usage)) {
        *end = usage ? SCAN_END_USAGE : SCAN_END_FATAL;
        reader_deinit(&c->reader);
        goto failed;
    }
    buf_deinit(&error);
    return true;
failed:
    buf_put_char(&error, '\0');
    c->hooks->say(c->hooks->arg, (const char *)error.at);
    buf_deinit(&error);
    intermediate_pool_free(c->known);
    public_suffixes_free(*suffixes);
    return false;
}

static void start_threads(struct coordinator *c)
{
    struct scan *s = &c->scan;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        s->workers[i] = memory_new(1, sizeof(struct worker));
        worker_init(s->workers[i], s, i);
    }
    for (uint32_t i = 0; i < s->judge_count; i++) {
        s->judges[i] = memory_new(1, sizeof(struct judge));
        judge_init(s->judges[i], s, i);
    }
    s->policies = s->params->fetch_policies ? policy_thread_new(s) : NULL;
    if (s->member != NULL) {
        member_start(s->member, s->policies != NULL ? policy_thread_mailbox(s->policies) : NULL);
    }
    writer_start(&c->writer);
    for (uint32_t i = 0; i < s->judge_count; i++) {
        judge_start(s->judges[i]);
    }
    if (s->policies != NULL) {
        policy_thread_start(s->policies);
    }
    for (uint32_t i = 0; i < s->worker_count; i++) {
        worker_start(s->workers[i]);
    }
    reader_start(&c->reader);
}

static bool is_whole(const struct coordinator *c)
{
    return !ending_is_interrupted(&c->ending) && !c->ending.stuck && !c->ending.out_of_memory &&
           !c->ending.fleet_lost && !c->writer_failed && atomic_load(&c->reader.ended) &&
           !c->reader.failed;
}

/* Progress, failures and signals while the loop does not run by itself. */
static bool pipeline_look_around(void *arg)
{
    struct coordinator *c = arg;
    (void)uv_run(&c->loop, UV_RUN_NOWAIT);
    if (c->ending.signal != 0 && (c->at_once || uv_now(&c->loop) >= c->drain_until_ms)) {
        c->ending.cut_short = true;
    }
    return !ending_is_interrupted(&c->ending) && !c->writer_failed;
}

/* Signals have their usual effect again. */
static void stop_watching_signals(struct coordinator *c)
{
    (void)uv_signal_stop(&c->interrupt);
    (void)uv_signal_stop(&c->terminate);
}

/* Signals are heard while a thread is waited for. One that sits in a library is left there when the scan has
 * to end: what it held is lost, whole rows of the others are not. */
static bool be_patient(void *arg)
{
    struct coordinator *c = arg;
    (void)uv_run(&c->loop, UV_RUN_NOWAIT);
    if (!c->at_once && !c->watchdog.gave_up) {
        return true;
    }
    c->leave_at_ms = c->leave_at_ms != 0 ? c->leave_at_ms : uv_now(&c->loop) + LEAVE_MS;
    return uv_now(&c->loop) < c->leave_at_ms;
}

static void note_end_of_thread(struct coordinator *c, bool ended)
{
    c->leave_at_ms = 0;
    c->thread_left = c->thread_left || !ended;
}

/* In the order of the flow, so that everything that was posted is worked on. */
static void stop_threads(struct coordinator *c)
{
    const struct join_patience patience = {.go_on = be_patient, .arg = c};
    struct scan *s = &c->scan;
    reader_halt(&c->reader);
    reader_say_notices(&c->reader, c->hooks->say, c->hooks->arg);
    if (atomic_load(&c->reader.ended) || s->admission.input_is_file) { /* else it may be blocked */
        reader_join(&c->reader);
    }
    for (uint32_t i = 0; i < s->worker_count; i++) {
        post_stop(&s->workers[i]->mailbox);
    }
    for (uint32_t i = 0; i < s->worker_count; i++) {
        s->workers[i]->left = !worker_join(s->workers[i], &patience);
        note_end_of_thread(c, !s->workers[i]->left);
    }
    if (s->policies != NULL) {
        post_stop(policy_thread_mailbox(s->policies));
        note_end_of_thread(c, policy_thread_join(s->policies, &patience));
    }
    for (uint32_t i = 0; i < s->judge_count; i++) {
        post_stop(&s->judges[i]->mailbox);
        note_end_of_thread(c, judge_join(s->judges[i], &patience));
    }
    if (is_whole(c)) { /* an interrupted scan has not met all intermediates yet */
        bool problems_whole = true;
        struct completing how = {.counts = c->counts,
                                 .known = c->known,
                                 .go_on = pipeline_look_around,
                                 .arg = c,
                                 .problems_whole = &problems_whole,
                                 .problems_why = &c->ending.problems_why};
        c->completing = true;
        c->intermediates = (s->member != NULL ? completing_run_member : completing_run)(s, &how);
        c->completing = false;
        c->ending.completions_missing = !c->intermediates.whole && is_whole(c);
        c->ending.problems_missing = !problems_whole && is_whole(c);
    }
    if (c->at_once) {
        stop_watching_signals(c); /* a disk that does not answer: a further one ends us */
    }
    post_stop(&s->writer);
    writer_join(&c->writer);
}

/* Before there is anything to lose: from here on a signal ends the scan in order. */
static void open_loop(struct coordinator *c)
{
    CHECK(uv_loop_init(&c->loop) == 0);
    CHECK(uv_timer_init(&c->loop, &c->look) == 0);
    CHECK(uv_signal_init(&c->loop, &c->interrupt) == 0);
    CHECK(uv_signal_init(&c->loop, &c->terminate) == 0);
    c->look.data = c;
    c->interrupt.data = c;
    c->terminate.data = c;
    CHECK(uv_signal_start(&c->interrupt, on_signal, SIGINT) == 0);
    CHECK(uv_signal_start(&c->terminate, on_signal, SIGTERM) == 0);
}

static void run_loop(struct coordinator *c)
{
    CHECK(uv_timer_start(&c->look, pipeline_on_look, LOOK_MS, LOOK_MS) == 0);
    uv_update_time(&c->loop);
    c->started_ms = uv_now(&c->loop);
    c->progress_due_ms = c->started_ms + PROGRESS_MS;
    c->give_back_due_ms = c->started_ms + GIVE_BACK_MS;
    c->watchdog = watchdog_new(watchdog_limit_ms(c->scan.params), c->started_ms);
    (void)uv_run(&c->loop, UV_RUN_DEFAULT);
}

static void close_loop(struct coordinator *c)
{
    uv_close((uv_handle_t *)&c->look, NULL);
    uv_close((uv_handle_t *)&c->interrupt, NULL);
    uv_close((uv_handle_t *)&c->terminate, NULL);
    CHECK(uv_run(&c->loop, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&c->loop) == 0);
}

/* @return false: nothing can be written */
static bool prepare_results(struct coordinator *c, int64_t started)
{
    const struct closing_facts facts = {
        .scan = &c->scan,
        .reader = &c->reader,
        .writer = &c->writer,
        .counts = c->counts,
        .intermediates = {.shipped = shipped_intermediates_name(),
                          .files = c->params.intermediates,
                          .file_count = c->params.intermediates_count,
                          .known = intermediate_pool_count(c->known)},
        .memory = remembering_used(c->params.memory),
        .started_unix_ms = started,
        .ended_unix_ms = started,
    };
    return closing_prepare(&facts);
}

static enum scan_end close_results(struct coordinator *c, int64_t started, int64_t started_boot)
{
    struct scan *s = &c->scan;
    struct scan_counts *counts = c->counts;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        if (!s->workers[i]->left) {
            counts_merge(counts, &s->workers[i]->counts);
        }
    }
    for (uint32_t i = 0; i < s->judge_count; i++) {
        counts_merge(counts, &s->judges[i]->counts);
    }
    if (s->resume != NULL) {
        counts_merge(counts, restored_counts(s->resume->restored));
    }
    end_weather(c);
    bool whole = !atomic_load(&c->writer.failed);
    const char *reason = ending_reason(&c->ending, whole);
    whole = writer_finish(&c->writer, reason == NULL) && whole;
    c->ending.reader_gone = writer_reader_is_gone(&c->writer);
    int64_t ended = clock_unix_ms();
    const struct results *resumed = s->params->resume;
    int64_t jump = ending_clock_jump(ended - started, clock_boot_ms() - started_boot);
    int64_t began = resumed != NULL ? resumed->started_unix_ms : started;
    struct closing_facts facts = {
        .scan = s,
        .reader = &c->reader,
        .writer = &c->writer,
        .counts = counts,
        .intermediates = c->intermediates,
        .memory = remembering_end(s, began / 1000, c->hooks),
        .started_unix_ms = began,
        .ended_unix_ms = ended,
        .clock_jump_ms = jump,
        .complete = reason == NULL && whole,
        .reason = ending_reason(&c->ending, whole),
    };
    if (!facts.complete && s->weather.outage_count > 0 && c->params.output_dir != NULL) {
        (void)closing_note_outages(&s->weather,
                                   c->params.output_dir); /* what was asked again since */
    }
    struct buf summary = BUF_INIT(BUF_NO_LIMIT);
    whole = closing_write(&facts, &summary) && whole;
    show_progress(c);
    ending_say(&c->ending, jump);
    c->hooks->summary(c->hooks->arg, buf_span(&summary));
    c->hooks->counts(c->hooks->arg, counts);
    buf_deinit(&summary);
    return ending_of(&c->ending, whole);
}

/* Of a member that did not begin there are none. */
static void free_threads(struct coordinator *c)
{
    struct scan *s = &c->scan;
    for (uint32_t i = 0; i < s->worker_count && s->workers[i] != NULL; i++) {
        worker_deinit(s->workers[i]);
        free(s->workers[i]);
    }
    for (uint32_t i = 0; i < s->judge_count && s->judges[i] != NULL; i++) {
        judge_deinit(s->judges[i]);
        free(s->judges[i]);
    }
    policy_thread_free(s->policies);
    member_free(s->member);
    resume_free(s->resume);
    reader_deinit(&c->reader);
    mailbox_deinit(&s->writer);
    admission_deinit(&s->admission);
    weather_station_deinit(&s->weather);
    given_up_deinit(&s->given_up);
}

static void free_all(struct coordinator *c, struct blocklist *blocklist,
                     struct public_suffixes *suffixes)
{
    free_threads(c);
    counts_deinit(c->counts);
    fact_book_free(c->scan.book);
    buf_deinit(&c->ending.problems_why);
    free(c->counts);
    intermediate_pool_free(c->known);
    blocklist_free(blocklist);
    public_suffixes_free(suffixes);
    free(c);
}

/* Each worker has a share of the limits of the whole scan. A share of no connection would never
 * end, and one of no question a second would be no limit. */
static uint32_t count_workers(const struct scan_params *p)
{
    uint32_t count = p->threads < WORKERS_MAX ? p->threads : WORKERS_MAX;
    count = p->concurrency < count ? p->concurrency : count;
    return p->dns_rate != 0 && p->dns_rate < count ? p->dns_rate : count;
}

/* Workers of a fleet are as many as it has parts, judges what this machine can do. */
static uint32_t count_judges(const struct scan_params *p, uint32_t workers)
{
    uint32_t count = (p->fleet != NULL ? p->processors : workers) / WORKERS_PER_JUDGE;
    return count == 0 ? 1 : count < JUDGES_MAX ? count : JUDGES_MAX;
}

static bool fleet_goes_on(void *arg)
{
    struct coordinator *c = arg;
    (void)uv_run(&c->loop, UV_RUN_NOWAIT);
    return c->ending.signal == 0;
}

/* @return false: the process is about to end, and says why unless a signal does */
static bool join_fleet(struct coordinator *c, enum scan_end *end, struct buf *why)
{
    struct scan *s = &c->scan;
    const struct member_wait wait = {
        .go_on = fleet_goes_on, .arg = c, .say = c->hooks->say, .say_arg = c->hooks->arg};
    s->member = member_new(s, c->params.fleet, why);
    *end = SCAN_END_FATAL;
    if (s->member == NULL || !member_join(s->member, &wait, end, why)) {
        *end = c->ending.signal == SIGINT    ? SCAN_END_SIGINT
               : c->ending.signal == SIGTERM ? SCAN_END_SIGTERM
                                             : *end;
        return false;
    }
    s->division = member_division(s->member);
    s->worker_count = s->division.count;
    s->admission.of_fleet = true;
    s->admission.input_is_file = true;
    admission_begin_at(&s->admission, member_first_block(s->member));
    return true;
}

enum scan_end pipeline_run(const struct scan_params *params, struct blocklist *blocklist,
                           const struct pipeline_hooks *hooks)
{
    struct coordinator *c = memory_new(1, sizeof(*c));
    struct public_suffixes *suffixes = NULL;
    enum scan_end end = SCAN_END_FATAL;
    c->hooks = hooks;
    c->params = *params;
    c->ending = (struct ending){
        .params = &c->params, .hooks = hooks, .reader = &c->reader, .writer = &c->writer};
    c->ending.problems_why = BUF_INIT(BUF_NO_LIMIT);
    c->scan.params = &c->params;
    c->scan.reader = &c->reader;
    c->scan.worker_count = count_workers(params);
    c->scan.division =
        (struct division){.parts = c->scan.worker_count, .count = c->scan.worker_count};
    c->scan.judge_count = count_judges(params, c->scan.worker_count);

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file of the largest size allowed is a write error */
    memory_hold_reserve();
    CHECK(uv_replace_allocator(memory_malloc, memory_realloc, memory_calloc, memory_free) == 0);
    tls_process_init();
    open_loop(c);
    if (!open_inputs(c, &suffixes, blocklist, &end)) {
        close_loop(c);
        blocklist_free(blocklist);
        free(c);
        return end;
    }
    try_levers(c);
    mailbox_init(&c->scan.writer, NULL);
    given_up_init(&c->scan.given_up);
    c->scan.spool_budget.octets = (uint64_t)params->spool_max_mib << 20;
    admission_init(&c->scan.admission, &c->scan.writer.backlog, &c->scan.spool_budget.full);
    weather_station_init(&c->scan.weather, uv_hrtime() / 1000000, params);
    c->scan.admission.input_is_file = c->reader.lists.octets > 0;

    int64_t started = clock_unix_ms();
    int64_t started_boot = clock_boot_ms();
    if (params->resume != NULL && params->resume->scan_id[0] != '\0') {
        memcpy(c->params.scan_id, params->resume->scan_id, sizeof(c->params.scan_id));
    } else if (params->fleet == NULL) { /* else it has that of all */
        uuid7_make(started, c->params.scan_id);
    }
    c->scan.book = fact_book_new(FACTS_NO_BOUND);
    c->counts = memory_new(1, sizeof(*c->counts));
    counts_init(c->counts, params->ports, params->port_count);
    c->ending.counts = c->counts;
    if (params->resume != NULL) {
        c->scan.resume = resume_new(&c->scan, params->resume);
        restore_outages(c);
    }
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    bool joined = params->fleet == NULL || join_fleet(c, &end, &why);
    if (!joined && why.len > 0) {
        buf_put_char(&why, '\0');
        hooks->say(hooks->arg, (const char *)why.at);
    }
    buf_deinit(&why);
    if (!joined) { /* nothing runs, and nothing was asked of anybody */
        writer_deinit(&c->writer);
        close_loop(c);
        free_all(c, blocklist, suffixes);
        return end;
    }
    bool prepared = prepare_results(c, started);
    if (!prepared) { /* the disk takes no row either */
        admission_stop(&c->scan.admission);
        atomic_store(&c->writer.failed, true);
    }
    start_threads(c);
    run_loop(c);
    /* The files of a directory are closed in peace. Standard output may be a pipe that nobody
     * reads: there a further signal has to end us. */
    if (params->output_dir == NULL) {
        stop_watching_signals(c);
    }
    stop_threads(c);
    end = close_results(c, started, started_boot);
    if (c->scan.member != NULL && !member_leave(c->scan.member, params->output_dir, end)) {
        end = end == SCAN_END_COMPLETE ? SCAN_END_ROWS_LOST : end;
    }

    writer_deinit(&c->writer);
    close_loop(c);
    if (!atomic_load(&c->reader.ended) || c->thread_left) {
        return end; /* who sits in a blocking read, or in a library, may still look at everything */
    }
    free_all(c, blocklist, suffixes);
    return end;
}
