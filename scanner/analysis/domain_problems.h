#pragma once

#include "scanner/analysis/code_set.h"
#include "scanner/analysis/problem_rules.h"

/**
 * The problems of a domain: what was found of the domain, its policy, its MX hosts, and of their servers, lists
 * and certificates, each code once, with its effect on the mail of this domain. Pure.
 *
 * Places are the domain's MX hosts (of what is found of hosts), else its endpoints, numbered in the order of
 * seen_domain.mx, each once although an exchange may be named twice.
 */

/** What is known of an endpoint: itself with its list of certificates, and its service. */
struct endpoint_codes {
    struct code_set own;
    struct code_set service;
};

/** By place; filled by the caller. Reused from domain to domain. */
struct domain_codes {
    struct code_set host[MX_MAX]; /* as in seen_domain.mx */
    struct endpoint_codes *at;    /* malloc; domain_codes_room() */
    size_t capacity;
};

/** Room for the endpoints of the domain, empty. @return how many */
size_t domain_codes_room(struct domain_codes *c, const struct seen_domain *d);
void domain_codes_deinit(struct domain_codes *c);
/** The place of the first endpoint of an exchange. */
size_t domain_first_place(const struct seen_domain *d, size_t mx);
/** The first exchange with the same host. */
size_t domain_same_mx(const struct seen_domain *d, size_t mx);

struct problem {
    enum finding_code code;
    enum effect effect;
    enum severity severity;  /* in the context of the domain */
    uint32_t place_count;    /* 0: the domain itself, or its policy */
    uint32_t tested_count;   /* places of the domain that were tested */
    uint32_t inferred_count; /* of place_count: those of inferred results */
    uint64_t senders;        /* bit n: profile n is affected */
    uint32_t first;          /* place */
    uint32_t bits;           /* offset in `places` of a bit for each place, lowest first */
};

/** Large: reused from domain to domain. */
struct domain_problems {
    struct problem item[FINDING_COUNT]; /* by effect, severity, places, code */
    size_t count;
    size_t place_total; /* endpoints; of hosts: exchanges */
    struct buf places;
    enum effect effect;              /* the worst; NONE: nothing is wrong, or nothing is known */
    uint16_t slot_of[FINDING_COUNT]; /* number + 1 in `item` while it is filled */
};

void domain_problems_init(struct domain_problems *p);
void domain_problems_deinit(struct domain_problems *p);
/**
 * The effect of a domain is as bad as the worst outcome of the senders in their default setting: what no finding
 * explains gets one, FINDING_DELIVERY_UNEXPLAINED.
 * @param of_domain findings of the domain: that one is added @param of_policy of its policy; NULL: it has none
 * @param codes NULL: nothing is known of its hosts
 */
void domain_problems_fill(struct domain_problems *p, const struct seen_domain *d,
                          const struct domain_verdict *v, struct findings *of_domain,
                          const struct findings *of_policy, const struct domain_codes *codes);

/** An issuer that is not presented: known to us, or not. One problem of a domain, whatever else turns up. */
enum finding_code problem_code_of(enum finding_code code);
static inline bool problem_has_place(const struct domain_problems *p, const struct problem *of,
                                     size_t place)
{
    return (p->places.at[of->bits + place / 8] >> (place % 8) & 1) != 0;
}
/** Words of the worst severity; NULL without a problem. */
const char *domain_problems_severity(const struct domain_problems *p);
