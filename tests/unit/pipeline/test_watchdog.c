#include <criterion/criterion.h>

#include "scanner/pipeline/remembering.h"
#include "scanner/pipeline/watchdog.h"

#define LIMIT 10000 /* ms */
#define LOOK  20    /* ms, as the coordinator does */

/* Looks for so long. @return the first step that is not quiet. */
static enum watchdog_step look_for(struct watchdog *w, uint64_t *now, uint64_t ms, bool waits,
                                   uint64_t progress)
{
    for (uint64_t until = *now + ms; *now < until;) {
        *now += LOOK;
        enum watchdog_step step = watchdog_look(w, *now, waits, progress);
        if (step != WATCHDOG_QUIET) {
            return step;
        }
    }
    return WATCHDOG_QUIET;
}

Test(watchdog, gives_up_and_then_ends)
{
    uint64_t now = 5000;
    struct watchdog w = watchdog_new(LIMIT, now);
    cr_expect_eq(look_for(&w, &now, LIMIT - LOOK, true, 7), WATCHDOG_QUIET);
    uint64_t begun = now;
    cr_expect_eq(look_for(&w, &now, LIMIT, true, 7), WATCHDOG_GIVE_UP);
    cr_expect_leq(now - begun, 2 * LOOK, "the first look saw progress from nothing to 7");
    cr_expect_eq(look_for(&w, &now, LIMIT - LOOK, true, 7), WATCHDOG_QUIET);
    cr_expect_eq(look_for(&w, &now, LIMIT, true, 7), WATCHDOG_END);
}

/* What was given up is progress, but it is not given up twice. */
Test(watchdog, ends_when_giving_up_helped_for_a_while_only)
{
    uint64_t now = 0;
    struct watchdog w = watchdog_new(LIMIT, now);
    cr_expect_eq(look_for(&w, &now, 2 * LIMIT, true, 1), WATCHDOG_GIVE_UP);
    cr_expect_eq(look_for(&w, &now, LIMIT / 2, true, 2), WATCHDOG_QUIET);
    cr_expect_eq(look_for(&w, &now, LIMIT / 2, true, 3), WATCHDOG_QUIET);
    cr_expect_eq(look_for(&w, &now, 2 * LIMIT, true, 3), WATCHDOG_END);
}

Test(watchdog, any_progress_begins_the_time_anew)
{
    uint64_t now = 0;
    struct watchdog w = watchdog_new(LIMIT, now);
    for (uint64_t step = 1; step < 50; step++) { /* just in time, over and over */
        cr_expect_eq(look_for(&w, &now, LIMIT - LOOK, true, step), WATCHDOG_QUIET);
    }
}

Test(watchdog, who_waits_for_nothing_may_pause_for_ever)
{
    uint64_t now = 0;
    struct watchdog w = watchdog_new(LIMIT, now);
    cr_expect_eq(look_for(&w, &now, 10 * LIMIT, false, 1), WATCHDOG_QUIET);
    cr_expect_eq(look_for(&w, &now, LIMIT - 2 * LOOK, true, 1), WATCHDOG_QUIET, "from now on");
}

/* SIGSTOP, a suspended laptop: the others stood still as well. */
Test(watchdog, time_without_looks_does_not_count)
{
    uint64_t now = 0;
    struct watchdog w = watchdog_new(LIMIT, now);
    (void)watchdog_look(&w, now, true, 1);
    for (int i = 1; i < LIMIT / WATCHDOG_STEP_MAX_MS; i++) {
        now += 100 * LIMIT;
        cr_expect_eq(watchdog_look(&w, now, true, 1), WATCHDOG_QUIET, "%d", i);
    }
    now += 100 * LIMIT;
    cr_expect_eq(watchdog_look(&w, now, true, 1), WATCHDOG_GIVE_UP);
}

/* Each timeout may be the longest, and waiting for the rate of an address is one of them. */
Test(watchdog, the_limit_follows_the_longest_timeout)
{
    const struct scan_params brisk = {.connect_timeout_ms = 1,
                                      .target_timeout_ms = 1,
                                      .policy_timeout_ms = 1,
                                      .dns_timeout_ms = 1,
                                      .dns_tries = 1,
                                      .name_server_count = 1};
    uint64_t least = watchdog_limit_ms(&brisk);
    struct scan_params p[8];
    for (size_t i = 0; i < 8; i++) {
        p[i] = brisk;
    }
    p[0].connect_timeout_ms = 30000;
    p[1].target_timeout_ms = 30000;
    p[2].policy_timeout_ms = 30000;
    p[3].dns_timeout_ms = 5000;
    p[3].dns_tries = 3;
    p[3].name_server_count = 2;
    p[4].address_rate = 1.0 / 30;
    p[5].retry_pause_ms = 30000;
    p[6].tempfail_pause_ms = 30000;
    p[7].dns_retry_pause_ms = 30000;
    for (size_t i = 0; i < 8; i++) {
        uint64_t limit = watchdog_limit_ms(&p[i]);
        cr_expect(limit >= least + 2 * 29990 && limit <= least + 2 * 30010, "%zu: %lu", i,
                  (unsigned long)limit);
    }
}

/* Whoever is remembered may be met that seldom, and it is not known before who is. */
Test(watchdog, the_limit_knows_of_remembered_addresses)
{
    struct remembering memory = {.fd = -1};
    struct scan_params p = {.name_server_count = 1, .address_rate = 2, .memory = &memory};
    uint64_t limit = watchdog_limit_ms(&p);
    cr_expect(limit >= 2 * 60000 && limit <= 2 * 63000, "%lu", (unsigned long)limit);
    p.memory = NULL;
    limit = watchdog_limit_ms(&p);
    cr_expect(limit <= 2 * 3000, "%lu", (unsigned long)limit);
}

Test(watchdog, the_text_names_what_is_waited_for)
{
    struct watchdog w = watchdog_new(LIMIT, 0);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    watchdog_put_text(&text, &w, WATCHDOG_GIVE_UP,
                      &(struct watchdog_waits){.domains = 1, .policy_hosts = 2});
    cr_expect(
        span_eq(buf_span(&text),
                SPAN_LIT("no progress for 10 s, twice the longest timeout; still waiting for: "
                         "2 policy hosts, 1 domain; policy hosts and sessions end as "
                         "local_fault")));
    buf_deinit(&text);
}
