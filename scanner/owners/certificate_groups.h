#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/buf.h"
#include "scanner/base/map.h"
#include "scanner/domain/shared_operators.h"
#include "scanner/observation/seen_target.h"
#include "scanner/owners/infer.h"

/**
 * Certificate groups: host names under one wildcard that get the same chain from a service, so that some of
 * them stand for the others and need not be dialled (--infer).
 *
 *   OPEN ──enough names got the same──► CONFIRMED ──a check got something else──► CONTRADICTED
 *     └──────────────two names got something else from each other──────────────────────►┘
 *
 * The names of a service have their turns in a fixed order, by block and then by draw, and while a group is not
 * contradicted the result of one of its names is there before the next one has its turn: what becomes of a name
 * follows from the results of the names before it, and from nothing else.
 *
 *     OPEN          it is dialled
 *     CONFIRMED     it is inferred; but one in GROUP_CHECK_ONE_IN, by its draw, is dialled as a check, and so is a
 *                   name with TLSA records in force that are not those of the name that speaks for the group: DANE
 *                   is about these, and where the TLSA base domain is another name, about another handshake
 *     CONTRADICTED  it is dialled; what was inferred stays
 *
 * "The same" is outcome, STARTTLS, chain, TLS version and sender_facts: all that rows of hosts and domains tell
 * of a session. A handshake that did not complete, and was not refused either, says nothing.
 * The name that speaks for a group is the one whose result confirmed it.
 *
 * An engine: no I/O, no clock. What it knows of names is what it is told.
 */

#define GROUP_LISTED_NAMES 3   /* that agree, under a wildcard of the list of shared operators */
#define GROUP_ANY_NAMES    100 /* under another one */
#define GROUP_CHECK_ONE_IN 1000
#define GROUP_NONE         UINT32_MAX

/** What the next name is. */
struct group_name {
    struct span host;
    uint64_t draw;                 /* hash(seed, service, host) */
    struct span tlsa_base;         /* of the records in force; empty: none */
    const struct seen_tlsa *tlsas; /* them */
    size_t tlsa_count;
};

enum group_turn {
    GROUP_DIAL,
    GROUP_INFER,
    GROUP_WAIT, /* for the result of a name before it */
};

/** The session that stands for others. */
struct group_speaker {
    struct span host;
    struct buf seen; /* codec_put_session() */
    struct chain_brief chain;
    uint64_t tlsas; /* the records in force, as a number */
};

/** What names have to agree in. */
struct group_facts {
    uint8_t chain_id[32];
    uint16_t tls_version;
    uint8_t outcome;
    uint8_t starttls;
    struct sender_facts facts; /* without what depends on the host */
};

/** What a name that was dialled tells of its group. */
struct group_result {
    struct group_facts facts; /* outcome NOT_TESTED: there was no session */
    bool has_chain;           /* all of it, and the same each time */
    bool by_wildcard;
};

struct certificate_group {
    struct net_addr address;
    uint16_t port;
    bool listed;
    uint8_t state;  /* enum group_state */
    bool under_way; /* of a name that is dialled */
    bool has_facts;
    struct span parent;            /* in the arena, as the next */
    struct group_facts facts;      /* of the first name that has some */
    struct group_speaker *speaker; /* malloc; NULL: not confirmed */
    uint32_t names_dialled;
    uint32_t names_inferred;
    uint32_t agreements;
    uint32_t inconclusive;
    uint32_t checks;
    uint32_t contradictions;
    struct span *contradicted_by; /* up to CONTRADICTIONS_KEPT; in the arena; NULL: none */
};

struct certificate_groups {
    enum infer infer;
    const struct shared_operators *operators; /* borrowed */
    struct map index;                         /* service and parent → groups */
    struct certificate_group *groups;
    uint32_t count;
    struct arena arena;
    struct arena_pool pool; /* of the arena */
};

/** @param operators borrowed; may be NULL with INFER_OFF */
struct certificate_groups *certificate_groups_new(enum infer infer,
                                                  const struct shared_operators *operators);
void certificate_groups_free(struct certificate_groups *g); /* NULL is allowed */

/** The group that a host name of a service belongs to. @return GROUP_NONE: it stands for itself */
uint32_t certificate_group_of(struct certificate_groups *g, const struct net_addr *address,
                              uint16_t port, struct span host);
/** The next name of the group has no turn yet. @param busy some other name of the service is dialled and has no result yet */
bool certificate_group_waits(const struct certificate_groups *g, uint32_t group, bool busy);
/** @param busy the same */
enum group_turn certificate_group_turn(const struct certificate_groups *g, uint32_t group,
                                       const struct group_name *name, bool busy);
/** The name has had its turn, with this result of certificate_group_turn(). */
void certificate_group_dial(struct certificate_groups *g, uint32_t group);
const struct group_speaker *certificate_group_infer(struct certificate_groups *g, uint32_t group);
/** It has its row from before a scan went on. */
void certificate_group_inferred_before(struct certificate_groups *g, uint32_t group);
/** @param by_wildcard its leaf matches the name by the wildcard */
struct group_result group_result_of(const struct seen_endpoint *seen, bool by_wildcard);
/** The result of a name that was dialled.
 * @param seen NULL: its session is not at hand, so that it cannot speak
 * @return it speaks for the group from now on */
bool certificate_group_note(struct certificate_groups *g, uint32_t group, struct span host,
                            const struct group_result *r, const struct seen_endpoint *seen);

/** For the row of a group; what it points to is borrowed. @return false: it has none */
bool certificate_group_see(const struct certificate_groups *g, uint32_t group,
                           struct seen_group *out);
