/** A fetch always ends, and who is silent or floods harms only himself. */

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/ssl.h>

#include "tests/unit/fetch/fetching.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

TestSuite(fetch_bounds, .init = fetching_set_up, .fini = fetching_tear_down, .timeout = 100);

static const struct https_step good[] = {
    {.act = TLS}, {.act = HEAR}, {.act = SAY, .text = ANSWER}, {.act = END}};
static const struct https_step silent[] = {{.act = END}};

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    cr_assert_not_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    (void)closedir(dir);
    return count;
}

/* Which callbacks libcurl makes for a socket that never connected differs between versions: what was
 * taken is given back all the same. */
Test(fetch_bounds, silent_addresses_give_back_what_they_held)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(good, &leaf);
    int fillers[4];
    uint16_t deaf = 0;
    int listener = deaf_listener(&deaf, fillers, 4);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.connect_timeout_ms = 60;
    params.concurrency = 4;
    params.address_limit = 1;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    size_t before = 0;
    for (int round = 0; round < 3; round++) { /* more than all places, and three times an address */
        for (int i = 0; i < 6; i++) {
            char name[32];
            (void)snprintf(name, sizeof(name), "192.0.%d.1", i);
            add_many(f, at(name, deaf), 1);
        }
        add_many(f, at("192.0.2.1", deaf), 2);
        run_all(f);
        cr_expect_eq(results.count, 8);
        for (size_t i = 0; i < results.count; i++) {
            cr_expect_eq(results.list[i].seen.outcome, POLICY_FETCH_TCP_TIMEOUT);
        }
        results_deinit(&results);
        before = round == 0 ? count_descriptors() : before;
    }
    policy_fetcher_run(f, 0); /* what libcurl closes in its own time */
    cr_expect_leq(count_descriptors(), before);
    add_many(f, at("192.0.2.1", peer.port), 1);
    run_all(f);
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_FETCHED);
    policy_fetcher_free(f);
    results_deinit(&results);
    for (size_t i = 0; i < 4; i++) {
        (void)close(fillers[i]);
    }
    (void)close(listener);
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}

/* The same for connections that were made, and given up by us while the peer goes on. */
Test(fetch_bounds, given_up_connections_end_at_once)
{
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(silent, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.tls_timeout_ms = 50;
    params.address_limit = 1;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    add_many(f, at("192.0.2.1", peer.port), 6);
    run_all(f);
    cr_expect_eq(results.count, 6);
    cr_expect_eq(peer.record->connections, 6);
    cr_expect_lt(peer.record->open_max, 6, "the server may see some of the ends late, not all");
    policy_fetcher_free(f);
    results_deinit(&results);
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}

struct flood {
    const char *name;
    struct https_step steps[5];
    enum policy_fetch outcome;
    const char *text; /* of the error; NULL: OpenSSL's own bound ends it */
    int max_version;
    bool completed;
};

#define HELLO_REQUEST "\x16\x03\x03\0\4\0\0\0\0"
#define WARNING       "\x15\x03\x03\0\2\x01\x70"
#define MESSAGES      "more handshake messages than a session needs"
/* A record that says it holds a handshake message of 128 KiB, and is followed by more of its kind. */
#define PART                         \
    "\x16\x03\x03\0\x10\x02\x02\0\0" \
    "0123456789ab"

static const struct flood floods[] = {
    {"HelloRequest instead of ServerHello",
     {{.act = FLOOD, .text = HELLO_REQUEST, .number = 9}},
     POLICY_FETCH_TLS_FAILED,
     .text = MESSAGES},
    {"warnings instead of ServerHello",
     {{.act = FLOOD, .text = WARNING, .number = 7}},
     POLICY_FETCH_TLS_FAILED,
     .text = NULL},
    {"a ServerHello that does not end",
     {{.act = FLOOD, .text = PART, .number = 21}},
     POLICY_FETCH_TLS_FAILED,
     .text = NULL},
    {"KeyUpdate behind the handshake, RFC 8446 section 4.6.3",
     {{.act = TLS}, {.act = KEY_UPDATES}},
     POLICY_FETCH_TLS_FAILED,
     .text = MESSAGES,
     .completed = true},
    {"KeyUpdate within the body",
     {{.act = TLS},
      {.act = HEAR},
      {.act = SAY, .text = "HTTP/1.1 200 OK\r\n\r\nabc"},
      {.act = KEY_UPDATES}},
     POLICY_FETCH_TLS_FAILED,
     .text = MESSAGES,
     .completed = true},
    {"tickets, RFC 8446 section 4.6.1",
     {{.act = TLS}, {.act = TICKETS}},
     POLICY_FETCH_TLS_FAILED,
     .text = MESSAGES,
     .completed = true},
    {"HelloRequest behind the handshake, RFC 5246 section 7.4.1.1",
     {{.act = TLS}, {.act = RENEGOTIATE}},
     POLICY_FETCH_TLS_FAILED,
     .text = MESSAGES,
     .max_version = TLS1_2_VERSION,
     .completed = true},
};

static struct https_peer serve_flood(const struct flood *flood, const struct test_cert *leaf)
{
    return https_peer_start(&(struct https_peer_params){.steps = flood->steps,
                                                        .list = &leaf->cert,
                                                        .list_count = 1,
                                                        .key = leaf->key,
                                                        .max_version = flood->max_version});
}

/* With timeouts of a minute: it is the octets and messages that end it, not time. */
Test(fetch_bounds, a_flood_ends_by_its_octets_or_messages)
{
    struct test_cert leaf = leaf_new();
    for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
        const struct flood *flood = &floods[i];
        struct https_peer peer = serve_flood(flood, &leaf);
        struct results results = {0};
        struct policy_fetcher_params params = patient(&results);
        params.tls_timeout_ms = 60000;
        params.head_timeout_ms = 60000;
        struct policy_fetcher *f = policy_fetcher_new(&params);
        add_many(f, at("192.0.2.1", peer.port), 1);
        run_all(f);
        const struct seen_policy *seen = &results.list[0].seen;
        cr_expect_eq(seen->outcome, flood->outcome, "%s: %s", flood->name,
                     policy_fetch_word(seen->outcome));
        cr_expect_eq(seen->tls.completed, flood->completed, "%s", flood->name);
        cr_expect(flood->text == NULL || strcmp(seen->tls.error_text, flood->text) == 0, "%s: %s",
                  flood->name, seen->tls.error_text);
        cr_expect_neq(seen->tls.error_text[0], '\0', "%s", flood->name);
        policy_fetcher_free(f);
        results_deinit(&results);
        https_peer_stop(&peer);
    }
    test_cert_free(&leaf);
}

/* Each call comes back, and those who answer are served as if there was no flood. */
Test(fetch_bounds, a_flood_does_not_hold_the_others)
{
    enum {
        FLOODERS = 12,
        INNOCENTS = 12
    };
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(good, &leaf);
    struct https_peer flooders[3];
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    struct policy_fetcher *f = policy_fetcher_new(&params);
    for (int i = 0; i < 3; i++) {
        flooders[i] = serve_flood(&floods[i == 0 ? 0 : i + 2], &leaf);
    }
    for (int i = 0; i < FLOODERS; i++) {
        add_many(f, at("192.0.2.1", flooders[i % 3].port), 1);
        add_many(f, at("192.0.2.2", peer.port), 1);
    }
    run_all(f);
    size_t fetched = 0;
    for (size_t i = 0; i < results.count; i++) {
        fetched += results.list[i].seen.outcome == POLICY_FETCH_FETCHED;
    }
    cr_expect_eq(results.count, FLOODERS + INNOCENTS);
    cr_expect_eq(fetched, INNOCENTS);
    policy_fetcher_free(f);
    results_deinit(&results);
    for (int i = 0; i < 3; i++) {
        https_peer_stop(&flooders[i]);
    }
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}

/* Two fresh places and six silent hosts in front: who answers is done while all of them still wait. */
Test(fetch_bounds, the_silent_leave_the_fresh_places_to_others)
{
    enum {
        SILENT = 6
    };
    struct test_cert leaf = leaf_new();
    struct https_peer peer = serve(good, &leaf);
    struct https_peer mute = serve(silent, &leaf);
    struct results results = {0};
    struct policy_fetcher_params params = patient(&results);
    params.tls_timeout_ms = 60000;
    params.total_timeout_ms = 90000;
    params.fresh = 2;
    params.concurrency = SILENT + 1;
    struct policy_fetcher *f = policy_fetcher_new(&params);
    for (int i = 0; i < SILENT; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "192.0.%d.1", i);
        add_many(f, at(name, mute.port), 1);
    }
    add_many(f, at("198.51.100.1", peer.port), 1);
    while (results.count == 0) {
        policy_fetcher_run(f, 1000);
    }
    cr_expect_eq(results.list[0].seen.outcome, POLICY_FETCH_FETCHED);
    cr_expect_eq(policy_fetcher_pending(f), SILENT);
    for (int i = 2; i < SILENT; i += 2) { /* two at once, as they grow old */
        uint64_t apart = mute.record->starts_ns[i] - mute.record->starts_ns[i - 2];
        cr_expect_geq(apart, (POLICY_FRESH_MS - 50) * 1000000UL, "%d", i);
    }
    policy_fetcher_free(f);
    results_deinit(&results);
    https_peer_stop(&mute);
    https_peer_stop(&peer);
    test_cert_free(&leaf);
}

/* Whoever sets the environment gets no keys of ours. */
Test(fetch_environment, no_file_gets_our_keys)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/mxcensus-test-keys.%d", (int)getpid());
    cr_assert_eq(setenv("SSLKEYLOGFILE", path, 1), 0);
    fetching_set_up();
    cr_expect_neq(access(path, F_OK), 0, "nothing is opened");
    cr_expect_null(getenv("SSLKEYLOGFILE"));
    (void)unlink(path);
}
