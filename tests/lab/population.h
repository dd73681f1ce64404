#pragma once

/**
 * The random world: which domains there are, where their mail goes, and what lives there. Any fact
 * is computed alone from (world, index).
 *
 * A domain is "d0000123-kwz.com": the number is its index, the letters and the suffix are drawn, so
 * a name is recognised by computing it again. Domains of the long tail have their own MX names
 * ("mail.", "mx1.", ...), either on shared hosting servers (vanity names) or on own servers; the
 * others use an operator's names. Operators have zones "*-mxlab.com" and the like.
 */

#include "tests/lab/address_plan.h"
#include "tests/lab/world.h"

#define DOMAIN_KINDS(X)                                               \
    X(NXDOMAIN, "nxdomain")                                           \
    X(SERVFAIL, "servfail")                                           \
    X(TIMEOUT, "timeout")                                             \
    X(BOGUS, "bogus")       /* a signed zone whose signatures fail */ \
    X(EMPTY, "empty")       /* neither MX nor address */              \
    X(WEB, "web")           /* an address, but no mail there */       \
    X(IMPLICIT, "implicit") /* no MX, and mail at its address */      \
    X(NULL_MX, "null_mx")                                             \
    X(NULL_OTHER, "null_other") /* null MX beside another */          \
    X(LOCALHOST, "localhost")                                         \
    X(PRIVATE, "private") /* MX at a private address */               \
    X(OPERATOR, "operator")                                           \
    X(SMALL_HOSTER, "small_hoster")                                   \
    X(TAIL, "tail")

enum domain_kind {
#define X(name, word) DOMAIN_##name,
    DOMAIN_KINDS(X)
#undef X
};

struct domain_facts {
    uint64_t index;
    uint64_t infra; /* the domain whose hosts it uses; mostly itself */
    enum domain_kind kind;
    bool signed_zone;
    bool no_ds;  /* signed without a DS: RRSIG, but no chain of trust */
    bool vanity; /* hosts are on shared hosting */
    bool huge;   /* hundreds of MX */
    uint32_t op; /* OPERATOR: index in the parameters; SMALL_HOSTER: its number */
    uint32_t host_count;
};

#define HOST_STATES(X) \
    X(OK)              \
    X(NXDOMAIN)        \
    X(NODATA)          \
    X(SERVFAIL)        \
    X(TIMEOUT)

enum host_state {
#define X(name) HOST_##name,
    HOST_STATES(X)
#undef X
};

#define HOST_ADDRESSES_LAB_MAX 32

struct host_facts {
    enum host_state state;
    char cname[LAB_NAME_MAX]; /* the exchange is an alias of this name, which has the addresses */
    struct net_addr addresses[HOST_ADDRESSES_LAB_MAX];
    size_t address_count;
    bool signed_zone;
    bool tlsa;          /* has TLSA records, see zone_tlsa_plan() */
    bool tlsa_bogus;    /* whose signatures fail */
    uint64_t tlsa_draw; /* 0: an operator's */
};

void population_name(const struct world *w, uint64_t index, char out[LAB_NAME_MAX]);
void population_domain(const struct world *w, uint64_t index, struct domain_facts *out);
const char *population_kind_word(enum domain_kind k);

/** MX record `n` of a domain. @return false when there are no more. The root is "". */
bool population_mx(const struct world *w, const struct domain_facts *d, uint32_t n,
                   uint16_t *preference, char exchange[LAB_NAME_MAX]);

/** What a name of the random world is. */
enum name_kind {
    NAME_NONE,     /* not of this world */
    NAME_DOMAIN,   /* `rest` labels in front of domain `index` */
    NAME_OPERATOR, /* `rest` in front of the zone of operator `index` */
    NAME_SMALL,    /* ... of small hoster `index` */
    NAME_ZONE,     /* ... of another zone of the lab: webhost-mxlab.net, isp-mxlab.net */
    NAME_PROVIDER, /* ... of the zone of policy provider `index` */
};

struct found_name {
    enum name_kind kind;
    uint64_t index;
    struct span rest; /* labels in front, without the dot; empty at the apex */
    struct span apex;
};

bool population_find(const struct world *w, struct span name, struct found_name *out);

/** A domain's name as one label ("d0000123-kwz-com"), and back. */
void population_tenant_label(const struct world *w, uint64_t index, char out[LAB_NAME_MAX]);
bool population_tenant(const struct world *w, struct span label, uint64_t *index);

/** The host at a name. @return false when the name is no host. */
bool population_host(const struct world *w, const struct found_name *name, struct host_facts *out);

/** Host `host`, address `item` of a domain with servers of its own, or a customer of a hosting
 * server. */
struct self_server {
    struct domain_facts domain;
    uint32_t host;
    uint32_t item;
    enum lab_reach reach;
    char name[LAB_NAME_MAX]; /* of the host */
};

/** The owner of a slot of the self-hosted part. @return false when the slot is empty. */
bool population_slot(const struct world *w, uint32_t slot, struct self_server *out);
enum lab_reach population_hosting_reach(const struct world *w, uint32_t server);
/** Is `name` an MX name that leads to this hosting server? */
bool population_customer(const struct world *w, struct span name, uint32_t server,
                         struct self_server *out);

/* population_services.c */

/** A certificate of the world's mix of keys, issuers and lists. `slot` tells those of an owner apart. */
void population_choose_cert(const struct world *w, struct cert_choice *c, uint64_t owner,
                            uint64_t slot, enum lab_cert_class class, const char *names);

bool population_service(const struct world *w, const struct address_place *place,
                        const struct net_addr *address, struct service *out);
/** Does `sni` belong to a customer of this service? Then `own` is its certificate. */
bool population_own(const struct world *w, const struct address_place *place, struct span sni,
                    struct cert_choice *own);

/** The text of the PTR record of an address that nobody answers at, by (seed, address). */
bool population_dead_ptr(const struct world *w, const struct net_addr *a, char out[LAB_NAME_MAX]);
/** "ip4-11-64-1-2" or "ip6-<32 hex digits>" under LAB_ZONE_ISP, and back. */
void population_generic_name(const struct net_addr *a, char out[LAB_NAME_MAX]);
bool population_generic_address(struct span label, struct net_addr *out);

#define LAB_ZONE_WEBHOST   "webhost-mxlab.net" /* names of the shared hosting servers */
#define LAB_ZONE_ISP       "isp-mxlab.net"     /* generic names, and one that never leads back */
#define LAB_NAME_ELSEWHERE "old-mail." LAB_ZONE_ISP
