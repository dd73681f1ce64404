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
    RESULT_DEFERRED = 32, /* FAILS, and no other is tried for now */
    /* FAILS while the message is fresh, PLAINTEXT once it has waited: one walk knows one of the two. */
    RESULT_PLAINTEXT_LATER = 64,
};

struct delivery_walk {
    /* Sets of deliveries, one bit each: of the preference under way, that of UNKNOWN for "nobody
     * took it yet"; and of those before it. */
    unsigned best;
    unsigned worst;
    unsigned final_best;
    unsigned final_worst;
    /* Best and worst that chance may bring before what else comes; UNKNOWN: nothing. */
    unsigned ceiling;
    unsigned floor;
};

void delivery_walk_begin(struct delivery_walk *w);
/** One more address of the preference under way. @param set of enum delivery_result, not empty */
void delivery_walk_add(struct delivery_walk *w, uint8_t set);
/**
 * Which of the addresses of this preference are tried is chance, and those that fail may be all.
 * @param certain that it can happen
 */
void delivery_walk_may_miss(struct delivery_walk *w, bool certain);
/** @return false: it got no further, whatever is not known */
bool delivery_walk_next_preference(struct delivery_walk *w);
/** Completes the sets of final results; afterwards one of them is certain if it is alone. */
void delivery_walk_end(struct delivery_walk *w);
/**
 * The walks of a message while it is fresh and once it has waited, which it does where nobody takes it before.
 * Both have ended. @param fresh becomes the walk of any message
 */
void delivery_walk_join(struct delivery_walk *fresh, const struct delivery_walk *waited);
/** UNKNOWN where several are possible. @param set final_best or final_worst */
enum delivery delivery_walk_only(unsigned set);
