/**
 * What happens to the owner of operators in operator_scenarios.txt (scenario.h tells the form):
 *
 *     want OPERATOR SESSION [at ADDRESS] [port PORT]
 *     return OPERATOR SESSION [at ADDRESS] [port PORT]
 *
 * slow.test turned us away on an earlier night. "knows nobody" is said when the last one is forgotten.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/operator_owner.h"
#include "scanner/owners/remembered.h"
#include "scanner/owners/waiting_time.h"
#include "tests/unit/owners/scenario.h"

#define WORKERS 3
#define LIMIT   2
#define WANTED  1000 /* more than the first ring of a queue holds */

/* It turned us away on an earlier night. */
#define MEMORY            \
    "mxcensus-memory 1\n" \
    "operator slow.test 2 1 2026-11-28T22:00:00Z 2026-11-28T22:00:00Z -\n"

#define ADDRESS "192.0.2.1"
#define PORT    25

struct operator_world {
    struct owner_out out;
    struct buf to_worker[WORKERS];
    struct remembered remembered;
    struct operator_owner owner;
    uint64_t strays;
};

static void operator_world_init(void *world)
{
    struct operator_world *w = world;
    *w = (struct operator_world){.strays = 0};
    owner_out_init(&w->out);
    w->out.division = (struct division){.parts = WORKERS, .count = WORKERS};
    w->out.to_worker = w->to_worker;
    for (size_t i = 0; i < WORKERS; i++) {
        w->to_worker[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    size_t dropped = 0;
    cr_assert(remembered_parse(&w->remembered, SPAN_LIT(MEMORY), "memory", &dropped, &why));
    operator_owner_init(&w->owner, LIMIT, &w->remembered, &w->out);
}

static void operator_world_deinit(void *world)
{
    struct operator_world *w = world;
    operator_owner_deinit(&w->owner);
    remembered_deinit(&w->remembered);
    owner_out_deinit(&w->out);
    for (size_t i = 0; i < WORKERS; i++) {
        buf_deinit(&w->to_worker[i]);
    }
}

/* The answer, which must lie with the worker that owns its address. */
static bool take_answer(struct operator_world *w, enum message_kind *kind, struct lease *lease)
{
    for (size_t i = 0; i < WORKERS; i++) {
        struct span in = buf_span(&w->to_worker[i]);
        struct span body;
        if (message_next(&in, kind, &body)) {
            cr_assert_eq(in.len, 0, "one at a time");
            *lease = *kind == MESSAGE_LEASE_QUEUED ? message_get_lease_queued(body).lease
                                                   : message_get_lease_grant(body).lease;
            cr_assert_eq(out_to_address(&w->out, &lease->address), &w->to_worker[i]);
            return true;
        }
    }
    return false;
}

static bool take_grant(struct operator_world *w, struct lease *lease)
{
    enum message_kind kind;
    return take_answer(w, &kind, lease) && kind == MESSAGE_LEASE_GRANT;
}

static void forget_answers(struct operator_world *w)
{
    for (size_t i = 0; i < WORKERS; i++) {
        buf_reset(&w->to_worker[i]);
    }
}

/* Where it is not ADDRESS, port PORT. */
static void say_place(const struct lease *lease)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&lease->address, text);
    if (strcmp(text, ADDRESS) != 0) {
        say(" at %s", text);
    }
    if (lease->port != PORT) {
        say(" port %u", lease->port);
    }
}

static struct lease read_lease(char *const *word, size_t count)
{
    struct lease lease = {
        .port = PORT, .session = (uint64_t)atoll(word[2]), .operator_name = span_of(word[1])};
    cr_assert(net_addr_parse(SPAN_LIT(ADDRESS), &lease.address));
    for (size_t i = 3; i + 1 < count; i += 2) {
        if (strcmp(word[i], "port") == 0) {
            lease.port = (uint16_t)atoi(word[i + 1]);
        } else {
            cr_assert(net_addr_parse(span_of(word[i + 1]), &lease.address), "%s", word[i + 1]);
        }
    }
    return lease;
}

static void operator_event(void *world, char *const *word, size_t count)
{
    struct operator_world *w = world;
    struct lease lease = read_lease(word, count);
    struct lease answered;
    enum message_kind kind;
    size_t known = w->owner.sessions.count;
    if (strcmp(word[0], "want") == 0) {
        operator_on_want(&w->owner, &(struct message_lease_want){lease, 1});
    } else {
        cr_assert_str_eq(word[0], "return", "no event");
        operator_on_return(&w->owner, &(struct message_lease_return){lease});
    }
    if (take_answer(w, &kind, &answered)) {
        say("  %s %.*s %llu", kind == MESSAGE_LEASE_QUEUED ? "queued" : "grant",
            TEXT(answered.operator_name), (unsigned long long)answered.session);
        say_place(&answered);
        say("\n");
    }
    forget_answers(w);
    if (w->owner.strays > w->strays) {
        say("  stray\n");
        w->strays = w->owner.strays;
    }
    if (known > 0 && w->owner.sessions.count == 0) {
        cr_expect_eq(w->owner.operators.count, 0);
        say("  knows nobody\n");
    }
}

static const struct scenario_form form = {.file = "operator_scenarios.txt",
                                          .init = operator_world_init,
                                          .deinit = operator_world_deinit,
                                          .event = operator_event};

Test(operator_owner, scenarios)
{
    static struct operator_world w;
    hash_secret_init();
    size_t count = scenarios_run(&form, &w);
    cr_assert_geq(count, 19, "%zu scenarios were read", count);
}

static struct lease lease_of(uint64_t session, struct span operator_name)
{
    struct lease lease = {.port = PORT, .session = session, .operator_name = operator_name};
    cr_assert(net_addr_parse(SPAN_LIT(ADDRESS), &lease.address));
    return lease;
}

/* The ring wraps and grows while some wait. */
Test(operator_owner, the_order_of_asking_is_kept_in_a_long_queue, .init = hash_secret_init)
{
    static struct operator_world w;
    struct span name = SPAN_LIT("operator.test");
    uint64_t asked = 0;
    uint64_t granted = 0;
    uint64_t returned = 0;
    operator_world_init(&w);
    while (returned < WANTED) {
        for (int i = 0; i < 3 && asked < WANTED; i++) {
            operator_on_want(&w.owner, &(struct message_lease_want){lease_of(asked++, name), 1});
            struct lease lease;
            if (take_grant(&w, &lease)) {
                cr_assert_eq(lease.session, granted++);
                cr_assert_leq(granted - returned, LIMIT);
            }
            forget_answers(&w);
        }
        for (int i = 0; i < 2 && returned < granted; i++) {
            operator_on_return(&w.owner,
                               &(struct message_lease_return){lease_of(returned++, name)});
            struct lease lease;
            bool next = take_grant(&w, &lease);
            cr_assert_eq(next, granted < asked, "one comes back, one goes out");
            cr_assert(!next || lease.session == granted++);
            forget_answers(&w);
        }
    }
    cr_expect_eq(granted, WANTED);
    cr_expect_eq(w.owner.strays, 0);
    operator_world_deinit(&w);
}

/* What is kept is bounded by the sessions under way, not by the operators that were met. */
Test(operator_owner, operators_that_nobody_visits_are_forgotten, .init = hash_secret_init)
{
    static struct operator_world w;
    operator_world_init(&w);
    for (uint32_t i = 0; i < WANTED; i++) {
        char name[32];
        int len = snprintf(name, sizeof(name), "operator%u.test", i);
        struct lease lease = lease_of(i, (struct span){(const uint8_t *)name, (size_t)len});
        for (uint64_t session = 0; session < 3; session++) { /* the last one has to wait */
            lease.session = session;
            operator_on_want(&w.owner, &(struct message_lease_want){lease, 1});
        }
        for (uint64_t session = 0; session < 3; session++) {
            lease.session = session;
            operator_on_return(&w.owner, &(struct message_lease_return){lease});
        }
        forget_answers(&w);
    }
    cr_expect_eq(w.owner.count, 1, "the same place for all");
    cr_expect_eq(w.owner.operators.count, 0);
    cr_expect_eq(w.owner.sessions.count, 0);
    cr_expect_eq(w.owner.strays, 0);
    operator_world_deinit(&w);
}

/* Two leases at a time; who waits tells how many sessions its service wants. */
Test(operator_owner, it_knows_how_long_who_waits_takes, .init = hash_secret_init)
{
    static struct operator_world w;
    struct span name = SPAN_LIT("operator.test");
    operator_world_init(&w);
    w.owner.now_ms = 1000;
    for (uint64_t i = 0; i < 4; i++) {
        struct message_lease_want m = {lease_of(i, name), i == 3 ? 99 : 1};
        operator_on_want(&w.owner, &m);
        cr_expect_eq(operator_waiting_ms(&w.owner), i < LIMIT ? 0 : WAITING_UNKNOWN,
                     "nobody waits, or no session has ended");
    }
    w.owner.now_ms = 3000; /* two leases for two seconds, and one of them is over */
    operator_on_return(&w.owner, &(struct message_lease_return){lease_of(0, name)});
    cr_expect_eq(operator_waiting_ms(&w.owner), 99 * 4000 / LIMIT, "the third has its lease");
    for (uint64_t i = 1; i < 4; i++) {
        operator_on_return(&w.owner, &(struct message_lease_return){lease_of(i, name)});
    }
    cr_expect_eq(operator_waiting_ms(&w.owner), 0);
    cr_expect_eq(w.owner.strays, 0);
    operator_world_deinit(&w);
}
