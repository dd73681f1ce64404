#include <criterion/criterion.h>

#include "scanner/base/spool.h"

#define PIECES 300

static struct span made_up(uint8_t octets[], size_t i)
{
    size_t len = i * 7;
    memset(octets, (int)(i + 1), len);
    return (struct span){octets, len};
}

static void expect_back(struct spool *s, uint64_t place, size_t i)
{
    uint8_t octets[PIECES * 7];
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    spool_take(s, place, &got);
    cr_expect(span_eq(buf_span(&got), made_up(octets, i)), "%zu", i);
    buf_deinit(&got);
}

/* Of all sizes, one after the other and mixed; what is taken back makes room. */
Test(spool, each_piece_comes_back_and_its_room_is_used_again)
{
    struct spool_budget budget = {.octets = 1U << 20};
    struct spool s;
    uint64_t place[PIECES];
    uint8_t octets[PIECES * 7];
    uint64_t used = 0;
    spool_init(&s, &budget);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            place[i] = spool_put(&s, made_up(octets, i));
            cr_assert_neq(place[i], SPOOL_NOWHERE);
        }
        for (size_t i = 0; i < PIECES; i += 2) {
            expect_back(&s, place[i], i);
        }
        for (size_t i = 0; i < PIECES; i += 2) {
            place[i] = spool_put(&s, made_up(octets, i));
        }
        for (size_t i = PIECES; i-- > 0;) {
            expect_back(&s, place[i], i);
        }
        cr_expect(round == 0 || budget.used == used);
        used = budget.used;
    }
    spool_deinit(&s);
}

Test(spool, two_share_a_budget_and_a_full_one_says_so)
{
    struct spool_budget budget = {.octets = 512};
    struct spool a;
    struct spool b;
    spool_init(&a, &budget);
    spool_init(&b, &budget);
    uint64_t first = spool_put(&a, SPAN_LIT("one"));
    uint8_t octets[PIECES * 7];
    cr_expect_neq(spool_put(&b, made_up(octets, 30)), SPOOL_NOWHERE, "256 octets");
    cr_expect_eq(spool_put(&b, made_up(octets, 30)), SPOOL_NOWHERE, "of 128");
    cr_expect(budget.full);
    cr_expect_eq(spool_put(&b, SPAN_LIT("two")), SPOOL_NOWHERE, "as long as nothing is taken back");
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    spool_take(&a, first, &out);
    cr_expect_not(budget.full, "there is room again");
    cr_expect(span_eq(buf_span(&out), SPAN_LIT("one")));
    cr_expect_neq(spool_put(&a, SPAN_LIT("four")), SPOOL_NOWHERE);
    buf_deinit(&out);
    spool_deinit(&a);
    spool_deinit(&b);
}

Test(spool, without_a_budget_nothing_is_put_aside)
{
    struct spool_budget budget = {.octets = 0};
    struct spool s;
    spool_init(&s, &budget);
    cr_expect_eq(spool_put(&s, SPAN_LIT("one")), SPOOL_NOWHERE);
    cr_expect_not(budget.full);
    spool_deinit(&s);
}

Test(spool, a_file_that_cannot_be_made)
{
    struct spool_budget budget = {.octets = 1U << 20};
    struct spool s;
    spool_init(&s, &budget);
    cr_assert_eq(setenv("TMPDIR", "/nowhere", 1), 0);
    cr_expect_eq(spool_put(&s, SPAN_LIT("one")), SPOOL_NOWHERE);
    cr_expect(budget.full);
    spool_deinit(&s);
}
