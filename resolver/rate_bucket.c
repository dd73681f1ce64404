#include "resolver/rate_bucket.h"

#define TOKEN 1000U /* a token in thousandths: what one per second gives in a second of ms */

static uint64_t level_max(const struct rate_bucket *b)
{
    uint64_t max = (uint64_t)b->per_s * RATE_BURST_MS;
    uint64_t least = TOKEN + max / 2; /* a whole token, and what comes until it is taken */
    return max > least ? max : least;
}

void rate_bucket_init(struct rate_bucket *b, uint32_t per_s, uint64_t now_ms)
{
    *b = (struct rate_bucket){.per_s = per_s, .now_ms = now_ms};
    uint64_t half = (uint64_t)per_s * RATE_BURST_MS / 2;
    b->level = half > TOKEN ? half : TOKEN;
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
