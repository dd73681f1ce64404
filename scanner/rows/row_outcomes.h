#pragma once

#include "scanner/rows/row_facts.h"

struct row_outcome {
    const char *profile; /* as long as the row, as the next; never NULL */
    const char *decided_by;
    unsigned best; /* enum delivery */
    unsigned worst;
};

struct row_outcomes {
    const struct row_outcome *of; /* in the arena of the row */
    size_t count;
};

/** The delivery outcomes of a row of domains, one for each kind of sender, by the names of the profiles: rows have them one by
 * one (outcomes) or those that fare alike together (outcome_groups). */
struct row_outcomes row_outcomes(const struct facts *row);
