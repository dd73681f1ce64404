#include <string.h>

#include <criterion/criterion.h>

#include "scanner/base/uuid.h"

struct uuid_case {
    const char *name;
    int64_t unix_ms;
    uint8_t random[UUID7_RANDOM_LEN];
    const char *text;
};

static const struct uuid_case cases[] = {
    {"RFC 9562 appendix A.6",
     0x017F22E279B0,
     {0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F},
     "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"},
    {"section 5.7: version and variant are not random",
     0,
     {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
     "00000000-0000-7fff-bfff-ffffffffffff"},
    {"section 5.7: 48 bits of time", 0xFFFFFFFFFFFF, {0}, "ffffffff-ffff-7000-8000-000000000000"},
};

Test(uuid, version_7)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[UUID_TEXT_MAX];
        uuid7_format(cases[i].unix_ms, cases[i].random, text);
        cr_expect_str_eq(text, cases[i].text, "%s: %s", cases[i].name, text);
    }
}

Test(uuid, differs_at_the_same_time)
{
    char one[UUID_TEXT_MAX];
    char other[UUID_TEXT_MAX];
    uuid7_make(1700000000000, one);
    uuid7_make(1700000000000, other);
    cr_expect_neq(strcmp(one, other), 0);
    cr_expect_eq(strncmp(one, other, 14), 0, "%s %s", one, other);
}
