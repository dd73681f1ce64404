#include "scanner/pipeline/service_work.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/analysis/session_facts.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"

struct service_table *service_table_new(struct worker *w)
{
    struct service_table *t = memory_new(1, sizeof(*t));
    const struct scan_params *p = w->scan->params;
    t->worker = w;
    t->free_visit = NO_INDEX;
    t->first_without_token = NO_INDEX;
    t->open_head = NO_INDEX;
    leaf_names_init(&t->default_names, &w->arenas);
    t->tokens = p->concurrency / w->scan->worker_count;
    t->tokens += w->index < p->concurrency % w->scan->worker_count;
    return t;
}

static void work_free(struct service_work *work)
{
    free(work->pending);
    free(work->ready);
    free(work->told);
    map_deinit(&work->wanted);
    arena_reset(&work->arena);
    free(work);
}

void service_table_free(struct service_table *t)
{
    for (uint32_t i = 0; i < t->visit_count; i++) {
        for (uint8_t k = 0; t->visits[i].in_use && k < t->visits[i].session_count; k++) {
            session_release(&t->worker->sessions, t->visits[i].sessions[k]);
        }
    }
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->services[i].work != NULL) {
            work_free(t->services[i].work);
        }
    }
    free(t->visits);
    free(t->services);
    free(t->networks);
    map_deinit(&t->index);
    map_deinit(&t->network_index);
    leaf_names_deinit(&t->default_names);
    facts_pool_deinit(&t->facts);
    free(t->ptr_hashes);
    free(t);
}

void service_table_abort(struct worker *w)
{
    struct service_table *t = w->services;
    for (uint32_t i = 0; i < t->visit_count; i++) {
        struct visit *v = &t->visits[i];
        if (v->in_use && v->running && v->session_count > 0) {
            session_abort(v->sessions[v->session_count - 1]);
        }
    }
}

void service_give_up(struct worker *w)
{
    struct service_table *t = w->services;
    for (uint32_t i = 0; i < t->visit_count; i++) {
        const struct visit *v = &t->visits[i];
        if (v->in_use && v->running && v->session_count > 0) {
            char text[NET_ADDR_TEXT_MAX];
            (void)net_addr_format(&t->services[v->service].address, text);
            given_up_add(&w->scan->given_up, "session with", span_of(text));
        }
    }
    service_table_abort(w);
}

/* --- finding ------------------------------------------------------------------------------- */

static uint32_t network_of(struct service_table *t, const struct net_addr *address)
{
    struct net_addr network = net_addr_network(address);
    bool added = false;
    struct hash_key key = hash_key_of((struct span){(const uint8_t *)&network, sizeof(network)});
    uint64_t *at = map_add(&t->network_index, key, t->network_count, &added);
    if (!added) {
        return (uint32_t)*at;
    }
    if (t->network_count == t->network_capacity) {
        t->network_capacity = t->network_capacity ? t->network_capacity * 2 : 256;
        t->networks = memory_resize(t->networks, t->network_capacity, sizeof(*t->networks));
    }
    t->networks[t->network_count] =
        (struct network){.first_waiting = NO_INDEX, .last_waiting = NO_INDEX};
    return t->network_count++;
}

static struct hash_key key_of(const struct net_addr *address, uint16_t port)
{
    struct {
        struct net_addr address;
        uint8_t port[2];
    } parts = {*address, {(uint8_t)(port >> 8), (uint8_t)port}};
    return hash_key_of((struct span){(const uint8_t *)&parts, sizeof(parts)});
}

uint32_t service_find(const struct service_table *t, const struct net_addr *address, uint16_t port)
{
    const uint64_t *at = map_find(&t->index, key_of(address, port));
    return at != NULL ? (uint32_t)*at : NO_INDEX;
}

static uint32_t service_find_or_add(struct service_table *t, const struct net_addr *address,
                                    uint16_t port)
{
    bool added = false;
    uint64_t *at = map_add(&t->index, key_of(address, port), t->count, &added);
    uint32_t index = (uint32_t)*at;
    if (!added) {
        return index;
    }
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 256;
        t->services = memory_resize(t->services, t->capacity, sizeof(*t->services));
    }
    t->count++;
    t->services[index] =
        (struct service){.address = *address, .port = port, .gate = index, .next_port = NO_INDEX};
    t->services[index].network = network_of(t, address);
    /* A host wants all ports of an address at once, so the first port exists before the others. */
    uint16_t first = t->worker->scan->params->ports[0];
    if (port != first) {
        uint32_t gate = service_find_or_add(t, address, first);
        t->services[index].gate = gate;
        t->services[index].next_port = t->services[gate].next_port;
        t->services[gate].next_port = index;
    }
    return index;
}

static struct service_work *begin_work(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    struct service_work *work = memory_new(1, sizeof(*work));
    work->arena = ARENA_INIT(&w->arenas);
    work->worker = w;
    work->index = index;
    work->repeat = NO_INDEX;
    work->first_lease = NO_INDEX;
    work->no_sni_visit = NO_INDEX;
    work->ptr_leader = NO_INDEX;
    work->prev_open = NO_INDEX;
    work->next_open = NO_INDEX;
    work->row_written = t->services[index].row_written;
    work->no_sni_begun = work->row_written;
    t->services[index].work = work;
    scan_item_opens(w->scan);
    return work;
}

void service_close_when_idle(struct worker *w, uint32_t index)
{
    struct service *s = &w->services->services[index];
    struct service_work *work = s->work;
    if (work == NULL || work->open_until > w->blocks_closed || work->ready_count > 0 ||
        work->visits > 0 || work->queued_in_network || !work->row_written) {
        return;
    }
    wheel_clear(&w->wheel, &work->timer);
    s->work = NULL;
    work_free(work);
    scan_item_closes(w->scan);
}

/* --- wants --------------------------------------------------------------------------------- */

static void link_open(struct service_table *t, struct service_work *work)
{
    work->next_open = t->open_head;
    work->prev_open = NO_INDEX;
    if (t->open_head != NO_INDEX) {
        t->services[t->open_head].work->prev_open = work->index;
    }
    t->open_head = work->index;
}

static void unlink_open(struct service_table *t, struct service_work *work)
{
    if (work->prev_open != NO_INDEX) {
        t->services[work->prev_open].work->next_open = work->next_open;
    } else {
        t->open_head = work->next_open;
    }
    if (work->next_open != NO_INDEX) {
        t->services[work->next_open].work->prev_open = work->prev_open;
    }
}

static const struct seen_tlsa *copy_tlsas(struct arena *arena, struct span octets, size_t *count)
{
    struct seen_tlsa *list = octets.len > 0 ? arena_new(arena, TLSA_MAX, sizeof(*list)) : NULL;
    for (*count = 0; octets.len > 0; (*count)++) {
        CHECK(*count < TLSA_MAX);
        list[*count] = codec_get_tlsa(&octets);
        list[*count].data = arena_copy(arena, list[*count].data);
    }
    return list;
}

/* A name that it heard of: an earlier block may be new. It is pending then, as its block is not closed. */
static void want_again(struct service_table *t, struct service_work *work, uint64_t *block,
                       const struct message_address_want *m)
{
    if (m->block >= *block) {
        t->strays++;
        return;
    }
    *block = m->block;
    for (size_t i = 0; i < work->pending_count; i++) {
        if (span_eq(work->pending[i].host, m->host)) {
            work->pending[i].block = m->block;
        }
    }
}

void service_on_address_want(struct worker *w, const struct message_address_want *m)
{
    struct service_table *t = w->services;
    if (m->block < w->blocks_closed) {
        t->strays++; /* all names of the block are here since it closed */
        return;
    }
    uint32_t index = service_find_or_add(t, &m->address, m->port);
    struct service_work *work = t->services[index].work;
    if (work == NULL) {
        work = begin_work(w, index);
    }
    bool added = false;
    uint64_t *block = map_add(&work->wanted, hash_key_of(m->host), m->block, &added);
    if (!added) {
        want_again(t, work, block, m);
        return;
    }
    if (work->open_until <= w->blocks_closed) {
        link_open(t, work);
    }
    if (work->open_until <= m->block) {
        work->open_until = m->block + 1;
    }
    work->pending = memory_grow_list(work->pending, work->pending_count, sizeof(struct want));
    struct service_key_octets {
        struct net_addr address;
        uint8_t port[2];
    } key = {m->address, {(uint8_t)(m->port >> 8), (uint8_t)m->port}};
    size_t tlsa_count = 0;
    work->pending[work->pending_count++] = (struct want){
        .host = arena_copy(&work->arena, m->host),
        .tlsa_base = arena_copy(&work->arena, m->tlsa_base),
        .tlsas = copy_tlsas(&work->arena, m->tlsas, &tlsa_count),
        .tlsa_count = tlsa_count,
        .dane_host = m->dane_host,
        .draw = hash_draw(w->scan->params->seed, m->host,
                          (struct span){(const uint8_t *)&key, sizeof(key)}),
        .block = m->block,
    };
    atomic_fetch_add_explicit(&w->counters.services_waiting, 1, memory_order_relaxed);
}

/* --- its row ------------------------------------------------------------------------------- */

void service_row_when_complete(struct worker *w, uint32_t index)
{
    struct service *s = &w->services->services[index];
    struct service_work *work = s->work;
    bool wants_session = w->scan->params->probe_no_sni;
    if (work->row_written || !work->begun || work->ptr_pending > 0 ||
        (wants_session && work->no_sni_visit == NO_INDEX) || versions_are_pending(w, index) ||
        ciphers_want_session(w, index)) {
        return;
    }
    struct seen_service seen = {
        .address = s->address,
        .port = s->port,
        .ptr = work->ptr,
        .versions = versions_seen(w, work),
        .ciphers = ciphers_seen(work),
        .chain = s->no_sni_chain,
        .names_total = s->names_total,
        .names_dialled = s->names_dialled,
    };
    if (wants_session) {
        seen.attempts = session_seen(w->services->visits[work->no_sni_visit].sessions[0]);
        seen.attempt_count = 1;
        seen.result = seen.attempts;
    }
    record_service(&w->recorder, &seen);
    worker_row_written(w);
    work->row_written = true;
    s->row_written = true;
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        s->versions |= (uint8_t)(seen.versions.accepted[i] << (2 * i));
    }
    reverse_dns_keep(w->services, s, &work->ptr);
    endpoints_tell(w, s);
    if (wants_session) {
        visit_free(w, work->no_sni_visit);
        work->no_sni_visit = NO_INDEX;
    }
}

/* No name of the service is asked for any more. Without the probe "sni" all names tell of the default
 * certificate, so they wait for the verdict on it: a row must not depend on when it is written. */
static bool service_speaks(const struct worker *w, const struct service *s)
{
    bool judged = s->no_sni_done && (s->row_written || s->work->no_sni_visit != NO_INDEX);
    return s->failures >= SPEAKING_FAILURES || (judged && !w->scan->params->probe_sni);
}

static void inherit_all_if_spoken(struct worker *w, uint32_t index)
{
    struct service *s = &w->services->services[index];
    struct service_work *work = s->work;
    while (service_speaks(w, s) && work->ready_count > 0) {
        endpoint_write_inherited(w, s, &work->ready[--work->ready_count]);
    }
}

/* --- blocks: who is dialled ---------------------------------------------------------------- */

static int by_draw_descending(const void *a, const void *b)
{
    const struct want *x = a;
    const struct want *y = b;
    if (x->draw != y->draw) {
        return x->draw > y->draw ? -1 : 1;
    }
    return -span_cmp(x->host, y->host);
}

/* The names of a later block wait behind the `older` ones, however fast those are dialled: who comes
 * second at a service may be the one whose failure speaks for it. The next one is at the end. */
static void put_behind(struct service_work *work, size_t older, size_t refused)
{
    size_t chosen = work->ready_count - older - refused;
    struct want *first = memory_new(older, sizeof(*first));
    memcpy(first, work->ready, older * sizeof(*first));
    memmove(work->ready, work->ready + older + refused, chosen * sizeof(*first));
    memcpy(work->ready + chosen, first, older * sizeof(*first));
    work->ready_count = chosen + older;
    free(first);
}

static void choose(struct worker *w, uint32_t index, uint32_t block)
{
    struct service_table *t = w->services;
    struct service *s = &t->services[index];
    struct service_work *work = s->work;
    size_t kept = 0;
    for (size_t i = 0; i < work->pending_count; i++) {
        if (work->pending[i].block > block) {
            work->pending[kept++] = work->pending[i];
            continue;
        }
        work->ready = memory_grow_list(work->ready, work->ready_count, sizeof(struct want));
        work->ready[work->ready_count++] = work->pending[i];
    }
    uint32_t chosen = (uint32_t)(work->pending_count - kept);
    work->pending_count = kept;
    if (work->open_until <= block + 1) {
        unlink_open(t, work);
    }
    if (chosen == 0) {
        return;
    }
    size_t older = work->ready_count - chosen;
    qsort(work->ready + older, chosen, sizeof(*work->ready), by_draw_descending);
    uint32_t budget = w->scan->params->names_per_address;
    uint32_t left = budget == 0 ? UINT32_MAX : budget - s->names_dialled;
    uint32_t refused = chosen > left ? chosen - left : 0;
    s->names_total += chosen;
    s->names_dialled += chosen - refused;
    for (uint32_t i = 0; i < refused; i++) { /* the largest draws, at the front */
        endpoint_write_not_tested(w, s, &work->ready[older + i], NOT_TESTED_ADDRESS_BUDGET);
    }
    put_behind(work, older, refused);
    if (!work->begun) {
        work->begun = true;
        if (work->ready_count > 0) { /* else all of them are beyond the budget */
            work->first_want = work->ready[work->ready_count - 1];
        }
        if (!work->row_written) {
            reverse_dns_begin(w, index);
        }
    }
    inherit_all_if_spoken(w, index);
}

void service_on_block_closed(struct worker *w, uint32_t block)
{
    struct service_table *t = w->services;
    for (uint32_t i = t->open_head; i != NO_INDEX;) {
        uint32_t next = t->services[i].work->next_open;
        choose(w, i, block);
        visits_go_on(w, i);
        service_close_when_idle(w, i);
        i = next;
    }
}

/* --- visits -------------------------------------------------------------------------------- */

uint32_t service_next_visit(struct worker *w, uint32_t service)
{
    struct service *s = &w->services->services[service];
    struct service_work *work = s->work;
    uint32_t index = work->repeat;
    if (index != NO_INDEX) {
        work->repeat = w->services->visits[index].next;
        w->services->visits[index].next = NO_INDEX;
        return index;
    }
    if (w->scan->params->probe_no_sni && !work->row_written &&
        (!work->no_sni_begun || work->no_sni_visit == NO_INDEX)) {
        if (work->no_sni_begun || work->ready_count == 0) {
            return NO_INDEX; /* its session is under way: the others need its result */
        }
        work->no_sni_begun = true;
        struct visit *v = visit_new(w, service, VISIT_NO_SNI, &index);
        v->want = work->ready[work->ready_count - 1]; /* for the operator's limit */
        return index;
    }
    if (versions_want_session(w, service)) {
        return versions_next_visit(w, service);
    }
    if (ciphers_want_session(w, service)) {
        return ciphers_next_visit(w, service);
    }
    if (work->ready_count == 0) {
        return NO_INDEX;
    }
    struct visit *v = visit_new(w, service, VISIT_SNI, &index);
    v->want = work->ready[--work->ready_count];
    return index;
}

static void note_failure(struct worker *w, uint32_t service, const struct seen_session *seen)
{
    struct service *s = &w->services->services[service];
    const struct outcome_info *info = outcome_info(seen->outcome);
    if (!info->before_tls || s->failures >= SPEAKING_FAILURES) {
        return;
    }
    s->failures = info->final ? SPEAKING_FAILURES : (uint8_t)(s->failures + 1);
    s->spoken_outcome = (uint8_t)seen->outcome;
    s->spoken_starttls = (uint8_t)seen->smtp.starttls;
}

static void note_no_sni(struct worker *w, struct service *s, const struct seen_session *seen)
{
    s->no_sni_done = true;
    s->no_sni_outcome = (uint8_t)seen->outcome;
    s->no_sni_starttls = (uint8_t)seen->smtp.starttls;
    bool completed = seen->tls_attempted && seen->tls.completed;
    s->no_sni_tls_version = completed ? seen->tls.version : 0;
    struct sender_facts facts = session_facts_of(seen);
    s->no_sni_facts = facts_pool_add(&w->services->facts, &facts);
    if (!w->scan->params->probe_sni) { /* it is all that there will be */
        s->spoken_outcome = (uint8_t)seen->outcome;
        s->spoken_starttls = (uint8_t)seen->smtp.starttls;
    }
    if (seen->tls_attempted && seen->tls.cert_count > 0) {
        struct span rest = seen->tls.list;
        struct span leaf = {0};
        s->has_no_sni_leaf = true;
        memcpy(s->no_sni_leaf_sha256, seen->tls.leaf_sha256, sizeof(s->no_sni_leaf_sha256));
        if (cert_list_next(&rest, &leaf)) {
            leaf_names_add(&w->services->default_names, s->no_sni_leaf_sha256, leaf);
        }
    }
}

/* A leaf that differs from the one without SNI is asked for again: a difference from itself is
 * an unstable server and not the effect of SNI. */
static bool wants_repeat(const struct service *s, const struct visit *v,
                         const struct seen_session *seen)
{
    return v->kind == VISIT_SNI && v->session_count == 1 && s->has_no_sni_leaf &&
           seen->outcome == OUTCOME_ESTABLISHED && seen->tls.cert_count > 0 &&
           memcmp(seen->tls.leaf_sha256, s->no_sni_leaf_sha256, 32) != 0;
}

/* RFC 7671 section 10.2: SNI is the TLSA base domain, which may be another name than the host. */
static bool wants_dane_sni(const struct visit *v)
{
    const struct seen_session *first = session_seen(v->sessions[0]);
    return v->kind == VISIT_SNI && v->dane_sni == 0 && v->want.tlsa_base.len > 0 &&
           !span_eq(v->want.tlsa_base, v->want.host) && first->tls_attempted;
}

/* A server may have certificates of both kinds of key, and show one to each client. */
static bool wants_other_key(const struct worker *w, const struct visit *v)
{
    const struct seen_session *first = session_seen(v->sessions[0]);
    return w->scan->params->probe_other_key && v->kind == VISIT_SNI && v->other_key == 0 &&
           first->outcome == OUTCOME_ESTABLISHED && first->tls.cert_count > 0;
}

static void publish_chain(struct worker *w, uint32_t index, uint8_t session,
                          const struct seen_session *seen)
{
    struct service_table *t = w->services;
    struct visit *v = &t->visits[index];
    if (!seen->tls_attempted || seen->tls.cert_count == 0) {
        return;
    }
    struct chain_waiter waiter = {WAITER_VISIT, index};
    if (!known_chains_ask(&w->chains, &w->out, seen->tls.chain_id, seen->tls.list, waiter,
                          &v->chains[session])) {
        v->chains_pending++;
    }
}

/* A row leaves only when every chain that it names is in the results. */
static void write_when_complete(struct worker *w, uint32_t index)
{
    struct visit *v = &w->services->visits[index];
    uint32_t service = v->service;
    if (!v->ended || v->chains_pending > 0) {
        return;
    }
    if (v->kind == VISIT_NO_SNI) {
        w->services->services[service].no_sni_chain = v->chains[0];
        w->services->services[service].work->no_sni_visit = index;
        inherit_all_if_spoken(w, service);
        service_row_when_complete(w, service);
        visits_go_on(w, service);
    } else {
        endpoint_write_visited(w, index);
        visit_free(w, index);
    }
    service_close_when_idle(w, service);
}

static void note_session(struct worker *w, const struct visit *v, const struct seen_session *seen)
{
    struct service *s = &w->services->services[v->service];
    note_failure(w, v->service, seen);
    versions_note_handshake(s->work, seen);
    if (v->kind == VISIT_NO_SNI) {
        note_no_sni(w, s, seen);
    } else {
        s->work->sni_ended = true;
    }
}

void service_on_session_end(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    struct visit *v = &t->visits[index];
    uint32_t service = v->service;
    if (visit_is_hello(v->kind)) {
        hello_on_session_end(w, index);
        return;
    }
    const struct seen_session *seen = session_seen(v->sessions[v->session_count - 1]);
    if (!visit_session_is_aside(v, (uint8_t)(v->session_count - 1))) {
        note_session(w, v, seen);
    }
    publish_chain(w, index, (uint8_t)(v->session_count - 1), seen);
    if (wants_repeat(&t->services[service], v, seen)) {
        visit_want_again(w, index);
    } else if (wants_dane_sni(v)) {
        v->dane_sni = v->session_count;
        visit_want_again(w, index);
    } else if (wants_other_key(w, v)) {
        v->other_key = v->session_count;
        visit_want_again(w, index);
    } else {
        v->ended = true;
    }
    inherit_all_if_spoken(w, service);
    service_row_when_complete(w, service); /* its versions may be settled now */
    write_when_complete(w, index);
}

void service_on_verdict(struct worker *w, uint32_t index, struct span chain_id,
                        struct chain_brief verdict)
{
    struct visit *v = &w->services->visits[index];
    for (uint8_t i = 0; i < v->session_count; i++) {
        const struct seen_session *seen = session_seen(v->sessions[i]);
        if (memcmp(seen->tls.chain_id, chain_id.at, sizeof(seen->tls.chain_id)) == 0) {
            v->chains[i] = verdict;
        }
    }
    v->chains_pending--;
    write_when_complete(w, index);
}
