#include <criterion/criterion.h>

#include "resolver/rate_bucket.h"

static unsigned drain(struct rate_bucket *b, unsigned most)
{
    unsigned n = 0;
    while (n < most && rate_bucket_take(b)) {
        n++;
    }
    return n;
}

struct rate_case {
    uint32_t per_s;
    unsigned first;    /* tokens at the start: 50 ms worth, at least one */
    unsigned after_50; /* tokens 50 ms after that, cumulated over a second */
    unsigned burst;    /* tokens after an hour of silence: 100 ms worth, at least one */
};

static const struct rate_case cases[] = {
    {1, 1, 1, 1},      {7, 1, 7, 1},           {20, 1, 20, 2},
    {100, 5, 100, 10}, {5000, 250, 5000, 500}, {4000000000U, 200000000U, 4000000000U, 400000000U},
};

Test(rate_bucket, gives_what_the_rate_says_and_no_burst)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct rate_case *c = &cases[i];
        unsigned most = c->per_s < 100000 ? 1000000 : 0;
        struct rate_bucket b;
        uint64_t now = 5000;
        rate_bucket_init(&b, c->per_s, now);
        if (most == 0) { /* too many to take one by one: the level says it */
            cr_expect_eq(b.level / 1000, c->first);
            rate_bucket_fill(&b, now + 3600000);
            cr_expect_eq(b.level / 1000, c->burst);
            continue;
        }
        cr_expect_eq(drain(&b, most), c->first, "%u/s: first", c->per_s);
        unsigned sum = 0;
        for (int tick = 0; tick < 20; tick++) {
            now += 50;
            rate_bucket_fill(&b, now);
            rate_bucket_fill(&b, now); /* no time passed: nothing */
            sum += drain(&b, most);
        }
        cr_expect_eq(sum, c->after_50, "%u/s: %u in a second", c->per_s, sum);
        rate_bucket_fill(&b, now + 3600000);
        cr_expect_eq(drain(&b, most), c->burst, "%u/s: burst", c->per_s);
        rate_bucket_fill(&b, now); /* a clock that steps back gives nothing */
        cr_expect_eq(drain(&b, most), 0);
    }
}

Test(rate_bucket, zero_is_no_limit)
{
    struct rate_bucket b;
    rate_bucket_init(&b, 0, 0);
    cr_expect_eq(drain(&b, 100000), 100000);
}
