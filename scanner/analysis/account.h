#pragma once

#include "scanner/observation/seen_target.h"

/**
 * The account: how each input line ended. Every line is in exactly one class, by the first rule
 * that fits: invalid, duplicate, blocklisted, DNS failed, no mail, then by its endpoints.
 *
 *   no MX, and the domain's own addresses cannot be found out: DNS failed, "address_unknown"
 *   no endpoint known      DNS failed, if some host's addresses could not be found out
 *   none tried             not tested
 *   none conclusive        inconclusive
 *   all conclusive, and no host's addresses unknown, nothing cut by a cap: tested
 *   otherwise              partly tested
 */

/** What the endpoints and exchanges of a domain amount to. */
struct mx_facts {
    size_t endpoints;
    size_t tried;         /* endpoints with a session, own or another's */
    size_t conclusive;    /* of these */
    size_t inferred;      /* of these tried */
    size_t hosts_unknown; /* exchanges with a family of addresses that could not be found out */
    size_t hosts_with_address;
    size_t hosts_blocklisted;
    enum dns_state unknown_state; /* of the first unknown one; DNS_NOT_ASKED: none */
};

struct mx_facts mx_facts_of(const struct seen_domain *d);

/** The state of a host's addresses that keeps them from being known: that of A, else of AAAA, if it
 * is temporary; DNS_NOT_ASKED when both are settled. */
enum dns_state mx_unknown_state(const struct seen_mx *mx);

/** An address is known, or may be there: DNS does not rule it out. */
bool mx_may_have_address(const struct seen_mx *mx);

/**
 * @param reason receives a static word, never NULL: why the line is in its class. "" where the class
 * says it all (tested, partly_tested, duplicate, blocklisted).
 */
enum account_class account_class_of(const struct seen_domain *d, const char **reason);

/** INFERRED: the result of some endpoint is; NONE: no endpoint was tried. */
enum basis account_basis_of(const struct seen_domain *d);
