#pragma once

#include "scanner/analysis/delivery_met.h"

/**
 * Mail to a domain that takes none: some senders return it at once, others keep trying until it is too old.
 * For deliveries.c; pure.
 */

/** Of the domain itself, by its MX answer. @return false: it has exchanges to look at */
bool delivery_nowhere_by_mx(const struct seen_domain *d, enum no_mail_kind *why);
/** An exchange that is everybody's own host. */
bool delivery_is_localhost(const struct seen_mx *mx);
/** Of a domain none of whose exchanges can be used. @return a set of no_mail_kind */
uint32_t delivery_nowhere_by_exchanges(const struct seen_domain *d);
/** @param kinds a set of no_mail_kind, not empty: which of them the sender meets first is not known */
struct sender_delivery delivery_nowhere(const struct delivery_place *at, uint32_t kinds);
