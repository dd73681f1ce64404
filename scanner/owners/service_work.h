#pragma once

/**
 * A service under work, and what is kept of each. Private to service_*.c, visit_end.c, probes.c and reverse_dns.c, which
 * call each other in one direction only: service_owner.c the others, and all service_table.c.
 */

#include <assert.h>

#include "scanner/owners/service_owner.h"
#include "scanner/tls/handshake_key.h"
#include "scanner/tls/version_plan.h"

#define NO_INDEX           KEY_TABLE_NONE
#define SPEAKING_FAILURES  2 /* sessions that failed before TLS and then speak for the service */
#define VISIT_PROBES_MAX   4 /* of one visit */
#define VISIT_CHANCES_MAX  4 /* second ones, of them together */
#define VISIT_SESSIONS_MAX (VISIT_PROBES_MAX + VISIT_CHANCES_MAX)
#define SERVICE_FETCH_PORT 0 /* nobody's mail server: of fetches, whatever port they go to */

/** As octets, for tables and draws: the same in every run. */
struct service_key {
    struct net_addr address;
    uint8_t port[2]; /* big-endian */
};

static inline struct service_key service_key_of(const struct net_addr *address, uint16_t port)
{
    return (struct service_key){*address, {(uint8_t)(port >> 8), (uint8_t)port}};
}

/** One host name that leads to the service: becomes an endpoint. */
struct want {
    struct span host;      /* borrowed, as what else it points to */
    struct span tlsa_base; /* of the records in force; empty: none */
    const struct seen_tlsa *tlsas;
    size_t tlsa_count;
    uint8_t dane_host;       /* enum dane_host */
    uint8_t registrable_len; /* of the end of `host` that is its registrable domain; 0: none */
    uint64_t draw;           /* hash(seed, service, host): who is dialled, and in which order */
    uint32_t block;
    uint32_t group; /* GROUP_NONE: it stands for itself */
    bool planned;   /* counted in names_dialled */
};

static inline struct span want_registrable(const struct want *want)
{
    return want->registrable_len > 0 ? span_drop(want->host, want->host.len - want->registrable_len)
                                     : (struct span){0};
}

/** Of an address literal in an MX record there is none; RFC 6066 section 3: no literal in SNI. */
static inline bool want_has_name(const struct want *want)
{
    struct net_addr literal;
    return !net_addr_parse(want->host, &literal);
}

enum probe {
    /* For the service: */
    PROBE_NO_SNI_SHORT, /* up to where the server waits */
    PROBE_NO_SNI,   /* by itself, or on the visit of the short one, which it takes the place of */
    PROBE_VERSIONS, /* one hello each, as the next */
    PROBE_CIPHERS,
    /* No session of ours at all, but one place at the address: */
    PROBE_FETCH, /* the policy thread's */
    /* For a name, on one visit: */
    PROBE_SNI,
    PROBE_SNI_AGAIN, /* its leaf differs from the one without SNI */
    PROBE_DANE_SNI,  /* SNI is the TLSA base domain, another name */
    PROBE_OTHER_KEY, /* the certificate with the other kind of key */
    /* For the service, on the visit of NO_SNI: */
    PROBE_WRONG_SNI, /* SNI is WRONG_SNI_NAME */
    PROBE_COUNT,
};

enum visit_state {
    VISIT_FREE,
    VISIT_ASKS,   /* for the lease: has its places */
    VISIT_QUEUED, /* waits for the lease without */
    VISIT_PLACE,  /* waits for them with the lease */
    VISIT_TOKEN,  /* waits for it */
    VISIT_RUNS,
    VISIT_PAUSED, /* before its second chance: it holds nothing */
    VISIT_AGAIN,  /* wants another session */
    VISIT_JUDGES,
    VISIT_HELD, /* waits for what the session without SNI comes to, or is that one */
    VISIT_KEPT,
    VISIT_STATE_COUNT,
};

/** One session of a visit; what it saw lies in visit.seen. */
struct visit_session {
    uint8_t probe;
    bool counts;   /* of those of the probe; when there is no chance left */
    bool unjudged; /* its chain */
    uint8_t chain_id[32];
    struct chain_brief chain;
};

struct visit {
    enum visit_state state;
    enum probe probe; /* of the session that is wanted or runs */
    uint32_t service;
    struct want *want;              /* the name asked for; else for the operator's limit. malloc */
    uint64_t fetch;                 /* of PROBE_FETCH */
    uint64_t lease;                 /* lease.session of one that is asked for or held; 0: none */
    struct buf seen;                /* codec_put_session(), one behind the other */
    struct visit_session *sessions; /* malloc */
    uint8_t session_count;
    uint8_t unjudged;   /* of these */
    uint8_t chances;    /* second ones it had */
    bool lost_again;    /* before TLS, as the attempt before, and nobody had an answer in between */
    bool of_many;       /* TOKEN: in the line of addresses with many names left */
    bool kept;          /* RUNS: its session is over, and its end kept from the owner */
    bool anew;          /* TOKEN: that end was void */
    bool holds;         /* lost before TLS, its second chance is not over: see visit_pause() */
    uint64_t due_ms;    /* end of the pause */
    uint64_t began_ms;  /* the session that runs */
    uint32_t answers;   /* service_work.answers, when it began */
    uint32_t probes;    /* bits: which were made */
    bool tls_attempted; /* of the first session, as the next three */
    bool certified;     /* established, with a certificate */
    bool differs;       /* its leaf from the one without SNI */
    uint8_t key;        /* enum handshake_key of it */
    uint32_t next;      /* in the line of AGAIN, of PAUSED, the one for tokens or the free list */
};

/** What a host hears of its endpoint. */
struct told_endpoint {
    struct endpoint_brief brief;
    struct span host; /* in the arena of the work, as the next ones */
    struct span registrable;
    struct span certificate_domain;
    struct span known; /* of a fleet: KNOWN_... messages, but for what the host hears */
};

enum service_state {
    SERVICE_NEW,
    SERVICE_GATHERS,
    SERVICE_PARKED, /* the same, in the spool: service_parking.c */
    SERVICE_PROBES,
    SERVICE_KNOWN, /* its row is written, as in the next */
    SERVICE_IDLE,
    SERVICE_STATE_COUNT,
};

enum no_sni_state {
    NO_SNI_UNASKED,
    NO_SNI_UNDER_WAY, /* the others need its result */
    NO_SNI_RESTS, /* the short one is over; whether it stands shows the first session with SNI */
    NO_SNI_KEPT,  /* for the row of the service */
    NO_SNI_DONE,
};

/** What became of the session without SNI that is short. */
enum short_state {
    SHORT_NONE,   /* there was none, or it ended before TLS as a whole one would */
    SHORT_WAITS,  /* for the first session with SNI */
    SHORT_STANDS, /* that one was whole, and showed the same leaf */
    SHORT_FALLS,  /* it did not, or the short one met what only a whole one follows: one is made */
};

/** Names in the order of their turns: the next ones as they are, further ones as octets, in pieces. */
struct names_line {
    size_t count;               /* of all */
    struct want *names;         /* in `arena` */
    size_t next;                /* of these */
    size_t unpacked;            /* how many they were */
    struct arena arena;         /* empty without them */
    struct names_piece *pieces; /* malloc */
    size_t next_piece;
    size_t piece_count;
    struct buf last; /* behind the pieces, and not one yet */
    size_t last_count;
};

struct service_work {
    struct arena arena;
    struct service_owner *owner;
    uint32_t index;
    struct map wanted; /* names it heard of, as long as it is open → their block, and WANT_... */
    bool
        is_open; /* in service_owner.open: names are pending, or were dialled ahead of their block */
    struct buf pending; /* of blocks that are still open */
    size_t pending_count;
    uint32_t first_pending;   /* the first of their blocks */
    uint32_t last_pending;    /* the last */
    bool unparked;            /* its turn has come */
    uint32_t blocks_ahead;    /* names of blocks before this one may be dialled ahead; 0: none */
    bool took_ahead;          /* some were */
    struct names_line names;  /* to be dialled */
    bool in_turns;            /* names may be inferred, so what becomes of each shows at its turn */
    bool held;                /* the next name waits for the result of one before it */
    uint32_t names_under_way; /* dialled, without a row */
    uint64_t *fetches;        /* that wait for their permit, in the order of asking; malloc */
    size_t fetch_count;
    struct told_endpoint *told; /* waits for the row of the service; malloc */
    size_t told_count;
    struct wheel_timer
        timer;            /* the address's next start, the end of a pause: see service_alarm() */
    uint32_t visits;      /* under way */
    uint32_t again;       /* the line of AGAIN; NO_INDEX: none */
    uint32_t paused;      /* the line of PAUSED, who is due first at its head */
    uint32_t holding;     /* visits that hold others: visit.holds */
    uint32_t answers;     /* sessions that were not lost before TLS, so far */
    uint32_t lost_in_row; /* since the last of them */
    uint32_t next_in_network; /* queue of the network */
    bool queued_in_network;
    enum no_sni_state no_sni;
    uint8_t short_state;     /* enum short_state */
    uint32_t no_sni_visit;   /* while it is kept, or RESTS */
    uint32_t held_visit;     /* in HELD, with SNI; NO_INDEX: none */
    struct want *first_want; /* the first to be dialled of the first block; malloc */
    /* versions and ciphers */
    struct version_plan versions;
    bool tls_reached;  /* some handshake was begun */
    bool sni_ended;    /* some session with SNI is over */
    bool completed[2]; /* a handshake completed: without SNI, with it */
    bool hello_sni;    /* the ClientHellos of both carry SNI */
    bool hello_under_way;
    struct cipher_work *ciphers; /* in the arena; NULL: not begun */
    /* reverse DNS */
    struct seen_ptr ptr;
    struct span *ptr_names;
    uint8_t *ptr_states;
    bool *ptr_confirmed;
    struct span *ptr_awaited; /* the names in normal form; empty: not checked, or not any more */
    uint8_t ptr_pending;
    uint32_t ptr_leader; /* another port of the address, which asks for both; NO_INDEX: none */
    LIST_ENTRY(service_work) open; /* of those with pending names */
    LIST_ENTRY(service_work) crowded;
    bool is_crowded; /* in that list */
    struct session_times session_times;
};

/** Nothing but second chances is asked for. One name may meet chance; the service as a whole is in doubt as long as it
 * never answered, or not twice in a row. */
static inline bool service_waits_for_chance(const struct service_work *work)
{
    return work->holding > 0 && (work->answers == 0 || work->lost_in_row >= SPEAKING_FAILURES);
}

/** What is kept of every service; 128 octets at most. */
struct service {
    struct service_work *work; /* NULL: NEW, PARKED or IDLE */
    uint64_t next_start_ms;    /* of the address; used in the gate only */
    struct net_addr address;
    uint16_t port;
    uint16_t active;    /* sessions at the address; used in the gate only, as the next */
    uint16_t queued;    /* of its visits */
    uint32_t gate;      /* the service that stands for the address: its first port */
    uint32_t next_port; /* the next service of the same address; NO_INDEX: the last */
    uint32_t network;
    uint32_t names_total; /* in closed blocks */
    uint32_t names_dialled;
    uint8_t state;    /* enum service_state */
    uint8_t failures; /* sessions that failed before TLS */
    uint8_t spoken_outcome;
    uint8_t spoken_starttls;
    bool woken : 1;
    uint8_t turn : 3;     /* place among the ports of who started last; used in the gate only */
    bool starting : 1;    /* passed the rate, waits for lease or token; used in the gate only */
    bool claimed : 1;     /* the next start is that of a visit in PLACE; used in the gate only */
    bool no_sni_done : 1; /* the session without SNI ended */
    bool has_no_sni_leaf : 1;
    uint8_t halvings;        /* of the pace at the address; used in the gate only */
    uint8_t no_sni_outcome;  /* enum session_outcome */
    uint8_t no_sni_starttls; /* enum starttls_state */
    uint16_t no_sni_tls_version;
    uint32_t no_sni_facts; /* in service_owner.facts */
    uint8_t versions;      /* as in endpoint_brief, when the row is written */
    struct chain_brief no_sni_chain;
    uint8_t ptr_known;  /* enum truth: does the address have PTR names? */
    uint8_t ptr_count;  /* of their hashes in service_owner.ptr_hashes */
    uint32_t first_ptr; /* the first of them */
    union {
        uint8_t no_sni_leaf_sha256[32];
        uint64_t place; /* PARKED: in the spool */
    };
};

static_assert(sizeof(struct service) <= 128, "design section 8");

/** Nobody of its family can be reached any more. */
static inline bool service_is_lost(const struct service_owner *o, const struct service *s)
{
    return o->lost[s->address.family == 6] && s->port != SERVICE_FETCH_PORT;
}

/** A session with SNI ended, and the result of the one without is not known yet: a short one rests on it, or is
 * followed by a whole one. */
static inline bool service_is_held(const struct service_work *work)
{
    return work->short_state != SHORT_NONE &&
           (work->no_sni == NO_SNI_RESTS || work->no_sni == NO_SNI_UNDER_WAY);
}

struct network {
    uint32_t active;
    uint32_t first_waiting; /* services */
    uint32_t last_waiting;
    uint32_t holder;  /* the visit in PLACE; NO_INDEX: none */
    bool holder_next; /* before the line */
    bool most_next;   /* of the line: who has most work left, not who waited longest */
};

/* --- service_table.c ------------------------------------------------------------------------ */

/** @return NO_INDEX: nobody ever wanted it */
uint32_t service_find(const struct service_owner *o, const struct net_addr *address, uint16_t port);
uint32_t service_find_or_add(struct service_owner *o, const struct net_addr *address,
                             uint16_t port);
void service_enter(struct service *s, enum service_state to);
/** More names of it are dialled, within its budget. */
void service_count_dialled(const struct service_owner *o, struct service *s, uint32_t more);
void service_begin_work(struct service_owner *o, uint32_t index);
/** It waits elsewhere, */
void service_free_work(struct service_owner *o, uint32_t index);
/** or is over. */
void service_end_work(struct service_owner *o, uint32_t index);
/** service_go_on() comes by. */
void service_wake(struct service_owner *o, uint32_t index);
/** The same at a time, or before. */
void service_alarm(struct service_owner *o, struct service_work *work, uint64_t at_ms);
/** The same as service_wake(), all ports. @param gate service.gate */
void service_wake_address(struct service_owner *o, uint32_t gate);
uint32_t visit_open(struct service_owner *o, uint32_t service, enum probe p,
                    const struct want *want);
/** Who is dialled, and in which order: the same in every run. */
uint64_t service_draw(const struct service_owner *o, struct span host,
                      const struct net_addr *address, uint16_t port);
void visit_enter(struct visit *v, enum visit_state to);
void visit_close(struct service_owner *o, uint32_t index);
/** It wants another session: the next one of the service is its. */
void visit_again(struct service_owner *o, uint32_t index);
/** Keeps what its session saw. */
void visit_keep(struct visit *v, const struct seen_session *seen);
/** @param out room for VISIT_SESSIONS_MAX, borrowed from `v` @return how many */
size_t visit_read(const struct visit *v, struct seen_session *out);
/** @return how many of its last sessions are of the present probe */
size_t visit_attempts(const struct visit *v);
/** @return which session of the probe counts; VISIT_SESSIONS_MAX: there was none */
size_t visit_counting(const struct visit *v, enum probe p);

/* --- service_gates.c ------------------------------------------------------------------------ */

/** A session may begin at the address and in the network now, and has both places; else the service is woken
 * when one may. */
bool visit_may_start(struct service_owner *o, uint32_t service);
/** Goes on to lease, token and connection. */
void visit_start(struct service_owner *o, uint32_t visit);
/** A fetch has its permit: it needs neither lease nor token. */
void visit_permit(struct service_owner *o, uint32_t visit);
void visit_on_queued(struct service_owner *o, const struct lease *lease);
void visit_on_lease(struct service_owner *o, const struct lease *lease);
/** Wakes one that waits for a place in it, if one is free: that one may not need it any more, so each step
 * of a service ends with this. */
void service_wake_network(struct service_owner *o, uint32_t network);
/** Its session ended, and so is known how long it took. */
void visit_note_time(struct service_owner *o, const struct visit *v);
/** The same: whoever waited for what it held is woken, or starts. */
void visit_leave(struct service_owner *o, uint32_t visit);

/** What the end of a session says of whether we are welcome. */
void address_note_reception(struct service_owner *o, const struct visit *v,
                            const struct seen_session *seen);

/** As many sessions are under way there as may be. */
bool address_has_no_place(const struct service_owner *o, uint32_t service);
/** A server there wants us back later: no session begins at the address before, at any port. */
void address_pause(struct service_owner *o, uint32_t service);

/* --- second_chances.c ----------------------------------------------------------------------- */

/** Each session that ends, before it leaves its place. */
void address_pause_if_busy(struct service_owner *o, uint32_t service,
                           const struct seen_session *seen);
/** After each session, whatever it was. @return it is worth another attempt: the visit is paused */
bool visit_pause_if_lost(struct service_owner *o, uint32_t visit, const struct seen_session *seen);
/** In HELD: its session is doubted now that the one without SNI is over. @return it is paused */
bool visit_pause_if_doubted(struct service_owner *o, uint32_t visit);
/** Those of the service whose pause is over want their session. */
void service_resume_visits(struct service_owner *o, struct service_work *work);

/* --- visit_end.c ---------------------------------------------------------------------------- */

/** No session of it is left: its row, unless it has to wait. */
void visit_end(struct service_owner *o, uint32_t index);
/** Its next session, or its end. */
void visit_go_on(struct service_owner *o, uint32_t index);
/** After a session with SNI: does it wait for a whole one without, because the short one fell? */
bool visit_is_held(struct service_owner *o, uint32_t index);
/** After a session: if it decided on the short session without SNI, that stands or a whole one follows. */
void short_go_on(struct service_owner *o, uint32_t service);
/** If nobody will decide on it: names may all have their rows, from before the scan went on, or nobody can be reached
 * any more. */
void short_leave(struct service_owner *o, uint32_t service);

/* --- probes.c ------------------------------------------------------------------------------- */

/** Which session the service wants next, if a gate opens. @return PROBE_COUNT: none at present */
enum probe probe_next_for_service(const struct service_owner *o, const struct service *s);
/** The next session of a visit that has had one, the same. */
enum probe probe_next_for_visit(const struct service_owner *o, const struct visit *v);
/** The row of the service has to wait for some. */
bool probes_are_pending(const struct service_owner *o, const struct service *s);
bool probe_is_for_name(enum probe p);
void probe_begin(struct service_owner *o, struct service *s, enum probe p);
/** Completes `d`, whose address and port are there. */
void probe_aim(const struct service_owner *o, const struct visit *v, struct owner_dial *d);
/** A short session that is lost in TLS is what a whole one would have been: to the server there was no difference. */
enum probe probe_as_it_ended(enum probe p, const struct seen_session *seen);
/** How its sessions may be asked again is part of the table: whether a loss gets a second chance, */
bool probe_has_chances(enum probe p);
/** and whether an answer does, because the others speak against it. */
bool probe_doubts(const struct service_owner *o, const struct visit *v,
                  const struct seen_session *seen);
/** With the session without SNI, which was not whole when its own was noted. */
void probe_compare(const struct service_owner *o, struct visit *v);
/** Each session of it, */
void probe_note_session(struct service_owner *o, struct visit *v, const struct seen_session *seen);
/** and the one that counts. */
void probe_note(struct service_owner *o, struct visit *v, const struct seen_session *seen);
/** The short session without SNI is the result: once, when it RESTS. */
void probe_keep_short(struct service_owner *o, struct service *s);
/** What the session without SNI shows of the service. */
void probe_keep_no_sni(struct service_owner *o, struct service *s, const struct seen_session *seen);
/** What sessions failed at before TLS may speak for the service. @param again it was the second in a row by itself */
void probe_note_failure(struct service *s, enum session_outcome outcome,
                        enum starttls_state starttls, bool again);
struct seen_versions probe_versions_seen(const struct service_owner *o,
                                         const struct service_work *w);
struct seen_ciphers probe_ciphers_seen(const struct service_work *w);

/* --- service_domains.c ---------------------------------------------------------------------- */

void service_domains_init(struct service_owner *o);
void service_domains_deinit(struct service_owner *o);
/** A service is added, as number `count`. */
void service_domains_add(struct service_owner *o);
/** certificate_domain_put() of what a session presented; of a leaf met shortly before from memory. Valid until the next
 * call. */
struct span service_certificate_domain(struct service_owner *o, const struct seen_session *s);
/** Fills both domains of `seen`, and keeps them with the service. Valid until the next service. */
void service_domains_see(struct service_owner *o, const struct service *s,
                         struct seen_service *seen);
/** Fills in who operates the server, once the row of the service is written. */
void service_domains_judge(const struct service_owner *o, const struct service *s,
                           const struct told_endpoint *t, struct endpoint_brief *brief);

/* --- service_rows.c ------------------------------------------------------------------------- */

void rows_write_service(struct service_owner *o, struct service *s);
void rows_write_not_tested(struct service_owner *o, const struct service *s,
                           const struct want *want, enum not_tested_reason reason);
/** The service's session speaks for the name: what failed before TLS does not depend on it. */
void rows_write_inherited(struct service_owner *o, const struct service *s,
                          const struct want *want);
/** Another name of its group speaks for it. */
void rows_write_inferred(struct service_owner *o, const struct service *s, const struct want *want,
                         const struct group_speaker *by);
void rows_write_visited(struct service_owner *o, const struct visit *v);
/** By the session of before a scan went on. */
void rows_write_known(struct service_owner *o, struct service *s, const struct want *want,
                      const struct message_known_speaker *m);

/* --- service_blocks.c ----------------------------------------------------------------------- */

/** Those of closed blocks are in line, or are told that they are not tested. */
void blocks_choose_names(struct service_owner *o, uint32_t service);
/** Its own session, and those of names that may be dialled before their block closes (service_ahead.c). */
void blocks_go_ahead(struct service_owner *o, uint32_t service);
/** No open block concerns it any more, perhaps. */
void blocks_leave(struct service_owner *o, struct service_work *work);

/* --- service_parking.c ---------------------------------------------------------------------- */

/** All its names are in, and it would begin now. @return it waits in the spool instead: it has no work */
bool service_park(struct service_owner *o, uint32_t index);
/** A parked one: its work is there again. */
void service_unpark(struct service_owner *o, uint32_t index);
/** Those that are due, once all others are where they get without further events. @return some were woken */
bool service_unpark_next(struct service_owner *o);

/* --- service_ahead.c ------------------------------------------------------------------------ */

/** In service_work.wanted, beside the block << 2. */
#define WANT_AHEAD 1U /* its block has not closed: it is said again */
#define WANT_TAKEN 2U /* it is dialled ahead */

/** A want of a name that it heard of. @param wanted what service_work.wanted has */
void ahead_on_want_again(struct service_owner *o, struct service_work *work,
                         const struct message_address_want *m, uint64_t *wanted);
/** Names may be dialled ahead; the service may be asked for itself. */
bool ahead_begins(const struct service_work *work);
/** What was asked for itself lets the names go. */
bool ahead_may_dial(const struct service_owner *o, const struct service *s);
/** Those that may; they are pending no more. @return how many */
size_t ahead_take(struct service_work *work, struct arena *arena, struct want **wants);

/* --- names_line.c --------------------------------------------------------------------------- */

/** A copy, with what it points to; malloc. */
struct want *want_new(const struct want *from);
/** Takes one off the octets of those that are pending; without its TLSA records. @return false when there is none */
bool names_next_pending(struct span *in, struct want *want);
/** One of an open block. */
void names_pend(struct service_work *work, const struct want *want);
/** Those of a service that was parked. */
void names_pend_again(struct service_work *work, struct span octets);
/** One that is pending belongs to another block. */
void names_move(struct service_work *work, struct span host, uint32_t block);
/** @return those of blocks before `blocks_closed`, in `arena` */
struct want *names_take_pending(struct service_work *work, uint32_t blocks_closed,
                                struct arena *arena, size_t *count);
/** Behind all others. */
void names_put(struct service_owner *o, struct names_line *l, const struct want *want);
/** @return valid until it is dropped; NULL: there is none */
struct want *names_first(struct service_owner *o, struct names_line *l);
void names_drop_first(struct names_line *l);
void names_deinit(struct names_line *l);

/* --- known_names.c -------------------------------------------------------------------------- */

/** What a name of a group got. */
struct known_result {
    struct span host; /* in the arena */
    struct group_result of_group;
};

/** A name with its row, as it counts among those of its block. */
struct known_name {
    uint64_t draw;
    struct known_result *result; /* in the arena; NULL: it is of no group, or was not dialled */
    uint32_t block;
    uint32_t group;
    uint8_t turn; /* enum known_turn */
    uint8_t outcome;
    uint8_t starttls;
    bool unanswered : 1;
    bool again : 1;
};

void known_names_add(struct service_owner *o, uint32_t service, const struct known_name *name);
bool known_names_have_groups(const struct service_owner *o, uint32_t service);
/** Names with rows in blocks before `block` that were not counted yet: they are now. */
uint32_t known_names_before(struct service_owner *o, uint32_t service, uint32_t block);
/** Of those in `block`, how many come before a draw. */
uint32_t known_names_below(const struct service_owner *o, uint32_t service, uint32_t block,
                           uint64_t draw);
/** The first one that had no turn yet. @return NULL: all had theirs */
const struct known_name *known_names_next(struct service_owner *o, uint32_t service);
/** It has had its turn. @return it was not counted yet: it is now */
bool known_names_pass(struct service_owner *o, uint32_t service);
void known_names_deinit(struct service_owner *o);

/* --- known_turns.c -------------------------------------------------------------------------- */

/** Those in front of a name take their turns. @param before NULL: all @return false: the next one has to wait */
bool known_names_take_turns(struct service_owner *o, uint32_t service, const struct want *before);
/** The next name in line, if others rest on the session that it had before the scan went on: that one counts.
 * @return it has its row */
bool known_speaker_takes_turn(struct service_owner *o, struct service *s);

/* --- service_restore.c ---------------------------------------------------------------------- */

/** Of a fleet: the name is wanted there. @return false: it was wanted before, or has its row */
bool service_name_is_new(struct service_owner *o, const struct net_addr *address, uint16_t port,
                         struct span host);

/** A session of before a scan went on, in full. */
struct known_session {
    struct seen_session attempts[VISIT_SESSIONS_MAX];
    struct seen_session dane_sni;
    struct seen_tlsa tlsas[TLSA_MAX];
    struct seen_endpoint seen; /* what it says of it, and the records in force if it has a row */
};

/** @return NULL: no session of the name is at hand */
const struct message_known_speaker *known_speaker_find(const struct service_owner *o,
                                                       const struct net_addr *address,
                                                       uint16_t port, struct span host);
/** @param out borrows from `m` and itself */
void known_session_read(const struct message_known_speaker *m, struct known_session *out);
/** A visit of before comes to this now. @param again as of probe_note_failure() */
void service_note_known(struct service *s, enum session_outcome outcome,
                        enum starttls_state starttls, bool unanswered, bool again);

/* --- reverse_dns.c -------------------------------------------------------------------------- */

void reverse_dns_begin(struct service_owner *o, uint32_t service);
void reverse_dns_on_answer(struct service_owner *o, uint32_t service,
                           const struct dns_answer *answer);
/** @return false: nobody waits for it */
bool reverse_dns_on_checked(struct service_owner *o, const struct message_name_checked *m);
/** What remains of the PTR names with the service: whether a host is one of them. */
void reverse_dns_keep(struct service_owner *o, struct service *s, const struct seen_ptr *ptr);
enum truth reverse_dns_is_host(const struct service_owner *o, const struct service *s,
                               struct span host);
