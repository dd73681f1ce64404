#pragma once

/**
 * The owner of domains. Private to domain_work.c and policy_work.c.
 */

#include "scanner/pipeline/worker.h"

enum domain_question {
    QUESTION_MX,
    QUESTION_MTA_STS,
    QUESTION_TLS_RPT,
    QUESTION_NS,
    QUESTION_POLICY_A,
    QUESTION_POLICY_AAAA,
};

struct domain_work {
    struct seen_domain seen; /* points into `arena` */
    struct arena arena;
    uint32_t block;
    uint32_t generation;
    uint8_t questions;  /* DNS questions under way */
    uint8_t unresolved; /* hosts whose addresses are not known yet */
    uint8_t hosts;      /* hosts that are not done yet */
    bool implicit;      /* the one host is the domain itself */
    bool settled;
    bool policy_asked;          /* of the policy thread, which has not answered */
    bool policy_pending;        /* the policy host is asked, or its chain is judged */
    bool policy_blocklisted;    /* by a name that the policy host is an alias of */
    struct seen_policy *policy; /* seen.policy, writable; in `arena` */
    struct seen_mx *mx;         /* seen.mx, writable */
    uint32_t next_free;
};

struct domain_table {
    struct worker *worker;
    struct domain_work **slots;
    uint32_t count;
    uint32_t capacity;
    uint32_t first_free;    /* UINT32_MAX: none */
    struct map first_lines; /* domain → input_line of its first occurrence */
};

/* domain_work.c */
void domain_ask(struct worker *w, uint32_t index, enum domain_question q, struct span name,
                uint16_t type);
struct span *domain_copy_names(struct arena *a, const struct span *names, size_t count);
/** NULL when its row was written meanwhile: what was given up may be answered all the same. */
struct domain_work *domain_find_open(struct domain_table *t, uint32_t index, uint32_t generation);
struct domain_work *domain_find(struct domain_table *t, uint32_t index, uint32_t generation);
void domain_finish_when_complete(struct worker *w, uint32_t index);

/* policy_work.c: the policy host of a domain */
/** The answer for _mta-sts is there: is a policy wanted? */
void policy_begin(struct worker *w, uint32_t index);
void policy_on_answer(struct worker *w, uint32_t index, enum domain_question q,
                      const struct dns_answer *answer);
