#include "scanner/pipeline/ending.h"

#include <signal.h>

#include "scanner/analysis/smtp_reach.h"

#define CLOCK_JUMP_MIN_MS \
    2000 /* and 1 ms a second: slewing does half of that at most (adjtime(3)) */

bool ending_is_interrupted(const struct ending *e)
{
    return e->signal != 0 && (!e->lines_done || e->cut_short);
}

/* Domains. */
static uint64_t ending_count_lost(const struct ending *e)
{
    return counts_of_reason(e->counts, ACCOUNT_NOT_TESTED, not_tested_word(NOT_TESTED_LOCAL_FAULT));
}

static uint64_t ending_count_policies_lost(const struct ending *e)
{
    uint64_t count = 0;
    for (int m = 0; m < MANAGER_COUNT; m++) {
        count += e->counts->policies.fetch[POLICY_FETCH_LOCAL_FAULT][m];
    }
    return count;
}

/* An outage of one family leaves domains that were tested over the other. */
static bool ending_lost_some(const struct ending *e)
{
    return ending_count_lost(e) > 0 || e->counts->endpoint_local_fault > 0 ||
           ending_count_policies_lost(e) > 0;
}

enum scan_end ending_of(const struct ending *e, bool whole)
{
    if (e->reader_gone) {
        return SCAN_END_READER_GONE;
    }
    if (!whole || e->completions_missing || e->problems_missing) {
        return SCAN_END_ROWS_LOST;
    }
    if (ending_is_interrupted(e)) {
        return e->signal == SIGINT ? SCAN_END_SIGINT : SCAN_END_SIGTERM;
    }
    if (e->stuck || e->out_of_memory || e->fleet_lost) {
        return SCAN_END_FATAL;
    }
    if (e->reader->failed) {
        return e->reader->failure_is_usage ? SCAN_END_USAGE : SCAN_END_FATAL;
    }
    struct smtp_reach reach = smtp_reach_of(e->counts);
    if (smtp_reach_says_nothing(&reach, e->params->vantage->smtp_works)) {
        return SCAN_END_SAYS_NOTHING;
    }
    return e->outage_lasts && ending_lost_some(e) ? SCAN_END_OUTAGE : SCAN_END_COMPLETE;
}

const char *ending_reason(const struct ending *e, bool whole)
{
    if (!whole) {
        return "write failed";
    }
    if (ending_is_interrupted(e)) {
        return e->signal == SIGINT ? "SIGINT" : "SIGTERM";
    }
    return e->stuck            ? "no progress"
           : e->out_of_memory  ? "out of memory"
           : e->fleet_lost     ? "fleet lost"
           : e->reader->failed ? "input failed"
                               : NULL;
}

/* Empties it. */
static void say_line(const struct ending *e, struct buf *text)
{
    buf_put_char(text, '\0');
    e->hooks->say(e->hooks->arg, (const char *)text->at);
    buf_reset(text);
}

static void say_failures(const struct ending *e)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    writer_put_failure(e->writer, &text);
    if (text.len > 0) {
        uint64_t lost = writer_rows_lost(e->writer);
        buf_putf(&text, "; %llu row%s lost", (unsigned long long)lost, lost == 1 ? "" : "s");
        say_line(e, &text);
    }
    if (e->completions_missing) {
        e->hooks->say(e->hooks->arg, "temporary file: rows of completions are missing; "
                                     "mxcensus analyze makes them from the results");
    }
    if (e->problems_missing) {
        buf_put(&text, buf_span(&e->problems_why));
        buf_put_text(&text,
                     ": rows of problems and causes are missing; mxcensus analyze makes them "
                     "from the results");
        say_line(e, &text);
    }
    if (atomic_load(&e->reader->ended) && e->reader->failed) {
        buf_put(&text, buf_span(&e->reader->why));
        say_line(e, &text);
    }
    buf_deinit(&text);
}

static void put_lost(const struct ending *e, struct buf *text)
{
    const struct lost_kind {
        unsigned long long count;
        const char *one;
        const char *many;
        const char *again;
    } kinds[] = {{ending_count_lost(e), "domain was", "domains were",
                  "not tested by a fault of our own (reason local_fault): scan these again"},
                 {e->counts->endpoint_local_fault, "endpoint has", "endpoints have",
                  "no result by a fault of our own (local_fault): scan the domains that they serve "
                  "again"},
                 {ending_count_policies_lost(e), "MTA-STS policy was", "MTA-STS policies were",
                  "not fetched by a fault of our own (local_fault): scan their domains again"}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct lost_kind *k = &kinds[i];
        if (k->count > 0) {
            buf_putf(text, "%s%llu %s %s", text->len > 0 ? "; " : "", k->count,
                     k->count == 1 ? k->one : k->many, k->again);
        }
    }
}

/* What makes the results less than they seem. */
static void say_doubts(const struct ending *e, int64_t clock_jump_ms)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    if (ending_lost_some(e)) {
        put_lost(e, &text);
        say_line(e, &text);
    }
    struct smtp_reach reach = smtp_reach_of(e->counts);
    bool open = e->params->vantage->smtp_works;
    if (smtp_reach_says_nothing(&reach, open) || smtp_reach_is_doubtful(&reach, open)) {
        smtp_reach_put_text(&text, &reach);
        say_line(e, &text);
    }
    if (clock_jump_ms != 0) {
        buf_putf(
            &text,
            "the clock was set %s by %lld s during the scan: times in the rows are not in order",
            clock_jump_ms < 0 ? "back" : "forward",
            (long long)(clock_jump_ms < 0 ? -clock_jump_ms : clock_jump_ms) / 1000);
        say_line(e, &text);
    }
    buf_deinit(&text);
}

void ending_say(const struct ending *e, int64_t clock_jump_ms)
{
    if (!e->reader_gone) {
        say_failures(e);
        say_doubts(e, clock_jump_ms);
    }
}

int64_t ending_clock_jump(int64_t by_clock_ms, int64_t passed_ms)
{
    int64_t jump = by_clock_ms - passed_ms;
    int64_t slewed = CLOCK_JUMP_MIN_MS + passed_ms / 1000;
    return jump > -slewed && jump < slewed ? 0 : jump;
}
