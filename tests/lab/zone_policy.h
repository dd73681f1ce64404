#pragma once

#include "tests/lab/population.h"
#include "tests/lab/zone.h"

/** Names of policies in the DNS of the random world: RFC 8461 sections 3.1 and 3.3, RFC 8460
 * section 3. */

/** _mta-sts, _smtp._tls and mta-sts in front of a domain. @return false: the name is none of them, or
 * has nothing of its own. */
bool zone_policy_domain(const struct world *w, const struct domain_facts *d, struct span rest,
                        uint16_t type, struct zone_answer *out);
/** Names below a provider's zone. */
void zone_policy_provider(const struct world *w, const struct found_name *found, uint16_t type,
                          struct zone_answer *out);
