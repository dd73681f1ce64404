#include <criterion/criterion.h>

#include "scanner/base/key_table.h"

#define KEYS 100000 /* several growths of both lists */

Test(key_table, numbers_keys_in_the_order_of_coming, .init = hash_secret_init)
{
    struct key_table t = {0};
    bool added = false;
    cr_expect_eq(key_table_find(&t, hash_key_of_u64(0)), KEY_TABLE_NONE,
                 "an empty one has nothing");
    for (uint32_t i = 0; i < KEYS; i++) {
        cr_assert_eq(key_table_add(&t, hash_key_of_u64(i), &added), i);
        cr_assert(added, "key %u", i);
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        cr_assert_eq(key_table_add(&t, hash_key_of_u64(i), &added), i);
        cr_assert_not(added, "key %u", i);
        cr_assert_eq(key_table_find(&t, hash_key_of_u64(i)), i);
        cr_assert_eq(key_table_find(&t, hash_key_of_u64(i + KEYS)), KEY_TABLE_NONE, "never added");
    }
    cr_expect_eq(t.count, KEYS);
    cr_expect_leq(t.capacity, KEYS + KEYS / 4 + 16, "room for a quarter more at most");
    cr_expect_geq(t.mask + 1, KEYS / 3 * 4, "load at most 3/4");
    key_table_deinit(&t);
    cr_expect_eq(key_table_find(&t, hash_key_of_u64(0)), KEY_TABLE_NONE, "usable after deinit");
}

/* Keys that want the same place, at the end of the table as well. */
Test(key_table, tells_keys_with_equal_halves_apart)
{
    struct key_table t = {0};
    bool added = false;
    for (uint64_t i = 1; i <= 40; i++) {
        (void)key_table_add(&t, (struct hash_key){.low = 63, .high = i}, &added);
        cr_expect(added);
        (void)key_table_add(&t, (struct hash_key){.low = i * 64, .high = 7}, &added);
        cr_expect(added);
    }
    for (uint32_t i = 1; i <= 40; i++) {
        cr_expect_eq(key_table_find(&t, (struct hash_key){.low = 63, .high = i}), 2 * (i - 1));
        cr_expect_eq(key_table_find(&t, (struct hash_key){.low = i * 64, .high = 7}), 2 * i - 1);
    }
    cr_expect_eq(key_table_find(&t, (struct hash_key){.low = 63, .high = 41}), KEY_TABLE_NONE);
    key_table_deinit(&t);
}
