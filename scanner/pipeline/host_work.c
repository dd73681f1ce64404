/**
 * The owner of host names: addresses and TLSA of each name, asked once, whether it is wanted
 * as an MX host (HOST_WANT) or only to confirm reverse DNS (NAME_CHECK).
 *
 *   HOST_WANT ─► A, AAAA, TLSA ─► ADDRESS_WANT per address and port ─► row, HOST_DONE
 *                         └ CNAME links: CNAME or TLSA at their end   └ HOST_RESOLVED
 *
 * The TLSA records come first, because they decide which name is asked for (RFC 7672 section 2.2.3).
 */
#include "scanner/pipeline/host_work.h"

#include "scanner/analysis/rollup.h"
#include "scanner/base/memory.h"

struct host_table *host_table_new(struct worker *w)
{
    struct host_table *t = memory_new(1, sizeof(*t));
    t->worker = w;
    return t;
}

static void work_free(struct host_work *h)
{
    free(h->subscribers);
    free(h->checkers);
    buf_deinit(&h->tlsas_in_force);
    arena_reset(&h->arena);
    free(h);
}

void host_table_free(struct host_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->entries[i].work != NULL) {
            work_free(t->entries[i].work);
        }
        free(t->entries[i].record);
    }
    free(t->entries);
    map_deinit(&t->index);
    free(t);
}

static uint32_t find_or_add(struct host_table *t, struct span name)
{
    bool added = false;
    uint64_t *at = map_add(&t->index, hash_key_of(name), t->count, &added);
    if (!added) {
        return (uint32_t)*at;
    }
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 256;
        t->entries = memory_resize(t->entries, t->capacity, sizeof(*t->entries));
    }
    t->entries[t->count] = (struct host_entry){0};
    return t->count++;
}

static void tell_done(struct worker *w, struct span domain, struct span host,
                      const struct host_record *r)
{
    struct message_host_done m = {.domain = domain, .host = host, .result = host_record_result(r)};
    message_put_host_done(out_to_name(&w->out, domain), &m);
}

static void tell_resolved(struct worker *w, struct span domain, struct span host)
{
    struct message_host_resolved m = {.domain = domain, .host = host};
    message_put_host_resolved(out_to_name(&w->out, domain), &m);
}

/* Who only wanted the addresses (an implicit MX that is recorded, not dialled) is done now. */
static void tell_addresses(struct worker *w, const struct host_work *h, struct span domain)
{
    struct message_host_done m = {
        .domain = domain,
        .host = h->name,
        .result = {.a_state = h->dns[QUESTION_A].state,
                   .aaaa_state = h->dns[QUESTION_AAAA].state,
                   .cname_count = (uint8_t)h->cname_count,
                   .address_count = (uint16_t)(h->v4_count + h->v6_count)},
    };
    message_put_host_done(out_to_name(&w->out, domain), &m);
}

/* --- reverse DNS --------------------------------------------------------------------------- */

static void tell_checked(struct worker *w, const struct net_addr *address, struct span name,
                         uint8_t state, bool confirmed)
{
    struct message_name_checked m = {
        .address = *address, .name = name, .state = state, .confirmed = confirmed};
    message_put_name_checked(out_to_address(&w->out, address), &m);
}

static enum question question_for(const struct net_addr *address)
{
    return address->family == 6 ? QUESTION_AAAA : QUESTION_A;
}

static void answer_check(struct worker *w, const struct host_work *h,
                         const struct net_addr *address)
{
    enum question q = question_for(address);
    const struct net_addr *list = q == QUESTION_A ? h->v4 : h->v6;
    size_t count = q == QUESTION_A ? h->v4_count : h->v6_count;
    bool confirmed = false;
    for (size_t i = 0; i < count; i++) {
        confirmed = confirmed || net_addr_eq(&list[i], address);
    }
    tell_checked(w, address, h->name, h->dns[q].state, confirmed);
}

static void answer_check_from_record(struct worker *w, const struct host_record *r,
                                     const struct message_name_check *m)
{
    struct host_result result = host_record_result(r);
    bool confirmed = false;
    for (size_t i = 0; i < result.endpoint_count; i++) {
        struct endpoint_brief b = codec_get_brief(&result.endpoints);
        confirmed = confirmed || (b.mapped == 0 && net_addr_eq(&b.address, &m->address));
    }
    bool is_a = question_for(&m->address) == QUESTION_A;
    tell_checked(w, &m->address, m->name, is_a ? result.a_state : result.aaaa_state, confirmed);
}

/* --- work ---------------------------------------------------------------------------------- */

static struct host_work *begin_work(struct worker *w, uint32_t index, struct span name)
{
    struct host_entry *e = &w->hosts->entries[index];
    struct host_work *h = memory_new(1, sizeof(*h));
    h->arena = ARENA_INIT(&w->arenas);
    h->name = arena_copy(&h->arena, name);
    h->block = UINT32_MAX;
    h->tlsas_in_force = BUF_INIT(BUF_NO_LIMIT);
    if (e->record != NULL) {
        host_record_restore(h, e->record);
        free(e->record);
        e->record = NULL;
    }
    host_take_literal(h);
    e->work = h;
    return h;
}

static uint16_t tlsa_port(const struct worker *w)
{
    return tlsa_port_of(w->scan->params->ports, w->scan->params->port_count);
}

static void ask(struct worker *w, uint32_t index, enum question q)
{
    static const uint16_t types[QUESTION_COUNT] = {
        [QUESTION_A] = DNS_TYPE_A,
        [QUESTION_AAAA] = DNS_TYPE_AAAA,
        [QUESTION_TLSA] = DNS_TYPE_TLSA,
        [QUESTION_FIRST_CNAME] = DNS_TYPE_CNAME,
        [QUESTION_EXPANDED_TLSA] = DNS_TYPE_TLSA,
    };
    struct host_work *h = w->hosts->entries[index].work;
    if (h->asked[q]) {
        return;
    }
    h->asked[q] = true;
    struct span about = q == QUESTION_EXPANDED_TLSA ? h->cnames[h->cname_count - 1] : h->name;
    char prefix[16] = "";
    if (types[q] == DNS_TYPE_TLSA) { /* RFC 6698 section 3 */
        (void)snprintf(prefix, sizeof(prefix), "_%u._tcp.", (unsigned)tlsa_port(w));
    }
    owner_question_put(&w->out, OWNER_HOST, (uint64_t)index << 8 | (uint64_t)q, types[q], prefix,
                       about);
}

/* A name that is blocklisted by itself is not asked for; one whose CNAME is, was asked already, and
 * its other answer is awaited, so that the row does not depend on which came first. */
static bool addresses_known(const struct host_work *h)
{
    for (enum question q = QUESTION_A; q <= QUESTION_AAAA; q++) {
        if (!h->answered[q] && (h->asked[q] || !(h->blocklisted || h->literal))) {
            return false;
        }
    }
    return true;
}

static bool links_are_secure(const struct seen_dns *dns)
{
    return (dns->state == DNS_DATA || dns->state == DNS_NODATA) && dns->ad;
}

/* RFC 7672 section 2.2.2: behind links that are secure throughout, the name at their end comes first;
 * else it matters whether the first one is secure, if that name has records. */
static void ask_behind_links(struct worker *w, uint32_t index)
{
    struct host_work *h = w->hosts->entries[index].work;
    if (h->cname_count == 0 || !h->answered[QUESTION_TLSA]) {
        return;
    }
    if (links_are_secure(&h->dns[QUESTION_A]) && links_are_secure(&h->dns[QUESTION_AAAA])) {
        ask(w, index, QUESTION_EXPANDED_TLSA);
    } else if (h->tlsa_count > 0) {
        ask(w, index, QUESTION_FIRST_CNAME);
    }
}

static bool all_answered(const struct host_work *h)
{
    for (size_t q = 0; q < QUESTION_COUNT; q++) {
        if (h->asked[q] && !h->answered[q]) {
            return false;
        }
    }
    return true;
}

static struct seen_host seen_of(struct host_work *h)
{
    struct net_addr *addresses =
        arena_new(&h->arena, h->v4_count + h->v6_count, sizeof(*addresses));
    size_t count = 0;
    for (size_t i = 0; i < h->v4_count; i++) {
        addresses[count++] = h->v4[i];
    }
    for (size_t i = 0; i < h->v6_count; i++) {
        addresses[count++] = h->v6[i];
    }
    return (struct seen_host){
        .name = h->name,
        .a = h->dns[QUESTION_A],
        .aaaa = h->dns[QUESTION_AAAA],
        .tlsa = h->dns[QUESTION_TLSA],
        .cnames = h->cnames,
        .cname_count = h->cname_count,
        .first_cname = h->dns[QUESTION_FIRST_CNAME],
        .addresses = addresses,
        .address_count = count,
        .addresses_truncated = h->truncated,
        .tlsas = h->tlsas,
        .tlsa_count = h->tlsa_count,
        .expanded_tlsa = h->dns[QUESTION_EXPANDED_TLSA],
        .expanded_tlsas = h->expanded_tlsas,
        .expanded_tlsa_count = h->expanded_tlsa_count,
        .blocklisted = h->blocklisted,
        .endpoints = h->endpoints,
        .endpoint_count = h->endpoint_count,
    };
}

static void finish(struct worker *w, uint32_t index)
{
    struct host_entry *e = &w->hosts->entries[index];
    struct host_work *h = e->work;
    if (!h->dial) {
        e->record = host_record_of_addresses(h);
        e->work = NULL;
        work_free(h);
        return;
    }
    struct seen_host seen = seen_of(h);
    record_host(&w->recorder, &seen, &h->arena);
    worker_row_written(w);
    e->record = host_record_of_result(h);
    for (size_t i = 0; i < h->subscriber_count; i++) {
        if (h->subscribers[i].dial) {
            tell_done(w, h->subscribers[i].domain, h->name, e->record);
        }
    }
    e->work = NULL;
    work_free(h);
}

static void finish_when_complete(struct worker *w, uint32_t index)
{
    const struct host_work *h = w->hosts->entries[index].work;
    if (all_answered(h) && (!h->dial || (h->addresses_sent && h->endpoints_pending == 0))) {
        finish(w, index);
    }
}

static enum not_tested_reason reason_not_to_dial(const struct worker *w, const struct host_work *h,
                                                 const struct net_addr *a, size_t position)
{
    if (h->blocklisted) {
        return NOT_TESTED_BLOCKLISTED;
    }
    enum not_tested_reason reason = dial_rules_refuse(&w->scan->dial, a);
    if (reason == NOT_TESTED_NONE && position >= h->addresses_max) {
        return NOT_TESTED_TRUNCATED;
    }
    return reason;
}

static void send_address_want(struct worker *w, uint32_t index, size_t endpoint)
{
    const struct host_work *h = w->hosts->entries[index].work;
    const struct endpoint_brief *b = &h->endpoints[endpoint];
    bool has_tlsa = b->port == tlsa_port(w);
    struct message_address_want m = {
        .block = h->block,
        .host = h->name,
        .address = b->address,
        .port = b->port,
        .dane_host = has_tlsa ? h->dane : DANE_HOST_UNKNOWN,
        .tlsa_base = has_tlsa ? h->tlsa_base : (struct span){0},
        .tlsas = has_tlsa ? buf_span(&h->tlsas_in_force) : (struct span){0},
    };
    message_put_address_want(out_to_address(&w->out, &b->address), &m);
}

/* What the cap left out so far and does not leave out any more. */
static void fill_up_to_cap(struct worker *w, uint32_t index)
{
    struct host_work *h = w->hosts->entries[index].work;
    size_t ports = w->scan->params->port_count;
    size_t position = 0;
    for (size_t at = 0; at < h->endpoint_count; at++) {
        struct endpoint_brief *e = &h->endpoints[at];
        enum not_tested_reason reason = reason_not_to_dial(w, h, &e->address, position);
        if (e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_TRUNCATED) {
            e->not_tested = (uint8_t)reason;
            if (reason == NOT_TESTED_NONE) {
                h->endpoints_pending++;
                send_address_want(w, index, at);
            }
        }
        bool last_of_address = (at + 1) % ports == 0;
        position +=
            last_of_address && reason != NOT_TESTED_FAMILY_DISABLED; /* takes nobody's place */
    }
}

/* Which records are in force, and so which name is asked for, is settled before anything is dialled. */
static void judge_dane(struct worker *w, struct host_work *h)
{
    struct seen_host seen = seen_of(h);
    struct dane_host_verdict v;
    dane_judge_host(&seen, w->scan->params->terms.trust_ad, &v);
    h->dane = (uint8_t)v.state;
    h->tlsa_at = (uint8_t)v.at;
    if (v.state == DANE_HOST_USABLE || v.state == DANE_HOST_UNUSABLE) {
        h->tlsa_base = v.base;
        for (size_t i = 0; i < v.tlsa_count; i++) {
            codec_put_tlsa(&h->tlsas_in_force, v.tlsas[i]);
        }
    }
}

static void send_address_wants(struct worker *w, uint32_t index)
{
    struct host_work *h = w->hosts->entries[index].work;
    const struct scan_params *p = w->scan->params;
    struct dial_address list[2 * HOST_ADDRESSES_MAX];
    size_t addresses = host_dial_list(h, list);
    h->addresses_sent = true;
    judge_dane(w, h);
    h->endpoints = arena_new(&h->arena, addresses * p->port_count, sizeof(*h->endpoints));
    for (size_t i = 0; i < addresses; i++) {
        for (size_t port = 0; port < p->port_count; port++) {
            h->endpoints[h->endpoint_count++] = (struct endpoint_brief){
                .address = list[i].address,
                .mapped = list[i].mapped,
                .port = p->ports[port],
                .outcome = OUTCOME_NOT_TESTED,
                .not_tested = NOT_TESTED_TRUNCATED,
            };
        }
    }
    fill_up_to_cap(w, index);
}

/* Whoever waits for the addresses is told, after the ADDRESS_WANTs: see admission.h. */
static void tell_subscribers(struct worker *w, uint32_t index)
{
    struct host_work *h = w->hosts->entries[index].work;
    for (; h->subscribers_told < h->subscriber_count; h->subscribers_told++) {
        const struct subscriber *s = &h->subscribers[h->subscribers_told];
        tell_resolved(w, s->domain, h->name);
        if (!s->dial) {
            tell_addresses(w, h, s->domain);
        }
    }
}

static void go_on(struct worker *w, uint32_t index)
{
    struct host_work *h = w->hosts->entries[index].work;
    for (size_t i = 0; i < h->checker_count;) {
        if (h->answered[question_for(&h->checkers[i])]) {
            answer_check(w, h, &h->checkers[i]);
            h->checkers[i] = h->checkers[--h->checker_count];
        } else {
            i++;
        }
    }
    if (addresses_known(h)) {
        if (h->dial) {
            ask_behind_links(w, index);
        }
        if (h->dial && !h->addresses_sent && all_answered(h)) {
            send_address_wants(w, index);
        }
        if (!h->dial || h->addresses_sent) {
            tell_subscribers(w, index);
        }
    }
    finish_when_complete(w, index);
}

/* --- answers ------------------------------------------------------------------------------- */

static void take_addresses(struct host_work *h, enum question q, const struct dns_answer *answer)
{
    size_t kept = answer->rr_count < HOST_ADDRESSES_MAX ? answer->rr_count : HOST_ADDRESSES_MAX;
    struct net_addr *list = arena_new(&h->arena, kept, sizeof(*list));
    for (size_t i = 0; i < kept; i++) { /* sorted by octets */
        list[i] = answer->rrs[i].address;
    }
    h->truncated += answer->rr_count - kept;
    if (q == QUESTION_A) {
        h->v4 = list;
        h->v4_count = kept;
    } else {
        h->v6 = list;
        h->v6_count = kept;
    }
}

/* The longer of the two ways; of equal ones that of A, whichever answer comes first. */
static void take_cnames(struct worker *w, struct host_work *h, enum question q,
                        const struct dns_answer *answer)
{
    bool same = answer->cname_count > 0 && answer->cname_count == h->cname_count;
    if (answer->cname_count > h->cname_count || (same && q == QUESTION_A)) {
        h->cname_count = answer->cname_count;
        h->cnames = arena_new(&h->arena, answer->cname_count, sizeof(*h->cnames));
        for (size_t i = 0; i < answer->cname_count; i++) {
            h->cnames[i] = arena_copy(&h->arena, answer->cnames[i]);
        }
    }
    for (size_t i = 0; i < answer->cname_count; i++) {
        if (blocklist_has_name(w->scan->dial.blocklist, answer->cnames[i])) {
            h->blocklisted = true;
        }
    }
}

static size_t take_tlsas(struct host_work *h, const struct dns_answer *answer,
                         struct seen_tlsa **list)
{
    size_t kept = answer->rr_count < TLSA_MAX ? answer->rr_count : TLSA_MAX;
    *list = arena_new(&h->arena, kept, sizeof(**list));
    for (size_t i = 0; i < kept; i++) {
        const struct dns_rr *rr = &answer->rrs[i];
        (*list)[i] = (struct seen_tlsa){
            .usage = rr->tlsa.usage,
            .selector = rr->tlsa.selector,
            .matching = rr->tlsa.matching,
            .data = arena_copy(&h->arena, rr->tlsa.data),
        };
    }
    return kept;
}

void host_on_answer(struct worker *w, uint64_t tag, const struct dns_answer *answer)
{
    uint32_t index = (uint32_t)(tag >> 8);
    enum question q = (enum question)(tag & 0xff);
    struct host_work *h = w->hosts->entries[index].work;
    CHECK(h != NULL && h->asked[q] && !h->answered[q]);
    h->answered[q] = true;
    h->dns[q] = answer->seen;
    switch (q) {
    case QUESTION_A:
    case QUESTION_AAAA:
        take_addresses(h, q, answer);
        take_cnames(w, h, q, answer);
        break;
    case QUESTION_TLSA:
        h->tlsa_count = take_tlsas(h, answer, &h->tlsas);
        break;
    case QUESTION_EXPANDED_TLSA:
        h->expanded_tlsa_count = take_tlsas(h, answer, &h->expanded_tlsas);
        break;
    case QUESTION_FIRST_CNAME: /* whether it is secure is all we want to know */
        break;
    case QUESTION_COUNT:
        UNREACHABLE("not a question");
    }
    go_on(w, index);
}

/* --- wants --------------------------------------------------------------------------------- */

static void add_subscriber(struct host_work *h, const struct message_host_want *m)
{
    h->subscribers = memory_grow_list(h->subscribers, h->subscriber_count, sizeof(*h->subscribers));
    h->subscribers[h->subscriber_count++] = (struct subscriber){
        .domain = arena_copy(&h->arena, m->domain),
        .dial = m->dial != 0,
    };
}

/* Its ADDRESS_WANT is out, and nothing has come of it yet. */
static bool is_awaited(const struct endpoint_brief *e)
{
    return e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_NONE;
}

/* A domain of an earlier block wants it too: it belongs to that block. */
static void lower_block(struct worker *w, uint32_t index, uint32_t block)
{
    struct host_work *h = w->hosts->entries[index].work;
    if (block >= h->block) {
        return;
    }
    h->block = block;
    for (size_t i = 0; h->addresses_sent && i < h->endpoint_count; i++) {
        if (is_awaited(&h->endpoints[i])) {
            send_address_want(w, index, i);
        }
    }
}

void host_on_want(struct worker *w, const struct message_host_want *m)
{
    uint32_t index = find_or_add(w->hosts, m->host);
    struct host_entry *e = &w->hosts->entries[index];
    if (e->record != NULL && e->record->dialled) {
        tell_resolved(w, m->domain, m->host);
        tell_done(w, m->domain, m->host, e->record);
        return;
    }
    struct host_work *h = e->work != NULL ? e->work : begin_work(w, index, m->host);
    add_subscriber(h, m);
    if (m->dial) {
        if (!h->dial) {
            h->dial = true;
            h->blocklisted = h->blocklisted || blocklist_has_name(w->scan->dial.blocklist, h->name);
        }
        /* The most generous domain of the block decides, not the one that came first. */
        bool raised = m->block <= h->block && m->addresses_max > h->addresses_max;
        lower_block(w, index, m->block);
        if (raised) {
            h->addresses_max = m->addresses_max;
            fill_up_to_cap(w, index);
        }
    }
    if (!h->blocklisted && !h->literal) {
        ask(w, index, QUESTION_A);
        ask(w, index, QUESTION_AAAA);
        if (h->dial) {
            ask(w, index, QUESTION_TLSA);
        }
    }
    go_on(w, index);
}

void host_on_name_check(struct worker *w, const struct message_name_check *m)
{
    uint32_t index = find_or_add(w->hosts, m->name);
    struct host_entry *e = &w->hosts->entries[index];
    if (e->record != NULL && e->record->dialled) {
        answer_check_from_record(w, e->record, m);
        return;
    }
    struct host_work *h = e->work != NULL ? e->work : begin_work(w, index, m->name);
    h->checkers = memory_grow_list(h->checkers, h->checker_count, sizeof(*h->checkers));
    h->checkers[h->checker_count++] = m->address;
    ask(w, index, question_for(&m->address));
    go_on(w, index);
}

static struct endpoint_brief *find_awaited(const struct host_work *h,
                                           const struct endpoint_brief *b)
{
    for (size_t i = 0; h != NULL && i < h->endpoint_count; i++) {
        struct endpoint_brief *e = &h->endpoints[i];
        if (is_awaited(e) && e->port == b->port && net_addr_eq(&e->address, &b->address)) {
            return e;
        }
    }
    return NULL;
}

void host_on_endpoint_done(struct worker *w, const struct message_endpoint_done *m)
{
    const uint64_t *index = map_find(&w->hosts->index, hash_key_of(m->host));
    struct host_work *h = index != NULL ? w->hosts->entries[*index].work : NULL;
    struct endpoint_brief *e = find_awaited(h, &m->brief);
    if (e == NULL) {
        w->hosts->strays++;
        return;
    }
    uint8_t mapped = e->mapped; /* ours to know: the service knows its address only */
    *e = m->brief;
    e->mapped = mapped;
    e->chain.issuers = m->issuers;
    h->endpoints_pending--;
    finish_when_complete(w, (uint32_t)*index);
}
