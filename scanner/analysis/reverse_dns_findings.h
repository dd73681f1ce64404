#pragma once

#include "scanner/analysis/findings.h"

/** Reverse DNS, and the names a service calls itself (requirement R17); a part of
 * findings_of_service(). @param v NULL: names are not compared */
void reverse_dns_findings(const struct seen_service *s, const struct service_verdict *v,
                          struct findings *out);
