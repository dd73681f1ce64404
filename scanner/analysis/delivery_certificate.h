#pragma once

#include "scanner/analysis/delivery_met.h"

/** What one sender makes of a certificate that it checks: names and the path to an anchor. For
 * delivery_result.c; pure. */

/** By the rule of the sender's library, where rules differ. @param otherwise where none refuses */
enum fit delivery_name_rule_fits(const struct delivery_place *at, const struct delivery_met *m,
                                 enum fit otherwise);
/** A dNSName is the host, or (`cn`) the common name of a leaf without one. */
enum fit delivery_host_fits(const struct delivery_place *at, const struct delivery_met *m, bool cn);
/** What the sender's own level asks for. */
enum fit delivery_name_fits(const struct delivery_place *at, const struct delivery_met *m);
/** To an anchor of the first trust store. */
enum fit delivery_path_fits(const struct delivery_place *at, const struct delivery_met *m);
enum delivery_reason delivery_reason_of_path(const struct delivery_met *m);
