#pragma once

/**
 * What the facts about the vantage mean for the scan: pure, no I/O and no clock. Each check has one result for each
 * thing that it is about; the worst of them decides whether there is a scan at all.
 */

#include "scanner/base/arena.h"
#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"
#include "scanner/vantage/vantage_facts.h"

/** --trust-ad: does the AD bit of the resolvers count? */
#define TRUST_ADS(X)         \
    X(TRUST_AD_AUTO, "auto") \
    X(TRUST_AD_YES, "yes")   \
    X(TRUST_AD_NO, "no")

enum trust_ad {
    TRUST_ADS(ENUMERATOR)
};

VOCABULARY(trust_ad, enum trust_ad);

#define VANTAGE_CHECKS(X)                                                 \
    X(VANTAGE_RESOLVER, "resolver") /* it answers, what exists as well */ \
    X(VANTAGE_DNSSEC, "dnssec")     /* and validates */                   \
    X(VANTAGE_NXDOMAIN, "nxdomain") /* and invents no addresses */        \
    X(VANTAGE_IPV4_ROUTE, "ipv4_route")                                   \
    X(VANTAGE_IPV6_ROUTE, "ipv6_route")                                   \
    X(VANTAGE_LOCAL_ADDR, "local_addr") /* can be bound */                \
    X(VANTAGE_SMTP, "smtp")             /* to a host of --self-test */    \
    X(VANTAGE_EHLO_NAME, "ehlo_name")   /* forward-confirmed */           \
    X(VANTAGE_CLOCK, "clock")                                             \
    X(VANTAGE_DESCRIPTORS, "descriptors")                                 \
    X(VANTAGE_PORT_RANGE, "port_range")

enum vantage_check {
    VANTAGE_CHECKS(ENUMERATOR)
};

VOCABULARY(vantage_check, enum vantage_check);

#define VANTAGE_RESULTS(X)                                                  \
    X(VANTAGE_OK, "ok")                                                     \
    X(VANTAGE_UNKNOWN, "unknown") /* could not be found out */              \
    X(VANTAGE_WARNING, "warning") /* the scan is worth something without */ \
    X(VANTAGE_FAILED, "failed")   /* it is not: nothing is scanned */

enum vantage_result {
    VANTAGE_RESULTS(ENUMERATOR)
};

VOCABULARY(vantage_result, enum vantage_result);

/** What becomes of the scan. */
enum vantage_end {
    VANTAGE_GO,
    VANTAGE_CANNOT_SCAN,  /* for want of a resolver, or as --strict-vantage demands */
    VANTAGE_USAGE,        /* something that the user named cannot be used */
    VANTAGE_SAYS_NOTHING, /* no mail server can be reached from here */
};

struct vantage_line {
    enum vantage_check check;
    enum vantage_result result;
    const char *subject; /* which resolver, address, host */
    const char *text;    /* what was found; of a warning or failure what to do, in one line */
};

/** What the options say. */
struct vantage_terms {
    enum trust_ad trust_ad;
    bool strict;                  /* --strict-vantage */
    bool allow_special_addresses; /* routes to the Internet are not all that counts */
    double address_rate;
    uint32_t address_limit;
    uint32_t concurrency_asked;
    uint32_t concurrency; /* that descriptors leave */
    uint64_t descriptor_limit;
};

/** A server of --self-test that greeted us, whatever it said. */
struct vantage_greeted {
    const char *host; /* as given; borrowed */
    struct net_addr address;
    uint16_t port;
};

#define VANTAGE_GREETED_MAX (2 * VANTAGE_DIALS_MAX * VANTAGE_HOSTS_MAX)

struct vantage_verdict {
    struct vantage_line *line;
    size_t count;
    enum vantage_end end;
    const char *why; /* unless VANTAGE_GO: one line for the user */
    /* what the scan does with it */
    bool ipv4; /* addresses of the family are dialled */
    bool ipv6;
    bool resolver_denies[VANTAGE_SERVERS_MAX]; /* this one is not asked */
    bool trust_ad;
    const char *trust_ad_reason;                         /* static word for the manifest */
    bool smtp_works;                                     /* a host of --self-test greeted us */
    struct vantage_greeted greeted[VANTAGE_GREETED_MAX]; /* all of them */
    size_t greeted_count;
    /* private */
    struct arena_pool pool;
    struct arena arena;
    struct buf text;
};

/** Not movable. @param facts borrowed for the call */
void vantage_judge(struct vantage_verdict *v, const struct vantage_facts *facts,
                   const struct vantage_terms *terms);
void vantage_verdict_deinit(struct vantage_verdict *v);

/* Parts of it, in files of their own. */

/** Starts the text of a line, which vantage_add() ends. */
struct buf *vantage_text(struct vantage_verdict *v);
/** A line with the text made since vantage_text(). */
void vantage_add(struct vantage_verdict *v, enum vantage_check check, enum vantage_result result,
                 const char *subject);
/** The line just added is a failure, with the text made since vantage_text(). */
void vantage_fail_last(struct vantage_verdict *v);
/** The line just added is why nothing is scanned, unless an earlier one is. */
void vantage_stop(struct vantage_verdict *v, enum vantage_end end);
/** "192.0.2.1", "2001:db8::1"; with a port "192.0.2.1:53", "[2001:db8::1]:53" */
void vantage_put_address(struct buf *b, const struct net_addr *address);
void vantage_put_endpoint(struct buf *b, const struct net_addr *address, uint16_t port);
/** The resolvers know what a name has: not just their own failure. */
bool vantage_dns_is_answer(const struct seen_dns *seen);

void vantage_judge_resolvers(struct vantage_verdict *v, const struct vantage_facts *f,
                             const struct vantage_terms *t);
void vantage_judge_name(struct vantage_verdict *v, const struct vantage_facts *f,
                        const struct vantage_terms *t);
