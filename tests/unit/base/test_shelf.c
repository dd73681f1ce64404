#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "scanner/base/shelf.h"

#define RECORDS 4000 /* many pieces of the file */
#define LONGEST 700  /* octets: more than one read */

static struct span made_up(uint8_t octets[LONGEST], size_t i)
{
    size_t len = i * 31 % LONGEST;
    for (size_t k = 0; k < len; k++) {
        octets[k] = (uint8_t)(i * 7 + k);
    }
    return (struct span){octets, len};
}

static void expect_all_back(struct shelf *s)
{
    uint64_t *place = calloc(RECORDS, sizeof(*place));
    uint8_t octets[LONGEST];
    cr_assert_not_null(place);
    for (size_t i = 0; i < RECORDS; i++) {
        place[i] = shelf_put(s, made_up(octets, i));
    }
    for (size_t i = RECORDS; i-- > 0;) {
        cr_expect(span_eq(shelf_get(s, place[i]), made_up(octets, i)), "%zu", i);
        size_t other = i * 17 % RECORDS;
        cr_expect(span_eq(shelf_get(s, place[other]), made_up(octets, other)), "%zu", other);
    }
    free(place);
}

static size_t octets_in_memory(const struct shelf *s)
{
    size_t sum = s->got.cap;
    for (uint32_t i = 0; i < s->count; i++) {
        sum += s->pieces[i].octets.cap;
    }
    return sum;
}

Test(shelf, what_was_put_comes_back_and_is_not_in_memory)
{
    struct shelf s;
    shelf_init(&s);
    expect_all_back(&s);
    cr_expect_gt(s.count, 8U);
    cr_expect_leq(octets_in_memory(&s), 2 * SHELF_PIECE_LEN, "%zu", octets_in_memory(&s));
    shelf_deinit(&s);
}

Test(shelf, without_a_file_it_is_in_memory)
{
    struct shelf s;
    cr_assert_eq(setenv("TMPDIR", "/nowhere", 1), 0);
    shelf_init(&s);
    expect_all_back(&s);
    cr_expect_eq(s.file, -1);
    shelf_deinit(&s);
}

Test(shelf, what_a_full_disk_does_not_take_stays_in_memory)
{
    struct shelf s;
    const struct rlimit three = {3 * SHELF_PIECE_LEN, 3 * SHELF_PIECE_LEN};
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &three), 0);
    shelf_init(&s);
    expect_all_back(&s);
    cr_expect(s.failed);
    cr_expect_gt(s.pieces[2].len, 0U);
    cr_expect_eq(s.pieces[3].len, 0U);
    shelf_deinit(&s);
}

Test(shelf, a_record_longer_than_a_piece_comes_back)
{
    struct shelf s;
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    shelf_init(&s);
    for (size_t i = 0; i < SHELF_PIECE_LEN; i++) {
        buf_put(&octets, SPAN_LIT("abc"));
    }
    uint64_t before = shelf_put(&s, SPAN_LIT("one"));
    uint64_t place = shelf_put(&s, buf_span(&octets));
    uint64_t behind = shelf_put(&s, SPAN_LIT("two"));
    cr_expect(span_eq(shelf_get(&s, place), buf_span(&octets)));
    cr_expect(span_eq(shelf_get(&s, before), SPAN_LIT("one")));
    cr_expect(span_eq(shelf_get(&s, behind), SPAN_LIT("two")));
    shelf_deinit(&s);
    buf_deinit(&octets);
}
