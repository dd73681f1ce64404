#pragma once

#include "scanner/analysis/delivery_met.h"
#include "scanner/analysis/delivery_walk.h"

/** What one sender gets at one address of an exchange. For deliveries.c; pure. */

struct delivery_outcome {
    uint8_t set; /* of enum delivery_result; several: it is not known which */
    enum delivery_reason reason;
};

static inline struct delivery_outcome delivery_one(unsigned set, enum delivery_reason reason)
{
    return (struct delivery_outcome){(uint8_t)set, reason};
}

/** It is not known which of the two it is; that matters only where they differ. */
static inline struct delivery_outcome
delivery_either(struct delivery_outcome a, struct delivery_outcome b, enum delivery_reason open)
{
    return a.set == b.set ? a : delivery_one((unsigned)a.set | b.set, open);
}

struct delivery_outcome delivery_result_at(const struct delivery_place *at);
