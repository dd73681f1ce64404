#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_target.h"

/**
 * Properties of endpoints, and what they amount to over the endpoints of a host or of an MX set.
 *
 * A property of one endpoint is yes, no or unknown. It is unknown without a conclusive session
 * (requirement R11); only "the connection did not stand" is known without one. Rolled up: some,
 * if there is a yes and a no; all or none, if every one is yes or no; else unknown, because an
 * untested endpoint could change it (design section 3).
 *
 * Special-purpose addresses (RFC 6890) are dialled by nobody, so nothing is left to find out:
 * they are not reachable, and no part of the total of the other properties.
 */
#define PROPERTIES(X)                                                                            \
    X(PROPERTY_REACHABLE, "reachable") /* the TCP connection stood; no also when inconclusive */ \
    X(PROPERTY_STARTTLS, "starttls")   /* the keyword was listed; implicit TLS counts */         \
    X(PROPERTY_ESTABLISHED, "established") /* a handshake completed */                           \
    X(PROPERTY_TLS1_0, "tlsv1_0") /* and this version was negotiated: the highest shared */      \
    X(PROPERTY_TLS1_1, "tlsv1_1")                                                                \
    X(PROPERTY_TLS1_2, "tlsv1_2")                                                                \
    X(PROPERTY_TLS1_3, "tlsv1_3")                                                                \
    X(PROPERTY_TLS1_2_OR_NEWER, "tlsv1_2_or_newer")    /* RFC 8461 section 7.2 */                \
    X(PROPERTY_CHAIN_TRUSTED, "chain_trusted")         /* by the first trust store, as served */ \
    X(PROPERTY_CHAIN_SELF_SIGNED, "chain_self_signed") /* the leaf is signed by its own key */   \
    X(PROPERTY_CHAIN_EXPIRED, "chain_expired")                                                   \
    X(PROPERTY_NAME_MATCHES, "name_matches")   /* a dNSName is the host's, RFC 9525 section 6 */ \
    X(PROPERTY_NAME_MISMATCH, "name_mismatch") /* there is a leaf, and it is for other names */  \
    X(PROPERTY_ACCEPTABLE, "acceptable")       /* both; no also without a certificate */         \
    X(PROPERTY_SNI_NEEDED, "sni_needed")       /* acceptable, or a handshake, with SNI only */

enum property {
    PROPERTIES(ENUMERATOR) PROPERTY_COUNT
};

VOCABULARY(property, enum property);
/** It is about the host name that was asked for: a session without SNI does not have it. */
bool property_needs_host(enum property p);

#define ROLLUPS(X)                                                               \
    X(ROLLUP_UNKNOWN, "unknown", "an untested endpoint could change the result") \
    X(ROLLUP_ALL, "all", "every endpoint has it")                                \
    X(ROLLUP_SOME, "some", "some endpoints have it, some do not")                \
    X(ROLLUP_NONE, "none", "no endpoint has it")

enum rollup {
    ROLLUPS(ENUMERATOR) ROLLUP_COUNT
};

VOCABULARY(rollup, enum rollup);

enum truth property_of(enum property p, const struct endpoint_brief *e);

/** A certificate was presented with SNI. */
bool endpoint_has_leaf(const struct endpoint_brief *e);
/** Nobody can reach the address, and nobody tried. */
bool endpoint_is_special(const struct endpoint_brief *e);

/** Endpoints by what is known of one property. */
struct tally {
    uint64_t yes;
    uint64_t no;
    uint64_t unknown;
};

void tally_add(struct tally *t, enum truth truth);
void tally_merge(struct tally *into, const struct tally *from);

/** Sums over the endpoints of a host or of an MX set. */
struct roll_up {
    uint64_t endpoints;
    uint64_t tried;
    uint64_t conclusive;
    uint64_t inferred;
    /* Endpoints are missing: a host whose addresses are not known, one on the block list, or more
     * than the caps allow. They could change every property, and belong to no tally. */
    bool open;
    struct tally property[PROPERTY_COUNT];
};

enum rollup roll_up_value(const struct roll_up *r, enum property p);
/** There is nothing to roll up, and nothing missing. */
static inline bool roll_up_is_empty(const struct roll_up *r)
{
    return r->endpoints == 0 && !r->open;
}

/** As far as rows tell. */
bool roll_up_is_same(const struct roll_up *a, const struct roll_up *b);

#define PORT_SMTP 25
#define PORT_ALL  0 /* roll up the endpoints of all ports */

/** Port 25 where it was asked for, because only there another server's mail arrives; else all. */
uint16_t host_port(const struct seen_host *h);
uint16_t domain_port(const struct seen_domain *d);
/** Its addresses were asked at other ports only: nothing is known of how it takes mail, which comes to port 25
 * (RFC 5321 section 4.5.4.2). */
bool domain_lacks_smtp_port(const struct seen_domain *d);
/** The port of a scan whose TLSA records are asked for. A record is about one port (RFC 6698 section 3): that of
 * mail, else the first. @param count at least 1 */
uint16_t tlsa_port_of(const uint16_t *ports, size_t count);

struct roll_up roll_up_host(const struct seen_host *h, uint16_t port);
/** Over the whole MX set: the sum over its hosts' addresses. */
struct roll_up roll_up_domain(const struct seen_domain *d, uint16_t port);
/** Where the exchanges of the preference of `from` end. */
size_t preference_end(const struct seen_domain *d, size_t from);
/** Over the exchanges of the lowest preference that has an address, or may have one. */
struct roll_up roll_up_primary(const struct seen_domain *d, uint16_t port);

/** Addresses of the exchange may be missing from its list. */
bool mx_is_open(const struct seen_domain *d, const struct seen_mx *mx);
/** The family has as many addresses in the list as are kept of one. */
bool family_is_full(const struct endpoint_brief *endpoints, size_t count, uint8_t family);
