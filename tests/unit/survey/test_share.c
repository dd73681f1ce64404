#include <math.h>

#include <criterion/criterion.h>

#include "scanner/survey/share.h"

struct share_case {
    const char *name;
    struct share share;
    double low;
    double high;
};

/* Wilson (1927), z = 1.959964: the formula as it stands there, evaluated apart. */
static const struct share_case cases[] = {
    {"nothing is known", {0, 0, 5}, 0, 1},
    {"none of ten", {0, 10, 0}, 0, 0.277533},
    {"all of ten", {10, 10, 0}, 0.722467, 1},
    {"five of ten", {5, 10, 0}, 0.236593, 0.763407},
    {"one of a hundred", {1, 100, 0}, 0.001767, 0.054486},
    {"123 of 456", {123, 456, 0}, 0.231050, 0.312271},
    {"untested is in no denominator", {123, 456, 1000}, 0.231050, 0.312271},
};

Test(share, interval)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double low;
        double high;
        share_interval(&cases[i].share, &low, &high);
        cr_assert(fabs(low - cases[i].low) < 1e-6 && fabs(high - cases[i].high) < 1e-6,
                  "%s: got %.6f to %.6f", cases[i].name, low, high);
    }
}
