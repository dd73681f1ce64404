#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * A token bucket: `per_s` tokens a second, and no more saved up than RATE_BURST_MS are worth
 * (at least a whole one), so that what was not used is not made up for in a burst. No clock of its own.
 */
#define RATE_BURST_MS 100 /* two ticks of the resolver; our own choice */

struct rate_bucket {
    uint32_t per_s;  /* 0: no limit */
    uint64_t now_ms; /* when it was last filled */
    uint64_t level;  /* thousandths of a token */
};

/** Starts with half of that, at least one token: the first questions need not wait. */
void rate_bucket_init(struct rate_bucket *b, uint32_t per_s, uint64_t now_ms);
void rate_bucket_fill(struct rate_bucket *b, uint64_t now_ms);
/** Takes one token. @return false when there is none. */
bool rate_bucket_take(struct rate_bucket *b);
