#pragma once

#include "scanner/observation/outcome.h"

/**
 * What a TCP connect() came to that failed later than at once: what fails at once is always ours. Routers far
 * away report what our own kernel says without a route, which the routing table tells apart (RFC 792; RFC 4443
 * section 3.1). A router next door that is gone is not told from a dead target by one connection.
 * @param sys negative errno @param has_route net_route_exists()
 */
enum session_outcome connect_outcome(int sys, bool has_route);
