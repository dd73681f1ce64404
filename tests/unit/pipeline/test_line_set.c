#include <criterion/criterion.h>

#include "scanner/pipeline/line_set.h"

/* Around octets and around the growths of the set. */
static const uint64_t lines[] = {1,     7,     8,     63,     64,      32767,  32768,
                                 32769, 65535, 65536, 131072, 1000000, 9999999};

Test(line_set, has_exactly_what_was_added)
{
    struct line_set s = {0};
    cr_expect_not(line_set_has(&s, 0));
    cr_expect_not(line_set_has(&s, UINT64_MAX));
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        line_set_add(&s, lines[i]);
        line_set_add(&s, lines[i]); /* again: no change */
    }
    size_t next = 0;
    for (uint64_t n = 0; n <= 10000000; n++) {
        bool want = next < sizeof(lines) / sizeof(lines[0]) && lines[next] == n;
        cr_assert_eq(line_set_has(&s, n), want, "line %llu", (unsigned long long)n);
        next += want;
    }
    cr_expect_not(line_set_has(&s, UINT64_MAX));
    line_set_deinit(&s);
    cr_expect_not(line_set_has(&s, 1), "usable after deinit");
}
