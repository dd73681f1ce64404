#pragma once

#include "scanner/analysis/delivery_result.h"

/** What one sender makes of an MTA-STS policy (RFC 8461) at one address. For delivery_result.c; pure. */

/** Does the sender have to keep to a policy in mode enforce? */
enum truth delivery_sts_is_enforced(const struct delivery_place *at);
/** What becomes of mail where it does. */
struct delivery_outcome delivery_by_sts(const struct delivery_place *at);
