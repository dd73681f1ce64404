#include "scanner/analysis/delivery_walk.h"

#include "scanner/base/check.h"

#define NOBODY_YET (1U << DELIVERY_UNKNOWN)

void delivery_walk_begin(struct delivery_walk *w)
{
    *w = (struct delivery_walk){.best = NOBODY_YET, .worst = NOBODY_YET};
}

static unsigned delivery_bit(uint8_t result)
{
    return 1U << (result == RESULT_RETURNED    ? DELIVERY_UNDELIVERABLE
                  : result == RESULT_PLAINTEXT ? DELIVERY_PLAINTEXT
                  : result == RESULT_ENCRYPTED ? DELIVERY_ENCRYPTED
                                               : DELIVERY_AUTHENTICATED);
}

/* All ways in which what was possible so far and one more address go together. */
static unsigned combine(unsigned sofar, uint8_t set, bool best)
{
    unsigned now = (set & RESULT_FAILS) != 0 ? sofar : 0;
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        for (uint8_t r = RESULT_RETURNED; (sofar >> d & 1U) != 0 && r <= RESULT_AUTHENTICATED;
             r = (uint8_t)(r << 1)) {
            unsigned bit = delivery_bit(r);
            bool better = d == DELIVERY_UNKNOWN || (best ? bit > 1U << d : bit < 1U << d);
            now |= (set & r) == 0 ? 0 : better ? bit : 1U << d;
        }
    }
    return now;
}

void delivery_walk_add(struct delivery_walk *w, uint8_t set)
{
    CHECK(set != 0);
    w->best = combine(w->best, set, true);
    w->worst = combine(w->worst, set, false);
}

bool delivery_walk_next_preference(struct delivery_walk *w)
{
    w->final_best |= w->best & ~NOBODY_YET;
    w->final_worst |= w->worst & ~NOBODY_YET;
    w->best &= NOBODY_YET;
    w->worst &= NOBODY_YET;
    return w->worst != 0;
}

static enum delivery only_one_of(unsigned set)
{
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        if (set == 1U << d) {
            return (enum delivery)d;
        }
    }
    return DELIVERY_UNKNOWN;
}

void delivery_walk_end(struct delivery_walk *w, enum delivery *best, enum delivery *worst)
{
    if (delivery_walk_next_preference(w)) { /* it may be that nobody took it */
        w->final_best |= 1U << DELIVERY_DEFERRED;
        w->final_worst |= 1U << DELIVERY_DEFERRED;
    }
    *best = only_one_of(w->final_best);
    *worst = only_one_of(w->final_worst);
}
