#pragma once

#include "scanner/base/span.h"

#define TEXT_DISTANCE_MAX 256 /* octets that are compared; longer texts are similar to nothing */

/** Octets to add, drop, change or swap with their neighbour to get from `a` to `b` (optimal string alignment), for
 * "did you mean". @return `more_than` + 1 as soon as it is known to be more than that */
size_t text_distance(struct span a, struct span b, size_t more_than);
