#include <criterion/criterion.h>

#include "scanner/base/text_distance.h"

Test(text_distance, counts_what_must_be_typed_otherwise)
{
    static const struct {
        const char *a;
        const char *b;
        size_t more_than;
        size_t want;
    } cases[] = {
        {"check", "check", 3, 0},
        {"chek", "check", 3, 1},
        {"checkk", "check", 3, 1},
        {"chack", "check", 3, 1},
        {"chekc", "check", 3, 1},
        {"hceck", "check", 3, 1},
        {"cehkc", "check", 3, 2},
        {"", "", 0, 0},
        {"", "abc", 3, 3},
        {"abc", "", 3, 3},
        {"", "abc", 2, 3},
        {"scan", "check", 2, 3},
        {"scan", "check", 8, 5},
        {"a", "b", 0, 1},
        {"example.org", "exmaple.org", 1, 1},
        {"ca", "abc", 3, 3},
        {"abcdefgh", "abxdefgh", 0, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span a = span_of(cases[i].a);
        struct span b = span_of(cases[i].b);
        cr_expect_eq(text_distance(a, b, cases[i].more_than), cases[i].want, "%s %s", cases[i].a,
                     cases[i].b);
        cr_expect_eq(text_distance(b, a, cases[i].more_than), cases[i].want, "%s %s", cases[i].b,
                     cases[i].a);
    }
}

Test(text_distance, long_texts_are_similar_to_nothing)
{
    static uint8_t octets[TEXT_DISTANCE_MAX + 1];
    struct span most = {octets, TEXT_DISTANCE_MAX};
    struct span more = {octets, TEXT_DISTANCE_MAX + 1};
    cr_expect_eq(text_distance(most, most, 2), 0);
    cr_expect_eq(text_distance(more, most, 2), 3);
    cr_expect_eq(text_distance(more, more, 2), 3);
}
