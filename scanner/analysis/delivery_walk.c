#include "scanner/analysis/delivery_walk.h"

#include "scanner/base/check.h"

#define NOBODY_YET (1U << DELIVERY_UNKNOWN)

void delivery_walk_begin(struct delivery_walk *w)
{
    *w = (struct delivery_walk){
        .best = NOBODY_YET, .worst = NOBODY_YET, .ceiling = NOBODY_YET, .floor = NOBODY_YET};
}

static unsigned delivery_bit(uint8_t result)
{
    return 1U << (result == RESULT_RETURNED    ? DELIVERY_UNDELIVERABLE
                  : result == RESULT_DEFERRED  ? DELIVERY_DEFERRED
                  : result == RESULT_PLAINTEXT ? DELIVERY_PLAINTEXT
                  : result == RESULT_ENCRYPTED ? DELIVERY_ENCRYPTED
                                               : DELIVERY_AUTHENTICATED);
}

/* All ways in which what was possible so far and one more address go together. */
static unsigned combine(unsigned sofar, uint8_t set, bool best)
{
    unsigned now = (set & RESULT_FAILS) != 0 ? sofar : 0;
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        for (uint8_t r = RESULT_RETURNED; (sofar >> d & 1U) != 0 && r <= RESULT_DEFERRED;
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
    CHECK(set != 0 && (set & RESULT_PLAINTEXT_LATER) == 0);
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

/* Each of one set with each of another; UNKNOWN gives way. */
static unsigned pick_of_each(unsigned a, unsigned b, bool best)
{
    unsigned now = 0;
    for (unsigned i = 0; i < DELIVERY_COUNT; i++) {
        for (unsigned k = 0; (a >> i & 1U) != 0 && k < DELIVERY_COUNT; k++) {
            bool first = k == DELIVERY_UNKNOWN || (i != DELIVERY_UNKNOWN && (best ? i > k : i < k));
            now |= (b >> k & 1U) == 0 ? 0 : 1U << (first ? i : k);
        }
    }
    return now;
}

/* @param before what chance may have brought */
static void miss(unsigned *before, unsigned *now, unsigned *final, bool certain, bool best)
{
    *before = pick_of_each(*before, *now, best);
    *before |= *final != 0 ? NOBODY_YET : 0; /* it may not have come so far */
    *final |= certain ? 0 : *now & ~NOBODY_YET;
    *now = NOBODY_YET;
}

void delivery_walk_may_miss(struct delivery_walk *w, bool certain)
{
    miss(&w->ceiling, &w->best, &w->final_best, certain, true);
    miss(&w->floor, &w->worst, &w->final_worst, certain, false);
}

void delivery_walk_end(struct delivery_walk *w)
{
    if (delivery_walk_next_preference(w)) { /* it may be that nobody took it */
        w->final_best |= 1U << DELIVERY_DEFERRED;
        w->final_worst |= 1U << DELIVERY_DEFERRED;
    }
    w->final_best = pick_of_each(w->ceiling, w->final_best, true);
    w->final_worst = pick_of_each(w->floor, w->final_worst, false);
}

/* What of the fresh message is deferred comes to what becomes of it once it has waited. */
static unsigned join_sets(unsigned fresh, unsigned waited, bool best)
{
    unsigned deferred = 1U << DELIVERY_DEFERRED;
    return ((fresh & deferred) != 0 ? waited : 0) | pick_of_each(fresh & ~deferred, waited, best);
}

void delivery_walk_join(struct delivery_walk *fresh, const struct delivery_walk *waited)
{
    fresh->final_best = join_sets(fresh->final_best, waited->final_best, true);
    fresh->final_worst = join_sets(fresh->final_worst, waited->final_worst, false);
}

enum delivery delivery_walk_only(unsigned set)
{
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        if (set == 1U << d) {
            return (enum delivery)d;
        }
    }
    return DELIVERY_UNKNOWN;
}
