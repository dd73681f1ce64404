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

static bool take(struct roster *r, uint32_t number, uint32_t epoch, const char *name)
{
    const struct message_fleet_take t = {
        .member = (uint16_t)number, .epoch = epoch, .name = span_of(name)};
    return roster_take(r, &t);
}

static void leave(struct roster *r, uint32_t number, uint32_t epoch, bool whole)
{
    const struct message_fleet_left l = {
        .member = (uint16_t)number, .epoch = epoch, .whole = whole};
    roster_left(r, &l);
}

static void beat(struct roster *r, const char *name)
{
    roster_beat(r, span_of(name), 1);
}

/* So many members, "0", "1", ... */
static struct roster complete_roster(uint32_t members)
{
    struct roster r;
    roster_init(&r, members);
    for (uint32_t i = 0; i < members; i++) {
        const char name[] = {(char)('0' + (char)i), '\0'};
        join(&r, name, &both);
    }
    cr_assert(r.complete);
    return r;
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
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY);
}

Test(roster, who_goes_away_from_a_complete_fleet_leaves_a_free_seat)
{
    struct roster r = complete_roster(2);
    roster_away(&r, span_of("1"));
    join(&r, "another", &both);
    cr_expect_eq(r.count, 2);
    cr_expect_eq(number_of(&r, "another"), ROSTER_NOBODY, "to join is not to take");
    cr_expect_eq(roster_find_free(&r, 0, 45), 1);
    cr_expect_eq(roster_find_free(&r, 1, 45), ROSTER_NOBODY, "of itself it knows");
    cr_expect_eq(roster_find_free(&r, ROSTER_NOBODY, 45), 1, "as who has none sees it");
}

Test(roster, a_seat_is_free_where_work_was_left_and_not_where_it_was_done)
{
    struct roster r = complete_roster(3);
    leave(&r, 9, 1, false); /* nobody */
    leave(&r, 1, 1, true);
    for (int i = 0; i < 100; i++) {
        beat(&r, "0");
        beat(&r, "2");
        roster_count_silence(&r);
    }
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY, "who is done need not be heard");
    cr_expect_not(roster_is_done(&r));
    leave(&r, 2, 1, false);
    cr_expect_eq(roster_find_free(&r, 0, 45), 2);
    leave(&r, 0, 1, true);
    leave(&r, 2, 1, true);
    cr_expect(roster_is_done(&r));
}

Test(roster, silence_is_counted_in_beats_of_ours)
{
    struct roster r = complete_roster(2);
    for (int i = 0; i < 45; i++) {
        roster_count_silence(&r);
    }
    beat(&r, "0");
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY);
    roster_count_silence(&r);
    cr_expect_eq(roster_find_free(&r, 0, 45), 1);
    beat(&r, "1");
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY, "it is heard again");
}

/* In the order of `control`: the first TAKE of an epoch counts, whoever else says so. */
Test(roster, a_seat_is_taken_once_in_each_epoch)
{
    static const struct {
        const char *name;
        uint32_t seat;
        uint32_t epoch;
        bool taken;
        const char *why;
    } says[] = {
        {"a", 1, 1, false, "the epoch of who joined"},
        {"a", 1, 3, false, "an epoch too far"},
        {"a", 2, 2, false, "no such seat"},
        {"", 1, 2, false, "nobody"},
        {"a", 1, 2, true, "the first"},
        {"b", 1, 2, false, "the second"},
        {"a", 1, 2, false, "again"},
        {"a", 0, 2, false, "who has a seat takes no other"},
        {"b", 0, 2, true, "another seat"},
        {"c", 1, 3, true, "the next epoch"},
        {"1", 0, 3, true, "who lost a seat is as anybody"},
    };
    struct roster r = complete_roster(2);
    leave(&r, 1, 1, false);
    for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
        cr_expect_eq(take(&r, says[i].seat, says[i].epoch, says[i].name), says[i].taken, "%s",
                     says[i].why);
    }
    cr_expect_eq(number_of(&r, "c"), 1);
    cr_expect_eq(r.members[1].epoch, 3);
    cr_expect_eq(number_of(&r, "1"), 0);
}

Test(roster, nobody_takes_a_seat_before_all_are_there)
{
    struct roster r;
    roster_init(&r, 2);
    join(&r, "one", &both);
    cr_expect_not(take(&r, 0, 2, "two"));
    cr_expect_eq(number_of(&r, "one"), 0);
}

Test(roster, a_taken_seat_has_nothing_of_who_sat_there)
{
    struct roster r = complete_roster(2);
    for (int i = 0; i < 46; i++) {
        beat(&r, "0");
        roster_count_silence(&r);
    }
    cr_expect_eq(roster_find_free(&r, 0, 45), 1);
    cr_assert(take(&r, 1, 2, "new"));
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY, "its silence begins anew");
    cr_expect_eq(number_of(&r, "1"), ROSTER_NOBODY, "who was there has none");
    leave(&r, 1, 1, false); /* what it said too late */
    roster_away(&r, span_of("1"));
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY);
    leave(&r, 1, 1, true);
    cr_expect_not(r.members[1].left);
    for (int i = 0; i < 46; i++) {
        beat(&r, "0");
        beat(&r, "1"); /* the same */
        roster_count_silence(&r);
    }
    cr_expect_eq(roster_find_free(&r, 0, 45), 1, "the new one was never heard");
    leave(&r, 1, 2, true);
    cr_expect_eq(roster_find_free(&r, 0, 45), ROSTER_NOBODY, "but it has done its work");
}

Test(roster, progress_is_that_of_all_others)
{
    struct roster r = complete_roster(3);
    roster_beat(&r, span_of("0"), 100);
    roster_beat(&r, span_of("1"), 20);
    roster_beat(&r, span_of("2"), 3);
    roster_beat(&r, span_of("nobody"), 7);
    cr_expect_eq(roster_progress_of_others(&r, 0), 23);
    cr_expect_eq(roster_progress_of_others(&r, 2), 120);
}
