/**
 * What a domain costs in memory that waits for a limited operator, in the owners of domains, hosts, services and operators
 * together: what is kept of each key anyway included.
 *
 *     bench_waiting [COUNT [HOSTS [ADDRESSES [IN_MEMORY]]]]
 *
 * Default: 1000000 domains of 1 MX host each, 1 address for all, 1000 in memory. Each host has a name of its own; all names
 * are of one operator, where one session begins and does not end. With IN_MEMORY above COUNT nothing is parked. Memory is all
 * that malloc gave out, mallinfo2(3): with some 20 MB that one block of input under work leaves for the next.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/domain/blocklist.h"
#include "scanner/owners/domain_owner.h"
#include "scanner/owners/host_owner.h"
#include "scanner/owners/operator_owner.h"
#include "scanner/owners/service_owner.h"

#define BLOCK_LINES 8192

struct world {
    uint32_t hosts; /* of a domain */
    uint32_t addresses;
    uint32_t asked; /* addresses so far */
    struct owner_out out;
    struct buf own; /* messages */
    struct known_chains chains;
    struct arena_pool arenas;
    struct spool_budget budget;
    struct spool spool;
    struct wheel wheel;
    struct domain_owner domains;
    struct host_owner host_owner;
    struct service_owner services;
    struct operator_owner operators;
};

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd; /* the large lists have a mapping each */
}

static void world_open(struct world *w, uint32_t hosts, uint32_t addresses, uint32_t in_memory)
{
    static const uint16_t ports[] = {25};
    struct public_suffixes *suffixes = public_suffixes_load(NULL);
    struct blocklist *blocklist = blocklist_new();
    struct dial_rules dial = {.blocklist = blocklist, .ipv4 = true, .ipv6 = true};
    *w = (struct world){.hosts = hosts, .addresses = addresses, .own = BUF_INIT(BUF_NO_LIMIT)};
    w->budget.octets = (uint64_t)8 << 30;
    owner_out_init(&w->out);
    w->out.division = (struct division){.parts = 1, .count = 1};
    w->out.judge_count = 1;
    w->out.to_worker = &w->own;
    known_chains_init(&w->chains);
    spool_init(&w->spool, &w->budget);
    wheel_init(&w->wheel, 1, 1);
    const struct domain_rules domains = {
        .suffixes = suffixes, .dial = dial, .works_max = in_memory};
    domain_owner_init(&w->domains, &domains, &w->out, &w->chains, &w->arenas, &w->spool);
    const struct host_rules host_rules = {.suffixes = suffixes,
                                          .dial = dial,
                                          .ports = ports,
                                          .port_count = 1,
                                          .works_max = in_memory};
    host_owner_init(&w->host_owner, &host_rules, &w->out, &w->arenas, &w->spool);
    const struct service_rules services = {.suffixes = suffixes,
                                           .first_port = 25,
                                           .probes = {.sni = true, .no_sni = true},
                                           .address_limit = 1,
                                           .operator_limit = 1,
                                           .sessions_max = 1,
                                           .names_max = in_memory};
    service_owner_init(&w->services, &services, &w->out, &w->chains, &w->arenas, &w->spool,
                       &w->wheel);
    operator_owner_init(&w->operators, services.operator_limit, NULL, &w->out);
}

static void answer(struct world *w, const struct owner_question *q)
{
    char name[32][64];
    struct dns_rr rrs[32] = {{0}};
    struct dns_answer a = {.seen = {.state = DNS_NODATA, .ede = -1}, .rrs = rrs, .asked = 1};
    if (q->type == DNS_TYPE_MX) {
        a.seen.state = DNS_DATA;
        for (a.rr_count = 0; a.rr_count < w->hosts; a.rr_count++) {
            (void)snprintf(name[a.rr_count], sizeof(name[0]), "%.*s-mx%zu.slow.test",
                           (int)q->name.len - 5, (const char *)q->name.at, a.rr_count);
            rrs[a.rr_count] = (struct dns_rr){.type = q->type};
            rrs[a.rr_count].mx.preference = 10;
            rrs[a.rr_count].mx.exchange = span_of(name[a.rr_count]);
        }
    } else if (q->type == DNS_TYPE_A) {
        a.seen.state = DNS_DATA;
        a.rr_count = 1;
        uint32_t at = 11U << 24 | w->asked++ % w->addresses;
        rrs[0].address = (struct net_addr){.family = 4};
        for (int i = 0; i < 4; i++) {
            rrs[0].address.octets[i] = (uint8_t)(at >> (24 - 8 * i));
        }
        rrs[0].type = q->type;
    }
    switch ((enum owner_kind)q->asker) {
    case OWNER_DOMAIN:
        domain_on_answer(&w->domains, q->tag, &a);
        break;
    case OWNER_HOST:
        host_on_answer(&w->host_owner, q->tag, &a);
        break;
    case OWNER_DESK: /* a pause of the pipeline's, no owner's question */
        break;
    case OWNER_SERVICE:
        service_on_answer(&w->services, q->tag, &a);
        break;
    }
}

static void on_message(struct world *w, enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_HOST_WANT) {
        struct message_host_want m = message_get_host_want(body);
        host_on_want(&w->host_owner, &m);
    } else if (kind == MESSAGE_HOST_RESOLVED) {
        struct message_host_resolved m = message_get_host_resolved(body);
        domain_on_host_resolved(&w->domains, &m);
    } else if (kind == MESSAGE_LEASE_WANT) {
        struct message_lease_want m = message_get_lease_want(body);
        operator_on_want(&w->operators, &m);
    } else if (kind == MESSAGE_LEASE_QUEUED) {
        struct message_lease_queued m = message_get_lease_queued(body);
        service_on_lease_queued(&w->services, &m);
    } else if (kind == MESSAGE_LEASE_GRANT) {
        struct message_lease_grant m = message_get_lease_grant(body);
        service_on_lease_grant(&w->services, &m);
    } else {
        CHECK(kind == MESSAGE_ADDRESS_WANT);
        struct message_address_want m = message_get_address_want(body);
        service_on_address_want(&w->services, &m);
    }
}

/* What owners asked for, until they ask for no more. Their lists are no owner's memory. */
static void carry_out(struct world *w)
{
    while (w->own.len > 0 || w->out.questions.len > 0) {
        struct buf messages = w->own;
        struct buf questions = w->out.questions;
        w->own = w->out.questions = BUF_INIT(BUF_NO_LIMIT);
        struct span in = buf_span(&messages);
        enum message_kind kind;
        for (struct span body; message_next(&in, &kind, &body);) {
            on_message(w, kind, body);
        }
        struct owner_question q;
        for (in = buf_span(&questions); owner_question_next(&in, &q);) {
            answer(w, &q);
        }
        buf_deinit(&messages);
        buf_deinit(&questions);
    }
    buf_reset(&w->out.settled);
}

static void add_block(struct world *w, uint32_t block, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "d%07u.test", i);
        struct message_domain m = {
            .block = block, .input_line = i + 1, .input = span_of(name), .domain = span_of(name)};
        domain_on_line(&w->domains, &m);
        carry_out(w);
    }
    host_on_block_close(&w->host_owner, block);
    carry_out(w);
    service_on_block_closed(&w->services, block);
    for (bool more = true; more;) {
        more = service_go_on(&w->services);
        more = more || w->own.len > 0 || w->out.questions.len > 0;
        carry_out(w);
    }
}

int main(int argc, char **argv)
{
    static struct world w;
    uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000;
    uint32_t hosts = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
    uint32_t addresses = argc > 3 ? (uint32_t)atoi(argv[3]) : 1;
    uint32_t in_memory = argc > 4 ? (uint32_t)atoi(argv[4]) : 1000;
    hash_secret_init();
    world_open(&w, hosts < 32 ? hosts : 32, addresses, in_memory);
    size_t before = in_use();
    for (uint32_t at = 0, block = 0; at < count; at += BLOCK_LINES, block++) {
        add_block(&w, block, at, at + BLOCK_LINES < count ? at + BLOCK_LINES : count);
    }
    (void)printf("%u domains that wait, %u MX hosts each, %u addresses, %llu of them parked\n",
                 count, hosts, addresses, (unsigned long long)w.domains.parked);
    (void)printf("octets of memory each: %.0f; in the spool %.0f\n",
                 (double)(in_use() - before) / count, (double)w.budget.used / count);
    return w.services.names_waiting == (uint64_t)count * hosts ? 0 : 1;
}
