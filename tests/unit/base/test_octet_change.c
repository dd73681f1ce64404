#include <stdlib.h>

#include <criterion/criterion.h>

#include "scanner/base/octet_change.h"

static const struct change_case {
    const char *before;
    const char *now;
    size_t kept; /* octets */
} change_cases[] = {
    {"", "", 2},
    {"abc", "", 2},
    {"", "abc", 2 + 2 + 3},
    {"abc", "abc", 2 + 2},
    {"abcdefgh", "abcXefgh", 2 + 2 + 1 + 2},
    {"abcdefgh", "Xbcdefgh", 2 + 2 + 1 + 2},
    {"abcdefgh", "abcdefgX", 2 + 2 + 1},
    {"abcdefgh", "XbXdefgh", 2 + 2 + 3 + 2}, /* a gap of one is cheaper than a run */
    {"abcdefgh", "XbcXefgh", 2 + 2 + 1 + 2 + 1 + 2},
    {"abc", "abcdef", 2 + 2 + 3},
    {"abcdef", "abc", 2 + 2},
};

static size_t round_trip(struct span before, struct span now)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    octet_change_put(&out, before, now);
    buf_put_char(&out, '!');
    struct span in = buf_span(&out);
    octet_change_get(&in, before, &back);
    cr_expect(span_eq(buf_span(&back), now), "%.*s", (int)now.len, (const char *)now.at);
    cr_expect(span_eq(in, SPAN_LIT("!")), "no more is taken");
    size_t kept = out.len - 1;
    buf_deinit(&out);
    buf_deinit(&back);
    return kept;
}

Test(octet_change, what_was_left_out_comes_back)
{
    for (size_t i = 0; i < sizeof(change_cases) / sizeof(change_cases[0]); i++) {
        const struct change_case *c = &change_cases[i];
        size_t kept = round_trip(span_of(c->before), span_of(c->now));
        cr_expect_eq(kept, c->kept, "%s to %s: %zu", c->before, c->now, kept);
    }
}

/* Lengths around what a run can hold, zeros, and octets by chance, half of them the same. */
Test(octet_change, all_lengths_and_octets)
{
    uint8_t before[800];
    uint8_t now[800];
    srand(1);
    for (unsigned turn = 0; turn < 2000; turn++) {
        size_t before_len = (size_t)rand() % sizeof(before);
        size_t now_len = (size_t)rand() % sizeof(now);
        unsigned alike = (unsigned)rand() % 4;
        for (size_t i = 0; i < sizeof(now); i++) {
            before[i] = (uint8_t)(alike == 0 ? 0 : rand());
            now[i] = alike > 1 && rand() % 8 > 0 ? before[i] : (uint8_t)rand();
        }
        size_t kept = round_trip((struct span){before, before_len}, (struct span){now, now_len});
        cr_expect_leq(kept, 2 + now_len + 2 * (now_len / 3 + 1));
    }
    memset(now, 0, sizeof(now));
    for (size_t len = 0; len < sizeof(now); len++) {
        size_t kept = round_trip((struct span){0}, (struct span){now, len});
        cr_expect_eq(kept, 2 + (len + 254) / 255 * 2, "%zu zeros: %zu", len, kept);
    }
}
