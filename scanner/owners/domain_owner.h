#pragma once

/**
 * The owner of domains: one input line from its name to its row.
 *
 *   line ─┬─ malformed, a repeat, blocklisted ──────────────────────────────────────────────► row
 *         └─► ASKS ──MX──► RESOLVES ──the last HOST_RESOLVED, the last answer of its own──►
 *             WAITS ──the last HOST_DONE, its policy host done─────────────────────────────► row
 *               │ ▲
 *               ▼ │ HOST_DONE
 *             PARKED
 *
 * The line is settled for its block when the hosts are resolved. If MX, or some host, needs a second pass of DNS,
 * it is settled without, and holds a later block, in which its hosts are wanted (admission.h).
 *
 * MX records bring a HOST_WANT for each distinct host, none one for the domain itself (RFC 5321 section
 * 5.1); no such name, a null MX and no answer none at all, so that both states are passed at once.
 * Where very many wait, who has waited longest for its hosts is parked: its octets go to the spool, and some in memory
 * say where. While it resolves, the block of its line is open (admission). Its own questions beside MX: TXT of
 * _mta-sts and _smtp._tls, NS, and the addresses of its policy host. That is asked once a scan, because
 * it belongs to this domain alone (RFC 8461 section 3.2):
 *
 *   record of MTA-STS ─► RESOLVES ─┬─ an address ─POLICY_WANT─► FETCHES ─POLICY_DONE─┬─ a list ─► JUDGES
 *                                  └─ none that may be dialled ─► DONE               └─ none ──► DONE
 *   JUDGES ──verdict──► DONE
 */

#include <sys/queue.h>

#include "resolver/dns_message.h"
#include "scanner/base/key_table.h"
#include "scanner/base/map.h"
#include "scanner/base/spool.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/owners/dial_rules.h"
#include "scanner/owners/known_chains.h"
#include "scanner/owners/owner.h"

struct domain_rules {
    const struct public_suffixes *suffixes; /* borrowed */
    struct dial_rules dial;
    bool implicit_mx_dial;
    bool fetch_policies;
    uint32_t works_max; /* domains in memory, above which those that wait are parked */
};

struct domain_work;
struct domain_slot;

struct domain_owner {
    struct domain_rules rules;
    struct owner_out *out; /* borrowed, as the next three */
    struct known_chains *chains;
    struct arena_pool *arenas;
    struct spool *spool;
    struct domain_slot *slots;
    uint32_t count;
    uint32_t capacity;
    uint32_t first_free; /* UINT32_MAX: none */
    uint32_t works;      /* domains in memory */
    struct domain_work *free_works;
    TAILQ_HEAD(, domain_work) line; /* who may be parked, longest first */
    struct key_table names;
    uint64_t *
        lines; /* by number of name: its slot while it is open, then the line of its first occurrence; malloc */
    uint32_t lines_capacity;
    struct map other_lines;    /* lines that are done without: malformed, repeats */
    bool policies_given_up;    /* the policy thread does not answer: nothing more is asked of it */
    uint64_t policies_pending; /* asked of it, and not answered */
    uint64_t parked;           /* for whoever runs it */
    uint64_t strays;
};

void domain_owner_init(struct domain_owner *o, const struct domain_rules *rules,
                       struct owner_out *out, struct known_chains *chains,
                       struct arena_pool *arenas, struct spool *spool);
void domain_owner_deinit(struct domain_owner *o);

void domain_on_line(struct domain_owner *o, const struct message_domain *m);
void domain_on_known(struct domain_owner *o, const struct message_known_domain *m);
void domain_on_answer(struct domain_owner *o, uint64_t tag, const struct dns_answer *answer);
/** A question needs a second pass: its answer is still to come. */
void domain_on_late(struct domain_owner *o, uint64_t tag);
/** Whom a question is about that is not answered yet. */
struct span domain_of_question(const struct domain_owner *o, uint64_t tag);
void domain_on_host_late(struct domain_owner *o, const struct message_host_late *m);
void domain_on_host_resolved(struct domain_owner *o, const struct message_host_resolved *m);
void domain_on_host_done(struct domain_owner *o, const struct message_host_done *m);
void domain_on_policy_done(struct domain_owner *o, const struct message_policy_done *m);
/** @param waiter chain_waiter.index */
void domain_on_verdict(struct domain_owner *o, uint32_t waiter, struct chain_brief verdict);
/** What the policy thread has not answered. `name` hears of each. */
void domain_give_up_policies(struct domain_owner *o,
                             void (*name)(void *arg, struct span policy_host), void *arg);
