#pragma once

#include "scanner/analysis/findings.h"

/** Sides that differ, with the addresses or hosts on each of them; parts of findings_of_host() and
 * findings_of_domain(). */
void parity_findings_of_host(const struct seen_host *h, struct findings *out);
void parity_findings_of_domain(const struct seen_domain *d, struct findings *out);
