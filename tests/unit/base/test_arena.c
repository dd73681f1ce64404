#include <stddef.h>

#include <criterion/criterion.h>

#include "scanner/base/arena.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static size_t free_blocks(const struct arena_pool *p)
{
    /* `next` is the first member of a block. */
    size_t n = 0;
    for (const void *b = p->free; b != NULL; memcpy(&b, b, sizeof(b))) {
        n++;
    }
    return n;
}

/* Around the room of a block, and far beyond. */
static const size_t sizes[] = {1, 7, 15, 16, 17, 100, 479, 480, 481, 495, 496, 497, 512, 70000};

Test(arena, gives_zeroed_aligned_memory_that_does_not_overlap)
{
    struct arena_pool pool = {0};
    for (int round = 0; round < 3; round++) { /* the second time from used blocks */
        struct arena a = ARENA_INIT(&pool);
        uint8_t *at[COUNT(sizes) * 20];
        for (size_t i = 0; i < COUNT(at); i++) {
            size_t size = sizes[i % COUNT(sizes)];
            at[i] = arena_new(&a, 1, size);
            cr_assert_eq((uintptr_t)at[i] % _Alignof(max_align_t), 0);
            for (size_t n = 0; n < size; n++) {
                cr_assert_eq(at[i][n], 0, "round %d, size %zu", round, size);
            }
            memset(at[i], (int)(i % 251 + 1), size);
        }
        for (size_t i = 0; i < COUNT(at); i++) {
            size_t size = sizes[i % COUNT(sizes)];
            for (size_t n = 0; n < size; n++) {
                cr_assert_eq(at[i][n], i % 251 + 1, "allocation %zu was overwritten", i);
            }
        }
        arena_reset(&a);
        cr_expect_null(a.blocks);
    }
    arena_pool_deinit(&pool);
    cr_expect_null(pool.free);
}

/* One of a size of its own: what fits takes one block, and goes back to the pool. */
Test(arena, blocks_of_a_pool_have_its_size)
{
    struct arena_pool pool = {.block_size = 240};
    struct arena a = ARENA_INIT(&pool);
    (void)arena_new(&a, 1, 112);
    (void)arena_new(&a, 1, 112); /* 224 of room */
    (void)arena_new(&a, 1, 1);
    (void)arena_new(&a, 1, 225); /* more than a block, so malloc has it back */
    arena_reset(&a);
    cr_expect_eq(free_blocks(&pool), 2);
    arena_pool_deinit(&pool);
}

/* As in what was set to zeros and never begun. */
Test(arena, one_without_a_pool_is_reset)
{
    struct arena a = {0};
    arena_reset(&a);
    cr_expect_null(a.blocks);
}

Test(arena, steady_work_takes_no_new_blocks)
{
    struct arena_pool pool = {0};
    size_t after_first = 0;
    for (int round = 0; round < 10; round++) {
        struct arena a = ARENA_INIT(&pool);
        for (int i = 0; i < 100; i++) {
            (void)arena_new(&a, 10, 10);
        }
        (void)arena_new(&a, 1, 5000); /* goes back to the system, not to the pool */
        arena_reset(&a);
        after_first = round == 0 ? free_blocks(&pool) : after_first;
        cr_expect_eq(free_blocks(&pool), after_first, "round %d", round);
    }
    cr_expect_gt(after_first, 1);
    arena_pool_deinit(&pool);
}

Test(arena, a_pool_keeps_no_more_than_its_bound)
{
    struct arena_pool pool = {.block_size = 256};
    struct arena arena = ARENA_INIT(&pool);
    for (size_t i = 0; i < 2 * ARENA_POOL_MAX / 256; i++) {
        (void)arena_new(&arena, 1, 200);
    }
    arena_reset(&arena);
    cr_expect_eq(pool.free_count, ARENA_POOL_MAX / 256);
    (void)arena_new(&arena, 1, 200);
    cr_expect_eq(pool.free_count, ARENA_POOL_MAX / 256 - 1);
    arena_reset(&arena);
    arena_pool_deinit(&pool);
}

Test(arena, copies)
{
    struct arena_pool pool = {0};
    struct arena a = ARENA_INIT(&pool);
    char text[] = "mx.test";
    struct span copy = arena_copy(&a, span_of(text));
    text[0] = 'X';
    cr_expect(span_eq(copy, SPAN_LIT("mx.test")));
    cr_expect_eq(arena_copy(&a, (struct span){0}).len, 0);
    cr_expect_not_null(arena_new(&a, 0, 100), "never NULL");
    arena_reset(&a);
    arena_pool_deinit(&pool);
}
