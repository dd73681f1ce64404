#pragma once

#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/delivery_harm.h"
#include "scanner/analysis/mx_operator.h"
#include "scanner/analysis/sts_readiness.h"
#include "scanner/analysis/sts_verdict.h"
#include "scanner/policy/tls_rpt_record.h"
#include "scanner/trust/chain_judge.h"

/**
 * What the policies of a domain amount to: findings, rows and sums are made from this. Large: one for each
 * thread, reused from domain to domain. Pure.
 */
struct domain_verdict {
    struct sts_verdict sts;
    struct tls_rpt_records tls_rpt;
    struct dane_domain dane;
    struct deliveries deliveries;
    const struct sender_profiles *profiles; /* whose these are; borrowed; NULL: none */
    struct delivery_harm harm;              /* to these */
    struct sts_readiness readiness;
    struct operator_set operators;
};

void domain_verdict_init(struct domain_verdict *v);
void domain_verdict_deinit(struct domain_verdict *v);
/** Valid as long as `d` and until the next call. */
void domain_verdict_fill(struct domain_verdict *v, const struct seen_domain *d,
                         const struct judging_terms *terms);
