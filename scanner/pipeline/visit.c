/**
 * Politeness: when a session may begin. See service_work.h for the order of the gates.
 */
#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/dialling.h"
#include "scanner/pipeline/service_work.h"

#define IMPLICIT_TLS_PORT 465 /* RFC 8314 section 3.3 */

struct visit *visit_new(struct worker *w, uint32_t service, enum visit_kind kind, uint32_t *index)
{
    struct service_table *t = w->services;
    if (t->free_visit == NO_INDEX) {
        uint32_t grown = t->visit_capacity ? t->visit_capacity * 2 : 256;
        t->visits = memory_resize(t->visits, grown, sizeof(*t->visits));
        t->visit_capacity = grown;
        for (; t->visit_count < grown; t->visit_count++) {
            t->visits[t->visit_count] = (struct visit){.next = t->free_visit};
            t->free_visit = t->visit_count;
        }
    }
    *index = t->free_visit;
    struct visit *v = &t->visits[*index];
    t->free_visit = v->next;
    *v = (struct visit){.kind = kind, .service = service, .in_use = true, .next = NO_INDEX};
    t->services[service].work->visits++;
    return v;
}

void visit_free(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    struct visit *v = &t->visits[index];
    for (uint8_t i = 0; i < v->session_count; i++) {
        session_release(&w->sessions, v->sessions[i]);
    }
    t->services[v->service].work->visits--;
    *v = (struct visit){.next = t->free_visit};
    t->free_visit = index;
}

static void on_session_done(void *arg, struct session *session);

struct session_owner {
    struct worker *worker;
    uint32_t visit;
};

static uint64_t interval_ms(const struct scan_params *p)
{
    if (p->address_rate <= 0) {
        return 0;
    }
    uint64_t ms = (uint64_t)(1000.0 / p->address_rate);
    return (double)ms * p->address_rate < 1000.0 ? ms + 1 : ms; /* rounded up */
}

static void connect_now(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    struct visit *v = &t->visits[index];
    const struct scan_params *p = w->scan->params;
    const struct service *s = &t->services[v->service];
    /* The clock itself: the loop's time is that of the turn's beginning, and turns may be long. */
    t->services[s->gate].next_start_ms = uv_hrtime() / 1000000 + interval_ms(p);
    t->services[s->gate].starting = false;

    char sni[256];
    struct session_target target = {.dial_port = s->port,
                                    .implicit_tls = s->port == IMPLICIT_TLS_PORT};
    target.dial_address = dialled_address(p, &s->address, &target.dial_port);
    target.local = source_address(p, &target.dial_address, &s->address);
    target.hello_max_version = v->hello_max_version;
    if (v->kind == VISIT_CIPHERS) {
        target.hello_suites = ciphers_asked(s->work);
    }
    uint8_t number = v->session_count;
    if (v->other_key > 0 && number == v->other_key) {
        bool rsa = handshake_key_shown(&session_seen(v->sessions[0])->tls) == HANDSHAKE_KEY_RSA;
        target.key = rsa ? HANDSHAKE_KEY_ECDSA : HANDSHAKE_KEY_RSA;
    }
    bool named = v->kind == VISIT_SNI || (visit_is_hello(v->kind) && s->work->hello_sni);
    if (named && want_has_name(&v->want)) {
        bool base = v->dane_sni > 0 && number == v->dane_sni;
        struct span name = base ? v->want.tlsa_base : v->want.host;
        CHECK(name.len < sizeof(sni));
        memcpy(sni, name.at, name.len);
        sni[name.len] = '\0';
        target.sni = sni;
    }
    atomic_fetch_add_explicit(&w->counters.sessions_in_flight, 1, memory_order_relaxed);
    struct session_owner *owner = arena_new(&s->work->arena, 1, sizeof(*owner));
    *owner = (struct session_owner){.worker = w, .visit = index};
    v->sessions[v->session_count++] = session_start(&w->sessions, &target, on_session_done, owner);
}

static void take_token(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    if (t->tokens > 0) {
        t->tokens--;
        connect_now(w, index);
        return;
    }
    t->visits[index].next = NO_INDEX;
    if (t->first_without_token == NO_INDEX) {
        t->first_without_token = index;
    } else {
        t->visits[t->last_without_token].next = index;
    }
    t->last_without_token = index;
}

static void wake_address(struct worker *w, uint32_t gate)
{
    for (uint32_t i = gate; i != NO_INDEX; i = w->services->services[i].next_port) {
        visits_go_on(w, i);
    }
}

static void give_token(struct worker *w)
{
    struct service_table *t = w->services;
    uint32_t next = t->first_without_token;
    if (next == NO_INDEX || w->stopping) {
        t->tokens++;
        return;
    }
    t->first_without_token = t->visits[next].next;
    connect_now(w, next);
    wake_address(w, t->services[t->visits[next].service].gate);
}

/* The registrable domain of the MX name, as far as the operator is known before connecting. */
static struct span operator_of(const struct worker *w, struct span host)
{
    struct span name = host;
    (void)registrable_domain(w->scan->suffixes, host, &name);
    return name;
}

static struct lease lease_of(const struct service_table *t, const struct visit *v)
{
    const struct service *s = &t->services[v->service];
    return (struct lease){s->address, s->port, v->lease, v->operator_name};
}

static void take_lease(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    struct visit *v = &t->visits[index];
    struct service_work *work = t->services[v->service].work;
    if (w->scan->params->operator_limit == 0) {
        take_token(w, index);
        return;
    }
    v->operator_name = operator_of(w, v->want.host);
    v->lease = ++t->leases;
    v->next_lease = work->first_lease;
    work->first_lease = index;
    struct message_lease_want m = {lease_of(t, v)};
    message_put_lease_want(out_to_name(&w->out, v->operator_name), &m);
}

/* @return the visit that asked for it or holds it, NO_INDEX: none */
static uint32_t find_lease(const struct service_table *t, const struct lease *lease)
{
    uint32_t service = service_find(t, &lease->address, lease->port);
    const struct service_work *work = service == NO_INDEX ? NULL : t->services[service].work;
    uint32_t i = work == NULL ? NO_INDEX : work->first_lease;
    while (i != NO_INDEX && t->visits[i].lease != lease->session) {
        i = t->visits[i].next_lease;
    }
    return i;
}

void service_on_lease_grant(struct worker *w, const struct message_lease_grant *m)
{
    struct service_table *t = w->services;
    uint32_t index = find_lease(t, &m->lease);
    if (index == NO_INDEX) { /* kept by nobody, it would be lost to the others */
        struct message_lease_return back = {m->lease};
        message_put_lease_return(out_to_name(&w->out, m->lease.operator_name), &back);
        return;
    }
    if (t->visits[index].lease_held) {
        return;
    }
    t->visits[index].lease_held = true;
    take_token(w, index);
    wake_address(w, t->services[t->visits[index].service].gate);
}

static void give_lease(struct worker *w, uint32_t index)
{
    struct service_table *t = w->services;
    struct visit *v = &t->visits[index];
    if (v->lease == 0) {
        return;
    }
    uint32_t *at = &t->services[v->service].work->first_lease;
    while (*at != index) {
        at = &t->visits[*at].next_lease;
    }
    *at = v->next_lease;
    struct message_lease_return m = {lease_of(t, v)};
    message_put_lease_return(out_to_name(&w->out, v->operator_name), &m);
    v->lease = 0;
    v->lease_held = false;
}

static void wait_for_network(struct worker *w, uint32_t service)
{
    struct service_table *t = w->services;
    struct service_work *work = t->services[service].work;
    struct network *n = &t->networks[t->services[service].network];
    if (work->queued_in_network) {
        return;
    }
    work->queued_in_network = true;
    work->next_in_network = NO_INDEX;
    if (n->first_waiting == NO_INDEX) {
        n->first_waiting = service;
    } else {
        t->services[n->last_waiting].work->next_in_network = service;
    }
    n->last_waiting = service;
}

static void give_network(struct worker *w, uint32_t network)
{
    struct service_table *t = w->services;
    struct network *n = &t->networks[network];
    n->active--;
    uint32_t limit = w->scan->params->network_limit;
    while (n->first_waiting != NO_INDEX && (limit == 0 || n->active < limit)) {
        uint32_t service = n->first_waiting;
        struct service_work *work = t->services[service].work;
        n->first_waiting = work->next_in_network;
        work->queued_in_network = false;
        visits_go_on(w, service);
        service_close_when_idle(w, service);
        n = &t->networks[network];
    }
}

static bool has_something_to_start(const struct worker *w, const struct service_work *work)
{
    return work->repeat != NO_INDEX || work->ready_count > 0 ||
           versions_want_session(w, work->index) || ciphers_want_session(w, work->index) ||
           (work->begun && !work->no_sni_begun && w->scan->params->probe_no_sni);
}

static void on_start_time(struct wheel_timer *timer)
{
    struct service_work *work = CONTAINER_OF(timer, struct service_work, timer);
    struct worker *w = work->worker;
    uint32_t index = work->index;
    visits_go_on(w, index);
    service_close_when_idle(w, index);
}

/* True when a session may begin at the address and in the network now; else the service is
 * where it will be woken. */
static bool pass_gates(struct worker *w, uint32_t service)
{
    struct service_table *t = w->services;
    const struct scan_params *p = w->scan->params;
    struct service *s = &t->services[service];
    struct service *gate = &t->services[s->gate];
    struct network *n = &t->networks[s->network];
    if (p->address_limit > 0 && gate->active >= p->address_limit) {
        return false; /* the end of a session there wakes all ports of the address */
    }
    if (gate->starting) {
        return false; /* so does its beginning */
    }
    if (worker_now(w) < gate->next_start_ms) {
        s->work->timer.on_due = on_start_time;
        wheel_set(&w->wheel, &s->work->timer, gate->next_start_ms);
        return false;
    }
    if (p->network_limit > 0 && n->active >= p->network_limit) {
        wait_for_network(w, service);
        return false;
    }
    return true;
}

void visits_go_on(struct worker *w, uint32_t service)
{
    struct service_table *t = w->services;
    while (!w->stopping && t->services[service].work != NULL &&
           has_something_to_start(w, t->services[service].work) && pass_gates(w, service)) {
        uint32_t index = service_next_visit(w, service);
        if (index == NO_INDEX) {
            return;
        }
        struct service *s = &t->services[service];
        struct service *gate = &t->services[s->gate];
        t->visits[index].running = true;
        gate->active++;
        /* It may wait for a lease and a token, then start together with the next one. */
        gate->starting = interval_ms(w->scan->params) > 0;
        t->networks[s->network].active++;
        take_lease(w, index);
    }
}

static void note_source(struct worker *w, const struct net_addr *source)
{
    for (size_t i = 0; i < w->source_count; i++) {
        if (net_addr_eq(&w->sources[i], source)) {
            return;
        }
    }
    if (source->family != 0 && w->source_count < SOURCES_MAX) {
        w->sources[w->source_count++] = *source;
    }
}

/* A server without the version or the kind of key that is asked for has answered. */
static bool has_failed(const struct visit *v, const struct seen_session *seen)
{
    if (visit_is_hello(v->kind) || visit_session_is_aside(v, (uint8_t)(v->session_count - 1))) {
        return !outcome_info(seen->outcome)->conclusive;
    }
    return seen->outcome != OUTCOME_ESTABLISHED;
}

static void on_session_done(void *arg, struct session *session)
{
    struct session_owner owner = *(struct session_owner *)arg;
    struct worker *w = owner.worker;
    struct service_table *t = w->services;
    struct visit *v = &t->visits[owner.visit];
    uint32_t gate = t->services[v->service].gate;
    uint32_t network = t->services[v->service].network;
    atomic_fetch_sub_explicit(&w->counters.sessions_in_flight, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->counters.sessions_done, 1, memory_order_relaxed);
    if (has_failed(v, session_seen(session))) {
        atomic_fetch_add_explicit(&w->counters.sessions_failed, 1, memory_order_relaxed);
    }
    note_source(w, &session_seen(session)->source);
    v->running = false;
    t->services[gate].active--;
    give_lease(w, owner.visit);
    if (!w->stopping) {
        service_on_session_end(w, owner.visit);
    }
    give_token(w);
    give_network(w, network);
    wake_address(w, gate);
}

void visit_want_again(struct worker *w, uint32_t index)
{
    struct service_work *work = w->services->services[w->services->visits[index].service].work;
    w->services->visits[index].next = work->repeat; /* several with --address-limit above 1 */
    work->repeat = index;
}
