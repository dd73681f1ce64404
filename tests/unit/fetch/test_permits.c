/** Others connect to the addresses as well: a permit is asked for before each connection. */

#include <criterion/criterion.h>

#include "tests/unit/fetch/fetching.h"

#define PERMITS_MAX 16

TestSuite(permits, .init = fetching_set_up, .fini = fetching_tear_down, .timeout = 100);

/* Whoever owns the places, beside the results. */
struct permit_world {
    struct results results; /* first: done() of the shared fixture gets it */
    struct policy_fetcher *f;
    struct permit {
        uint64_t fetch;
        struct net_addr address;
        bool returned;
    } list[PERMITS_MAX];
    size_t count;
    size_t strange; /* returned, and never asked for */
};

static void on_want(void *arg, uint64_t fetch, const struct net_addr *address)
{
    struct permit_world *w = arg;
    cr_assert_lt(w->count, PERMITS_MAX);
    w->list[w->count++] = (struct permit){.fetch = fetch, .address = *address};
}

static void on_return(void *arg, uint64_t fetch, const struct net_addr *address)
{
    struct permit_world *w = arg;
    for (size_t i = 0; i < w->count; i++) {
        if (w->list[i].fetch == fetch) {
            cr_expect(net_addr_eq(&w->list[i].address, address));
            cr_expect_not(w->list[i].returned, "once");
            w->list[i].returned = true;
            return;
        }
    }
    w->strange++;
}

static void permit_world_init(struct permit_world *w)
{
    *w = (struct permit_world){.count = 0};
    struct policy_fetcher_params params = patient(&w->results);
    params.want_permit = on_want;
    params.return_permit = on_return;
    params.concurrency = 4;
    w->f = policy_fetcher_new(&params);
}

static void grant(struct permit_world *w, size_t i)
{
    policy_fetcher_permit(w->f, w->list[i].fetch, &w->list[i].address);
}

static void run_for_a_while(struct permit_world *w)
{
    for (int i = 0; i < 5; i++) {
        policy_fetcher_run(w->f, 20);
    }
}

static void permit_world_deinit(struct permit_world *w)
{
    policy_fetcher_free(w->f);
    results_deinit(&w->results);
}

Test(permits, nothing_is_dialled_without_and_each_is_returned_once)
{
    static struct permit_world w;
    uint16_t port = closed_port();
    permit_world_init(&w);
    add_many(w.f, at("192.0.2.1", port), 2);
    run_for_a_while(&w);
    cr_assert_eq(w.count, 2);
    cr_expect_neq(w.list[0].fetch, w.list[1].fetch);
    cr_expect_eq(policy_fetcher_dialled(w.f), 0);
    grant(&w, 1);
    grant(&w, 1); /* twice: one permit all the same */
    run_for_a_while(&w);
    cr_expect_eq(policy_fetcher_dialled(w.f), 1);
    cr_expect(w.list[1].returned);
    cr_expect_not(w.list[0].returned);
    grant(&w, 0);
    run_for_a_while(&w);
    cr_expect_eq(w.results.count, 2);
    cr_expect(w.list[0].returned);
    cr_expect_eq(w.strange, 0);
    permit_world_deinit(&w);
}

Test(permits, who_waits_for_one_uses_a_place_for_a_connection)
{
    static struct permit_world w;
    permit_world_init(&w);
    add_many(w.f, at("192.0.2.1", closed_port()), 6);
    run_for_a_while(&w);
    cr_expect_eq(w.count, 4, "concurrency");
    grant(&w, 0);
    run_for_a_while(&w);
    cr_expect_eq(w.count, 5);
    permit_world_deinit(&w);
}

/* The next address is another's, and so is its permit. */
Test(permits, each_attempt_asks_for_its_own)
{
    static struct permit_world w;
    permit_world_init(&w);
    uint16_t port = closed_port();
    struct policy_target target = {.policy_host = HOST,
                                   .addresses = {at("192.0.2.1", port), at("192.0.2.2", port)},
                                   .address_count = 2};
    policy_fetcher_add(w.f, &target, NULL);
    run_for_a_while(&w);
    grant(&w, 0);
    run_for_a_while(&w);
    cr_assert_eq(w.count, 2);
    cr_expect(w.list[0].returned);
    cr_expect_not(net_addr_eq(&w.list[0].address, &w.list[1].address));
    grant(&w, 1);
    run_for_a_while(&w);
    cr_expect_eq(w.results.count, 1);
    cr_expect(w.list[1].returned);
    permit_world_deinit(&w);
}

Test(permits, abort_returns_what_is_asked_for_and_what_comes_after_goes_back)
{
    static struct permit_world w;
    permit_world_init(&w);
    add_many(w.f, at("192.0.2.1", closed_port()), 3);
    run_for_a_while(&w);
    grant(&w, 0); /* and not dialled yet */
    policy_fetcher_abort_all(w.f);
    cr_expect_eq(policy_fetcher_pending(w.f), 0);
    cr_expect_eq(policy_fetcher_dialled(w.f), 0);
    cr_assert_eq(w.count, 3);
    for (size_t i = 0; i < w.count; i++) {
        cr_expect(w.list[i].returned, "%zu", i);
        w.list[i].fetch += 1000; /* the grant that crossed it is for nobody now */
    }
    policy_fetcher_permit(w.f, w.list[1].fetch - 1000, &w.list[1].address);
    cr_expect_eq(w.strange, 1);
    permit_world_deinit(&w);
}
