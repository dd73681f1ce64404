#pragma once

/** A host name under work, and what is kept of it. Private to host_owner.c, host_addresses.c and
 * host_record.c. */

#include "scanner/owners/host_owner.h"

enum host_question {
    QUESTION_A,
    QUESTION_AAAA,
    QUESTION_TLSA,
    QUESTION_FIRST_CNAME,   /* is the first link secure? */
    QUESTION_EXPANDED_TLSA, /* at the end of the links */
    QUESTION_COUNT,
};

enum question_state {
    QUESTION_NOT_ASKED,
    QUESTION_ASKED,
    QUESTION_ANSWERED,
};

/** The drawing is in host_owner.h. */
enum host_state {
    HOST_UNKNOWN,
    HOST_LOOKS_UP,
    HOST_RESOLVES,
    HOST_RESOLVED,
    HOST_CONNECTS,
    HOST_PARKED,
    HOST_KEPT,
    HOST_DONE,
    HOST_STATE_COUNT,
};

struct subscriber {
    struct span domain; /* in the arena of the work */
    bool dial;
};

/** A name under work. */
struct host_work {
    struct seen_host seen; /* points into `arena` */
    struct arena arena;
    bool quiet;                       /* nothing is asked about it */
    uint8_t question[QUESTION_COUNT]; /* enum question_state */
    /* wanted as an MX host */
    uint32_t block; /* the first that wants it, */
    bool late;      /* and it belongs to a later one: some question needed a second pass */
    bool
        ahead; /* services know that it is wanted, although its block is open, or may know (KNOWN_RESOLVED), */
    bool perhaps; /* or that it may be */
    uint8_t addresses_max;
    /* it CONNECTS */
    uint8_t dane;                     /* enum dane_host */
    uint8_t tlsa_at;                  /* enum tlsa_place */
    struct span tlsa_base;            /* of the records in force; empty: none */
    struct buf tlsas_in_force;        /* codec_put_tlsa() */
    struct endpoint_brief *endpoints; /* seen.endpoints, writable */
    /* who waits; malloc */
    struct subscriber *subscribers;
    size_t subscriber_count;
    size_t subscribers_told;   /* of these, who heard that the addresses are known */
    struct net_addr *checkers; /* whose reverse DNS names it */
    size_t checker_count;
    uint32_t index; /* of its entry */
    bool in_line;
    TAILQ_ENTRY(host_work) line; /* of who may be parked */
};

struct host_entry {
    enum host_state state;
    union {
        struct host_work *work; /* LOOKS_UP to CONNECTS */
        uint64_t record;        /* KEPT, DONE: its place on the shelf */
        uint64_t place;         /* PARKED: in the spool */
    };
};

/** An address that senders connect to. */
struct dial_address {
    struct net_addr address;
    bool mapped; /* out of an AAAA record that holds an IPv4 address, and in no A record */
};

/** It is to be dialled, and nothing has come of it yet. */
static inline bool endpoint_is_awaited(const struct endpoint_brief *e)
{
    return e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_NONE;
}

/* host_addresses.c */
/** A name that is an address, which an MX record may hold (RFC 5321 section 5.1): its only address.
 * @return false: it is none */
bool host_take_literal(struct host_work *h);
/** IPv4-mapped addresses (RFC 4291 section 2.5.5.2) as the IPv4 address that a system dials for them.
 * Sorted, each once. @param out room for all addresses of `h` @return how many */
size_t host_dial_list(const struct host_work *h, struct dial_address *out);

static inline bool host_has_work(const struct host_entry *e)
{
    return e->state >= HOST_LOOKS_UP && e->state <= HOST_CONNECTS;
}

/* host_table.c */
struct host_entry *host_find(const struct host_owner *o, struct span name);
struct host_entry *host_find_or_add(struct host_owner *o, struct span name);
void host_enter(struct host_entry *e, enum host_state to);
/** Empty, in place of a record. */
struct host_work *host_work_new(struct host_owner *o, struct host_entry *e);
/** Keeps the record in place of the work. */
void host_leave_work(struct host_owner *o, struct host_entry *e, enum host_state to,
                     struct span record);
/** Of one that is KEPT or DONE; valid until the next is kept or asked for. */
struct span host_record_at(struct host_owner *o, const struct host_entry *e);
/** One that CONNECTS, after each event: where very many do, who has waited longest is parked, perhaps itself. */
void host_may_be_parked(struct host_owner *o, struct host_entry *e);
/** PARKED ─► CONNECTS */
void host_unpark(struct host_owner *o, struct host_entry *e);

/* host_record.c. Of a name that is KEPT, all that its row may yet need; of one that is DONE, its result.
 */
void host_record_of_addresses(struct buf *out, const struct host_work *h);
/** A copy is made. */
void host_record_restore(struct host_work *h, struct span record);
/** Of one that CONNECTS, all that it waits for and its row may need. */
void host_waiting_put(struct buf *out, const struct host_work *h);
/** Into a fresh one; a copy is made. */
void host_waiting_get(struct span octets, struct host_work *h);
#define HOST_LISTS 4
/** The same for another process (KNOWN_RESOLVED): what follows from the rules of the scan is left out. Borrows from `lists` and `h`. */
struct message_known_resolved host_resolved_of(const struct host_work *h,
                                               struct buf lists[HOST_LISTS]);
/** Into a fresh one; a copy is made. */
void host_resolved_restore(struct host_work *h, const struct message_known_resolved *m);
void host_record_of(struct buf *out, struct host_result result);
/** @param briefs for its endpoints, of which the result borrows */
struct host_result host_record_result(struct span record, struct buf *briefs);
