#pragma once

/**
 * The owner of services: who is visited, when, and what comes of it. Private to
 * service_work.c, visit.c, version_work.c, cipher_work.c, endpoint_rows.c and reverse_dns.c.
 *
 *   want    one host name that leads to the service: becomes an endpoint
 *   visit   one or more sessions on behalf of a row: without SNI for the service, with SNI for an
 *           endpoint (a second one when its leaf differs from the one without SNI; one with the TLSA
 *           base domain where that is another name; with --probes ecdsa-rsa one more, for the
 *           certificate with the other kind of key); or one ClientHello for the service (--probes
 *           versions, --probes ciphers)
 *
 *   ADDRESS_WANT ─► pending ─(block closed, budget)─► ready ─► visit ─► row, ENDPOINT_DONE
 *
 * A visit passes its gates in this order: the address (rate, limit), the network, the operator's
 * lease, the worker's share of the concurrency. What it holds it gives back when its session ends.
 */

#include <assert.h>

#include "scanner/pipeline/facts_pool.h"
#include "scanner/pipeline/leaf_names.h"
#include "scanner/pipeline/worker.h"
#include "scanner/tls/client_hello.h"
#include "scanner/tls/version_plan.h"

#define NO_INDEX           UINT32_MAX
#define SPEAKING_FAILURES  2 /* sessions that failed before TLS and then speak for the service */
#define VISIT_SESSIONS_MAX 4

struct want {
    struct span host;      /* in the arena of the work, as what else it points to */
    struct span tlsa_base; /* of the records in force; empty: none */
    const struct seen_tlsa *tlsas;
    size_t tlsa_count;
    uint8_t dane_host; /* enum dane_host */
    uint64_t draw;     /* hash(seed, service, host): who is dialled, and in which order */
    uint32_t block;
};

/** Of an address literal in an MX record there is none; RFC 6066 section 3: no literal in SNI. */
static inline bool want_has_name(const struct want *want)
{
    struct net_addr literal;
    return !net_addr_parse(want->host, &literal);
}

enum visit_kind {
    VISIT_NO_SNI,
    VISIT_SNI,
    VISIT_VERSION,
    VISIT_CIPHERS,
};

/** One ClientHello instead of a handshake. */
static inline bool visit_is_hello(enum visit_kind kind)
{
    return kind == VISIT_VERSION || kind == VISIT_CIPHERS;
}

struct visit {
    enum visit_kind kind;
    uint32_t service;
    struct want want;           /* the name asked for; else for the operator's limit */
    uint16_t hello_max_version; /* of visit_is_hello() */
    uint8_t dane_sni;    /* session whose SNI is the TLSA base domain; never the first; 0: none */
    uint8_t other_key;   /* session for the other kind of key; the same */
    uint64_t lease;      /* the number of its session for which one is asked; 0: none */
    bool lease_held;     /* it was granted */
    uint32_t next_lease; /* of those of the service that ask */
    struct span operator_name; /* in the arena of the work */
    struct session *sessions[VISIT_SESSIONS_MAX];
    struct chain_brief chains[VISIT_SESSIONS_MAX]; /* verdicts on what they were presented */
    uint8_t session_count;
    uint8_t chains_pending; /* chains that are not in the results yet */
    bool in_use;
    bool running;  /* holds its gates */
    bool ended;    /* no more sessions; waits for chains at most */
    uint32_t next; /* in the list of repeats, the queue for tokens or the free list */
};

/** What a host hears of its endpoint. */
struct told_endpoint {
    struct endpoint_brief brief;
    struct span host; /* in the arena of the work */
};

/** A service under work. */
struct service_work {
    struct arena arena;
    struct map wanted;    /* names it heard of → the block that each is wanted in */
    uint32_t open_until;  /* the block behind the last that a name was wanted in */
    struct want *pending; /* of blocks that are still open; malloc */
    size_t pending_count;
    struct want *ready; /* to be dialled, the next one at the end; malloc */
    size_t ready_count;
    struct told_endpoint *told; /* waits for the row of the service; malloc */
    size_t told_count;
    struct wheel_timer timer; /* the address's next start */
    struct worker *worker;
    uint32_t index;
    uint32_t repeat;          /* visits that want their second session, linked; NO_INDEX: none */
    uint32_t visits;          /* under way */
    uint32_t first_lease;     /* visits that ask for a lease or hold one, linked; NO_INDEX: none */
    uint32_t next_in_network; /* queue of the network */
    bool queued_in_network;
    bool no_sni_begun;
    bool begun; /* first block closed: to be worked on */
    bool row_written;
    uint32_t no_sni_visit; /* kept until the row is written; NO_INDEX: none */
    /* versions */
    struct version_plan versions;
    struct want first_want; /* the first to be dialled of the first block */
    bool tls_reached;       /* some handshake was begun */
    bool sni_ended;         /* some session with SNI is over */
    bool completed[2];      /* a handshake completed: without SNI, with it */
    bool hello_sni;         /* the ClientHellos of these probes carry SNI */
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
    uint32_t prev_open;  /* list of services whose blocks are not all closed */
    uint32_t next_open;
};

/** What is kept of every service; 128 octets at most. */
struct service {
    struct service_work *work; /* NULL: nothing to do at present */
    uint64_t next_start_ms;    /* of the address; used in the gate only */
    struct net_addr address;
    uint16_t port;
    uint16_t active;    /* sessions at the address; used in the gate only */
    uint32_t gate;      /* the service that stands for the address: its first port */
    uint32_t next_port; /* the next service of the same address; NO_INDEX: the last */
    uint32_t network;
    uint32_t names_total; /* in closed blocks */
    uint32_t names_dialled;
    uint8_t failures; /* sessions that failed before TLS */
    uint8_t spoken_outcome;
    uint8_t spoken_starttls;
    bool row_written;
    bool starting;    /* passed the rate, waits for lease or token; used in the gate only */
    bool no_sni_done; /* the session without SNI ended */
    bool has_no_sni_leaf;
    uint8_t no_sni_outcome;  /* enum session_outcome */
    uint8_t no_sni_starttls; /* enum starttls_state */
    uint16_t no_sni_tls_version;
    uint32_t no_sni_facts; /* in service_table.facts */
    uint8_t versions;      /* as in endpoint_brief, when the row is written */
    struct chain_brief no_sni_chain;
    uint8_t ptr_known;  /* enum truth: does the address have PTR names? */
    uint8_t ptr_count;  /* of their hashes in service_table.ptr_hashes */
    uint32_t first_ptr; /* the first of them */
    uint8_t no_sni_leaf_sha256[32];
};

static_assert(sizeof(struct service) <= 128, "design section 8");

struct network {
    uint32_t active;
    uint32_t first_waiting; /* services */
    uint32_t last_waiting;
};

struct service_table {
    struct worker *worker;
    struct map index; /* address and port → services */
    struct service *services;
    uint32_t count;
    uint32_t capacity;
    struct map network_index;
    struct network *networks;
    uint32_t network_count;
    uint32_t network_capacity;
    struct visit *visits;
    uint32_t visit_count;
    uint32_t visit_capacity;
    uint32_t free_visit;
    uint64_t leases;              /* asked for so far: they number the sessions */
    uint32_t tokens;              /* sessions that may still be opened */
    uint32_t first_without_token; /* visits */
    uint32_t last_without_token;
    uint32_t open_head;              /* services whose blocks are not all closed */
    struct leaf_names default_names; /* of certificates presented without SNI */
    struct facts_pool facts;         /* of sessions without SNI */
    uint64_t *ptr_hashes;            /* of PTR names, by service */
    uint32_t ptr_hash_count;
    uint64_t strays;
};

/* visit.c */
void visits_go_on(struct worker *w, uint32_t service); /* starts what may start */
struct visit *visit_new(struct worker *w, uint32_t service, enum visit_kind kind, uint32_t *index);
void visit_free(struct worker *w, uint32_t index);
void visit_want_again(struct worker *w, uint32_t index); /* a second session */

/* service_work.c */
/** @return NO_INDEX: nobody wanted it yet */
uint32_t service_find(const struct service_table *t, const struct net_addr *address, uint16_t port);
/** Done with the service for now, if nothing is left to do: its work is freed. */
void service_close_when_idle(struct worker *w, uint32_t service);
/** The next visit that the service wants, NO_INDEX when there is none at present. */
uint32_t service_next_visit(struct worker *w, uint32_t service);
/** A further session of a visit, for a question of its own: what it meets is not the endpoint's result. */
static inline bool visit_session_is_aside(const struct visit *v, uint8_t session)
{
    return session > 0 && (session == v->dane_sni || session == v->other_key);
}
void service_on_session_end(struct worker *w, uint32_t visit);
void service_row_when_complete(struct worker *w, uint32_t service);

/* version_work.c; all for a service with work */
bool versions_want_session(const struct worker *w, uint32_t service);
/** The row of the service has to wait for them. */
bool versions_are_pending(const struct worker *w, uint32_t service);
uint32_t versions_next_visit(struct worker *w, uint32_t service);
void versions_note_handshake(struct service_work *work, const struct seen_session *seen);
/** Does a ClientHello that stands for the service carry the name of its first host? */
bool hellos_carry_name(const struct worker *w, const struct service_work *work);
void hello_on_session_end(struct worker *w, uint32_t visit);
struct seen_versions versions_seen(const struct worker *w, const struct service_work *work);

/* cipher_work.c; the same */
bool ciphers_want_session(const struct worker *w, uint32_t service);
uint32_t ciphers_next_visit(struct worker *w, uint32_t service);
/** What the session under way offers. */
struct suite_list ciphers_asked(const struct service_work *work);
void ciphers_note(struct service_work *work, const struct seen_session *seen);
struct seen_ciphers ciphers_seen(const struct service_work *work);

/* endpoint_rows.c */
void endpoint_write_not_tested(struct worker *w, const struct service *s, const struct want *want,
                               enum not_tested_reason reason);
/** The service's session speaks for the name: what failed before TLS does not depend on it. */
void endpoint_write_inherited(struct worker *w, const struct service *s, const struct want *want);
void endpoint_write_visited(struct worker *w, uint32_t visit);
/** What the hosts have not heard yet: the row of the service is written. */
void endpoints_tell(struct worker *w, const struct service *s);

/* reverse_dns.c */
void reverse_dns_begin(struct worker *w, uint32_t service);
/** What remains of the PTR names with the service: whether a host is one of them. */
void reverse_dns_keep(struct service_table *t, struct service *s, const struct seen_ptr *ptr);
enum truth reverse_dns_is_host(const struct service_table *t, const struct service *s,
                               struct span host);
