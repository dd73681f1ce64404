#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/pipeline/worker.h"

#define ASKERS 3  /* workers that ask */
#define LIMIT  4  /* leases of one operator at once */
#define WANTED 30 /* more than the first ring of the queue holds */

struct lease_world {
    struct scan_params params;
    struct scan scan;
    struct worker owner;
    struct buf outbox[ASKERS];
};

static void world_init(struct lease_world *lw)
{
    *lw = (struct lease_world){.params = {.operator_limit = LIMIT}};
    hash_secret_init();
    lw->scan.params = &lw->params;
    lw->owner.scan = &lw->scan;
    lw->owner.outbox = lw->outbox;
    lw->owner.leases = lease_table_new();
    for (size_t i = 0; i < ASKERS; i++) {
        lw->outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
}

static void world_deinit(struct lease_world *lw)
{
    for (size_t i = 0; i < ASKERS; i++) {
        buf_deinit(&lw->outbox[i]);
    }
    lease_table_free(lw->owner.leases);
}

static void want(struct lease_world *lw, struct span operator_name, uint32_t visit)
{
    struct message_lease_want m = {
        .from = (uint16_t)(visit % ASKERS), .visit = visit, .operator_name = operator_name};
    lease_on_want(&lw->owner, &m);
}

static void give_back(struct lease_world *lw, struct span operator_name)
{
    struct message_lease_return m = {.operator_name = operator_name};
    lease_on_return(&lw->owner, &m);
}

/* Takes the grants out of the outboxes and marks them; each must be at the worker that asked. */
static unsigned take_grants(struct lease_world *lw, bool *granted)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < ASKERS; i++) {
        struct span in = buf_span(&lw->outbox[i]);
        enum message_kind kind = MESSAGE_STOP;
        for (struct span body; message_next(&in, &kind, &body); count++) {
            cr_assert_eq(kind, MESSAGE_LEASE_GRANT);
            uint32_t visit = message_get_lease_grant(body).visit;
            cr_expect_eq(visit % ASKERS, i, "visit %u", visit);
            cr_expect_not(granted[visit], "visit %u was granted twice", visit);
            granted[visit] = true;
        }
        buf_reset(&lw->outbox[i]);
    }
    return count;
}

Test(lease, grants_up_to_the_limit_then_in_the_order_of_asking)
{
    static struct lease_world lw;
    bool granted[WANTED] = {false};
    struct span name = SPAN_LIT("operator.test");
    world_init(&lw);
    for (uint32_t visit = 0; visit < WANTED; visit++) {
        want(&lw, name, visit);
        cr_expect_eq(take_grants(&lw, granted), visit < LIMIT ? 1 : 0, "visit %u", visit);
    }
    for (uint32_t visit = LIMIT; visit < WANTED; visit++) {
        give_back(&lw, name);
        cr_expect_eq(take_grants(&lw, granted), 1, "one comes back, one goes out");
        cr_expect(granted[visit], "visit %u is the next", visit);
    }
    for (uint32_t i = 0; i < LIMIT; i++) {
        give_back(&lw, name);
        cr_expect_eq(take_grants(&lw, granted), 0, "nobody waits");
    }
    bool again[WANTED] = {false};
    for (uint32_t visit = 0; visit < LIMIT + 1; visit++) {
        want(&lw, name, visit);
    }
    cr_expect_eq(take_grants(&lw, again), LIMIT, "all of them are free again");
    world_deinit(&lw);
}

/* The ring wraps: asking and returning alternate while some wait. */
Test(lease, keeps_the_order_over_a_wrapping_queue)
{
    static struct lease_world lw;
    static bool granted[1000];
    struct span name = SPAN_LIT("operator.test");
    world_init(&lw);
    uint32_t asked = 0;
    uint32_t got = 0;
    while (asked + 3 < 1000) {
        for (int i = 0; i < 3; i++) {
            want(&lw, name, asked++);
        }
        for (int i = 0; i < 2 && got > 0; i++) {
            give_back(&lw, name);
        }
        got += take_grants(&lw, granted);
        for (uint32_t visit = 0; visit < asked; visit++) {
            cr_assert_eq(granted[visit], visit < got, "visit %u of %u", visit, got);
        }
    }
    cr_expect_gt(got, 500);
    world_deinit(&lw);
}

Test(lease, operators_do_not_share)
{
    static struct lease_world lw;
    static bool granted[400];
    world_init(&lw);
    for (uint32_t i = 0; i < 200; i++) { /* more operators than the first table holds */
        char name[32];
        int len = snprintf(name, sizeof(name), "operator%u.test", i % 100);
        want(&lw, (struct span){(const uint8_t *)name, (size_t)len}, i);
    }
    cr_expect_eq(take_grants(&lw, granted), 200);
    world_deinit(&lw);
}
