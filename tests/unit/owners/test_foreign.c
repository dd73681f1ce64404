/**
 * Messages that message_check() calls sound, but that nobody of ours would send: those of a scan under way with octets changed. Owners take
 * them without a CHECK that fails, and their own work comes to its end all the same.
 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/flow/message_check.h"
#include "scanner/owners/domain_owner.h"
#include "scanner/owners/host_owner.h"
#include "scanner/owners/service_owner.h"
#include "tests/unit/owners/stage.h"

#define ROUNDS  400
#define CHANGED 40 /* of each message and round */
#define HEADER  8

struct foreign {
    struct stage stage;
    struct public_suffixes *suffixes;
    struct known_chains chains;
    struct wheel wheel;
    struct domain_owner domains;
    struct host_owner hosts;
    struct service_owner services;
    uint64_t random;
    uint64_t taken; /* that were sound */
};

static const uint16_t ports[] = {25};
static const struct shared_operators no_operators;

static void foreign_init(struct foreign *w)
{
    *w = (struct foreign){.suffixes = public_suffixes_load(NULL), .random = 1};
    stage_init(&w->stage, NULL, NULL);
    known_chains_init(&w->chains);
    wheel_init(&w->wheel, 1000, 1);
    const struct dial_rules dial = {.blocklist = w->stage.blocklist, .ipv4 = true, .ipv6 = true};
    const struct domain_rules of_domains = {
        .suffixes = w->suffixes, .dial = dial, .works_max = UINT32_MAX};
    const struct host_rules of_hosts = {.suffixes = w->suffixes,
                                        .dial = dial,
                                        .ports = ports,
                                        .port_count = 1,
                                        .works_max = UINT32_MAX};
    const struct service_rules of_services = {.suffixes = w->suffixes,
                                              .first_port = 25,
                                              .probes = {.sni = true, .no_sni = true},
                                              .infer = INFER_ALL,
                                              .shared_operators = &no_operators,
                                              .sessions_max = UINT32_MAX,
                                              .names_max = UINT32_MAX};
    struct stage *s = &w->stage;
    domain_owner_init(&w->domains, &of_domains, &s->out, &w->chains, &s->arenas, &s->spool);
    host_owner_init(&w->hosts, &of_hosts, &s->out, &s->arenas, &s->spool);
    service_owner_init(&w->services, &of_services, &s->out, &w->chains, &s->arenas, &s->spool,
                       &w->wheel);
    w->services.now_ms = 1000;
    s->out.state = &s->state; /* of a fleet */
}

static void foreign_deinit(struct foreign *w)
{
    cr_expect_gt(w->taken, ROUNDS, "hardly any was sound");
    service_owner_deinit(&w->services);
    host_owner_deinit(&w->hosts);
    domain_owner_deinit(&w->domains);
    known_chains_deinit(&w->chains);
    public_suffixes_free(w->suffixes);
    stage_deinit(&w->stage);
}

static uint32_t draw(struct foreign *w, size_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)(w->random % below);
}

/* --- what an owner asks for ------------------------------------------------------------------- */

static void answer_question(struct foreign *w, const struct owner_question *q)
{
    struct dns_rr rr = {.type = q->type};
    struct dns_answer answer = {.seen = {.state = DNS_NODATA}, .rrs = &rr, .asked = 1};
    if (q->type == DNS_TYPE_MX) {
        rr.mx.exchange = SPAN_LIT("mx.test");
    } else {
        rr.address = net_addr_v4((const uint8_t[]){11, 0, 0, 1});
    }
    if (q->type == DNS_TYPE_MX || q->type == DNS_TYPE_A) {
        answer.seen.state = DNS_DATA;
        answer.rr_count = 1;
    }
    if (q->asker == OWNER_DOMAIN) {
        domain_on_answer(&w->domains, q->tag, &answer);
    } else if (q->asker == OWNER_HOST) {
        host_on_answer(&w->hosts, q->tag, &answer);
    } else {
        service_on_answer(&w->services, q->tag, &answer);
    }
}

/* Questions are answered, until there are none; whatever else was asked for is left undone. */
static void drain(struct foreign *w)
{
    struct owner_out *out = &w->stage.out;
    while (service_go_on(&w->services) || out->questions.len > 0) {
        struct buf questions = out->questions;
        out->questions = BUF_INIT(BUF_NO_LIMIT);
        struct owner_question q;
        for (struct span in = buf_span(&questions); owner_question_next(&in, &q);) {
            answer_question(w, &q);
        }
        buf_deinit(&questions);
    }
    for (size_t i = 0; i < STAGE_WORKERS; i++) {
        buf_reset(&w->stage.to_worker[i]);
    }
    buf_reset(&w->stage.to_policies);
    buf_reset(&w->stage.to_judge[0]);
    buf_reset(&w->stage.state);
    buf_reset(&out->dials);
    buf_reset(&out->settled);
    buf_reset(&out->holds);
}

/* --- what comes to it ------------------------------------------------------------------------- */

static void hand_over(struct foreign *w, enum message_kind kind, struct span body)
{
    switch ((int)kind) {
#define HANDLE(NAME, name, handler, owner)                  \
    case MESSAGE_##NAME: {                                  \
        struct message_##name m = message_get_##name(body); \
        handler(owner, &m);                                 \
        break;                                              \
    }
        HANDLE(DOMAIN, domain, domain_on_line, &w->domains)
        HANDLE(HOST_LATE, host_late, domain_on_host_late, &w->domains)
        HANDLE(HOST_RESOLVED, host_resolved, domain_on_host_resolved, &w->domains)
        HANDLE(HOST_DONE, host_done, domain_on_host_done, &w->domains)
        HANDLE(HOST_WANT, host_want, host_on_want, &w->hosts)
        HANDLE(NAME_CHECK, name_check, host_on_name_check, &w->hosts)
        HANDLE(ENDPOINT_DONE, endpoint_done, host_on_endpoint_done, &w->hosts)
        HANDLE(ADDRESS_WANT, address_want, service_on_address_want, &w->services)
        HANDLE(NAME_CHECKED, name_checked, service_on_name_checked, &w->services)
        HANDLE(PERMIT_WANT, permit_want, service_on_permit_want, &w->services)
        HANDLE(PERMIT_RETURN, permit_return, service_on_permit_return, &w->services)
        HANDLE(KNOWN_DOMAIN, known_domain, domain_on_known, &w->domains)
        HANDLE(KNOWN_HOST, known_host, host_on_known, &w->hosts)
        HANDLE(KNOWN_RESOLVED, known_resolved, host_on_known_resolved, &w->hosts)
        HANDLE(KNOWN_SERVICE, known_service, service_on_known, &w->services)
        HANDLE(KNOWN_NAME, known_name, service_on_known_name, &w->services)
        HANDLE(KNOWN_SPEAKER, known_speaker, service_on_known_speaker, &w->services)
#undef HANDLE
    default:
        return;
    }
    drain(w);
}

static void hand_over_if_sound(struct foreign *w, struct span octets)
{
    enum message_kind kind;
    struct span body;
    if (message_check(octets, &kind, &body) == MESSAGE_SOUND) {
        w->taken++;
        hand_over(w, kind, body);
    }
}

/* It with some octets changed, often, and then, or not at all, as it is. */
static void meddle(struct foreign *w, struct buf *message, bool at_last)
{
    for (unsigned i = 0; i < CHANGED; i++) {
        struct buf changed = BUF_INIT(BUF_NO_LIMIT);
        buf_put(&changed, buf_span(message));
        for (uint32_t n = draw(w, 3) + 1; n > 0; n--) {
            uint8_t to = (uint8_t)draw(w, draw(w, 2) == 0 ? 256 : 4);
            changed.at[HEADER + draw(w, changed.len - HEADER)] = to;
        }
        hand_over_if_sound(w, buf_span(&changed));
        buf_deinit(&changed);
    }
    if (at_last) {
        hand_over_if_sound(w, buf_span(message));
    }
    buf_reset(message);
}

static struct endpoint_brief done_brief(void)
{
    return (struct endpoint_brief){.address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}),
                                   .port = 25,
                                   .outcome = OUTCOME_ESTABLISHED,
                                   .mx_operator = SPAN_LIT("example.org")};
}

Test(foreign, domains_end_whatever_comes)
{
    struct foreign w;
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    uint64_t lines = 0;
    foreign_init(&w);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "d%u.test", i);
        struct span domain = span_of(name);
        struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
        codec_put_brief(&briefs, done_brief());
        const struct message_domain line = {
            .input_line = i + 1, .input = domain, .domain = domain, .metadata = SPAN_LIT("{}")};
        const struct message_host_late late = {
            .block = 20, .domain = domain, .host = SPAN_LIT("mx.test")};
        const struct message_host_resolved resolved = {.domain = domain,
                                                       .host = SPAN_LIT("mx.test")};
        const struct message_host_done done = {
            .domain = domain,
            .host = SPAN_LIT("mx.test"),
            .result = {.address_count = 1, .endpoint_count = 1, .endpoints = buf_span(&briefs)}};
        const struct message_domain invalid = {.input_line = ROUNDS * 2,
                                               .invalid = SPAN_LIT("missing_column")};
        message_put_domain(&m, &invalid);
        meddle(&w, &m, false);
        message_put_domain(&m, &line);
        meddle(&w, &m, true);
        message_put_host_late(&m, &late);
        meddle(&w, &m, i % 2 == 0);
        message_put_host_resolved(&m, &resolved);
        meddle(&w, &m, true);
        message_put_host_done(&m, &done);
        meddle(&w, &m, true);
        buf_deinit(&briefs);
        for (struct span in = buf_span(&w.stage.out.finished); in.len > 0;) {
            struct finished_line f;
            codec_get_octets(&in, &f, sizeof(f));
            lines += f.input_line == line.input_line;
        }
        buf_reset(&w.stage.out.finished);
    }
    cr_expect_geq(lines, ROUNDS * 9 / 10, "%llu; a line of the same number may have come before",
                  (unsigned long long)lines);
    buf_deinit(&m);
    foreign_deinit(&w);
}

Test(foreign, hosts_end_whatever_comes)
{
    struct foreign w;
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    foreign_init(&w);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "mx%u.test", i);
        const struct message_host_want want = {.block = i,
                                               .dial = 1,
                                               .addresses_max = 4,
                                               .domain = SPAN_LIT("d.test"),
                                               .host = span_of(name)};
        const struct message_name_check check = {
            .address = net_addr_v4((const uint8_t[]){11, 0, 0, 1}), .name = span_of(name)};
        const struct message_endpoint_done done = {.host = span_of(name), .brief = done_brief()};
        message_put_host_want(&m, &want);
        meddle(&w, &m, true);
        message_put_name_check(&m, &check);
        meddle(&w, &m, true);
        host_on_block_close(&w.hosts, i);
        drain(&w);
        message_put_endpoint_done(&m, &done);
        meddle(&w, &m, true);
    }
    buf_deinit(&m);
    foreign_deinit(&w);
}

Test(foreign, services_take_whatever_comes)
{
    struct foreign w;
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    struct buf tlsas = BUF_INIT(BUF_NO_LIMIT);
    foreign_init(&w);
    codec_put_tlsa(&tlsas, (struct seen_tlsa){.usage = 3, .data = SPAN_LIT("digest")});
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct net_addr a = net_addr_v4((const uint8_t[]){11, 0, (uint8_t)(i >> 8), (uint8_t)i});
        const struct message_address_want want = {.block = i,
                                                  .host = SPAN_LIT("mx.test"),
                                                  .address = a,
                                                  .port = 25,
                                                  .tlsa_base = SPAN_LIT("mx.test"),
                                                  .tlsas = buf_span(&tlsas)};
        const struct message_name_checked checked = {
            .address = a, .name = SPAN_LIT("mx.test"), .confirmed = TRUTH_YES};
        const struct message_permit_want permit = {.fetch = i, .address = a};
        const struct message_permit_return returned = {.fetch = i, .address = a};
        message_put_address_want(&m, &want);
        meddle(&w, &m, true);
        message_put_permit_want(&m, &permit);
        meddle(&w, &m, true);
        service_on_block_closed(&w.services, i);
        drain(&w);
        message_put_name_checked(&m, &checked);
        meddle(&w, &m, true);
        message_put_permit_return(&m, &returned);
        meddle(&w, &m, i % 2 == 0);
    }
    buf_deinit(&tlsas);
    buf_deinit(&m);
    foreign_deinit(&w);
}

/* --- state of before -------------------------------------------------------------------------- */

static void put_resolved(struct buf *m, struct span host, uint32_t block)
{
    struct buf addresses = BUF_INIT(BUF_NO_LIMIT);
    struct buf cnames = BUF_INIT(BUF_NO_LIMIT);
    struct buf tlsas = BUF_INIT(BUF_NO_LIMIT);
    codec_put_addr(&addresses, net_addr_v4((const uint8_t[]){11, 0, 0, 1}));
    codec_put_addr(&addresses, net_addr_v4((const uint8_t[]){11, 0, 0, 2}));
    codec_put_span(&cnames, SPAN_LIT("real.test"));
    codec_put_tlsa(&tlsas, (struct seen_tlsa){.usage = 3, .data = SPAN_LIT("digest")});
    const struct message_known_resolved r = {.host = host,
                                             .block = block,
                                             .addresses_max = 4,
                                             .a = {.state = DNS_DATA},
                                             .cnames = buf_span(&cnames),
                                             .addresses = buf_span(&addresses),
                                             .tlsas = buf_span(&tlsas),
                                             .expanded_tlsas = buf_span(&tlsas)};
    message_put_known_resolved(m, &r);
    buf_deinit(&addresses);
    buf_deinit(&cnames);
    buf_deinit(&tlsas);
}

Test(foreign, hosts_of_before_end_whatever_is_said_of_them)
{
    struct foreign w;
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    foreign_init(&w);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "mx%u.test", i);
        struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
        codec_put_brief(&briefs, done_brief());
        const struct message_known_host known = {
            .host = span_of(name),
            .result = {.address_count = 1, .endpoint_count = 1, .endpoints = buf_span(&briefs)}};
        const struct message_known_domain domain = {.input_line = i + 1, .domain = span_of(name)};
        const struct message_host_want want = {.block = i,
                                               .dial = 1,
                                               .addresses_max = 4,
                                               .domain = SPAN_LIT("d.test"),
                                               .host = span_of(name)};
        const struct message_endpoint_done done = {.host = span_of(name), .brief = done_brief()};
        message_put_known_domain(&m, &domain);
        meddle(&w, &m, true);
        put_resolved(&m, span_of(name), i);
        meddle(&w, &m, i % 3 != 0);
        message_put_known_host(&m, &known);
        meddle(&w, &m, i % 2 == 0);
        message_put_host_want(&m, &want);
        meddle(&w, &m, true);
        message_put_endpoint_done(&m, &done);
        meddle(&w, &m, true);
        host_on_block_close(&w.hosts, i);
        drain(&w);
        buf_deinit(&briefs);
    }
    buf_deinit(&m);
    foreign_deinit(&w);
}

static void put_known_sessions(struct foreign *w, const struct net_addr *a, struct span host)
{
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    struct buf session = BUF_INIT(BUF_NO_LIMIT);
    struct buf told = BUF_INIT(BUF_NO_LIMIT);
    uint8_t id[32] = {1};
    struct seen_session seen = {.outcome = OUTCOME_ESTABLISHED,
                                .sni = true,
                                .tls_attempted = true,
                                .tls = {.completed = true,
                                        .version = 0x0304,
                                        .list = SPAN_LIT("\0\0\3der"),
                                        .cert_count = 1,
                                        .chain_id = {1},
                                        .leaf_sha256 = {1}}};
    codec_put_session(&session, seen);
    const struct message_known_service service = {
        .address = *a, .port = 25, .session = buf_span(&session)};
    const struct message_known_speaker speaker = {
        .host = host, .address = *a, .port = 25, .attempts = buf_span(&session)};
    struct message_endpoint_done done = {.host = host, .brief = done_brief()};
    done.brief.address = *a;
    message_put_endpoint_done(&told, &done);
    const struct message_known_name name = {.host = host,
                                            .address = *a,
                                            .port = 25,
                                            .has_chain = true,
                                            .by_wildcard = true,
                                            .outcome = OUTCOME_ESTABLISHED,
                                            .chain_id = {id, sizeof(id)},
                                            .told = buf_span(&told)};
    message_put_known_service(&m, &service);
    meddle(w, &m, true);
    message_put_known_speaker(&m, &speaker);
    meddle(w, &m, true);
    message_put_known_name(&m, &name);
    meddle(w, &m, draw(w, 2) == 0);
    buf_deinit(&m);
    buf_deinit(&session);
    buf_deinit(&told);
}

/* Whoever speaks for others by what is said of it has its row written by that. */
Test(foreign, services_of_before_take_whatever_is_said_of_them)
{
    struct foreign w;
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    foreign_init(&w);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct net_addr a = net_addr_v4((const uint8_t[]){11, 0, (uint8_t)(i >> 8), (uint8_t)i});
        put_known_sessions(&w, &a, SPAN_LIT("a.shared.test"));
        const struct message_address_want want = {
            .block = i, .host = SPAN_LIT("a.shared.test"), .address = a, .port = 25};
        message_put_address_want(&m, &want);
        meddle(&w, &m, true);
        service_on_block_closed(&w.services, i);
        drain(&w);
    }
    service_finish_groups(&w.services);
    buf_deinit(&m);
    foreign_deinit(&w);
}
