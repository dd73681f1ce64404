#pragma once

#include "scanner/base/span.h"

/**
 * Intermediate certificates of public CAs that are built into the program, for completing chains
 * whose server left them out: datasets/intermediates, which tells where each comes from. They are
 * no trust anchors: a path through them still needs one.
 */

/** A PEM file, RFC 7468: certificates with comments between them. Lives as long as the program. */
struct span shipped_intermediates_pem(void);

/** For rows and the summary: "mxcensus intermediates YYYY-MM-DD". */
const char *shipped_intermediates_name(void);
