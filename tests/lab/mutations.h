#pragma once

/**
 * Cases that are otherwise on the second day (mutation_cases.def): a world in which some of them have changed, for comparisons of
 * two scans.
 */

#include <stdbool.h>
#include <stddef.h>

#define MUTATION_PREFIX "mutate-" /* of the case's name */

struct mutation {
    const char *name;
    const char *about;
    const char *after;   /* the text of the case on the second day */
    const char *changes; /* what a comparison says: words with spaces between */
};

extern const struct mutation mutations[];
extern const size_t mutation_count;

/** Does "a,b,c", or "all", have a name of no mutation? */
bool mutations_are_known(const char *list);
/** The mutation of the case of that name, if `list` has it; NULL: the case is as on the first day. */
const struct mutation *mutation_of_case(const char *case_name, const char *list);
