#include <criterion/criterion.h>

#include "resolver/ask_window.h"

static void answer(struct ask_window *w, uint32_t count, uint32_t one_in)
{
    for (uint32_t i = 1; i <= count; i++) {
        ask_window_note(w, one_in > 0 && i % one_in == 0);
    }
}

Test(ask_window, few_repeats_are_no_losses)
{
    struct ask_window w;
    ask_window_init(&w);
    cr_expect_eq(w.limit, WINDOW_MAX);
    cr_expect_eq(w.burst, BURST_MAX);
    answer(&w, 20 * WINDOW_MAX, WINDOW_LOSSES);
    cr_expect_eq(w.limit, WINDOW_MAX, "one in %d is names' own fault", WINDOW_LOSSES);
}

Test(ask_window, losses_halve_it_down_to_a_least_and_it_grows_again)
{
    struct ask_window w;
    ask_window_init(&w);
    answer(&w, WINDOW_MAX - 1, 10);
    cr_expect_eq(w.limit, WINDOW_MAX, "a round is as many as may be under way");
    answer(&w, 1, 1);
    cr_expect_eq(w.limit, WINDOW_MAX / 2);
    cr_expect_eq(w.burst, BURST_MAX / 2);
    answer(&w, 10 * WINDOW_MAX, 2);
    cr_expect_eq(w.limit, WINDOW_MIN);
    cr_expect_geq(w.burst, 1);
    answer(&w, WINDOW_ROUND, 0);
    cr_expect_eq(w.limit, WINDOW_MIN + WINDOW_MIN / 8);
    answer(&w, WINDOW_ROUND, WINDOW_LOSSES);
    cr_expect_eq(w.limit, WINDOW_MIN + WINDOW_MIN / 8, "neither many nor few");
    answer(&w, 40 * WINDOW_MAX, 0);
    cr_expect_eq(w.limit, WINDOW_MAX);
    cr_expect_eq(w.burst, BURST_MAX);
}
