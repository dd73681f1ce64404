#pragma once

#include "scanner/base/map.h"
#include "scanner/owners/owner.h"

/**
 * Verdicts on presented lists, as one worker knows them: in front of the judges, which own the lists. A
 * list is asked about once; all who want to know meanwhile wait together.
 *
 *   ask ─┬─ known ──────────────────────────────► the verdict, at once
 *        └─ unknown ─► CHAIN_NEW ─► CHAIN_KNOWN ─► the waiters
 */
#define KNOWN_CHAINS_MAX 1000000 /* ids that are kept; then it starts anew */

/** Whoever waits; the caller's own. */
struct chain_waiter {
    enum chain_waiter_kind {
        WAITER_VISIT,
        WAITER_DOMAIN, /* for the chain of its policy host */
    } kind;
    uint32_t index; /* among those */
};

struct chain_question {
    uint8_t chain_id[32];
    struct chain_waiter *waiters; /* malloc */
    uint32_t waiter_count;
    uint32_t next_free;
    bool open;
};

struct known_chains {
    struct map ids; /* chain id → verdict or question, packed */
    struct chain_question *questions;
    uint32_t question_count;
    uint32_t first_free;
    uint32_t taken;  /* its waiters are being told: not free before the next take */
    uint64_t strays; /* CHAIN_KNOWN that nobody waited for */
};

void known_chains_init(struct known_chains *k);
void known_chains_deinit(struct known_chains *k);
/** @param list as seen_tls.list
 * @return false: `waiter` is told later */
bool known_chains_ask(struct known_chains *k, const struct owner_out *out,
                      const uint8_t chain_id[32], struct span list, struct chain_waiter waiter,
                      struct chain_brief *brief);
/** @param waiters who is to be told now, and may ask meanwhile; valid until the next take @return how many */
uint32_t known_chains_take(struct known_chains *k, const struct message_chain_known *m,
                           const struct chain_waiter **waiters, struct chain_brief *brief);
