#pragma once

/**
 * Owners: each keeps what is known of the keys of one kind and says what happens next. An owner is an
 * engine: an event goes in (a message, an answer of DNS, a verdict), commands come out, here. It has no
 * socket, no clock, no thread and no library of these; whoever runs it carries the commands out after each
 * event, in their order.
 *
 * Messages name keys. One that comes twice, or that nobody waits for any more, is answered again or counted
 * as a stray (message.h says which) and has no other effect.
 */

#include "scanner/flow/message.h"
#include "scanner/record/recorder.h"
#include "scanner/tls/client_hello.h"
#include "scanner/tls/handshake_key.h"

/** A block of the input (admission.h) has so many lines; but of the first SMALL_BLOCKS all have as many together, and each as
 * many as those before it: names are complete and can be dialled soon after a scan begins. */
#define INPUT_BLOCK_LINES 8192 /* small against memory, large against a budget of names */
#define SMALL_BLOCKS      7

static inline uint32_t input_block_lines(uint32_t block)
{
    uint32_t halvings = block < SMALL_BLOCKS ? SMALL_BLOCKS - (block > 0 ? block : 1) : 0;
    return INPUT_BLOCK_LINES >> halvings;
}

/** The block that what needs a second pass of DNS belongs to, or those who want it: so many lines later that at 5,000 lines
 * a second the pause of 10 s and all tries are over when they are read. */
#define LATE_BLOCKS 16

static inline uint32_t late_block(uint32_t block)
{
    return (block < SMALL_BLOCKS ? SMALL_BLOCKS - 1 : block) + LATE_BLOCKS;
}

/** A block that something late belongs to (admission.h). */
struct block_hold {
    uint32_t block;
    bool ends;
};

/** Owners that ask DNS. */
enum owner_kind {
    OWNER_DOMAIN,
    OWNER_HOST,
    OWNER_SERVICE,
    OWNER_DESK, /* asks again for one of them (question_desk.h) */
};

/** A question for DNS. */
struct owner_question {
    uint8_t asker;    /* enum owner_kind: whose the answer is */
    uint64_t tag;     /* comes back with the answer; the owner's own */
    uint16_t type;    /* enum dns_type */
    struct span name; /* text in normal form; borrowed from the list */
};

/** A session to begin. What it points to stays until its end. */
struct owner_dial {
    uint32_t visit; /* comes back with its end; the owner's own */
    struct net_addr address;
    uint16_t port;
    enum handshake_key key;
    struct span sni;                /* empty: none */
    bool short_handshake;           /* up to where the server waits */
    uint16_t hello_max_version;     /* of one ClientHello instead of a handshake; 0: a handshake */
    struct suite_list hello_suites; /* that it offers; none: the usual ones */
    bool anew;                      /* its start is yet to be agreed: service_begin_anew() */
};

/** A line whose row is written. */
struct finished_line {
    uint64_t input_line;
    enum account_class ending;
};

/** Who owns what: the partitions of all keys in `parts`, each of which is one worker's. Of these, `count` from `first` on are in this
 * process. */
struct division {
    uint32_t parts;
    uint32_t first;
    uint32_t count;
    bool runs; /* parts are runs of partitions (a fleet), not remainders (threads) */
};

/** What owners ask for. The borrowed members and the counts are the caller's. */
struct owner_out {
    struct division division;
    uint32_t judge_count;
    uint32_t self;           /* the worker or judge that they belong to */
    struct buf *to_worker;   /* borrowed; messages, by the owner of the key */
    struct buf *to_judge;    /* borrowed, the same */
    struct buf *to_policies; /* borrowed */
    struct recorder *recorder;
    struct buf *
        state; /* borrowed; KNOWN_... messages of a fleet, behind the rows that they rest on; NULL: alone */
    struct buf questions; /* owner_question_next() */
    struct buf dials;     /* struct owner_dial */
    struct buf settled;   /* uint32_t: the block of each line whose names are resolved */
    struct buf holds;     /* struct block_hold */
    struct buf finished;  /* struct finished_line */
};

void owner_out_init(struct owner_out *out);
void owner_out_deinit(struct owner_out *out);

/** Which of `count` workers or judges works on a key: a name, a network, a digest. */
static inline uint32_t owner_of_key(struct span key, uint32_t count)
{
    return hash_partition(key) % count;
}

/** Which part a key is in. */
static inline uint32_t part_of_key(struct span key, const struct division *d)
{
    return d->runs ? hash_partition_part(key, d->parts) : owner_of_key(key, d->parts);
}

/** An address is owned with its network, so that the limits of both are one worker's own business. */
static inline uint32_t part_of_address(const struct net_addr *a, const struct division *d)
{
    struct net_addr network = net_addr_network(a);
    return part_of_key((struct span){(const uint8_t *)&network, sizeof(network)}, d);
}

/** Where messages about a name go. */
static inline struct buf *out_to_name(const struct owner_out *out, struct span name)
{
    return &out->to_worker[part_of_key(name, &out->division)];
}

static inline struct buf *out_to_address(const struct owner_out *out, const struct net_addr *a)
{
    return &out->to_worker[part_of_address(a, &out->division)];
}

/** Leases are given within a process. */
static inline struct buf *out_to_operator(const struct owner_out *out, struct span name)
{
    return &out->to_worker[out->division.first + owner_of_key(name, out->division.count)];
}

static inline struct buf *out_to_judge(const struct owner_out *out, struct span digest)
{
    return &out->to_judge[owner_of_key(digest, out->judge_count)];
}

/** Appends a question about `name` below `prefix` to a list. @param prefix with its dot; "": about the name itself */
void owner_question_put(struct buf *list, enum owner_kind asker, uint64_t tag, uint16_t type,
                        const char *prefix, struct span name);
/** Takes one off the front of `in`. @return false when there is none. */
bool owner_question_next(struct span *in, struct owner_question *q);
