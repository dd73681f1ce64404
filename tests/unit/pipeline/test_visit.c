#include <criterion/criterion.h>

#include "scanner/pipeline/service_work.h"

#define HOSTS 4
#define PORT  1 /* tcpmux: nobody listens, and nobody is waited for */

struct visit_world {
    struct scan_params params;
    struct scan scan;
    struct worker worker;
    struct buf outbox;
    uint8_t read_room[64];
};

static void world_init(struct visit_world *v)
{
    *v = (struct visit_world){.params = {.ports = {PORT},
                                         .port_count = 1,
                                         .probe_sni = true,
                                         .concurrency = 2 * HOSTS,
                                         .address_rate = 2,
                                         .address_limit = HOSTS,
                                         .operator_limit = HOSTS}};
    struct worker *w = &v->worker;
    hash_secret_init();
    v->scan.params = &v->params;
    v->scan.worker_count = 1;
    v->scan.suffixes = public_suffixes_load(NULL);
    w->scan = &v->scan;
    w->outbox = &v->outbox;
    w->out.worker_count = 1;
    w->out.to_worker = w->outbox;
    v->outbox = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(uv_loop_init(&w->loop), 0);
    wheel_init(&w->wheel, uv_now(&w->loop), 20);
    w->sessions = (struct session_environment){.loop = &w->loop,
                                               .wheel = &w->wheel,
                                               .connect_timeout_ms = 1000,
                                               .target_timeout_ms = 1000,
                                               .read_room = v->read_room,
                                               .read_room_len = sizeof(v->read_room)};
    w->services = service_table_new(w);
}

static void world_deinit(struct visit_world *v)
{
    struct worker *w = &v->worker;
    w->stopping = true;
    service_table_abort(w);
    cr_assert_eq(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    service_table_free(w->services);
    session_environment_deinit(&w->sessions);
    arena_pool_deinit(&w->arenas);
    buf_deinit(&v->outbox);
    cr_assert_eq(uv_loop_close(&w->loop), 0);
}

/* One service whose row is written already, wanted under the names of one operator. */
static void want_hosts(struct visit_world *v)
{
    static const char *const names[HOSTS] = {"a.mx.test", "b.mx.test", "c.mx.test", "d.mx.test"};
    struct worker *w = &v->worker;
    for (size_t i = 0; i < HOSTS; i++) {
        struct message_address_want m = {.port = PORT, .host = span_of(names[i])};
        cr_assert(net_addr_parse(SPAN_LIT("127.0.0.1"), &m.address));
        service_on_address_want(w, &m);
        w->services->services[0].work->row_written = true;
        w->services->services[0].row_written = true;
    }
    w->blocks_closed = 1;
    service_on_block_closed(w, 0);
}

/* Takes the messages; how many asked for a lease, and the last one. */
static unsigned take_lease_wants(struct visit_world *v, struct lease *lease)
{
    unsigned count = 0;
    struct span in = buf_span(&v->outbox);
    enum message_kind kind = MESSAGE_STOP;
    for (struct span body; message_next(&in, &kind, &body);) {
        if (kind == MESSAGE_LEASE_WANT) {
            *lease = message_get_lease_want(body).lease;
            count++;
        }
    }
    buf_reset(&v->outbox);
    return count;
}

static unsigned started(const struct visit_world *v)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < v->worker.services->visit_count; i++) {
        count += v->worker.services->visits[i].session_count;
    }
    return count;
}

/* As if a long time had passed since the last start at the address. */
static void let_time_pass(struct visit_world *v)
{
    v->worker.services->services[0].next_start_ms = 0;
    visits_go_on(&v->worker, 0);
}

Test(visit, starts_at_an_address_keep_their_distance_however_late_the_leases_come)
{
    static struct visit_world v;
    world_init(&v);
    want_hosts(&v);
    struct service *s = &v.worker.services->services[0];
    for (unsigned i = 0; i < HOSTS; i++) {
        struct message_lease_grant grant = {{.session = 0}};
        cr_expect_eq(take_lease_wants(&v, &grant.lease), 1, "start %u", i);
        let_time_pass(&v);
        struct lease none;
        cr_expect_eq(take_lease_wants(&v, &none), 0, "start %u still waits for its lease", i);
        uint64_t before = uv_hrtime() / 1000000;
        service_on_lease_grant(&v.worker, &grant);
        cr_expect_eq(started(&v), i + 1, "start %u", i);
        cr_expect_geq(s->next_start_ms, before + 500, "start %u: 2 a second", i);
        cr_expect_eq(take_lease_wants(&v, &none), 0, "too early for start %u", i + 1);
        let_time_pass(&v);
    }
    cr_expect_eq(s->active, HOSTS);
    world_deinit(&v);
}

Test(visit, a_start_that_waits_for_a_token_holds_the_next_one_back)
{
    static struct visit_world v;
    world_init(&v);
    v.params.operator_limit = 0;
    v.worker.services->tokens = 0;
    want_hosts(&v);
    let_time_pass(&v);
    cr_expect_eq(v.worker.services->services[0].active, 1);
    world_deinit(&v);
}

/* With several connections at an address, several of its names may want a second session. */
Test(visit, every_repeat_is_visited)
{
    static struct visit_world v;
    uint32_t wanted[HOSTS];
    bool again[HOSTS] = {false};
    world_init(&v);
    want_hosts(&v);
    for (size_t i = 0; i < HOSTS; i++) {
        (void)visit_new(&v.worker, 0, VISIT_SNI, &wanted[i]);
        visit_want_again(&v.worker, wanted[i]);
    }
    for (size_t i = 0; i < HOSTS; i++) {
        uint32_t index = service_next_visit(&v.worker, 0);
        for (size_t k = 0; k < HOSTS; k++) {
            again[k] = again[k] || wanted[k] == index;
        }
    }
    for (size_t i = 0; i < HOSTS; i++) {
        cr_expect(again[i], "visit %zu of the same service", i);
    }
    cr_expect_eq(v.worker.services->services[0].work->repeat, NO_INDEX);
    world_deinit(&v);
}

/* What came back by LEASE_RETURN; everything else is taken as well. */
static unsigned take_lease_returns(struct visit_world *v, struct lease *lease)
{
    unsigned count = 0;
    struct span in = buf_span(&v->outbox);
    enum message_kind kind = MESSAGE_STOP;
    for (struct span body; message_next(&in, &kind, &body);) {
        if (kind == MESSAGE_LEASE_RETURN) {
            *lease = message_get_lease_return(body).lease;
            count++;
        }
    }
    buf_reset(&v->outbox);
    return count;
}

/* Of a lease that is granted twice, late, or to nobody: its owner counts it as held until it comes back. */
Test(visit, a_lease_that_nobody_waits_for_is_returned)
{
    static struct visit_world v;
    struct message_lease_grant first = {{.session = 0}};
    struct message_lease_grant second = {{.session = 0}};
    struct lease back;
    world_init(&v);
    v.params.address_rate = 0;
    v.params.address_limit = 2;
    want_hosts(&v);
    struct span in = buf_span(&v.outbox);
    enum message_kind kind = MESSAGE_STOP;
    struct span body;
    cr_assert(message_next(&in, &kind, &body) && kind == MESSAGE_LEASE_WANT);
    first.lease = message_get_lease_want(body).lease;
    cr_assert(message_next(&in, &kind, &body) && kind == MESSAGE_LEASE_WANT);
    second.lease = message_get_lease_want(body).lease;
    struct lease other_service = first.lease;
    struct lease other_session = first.lease;
    other_service.port = PORT + 1;
    other_session.session += 2;
    struct message_lease_grant strays[] = {{other_service}, {other_session}};
    for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++) {
        buf_reset(&v.outbox);
        service_on_lease_grant(&v.worker, &strays[i]);
        cr_expect_eq(take_lease_returns(&v, &back), 1, "stray %zu", i);
        cr_expect_eq(back.session, strays[i].lease.session);
        cr_expect_eq(back.port, strays[i].lease.port);
        cr_expect(span_eq(back.operator_name, SPAN_LIT("mx.test")));
    }
    cr_expect_eq(started(&v), 0);
    for (int i = 0; i < 2; i++) { /* twice */
        service_on_lease_grant(&v.worker, &second);
        cr_expect_eq(started(&v), 1);
        cr_expect_eq(take_lease_returns(&v, &back), 0, "it is held");
    }
    service_on_lease_grant(&v.worker, &first);
    cr_expect_eq(started(&v), 2, "in another order than asked for");
    v.worker.stopping = true;
    service_table_abort(&v.worker);
    cr_assert_eq(uv_run(&v.worker.loop, UV_RUN_DEFAULT), 0);
    cr_expect_eq(take_lease_returns(&v, &back), 2, "both sessions are over");
    service_on_lease_grant(&v.worker, &first);
    cr_expect_eq(take_lease_returns(&v, &back), 1, "late");
    world_deinit(&v);
}
