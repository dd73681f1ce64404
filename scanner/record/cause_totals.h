#pragma once

#include "scanner/analysis/problem_rules.h"
#include "scanner/index/scratch_database.h"

/**
 * Who suffers from each cause, counted exactly in bounded memory: sums in memory go to a temporary table whenever there are
 * many of them, and are added up there at the end.
 */
#define CAUSES_IN_MEMORY 65536 /* some 6 MiB */

#define CAUSE_NOWHERE ((uint64_t)INT64_MAX)

/** One cause, or a part of its sum. */
struct cause_total {
    uint64_t domain_count;
    uint64_t host_count;
    uint64_t place_count;
    uint64_t first;   /* where it is met first, of the caller; CAUSE_NOWHERE: in no domain yet */
    uint8_t effect;   /* enum effect, the worst */
    uint8_t severity; /* enum severity, the worst */
};

struct cause_totals;

/** @param in_memory at least 1; CAUSES_IN_MEMORY, but in tests @param database borrowed */
struct cause_totals *cause_totals_new(struct scratch_database *database, size_t in_memory);
void cause_totals_free(struct cause_totals *t); /* NULL is allowed */
/** @param key of the cause, any octets */
void cause_totals_add(struct cause_totals *t, struct span key, const struct cause_total *part);
/** Those of domains, the worst effect first, then by the number of domains and `first`. @return false: no more */
bool cause_totals_next(struct cause_totals *t, struct cause_total *out);
