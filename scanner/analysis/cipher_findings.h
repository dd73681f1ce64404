#pragma once

#include "scanner/analysis/findings.h"

/** What the accepted cipher suites of a service raise; nothing where they were not asked for. */
void cipher_findings_of_service(const struct seen_service *s, struct findings *out);
