#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/base/check.h"
#include "scanner/cert/crypto_memory.h"

#define AT      __FILE__, __LINE__
#define LENGTHS (CRYPTO_BLOCK_MAX + 100)
#define THREADS 64

TestSuite(crypto_memory);

static void fill(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(len + i);
    }
}

static bool is_filled(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] != (uint8_t)(len + i)) {
            return false;
        }
    }
    return true;
}

/* One of each length at a time, three times: each has room, and no other writes into it. */
Test(crypto_memory, blocks_have_room_for_what_was_asked)
{
    static uint8_t *blocks[LENGTHS];
    for (size_t round = 0; round < 3; round++) {
        for (size_t len = 1; len < LENGTHS; len++) {
            blocks[len] = crypto_take(len, AT);
            cr_assert(malloc_usable_size(blocks[len]) >= len, "%zu", len);
            fill(blocks[len], len);
        }
        for (size_t len = 1; len < LENGTHS; len++) {
            cr_expect(is_filled(blocks[len], len), "%zu", len);
            crypto_give_back(blocks[len], AT);
        }
    }
}

Test(crypto_memory, nothing_is_no_block)
{
    cr_expect_null(crypto_take(0, AT));
    crypto_give_back(NULL, AT);
    void *at = crypto_resize(NULL, 10, AT);
    cr_expect_not_null(at);
    cr_expect_null(crypto_resize(at, 0, AT));
}

Test(crypto_memory, a_block_keeps_what_is_in_it_when_it_grows)
{
    static const size_t lengths[] = {1, 24, 25, 1000, 1024, 1025, 40000};
    uint8_t *at = crypto_take(1, AT);
    fill(at, 1);
    for (size_t i = 1; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        at = crypto_resize(at, lengths[i], AT);
        cr_expect(is_filled(at, 0) && at[0] == 1, "%zu", lengths[i]);
    }
    crypto_give_back(at, AT);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define COUNTED 0 /* another allocator, which mallinfo2() does not know */
#else
#    define COUNTED 1
#endif

/* More of one size than is kept. */
static void give_back_many(size_t len)
{
    enum {
        BLOCKS = 2 * CRYPTO_KEPT_MAX / 24
    };
    static _Thread_local void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = crypto_take(len, AT);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        crypto_give_back(blocks[i], AT);
    }
}

Test(crypto_memory, no_more_is_kept_than_the_bound)
{
    give_back_many(1000); /* whatever malloc(3) needs at first */
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < 10; i++) {
        give_back_many(1000);
    }
    size_t after = mallinfo2().uordblks;
    cr_expect(!COUNTED || after <= before + 1000, "%zu, %zu", before, after);
    cr_expect(!COUNTED || before < CRYPTO_KEPT_MAX + (1U << 20), "%zu", before);
}

static void *in_thread(void *arg)
{
    for (size_t len = 8; len < CRYPTO_BLOCK_MAX; len += 16) {
        give_back_many(len);
    }
    return arg;
}

Test(crypto_memory, a_thread_that_ends_frees_what_it_kept)
{
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0 &&
              pthread_join(thread, NULL) == 0);
    }
    size_t after = mallinfo2().uordblks;
    /* each kept 2 MiB */
    cr_expect(!COUNTED || after < before + THREADS * (128U << 10), "%zu, %zu", before, after);
}
