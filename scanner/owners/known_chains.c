#include "scanner/owners/known_chains.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/owners/packed_verdict.h"

#define NO_QUESTION UINT32_MAX
#define IS_QUESTION PACKED_VERDICT_FREE /* of a value in `ids`: the upper half is its index */

void known_chains_init(struct known_chains *k)
{
    *k = (struct known_chains){.first_free = NO_QUESTION, .taken = NO_QUESTION};
}

void known_chains_deinit(struct known_chains *k)
{
    for (uint32_t i = 0; i < k->question_count; i++) {
        free(k->questions[i].waiters);
    }
    free(k->questions);
    map_deinit(&k->ids);
}

static uint64_t pack_question(uint32_t question)
{
    return (uint64_t)question << 32 | IS_QUESTION;
}

static struct hash_key chain_key(const uint8_t chain_id[32])
{
    return hash_key_of((struct span){chain_id, 32});
}

/* Verdicts are forgotten, questions are not. */
static void forget_when_full(struct known_chains *k)
{
    if (k->ids.count < KNOWN_CHAINS_MAX) {
        return;
    }
    map_deinit(&k->ids);
    for (uint32_t i = 0; i < k->question_count; i++) {
        bool added = false;
        if (k->questions[i].open) {
            (void)map_add(&k->ids, chain_key(k->questions[i].chain_id), pack_question(i), &added);
        }
    }
}

static uint32_t chain_question_open(struct known_chains *k, const uint8_t chain_id[32])
{
    uint32_t index = k->first_free;
    if (index == NO_QUESTION) {
        index = k->question_count;
        k->questions = memory_grow_list(k->questions, index, sizeof(*k->questions));
        k->questions[k->question_count++] = (struct chain_question){0};
    } else {
        k->first_free = k->questions[index].next_free;
    }
    struct chain_question *q = &k->questions[index];
    q->open = true;
    q->waiter_count = 0;
    memcpy(q->chain_id, chain_id, sizeof(q->chain_id));
    return index;
}

static void chain_question_wait(struct chain_question *q, struct chain_waiter waiter)
{
    q->waiters = memory_grow_list(q->waiters, q->waiter_count, sizeof(*q->waiters));
    q->waiters[q->waiter_count++] = waiter;
}

bool known_chains_ask(struct known_chains *k, const struct owner_out *out,
                      const uint8_t chain_id[32], struct span list, struct chain_waiter waiter,
                      struct chain_brief *brief)
{
    const uint64_t *known = map_find(&k->ids, chain_key(chain_id));
    if (known != NULL && (*known & IS_QUESTION) == 0) {
        *brief = verdict_unpack(*known);
        return true;
    }
    if (known != NULL) {
        chain_question_wait(&k->questions[*known >> 32], waiter);
        return false;
    }
    forget_when_full(k);
    uint32_t question = chain_question_open(k, chain_id);
    bool added = false;
    (void)map_add(&k->ids, chain_key(chain_id), pack_question(question), &added);
    chain_question_wait(&k->questions[question], waiter);
    struct message_chain_new m = {
        .from = (uint16_t)out->self, .chain_id = {chain_id, 32}, .list = list};
    message_put_chain_new(out_to_judge(out, m.chain_id), &m);
    return false;
}

static void chain_question_free_taken(struct known_chains *k)
{
    if (k->taken != NO_QUESTION) {
        k->questions[k->taken].next_free = k->first_free;
        k->first_free = k->taken;
        k->taken = NO_QUESTION;
    }
}

uint32_t known_chains_take(struct known_chains *k, const struct message_chain_known *m,
                           const struct chain_waiter **waiters, struct chain_brief *brief)
{
    uint64_t *known = map_find(&k->ids, hash_key_of(m->chain_id));
    chain_question_free_taken(k);
    if (known == NULL || (*known & IS_QUESTION) == 0) {
        k->strays++;
        return 0;
    }
    uint32_t index = (uint32_t)(*known >> 32);
    *brief = m->brief;
    brief->issuers = m->issuers;
    *known = verdict_pack(*brief);
    struct chain_question *q = &k->questions[index];
    q->open = false;
    k->taken = index;
    *waiters = q->waiters;
    return q->waiter_count;
}
