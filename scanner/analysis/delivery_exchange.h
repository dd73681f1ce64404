#pragma once

#include "scanner/analysis/delivery_limit.h"

/** Which exchanges and addresses are any to a sender. For deliveries.c and delivery_path.c; pure. */

/** DNS says that it has none. */
bool delivery_has_no_address(const struct seen_mx *mx);
/** Addresses may be missing from its list: they could not be looked up, are beyond a cap, or are those of an
 * implicit MX that was recorded only. */
bool delivery_has_open_addresses(const struct seen_domain *d, const struct seen_mx *mx);
/** The same of one family. @param family of DELIVERY_POOLS */
bool delivery_family_is_open(const struct delivery_place *at, unsigned family);
/** Does the sender look for an address of the exchange at all? */
enum profile_exchange delivery_exchange_for(const struct delivery_place *at,
                                            const struct seen_mx *mx);
/** Bogus answers are none to a resolver that validates (RFC 4035 section 5.5), whose name is not known of
 * most senders. */
enum profile_exchange delivery_answers_for(const struct delivery_place *at, bool bogus);
/** Does it dial the address of `at`? */
enum profile_exchange delivery_address_for(const struct delivery_place *at);
/** At port 25, and nobody's server (RFC 6890): no connection is made. */
bool delivery_is_special(const struct endpoint_brief *e);
/** The sender's own host, whoever that is: loopback, or 0.0.0.0. */
bool delivery_is_own_address(const struct endpoint_brief *e);
bool delivery_needs_ipv6(const struct endpoint_brief *e);
/** Can the sender reach the address of `at`? Unknown rests on nothing, as both are looked at. */
enum truth delivery_reaches_family(const struct delivery_place *at);
/** RFC 5321 section 4.5.4.2: mail comes to port 25. */
bool delivery_is_at_port(const struct endpoint_brief *e);
/** What the sender has before it dials any: for one that gives each family its share, else empty.
 * @param at without an address */
struct delivery_addresses delivery_addresses_of(const struct delivery_place *at);
