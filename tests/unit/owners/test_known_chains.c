#include <criterion/criterion.h>

#include "scanner/owners/known_chains.h"

#define JUDGES 2

struct chains_world {
    struct known_chains known;
    struct owner_out out;
    struct buf to_judge[JUDGES];
};

static void world_init(struct chains_world *w)
{
    hash_secret_init();
    known_chains_init(&w->known);
    w->out = (struct owner_out){.judge_count = JUDGES, .self = 3, .to_judge = w->to_judge};
    for (size_t i = 0; i < JUDGES; i++) {
        w->to_judge[i] = BUF_INIT(BUF_NO_LIMIT);
    }
}

static void world_deinit(struct chains_world *w)
{
    known_chains_deinit(&w->known);
    for (size_t i = 0; i < JUDGES; i++) {
        buf_deinit(&w->to_judge[i]);
    }
}

/* List n. @return it is known: then `*verdict` is set */
static bool ask(struct chains_world *w, uint8_t n, uint32_t index, struct chain_brief *verdict)
{
    uint8_t id[32] = {n};
    uint8_t list[] = {0, 0, 1, n};
    return known_chains_ask(&w->known, &w->out, id, (struct span){list, sizeof(list)},
                            (struct chain_waiter){WAITER_VISIT, index}, verdict);
}

static struct message_chain_known verdict_on(const uint8_t id[32], uint8_t trusted_by)
{
    return (struct message_chain_known){
        .chain_id = {id, 32},
        .brief = {.status = CHAIN_TRUSTED, .trusted_by = trusted_by},
        .issuers = 5};
}

/* @return how many waiters, of which the first is `*first` */
static uint32_t take(struct chains_world *w, uint8_t n, uint32_t *first)
{
    uint8_t id[32] = {n};
    struct message_chain_known m = verdict_on(id, n);
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    uint32_t count = known_chains_take(&w->known, &m, &waiters, &verdict);
    if (count > 0) {
        cr_expect_eq(verdict.trusted_by, n);
        cr_expect_eq(verdict.issuers, 5, "what the brief's own octets do not hold");
        *first = waiters[0].index;
    }
    return count;
}

/* CHAIN_NEW that went out. */
static uint32_t take_asked(struct chains_world *w)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < JUDGES; i++) {
        struct span in = buf_span(&w->to_judge[i]);
        enum message_kind kind = MESSAGE_STOP;
        for (struct span body; message_next(&in, &kind, &body); count++) {
            struct message_chain_new m = message_get_chain_new(body);
            cr_expect_eq(kind, MESSAGE_CHAIN_NEW);
            cr_expect_eq(m.from, 3, "the answer comes here");
            cr_expect_eq(hash_partition(m.chain_id) % JUDGES, i, "the judge that owns it");
            cr_expect_eq(m.list.len, 4);
        }
        buf_reset(&w->to_judge[i]);
    }
    return count;
}

Test(known_chains, a_list_is_asked_about_once)
{
    static struct chains_world w;
    struct chain_brief verdict = {0};
    uint32_t first = 0;
    world_init(&w);
    cr_expect_not(ask(&w, 1, 10, &verdict));
    cr_expect_not(ask(&w, 1, 11, &verdict), "waits with the first");
    cr_expect_not(ask(&w, 2, 12, &verdict));
    cr_expect_eq(take_asked(&w), 2);
    cr_expect_eq(take(&w, 1, &first), 2);
    cr_expect_eq(first, 10);
    cr_expect(ask(&w, 1, 13, &verdict), "known from now on");
    cr_expect_eq(verdict.trusted_by, 1);
    cr_expect_eq(verdict.issuers, 5);
    cr_expect_not(ask(&w, 2, 14, &verdict), "the other is not");
    cr_expect_eq(take(&w, 2, &first), 2);
    cr_expect_eq(take_asked(&w), 0);
    for (uint8_t n = 3; n < 6; n++) { /* in the place of one that was answered */
        cr_expect_not(ask(&w, n, n, &verdict));
        cr_expect_eq(take(&w, n, &first), 1);
        cr_expect_eq(first, n);
    }
    cr_expect_eq(w.known.strays, 0);
    world_deinit(&w);
}

/* A transport may bring a message twice, or one that was for somebody else. */
Test(known_chains, a_verdict_that_nobody_waits_for_is_counted)
{
    static struct chains_world w;
    struct chain_brief verdict = {0};
    uint32_t first = 0;
    world_init(&w);
    cr_expect_eq(take(&w, 9, &first), 0, "never asked about");
    cr_expect_not(ask(&w, 1, 10, &verdict));
    cr_expect_eq(take(&w, 1, &first), 1);
    cr_expect_eq(take(&w, 1, &first), 0, "the same again");
    cr_expect_eq(w.known.strays, 2);
    cr_expect_not(ask(&w, 9, 11, &verdict), "a stray is no verdict");
    world_deinit(&w);
}

/* Who is told may ask about the next list before the others are told. */
Test(known_chains, a_waiter_may_ask_while_others_are_told)
{
    static struct chains_world w;
    uint8_t id[32] = {1};
    struct message_chain_known m = verdict_on(id, 1);
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    world_init(&w);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_not(ask(&w, 1, i, &verdict));
    }
    cr_assert_eq(known_chains_take(&w.known, &m, &waiters, &verdict), 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(waiters[i].index, i);
        cr_expect_not(ask(&w, (uint8_t)(20 + i), 100 + i, &verdict));
    }
    world_deinit(&w);
}

/* Memory is bounded: verdicts are forgotten, those who wait are not. */
Test(known_chains, waiters_survive_when_it_starts_anew)
{
    static struct chains_world w;
    struct chain_brief verdict = {0};
    uint32_t first = 0;
    world_init(&w);
    cr_expect_not(ask(&w, 1, 10, &verdict));
    cr_expect_not(ask(&w, 2, 20, &verdict));
    cr_expect_eq(take(&w, 2, &first), 1);
    for (uint32_t i = 0; w.known.ids.count < KNOWN_CHAINS_MAX; i++) {
        bool added = false;
        (void)map_add(&w.known.ids, hash_key_of((struct span){(const uint8_t *)&i, sizeof(i)}), 0,
                      &added);
    }
    cr_expect_not(ask(&w, 3, 30, &verdict));
    cr_expect_eq(w.known.ids.count, 2);
    cr_expect_not(ask(&w, 2, 21, &verdict), "forgotten: asked about anew");
    cr_expect_eq(take(&w, 1, &first), 1);
    cr_expect_eq(first, 10);
    world_deinit(&w);
}
