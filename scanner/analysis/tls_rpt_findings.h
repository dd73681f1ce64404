#pragma once

#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/findings.h"

/** Where a domain wants its reports on TLS (RFC 8460 section 3). */
void tls_rpt_findings_of_domain(const struct seen_domain *d, const struct domain_verdict *v,
                                struct findings *out);
