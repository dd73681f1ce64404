#pragma once

#include "scanner/base/span.h"

/**
 * Which names a leaf is about, in 64 bits: enough to say that a domain is not among them. A domain's
 * owner has no certificates, and asks at the end only: does the leaf cover the domain or a name below
 * it (Postfix's `nexthop, dot-nexthop`, RFC 7672 section 3.2.2)?
 */

/** @param names packed, cert_names.h; its dNSNames, and each name above them with two labels or more */
uint64_t leaf_domains_of(struct span names);
/** @return false: for certain, no dNSName is `domain` or lies below it */
bool leaf_domains_may_have(uint64_t leaf_domains, struct span domain);

/** The same for DANE-TA, which takes a name for the domain itself and none below it: each dNSName, or each common
 * name where there is no dNSName (RFC 7672 section 3.2.3). 0: there is no name that could be a domain's. */
uint64_t leaf_names_of(struct span names);
/** @return false: for certain, no such name is `domain`, nor a wildcard that covers it */
bool leaf_names_may_cover(uint64_t leaf_names, struct span domain);
