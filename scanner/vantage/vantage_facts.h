#pragma once

/**
 * What a scan sees of the place that it runs from, before the first target is contacted. Facts only: what
 * they mean is decided in vantage_verdict.h.
 *
 * Whoever is asked is the user's: the resolvers of the scan, and the hosts of --self-test.
 */

#include "scanner/base/net_addr.h"
#include "scanner/observation/seen_dns.h"

/* Our own bounds. */
#define VANTAGE_SERVERS_MAX   16 /* as many as the resolver asks */
#define VANTAGE_ABSENT_NAMES  2
#define VANTAGE_ADDRESSES_MAX 16 /* of a name */
#define VANTAGE_NAMES_MAX     8  /* of an address */
#define VANTAGE_SOURCES_MAX   256
#define VANTAGE_REVERSE_MAX   32 /* addresses whose reverse DNS is looked up */
#define VANTAGE_HOSTS_MAX     8  /* of --self-test */
#define VANTAGE_DIALS_MAX     4  /* addresses of such a host and family that are dialled */
#define VANTAGE_NAME_MAX      256

struct vantage_resolver {
    struct net_addr address;
    uint16_t port;
    struct seen_dns root; /* the query for the name servers of the root, which is signed */
    bool internet_root;   /* these are the servers of the Internet's root */
    struct seen_dns com;  /* NS of com */
    struct seen_dns own;  /* A of the EHLO name; asked where there are several resolvers */
    struct seen_dns absent[VANTAGE_ABSENT_NAMES]; /* A of names that do not exist */
    struct net_addr false_address;                /* of one of these; family 0: none was answered */
};

/** The addresses of a name, from both queries. */
struct vantage_addresses {
    struct seen_dns a;
    struct seen_dns aaaa;
    struct net_addr address[VANTAGE_ADDRESSES_MAX];
    size_t count;
};

struct vantage_reverse {
    struct net_addr address;
    struct seen_dns ptr;
    char name[VANTAGE_NAMES_MAX][VANTAGE_NAME_MAX]; /* in normal form; longer ones are left out */
    size_t count;
};

struct vantage_local {
    struct net_addr address;
    int error; /* errno of bind(); 0: it worked */
};

/** Is there a route for a family? Connecting a UDP socket asks the kernel and sends nothing. */
struct vantage_route {
    bool asked;             /* false: the family is disabled by an option */
    int error;              /* errno; 0: there is a route */
    struct net_addr source; /* that the kernel chooses for it */
};

/** One connection to a host of --self-test. */
struct vantage_dial {
    struct net_addr address;
    int error;     /* errno of connecting, ETIMEDOUT included; 0: connected */
    uint16_t code; /* of the greeting; 0: there was none in time, or no SMTP reply */
};

struct vantage_host {
    const char *name; /* a name or an address, as given */
    uint16_t port;
    struct vantage_addresses found;
    struct vantage_dial dial[2 * VANTAGE_DIALS_MAX];
    size_t dial_count;
};

struct vantage_facts {
    struct vantage_resolver resolver[VANTAGE_SERVERS_MAX];
    size_t resolver_count;
    struct vantage_route ipv4;
    struct vantage_route ipv6;
    struct vantage_local local[VANTAGE_SOURCES_MAX]; /* of --local-addr */
    size_t local_count;
    const char
        *ehlo_domain; /* or an address literal, of which nothing is asked: RFC 5321 section 4.1.3 */
    struct vantage_addresses ehlo;
    struct vantage_reverse reverse[VANTAGE_REVERSE_MAX];
    size_t reverse_count;
    struct vantage_host host[VANTAGE_HOSTS_MAX];
    size_t host_count;
    int64_t now_s;       /* Unix time by the clock of this machine */
    int64_t built_s;     /* the day on which this program was built; its code is not younger */
    uint16_t port_first; /* of the range for connections, both included; 0: not known */
    uint16_t port_last;
};

static inline bool vantage_is_literal(const char *ehlo_domain)
{
    return ehlo_domain[0] == '[';
}

/**
 * The resolver at `i` denies what exists. The tests' and other closed networks have no com either, so that its denial says
 * so only beside the root of the Internet, or beside another resolver that knows com, or the EHLO name that this one
 * denies as well.
 */
bool vantage_resolver_denies(const struct vantage_facts *facts, size_t i);
