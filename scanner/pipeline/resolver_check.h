#pragma once

#include "scanner/pipeline/scan_params.h"

/**
 * Whether the AD bit of the resolvers counts (RFC 7672 section 2.1.1, RFC 6840 section 5.8): only where
 * nobody can change it on the way, and where they validate at all.
 */

/**
 * AUTO: every name server is on a loopback address, and one of them answers the question for the name
 * servers of the root, which is signed, with AD. Nobody but the resolver is asked. Runs a loop of
 * its own and blocks for some seconds at most.
 *
 * @param reason set to a static word for the manifest
 */
bool resolver_check_trust(const struct scan_params *p, enum trust_ad setting, const char **reason);
