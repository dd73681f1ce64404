/**
 * What happens to the owner of domains in domain_scenarios.txt (scenario.h and stage.h tell the form):
 *
 *     implicit dial     (before the first event) --implicit-mx dial
 *     line N NAME [in BLOCK] | line N invalid WORD
 *     late TYPE NAME    a question needs a second pass
 *     late DOMAIN HOST in BLOCK | resolved DOMAIN HOST | done DOMAIN HOST [STATE [ADDRESSES]]
 *     lost              of a fleet: somebody else takes over, with the state that was said
 *     policy DOMAIN OUTCOME [list N]  | verdict N | give up
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/domain_owner.h"
#include "tests/unit/owners/stage.h"

struct world {
    struct stage stage;
    struct public_suffixes *suffixes;
    struct known_chains chains;
    struct domain_owner owner;
};

static uint32_t works_max; /* domains in memory */

static void on_answer(void *owner, uint64_t tag, const struct dns_answer *answer)
{
    domain_on_answer(owner, tag, answer);
}

static void begin_owner(struct world *w)
{
    known_chains_init(&w->chains);
    const struct domain_rules rules = {
        .suffixes = w->suffixes,
        .dial = {.blocklist = w->stage.blocklist, .ipv4 = true, .ipv6 = true},
        .fetch_policies = true,
        .works_max = works_max};
    domain_owner_init(&w->owner, &rules, &w->stage.out, &w->chains, &w->stage.arenas,
                      &w->stage.spool);
}

static void world_init(void *world)
{
    struct world *w = world;
    stage_init(&w->stage, &w->owner, on_answer);
    w->suffixes = public_suffixes_load(NULL);
    begin_owner(w);
}

static void take_over(struct world *w)
{
    domain_owner_deinit(&w->owner);
    known_chains_deinit(&w->chains);
    begin_owner(w);
    stage_take_over(&w->stage);
    enum message_kind kind;
    struct span in = buf_span(&w->stage.state_before);
    for (struct span body; stage_next_state(&in, &kind, &body);) {
        struct message_known_domain m = message_get_known_domain(body);
        domain_on_known(&w->owner, &m);
    }
}

static void world_deinit(void *world)
{
    struct world *w = world;
    domain_owner_deinit(&w->owner);
    known_chains_deinit(&w->chains);
    public_suffixes_free(w->suffixes);
    stage_deinit(&w->stage);
}

static void line_event(struct world *w, char *const *word, size_t count)
{
    struct message_domain m = {.input_line = (uint64_t)atoll(word[1]), .input = span_of(word[2])};
    if (strcmp(word[2], "invalid") == 0) {
        m.invalid = span_of(word[3]);
    } else {
        m.domain = span_of(word[2]);
        m.block = count > 4 ? (uint32_t)atoi(word[4]) : 0;
    }
    domain_on_line(&w->owner, &m);
}

static void host_event(struct world *w, char *const *word, size_t count)
{
    if (strcmp(word[0], "resolved") == 0) {
        struct message_host_resolved m = {.domain = span_of(word[1]), .host = span_of(word[2])};
        domain_on_host_resolved(&w->owner, &m);
        return;
    }
    uint8_t state = count > 3 ? stage_dns_state(word[3]) : DNS_DATA;
    struct message_host_done m = {.domain = span_of(word[1]), .host = span_of(word[2])};
    m.result.a_state = state;
    m.result.aaaa_state = state == DNS_DATA ? DNS_NODATA : state;
    m.result.address_count = count > 4 ? (uint16_t)atoi(word[4]) : state == DNS_DATA;
    domain_on_host_done(&w->owner, &m);
}

static enum policy_fetch fetch_of(const char *word)
{
    for (int f = 0; f < POLICY_FETCH_COUNT; f++) {
        if (strcmp(policy_fetch_word((enum policy_fetch)f), word) == 0) {
            return (enum policy_fetch)f;
        }
    }
    cr_assert_fail("no end of a fetch '%s'", word);
    return 0;
}

static void policy_event(struct world *w, char *const *word, size_t count)
{
    struct seen_policy seen = {.outcome = fetch_of(word[2]), .tls_ms = -1, .total_ms = -1};
    struct buf fetched = BUF_INIT(BUF_NO_LIMIT);
    if (count > 4) {
        seen.tls_attempted = true;
        seen.tls.cert_count = 1;
        seen.tls.chain_id[0] = (uint8_t)atoi(word[4]);
        seen.tls.list = SPAN_LIT("list");
    }
    policy_fetched_put(&fetched, &seen);
    struct message_policy_done m = {.domain = span_of(word[1]), .fetched = buf_span(&fetched)};
    domain_on_policy_done(&w->owner, &m);
    buf_deinit(&fetched);
}

static void verdict_event(struct world *w, char *const *word)
{
    uint8_t id[32] = {(uint8_t)atoi(word[1])};
    struct message_chain_known m = {.chain_id = {id, sizeof(id)},
                                    .brief = {.status = CHAIN_TRUSTED}};
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    uint32_t count = known_chains_take(&w->chains, &m, &waiters, &verdict);
    for (uint32_t i = 0; i < count; i++) {
        domain_on_verdict(&w->owner, waiters[i].index, verdict);
    }
}

static void on_given_up(void *arg, struct span policy_host)
{
    (void)arg;
    say("  given up: %.*s\n", TEXT(policy_host));
}

static void run_event(void *world, char *const *word, size_t count)
{
    struct world *w = world;
    if (stage_event(&w->stage, word, count)) {
        /* one of all owners */
    } else if (strcmp(word[0], "implicit") == 0) {
        w->owner.rules.implicit_mx_dial = true;
    } else if (strcmp(word[0], "lost") == 0) {
        take_over(w);
    } else if (strcmp(word[0], "line") == 0) {
        line_event(w, word, count);
    } else if (strcmp(word[0], "resolved") == 0 || strcmp(word[0], "done") == 0) {
        host_event(w, word, count);
    } else if (strcmp(word[0], "late") == 0 && count == 3) {
        domain_on_late(&w->owner, stage_question_of(&w->stage, word[1], word[2]));
    } else if (strcmp(word[0], "late") == 0) {
        struct message_host_late m = {
            .domain = span_of(word[1]), .host = span_of(word[2]), .block = (uint32_t)atoi(word[4])};
        domain_on_host_late(&w->owner, &m);
    } else if (strcmp(word[0], "policy") == 0) {
        policy_event(w, word, count);
    } else if (strcmp(word[0], "verdict") == 0) {
        verdict_event(w, word);
    } else {
        cr_assert_str_eq(word[0], "give", "no event");
        domain_give_up_policies(&w->owner, on_given_up, w);
    }
    stage_say_commands(&w->stage, w->owner.strays + w->chains.strays);
}

static const struct scenario_form form = {
    .file = "domain_scenarios.txt", .init = world_init, .deinit = world_deinit, .event = run_event};

/* @param rows all that are written */
static void run_all(uint32_t in_memory, struct buf *rows)
{
    static struct world w;
    works_max = in_memory;
    stage_rows = rows;
    size_t count = scenarios_run(&form, &w);
    cr_assert_geq(count, 20, "%zu scenarios were read", count);
}

/* The same comes of it, and the same rows, when all that wait are parked. */
Test(domain_owner, scenarios)
{
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    struct buf parked = BUF_INIT(BUF_NO_LIMIT);
    hash_secret_init();
    run_all(UINT32_MAX, &rows);
    run_all(0, &parked);
    cr_expect(span_eq(buf_span(&rows), buf_span(&parked)));
    cr_expect_gt(rows.len, 1000);
    buf_deinit(&rows);
    buf_deinit(&parked);
}
