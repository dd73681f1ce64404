#include "scanner/owners/host_owner.h"

#include <stdio.h>

#include "scanner/analysis/rollup.h"
#include "scanner/base/memory.h"
#include "scanner/dane/dane.h"
#include "scanner/owners/address_answers.h"
#include "scanner/owners/host_work.h"

/* From KEPT, UNKNOWN or on. */
static struct host_work *host_work_on(struct host_owner *o, struct host_entry *e, struct span name)
{
    if (e->state == HOST_PARKED) {
        host_unpark(o, e);
    }
    if (host_has_work(e)) {
        return e->work;
    }
    struct span kept = e->state == HOST_KEPT ? host_record_at(o, e) : (struct span){0};
    struct host_work *h = host_work_new(o, e);
    h->seen.name = arena_copy(&h->arena, name);
    h->block = UINT32_MAX;
    h->seen.block = -1;
    if (kept.len > 0) {
        host_record_restore(h, kept);
    }
    bool listed = blocklist_has_name(o->rules.dial.blocklist, name);
    h->seen.blocklisted = h->seen.blocklisted || listed;
    h->quiet = host_take_literal(h) || listed;
    host_enter(e, HOST_LOOKS_UP);
    return h;
}

static uint32_t host_block(const struct host_work *h)
{
    return h->late ? late_block(h->block) : h->block;
}

/* --- what domains hear ---------------------------------------------------------------------- */

static void tell_host_late(struct host_owner *o, const struct host_work *h, struct span domain)
{
    struct message_host_late m = {.block = host_block(h), .domain = domain, .host = h->seen.name};
    message_put_host_late(out_to_name(o->out, domain), &m);
}

static void tell_resolved(struct host_owner *o, struct span domain, struct span host)
{
    struct message_host_resolved m = {.domain = domain, .host = host};
    message_put_host_resolved(out_to_name(o->out, domain), &m);
}

static void tell_done(struct host_owner *o, struct span domain, struct span host,
                      struct host_result result)
{
    struct message_host_done m = {.domain = domain, .host = host, .result = result};
    message_put_host_done(out_to_name(o->out, domain), &m);
}

/* Whoever waits for the addresses. Who wants only these (an implicit MX that is recorded, not dialled) is
 * done. */
static void tell_addresses(struct host_owner *o, struct host_work *h)
{
    const struct host_result addresses = {.a_state = h->seen.a.state,
                                          .aaaa_state = h->seen.aaaa.state,
                                          .cname_count = (uint8_t)h->seen.cname_count,
                                          .address_count = (uint16_t)h->seen.address_count};
    for (; h->subscribers_told < h->subscriber_count; h->subscribers_told++) {
        const struct subscriber *s = &h->subscribers[h->subscribers_told];
        tell_resolved(o, s->domain, h->seen.name);
        if (!s->dial) {
            tell_done(o, s->domain, h->seen.name, addresses);
        }
    }
}

/* --- what services hear --------------------------------------------------------------------- */

static uint16_t tlsa_port(const struct host_owner *o)
{
    return tlsa_port_of(o->rules.ports, o->rules.port_count);
}

static void want_endpoint(struct host_owner *o, const struct host_work *h,
                          const struct endpoint_brief *e, bool ahead)
{
    bool has_tlsa = e->port == tlsa_port(o);
    struct message_address_want m = {
        .block = host_block(h),
        .ahead = ahead,
        .host = h->seen.name,
        .address = e->address,
        .port = e->port,
        .dane_host = has_tlsa ? h->dane : DANE_HOST_UNKNOWN,
        .tlsa_base = has_tlsa ? h->tlsa_base : (struct span){0},
        .tlsas = has_tlsa ? buf_span(&h->tlsas_in_force) : (struct span){0},
    };
    message_put_address_want(out_to_address(o->out, &e->address), &m);
}

static enum host_question question_for(const struct net_addr *address)
{
    return address->family == 6 ? QUESTION_AAAA : QUESTION_A;
}

static void tell_checked(struct host_owner *o, const struct net_addr *address, struct span name,
                         uint8_t state, bool confirmed)
{
    struct message_name_checked m = {
        .address = *address, .name = name, .state = state, .confirmed = confirmed};
    message_put_name_checked(out_to_address(o->out, address), &m);
}

static void answer_check(struct host_owner *o, const struct host_work *h, const struct net_addr *a)
{
    const struct seen_host *s = &h->seen;
    bool confirmed = false;
    for (size_t i = 0; i < s->address_count; i++) {
        confirmed = confirmed || net_addr_eq(&s->addresses[i], a);
    }
    bool is_a = question_for(a) == QUESTION_A;
    tell_checked(o, a, s->name, is_a ? s->a.state : s->aaaa.state, confirmed);
}

static void answer_checks(struct host_owner *o, struct host_work *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->checker_count; i++) {
        const struct net_addr *a = &h->checkers[i];
        if (h->quiet || h->question[question_for(a)] == QUESTION_ANSWERED) {
            answer_check(o, h, a);
        } else {
            h->checkers[kept++] = *a;
        }
    }
    h->checker_count = kept;
}

static void answer_check_from_record(struct host_owner *o, const struct host_entry *e,
                                     const struct message_name_check *m)
{
    struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
    struct host_result result = host_record_result(host_record_at(o, e), &briefs);
    bool confirmed = false;
    for (size_t i = 0; i < result.endpoint_count; i++) {
        struct endpoint_brief b = codec_get_brief(&result.endpoints);
        confirmed = confirmed || (b.mapped == 0 && net_addr_eq(&b.address, &m->address));
    }
    bool is_a = question_for(&m->address) == QUESTION_A;
    tell_checked(o, &m->address, m->name, is_a ? result.a_state : result.aaaa_state, confirmed);
    buf_deinit(&briefs);
}

/* --- questions ------------------------------------------------------------------------------ */

static void host_ask(struct host_owner *o, const struct host_entry *e, enum host_question q)
{
    static const uint16_t types[QUESTION_COUNT] = {
        [QUESTION_A] = DNS_TYPE_A,
        [QUESTION_AAAA] = DNS_TYPE_AAAA,
        [QUESTION_TLSA] = DNS_TYPE_TLSA,
        [QUESTION_FIRST_CNAME] = DNS_TYPE_CNAME,
        [QUESTION_EXPANDED_TLSA] = DNS_TYPE_TLSA,
    };
    struct host_work *h = e->work;
    if (h->quiet || h->question[q] != QUESTION_NOT_ASKED) {
        return;
    }
    h->question[q] = QUESTION_ASKED;
    struct span name =
        q == QUESTION_EXPANDED_TLSA ? h->seen.cnames[h->seen.cname_count - 1] : h->seen.name;
    char prefix[16] = "";
    if (types[q] == DNS_TYPE_TLSA) { /* RFC 6698 section 3 */
        (void)snprintf(prefix, sizeof(prefix), "_%u._tcp.", (unsigned)tlsa_port(o));
    }
    owner_question_put(&o->out->questions, OWNER_HOST,
                       (uint64_t)(e - o->entries) << 8 | (uint64_t)q, types[q], prefix, name);
}

static bool asks(const struct host_work *h)
{
    for (size_t q = 0; q < QUESTION_COUNT; q++) {
        if (h->question[q] == QUESTION_ASKED) {
            return true;
        }
    }
    return false;
}

static bool links_are_secure(const struct seen_dns *dns)
{
    return (dns->state == DNS_DATA || dns->state == DNS_NODATA) && dns->ad;
}

/* RFC 7672 section 2.2.2: behind links that are secure throughout, the name at their end comes first;
 * else it matters whether the first one is secure, if that name has records. */
static void ask_behind_links(struct host_owner *o, const struct host_entry *e)
{
    const struct seen_host *s = &e->work->seen;
    if (s->cname_count == 0) {
        return;
    }
    if (links_are_secure(&s->a) && links_are_secure(&s->aaaa)) {
        host_ask(o, e, QUESTION_EXPANDED_TLSA);
    } else if (s->tlsa_count > 0) {
        host_ask(o, e, QUESTION_FIRST_CNAME);
    }
}

/* --- its endpoints -------------------------------------------------------------------------- */

/* Which records are in force, and so which name is asked for, is settled before anything is dialled. */
static void judge_dane(const struct host_owner *o, struct host_work *h)
{
    struct dane_host_verdict v;
    dane_judge_host(&h->seen, o->rules.trust_ad, &v);
    h->dane = (uint8_t)v.state;
    h->tlsa_at = (uint8_t)v.at;
    if (v.state == DANE_HOST_USABLE || v.state == DANE_HOST_UNUSABLE) {
        h->tlsa_base = v.base;
        for (size_t i = 0; i < v.tlsa_count; i++) {
            codec_put_tlsa(&h->tlsas_in_force, v.tlsas[i]);
        }
    }
}

/* All that may be dialled is to be, cap aside. */
static void list_endpoints(const struct host_owner *o, struct host_work *h)
{
    struct dial_address list[2 * HOST_ADDRESSES_MAX];
    size_t ports = o->rules.port_count;
    h->seen.endpoint_count = host_dial_list(h, list) * ports;
    h->endpoints = arena_new(&h->arena, h->seen.endpoint_count, sizeof(*h->endpoints));
    h->seen.endpoints = h->endpoints;
    for (size_t i = 0; i < h->seen.endpoint_count; i++) {
        const struct dial_address *d = &list[i / ports];
        h->endpoints[i] = (struct endpoint_brief){
            .address = d->address,
            .mapped = d->mapped,
            .port = o->rules.ports[i % ports],
            .outcome = OUTCOME_NOT_TESTED,
            .not_tested =
                (uint8_t)(h->seen.blocklisted ? NOT_TESTED_BLOCKLISTED
                                              : dial_rules_refuse(&o->rules.dial, &d->address)),
        };
    }
}

static void want_endpoints(struct host_owner *o, struct host_work *h)
{
    size_t place = 0;
    for (size_t i = 0; i < h->seen.endpoint_count; i++) {
        struct endpoint_brief *e = &h->endpoints[i];
        if (endpoint_is_awaited(e) && place < h->addresses_max) {
            h->seen.block = (int64_t)host_block(h);
            want_endpoint(o, h, e, false);
        } else if (endpoint_is_awaited(e)) {
            e->not_tested = NOT_TESTED_TRUNCATED;
        }
        bool last_of_address = (i + 1) % o->rules.port_count == 0;
        place +=
            last_of_address && e->not_tested != NOT_TESTED_FAMILY_DISABLED; /* nobody's place */
    }
}

/* However many hosts share the endpoints of a domain. */
static bool all_are_dialled(const struct host_owner *o, const struct host_work *h)
{
    return h->seen.endpoint_count <= DOMAIN_ENDPOINTS_MAX / MX_MAX * o->rules.port_count;
}

static bool awaits_endpoints(const struct host_work *h)
{
    for (size_t i = 0; i < h->seen.endpoint_count; i++) {
        if (endpoint_is_awaited(&h->endpoints[i])) {
            return true;
        }
    }
    return false;
}

/* --- steps ---------------------------------------------------------------------------------- */

/* Of a fleet: before its wants leave. Of one that was heard of so it is said already. */
static void say_resolved(const struct host_owner *o, const struct host_work *h)
{
    struct buf lists[HOST_LISTS];
    if (o->out->state == NULL || h->ahead) {
        return;
    }
    for (unsigned i = 0; i < HOST_LISTS; i++) {
        lists[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    struct message_known_resolved m = host_resolved_of(h, lists);
    message_put_known_resolved(o->out->state, &m);
    for (unsigned i = 0; i < HOST_LISTS; i++) {
        buf_deinit(&lists[i]);
    }
}

static void host_finish(struct host_owner *o, struct host_entry *e)
{
    struct host_work *h = e->work;
    (void)registrable_domain(o->rules.suffixes, h->seen.name, &h->seen.registrable);
    record_host(o->out->recorder, &h->seen, &h->arena);
    struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
    struct host_result result = host_result_of(&h->seen, h->dane, h->tlsa_at, &briefs);
    if (o->out->state != NULL) {
        const struct message_known_host m = {.host = h->seen.name, .result = result};
        message_put_known_host(o->out->state, &m);
    }
    for (size_t i = 0; i < h->subscriber_count; i++) {
        if (h->subscribers[i].dial) {
            tell_done(o, h->subscribers[i].domain, h->seen.name, result);
        }
    }
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    host_record_of(&record, result);
    host_leave_work(o, e, HOST_DONE, buf_span(&record));
    buf_deinit(&record);
    buf_deinit(&briefs);
}

static void connect_to(struct host_owner *o, struct host_entry *e)
{
    host_enter(e, HOST_CONNECTS);
    if (e->work->ahead) {
        e->work->seen.block = (int64_t)host_block(e->work);
    } else {
        judge_dane(o, e->work);
    }
    want_endpoints(o, e->work);
    if (!awaits_endpoints(e->work)) {
        host_finish(o, e);
    } else {
        say_resolved(o, e->work);
        host_may_be_parked(o, e);
    }
}

static void wait_for_block(struct host_owner *o, struct host_entry *e)
{
    host_enter(e, HOST_RESOLVED);
    list_endpoints(o, e->work);
    /* Whatever its block says, or that has closed: an owner of a fleet that took over may have it asked for a host that nobody knew. */
    if (!awaits_endpoints(e->work) || host_block(e->work) < o->blocks_closed) {
        connect_to(o, e);
        return;
    }
    o->resolved = memory_grow_list(o->resolved, o->resolved_count, sizeof(*o->resolved));
    o->resolved[o->resolved_count++] = (uint32_t)(e - o->entries);
}

static void host_go_on(struct host_owner *o, struct host_entry *e)
{
    struct host_work *h = e->work;
    answer_checks(o, h);
    if (e->state == HOST_RESOLVES && !asks(h)) {
        ask_behind_links(o, e);
    }
    if (asks(h)) {
        return;
    }
    tell_addresses(o, h);
    if (e->state == HOST_LOOKS_UP) {
        struct buf record = BUF_INIT(BUF_NO_LIMIT);
        host_record_of_addresses(&record, h);
        host_leave_work(o, e, HOST_KEPT, buf_span(&record));
        buf_deinit(&record);
    } else if (e->state == HOST_RESOLVES) {
        wait_for_block(o, e);
    } else if (e->state == HOST_CONNECTS) {
        host_may_be_parked(o, e);
    }
}

/* --- events --------------------------------------------------------------------------------- */

static size_t take_tlsas(struct arena *a, const struct dns_answer *answer,
                         const struct seen_tlsa **list)
{
    size_t kept = answer->rr_count < TLSA_MAX ? answer->rr_count : TLSA_MAX;
    struct seen_tlsa *copy = arena_new(a, kept, sizeof(*copy));
    for (size_t i = 0; i < kept; i++) {
        const struct dns_rr *rr = &answer->rrs[i];
        copy[i] = (struct seen_tlsa){.usage = rr->tlsa.usage,
                                     .selector = rr->tlsa.selector,
                                     .matching = rr->tlsa.matching,
                                     .data = arena_copy(a, rr->tlsa.data)};
    }
    *list = copy;
    return kept;
}

static void take_addresses(const struct host_owner *o, struct host_work *h,
                           const struct dns_answer *answer, bool ipv4)
{
    struct seen_host *s = &h->seen;
    bool blocklisted =
        cnames_add(&h->arena, answer, ipv4, o->rules.dial.blocklist, &s->cnames, &s->cname_count);
    s->blocklisted = s->blocklisted || blocklisted;
    s->addresses_truncated += addresses_add(&h->arena, answer, ipv4, HOST_ADDRESSES_MAX,
                                            &s->addresses, &s->address_count);
    *(ipv4 ? &s->a : &s->aaaa) = answer->seen;
}

void host_on_answer(struct host_owner *o, uint64_t tag, const struct dns_answer *answer)
{
    struct host_entry *e = &o->entries[tag >> 8];
    enum host_question q = (enum host_question)(tag & 0xff);
    struct host_work *h = e->work;
    struct seen_host *s = &h->seen;
    CHECK(host_has_work(e) && h->question[q] == QUESTION_ASKED);
    h->question[q] = QUESTION_ANSWERED;
    switch (q) {
    case QUESTION_A:
    case QUESTION_AAAA:
        take_addresses(o, h, answer, q == QUESTION_A);
        break;
    case QUESTION_TLSA:
        s->tlsa = answer->seen;
        s->tlsa_count = take_tlsas(&h->arena, answer, &s->tlsas);
        break;
    case QUESTION_EXPANDED_TLSA:
        s->expanded_tlsa = answer->seen;
        s->expanded_tlsa_count = take_tlsas(&h->arena, answer, &s->expanded_tlsas);
        break;
    case QUESTION_FIRST_CNAME: /* whether it is secure is all we want to know */
        s->first_cname = answer->seen;
        break;
    case QUESTION_COUNT:
        UNREACHABLE("not a question");
    }
    host_go_on(o, e);
}

void host_on_late(struct host_owner *o, uint64_t tag)
{
    struct host_work *h = o->entries[tag >> 8].work;
    if (h->late) {
        return;
    }
    h->late = true;
    for (size_t i = h->subscribers_told; i < h->subscriber_count; i++) {
        tell_host_late(o, h, h->subscribers[i].domain);
    }
}

static void add_subscriber(struct host_work *h, const struct message_host_want *m)
{
    h->subscribers = memory_grow_list(h->subscribers, h->subscriber_count, sizeof(*h->subscribers));
    h->subscribers[h->subscriber_count++] = (struct subscriber){
        .domain = arena_copy(&h->arena, m->domain),
        .dial = m->dial != 0,
    };
}

static void take_block(struct host_work *h, const struct message_host_want *m)
{
    if (m->block < h->block || (m->block == h->block && m->addresses_max > h->addresses_max)) {
        h->block = m->block;
        h->addresses_max = m->addresses_max;
    }
}

void host_on_want(struct host_owner *o, const struct message_host_want *m)
{
    struct host_entry *e = host_find_or_add(o, m->host);
    if (e->state == HOST_DONE) {
        tell_resolved(o, m->domain, m->host);
        struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
        tell_done(o, m->domain, m->host, host_record_result(host_record_at(o, e), &briefs));
        buf_deinit(&briefs);
        return;
    }
    struct host_work *h = host_work_on(o, e, m->host);
    add_subscriber(h, m);
    if (m->dial) {
        if (e->state == HOST_LOOKS_UP) {
            host_enter(e, HOST_RESOLVES);
        }
        take_block(h, m);
    }
    host_ask(o, e, QUESTION_A);
    host_ask(o, e, QUESTION_AAAA);
    if (m->dial) {
        host_ask(o, e, QUESTION_TLSA);
    }
    if (h->late && asks(h)) {
        tell_host_late(o, h, m->domain);
    }
    host_go_on(o, e);
}

/* Its row came after its addresses, which were told of as well; it stays in o->resolved. */
static bool is_only_resolved(const struct host_entry *e)
{
    return e->state == HOST_RESOLVED && e->work->subscriber_count == 0;
}

void host_on_known(struct host_owner *o, const struct message_known_host *m)
{
    struct host_entry *e = host_find_or_add(o, m->host);
    if (e->state != HOST_UNKNOWN && !is_only_resolved(e)) {
        o->strays++;
        return;
    }
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    host_record_of(&record, m->result);
    if (e->state == HOST_RESOLVED) {
        host_leave_work(o, e, HOST_DONE, buf_span(&record));
    } else {
        host_enter(e, HOST_DONE);
        e->record = shelf_put(&o->shelf, buf_span(&record));
    }
    buf_deinit(&record);
}

void host_on_known_resolved(struct host_owner *o, const struct message_known_resolved *m)
{
    struct host_entry *e = host_find_or_add(o, m->host);
    if (e->state != HOST_UNKNOWN) {
        o->strays++;
        return;
    }
    struct host_work *h = host_work_on(o, e, m->host);
    host_resolved_restore(h, m);
    judge_dane(o, h);
    h->ahead = true; /* ends may come before its block closes again */
    host_enter(e, HOST_RESOLVES);
    wait_for_block(o, e);
}

void host_on_name_check(struct host_owner *o, const struct message_name_check *m)
{
    struct host_entry *e = host_find_or_add(o, m->name);
    if (e->state == HOST_DONE) {
        answer_check_from_record(o, e, m);
        return;
    }
    struct host_work *h = host_work_on(o, e, m->name);
    h->checkers = memory_grow_list(h->checkers, h->checker_count, sizeof(*h->checkers));
    h->checkers[h->checker_count++] = m->address;
    host_ask(o, e, question_for(&m->address));
    host_go_on(o, e);
}

static void want_ahead(struct host_owner *o, struct host_work *h)
{
    h->ahead = true;
    judge_dane(o, h);
    for (size_t i = 0; i < h->seen.endpoint_count; i++) {
        if (endpoint_is_awaited(&h->endpoints[i])) {
            want_endpoint(o, h, &h->endpoints[i], true);
        }
    }
}

static void tell_perhaps(struct host_owner *o, struct host_work *h)
{
    h->perhaps = true;
    for (size_t i = 0; i < h->seen.endpoint_count; i++) {
        const struct endpoint_brief *e = &h->endpoints[i];
        struct message_address_perhaps m = {h->seen.name, e->address, e->port};
        if (endpoint_is_awaited(e)) {
            message_put_address_perhaps(out_to_address(o->out, &e->address), &m);
        }
    }
}

void host_on_block_ahead(struct host_owner *o, uint32_t block)
{
    for (uint32_t i = 0; i < o->resolved_count; i++) {
        const struct host_entry *e = &o->entries[o->resolved[i]];
        if (e->state != HOST_RESOLVED || host_block(e->work) > block || e->work->ahead ||
            e->work->perhaps) {
            continue;
        }
        struct host_work *h = e->work;
        (all_are_dialled(o, h) ? want_ahead : tell_perhaps)(o, h);
    }
}

void host_on_block_close(struct host_owner *o, uint32_t block)
{
    uint32_t kept = 0;
    o->blocks_closed = block + 1;
    for (uint32_t i = 0; i < o->resolved_count; i++) {
        struct host_entry *e = &o->entries[o->resolved[i]];
        if (e->state != HOST_RESOLVED) {
            continue; /* it was known by its row */
        }
        if (host_block(e->work) > block) {
            o->resolved[kept++] = o->resolved[i];
        } else {
            connect_to(o, e);
        }
    }
    o->resolved_count = kept;
}

static struct endpoint_brief *find_awaited(const struct host_work *h,
                                           const struct endpoint_brief *b)
{
    for (size_t i = 0; i < h->seen.endpoint_count; i++) {
        struct endpoint_brief *e = &h->endpoints[i];
        if (endpoint_is_awaited(e) && e->port == b->port && net_addr_eq(&e->address, &b->address)) {
            return e;
        }
    }
    return NULL;
}

void host_on_endpoint_done(struct host_owner *o, const struct message_endpoint_done *m)
{
    struct host_entry *e = host_find(o, m->host);
    if (e != NULL && e->state == HOST_PARKED) {
        host_unpark(o, e);
    }
    bool waits =
        e != NULL && (e->state == HOST_CONNECTS || (e->state == HOST_RESOLVED && e->work->ahead));
    struct endpoint_brief *b = waits ? find_awaited(e->work, &m->brief) : NULL;
    if (b == NULL) {
        o->strays++;
        if (e != NULL && e->state == HOST_CONNECTS) {
            host_may_be_parked(o, e);
        }
        return;
    }
    uint8_t mapped = b->mapped; /* ours to know: the service knows its address only */
    *b = m->brief;
    b->mx_operator = arena_copy(&e->work->arena, b->mx_operator);
    b->mapped = mapped;
    b->chain.issuers = m->issuers;
    if (e->state == HOST_RESOLVED) {
        return; /* its row waits for its block */
    }
    if (!awaits_endpoints(e->work)) {
        host_finish(o, e);
    } else {
        host_may_be_parked(o, e);
    }
}
