#include <criterion/criterion.h>

#include "scanner/fleet/roster.h"

static const struct roster_place both = {.ipv4 = true, .ipv6 = true, .trust_ad = true};
static const struct roster_place ipv4 = {.ipv4 = true, .trust_ad = true};
static const struct roster_place distrusting = {.ipv4 = true, .ipv6 = true};

static void join(struct roster *r, const char *name, const struct roster_place *place)
{
    const struct message_fleet_join j = {.member = span_of(name),
                                         .ipv4 = place->ipv4,
                                         .ipv6 = place->ipv6,
                                         .trust_ad = place->trust_ad};
    roster_join(r, &j);
}

static uint32_t number_of(const struct roster *r, const char *name)
{
    return roster_find(r, span_of(name));
}

Test(roster, the_first_that_join_are_members_in_their_order)
{
    struct roster r;
    roster_init(&r, 2);
    join(&r, "one", &both);
    join(&r, "one", &both); /* again */
    cr_expect_eq(r.count, 1);
    cr_expect_not(r.complete);
    join(&r, "two", &both);
    cr_expect(r.complete);
    join(&r, "three", &both);
    cr_expect_eq(number_of(&r, "one"), 0);
    cr_expect_eq(number_of(&r, "two"), 1);
    cr_expect_eq(number_of(&r, "three"), ROSTER_NOBODY);
}

Test(roster, who_disagrees_with_the_first_takes_no_place)
{
    struct roster r;
    roster_init(&r, 2);
    cr_expect(roster_agrees(&r, &ipv4), "nobody is there");
    join(&r, "one", &both);
    cr_expect_not(roster_agrees(&r, &ipv4));
    cr_expect_not(roster_agrees(&r, &distrusting));
    join(&r, "other", &ipv4);
    join(&r, "another", &distrusting);
    cr_expect_eq(r.count, 1);
    join(&r, "two", &both);
    cr_expect(r.complete);
    cr_expect_eq(number_of(&r, "two"), 1);
}

Test(roster, a_place_is_free_again_before_all_are_there)
{
    struct roster r;
    roster_init(&r, 3);
    join(&r, "wrong", &ipv4);
    join(&r, "same", &ipv4);
    roster_away(&r, span_of("nobody"));
    roster_away(&r, span_of("wrong"));
    cr_expect_eq(number_of(&r, "same"), 0, "it moved up");
    roster_away(&r, span_of("same"));
    cr_expect_eq(r.count, 0);
    join(&r, "right", &both); /* the first again */
    join(&r, "two", &both);
    join(&r, "three", &both);
    cr_expect(r.complete);
    cr_expect_eq(number_of(&r, "right"), 0);
    cr_expect_eq(roster_find_lost(&r, 0, 45), ROSTER_NOBODY);
}

Test(roster, who_goes_away_from_a_complete_fleet_is_lost)
{
    struct roster r;
    roster_init(&r, 2);
    join(&r, "one", &both);
    join(&r, "two", &both);
    roster_away(&r, span_of("two"));
    join(&r, "three", &both);
    cr_expect_eq(r.count, 2);
    cr_expect_eq(number_of(&r, "three"), ROSTER_NOBODY);
    cr_expect_eq(roster_find_lost(&r, 0, 45), 1);
    cr_expect_eq(roster_find_lost(&r, 1, 45), ROSTER_NOBODY, "of itself it knows");
}

Test(roster, who_leaves_unfinished_is_lost_and_who_is_done_is_not)
{
    struct roster r;
    roster_init(&r, 3);
    join(&r, "one", &both);
    join(&r, "two", &both);
    join(&r, "three", &both);
    roster_left(&r, 9, false); /* nobody */
    roster_left(&r, 1, true);
    for (int i = 0; i < 100; i++) {
        roster_beat(&r, span_of("one"), 1, i);
        roster_beat(&r, span_of("three"), 1, i);
        roster_count_silence(&r);
    }
    cr_expect_eq(roster_find_lost(&r, 0, 45), ROSTER_NOBODY, "who is done need not be heard");
    roster_left(&r, 2, false);
    cr_expect_eq(roster_find_lost(&r, 0, 45), 2);
}

Test(roster, silence_is_counted_in_beats_of_ours)
{
    struct roster r;
    roster_init(&r, 2);
    join(&r, "one", &both);
    join(&r, "two", &both);
    for (int i = 0; i < 45; i++) {
        roster_count_silence(&r);
    }
    roster_beat(&r, span_of("one"), 0, 45000);
    cr_expect_eq(roster_find_lost(&r, 0, 45), ROSTER_NOBODY);
    roster_count_silence(&r);
    cr_expect_eq(roster_find_lost(&r, 0, 45), 1);
    roster_beat(&r, span_of("two"), 7, 46000);
    cr_expect_eq(roster_find_lost(&r, 0, 45), ROSTER_NOBODY, "it is heard again");
}

Test(roster, progress_is_that_of_all_others)
{
    struct roster r;
    roster_init(&r, 3);
    join(&r, "one", &both);
    join(&r, "two", &both);
    join(&r, "three", &both);
    roster_beat(&r, span_of("one"), 100, 1);
    roster_beat(&r, span_of("two"), 20, 1);
    roster_beat(&r, span_of("three"), 3, 1);
    roster_beat(&r, span_of("nobody"), 7, 1);
    cr_expect_eq(roster_progress_of_others(&r, 0), 23);
    cr_expect_eq(roster_progress_of_others(&r, 2), 120);
}
