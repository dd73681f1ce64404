#pragma once

/** What the tests of the fetcher share: results kept, peers started, hosts added. */

#include "scanner/fetch/policy_fetcher.h"
#include "tests/unit/fetch/https_peer.h"

#define HOST "mta-sts.example.test"

#define RESULTS_MAX 64

/* A copy of what was told; spans lead into `octets`. */
struct result {
    void *tag;
    struct seen_policy seen;
    struct buf octets;
};

struct results {
    struct result list[RESULTS_MAX];
    size_t count;
};

void results_deinit(struct results *results);
void fetching_set_up(void);
void fetching_tear_down(void);
struct policy_fetcher_params patient(struct results *results);
/** From text. */
struct net_addr address(const char *text);
/** The address in records and limits, dialled on loopback. */
struct policy_address at(const char *real, uint16_t port);
void run_all(struct policy_fetcher *f);
struct https_peer serve(const struct https_step *steps, const struct test_cert *leaf);
struct test_cert leaf_new(void);
/** A listener whose queue is full drops what comes: no answer at all. */
int deaf_listener(uint16_t *port, int fillers[], size_t count);
/** One policy host with these addresses, by a fetcher of its own, to its end. */
void fetch_from(const struct policy_fetcher_params *params, const struct policy_address *to,
                size_t count);
void add_many(struct policy_fetcher *f, struct policy_address to, size_t count);
