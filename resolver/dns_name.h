#pragma once

/**
 * Domain names: wire form (RFC 1035 section 3.1, compressed: section 4.1.4) and text.
 *
 * Text is the normal form of the whole program: lower case, no trailing dot, the root is ".".
 * A dot or backslash inside a label is written "\." and "\\", an octet outside the printable
 * ASCII range "\DDD" (RFC 1035 section 5.1; RFC 4343 section 2.1).
 */

#include "scanner/base/buf.h"
#include "scanner/base/net_addr.h"

#define DNS_NAME_WIRE_MAX   255  /* octets, the root label included; RFC 1035 section 2.3.4 */
#define DNS_LABEL_MAX       63   /* octets; RFC 1035 section 2.3.4 */
#define DNS_NAME_TEXT_LIMIT 1003 /* octets: 250 octets in four labels, each as \DDD, three dots */

/** A name in wire form, lower case, uncompressed. Compared with dns_name_eq(). */
struct dns_name {
    uint8_t len; /* 1..255; 0: none */
    uint8_t octets[DNS_NAME_WIRE_MAX];
};

static inline bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

/** No octet behind the name is read or written. */
static inline void dns_name_copy(struct dns_name *to, const struct dns_name *from)
{
    to->len = from->len;
    memcpy(to->octets, from->octets, from->len);
}

/**
 * Reads text; one trailing dot is tolerated, upper case is lowered.
 * @return false, `out` undefined, when it is no name: an empty label, a label or the name too
 * long (RFC 1035 section 2.3.4), a broken escape.
 */
bool dns_name_from_text(struct span text, struct dns_name *out);

/**
 * Reads the name at `*at` of `message` and moves `*at` behind it. A pointer must lead to an
 * earlier place than every pointer and label before it (RFC 1035 section 4.1.4: a "prior
 * occurrence"), so reading always ends.
 * @return false, `*at` and `out` undefined, when it is no name.
 */
bool dns_name_read(struct span message, size_t *at, struct dns_name *out);

/** Moves `*at` behind the name without following a pointer. @return false when it runs over the end. */
bool dns_name_skip(struct span message, size_t *at);

/** Writes the text of `name` to `out`, which has room for DNS_NAME_TEXT_LIMIT octets. @return its length. */
size_t dns_name_to_text(const struct dns_name *name, uint8_t *out);

#define DNS_REVERSE_NAME_MAX 80 /* octets with NUL; 32 nibbles with dots and "ip6.arpa" are 72 */

/** The name that PTR records of an address are at: RFC 1035 section 3.5, RFC 3596 section 2.5. */
struct span dns_name_reverse(const struct net_addr *a, char out[DNS_REVERSE_NAME_MAX]);
