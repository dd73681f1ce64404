#pragma once

#include "scanner/trust/chain_judge.h"

/** What runs out of a path to a trust anchor first. */
#define PATH_ENDS(X)                           \
    X(PATH_END_NONE, "") /* it is not known */ \
    X(PATH_END_LEAF, "leaf")                   \
    X(PATH_END_INTERMEDIATE, "intermediate")   \
    X(PATH_END_ANCHOR, "anchor")

enum path_end {
    PATH_ENDS(ENUMERATOR)
};

/** Until when a presented list is good: Unix seconds, 0 where it is not good or that is not known. */
struct list_validity {
    uint32_t path_until; /* the best path with the first trust store */
    uint32_t leaf_until; /* the leaf, whether it is trusted or not */
    uint8_t path_end;    /* enum path_end */
};

struct list_validity list_validity_of(const struct chain_verdict *v);
