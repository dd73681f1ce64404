#pragma once

/**
 * Who turned us away in one scan, as one worker saw it. A scan is called a night here, as that is how often most run. Pure.
 *
 * Counted is how a server received each session: by service (address and port), as a port that is closed says nothing of the
 * others. From these counts comes what the night says of an address, and from its addresses what it says of an operator
 * (the registrable domain of the MX name). What follows from it for the next night: remembered.h.
 */

#include "scanner/owners/reception.h"
#include "scanner/owners/remembered.h"

#define NIGHT_NO_INDEX UINT32_MAX

/** A service that did not answer some session, or whose address is remembered. */
struct night_service {
    struct net_addr address;
    uint32_t
        operator_index; /* of the last session that was not answered; NIGHT_NO_INDEX: all were */
    struct reception_counts counts;
};

/** An operator some of whose servers did not answer, or that is remembered. */
struct night_operator {
    struct span name; /* malloc */
    bool answered;    /* some session */
};

struct night {
    const struct remembered *remembered; /* of the nights before; borrowed */
    struct night_place *places;          /* by service, as its owner numbers them */
    uint32_t place_count;
    struct night_service *services;
    uint32_t service_count;
    struct night_operator *operators;
    uint32_t operator_count;
    struct map operator_index; /* name → operators */
};

struct night *night_new(const struct remembered *remembered);
void night_free(struct night *n);

/** The next service of its owner. */
void night_add_service(struct night *n, const struct net_addr *address);
/** The end of a session. @param operator_name what the operator's limit goes by */
void night_note(struct night *n, uint32_t service, const struct net_addr *address,
                struct span operator_name, const struct seen_session *seen);

/** What a night changed. */
struct remembered_news {
    uint64_t turned_away[REMEMBERED_KIND_COUNT]; /* keys by whom */
    uint64_t added;                              /* of these, entries that are new */
    uint64_t left;                               /* after clean nights */
    uint64_t aged;                               /* not met for REMEMBERED_DAYS */
    uint64_t dropped;                            /* too many */
};

/**
 * @param nights of all workers; no key is in two of them but operators
 * @param began_s when the scan began, Unix seconds
 * @param after what is remembered from now on; it borrows names from `before` and `nights`
 */
void night_learn(const struct remembered *before, const struct night *const nights[],
                 size_t night_count, int64_t began_s, struct remembered *after,
                 struct remembered_news *news);
