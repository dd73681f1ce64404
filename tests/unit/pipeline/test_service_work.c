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

static void world_init(struct service_world *v)
{
    *v = (struct service_world){.params = {.output_dir = "results",
                                           .format = RESULT_NDJSON,
                                           .ports = {25},
                                           .port_count = 1,
                                           .probe_sni = true,
                                           .names_per_address = 1}};
    struct worker *w = &v->worker;
    hash_secret_init();
    v->scan.params = &v->params;
    v->scan.worker_count = 1;
    w->scan = &v->scan;
    w->outbox = &v->outbox;
    v->outbox = BUF_INIT(BUF_NO_LIMIT);
    owner_out_init(&w->out);
    w->out.worker_count = 1;
    w->out.to_worker = &v->outbox;
    cr_assert_eq(uv_loop_init(&w->loop), 0);
    wheel_init(&w->wheel, uv_now(&w->loop), 20);
    w->rows = rows_out_new(&v->params);
    counts_init(&w->counts, v->params.ports, v->params.port_count);
    recorder_init(&w->recorder, w->rows, &v->params.terms, &w->counts, NULL);
    w->services = service_table_new(w);
    w->stopping = true; /* and nothing is dialled */
}

static void world_deinit(struct service_world *v)
{
    struct worker *w = &v->worker;
    service_table_free(w->services);
    rows_out_free(w->rows);
    recorder_deinit(&w->recorder);
    owner_out_deinit(&w->out);
    arena_pool_deinit(&w->arenas);
    buf_deinit(&v->outbox);
    cr_assert_eq(uv_loop_close(&w->loop), 0);
}

static void close_block(struct service_world *v, uint32_t block)
{
    v->worker.blocks_closed = block + 1;
    service_on_block_closed(&v->worker, block);
}

static void want_host(struct service_world *v, const char *host, uint32_t block)
{
    struct message_address_want m = {.block = block, .port = 25, .host = span_of(host)};
    cr_assert(net_addr_parse(SPAN_LIT("192.0.2.1"), &m.address));
    service_on_address_want(&v->worker, &m);
}

static void want_hosts(struct service_world *v, uint32_t block)
{
    for (uint16_t i = 0; i < HOSTS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "mx%u.b%u.test", (unsigned)i, block);
        want_host(v, name, block);
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

/* To the one question that was asked. */
static void answer_ptr(struct service_world *v, struct dns_answer answer)
{
    struct owner_question q;
    struct span in = buf_span(&v->worker.out.questions);
    cr_assert(owner_question_next(&in, &q));
    cr_expect_eq(in.len, 0, "and no other");
    cr_expect_eq(q.type, DNS_TYPE_PTR);
    cr_expect(span_eq(q.name, SPAN_LIT("1.2.0.192.in-addr.arpa")));
    buf_reset(&v->worker.out.questions);
    service_on_answer(&v->worker, q.tag, &answer);
}

static unsigned count_name_checks(struct service_world *v)
{
    unsigned count = 0;
    struct span in = buf_span(&v->outbox);
    enum message_kind kind = MESSAGE_STOP;
    for (struct span body; message_next(&in, &kind, &body);) {
        count += kind == MESSAGE_NAME_CHECK;
    }
    return count;
}

/* The rows of hosts and domains name the service: they must not come before its own, wherever the
 * scan is cut. */
Test(service_work, a_host_hears_of_its_endpoint_after_the_row_of_the_service)
{
    static struct service_world v;
    world_init(&v);
    want_hosts(&v, 0);
    close_block(&v, 0);
    struct service_work *work = v.worker.services->services[0].work;
    cr_expect_eq(work->ready_count, 1, "one name fits into the budget");
    cr_expect_eq(work->ptr_pending, 1);
    cr_expect_eq(take_endpoints_done(&v), 0, "reverse DNS is not known");
    work->ptr_pending = 0;
    service_row_when_complete(&v.worker, 0);
    cr_expect(work->row_written);
    cr_expect_eq(take_endpoints_done(&v), HOSTS - 1);

    want_hosts(&v, 1);
    close_block(&v, 1);
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
    close_block(&v, 0);
    want_hosts(&v, 1);
    close_block(&v, 1);
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
    close_block(&v, 0);
    answer_ptr(&v, (struct dns_answer){.seen.state = DNS_NODATA});
    for (uint32_t i = 0; i < 3; i++) {
        const struct service_work *work = v.worker.services->services[i].work;
        cr_expect_eq(work->ptr_pending, 0, "service %u", i);
        cr_expect_eq(work->ptr_leader, NO_INDEX, "service %u", i);
        cr_expect_eq(work->ptr.dns.state, DNS_NODATA, "service %u", i);
        cr_expect(work->row_written, "service %u", i);
    }
    world_deinit(&v);
}

/* --- messages that come twice, late, or for nobody ------------------------------------------- */

static void expect_strays(const struct service_world *v, uint64_t want)
{
    cr_expect_eq(v->worker.services->strays, want, "%llu strays instead of %llu",
                 (unsigned long long)v->worker.services->strays, (unsigned long long)want);
}

Test(service_work, a_name_is_wanted_once_however_often_it_is_said)
{
    static struct service_world v;
    world_init(&v);
    v.params.names_per_address = HOSTS;
    want_hosts(&v, 1);
    want_hosts(&v, 1);
    expect_strays(&v, HOSTS);
    want_host(&v, "mx0.b1.test", 0); /* an earlier block wants it too */
    want_host(&v, "mx0.b1.test", 1); /* said before that, and late */
    expect_strays(&v, HOSTS + 1);
    close_block(&v, 0);
    const struct service *s = &v.worker.services->services[0];
    cr_assert_eq(s->work->ready_count, 1);
    cr_expect(span_eq(s->work->ready[0].host, SPAN_LIT("mx0.b1.test")));
    want_host(&v, "mx0.b1.test", 0);
    want_host(&v, "mx0.b1.test", 1);
    expect_strays(&v, HOSTS + 3);
    close_block(&v, 1);
    cr_expect_eq(s->work->ready_count, HOSTS, "each once");
    cr_expect_eq(s->names_total, HOSTS);
    want_hosts(&v, 1);
    expect_strays(&v, 2 * HOSTS + 3);
    cr_expect_eq(s->work->pending_count, 0, "its block is closed");
    world_deinit(&v);
}

/* A name that an earlier block took over may be said again until the later block closes. */
Test(service_work, a_service_stays_open_as_long_as_a_block_that_named_it)
{
    static struct service_world v;
    world_init(&v);
    v.params.names_per_address = 0;
    want_host(&v, "mx.test", 2);
    want_host(&v, "mx.test", 0);
    close_block(&v, 0);
    struct service *s = &v.worker.services->services[0];
    s->work->ready_count = 0; /* as if it had been visited */
    answer_ptr(&v, (struct dns_answer){.seen.state = DNS_NODATA});
    cr_assert_not_null(s->work);
    want_host(&v, "mx.test", 2);
    expect_strays(&v, 1);
    close_block(&v, 1);
    cr_assert_not_null(s->work);
    close_block(&v, 2);
    cr_expect_null(s->work, "nothing is left to do");
    cr_expect_eq(v.worker.services->open_head, NO_INDEX);
    want_host(&v, "mx.test", 2);
    expect_strays(&v, 2);
    cr_expect_null(s->work);
    world_deinit(&v);
}

static void check_name(struct service_world *v, const char *address, const char *name)
{
    struct message_name_checked m = {.name = span_of(name), .state = DNS_DATA, .confirmed = 1};
    cr_assert(net_addr_parse(span_of(address), &m.address));
    service_on_name_checked(&v->worker, &m);
}

Test(service_work, names_of_reverse_dns_count_where_they_are_awaited)
{
    const struct dns_rr names[] = {{.name = SPAN_LIT("mx1.test")},
                                   {.name = SPAN_LIT("mx2.test")},
                                   {.name = SPAN_LIT("MX1.test")}};
    static struct service_world v;
    world_init(&v);
    want_port(&v, 25);
    close_block(&v, 0);
    const struct service_work *work = v.worker.services->services[0].work;
    check_name(&v, "192.0.2.1", "mx1.test");
    check_name(&v, "192.0.2.9", "mx1.test");
    expect_strays(&v, 2);
    answer_ptr(&v, (struct dns_answer){.seen.state = DNS_DATA, .rrs = names, .rr_count = 3});
    cr_expect_eq(count_name_checks(&v), 2, "two names, one of them written twice");
    check_name(&v, "192.0.2.1", "mx3.test");
    check_name(&v, "192.0.2.9", "mx1.test");
    expect_strays(&v, 4);
    check_name(&v, "192.0.2.1", "mx1.test");
    check_name(&v, "192.0.2.1", "mx1.test");
    expect_strays(&v, 5);
    cr_expect_eq(work->ptr_pending, 1);
    cr_expect_not(work->row_written);
    check_name(&v, "192.0.2.1", "mx2.test");
    cr_expect(work->row_written);
    cr_expect(work->ptr_confirmed[0] && work->ptr_confirmed[1] && work->ptr_confirmed[2]);
    check_name(&v, "192.0.2.1", "mx2.test");
    expect_strays(&v, 6);
    world_deinit(&v);
}
