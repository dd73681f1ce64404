#include "scanner/survey/measures.h"

const struct measure_info *measure_info(enum measure m)
{
    static const struct measure_info list[] = {
#define X(name_, word_, title_, meaning_) \
    [name_] = {.name = (word_), .title = (title_), .meaning = (meaning_)},
        MEASURES(X)
#undef X
    };
    return &list[m];
}

void measures_add(uint32_t *counters, const enum truth *values)
{
    counters[MEASURES_TOTAL]++;
    for (unsigned m = 0; m < MEASURE_COUNT; m++) {
        counters[1 + 2 * m] += values[m] == TRUTH_YES;
        counters[2 + 2 * m] += values[m] == TRUTH_UNKNOWN;
    }
}

struct share measures_share(const uint32_t *counters, enum measure m)
{
    uint32_t untested = counters[2 + 2 * m];
    return (struct share){.numerator = counters[1 + 2 * m],
                          .denominator = counters[MEASURES_TOTAL] - untested,
                          .untested = untested};
}
