#pragma once

#include "scanner/analysis/operator_counts.h"

/**
 * What was counted for each operator, exactly and in bounded memory: as many domains as operators are possible. When
 * OPERATORS_IN_MEMORY are met, they go to a temporary file, sorted by name; at the end all of it is merged. So the sums
 * depend neither on threads nor on the order of rows. Some 15 MiB for each recorder at most.
 */
#define OPERATORS_IN_MEMORY 32768

struct operator_totals;

/** @param in_memory at least 1; OPERATORS_IN_MEMORY, but in tests */
struct operator_totals *operator_totals_new(size_t in_memory);
void operator_totals_free(struct operator_totals *t); /* NULL is allowed */

void operator_totals_add_domain(struct operator_totals *t, const struct seen_domain *d,
                                const struct domain_verdict *v);
void operator_totals_add_host(struct operator_totals *t, const struct seen_host *h,
                              const struct operator_set *operators);
void operator_totals_add_service(struct operator_totals *t, const struct seen_service *s,
                                 const struct operator_list *operators);

/** Adds up those of all threads. @param out to be freed */
void operator_totals_sum(struct operator_totals *const *parts, size_t count,
                         struct operator_summary *out);
void operator_summary_deinit(struct operator_summary *s);
