#pragma once

#include <stdbool.h>
#include <stdint.h>

/** A part of what is known, and beside it what is not: `untested` is in no denominator. */
struct share {
    uint64_t numerator;
    uint64_t denominator;
    uint64_t untested;
};

/** The 95 % interval of Wilson (1927, JASA 22:209-212) for a sample; of nothing 0 to 1. */
void share_interval(const struct share *s, double *low, double *high);
