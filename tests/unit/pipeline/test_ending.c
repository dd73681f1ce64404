#include <signal.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/base/memory.h"
#include "scanner/pipeline/ending.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What came together, the exit and the word of state.json. */
static const struct ending_case {
    const char *what;
    struct ending e;
    bool whole;
    enum scan_end end;
    const char *reason; /* NULL: complete */
    uint64_t lost;      /* domains that were not tested by a fault of ours */
    uint64_t endpoints; /* the same, of whatever domains */
} ending_cases[] = {
    {"all lines", {.lines_done = true}, true, SCAN_END_COMPLETE, NULL, 0, 0},
    {"SIGINT among the lines", {.signal = SIGINT}, true, SCAN_END_SIGINT, "SIGINT", 0, 0},
    {"SIGTERM among the lines", {.signal = SIGTERM}, true, SCAN_END_SIGTERM, "SIGTERM", 0, 0},
    {"all lines got their rows after a signal",
     {.signal = SIGINT, .lines_done = true},
     true,
     SCAN_END_COMPLETE,
     NULL,
     0,
     0},
    {"the signal cut what comes behind them",
     {.signal = SIGTERM, .lines_done = true, .cut_short = true},
     true,
     SCAN_END_SIGTERM,
     "SIGTERM",
     0,
     0},
    {"stuck", {.stuck = true}, true, SCAN_END_FATAL, "no progress", 0, 0},
    {"out of memory", {.out_of_memory = true}, true, SCAN_END_FATAL, "out of memory", 0, 0},
    {"a disk that is full counts more than a signal",
     {.signal = SIGINT},
     false,
     SCAN_END_ROWS_LOST,
     "write failed",
     0,
     0},
    {"whoever reads standard output wants no more",
     {.reader_gone = true},
     false,
     SCAN_END_READER_GONE,
     "write failed",
     0,
     0},
    {"an outage outlasted --outage-max",
     {.lines_done = true, .outage_lasts = true},
     true,
     SCAN_END_OUTAGE,
     NULL,
     1,
     0},
    {"the same, and every line was tested before",
     {.lines_done = true, .outage_lasts = true},
     true,
     SCAN_END_COMPLETE,
     NULL,
     0,
     0},
    {"the same of one family: every domain was tested over the other",
     {.lines_done = true, .outage_lasts = true},
     true,
     SCAN_END_OUTAGE,
     NULL,
     0,
     1},
    {"a fault of ours without such an outage",
     {.lines_done = true},
     true,
     SCAN_END_COMPLETE,
     NULL,
     1,
     0},
    {"a signal in such an outage: it may go on",
     {.signal = SIGINT, .outage_lasts = true},
     true,
     SCAN_END_SIGINT,
     "SIGINT",
     1,
     0},
    {"no room for completions: analyze makes them",
     {.lines_done = true, .completions_missing = true},
     true,
     SCAN_END_ROWS_LOST,
     NULL,
     0,
     0},
};

Test(ending, says_what_came_first_in_rank)
{
    static const uint16_t ports[] = {25};
    const struct vantage_verdict vantage = {.smtp_works = false};
    struct scan_params *params = memory_new(1, sizeof(*params));
    struct reader *reader = memory_new(1, sizeof(*reader));
    struct scan_counts *counts = memory_new(1, sizeof(*counts));
    params->vantage = &vantage;
    counts_init(counts, ports, LENGTH(ports));
    for (size_t i = 0; i < LENGTH(ending_cases); i++) {
        const struct ending_case *c = &ending_cases[i];
        struct ending e = c->e;
        e.params = params;
        e.reader = reader;
        e.counts = counts;
        counts->reason[0] = (struct reason_count){.class = ACCOUNT_NOT_TESTED,
                                                  .reason = not_tested_word(NOT_TESTED_LOCAL_FAULT),
                                                  .count = c->lost};
        counts->reason_count = 1;
        counts->endpoint_local_fault = 0;
        for (uint64_t k = 0; k < c->endpoints; k++) {
            counts_add_endpoint(counts,
                                &(struct seen_endpoint){.not_tested = NOT_TESTED_LOCAL_FAULT});
        }
        const char *reason = ending_reason(&e, c->whole);
        cr_expect_eq(ending_of(&e, c->whole), c->end, "%s", c->what);
        cr_expect((reason == NULL && c->reason == NULL) ||
                      (reason != NULL && c->reason != NULL && strcmp(reason, c->reason) == 0),
                  "%s: %s", c->what, reason != NULL ? reason : "complete");
    }
    counts_deinit(counts);
    free(counts);
    free(reader);
    free(params);
}

/* As of domains and endpoints. */
Test(ending, policies_alone_were_not_fetched_in_an_outage)
{
    static const uint16_t ports[] = {25};
    const struct vantage_verdict vantage = {.smtp_works = true};
    struct scan_params *params = memory_new(1, sizeof(*params));
    struct reader *reader = memory_new(1, sizeof(*reader));
    struct scan_counts *counts = memory_new(1, sizeof(*counts));
    params->vantage = &vantage;
    counts_init(counts, ports, LENGTH(ports));
    const struct ending e = {.lines_done = true,
                             .outage_lasts = true,
                             .params = params,
                             .reader = reader,
                             .counts = counts};
    cr_expect_eq(ending_of(&e, true), SCAN_END_COMPLETE);
    counts->policies.fetch[POLICY_FETCH_LOCAL_FAULT][MANAGER_SELF] = 1;
    cr_expect_eq(ending_of(&e, true), SCAN_END_OUTAGE);
    counts_deinit(counts);
    free(counts);
    free(reader);
    free(params);
}

/* What the user named is told apart from what failed on the way. */
Test(ending, input_that_failed)
{
    struct reader *reader = memory_new(1, sizeof(*reader));
    struct ending e = {.reader = reader};
    reader->failed = true;
    reader->failure_is_usage = true;
    cr_expect_eq(ending_of(&e, true), SCAN_END_USAGE);
    cr_expect_str_eq(ending_reason(&e, true), "input failed");
    reader->failure_is_usage = false;
    cr_expect_eq(ending_of(&e, true), SCAN_END_FATAL);
    free(reader);
}

/* adjtime(3) slews by half a millisecond a second at most. */
static const struct jump_case {
    int64_t by_clock_ms;
    int64_t passed_ms;
    int64_t jump_ms;
} jump_cases[] = {
    {0, 0, 0},
    {1999, 0, 0},
    {2000, 0, 2000},
    {-1999, 0, 0},
    {-2000, 0, -2000},
    {3600000 + 5599, 3600000, 0}, /* an hour: 3.6 s more */
    {3600000 + 5600, 3600000, 5600},
    {3600000 - 5600, 3600000, -5600},
};

Test(ending, a_clock_that_was_set)
{
    for (size_t i = 0; i < LENGTH(jump_cases); i++) {
        const struct jump_case *c = &jump_cases[i];
        cr_expect_eq(ending_clock_jump(c->by_clock_ms, c->passed_ms), c->jump_ms, "%zu", i);
    }
}
