#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/pipeline/rows_out.h"
#include "scanner/pipeline/service_work.h"

#define HOSTS 4

struct service_world {
    struct scan_params params;
    struct scan scan;
    struct worker worker;
    struct buf outbox;
};

/* No name server: nothing is asked of anybody, and nothing is answered. */
static void world_init(struct service_world *v)
{
    *v = (struct service_world){.params = {.output_dir = "results",
                                           .format = RESULT_NDJSON,
                                           .ports = {25},
                                           .port_count = 1,
                                           .probe_sni = true,
                                           .names_per_address = 1}};
    static const struct resolver_params nobody;
    struct worker *w = &v->worker;
    hash_secret_init();
    v->scan.params = &v->params;
    v->scan.worker_count = 1;
    w->scan = &v->scan;
    w->outbox = &v->outbox;
    v->outbox = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(uv_loop_init(&w->loop), 0);
    wheel_init(&w->wheel, uv_now(&w->loop), 20);
    w->rows = rows_out_new(&v->params);
    counts_init(&w->counts, v->params.ports, v->params.port_count);
    recorder_init(&w->recorder, w->rows, &v->params.terms, &w->counts, NULL);
    w->resolver = resolver_new(&w->loop, &nobody);
    w->services = service_table_new(w);
    w->stopping = true; /* and nothing is dialled */
}

static void world_deinit(struct service_world *v)
{
    struct worker *w = &v->worker;
    resolver_free(w->resolver);
    cr_assert_eq(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    service_table_free(w->services);
    rows_out_free(w->rows);
    recorder_deinit(&w->recorder);
    arena_pool_deinit(&w->arenas);
    buf_deinit(&v->outbox);
    cr_assert_eq(uv_loop_close(&w->loop), 0);
}

static void want_hosts(struct service_world *v, uint32_t block)
{
    for (uint16_t i = 0; i < HOSTS; i++) {
        char name[32];
        int len = snprintf(name, sizeof(name), "mx%u.b%u.test", (unsigned)i, block);
        struct message_address_want m = {.block = block,
                                         .port = 25,
                                         .endpoint = i,
                                         .host = {(const uint8_t *)name, (size_t)len}};
        cr_assert(net_addr_parse(SPAN_LIT("192.0.2.1"), &m.address));
        service_on_address_want(&v->worker, &m);
    }
}

static void want_port(struct service_world *v, uint16_t port)
{
    struct message_address_want m = {.port = port, .host = SPAN_LIT("mx.test")};
    cr_assert(net_addr_parse(SPAN_LIT("192.0.2.1"), &m.address));
    service_on_address_want(&v->worker, &m);
}

static unsigned take_endpoints_done(struct service_world *v)
{
    unsigned count = 0;
    struct span in = buf_span(&v->outbox);
    enum message_kind kind = MESSAGE_STOP;
    for (struct span body; message_next(&in, &kind, &body);) {
        if (kind == MESSAGE_ENDPOINT_DONE) {
            struct message_endpoint_done m = message_get_endpoint_done(body);
            cr_expect_eq(m.brief.not_tested, NOT_TESTED_ADDRESS_BUDGET);
            count++;
        }
    }
    buf_reset(&v->outbox);
    return count;
}

/* The rows of hosts and domains name the service: they must not come before its own, wherever the
 * scan is cut. */
Test(service_work, a_host_hears_of_its_endpoint_after_the_row_of_the_service)
{
    static struct service_world v;
    world_init(&v);
    want_hosts(&v, 0);
    service_on_block_closed(&v.worker, 0);
    struct service_work *work = v.worker.services->services[0].work;
    cr_expect_eq(work->ready_count, 1, "one name fits into the budget");
    cr_expect_eq(work->ptr_pending, 1);
    cr_expect_eq(take_endpoints_done(&v), 0, "reverse DNS is not known");
    work->ptr_pending = 0;
    service_row_when_complete(&v.worker, 0);
    cr_expect(work->row_written);
    cr_expect_eq(take_endpoints_done(&v), HOSTS - 1);

    want_hosts(&v, 1);
    service_on_block_closed(&v.worker, 1);
    cr_expect_eq(take_endpoints_done(&v), HOSTS, "the row is written: at once");
    world_deinit(&v);
}

/* A service of a crowded address may still wait when the next block closes. Which name comes second
 * must not depend on that: its failure may be the one that speaks for all. */
Test(service_work, names_of_a_later_block_wait_behind)
{
    static struct service_world v;
    world_init(&v);
    v.params.names_per_address = 2 * HOSTS - 1;
    want_hosts(&v, 0);
    service_on_block_closed(&v.worker, 0);
    want_hosts(&v, 1);
    service_on_block_closed(&v.worker, 1);
    const struct service_work *work = v.worker.services->services[0].work;
    cr_assert_eq(work->ready_count, 2 * HOSTS - 1, "one is beyond the budget");
    for (size_t i = 0; i < work->ready_count; i++) { /* the next one is at the end */
        cr_expect_eq(work->ready[i].block, i < HOSTS - 1, "%zu", i);
        cr_expect(i == 0 || i == HOSTS - 1 || work->ready[i - 1].draw >= work->ready[i].draw,
                  "by draw, %zu", i);
    }
    world_deinit(&v);
}

/* One question for all ports of an address, and its answer in the row of each. */
Test(service_work, ports_of_an_address_share_its_reverse_dns)
{
    static const uint16_t ports[] = {25, 465, 587};
    static struct service_world v;
    world_init(&v);
    for (size_t i = 0; i < 3; i++) {
        want_port(&v, ports[i]);
    }
    struct worker *w = &v.worker;
    service_on_block_closed(w, 0);
    cr_expect_eq(resolver_pending(w->resolver), 1);
    for (int i = 0; i < 100 && resolver_pending(w->resolver) > 0; i++) {
        resolver_flush(w->resolver);
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    }
    for (uint32_t i = 0; i < 3; i++) {
        const struct service_work *work = w->services->services[i].work;
        cr_expect_eq(work->ptr_pending, 0, "service %u", i);
        cr_expect_eq(work->ptr_leader, NO_INDEX, "service %u", i);
        cr_expect_eq(work->ptr.dns.state, DNS_LOCAL_FAULT, "service %u", i);
        cr_expect(work->row_written, "service %u", i);
    }
    world_deinit(&v);
}
