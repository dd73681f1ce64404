#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/fetch/fetching.h"

TestSuite(policy_chances, .init = fetching_set_up, .fini = fetching_tear_down, .timeout = 100);

#define OPENING     \
    {.act = TLS},   \
    {               \
        .act = HEAR \
    }
#define GOOD_ANSWER                                                          \
    {.act = TLS}, {.act = HEAR},                                             \
    {                                                                        \
        .act = SAY, .text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" \
    }

/* A connection that is lost before the request may be chance. What the server says is not, nor a port that is closed. */
Test(policy_chances, what_is_lost_before_the_request_has_a_second_chance)
{
    static const struct https_step reset_once[] = {{.act = ONCE, .number = 2},
                                                   {.act = PAUSE, .number = 500},
                                                   {.act = RESET},
                                                   GOOD_ANSWER,
                                                   {.act = END}};
    static const struct https_step silent_once[] = {
        {.act = ONCE, .number = 1}, {.act = PAUSE, .number = 20000}, GOOD_ANSWER, {.act = END}};
    static const struct https_step reset_always[] = {{.act = PAUSE, .number = 500}, {.act = RESET}};
    static const struct https_step closed_after_request[] = {OPENING, {.act = RESET}};
    static const struct {
        const char *what;
        const struct https_step *steps; /* NULL: nobody listens */
        enum policy_fetch first;
        enum policy_fetch outcome;
        size_t attempts;
    } cases[] = {
        {"a reset", reset_once, POLICY_FETCH_TLS_CLOSED, POLICY_FETCH_FETCHED, 2},
        {"silence", silent_once, POLICY_FETCH_TLS_TIMEOUT, POLICY_FETCH_FETCHED, 2},
        {"resets", reset_always, POLICY_FETCH_TLS_CLOSED, POLICY_FETCH_TLS_CLOSED, 2},
        {"a reset behind the request", closed_after_request, POLICY_FETCH_HTTP_CLOSED,
         POLICY_FETCH_HTTP_CLOSED, 1},
        {"a closed port", NULL, POLICY_FETCH_TCP_REFUSED, POLICY_FETCH_TCP_REFUSED, 1},
    };
    struct test_cert leaf = leaf_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct https_peer peer = {0};
        struct results results = {0};
        struct policy_fetcher_params params = patient(&results);
        params.retries = 1;
        params.retry_pause_ms = 300;
        params.tls_timeout_ms = i == 1 ? 4000 : params.tls_timeout_ms;
        if (cases[i].steps != NULL) {
            peer = serve(cases[i].steps, &leaf);
        }
        struct policy_address to = at("192.0.2.1", peer.port != 0 ? peer.port : closed_port());
        fetch_from(&params, &to, 1);
        const struct seen_policy *seen = &results.list[0].seen;
        cr_expect_eq(seen->outcome, cases[i].outcome, "%s: %s", cases[i].what,
                     policy_fetch_word(seen->outcome));
        cr_assert_eq(seen->attempt_count, cases[i].attempts, "%s", cases[i].what);
        cr_expect_eq(seen->attempts[0].outcome, cases[i].first, "%s: %s", cases[i].what,
                     policy_fetch_word((enum policy_fetch)seen->attempts[0].outcome));
        cr_expect_eq(seen->attempts[seen->attempt_count - 1].outcome, cases[i].outcome);
        if (cases[i].attempts == 2) {
            uint64_t apart = peer.record->starts_ns[1] - peer.record->starts_ns[0];
            cr_expect_geq(apart, 300U * 1000000U - 50000000U, "%s: the pause", cases[i].what);
        }
        results_deinit(&results);
        if (cases[i].steps != NULL) {
            https_peer_stop(&peer);
        }
    }
    test_cert_free(&leaf);
}

/* All addresses again where TCP failed; as often as there is room for. */
Test(policy_chances, the_second_chance_tries_all_addresses)
{
    int fillers[4];
    uint16_t deaf = 0;
    int listener = deaf_listener(&deaf, fillers, 4);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.connect_timeout_ms = 100;
    params.retries = 9;
    params.retry_pause_ms = 100;
    struct policy_address to[] = {at("192.0.2.1", deaf), at("192.0.2.2", deaf),
                                  at("192.0.2.3", deaf)};
    fetch_from(&params, to, 3);
    const struct seen_policy *seen = &results.list[0].seen;
    cr_expect_eq(seen->outcome, POLICY_FETCH_TCP_TIMEOUT);
    cr_assert_eq(seen->attempt_count, 6);
    for (size_t i = 0; i < 6; i++) {
        cr_expect(net_addr_eq(&seen->attempts[i].address, &to[i % 3].address), "%zu", i);
    }
    results_deinit(&results);
    for (size_t i = 0; i < 4; i++) {
        (void)close(fillers[i]);
    }
    (void)close(listener);
}

/* At the end of a scan. */
Test(policy_chances, a_pause_is_interrupted)
{
    static const struct https_step reset[] = {{.act = RESET}};
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(reset, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.retries = 1;
    params.retry_pause_ms = 60000;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 2);
    while (atomic_load(&peer.record->connections) < 2 || atomic_load(&peer.record->open) > 0) {
        policy_fetcher_run(f, 50);
    }
    policy_fetcher_run(f, 200);
    cr_expect_eq(results.count, 0);
    policy_fetcher_abort_all(f);
    cr_assert_eq(results.count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(results.list[i].seen.outcome, POLICY_FETCH_INTERRUPTED);
        cr_expect_eq(results.list[i].seen.attempt_count, 1);
    }
    results_deinit(&results);
    policy_fetcher_free(f);
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}
