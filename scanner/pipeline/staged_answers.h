#pragma once

/**
 * MX records and addresses that the user says instead of DNS, as for a server that is tested before the MX of a domain
 * points to it. The questions are asked as always, and what comes keeps the DNSSEC state of the answer, which is that
 * of the zone where the records will stand; only the records are those given.
 */

#include "resolver/resolver.h"
#include "scanner/owners/owner.h"

#define STAGED_HOSTS_MAX     8
#define STAGED_ADDRESSES_MAX 8
#define STAGED_NAME_MAX      254 /* octets with NUL */

struct staged_host {
    char name[STAGED_NAME_MAX]; /* in normal form */
    struct net_addr address[STAGED_ADDRESSES_MAX];
    size_t address_count; /* 0: as DNS says */
};

/** The MX set: hosts in the order of their preference. */
struct staged_mx {
    struct staged_host host[STAGED_HOSTS_MAX];
    size_t count;
};

struct staged_answers;

/** NULL without `mx`, which is borrowed. */
struct staged_answers *staged_answers_new(const struct staged_mx *mx);
void staged_answers_free(struct staged_answers *s); /* NULL is allowed */

/** Asks the resolver; `done` gets the answer with the records that were given for it, if any. */
void staged_answers_ask(struct staged_answers *s, struct resolver *r,
                        const struct owner_question *q, resolver_done_fn done, void *arg);
