#pragma once

#include "scanner/analysis/findings.h"

/** Private to this module: the SESSION findings of an endpoint, whose others are made from its
 * verdict. Nothing when the session is another row's. */
void session_findings_of_endpoint(const struct seen_endpoint *e, struct findings *out);
