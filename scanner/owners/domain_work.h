#pragma once

/** A domain under work. Private to domain_*.c and policy_host.c. */

#include "scanner/owners/domain_owner.h"

enum domain_question {
    QUESTION_MX,
    QUESTION_MTA_STS,
    QUESTION_TLS_RPT,
    QUESTION_NS,
    QUESTION_POLICY_A,
    QUESTION_POLICY_AAAA,
};

enum domain_state {
    DOMAIN_FREE,
    DOMAIN_ASKS,     /* MX */
    DOMAIN_RESOLVES, /* addresses of its hosts, or answers of its own */
    DOMAIN_WAITS,    /* for what its hosts and its policy host show */
    DOMAIN_PARKED,   /* the same for its hosts alone, in the spool */
    DOMAIN_STATE_COUNT,
};

/** Of each distinct host among its exchanges. */
enum mx_state {
    MX_NOT_WANTED, /* unusable, or the host of an exchange before it */
    MX_WANTED,
    MX_LATE, /* the same; it belongs to a later block */
    MX_RESOLVED,
    MX_DONE,
};

enum policy_state {
    POLICY_NONE,
    POLICY_RESOLVES,
    POLICY_FETCHES,
    POLICY_JUDGES, /* waits for the verdict on its chain */
    POLICY_DONE,
};

struct domain_work {
    struct seen_domain seen; /* points into `arena` */
    struct arena arena;
    uint32_t index;
    uint32_t block;
    bool late;    /* and not counted in its block, but holds `held` */
    bool settled; /* nor does it hold that any more: its hosts are resolved */
    uint32_t held;
    uint8_t questions;  /* of DNS, under way */
    bool implicit;      /* the one host is the domain itself */
    struct seen_mx *mx; /* seen.mx, writable */
    uint8_t mx_state[MX_MAX];
    uint32_t late_block[MX_MAX]; /* that a LATE one belongs to */
    enum policy_state policy_state;
    bool policy_blocklisted;    /* by a name that the policy host is an alias of */
    struct seen_policy *policy; /* seen.policy, writable; in `arena` */
    bool in_line;
    TAILQ_ENTRY(domain_work) line; /* of who may be parked */
    struct domain_work *next_free;
};

/** What is kept in memory of an open domain. */
struct domain_slot {
    union {
        struct domain_work *work;
        uint64_t place;     /* PARKED: in the spool */
        uint32_t next_free; /* FREE */
    };
    uint64_t input_line : 56;
    uint64_t state : 8; /* enum domain_state: FREE, PARKED, or one of the work */
};

static inline bool domain_has_work(const struct domain_slot *s)
{
    return s->state != DOMAIN_FREE && s->state != DOMAIN_PARKED;
}

static inline enum domain_state domain_state_of(const struct domain_owner *o,
                                                const struct domain_work *d)
{
    return (enum domain_state)o->slots[d->index].state;
}

/* domain_table.c */
/** Of a line, in a slot that is FREE as yet. */
struct domain_work *domain_new(struct domain_owner *o);
void domain_free(struct domain_owner *o, struct domain_work *d);
void domain_enter(struct domain_owner *o, struct domain_work *d, enum domain_state to);
/** It has all but the results of its hosts: where very many wait, who has waited longest is parked, perhaps itself. */
void domain_may_be_parked(struct domain_owner *o, struct domain_work *d);
/** Of an open one; one that was parked is back. @return NULL: it is not open */
struct domain_work *domain_find(struct domain_owner *o, struct span name);
/** The same for what is not about its hosts: one that is parked waits for nothing else. */
struct domain_work *domain_find_in_memory(const struct domain_owner *o, struct span name);
/** @param line as in domain_owner.lines @return false: it is there, and its value unchanged */
bool domain_name_add(struct domain_owner *o, struct span name, uint64_t line);
void domain_name_opens(struct domain_owner *o, const struct domain_work *d);
/** Of the first line with it. */
void domain_name_done(struct domain_owner *o, const struct domain_work *d);
/** @return the first line with a name; 0: there is none */
uint64_t domain_first_line(const struct domain_owner *o, struct span name);

/* domain_record.c. All that the row of a domain that WAITS may yet need. */
void domain_record_put(struct buf *out, const struct domain_work *d);
/** Into a fresh one; a copy is made. */
void domain_record_get(struct span octets, struct domain_work *d);

/* domain_work.c */
/** About `prefix` in front of the domain; "": the domain itself. */
void domain_ask(struct domain_owner *o, struct domain_work *d, enum domain_question q,
                const char *prefix, uint16_t type);

/* policy_host.c: events in, a step of `policy_state` */
/** The answer for _mta-sts is there: is a policy wanted? */
void policy_host_begin(struct domain_owner *o, struct domain_work *d);
void policy_host_on_answer(struct domain_owner *o, struct domain_work *d, enum domain_question q,
                           const struct dns_answer *answer);
void policy_host_on_fetched(struct domain_owner *o, struct domain_work *d, struct span fetched);
void policy_host_on_verdict(struct domain_work *d, struct chain_brief verdict);
void policy_host_give_up(struct domain_owner *o, struct domain_work *d);
