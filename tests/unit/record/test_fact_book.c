#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/record/cause_totals.h"
#include "scanner/record/fact_book.h"

static struct span made_up(uint8_t *octets, size_t i)
{
    size_t len = i % 7000;
    memset(octets, (int)(i + 1), len);
    return (struct span){octets, len};
}

/* Records that are written, those that still lie in memory, and one across both. */
Test(fact_book, records_come_back_by_place_and_in_order)
{
    enum {
        RECORDS = 400
    };
    static uint8_t octets[7000];
    uint64_t place[RECORDS];
    hash_secret_init();
    struct fact_book *b = fact_book_new(FACTS_NO_BOUND);
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < RECORDS; i++) {
        place[i] = fact_book_append(b, i % 2 ? FACT_HOST : FACT_CHAIN, made_up(octets, i * 61));
        cr_assert_neq(place[i], FACT_NOWHERE);
        enum fact_kind kind;
        size_t back = i * 7 % (i + 1);
        cr_assert(fact_book_read(b, place[back], &kind, &got));
        cr_expect(span_eq(buf_span(&got), made_up(octets, back * 61)), "%zu", back);
        cr_expect_eq(kind, back % 2 ? FACT_HOST : FACT_CHAIN);
    }
    struct fact_walk walk = {FACT_NOWHERE};
    size_t count = 0;
    enum fact_kind kind;
    for (uint64_t at; fact_book_next(b, &walk, &at, &kind, &got); count++) {
        cr_expect_eq(at, place[count]);
        cr_expect(span_eq(buf_span(&got), made_up(octets, count * 61)), "%zu", count);
    }
    cr_expect_eq(count, RECORDS);
    cr_expect_null(fact_book_error(b));
    buf_deinit(&got);
    fact_book_free(b);
}

Test(fact_book, things_are_known_by_kind_and_key)
{
    const uint16_t one[] = {code_item(FINDING_TLS_ALERT, SEVERITY_ERROR)};
    const uint16_t two[] = {code_item(FINDING_TLS_ALERT, SEVERITY_ERROR),
                            code_item(FINDING_TLS_CLOSED, SEVERITY_ERROR)};
    hash_secret_init();
    struct fact_book *b = fact_book_new(FACTS_NO_BOUND);
    fact_book_add(b, FACT_HOST, SPAN_LIT("a"), (struct code_set){one, 1}, 5);
    fact_book_add(b, FACT_SERVICE, SPAN_LIT("a"), (struct code_set){two, 2}, 6);
    fact_book_add(b, FACT_ENDPOINT, SPAN_LIT("a"), (struct code_set){NULL, 0}, 7);
    fact_book_add(b, FACT_CHAIN, SPAN_LIT("a"), (struct code_set){two, 2}, FACT_NOWHERE);
    cr_expect_eq(fact_book_find(b, FACT_CHAIN, SPAN_LIT("a")).codes.count, 2); /* a full disk */
    struct fact_entry host = fact_book_find(b, FACT_HOST, SPAN_LIT("a"));
    cr_expect_eq(host.place, 5);
    cr_assert_eq(host.codes.count, 1);
    cr_expect_eq(host.codes.items[0], one[0]);
    struct fact_entry service = fact_book_find(b, FACT_SERVICE, SPAN_LIT("a"));
    cr_expect_eq(service.codes.count, 2);
    cr_expect_eq(fact_book_find(b, FACT_ENDPOINT, SPAN_LIT("a")).codes.count, 0);
    cr_expect_eq(fact_book_find(b, FACT_ENDPOINT, SPAN_LIT("a")).place, 7);
    cr_expect_eq(fact_book_find(b, FACT_CHAIN, SPAN_LIT("a")).place, FACT_NOWHERE);
    cr_expect_eq(fact_book_find(b, FACT_HOST, SPAN_LIT("b")).place, FACT_NOWHERE);
    fact_book_add(b, FACT_HOST, SPAN_LIT("a"), (struct code_set){two, 2}, 9); /* again */
    cr_expect_eq(fact_book_find(b, FACT_HOST, SPAN_LIT("a")).place, 9);
    cr_expect_eq(host.codes.items[0], one[0]); /* what was found stays */
    fact_book_free(b);
}

Test(fact_book, a_disk_that_is_full_is_one_error)
{
    static uint8_t octets[100000];
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 300 << 10, .rlim_max = 300 << 10};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    hash_secret_init();
    struct fact_book *b = fact_book_new(FACTS_NO_BOUND);
    uint64_t first = fact_book_append(b, FACT_HOST, (struct span){octets, sizeof(octets)});
    for (int i = 0; i < 20; i++) {
        (void)fact_book_append(b, FACT_HOST, (struct span){octets, sizeof(octets)});
    }
    cr_assert_not_null(fact_book_error(b));
    cr_expect_not_null(strstr(fact_book_error(b), "temporary file in "));
    cr_expect_eq(fact_book_append(b, FACT_HOST, SPAN_LIT("x")), FACT_NOWHERE);
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    enum fact_kind kind;
    cr_expect_not(fact_book_read(b, first, &kind, &got));
    buf_deinit(&got);
    fact_book_free(b);
}

/* However few fit into memory, and in whichever order they come. */
Test(cause_totals, sums_are_exact_and_the_worst_comes_first)
{
    hash_secret_init();
    static const size_t in_memory[] = {1, 2, 3, 1000};
    for (size_t m = 0; m < sizeof(in_memory) / sizeof(in_memory[0]); m++) {
        struct scratch_database *d = scratch_database_open(256U << 10);
        struct cause_totals *t = cause_totals_new(d, in_memory[m]);
        for (uint64_t i = 0; i < 60; i++) {
            uint64_t n = m % 2 ? i : 59 - i;
            char key = (char)('a' + n % 6);
            const struct cause_total of_domain = {
                .domain_count = 1,
                .first = 100 + n,
                .effect = (uint8_t)(key == 'c' && n == 14 ? EFFECT_MAIL_LOST : EFFECT_HYGIENE),
                .severity = (uint8_t)(n == 14 ? SEVERITY_ERROR : SEVERITY_NOTICE)};
            const struct cause_total of_host = {
                .host_count = 1, .place_count = 2, .first = CAUSE_NOWHERE};
            cause_totals_add(t, (struct span){(const uint8_t *)&key, 1}, &of_host);
            if (key != 'f' && (key != 'e' || n < 30)) {
                cause_totals_add(t, (struct span){(const uint8_t *)&key, 1}, &of_domain);
            }
        }
        static const uint64_t first[] = {102, 100, 101, 103, 104};
        struct cause_total got;
        for (size_t i = 0; i < 5; i++) {
            cr_assert(cause_totals_next(t, &got), "%zu: %zu", m, i);
            cr_expect_eq(got.first, first[i], "%zu: %zu", m, i);
            cr_expect_eq(got.domain_count, i == 4 ? 5 : 10);
            cr_expect_eq(got.host_count, 10);
            cr_expect_eq(got.place_count, 20);
            cr_expect_eq(got.effect, i == 0 ? EFFECT_MAIL_LOST : EFFECT_HYGIENE);
            cr_expect_eq(got.severity, i == 0 ? SEVERITY_ERROR : SEVERITY_NOTICE);
        }
        cr_expect_not(cause_totals_next(t, &got)); /* of no domain */
        cr_expect_null(scratch_database_error(d));
        cause_totals_free(t);
        scratch_database_close(d);
    }
}
