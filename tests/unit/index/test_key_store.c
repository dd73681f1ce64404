#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "scanner/base/text.h"
#include "scanner/index/key_store.h"

#define MANY 20000

static struct hash_key key_of(size_t i)
{
    return hash_key_of_u64(i);
}

/* From no octet to 40. */
static struct span record_of(size_t i, char text[64])
{
    int len = snprintf(text, 64, "%0*zu", (int)(i % 41), i);
    return (struct span){(const uint8_t *)text, i % 41 == 0 ? 0 : (size_t)len};
}

static void expect_record(struct key_store *s, size_t i, struct span want)
{
    struct span got;
    cr_assert(key_store_find(s, key_of(i), &got), "%zu", i);
    cr_assert(span_eq(got, want), "%zu", i);
}

static void check_store(size_t memory_octets)
{
    hash_secret_init();
    char text[64];
    struct span none;
    struct key_store *s = key_store_new(memory_octets);
    cr_expect_not(key_store_find(s, key_of(0), &none));
    for (size_t i = 0; i < MANY; i++) {
        cr_assert(key_store_add(s, key_of(i), record_of(i, text)));
        cr_assert_not(key_store_add(s, key_of(i / 2), SPAN_LIT("another")), "the first stays");
    }
    for (size_t i = 0; i < MANY; i++) {
        expect_record(s, i, record_of(i, text));
    }
    /* Put in the place of what was there, as long as that and longer. */
    for (size_t i = 0; i < MANY; i += 3) {
        key_store_put(s, key_of(i), i % 2 == 0 ? SPAN_LIT("0123456789") : record_of(i, text));
    }
    for (size_t i = 0; i < MANY; i++) {
        expect_record(s, i, i % 6 == 0 ? SPAN_LIT("0123456789") : record_of(i, text));
    }
    key_store_put_number(s, key_of(MANY), UINT64_MAX);
    uint64_t number = 0;
    cr_expect(key_store_find_number(s, key_of(MANY), &number));
    cr_expect_eq(number, UINT64_MAX);
    cr_expect_not(key_store_find(s, key_of(MANY + 1), &none));
    cr_expect_null(key_store_error(s));
    key_store_free(s);
}

Test(key_store, records_come_back_as_they_were)
{
    const size_t bounds[] = {KEY_STORE_NO_BOUND, 0, 1, 100000};
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        check_store(bounds[i]);
    }
}

/* A full disk, as a limit of this process. */
Test(key_store, a_disk_that_is_full_is_an_error)
{
    hash_secret_init();
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 100 << 10, .rlim_max = 100 << 10};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    static const uint8_t long_record[4096];
    struct key_store *s = key_store_new(0);
    for (size_t i = 0; i < MANY && key_store_error(s) == NULL; i++) {
        key_store_put(s, key_of(i), (struct span){long_record, sizeof(long_record)});
    }
    struct span got;
    cr_expect_not_null(key_store_error(s));
    cr_expect_not(key_store_find(s, key_of(0), &got));
    key_store_free(s);
}
