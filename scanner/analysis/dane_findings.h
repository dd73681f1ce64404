#pragma once

#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/endpoint_verdict.h"
#include "scanner/analysis/findings.h"

/**
 * DANE (RFC 7672). What DNS says of a host's TLSA records is said in HOST scope, what its server
 * presents beside them in ENDPOINT scope, what it amounts to for mail in DOMAIN scope. That the MX
 * or the address records themselves cannot be looked up has codes in area dns.
 */
void dane_findings_of_host(const struct seen_host *h, const struct dane_host_verdict *v,
                           struct findings *out);
void dane_findings_of_endpoint(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                               struct findings *out);
void dane_findings_of_domain(const struct seen_domain *d, const struct dane_domain *v,
                             struct findings *out);
