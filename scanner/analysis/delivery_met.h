#pragma once

#include "scanner/analysis/deliveries.h"

/**
 * What one sender meets at one address of an exchange: the session with or without SNI as that sender
 * would see it, and how far it gets. For delivery_result.c; pure.
 */

struct delivery_place {
    const struct sender_profile *profile;
    const struct seen_domain *domain;
    const struct sts_verdict *sts;
    const struct dane_domain *dane;
    size_t mx_index;
    const struct seen_mx *mx;
    const struct endpoint_brief *e;
    struct delivery_harm *harm; /* NULL: nobody asks */
    struct rests_on *rests_on;  /* fields of the profile that the result rests on are added */
};

/** A session: what was met with the MX host as SNI, or without. */
struct delivery_met {
    enum session_outcome outcome;
    enum starttls_state starttls;
    uint16_t version; /* 0: no handshake completed */
    struct chain_brief chain;
    enum name_match name;
    uint64_t leaf_domains;
    struct sender_facts facts;
    bool judged; /* the chain */
    bool known;  /* the handshake was made, or nothing of it could depend on the name */
};

struct delivery_met delivery_met_with_sni(const struct endpoint_brief *e);
struct delivery_met delivery_met_without_sni(const struct endpoint_brief *e);

/** How far the sender gets. */
struct delivery_handshake {
    enum fit tls;
    enum delivery_reason reason; /* unless it fits */
    bool offered;                /* STARTTLS, as this sender sees it */
    bool reachable;              /* no: the next address, whatever the policy */
    enum truth lost;             /* the session, right after the handshake */
};

/** @param from the oldest version that will do */
struct delivery_handshake delivery_handshake_of(const struct delivery_place *at,
                                                const struct delivery_met *m, uint16_t from);
/**
 * As delivery_handshake_of() where a policy demands a certificate: a sender that offers suites without one where nothing is
 * demanded does not then, nor, as Postfix, what else its library lets pass at that level, such as SHA-1.
 */
struct delivery_handshake delivery_handshake_demanded(const struct delivery_place *at,
                                                      const struct delivery_met *m, uint16_t from);

static inline void delivery_rests_on(const struct delivery_place *at, enum profile_field f)
{
    at->rests_on->profile |= UINT64_C(1) << (unsigned)f;
}

static inline void delivery_rests_on_stack(const struct delivery_place *at, enum stack_field f)
{
    at->rests_on->stack |= 1U << (unsigned)f;
}
