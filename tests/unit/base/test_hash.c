#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct golden_case {
    struct span a;
    struct span b;
    uint64_t seed;
    uint32_t partition; /* of `a` */
    uint64_t draw;
};

/* Parameters version 1. These values are in use: which worker owns a key, which names at a
 * crowded address are dialled. A change needs a new version, not new values here. */
static const struct golden_case golden_cases[] = {
    {SPAN_INIT(""), SPAN_INIT(""), 0, 2867, 0x0da35e4e04749ca0},
    {SPAN_INIT("a"), SPAN_INIT("b"), 0, 1281, 0xca84f67a0bb2bbff},
    {SPAN_INIT("b"), SPAN_INIT("a"), 0, 3823, 0xa8745e576da80e6c},
    {SPAN_INIT("mx.test"), SPAN_INIT("192.0.2.1"), 0, 2988, 0x7da94884da7c1c3b},
    {SPAN_INIT("mx.test"), SPAN_INIT("192.0.2.1"), 1, 2988, 0x66b13e5c24478633},
    {SPAN_INIT("mx.test"), SPAN_INIT("192.0.2.1"), UINT64_MAX, 2988, 0xf6422dd1b586644c},
    {SPAN_INIT("a.name.that.is.longer.than.one.stripe.of.sixty-four.octets.example.test"),
     SPAN_INIT("\0\1\2\3"), 42, 811, 0xbb3859ea2abad7ca},
};

Test(hash, partitions_and_draws_never_change)
{
    for (size_t i = 0; i < COUNT(golden_cases); i++) {
        const struct golden_case *c = &golden_cases[i];
        cr_expect_eq(hash_partition(c->a), c->partition, "row %zu: %u", i, hash_partition(c->a));
        uint64_t draw = hash_draw(c->seed, c->a, c->b);
        cr_expect_eq(draw, c->draw, "row %zu: 0x%016llx", i, (unsigned long long)draw);
    }
}

/* 100,000 names over 4096 partitions: 24 each, none empty or with four times as many. */
Test(hash, partitions_are_even)
{
    static uint32_t counts[PARTITION_COUNT];
    for (uint32_t i = 0; i < 100000; i++) {
        char name[32];
        int len = snprintf(name, sizeof(name), "mx%u.test", i);
        uint32_t p = hash_partition((struct span){(const uint8_t *)name, (size_t)len});
        cr_assert_lt(p, PARTITION_COUNT);
        counts[p]++;
    }
    for (size_t i = 0; i < PARTITION_COUNT; i++) {
        cr_assert(counts[i] > 0 && counts[i] < 100, "partition %zu: %u", i, counts[i]);
    }
}

Test(hash, keys_are_equal_for_equal_octets_only)
{
    hash_secret_init();
    static const struct span keys[] = {
        SPAN_INIT(""),  SPAN_INIT("\0"), SPAN_INIT("\0\0"), SPAN_INIT("a"),
        SPAN_INIT("b"), SPAN_INIT("A"),  SPAN_INIT("ab"),   SPAN_INIT("ba"),
    };
    for (size_t i = 0; i < COUNT(keys); i++) {
        for (size_t k = 0; k < COUNT(keys); k++) {
            struct hash_key a = hash_key_of(keys[i]);
            struct hash_key b = hash_key_of(keys[k]);
            cr_expect_eq(a.low == b.low && a.high == b.high, i == k, "%zu and %zu", i, k);
            cr_expect(a.low != 0 || a.high != 0);
        }
    }
}
