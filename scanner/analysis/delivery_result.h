#pragma once

#include "scanner/analysis/delivery_met.h"
#include "scanner/analysis/delivery_walk.h"

/** What one sender gets at one address of an exchange. For deliveries.c; pure. */

struct delivery_outcome {
    uint8_t set; /* of enum delivery_result; several: it is not known which */
    enum delivery_reason reason;
};

struct delivery_outcome delivery_result_at(const struct delivery_place *at);
