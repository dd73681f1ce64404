#pragma once

#include "scanner/analysis/deliveries.h"
#include "scanner/report/row_sink.h"

/**
 * What becomes of the mail of all kinds of senders, without the names of the servers that decide: many domains have the same.
 * Rows of less than full detail have such a set once, in table outcome_sets, and in the row of a domain its key and the places.
 */

#define OUTCOME_SET_KEY_MAX 17 /* octets of the key in rows, with NUL */

/** Is `i` the first profile whose outcome is decided at that place? False where the domain itself decides. */
bool outcome_place_is_new(const struct deliveries *v, size_t i);
size_t outcome_place_count(const struct deliveries *v);

/** The set in octets: the same for all domains that have it. */
void outcome_set_put(struct buf *out, const struct deliveries *v);
void outcome_set_key(struct span set, char key[OUTCOME_SET_KEY_MAX]);
/** Its row. @param set as outcome_set_put() made it */
void report_outcome_set(struct row_sink *sink, struct span set,
                        const struct sender_profiles *profiles);
