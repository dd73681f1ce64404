#pragma once

#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/delivery_walk.h"

/** What one sender gets at one address of an exchange. For deliveries.c; pure. */

struct delivery_place {
    const struct sender_profile *profile;
    const struct seen_domain *domain;
    const struct sts_verdict *sts;
    const struct dane_domain *dane;
    size_t mx_index;
    const struct seen_mx *mx;
    const struct endpoint_brief *e;
};

struct delivery_outcome {
    uint8_t set; /* of enum delivery_result; several: it is not known which */
    enum delivery_reason reason;
};

struct delivery_outcome delivery_result_at(const struct delivery_place *at);
