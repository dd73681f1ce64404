#include "resolver/rate_bucket.h"

#define TOKEN 1000U /* a token in thousandths: what one per second gives in a second of ms */

static uint64_t level_max(const struct rate_bucket *b)
{
    uint64_t max = (uint64_t)b->per_s * RATE_BURST_MS;
    return max > TOKEN ? max : TOKEN;
}

void rate_bucket_init(struct rate_bucket *b, uint32_t per_s, uint64_t now_ms)
{
    *b = (struct rate_bucket){.per_s = per_s, .now_ms = now_ms};
    b->level = level_max(b) / 2 > TOKEN ? level_max(b) / 2 : TOKEN;
}

void rate_bucket_fill(struct rate_bucket *b, uint64_t now_ms)
{
    if (b->per_s == 0 || now_ms <= b->now_ms) {
        return;
    }
    uint64_t room = level_max(b) - b->level;
    uint64_t passed_ms = now_ms - b->now_ms;
    b->now_ms = now_ms;
    /* Compared by division: the product of a long pause would overflow. */
    b->level += passed_ms > room / b->per_s ? room : passed_ms * b->per_s;
}

bool rate_bucket_take(struct rate_bucket *b)
{
    if (b->per_s == 0) {
        return true;
    }
    if (b->level < TOKEN) {
        return false;
    }
    b->level -= TOKEN;
    return true;
}
