#pragma once

#include "output/json_writer.h"
#include "scanner/analysis/policy_counts.h"

/** The part of summary.json about policies, DANE, SNI and senders: one object.
 * @param profiles whose names the sums of deliveries have; NULL: none */
void report_policy_summary(struct json_writer *w, const struct policy_counts *c,
                           const struct sender_profiles *profiles);
