#include <criterion/criterion.h>

#include "resolver/upstreams.h"

#define NOW 10000

static struct upstreams three(void)
{
    return (struct upstreams){.count = 3};
}

/* In turn; a server that is down only where no other is left. */
Test(upstreams, next_in_turn_that_is_neither_spent_nor_down)
{
    static const struct {
        uint32_t last;
        uint32_t spent;
        uint32_t down; /* bits as well */
        uint32_t want;
    } cases[] = {
        {0, 0, 0, 1}, {1, 0, 0, 2}, {2, 0, 0, 0}, {0, 2, 0, 2}, {0, 6, 0, 0},
        {0, 0, 2, 2}, {0, 2, 4, 0}, {0, 3, 4, 2}, {0, 0, 7, 1}, {1, 4, 7, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct upstreams u = three();
        for (uint32_t s = 0; s < u.count; s++) {
            if ((cases[i].down >> s & 1U) != 0) {
                upstreams_note_refusal(&u, s, NOW);
            }
        }
        cr_expect_eq(upstreams_choose(&u, cases[i].last, cases[i].spent, NOW), cases[i].want,
                     "case %zu", i);
        uint32_t left = 7U & ~cases[i].spent & ~cases[i].down;
        cr_expect_eq(upstreams_are_exhausted(&u, cases[i].spent, NOW), left == 0, "case %zu", i);
    }
}

Test(upstreams, are_exhausted_when_all_are_spent_or_there_are_none)
{
    struct upstreams u = three();
    struct upstreams none = {0};
    cr_expect(upstreams_are_exhausted(&u, 7, NOW));
    cr_expect(!upstreams_are_exhausted(&u, 5, NOW));
    cr_expect(upstreams_are_exhausted(&none, 0, NOW));
}

Test(upstreams, are_passed_over_for_two_seconds_after_eight_failures_in_a_row)
{
    struct upstreams u = three();
    for (int i = 0; i < 7; i++) {
        upstreams_note_failure(&u, 1, NOW);
    }
    upstreams_note_answer(&u, 1);
    for (int i = 0; i < 7; i++) {
        upstreams_note_failure(&u, 1, NOW);
    }
    cr_expect_eq(upstreams_choose(&u, 0, 0, NOW), 1, "seven, an answer and seven");
    upstreams_note_failure(&u, 1, NOW);
    cr_expect_eq(upstreams_choose(&u, 0, 0, NOW), 2);
    cr_expect_eq(upstreams_choose(&u, 0, 0, NOW + 1999), 2);
    cr_expect_eq(upstreams_choose(&u, 0, 0, NOW + 2000), 1);
    upstreams_note_failure(&u, 1, NOW + 2000);
    cr_expect_eq(upstreams_choose(&u, 0, 0, NOW + 2000), 2, "one more is enough");
    upstreams_note_answer(&u, 1);
    cr_expect_eq(upstreams_choose(&u, 0, 0, NOW + 2000), 1);
}
