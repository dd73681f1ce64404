#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scanner/observation/verdict.h"

/**
 * A message on its way through the exchanges of a domain, RFC 5321 section 5.1: within one preference
 * in any order, and on to the next where nobody takes it. What an address does to it is a set of
 * results, because it may not be known which; kept is every best and every worst that can come of it.
 * For deliveries.c; pure.
 */

/* Results of one address, bits of a set, ascending in what the mail gets. */
enum delivery_result {
    RESULT_FAILS = 1,    /* the sender goes on to another address */
    RESULT_RETURNED = 2, /* and this is the end of it: no other is tried */
    RESULT_PLAINTEXT = 4,
    RESULT_ENCRYPTED = 8,
    RESULT_AUTHENTICATED = 16,
};

struct delivery_walk {
    /* Sets of deliveries, one bit each: of the preference under way, that of UNKNOWN for "nobody
     * took it yet"; and of those before it. */
    unsigned best;
    unsigned worst;
    unsigned final_best;
    unsigned final_worst;
};

void delivery_walk_begin(struct delivery_walk *w);
/** One more address of the preference under way. @param set of enum delivery_result, not empty */
void delivery_walk_add(struct delivery_walk *w, uint8_t set);
/** @return false: it got no further, whatever is not known */
bool delivery_walk_next_preference(struct delivery_walk *w);
/** The results; UNKNOWN where several are possible. */
void delivery_walk_end(struct delivery_walk *w, enum delivery *best, enum delivery *worst);
