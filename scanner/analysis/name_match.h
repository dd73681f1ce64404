#pragma once

#include <stdbool.h>

#include "scanner/base/span.h"
#include "scanner/observation/verdict.h"

/**
 * A presented certificate against a reference identifier (RFC 9525 section 6). `names` is the packed
 * form of cert_names.h; `reference` is normal: A-labels, lower case, no trailing dot.
 *
 * Presented names may have upper case; octets are compared otherwise, so that a name with a NUL, a
 * trailing dot or a U-label identifies nothing. Addresses identify no host.
 */
struct name_verdict {
    enum name_match match;
    struct span matched; /* the name that `match` rests on, else the first one; borrowed */
    /* bit n: some dNSName covers the reference without its first n + 1 labels */
    uint8_t covers_parents;
};

/**
 * Where there is no dNSName the common names take their place: to tell CN_ONLY, and for what else
 * the certificate was made. They never count for `covers_parents`.
 *
 * @param server_name what the server calls itself in its EHLO reply (else its greeting), normal; may
 *                    be empty. Only for MISMATCH_PROVIDER.
 */
struct name_verdict name_match_host(struct span names, struct span reference,
                                    struct span server_name);
/** Does some dNSName identify `reference`? RFC 9525 section 6.3: exact, or a wildcard that is the
 * complete left-most label and stands for exactly one label. */
bool name_match_covers(struct span names, struct span reference);
/** RFC 7672 section 3.2.3, as DANE-TA takes names: where there is no dNSName, whatever other names
 * subjectAltName has, the common names count by the same rules. */
bool name_match_covers_or_cn(struct span names, struct span reference);
/** The bits of `covers_parents` by that rule. */
uint8_t name_match_parents_or_cn(struct span names, struct span reference);
#define COVERS_PARENTS_MAX 8 /* bits of `covers_parents` */
/** The labels that `name` has in front of `upper`; 0: it does not lie below it. */
unsigned name_labels_above(struct span upper, struct span name);
/** One presented dNSName against one reference. */
bool name_match_pattern(struct span pattern, struct span reference);
/** A wildcard right under a top-level domain, "*.com", as far as that can be told without the list
 * of public suffixes. */
bool name_match_is_broad(struct span pattern);
