#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "scanner/survey/groups.h"

static void count(struct groups *g, const char *name, uint32_t n)
{
    groups_of(g, span_of(name))[1] += n;
}

Test(groups, count_by_name_and_come_back_in_order)
{
    struct groups g;
    groups_init(&g, 2, true);
    count(&g, "org", 3);
    count(&g, "com", 5);
    count(&g, "net", 3);
    count(&g, "org", 0);
    count(&g, "", 1);
    static const char *const by_count[] = {"com", "net", "org", ""};
    static const char *const by_name[] = {"", "com", "net", "org"};
    uint32_t *first = groups_order(&g, 1);
    uint32_t *second = groups_by_name(&g);
    cr_assert_eq(groups_count(&g), 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_str_eq(groups_name(&g, first[i]), by_count[i]);
        cr_assert_str_eq(groups_name(&g, second[i]), by_name[i]);
    }
    cr_assert_eq(groups_find(&g, span_of("org"))[1], 3);
    cr_assert_null(groups_find(&g, span_of("uk")));
    free(first);
    free(second);
    groups_deinit(&g);
}

Test(groups, a_long_name_is_cut_between_characters_and_stays_its_own)
{
    struct groups g;
    struct buf a = BUF_INIT(BUF_NO_LIMIT);
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    groups_init(&g, 2, true);
    for (int i = 0; i < 300; i++) {
        buf_put_text(&a, "ü");
        buf_put_text(&b, "ü");
    }
    buf_put_text(&b, "x");
    groups_of(&g, buf_span(&a))[0]++;
    groups_of(&g, buf_span(&b))[0] += 2;
    cr_assert_eq(groups_count(&g), 2);
    for (uint32_t i = 0; i < 2; i++) {
        size_t len = strlen(groups_name(&g, i));
        cr_assert_leq(len, GROUP_NAME_MAX);
        cr_assert_eq(len % 2, 1); /* whole characters of two octets, and an ellipsis of three */
        cr_assert_eq(groups_at(&g, i)[0], i + 1);
    }
    buf_deinit(&a);
    buf_deinit(&b);
    groups_deinit(&g);
}

Test(groups, many_names_keep_their_numbers)
{
    struct groups g;
    char name[32];
    groups_init(&g, 3, false);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            (void)snprintf(name, sizeof(name), "host%u.test", i);
            groups_of(&g, span_of(name))[2] += i;
        }
    }
    cr_assert_eq(groups_count(&g), 5000);
    for (uint32_t i = 0; i < 5000; i++) {
        cr_assert_eq(groups_at(&g, i)[2], 2 * i);
    }
    groups_deinit(&g);
}
