#pragma once

/**
 * The owner of host names: addresses and TLSA of each name, asked once, whether it is wanted as an MX host
 * (HOST_WANT) or only to confirm reverse DNS (NAME_CHECK).
 *
 *              a check, a want of the addresses alone
 *   UNKNOWN ──────────────► LOOKS_UP ──the last answer──► KEPT ──the same──► LOOKS_UP
 *      │                       │                            │
 *      └─────────────a want to dial: TLSA as well───────────┘
 *                              ▼
 *                          RESOLVES ──the last answer: HOST_RESOLVED──►
 *                          RESOLVED ──its block closes, or no address may be dialled: ADDRESS_WANTs──►
 *                          CONNECTS ──the last ENDPOINT_DONE: row, HOST_DONE──► DONE
 *                            │ ▲
 *                            ▼ │ any event
 *                          PARKED, where very many connect: see domain_owner.h
 *
 * A domain hears HOST_RESOLVED and HOST_DONE; who wants the addresses alone hears both with the last of
 * their answers. A check is answered with the answer for its family. A name that is an address, or on the
 * block list itself, is asked nothing.
 *
 * Which block a host belongs to, and how many of its addresses are dialled, is for the first block that wants
 * it dialled to say, and of that block for the most generous domain: when it closes, both are certain,
 * whoever asked first (admission.h). A host of which some question needs a second pass is late, and belongs so many
 * blocks behind: its domains hear HOST_LATE, and hold that block in place of their own.
 *
 * A block that is announced ahead is not closed yet: services hear of its hosts. Of those whose addresses are so few that they are
 * dialled whatever domain may yet want them, they hear that they are wanted, and the rows of these wait for the close, which says again of those without a result that they are wanted.
 *
 * Of a scan that goes on, a host whose row is there already is DONE from the start. In a fleet, one that had its addresses when its owner was
 * lost is RESOLVED from the start: DNS is not asked again, and those who want it say so again.
 *
 * TLSA records are asked for before anything is dialled, because they decide which name the handshake
 * sends (RFC 7672 section 2.2.3). Behind CNAME links one question more: the TLSA records at their end, or
 * whether the first link is secure (section 2.2.2).
 */

#include <sys/queue.h>

#include "resolver/dns_message.h"
#include "scanner/base/arena.h"
#include "scanner/base/key_table.h"
#include "scanner/base/shelf.h"
#include "scanner/base/spool.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/owners/dial_rules.h"
#include "scanner/owners/owner.h"

struct host_rules {
    const struct public_suffixes *suffixes; /* borrowed */
    struct dial_rules dial;
    const uint16_t *ports; /* borrowed */
    size_t port_count;
    bool trust_ad;
    uint32_t works_max; /* hosts that CONNECT and are in memory, above which some are parked */
};

struct host_entry;
struct host_work;

struct host_owner {
    struct host_rules rules;
    struct owner_out *out; /* borrowed, as the next two */
    struct arena_pool *arenas;
    struct spool *spool;
    struct shelf shelf;     /* records of names that are KEPT or DONE */
    struct key_table names; /* their numbers are indices of `entries` */
    struct host_entry *entries;
    uint32_t capacity;
    uint32_t *resolved; /* indices of those that are RESOLVED; malloc */
    uint32_t resolved_count;
    uint32_t blocks_closed;       /* see admission.h */
    TAILQ_HEAD(, host_work) line; /* who may be parked, longest first */
    uint32_t in_line;
    uint64_t strays;
};

void host_owner_init(struct host_owner *o, const struct host_rules *rules, struct owner_out *out,
                     struct arena_pool *arenas, struct spool *spool);
void host_owner_deinit(struct host_owner *o);

void host_on_want(struct host_owner *o, const struct message_host_want *m);
void host_on_known(struct host_owner *o, const struct message_known_host *m);
void host_on_known_resolved(struct host_owner *o, const struct message_known_resolved *m);
void host_on_name_check(struct host_owner *o, const struct message_name_check *m);
void host_on_answer(struct host_owner *o, uint64_t tag, const struct dns_answer *answer);
/** A question needs a second pass: its answer is still to come. */
void host_on_late(struct host_owner *o, uint64_t tag);
/** Few domains of the block, or of an earlier one, may want further hosts. */
void host_on_block_ahead(struct host_owner *o, uint32_t block);
/** No domain of the block, or of an earlier one, wants another host. */
void host_on_block_close(struct host_owner *o, uint32_t block);
void host_on_endpoint_done(struct host_owner *o, const struct message_endpoint_done *m);

/** What domains hear of a host. @param briefs for its endpoints, of which the result borrows */
struct host_result host_result_of(const struct seen_host *h, uint8_t dane, uint8_t tlsa_at,
                                  struct buf *briefs);
