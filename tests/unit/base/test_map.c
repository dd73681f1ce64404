#include <criterion/criterion.h>

#include "scanner/base/map.h"

#define KEYS 100000 /* several growths */

static struct hash_key key_of(uint64_t n)
{
    return hash_key_of((struct span){(const uint8_t *)&n, sizeof(n)});
}

Test(map, keeps_what_was_added, .init = hash_secret_init)
{
    struct map m = {0};
    bool added = false;
    cr_expect_null(map_find(&m, key_of(0)), "an empty map has nothing");
    for (uint64_t i = 0; i < KEYS; i++) {
        uint64_t *at = map_add(&m, key_of(i), i * 3, &added);
        cr_assert(added, "key %llu", (unsigned long long)i);
        cr_assert_eq(*at, i * 3);
        cr_assert_leq(m.count * 4, (m.mask + 1) * 3, "load at most 3/4");
    }
    cr_expect_eq(m.count, KEYS);
    for (uint64_t i = 0; i < KEYS; i++) {
        uint64_t *at = map_add(&m, key_of(i), 1, &added);
        cr_assert_not(added, "key %llu", (unsigned long long)i);
        cr_assert_eq(*at, i * 3, "the first value stays");
        *at = i;
    }
    cr_expect_eq(m.count, KEYS);
    for (uint64_t i = 0; i < KEYS; i++) {
        const uint64_t *at = map_find(&m, key_of(i));
        cr_assert_not_null(at);
        cr_assert_eq(*at, i);
        cr_assert_null(map_find(&m, key_of(i + KEYS)), "never added");
    }
    map_deinit(&m);
    cr_expect_null(map_find(&m, key_of(0)), "usable after deinit");
}

/* Keys that want the same place, at the end of the table as well. */
Test(map, tells_keys_with_equal_halves_apart)
{
    struct map m = {0};
    bool added = false;
    for (uint64_t i = 1; i <= 40; i++) {
        (void)map_add(&m, (struct hash_key){.low = 63, .high = i}, i, &added);
        cr_expect(added);
        (void)map_add(&m, (struct hash_key){.low = i * 64, .high = 7}, 100 + i, &added);
        cr_expect(added);
    }
    for (uint64_t i = 1; i <= 40; i++) {
        const uint64_t *at = map_find(&m, (struct hash_key){.low = 63, .high = i});
        cr_expect(at != NULL && *at == i);
        at = map_find(&m, (struct hash_key){.low = i * 64, .high = 7});
        cr_expect(at != NULL && *at == 100 + i);
    }
    cr_expect_null(map_find(&m, (struct hash_key){.low = 63, .high = 41}));
    map_deinit(&m);
}

/* Against a plain list of what should be there: keys that share places, and the end of the table. */
Test(map, forgets_what_is_removed_and_nothing_else)
{
    enum {
        LOWS = 8,
        HIGHS = 5,
        KEY_COUNT = LOWS * HIGHS
    };
    static const uint64_t lows[LOWS] = {61, 62, 63, 64 + 63, 128 + 62, 1, 2, 64};
    struct map m = {0};
    bool there[KEY_COUNT] = {false};
    size_t count = 0;
    uint64_t state = 1;
    cr_expect_not(map_remove(&m, key_of(1)), "an empty map has nothing");
    for (int step = 0; step < 20000; step++) {
        state = state * 6364136223846793005U + 1442695040888963407U; /* Knuth's MMIX */
        size_t k = (size_t)(state >> 33) % KEY_COUNT;
        struct hash_key key = {.low = lows[k % LOWS], .high = 1 + k / LOWS};
        bool added = false;
        if ((state >> 60) % 2 == 0) {
            cr_assert_eq(map_remove(&m, key), there[k]);
            count -= there[k];
            there[k] = false;
        } else {
            cr_assert_eq(*map_add(&m, key, k, &added), k);
            cr_assert_neq(added, there[k]);
            count += added;
            there[k] = true;
        }
        cr_assert_eq(m.count, count);
        for (size_t i = 0; i < KEY_COUNT; i++) {
            const uint64_t *at =
                map_find(&m, (struct hash_key){.low = lows[i % LOWS], .high = 1 + i / LOWS});
            cr_assert_eq(at != NULL, there[i], "key %zu after step %d", i, step);
            cr_assert(at == NULL || *at == i);
        }
    }
    cr_expect_eq(m.mask, 63, "40 keys fit into the first table");
    map_deinit(&m);
}
