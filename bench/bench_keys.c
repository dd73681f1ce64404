/**
 * What is kept of each key that is finished, until the end of a scan: octets per domain, host and endpoint, service, list and
 * certificate, in the tables of the real owners, beside the budgets of the design.
 *
 *     bench_keys [COUNT]      default 1000000 domains
 *
 * No I/O: questions are answered, sessions ended and lists judged at once, by pure functions of the names. One worker and one
 * judge; rows are rendered and thrown away. Who has which hosts follows datasets/lab/tranco1m.params: 59 % of the endpoints
 * are tenants of one operator on 32 addresses, each with a host name of its own, inferred after the first ones.
 *
 * A table is measured by giving it back at the end: resident memory before and after.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/mix.h"
#include "scanner/base/memory.h"
#include "scanner/domain/shared_operators.h"
#include "scanner/owners/chain_owner.h"
#include "scanner/owners/domain_owner.h"
#include "scanner/owners/host_work.h"
#include "scanner/owners/service_work.h"

#define BLOCK_LINES 8192

/* --- the world -------------------------------------------------------------------------------- */

struct world {
    uint32_t total;
    struct public_suffixes *suffixes;
    struct blocklist *blocklist;
    struct shared_operators shared;
    struct judging_terms terms;
    struct scan_counts counts;
    struct issuer_hosts *issuer_hosts;
    struct fact_book *book;
    struct row_sink rows;
    struct recorder recorder;
    struct owner_out out;
    struct owner_out judge_out;
    struct buf own; /* messages to the worker */
    struct buf to_judge;
    struct known_chains chains;
    struct arena_pool arenas;
    struct spool_budget budget;
    struct spool spool;
    struct wheel wheel;
    struct domain_owner domains;
    struct host_owner hosts;
    struct service_owner services;
    struct chain_owner lists;
    struct mix_shown shown;
    uint64_t rows_of[TABLE_COUNT];
    uint64_t tenant_endpoints;
};

static void read_no_certificate(void *arg, struct span der)
{
    (void)arg;
    (void)der;
}

static struct chain_brief judge_nothing(void *arg, const uint8_t chain_id[32],
                                        const uint8_t (*digests)[32], struct span list)
{
    (void)arg;
    (void)chain_id;
    (void)list;
    return (struct chain_brief){.status = CHAIN_TRUSTED,
                                .issuers = 1 + digests[1][0] % MIX_ISSUERS};
}

static void open_recorder(struct world *w)
{
    static const uint16_t ports[] = {25};
    w->issuer_hosts = issuer_hosts_new();
    w->book = fact_book_new(FACTS_NO_BOUND);
    counts_init(&w->counts, ports, 1);
    row_sink_init(&w->rows, true, false, false);
    recorder_init(&w->recorder, &w->rows, &w->terms, &w->counts, w->issuer_hosts, w->book,
                  KEY_STORE_NO_BOUND);
    owner_out_init(&w->out);
    owner_out_init(&w->judge_out);
    w->own = w->to_judge = BUF_INIT(BUF_NO_LIMIT);
    w->out.division = (struct division){.parts = 1, .count = 1};
    w->out.judge_count = 1;
    w->out.to_worker = &w->own;
    w->out.to_judge = &w->to_judge;
    w->out.recorder = &w->recorder;
    w->judge_out.division = (struct division){.parts = 1, .count = 1};
    w->judge_out.judge_count = 1;
    w->judge_out.to_worker = &w->own;
    w->judge_out.to_judge = &w->to_judge;
}

static void open_owners(struct world *w)
{
    static const uint16_t ports[] = {25};
    const struct dial_rules dial = {
        .blocklist = w->blocklist, .ipv4 = true, .ipv6 = true, .allow_special_addresses = true};
    const struct domain_rules domains = {
        .suffixes = w->suffixes, .dial = dial, .works_max = UINT32_MAX};
    const struct host_rules hosts = {.suffixes = w->suffixes,
                                     .dial = dial,
                                     .ports = ports,
                                     .port_count = 1,
                                     .works_max = UINT32_MAX};
    const struct service_rules services = {.suffixes = w->suffixes,
                                           .first_port = 25,
                                           .probes = {.sni = true, .no_sni = true},
                                           .infer = INFER_LISTED,
                                           .shared_operators = &w->shared,
                                           .names_per_address = 500,
                                           .sessions_max = UINT32_MAX,
                                           .names_max = UINT32_MAX};
    const struct chain_judging judging = {.certificate = read_no_certificate,
                                          .list = judge_nothing};
    known_chains_init(&w->chains);
    spool_init(&w->spool, &w->budget);
    wheel_init(&w->wheel, 1, 1);
    domain_owner_init(&w->domains, &domains, &w->out, &w->chains, &w->arenas, &w->spool);
    host_owner_init(&w->hosts, &hosts, &w->out, &w->arenas, &w->spool);
    service_owner_init(&w->services, &services, &w->out, &w->chains, &w->arenas, &w->spool,
                       &w->wheel);
    chain_owner_init(&w->lists, &judging, &w->judge_out);
}

static void world_open(struct world *w, uint32_t total)
{
    static const char shared[] =
        "wildcard,operator,source,date\n" MIX_WILDCARD ",one,https://tenants.net/,2026-11-29\n";
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    *w = (struct world){.total = total,
                        .suffixes = public_suffixes_load(NULL),
                        .blocklist = blocklist_new(),
                        .shown = {.list = BUF_INIT(BUF_NO_LIMIT)}};
    CHECK(w->suffixes != NULL);
    CHECK(shared_operators_parse(&w->shared, SPAN_LIT(shared), "list", &why));
    open_recorder(w);
    open_owners(w);
}

/* --- questions, sessions, messages ------------------------------------------------------------ */

#define RRS_MAX MIX_ADDRESSES_MAX

struct answered {
    char name[RRS_MAX][MIX_NAME_SIZE];
    struct dns_rr rrs[RRS_MAX];
    struct dns_answer a;
};

static struct dns_rr *add_rr(struct answered *x, uint16_t type)
{
    x->a.seen.state = DNS_DATA;
    x->rrs[x->a.rr_count] = (struct dns_rr){.type = type};
    return &x->rrs[x->a.rr_count++];
}

static void answer_mx(struct world *w, struct span domain, struct answered *x)
{
    uint32_t number = (uint32_t)strtoul((const char *)domain.at + 1, NULL, 10); /* d00000042.com */
    for (uint32_t n = 0; n < mix_host_count(number); n++) {
        mix_host_name(number, n, w->total, x->name[n]);
        struct dns_rr *rr = add_rr(x, DNS_TYPE_MX);
        rr->mx.preference = (uint16_t)(10 * (n + 1));
        rr->mx.exchange = span_of(x->name[n]);
    }
}

static void answer_addresses(struct world *w, const struct owner_question *q, struct answered *x)
{
    struct mix_host h = mix_host_of(q->name, w->total);
    w->tenant_endpoints += h.kind == MIX_TENANT && q->type == DNS_TYPE_A ? h.count : 0;
    for (size_t i = 0; i < h.count; i++) {
        if (h.addresses[i].family == (q->type == DNS_TYPE_A ? 4 : 6)) {
            add_rr(x, q->type)->address = h.addresses[i];
        }
    }
}

static void answer_ptr(struct world *w, uint64_t service, struct answered *x)
{
    if (mix_ptr(&w->services.services[service].address, w->total, x->name[0])) {
        add_rr(x, DNS_TYPE_PTR)->name = span_of(x->name[0]);
    }
}

static void answer(struct world *w, const struct owner_question *q)
{
    struct answered x;
    x.a = (struct dns_answer){.seen = {.state = DNS_NODATA, .ede = -1}, .rrs = x.rrs, .asked = 1};
    if (q->type == DNS_TYPE_MX) {
        answer_mx(w, q->name, &x);
    } else if (q->type == DNS_TYPE_PTR) {
        answer_ptr(w, q->tag, &x);
    } else if (q->asker == OWNER_HOST && (q->type == DNS_TYPE_A || q->type == DNS_TYPE_AAAA)) {
        answer_addresses(w, q, &x);
    }
    switch ((enum owner_kind)q->asker) {
    case OWNER_DOMAIN:
        domain_on_answer(&w->domains, q->tag, &x.a);
        return;
    case OWNER_HOST:
        host_on_answer(&w->hosts, q->tag, &x.a);
        return;
    case OWNER_SERVICE:
        service_on_answer(&w->services, q->tag, &x.a);
        return;
    case OWNER_DESK:
        break;
    }
    UNREACHABLE("nobody's question");
}

static void on_chain_known(struct world *w, const struct message_chain_known *m)
{
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    uint32_t count = known_chains_take(&w->chains, m, &waiters, &verdict);
    for (uint32_t i = 0; i < count; i++) {
        service_on_verdict(&w->services, waiters[i].index, m->chain_id, verdict);
    }
}

static void on_message(struct world *w, enum message_kind kind, struct span body)
{
#define HANDLE(NAME, name, handler, owner)                  \
    if (kind == MESSAGE_##NAME) {                           \
        struct message_##name m = message_get_##name(body); \
        handler(owner, &m);                                 \
        return;                                             \
    }
    HANDLE(HOST_WANT, host_want, host_on_want, &w->hosts)
    HANDLE(HOST_RESOLVED, host_resolved, domain_on_host_resolved, &w->domains)
    HANDLE(HOST_DONE, host_done, domain_on_host_done, &w->domains)
    HANDLE(ADDRESS_WANT, address_want, service_on_address_want, &w->services)
    HANDLE(ENDPOINT_DONE, endpoint_done, host_on_endpoint_done, &w->hosts)
    HANDLE(NAME_CHECK, name_check, host_on_name_check, &w->hosts)
    HANDLE(NAME_CHECKED, name_checked, service_on_name_checked, &w->services)
    HANDLE(CHAIN_KNOWN, chain_known, on_chain_known, w)
    HANDLE(CHAIN_NEW, chain_new, chain_on_new, &w->lists)
#undef HANDLE
    UNREACHABLE("a message of nobody here");
}

static bool handle_messages(struct world *w, struct buf *from)
{
    struct buf messages = *from;
    struct span in = buf_span(&messages);
    enum message_kind kind;
    *from = BUF_INIT(BUF_NO_LIMIT);
    for (struct span body; message_next(&in, &kind, &body);) {
        on_message(w, kind, body);
    }
    bool some = messages.len > 0;
    buf_deinit(&messages);
    return some;
}

static bool handle_questions(struct world *w)
{
    struct buf questions = w->out.questions;
    struct span in = buf_span(&questions);
    struct owner_question q;
    w->out.questions = BUF_INIT(BUF_NO_LIMIT);
    while (owner_question_next(&in, &q)) {
        answer(w, &q);
    }
    bool some = questions.len > 0;
    buf_deinit(&questions);
    return some;
}

static bool handle_dials(struct world *w)
{
    struct buf dials = w->out.dials;
    struct span in = buf_span(&dials);
    w->out.dials = BUF_INIT(BUF_NO_LIMIT);
    while (in.len > 0) {
        struct owner_dial d;
        codec_get_octets(&in, &d, sizeof(d));
        struct seen_session s = mix_session(&d, &w->shown);
        service_on_session_end(&w->services, d.visit, &s);
    }
    bool some = dials.len > 0;
    buf_deinit(&dials);
    return some;
}

static void drop_rows(struct world *w)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        w->rows_of[t] += w->rows.table[t].rows;
        w->rows.table[t].rows = 0;
        buf_reset_trim(&w->rows.table[t].ndjson, 1U << 20);
    }
    buf_reset(&w->out.settled);
    buf_reset(&w->out.finished);
}

/* Until nobody asks for anything any more. */
static void carry_out(struct world *w)
{
    for (bool more = true; more;) {
        more = service_go_on(&w->services);
        more = handle_messages(w, &w->own) || more;
        more = handle_messages(w, &w->to_judge) || more;
        more = handle_questions(w) || more;
        more = handle_dials(w) || more;
        drop_rows(w);
    }
}

static void add_block(struct world *w, uint32_t block, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        char name[MIX_NAME_SIZE];
        (void)snprintf(name, sizeof(name), "d%08u.com", i);
        struct message_domain m = {
            .block = block, .input_line = i + 1, .input = span_of(name), .domain = span_of(name)};
        domain_on_line(&w->domains, &m);
        carry_out(w);
    }
    host_on_block_close(&w->hosts, block);
    carry_out(w);
    service_on_block_closed(&w->services, block);
    carry_out(w);
}

/* --- the account ------------------------------------------------------------------------------ */

/* Octets that the machine holds for us, proc(5): parts of large tables that were never touched are no memory, and what
 * malloc keeps for later is given back first. */
static size_t resident_octets(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    (void)malloc_trim(0);
    CHECK(file != NULL && fscanf(file, "%*u %lu", &pages) == 1);
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t told; /* in use when the last line was printed */

/* What was given back since the last line. @param budget octets a key; 0: none */
static void say(const char *what, uint64_t keys, double budget)
{
    size_t now = resident_octets();
    double octets = (double)(told - now);
    told = now;
    (void)printf("  %-34s %9.1f MiB", what, octets / (1 << 20));
    if (keys > 0) {
        (void)printf(" %8.1f octets a key", octets / (double)keys);
    }
    if (budget > 0) {
        (void)printf(", budget %.0f%s", budget, octets / (double)keys > budget ? ": over" : "");
    }
    (void)printf("\n");
}

static double part_sum; /* of a group of tables */

static void say_part(const char *what, uint64_t keys)
{
    part_sum += (double)(told - resident_octets());
    say(what, keys, 0);
}

static void say_sum(const char *what, uint64_t keys, double budget)
{
    double each = keys > 0 ? part_sum / (double)keys : 0;
    (void)printf("%-36s %9.1f MiB %8.1f octets a key, budget %.0f%s\n", what, part_sum / (1 << 20),
                 each, budget, each > budget ? ": over" : "");
    part_sum = 0;
}

static void give_back_map(struct map *m)
{
    map_deinit(m);
    *m = (struct map){0};
}

static void give_back_keys(struct key_table *t)
{
    key_table_deinit(t);
    *t = (struct key_table){0};
}

static void account_domains(struct world *w)
{
    uint64_t keys = w->domains.names.count;
    (void)printf("\n%llu domains\n", (unsigned long long)keys);
    give_back_keys(&w->domains.names);
    free(w->domains.lines);
    w->domains.lines = NULL;
    say_part("names and lines", keys);
    domain_owner_deinit(&w->domains);
    say_part("slots and work", keys);
    say_sum("domains", keys, 64);
}

static void account_hosts(struct world *w)
{
    uint64_t hosts = w->rows_of[TABLE_HOSTS];
    uint64_t names = w->hosts.names.count;
    uint64_t endpoints = w->rows_of[TABLE_ENDPOINTS];
    (void)printf("\n%llu hosts with %llu endpoints, and %llu names that only reverse DNS names\n",
                 (unsigned long long)hosts, (unsigned long long)endpoints,
                 (unsigned long long)(names - hosts));
    (void)printf("%.0f %% of the endpoints are tenants of one operator\n",
                 100 * (double)w->tenant_endpoints / (double)endpoints);
    for (uint32_t i = 0; i < names; i++) {
        CHECK(w->hosts.entries[i].state == HOST_KEPT || w->hosts.entries[i].state == HOST_DONE);
    }
    shelf_deinit(&w->hosts.shelf);
    shelf_init(&w->hosts.shelf);
    say_part("records, with endpoints", names + endpoints);
    give_back_keys(&w->hosts.names);
    say_part("names", names);
    host_owner_deinit(&w->hosts);
    say_part("entries", names);
    say_sum("names and endpoints", names + endpoints, 128);
}

/* Before the services: what is kept of a certificate that is presented without SNI. */
static double account_default_names(struct world *w)
{
    size_t before = told;
    leaf_names_deinit(&w->services.default_names);
    leaf_names_init(&w->services.default_names);
    told = resident_octets();
    return (double)(before - told);
}

static void account_services(struct world *w)
{
    struct service_owner *o = &w->services;
    uint64_t keys = o->count;
    (void)printf("\n%llu services in %u networks, %u certificate groups\n",
                 (unsigned long long)keys, o->network_keys.count, o->groups->count);
    give_back_keys(&o->keys);
    say_part("addresses", keys);
    free(o->services);
    o->services = NULL;
    o->count = 0;
    say_part("services", keys);
    give_back_keys(&o->network_keys);
    free(o->networks);
    o->networks = NULL;
    say_part("networks", keys);
    arena_pool_deinit(&w->arenas);
    w->arenas = (struct arena_pool){0};
    say_part("memory of work, for the next", keys);
    buf_deinit(&o->server_domains);
    free(o->domains_at);
    o->domains_at = NULL;
    say_part("domains of certificates, banners", keys);
    free(o->ptr_hashes);
    o->ptr_hashes = NULL;
    say_part("PTR names", keys);
    certificate_groups_free(o->groups);
    o->groups = NULL;
    say_part("certificate groups", keys);
    service_owner_deinit(o);
    say_part("visits and the rest", keys);
    say_sum("services", keys, 128);
}

static void account_lists(struct world *w, double default_names)
{
    uint64_t lists = w->lists.chains.count;
    uint64_t certificates = w->lists.certificates.count;
    (void)printf("\n%llu lists, %llu certificates\n", (unsigned long long)lists,
                 (unsigned long long)certificates);
    give_back_map(&w->lists.chains);
    say_part("lists of the judge", lists);
    uint64_t known = w->chains.ids.count;
    known_chains_deinit(&w->chains);
    say_part("verdicts of the worker", known);
    say_sum("lists", lists, 80);
    give_back_keys(&w->lists.certificates);
    say_part("certificates of the judge", certificates);
    chain_owner_deinit(&w->lists);
    part_sum += default_names;
    (void)printf("  %-34s %9.1f MiB %8.1f octets a key\n", "names of default certificates",
                 default_names / (1 << 20), default_names / (double)certificates);
    say_sum("certificates", certificates, 80);
}

static void account_rest(struct world *w)
{
    (void)printf("\nthe rest\n");
    issuer_hosts_free(w->issuer_hosts);
    fact_book_free(w->book);
    say("hosts by issuer", 0, 0);
    recorder_deinit(&w->recorder);
    row_sink_deinit(&w->rows);
    counts_deinit(&w->counts);
    say("sums and rows", 0, 0);
}

int main(int argc, char **argv)
{
    static struct world w;
    uint32_t total = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000;
    struct rusage usage;
    hash_secret_init();
    world_open(&w, total);
    clock_t begin = clock();
    size_t before = resident_octets();
    for (uint32_t at = 0, block = 0; at < total; at += BLOCK_LINES, block++) {
        add_block(&w, block, at, total - at < BLOCK_LINES ? total : at + BLOCK_LINES);
    }
    told = resident_octets();
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf(
        "%u domains in %.0f s: %.1f MiB are kept, %.0f octets a domain; peak RSS %.1f MiB\n", total,
        (double)(clock() - begin) / CLOCKS_PER_SEC, (double)(told - before) / (1 << 20),
        (double)(told - before) / total, (double)usage.ru_maxrss / 1024);
    bool done = w.domains.works == 0 && w.services.services_open == 0;
    account_domains(&w);
    account_hosts(&w);
    double default_names = account_default_names(&w);
    account_services(&w);
    account_lists(&w, default_names);
    account_rest(&w);
    return done && w.rows_of[TABLE_DOMAINS] == total ? 0 : 1;
}
