#pragma once

/**
 * The owner of services: what one address and port shows, for itself and under each name that leads there.
 *
 *   NEW ──a want──► GATHERS ──its block closes──► PROBES ──all is there that its row says: row──► KNOWN
 *                   names come                    its own sessions, then those of its names        │ ▲
 *                                                         IDLE ◄──no session, no name is left──────┘ │
 *                                                          └──────────a want of a later block────────┘
 *
 * Names of a block that is announced ahead (admission.h) are dialled before it closes where that changes nothing
 * (service_ahead.c).
 *
 * Where very many visits wait for a session, a service that would leave GATHERS is PARKED first: its names are in the spool, until
 * its turn comes or a further name does (service_parking.c).
 *
 * A visit is one or more sessions on behalf of a row, by the table of probes.c: for the service, or for
 * one name. What its sessions saw is kept as octets; the sessions themselves are not needed any more.
 *
 *   FREE ─► ASKS ─► TOKEN ─► RUNS ─┬─ lost, or asked to come back ─► PAUSED ─► AGAIN ─► ASKS
 *           │ ▲      ▲ ▲           ├─ wants another session ─► AGAIN ─► ASKS
 *           ▼ AGAIN  │ │           ├─ a list without a verdict ─► JUDGES ─┬─► row ─► FREE
 *        QUEUED ─────┘ │           └──────────────────────────────────────┴─► KEPT (the one without
 *           └─► PLACE ─┘                                          SNI, for the service's row) ─► FREE
 *
 * A session that is lost, or told to come back later, gets a second chance (second_chances.c): the visit is PAUSED,
 * without a place, lease or token, and the service's timer ends that. When none is left, one attempt counts.
 *
 * A fetch of the policy thread takes a place at its address, and in the network, like a session: it is a visit
 * of the service with port 0, which has no row (NEW ─► KNOWN), from its permit (FREE ─► RUNS) to its return.
 *
 * A session needs a place at its address (rate, limit) and in its network, both owned here, the lease of the
 * operator, and the worker's share of the concurrency; it gives back what it holds when it ends. It ASKS for the
 * lease when both places are free, and takes them, but not for longer than an answer needs: QUEUED at the
 * operator it holds nothing. With the lease it goes on if both places are free then. If not, it may wait for them in
 * PLACE, one for each network, and the next free place is for it and for the line of the network in turn; any other gives the
 * lease back and begins AGAIN. So a lease is held by who can use it or soon will, and places by nobody who waits for long.
 */

#include <sys/queue.h>

#include "resolver/dns_message.h"
#include "scanner/analysis/mx_operator.h"
#include "scanner/base/key_table.h"
#include "scanner/base/map.h"
#include "scanner/base/spool.h"
#include "scanner/base/wheel.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/owners/asked_probes.h"
#include "scanner/owners/certificate_groups.h"
#include "scanner/owners/facts_pool.h"
#include "scanner/owners/known_chains.h"
#include "scanner/owners/leaf_names.h"
#include "scanner/owners/night.h"
#include "scanner/owners/owner.h"

struct service_rules {
    const struct public_suffixes *suffixes;          /* borrowed: the operator of a name */
    const struct operator_list *operators;           /* borrowed; NULL: none is listed */
    uint16_t first_port;                             /* of those that are scanned */
    struct asked_probes probes;                      /* ciphers implies versions */
    enum infer infer;                                /* which names may stand for others */
    const struct shared_operators *shared_operators; /* borrowed; NULL with INFER_OFF */
    uint32_t names_per_address;                      /* 0: all */
    double address_rate;    /* session starts a second and address; 0: no limit */
    uint32_t address_limit; /* sessions at a time, as the next two; 0: no limit */
    uint32_t network_limit;
    uint32_t operator_limit;
    uint32_t sessions_max; /* at a time, in all */
    uint32_t retries;      /* second chances of one question */
    uint32_t retry_pause_ms;
    uint32_t tempfail_pause_ms; /* of the address as well */
    const struct remembered
        *remembered;    /* borrowed: who is met more slowly; NULL: nobody, and nothing is learned */
    uint32_t names_max; /* that wait in memory, above which further ones are put in the spool */
    uint32_t line_max;  /* visits in line for a session, above which services are parked */
    uint64_t seed;
};

/** Of sessions that ended: how long they took, so far. */
struct session_times {
    uint64_t ended;
    uint64_t taken_ms;
};

struct service;
struct leaf_domain;
struct service_work;
struct known_names;
struct visit;
struct network;

struct service_owner {
    struct service_rules rules;
    struct owner_out *out; /* borrowed, as the next three */
    struct known_chains *chains;
    struct arena_pool *arenas;
    struct spool *spool;            /* the same */
    struct wheel *wheel;            /* whoever turns it calls on_due() */
    struct arena_pool small_arenas; /* of the work of services, of which very many may wait */
    uint64_t now_ms;       /* told by whoever runs the owner, before each event; as the wheel's */
    struct key_table keys; /* address and port; their numbers are indices of `services` */
    struct service *services;
    uint32_t count;
    uint32_t capacity;
    struct key_table network_keys; /* the same of `networks` */
    struct network *networks;
    struct visit *visits;
    uint32_t visit_count;
    uint32_t visit_capacity;
    uint32_t free_visit;
    struct map fetches; /* that want a permit or have one → NO_INDEX, its visit */
    uint64_t leases;    /* asked for so far */
    uint32_t tokens;    /* sessions that may still be opened */
    struct visit_line {
        uint32_t first; /* visits; NO_INDEX: none */
        uint32_t last;
    } without_token[2];                /* those of addresses with many names left are the second */
    uint32_t visits_in_line;           /* in both, or about to be: they ask for the lease */
    bool many_next;                    /* the next share of the sessions is for one of these */
    LIST_HEAD(, service_work) open;    /* those with pending names */
    LIST_HEAD(, service_work) crowded; /* those with names in line, but for a few that had */
    struct session_times session_times;
    uint64_t paused_until_ms; /* the last of those that were paused */
    uint32_t blocks_closed;   /* see admission.h */
    struct map perhaps;       /* service → names that may be wanted there, see service_ahead.c */
    uint32_t *woken;          /* services for service_go_on(); malloc */
    uint32_t woken_count;
    uint32_t woken_capacity;
    uint32_t woken_at;                 /* the next one */
    struct leaf_names default_names;   /* of certificates presented without SNI */
    struct facts_pool facts;           /* of sessions without SNI */
    struct certificate_groups *groups; /* owned, unless whoever runs it takes them */
    struct night *night;               /* the same; NULL: nothing is learned */
    struct map known_names_index;      /* service → its entry */
    struct known_names *known_names;   /* names with rows that count in the choice of others */
    uint32_t known_names_count;
    struct key_table
        names_known; /* of a fleet: service and host of all that were wanted; numbers mean nothing */
    struct map known_speakers; /* service and host → struct message_known_speaker * in the arena */
    struct arena known_arena;
    uint64_t *ptr_hashes; /* of PTR names, by service */
    uint32_t ptr_hash_count;
    struct buf server_domains; /* service_domains.c */
    struct leaf_domain *leaf_domains;
    uint32_t *domains_at;    /* by service: place in server_domains; 0: none */
    struct buf packed_names; /* of one certificate, while its domain is looked for */
    struct buf domain;       /* of that; also the name in the banner */
    uint32_t *
        parked; /* services in the order of parking, some of which are not parked any more; malloc */
    uint32_t parked_at; /* the next one */
    uint32_t parked_count;
    uint32_t parked_capacity;
    bool stopping;
    bool lost[2]; /* IPv4, IPv6: service_lose_family() */
    /* For whoever runs it; each only read. */
    uint32_t services_open; /* under work */
    uint64_t names_waiting; /* wants that are not answered */
    uint64_t visits_paused;
    uint64_t sessions_failed;
    uint64_t short_fallen; /* short sessions that whole ones follow because they could not go on */
    uint64_t strays;
};

void service_owner_init(struct service_owner *o, const struct service_rules *rules,
                        struct owner_out *out, struct known_chains *chains,
                        struct arena_pool *arenas, struct spool *spool, struct wheel *wheel);
void service_owner_deinit(struct service_owner *o);

void service_on_address_perhaps(struct service_owner *o, const struct message_address_perhaps *m);
void service_on_address_want(struct service_owner *o, const struct message_address_want *m);
/** Of a scan that goes on: before everything else. */
void service_on_known(struct service_owner *o, const struct message_known_service *m);
void service_on_known_name(struct service_owner *o, const struct message_known_name *m);
void service_on_known_speaker(struct service_owner *o, const struct message_known_speaker *m);
/** Of the names of the block, and of those before it, all but so many are here. */
void service_on_block_ahead(struct service_owner *o, uint32_t block, uint32_t may_come);
void service_on_block_closed(struct service_owner *o, uint32_t block);
void service_on_name_checked(struct service_owner *o, const struct message_name_checked *m);
void service_on_lease_queued(struct service_owner *o, const struct message_lease_queued *m);
void service_on_lease_grant(struct service_owner *o, const struct message_lease_grant *m);
void service_on_permit_want(struct service_owner *o, const struct message_permit_want *m);
void service_on_permit_return(struct service_owner *o, const struct message_permit_return *m);
/** The policy thread does not answer: it may never return what it holds. */
void service_give_up_fetches(struct service_owner *o);
void service_on_answer(struct service_owner *o, uint64_t tag, const struct dns_answer *answer);
/** @param visit of owner_dial */
void service_on_session_end(struct service_owner *o, uint32_t visit,
                            const struct seen_session *seen);
/** @param waiter chain_waiter.index */
void service_on_verdict(struct service_owner *o, uint32_t waiter, struct span chain_id,
                        struct chain_brief verdict);
/** After each event, and after the wheel was turned: what follows from it for some of the services.
 * @return true: again, when the commands were carried out */
bool service_go_on(struct service_owner *o);
/** The session of a visit is over, but its end is told later or never: another may have its share of the sessions. */
void service_keep_session(struct service_owner *o, uint32_t visit);
/** The end that was kept is void: when it has a share of the sessions again, the visit is commanded anew. */
void service_void_session(struct service_owner *o, uint32_t visit);
/** connect() was called for a session at an address, by the command of a visit or beside, and not after `at_ms`: the next start there keeps
 * its distance from that, not from when it was decided. */
void service_on_connect(struct service_owner *o, const struct net_addr *address, uint16_t port,
                        uint64_t at_ms);
/** The session of a visit begins later than commanded, or anew. It holds what it held, but the address's rate counts when
 * it does begin. @return false: not now */
bool service_begin_anew(struct service_owner *o, uint32_t visit);
#define SERVICE_NO_VISIT KEY_TABLE_NONE
/** Visits that wait for a share of the sessions, and hold all else. @param visit SERVICE_NO_VISIT: the first
 * @return SERVICE_NO_VISIT: no further one */
uint32_t service_next_without_token(const struct service_owner *o, uint32_t visit);
/** For whose limit its session counts. Borrowed from the visit. */
struct span service_operator_of_visit(const struct service_owner *o, uint32_t visit);
/**
 * A place at the address for a session beside the owner's. Nobody need have wanted the address.
 * @param idle places there, and in the network, whose sessions are not open now
 * @return false: there is none now
 */
struct idle_places {
    uint32_t at_address;
    uint32_t in_network;
};
bool service_take_place(struct service_owner *o, const struct net_addr *address, uint16_t port,
                        struct idle_places idle);
void service_give_place(struct service_owner *o, const struct net_addr *address, uint16_t port);
/** Nobody of the family (4, 6) can be reached any more, by a fault of ours: what is left ends as not tested. */
void service_lose_family(struct service_owner *o, uint8_t family);
/** Nothing is dialled any more. */
void service_stop(struct service_owner *o);
/** Until the last address is done whose names wait, and the last pause is over: waiting_time.h */
uint64_t service_waiting_ms(const struct service_owner *o);
/** Nothing is under way any more: groups are as they remain, for whoever takes them. */
void service_finish_groups(struct service_owner *o);
/** Whom the session of a visit is with. */
const struct net_addr *service_address_of_visit(const struct service_owner *o, uint32_t visit);
