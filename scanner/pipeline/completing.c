#include "scanner/pipeline/completing.h"

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/issuer_fetch.h"
#include "scanner/pipeline/judge.h"
#include "scanner/pipeline/resume.h"
#include "scanner/pipeline/rows_out.h"
#include "scanner/record/browser_path.h"
#include "scanner/record/completions.h"
#include "scanner/record/problem_tables.h"
#include "scanner/report/report.h"
#include "scanner/shipped/shipped_intermediates.h"

#define ROWS_POST_LEN (256 * 1024) /* octets of rows before they leave */
#define LOOK_EVERY    64           /* rows of problems and causes */

struct way_out {
    struct scan *scan;
    const struct completing *how;
    bool halted;
    uint64_t problem_rows;
    struct row_sink *rows;
    struct buf messages;
};

static void completing_post(struct way_out *out)
{
    rows_out_add(out->rows, &out->messages);
    mailbox_post(&out->scan->writer, &out->messages);
}

static void on_row(void *arg)
{
    struct way_out *out = arg;
    if (row_sink_len(out->rows) >= ROWS_POST_LEN) {
        completing_post(out);
    }
    out->halted = !out->how->go_on(out->how->arg);
}

/* Everything that all judges met, and what was known before, in the pool of the first judge. */
static struct intermediate_pool *gather(struct scan *s, struct intermediate_pool *known)
{
    struct intermediate_pool *pool = s->judges[0]->recorder.pool;
    for (uint32_t i = 1; i < s->judge_count; i++) {
        intermediate_pool_merge(pool, s->judges[i]->recorder.pool);
    }
    if (s->resume != NULL) {
        intermediate_pool_merge(pool, restored_chains(s->resume->restored)->pool);
    }
    intermediate_pool_merge(pool, known);
    return pool;
}

static struct issuer_senders *count_senders(const struct scan *s)
{
    const struct issuer_sets *sets[JUDGES_MAX + 1];
    const struct issuer_hosts *hosts[WORKERS_MAX + 1];
    uint32_t more = s->resume != NULL; /* of the rows of before */
    for (uint32_t i = 0; i < s->judge_count; i++) {
        sets[i] = s->judges[i]->recorder.issuers;
    }
    for (uint32_t i = 0; i < s->worker_count; i++) {
        hosts[i] = s->workers[i]->issuer_hosts;
    }
    if (more > 0) {
        sets[s->judge_count] = restored_chains(s->resume->restored)->issuers;
        hosts[s->worker_count] = restored_issuer_hosts(s->resume->restored);
    }
    return issuer_senders_new(sets, s->judge_count + more, hosts, s->worker_count + more);
}

static void on_url(void *arg, struct span url)
{
    issuer_fetch_want(arg, url);
}

static void on_seen(void *arg, const struct seen_issuer *seen)
{
    fetched_issuers_add(arg, seen->url, seen->body);
}

static void completing_write_row(void *arg, const struct seen_issuer *seen)
{
    struct way_out *out = arg;
    row_sink_observe(out->rows);
    report_issuer(out->rows, seen);
    on_row(out);
}

struct group_place {
    const struct certificate_groups *of;
    uint32_t group;
};

static int by_group_key(const void *a, const void *b)
{
    const struct group_place *x = a;
    const struct group_place *y = b;
    const struct certificate_group *left = &x->of->groups[x->group];
    const struct certificate_group *right = &y->of->groups[y->group];
    int c = net_addr_cmp(&left->address, &right->address);
    if (c == 0) {
        c = (int)left->port - (int)right->port;
    }
    return c != 0 ? c : span_cmp(left->parent, right->parent);
}

/* Those of all workers that have a row, in the order of their keys. */
static struct group_place *sorted_groups(const struct scan *s, size_t *count)
{
    struct seen_group seen;
    size_t all = 0;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        all += s->workers[i]->groups != NULL ? s->workers[i]->groups->count : 0;
    }
    struct group_place *places = memory_new(all, sizeof(*places));
    *count = 0;
    for (uint32_t i = 0; all > 0 && i < s->worker_count; i++) {
        const struct certificate_groups *of = s->workers[i]->groups;
        for (uint32_t k = 0; of != NULL && k < of->count; k++) {
            if (certificate_group_see(of, k, &seen)) {
                places[(*count)++] = (struct group_place){of, k};
            }
        }
    }
    qsort(places, *count, sizeof(*places), by_group_key);
    return places;
}

static void write_groups(const struct scan *s, struct way_out *out)
{
    size_t count = 0;
    struct group_place *places = sorted_groups(s, &count);
    for (size_t i = 0; i < count && !out->halted; i++) {
        struct seen_group seen;
        (void)certificate_group_see(places[i].of, places[i].group, &seen);
        row_sink_observe(out->rows);
        report_group(out->rows, &seen);
        on_row(out);
    }
    free(places);
}

/* As a client that fetches would: an issuer, then that one's issuer. */
static struct fetched_issuers *fetch_issuers(struct completions *c, struct way_out *out)
{
    struct issuer_fetch *f = issuer_fetch_new(out->scan, out->how->go_on, out->how->arg);
    struct fetched_issuers *fetched = fetched_issuers_new();
    c->fetched = fetched;
    bool more = true;
    for (int round = 0; round < BROWSER_ROUNDS_MAX && more; round++) {
        completions_each_url(c, on_url, f);
        more = issuer_fetch_run(f, on_seen, fetched);
    }
    if (issuer_fetch_each(f, completing_write_row, out) == 0) { /* no certificate names a URL */
        fetched_issuers_free(fetched);
        fetched = NULL;
    }
    issuer_fetch_free(f);
    c->fetched = fetched;
    return fetched;
}

/* Very many of them, each made in microseconds. */
static void on_problem_row(void *arg)
{
    struct way_out *out = arg;
    if (++out->problem_rows % LOOK_EVERY == 0) {
        on_row(out);
    }
}

/* @return false: rows are missing */
static bool completing_tell_problems(struct way_out *out)
{
    const struct problem_tables t = {.book = out->scan->book,
                                     .profiles = out->scan->params->terms.profiles,
                                     .on_row = on_problem_row,
                                     .arg = out,
                                     .halted = &out->halted};
    bool whole = report_problem_tables(out->rows, &t, out->how->problems_why);
    return whole && !out->halted;
}

struct manifest_intermediates completing_run_member(struct scan *s, const struct completing *how)
{
    struct way_out out = {
        .scan = s, .how = how, .rows = rows_out_new(s->params), .messages = BUF_INIT(BUF_NO_LIMIT)};
    write_groups(s, &out);
    completing_post(&out);
    buf_deinit(&out.messages);
    rows_out_free(out.rows);
    return (struct manifest_intermediates){
        .shipped = shipped_intermediates_name(),
        .files = s->params->intermediates,
        .file_count = s->params->intermediates_count,
        .known = intermediate_pool_count(how->known),
        .whole = !out.halted,
    };
}

struct manifest_intermediates completing_run(struct scan *s, const struct completing *how)
{
    const struct incomplete_chains *of[JUDGES_MAX + 1];
    for (uint32_t i = 0; i < s->judge_count; i++) {
        of[i] = &s->judges[i]->recorder.incomplete;
    }
    if (s->resume != NULL) {
        of[s->judge_count] = &restored_chains(s->resume->restored)->incomplete;
    }
    struct way_out out = {
        .scan = s, .how = how, .rows = rows_out_new(s->params), .messages = BUF_INIT(BUF_NO_LIMIT)};
    struct issuer_senders *senders = count_senders(s);
    struct completions c = {
        .judge = chain_judge_new(&s->params->terms),
        .pool = gather(s, how->known),
        .senders = senders,
        .of = of,
        .of_count = s->judge_count + (s->resume != NULL),
        .counts = how->counts,
        .book = s->book,
        .halted = &out.halted,
    };
    struct fetched_issuers *fetched = NULL;
    write_groups(s, &out);
    if (s->params->fetch_issuers) {
        c.browser = chain_judge_new(&s->params->terms);
        fetched = fetch_issuers(&c, &out);
    }
    s->last_rows_unix_ms = clock_unix_ms();
    out.rows->clock = NULL;
    row_sink_set_time(out.rows, s->last_rows_unix_ms);
    bool whole = report_completions(out.rows, &c, on_row, &out);
    *how->problems_whole = completing_tell_problems(&out);
    completing_post(&out);
    struct manifest_intermediates told = {
        .shipped = shipped_intermediates_name(),
        .files = s->params->intermediates,
        .file_count = s->params->intermediates_count,
        .known = intermediate_pool_count(c.pool),
        .truncated = intermediate_pool_truncated(c.pool),
        .whole = whole && !out.halted,
    };
    buf_deinit(&out.messages);
    rows_out_free(out.rows);
    chain_judge_free(c.judge);
    chain_judge_free(c.browser);
    fetched_issuers_free(fetched);
    issuer_senders_free(senders);
    return told;
}
