#pragma once

#include "scanner/analysis/findings.h"
#include "scanner/analysis/sts_verdict.h"

/** MTA-STS as the domain's own row tells of it: its record, and what its policy means for its
 * exchanges. What the policy host serves is said in the row of policies (findings_of_policy()). */
void sts_findings_of_domain(const struct seen_domain *d, const struct sts_verdict *v,
                            struct findings *out);

/**
 * The most that a fault can cost under this policy: in testing and none no mail and no
 * authentication is lost (RFC 8461 section 5); where the mode cannot be read it may be enforce.
 */
enum severity sts_severity(const struct sts_verdict *v);
