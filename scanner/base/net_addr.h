#pragma once

#include <sys/socket.h>

#include "scanner/base/buf.h"

/** An IP address as a plain value: comparable with memcmp, usable as a key. */
struct net_addr {
    uint8_t family;     /* 4, 6, or 0 for none */
    uint8_t octets[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct net_endpoint {
    struct net_addr address;
    uint16_t port;
};

/** A prefix (RFC 4632, RFC 4291 section 2.3); host bits of `base` are zero. */
struct net_prefix {
    struct net_addr base;
    uint8_t bits; /* 0..32 or 0..128 */
};

#define NET_ADDR_TEXT_MAX 48 /* octets with NUL; longest is INET6_ADDRSTRLEN 46 */

static inline size_t net_addr_len(const struct net_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

static inline bool net_addr_eq(const struct net_addr *a, const struct net_addr *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/** IPv4 before IPv6, then by octets: the order of rows and lists. */
int net_addr_cmp(const struct net_addr *a, const struct net_addr *b);

struct net_addr net_addr_v4(const uint8_t octets[4]);
struct net_addr net_addr_v6(const uint8_t octets[16]);

/** Numeric text only, no names, no zone. @return false, `out` unchanged, when it is not an address. */
bool net_addr_parse(struct span text, struct net_addr *out);
/** "ADDRESS" or "ADDRESS/BITS"; host bits are cleared. */
bool net_prefix_parse(struct span text, struct net_prefix *out);
/** RFC 5952 text. @return its length; `out` is NUL-terminated. */
size_t net_addr_format(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX]);
bool net_prefix_contains(const struct net_prefix *p, const struct net_addr *a);
/** The address with all but the first `bits` bits cleared. */
struct net_addr net_addr_masked(const struct net_addr *a, uint8_t bits);
/** The IPv4 address inside an IPv4-mapped one, RFC 4291 section 2.5.5.2. @return false, `out` unchanged,
 * for others. */
bool net_addr_unmap(const struct net_addr *a, struct net_addr *out);
/** The network that limits apply to: /24 of IPv4, /48 of IPv6 (design: politeness group). */
struct net_addr net_addr_network(const struct net_addr *a);
/** Replaces the first `from->bits` bits by those of `to`; the low bits move over, also between
 * families. Needs as many host bits in `to` as in `from`. */
struct net_addr net_addr_mapped(const struct net_addr *a, const struct net_prefix *from,
                                const struct net_prefix *to);
socklen_t net_addr_to_sockaddr(const struct net_addr *a, uint16_t port,
                               struct sockaddr_storage *out);
/** @return false for other families. */
bool net_addr_from_sockaddr(const struct sockaddr *sa, struct net_addr *out, uint16_t *port);

/**
 * The name of the special-purpose block that holds `a`, NULL for a global unicast address.
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), plus multicast
 * and the formerly reserved 240.0.0.0/4; of IPv6 all but 2000::/3, the only space that is given out
 * (IANA IPv6 Global Unicast Address Space). 6to4 and NAT64 forms are judged by the IPv4 address
 * inside; an IPv4-mapped address is special in itself.
 */
const char *net_addr_special_purpose(const struct net_addr *a);
/** 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1. */
bool net_addr_is_loopback(const struct net_addr *a);
/** 0.0.0.0 or ::, which stand for the host itself (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2). */
bool net_addr_is_unspecified(const struct net_addr *a);
