/**
 * Politeness: when a session may begin. See service_owner.h for the order of the gates.
 */
#include "scanner/base/check.h"
#include "scanner/owners/remembered.h"
#include "scanner/owners/service_work.h"
#include "scanner/owners/waiting_time.h"

#define LEASE_IDLE_MAX_MS 2000 /* that a lease waits for the next start at an address */
#define MANY_LEFT         3    /* names at an address, behind the one that waits */
#define LOOKED_AT_MAX     64   /* of those that wait in a network, for who has most work left */

static struct service *gate_of_service(const struct service_owner *o, uint32_t service)
{
    return &o->services[o->services[service].gate];
}

/* From one start at the address to the next. */
static uint64_t interval_ms(const struct service_owner *o, const struct service *gate)
{
    return pace_interval_ms(o->rules.address_rate, gate->halvings);
}

/* --- address and network -------------------------------------------------------------------- */

static void wait_for_network(struct service_owner *o, uint32_t service)
{
    struct service_work *work = o->services[service].work;
    struct network *n = &o->networks[o->services[service].network];
    if (work->queued_in_network) {
        return;
    }
    work->queued_in_network = true;
    work->next_in_network = NO_INDEX;
    if (n->first_waiting == NO_INDEX) {
        n->first_waiting = service;
    } else {
        o->services[n->last_waiting].work->next_in_network = service;
    }
    n->last_waiting = service;
}

static size_t work_left(const struct service_owner *o, uint32_t service)
{
    const struct service_work *work = o->services[service].work;
    return work->names.count + work->fetch_count;
}

/* Whoever has most work left would end last: its turns come at least every other time. The others do not wait for it. */
static uint32_t take_next_in_network(struct service_owner *o, struct network *n)
{
    uint32_t before = NO_INDEX; /* the one that is taken */
    uint32_t last = n->first_waiting;
    size_t most = work_left(o, last);
    for (int i = 0; n->most_next && i < LOOKED_AT_MAX; i++) {
        uint32_t at = o->services[last].work->next_in_network;
        if (at == NO_INDEX) {
            break;
        }
        if (work_left(o, at) > most) {
            most = work_left(o, at);
            before = last;
        }
        last = at;
    }
    n->most_next = !n->most_next;
    uint32_t *link =
        before != NO_INDEX ? &o->services[before].work->next_in_network : &n->first_waiting;
    uint32_t taken = *link;
    struct service_work *work = o->services[taken].work;
    *link = work->next_in_network;
    n->last_waiting = n->last_waiting == taken ? before : n->last_waiting;
    work->queued_in_network = false;
    return taken;
}

static bool address_is_full(const struct service_owner *o, const struct service *gate,
                            uint32_t active)
{
    uint32_t limit = pace_address_limit(o->rules.address_limit, gate->halvings);
    return limit > 0 && active >= limit;
}

bool address_has_no_place(const struct service_owner *o, uint32_t service)
{
    const struct service *gate = gate_of_service(o, service);
    return address_is_full(o, gate, gate->active);
}

/* Who is queued at the operator counts against further sessions, or all names of the address would be queued; not
 * against fetches, which need no lease. */
static uint32_t active_or_queued(const struct service_owner *o, uint32_t service)
{
    const struct service *gate = gate_of_service(o, service);
    return gate->active + (o->services[service].port == SERVICE_FETCH_PORT ? 0U : gate->queued);
}

/* @param idle places in it whose sessions are not open now */
static bool network_has_no_place(const struct service_owner *o, uint32_t network, uint32_t idle)
{
    return o->rules.network_limit > 0 &&
           o->networks[network].active >= o->rules.network_limit + idle;
}

static bool wants_to_start(const struct service_owner *o, uint32_t service)
{
    const struct service *s = &o->services[service];
    return s->work != NULL &&
           !address_is_full(o, gate_of_service(o, service), active_or_queued(o, service)) &&
           (s->work->again != NO_INDEX || probe_next_for_service(o, s) != PROBE_COUNT);
}

static uint32_t next_port(const struct service_owner *o, uint32_t gate, uint32_t service)
{
    uint32_t next = o->services[service].next_port;
    return next != NO_INDEX ? next : gate;
}

/* Ports of an address take turns, and fetches with them: one with very many names holds up nobody else. */
static bool is_its_turn(struct service_owner *o, uint32_t service)
{
    uint32_t gate = o->services[service].gate;
    uint32_t last = gate;
    for (uint8_t i = 0; i < o->services[gate].turn; i++) {
        last = next_port(o, gate, last);
    }
    uint32_t next = next_port(o, gate, last);
    while (next != service && !wants_to_start(o, next)) {
        next = next_port(o, gate, next);
    }
    if (next != service) {
        service_wake(o, next);
    }
    return next == service;
}

static void note_turn(struct service_owner *o, uint32_t service)
{
    struct service *gate = gate_of_service(o, service);
    gate->turn = 0;
    for (uint32_t i = o->services[service].gate; i != service; i = o->services[i].next_port) {
        gate->turn = (gate->turn + 1) & 7;
    }
}

/* @return false: the service is woken when it is */
static bool address_is_free(struct service_owner *o, uint32_t service, uint32_t active)
{
    const struct service *gate = gate_of_service(o, service);
    if (address_is_full(o, gate, active)) {
        return false; /* the end of a session there wakes all ports of the address */
    }
    if (gate->starting) {
        return false; /* so does its beginning */
    }
    if (o->now_ms < gate->next_start_ms) {
        service_alarm(o, o->services[service].work, gate->next_start_ms);
        return false;
    }
    return true;
}

static void take_places(struct service_owner *o, uint32_t service)
{
    struct service *gate = gate_of_service(o, service);
    note_turn(o, service);
    gate->active++;
    /* It may wait for a token, then start together with the next one. */
    gate->starting = interval_ms(o, gate) > 0;
    o->networks[o->services[service].network].active++;
}

bool visit_may_start(struct service_owner *o, uint32_t service)
{
    if (gate_of_service(o, service)
            ->claimed || /* whoever claims it wakes all ports when it starts */
        !address_is_free(o, service, active_or_queued(o, service))) {
        return false;
    }
    if (network_has_no_place(o, o->services[service].network, 0)) {
        wait_for_network(o, service);
        return false;
    }
    if (!is_its_turn(o, service)) {
        return false;
    }
    take_places(o, service);
    return true;
}

static void start_not_before(struct service *gate, uint64_t ms)
{
    gate->next_start_ms = ms > gate->next_start_ms ? ms : gate->next_start_ms;
}

void address_pause(struct service_owner *o, uint32_t service)
{
    start_not_before(gate_of_service(o, service), o->now_ms + o->rules.tempfail_pause_ms);
}

/* --- the worker's share --------------------------------------------------------------------- */

/* Nothing is in its way any more. */
static void note_start(struct service_owner *o, struct visit *v)
{
    struct service *gate = gate_of_service(o, v->service);
    start_not_before(gate, o->now_ms + interval_ms(o, gate));
    gate->starting = false;
    v->began_ms = o->now_ms;
    visit_enter(v, VISIT_RUNS);
    service_wake_address(o, o->services[v->service].gate);
}

static void connect_now(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    const struct service *s = &o->services[v->service];
    struct owner_dial d = {.visit = index, .address = s->address, .port = s->port, .anew = v->anew};
    if (v->anew) { /* service_begin_anew() is its start */
        v->anew = false;
        visit_enter(v, VISIT_RUNS);
    } else {
        note_start(o, v);
    }
    probe_aim(o, v, &d);
    codec_put_octets(&o->out->dials, &d, sizeof(d));
}

static void wait_for_token(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    v->next = NO_INDEX;
    v->of_many = work_left(o, v->service) >= MANY_LEFT;
    struct visit_line *line = &o->without_token[v->of_many];
    if (line->first == NO_INDEX) {
        line->first = index;
    } else {
        o->visits[line->last].next = index;
    }
    line->last = index;
    o->visits_in_line++;
}

static void take_token(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    visit_enter(v, VISIT_TOKEN);
    if (o->tokens > 0) {
        o->tokens--;
        connect_now(o, index);
        return;
    }
    wait_for_token(o, index);
}

/* Both lines in turn: who has many names left would end last, and each of its starts would wait for all others. */
static uint32_t take_from_line(struct service_owner *o)
{
    struct visit_line *line = &o->without_token[o->many_next];
    line = line->first != NO_INDEX ? line : &o->without_token[!o->many_next];
    uint32_t next = line->first;
    if (next != NO_INDEX) {
        line->first = o->visits[next].next;
        o->visits_in_line--;
        o->many_next = !o->many_next;
    }
    return next;
}

static void give_token(struct service_owner *o)
{
    uint32_t next = o->stopping ? NO_INDEX : take_from_line(o);
    if (next == NO_INDEX) {
        o->tokens++;
    } else {
        connect_now(o, next);
    }
}

void service_keep_session(struct service_owner *o, uint32_t visit)
{
    CHECK(visit < o->visit_count && o->visits[visit].state == VISIT_RUNS);
    o->visits[visit].kept = true;
    give_token(o);
}

void service_void_session(struct service_owner *o, uint32_t visit)
{
    struct visit *v = &o->visits[visit];
    CHECK(v->state == VISIT_RUNS && v->kept);
    v->kept = false;
    v->anew = true;
    take_token(o, visit);
}

uint32_t service_next_without_token(const struct service_owner *o, uint32_t visit)
{
    bool ended = visit != SERVICE_NO_VISIT && o->visits[visit].next == NO_INDEX;
    if (visit != SERVICE_NO_VISIT && !ended) {
        return o->visits[visit].next;
    }
    if (ended && o->visits[visit].of_many) {
        return SERVICE_NO_VISIT;
    }
    return !ended && o->without_token[0].first != NO_INDEX ? o->without_token[0].first
                                                           : o->without_token[1].first;
}

/* --- the operator's lease ------------------------------------------------------------------- */

/* The registrable domain of the MX name, as far as the operator is known before connecting. */
static struct span operator_of(const struct want *want)
{
    return want->registrable_len > 0 ? want_registrable(want) : want->host;
}

void address_note_reception(struct service_owner *o, const struct visit *v,
                            const struct seen_session *seen)
{
    if (o->night != NULL) {
        night_note(o->night, v->service, &o->services[v->service].address, operator_of(v->want),
                   seen);
    }
}

static struct lease lease_of(const struct service_owner *o, const struct visit *v)
{
    const struct service *s = &o->services[v->service];
    return (struct lease){s->address, s->port, v->lease, operator_of(v->want)};
}

void visit_start(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    if (o->rules.operator_limit == 0) {
        take_token(o, index);
        return;
    }
    visit_enter(v, VISIT_ASKS);
    v->lease = ++o->leases << 32 | index;
    o->visits_in_line++;
    struct message_lease_want m = {lease_of(o, v),
                                   1 + (uint32_t)o->services[v->service].work->names.count};
    message_put_lease_want(out_to_operator(o->out, m.lease.operator_name), &m);
}

void visit_permit(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    struct message_permit_grant m = {.fetch = v->fetch, .address = o->services[v->service].address};
    note_start(o, v);
    message_put_permit_grant(o->out->to_policies, &m);
}

static void give_lease(struct service_owner *o, struct visit *v)
{
    if (v->lease != 0) {
        struct message_lease_return m = {lease_of(o, v)};
        message_put_lease_return(out_to_operator(o->out, m.lease.operator_name), &m);
        v->lease = 0;
    }
}

/* --- places for who has the lease ----------------------------------------------------------- */

static bool may_take_places(struct service_owner *o, const struct visit *v)
{
    return !o->stopping && !network_has_no_place(o, o->services[v->service].network, 0) &&
           address_is_free(o, v->service, gate_of_service(o, v->service)->active);
}

static void wait_for_places(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    visit_enter(v, VISIT_PLACE);
    gate_of_service(o, v->service)->claimed = true;
    o->networks[o->services[v->service].network].holder = index;
}

/* The address paused, or starts there are rare: others of the operator do not wait for that. */
static bool start_is_far(const struct service_owner *o, const struct visit *v)
{
    return gate_of_service(o, v->service)->next_start_ms > o->now_ms + LEASE_IDLE_MAX_MS;
}

static void visit_begin_again(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    give_lease(o, v);
    visit_again(o, index);
    service_wake(o, v->service);
}

static void holder_leaves(struct service_owner *o, struct network *n)
{
    uint32_t service = o->visits[n->holder].service;
    gate_of_service(o, service)->claimed = false;
    n->holder = NO_INDEX;
    service_wake_address(o, o->services[service].gate);
}

/* @return false: nobody, or nothing is free for it */
static bool holder_goes_on(struct service_owner *o, struct network *n)
{
    uint32_t index = n->holder;
    if (index == NO_INDEX || !may_take_places(o, &o->visits[index])) {
        return false;
    }
    holder_leaves(o, n);
    take_places(o, o->visits[index].service);
    take_token(o, index);
    return true;
}

void visit_on_lease(struct service_owner *o, const struct lease *lease)
{
    uint32_t index = (uint32_t)lease->session;
    bool known = index < o->visit_count && o->visits[index].lease == lease->session;
    struct visit *v = known ? &o->visits[index] : NULL;
    if (known && v->state == VISIT_ASKS) {
        o->visits_in_line--;
        take_token(o, index);
    } else if (known && v->state == VISIT_QUEUED) {
        struct service *gate = gate_of_service(o, v->service);
        gate->queued--;
        if (!gate->claimed && may_take_places(o, v)) {
            take_places(o, v->service);
            take_token(o, index);
        } else if (!gate->claimed && !start_is_far(o, v) &&
                   o->networks[o->services[v->service].network].holder == NO_INDEX) {
            wait_for_places(o, index);
        } else {
            visit_begin_again(o, index);
        }
    } else {
        o->strays++;
        if (!known) { /* kept by nobody, it would be lost to the others */
            struct message_lease_return back = {*lease};
            message_put_lease_return(out_to_operator(o->out, lease->operator_name), &back);
        }
    }
}

void service_wake_network(struct service_owner *o, uint32_t network)
{
    struct network *n = &o->networks[network];
    bool line = n->first_waiting != NO_INDEX;
    uint32_t holder = n->holder;
    if (holder != NO_INDEX && start_is_far(o, &o->visits[holder])) {
        holder_leaves(o, n);
        visit_begin_again(o, holder);
    }
    if (network_has_no_place(o, network, 0)) {
        return;
    }
    if ((n->holder_next || !line) && holder_goes_on(o, n)) {
        n->holder_next = false;
    }
    if (line && !network_has_no_place(o, network, 0)) {
        n->holder_next = true;
        service_wake(o, take_next_in_network(o, n));
    }
}

/* Whoever waited for one is woken, or starts. */
static void give_places(struct service_owner *o, uint32_t service)
{
    const struct service *s = &o->services[service];
    gate_of_service(o, service)->active--;
    o->networks[s->network].active--;
    service_wake_network(o, s->network);
    service_wake_address(o, s->gate);
}

void visit_on_queued(struct service_owner *o, const struct lease *lease)
{
    uint32_t index = (uint32_t)lease->session;
    if (index >= o->visit_count || o->visits[index].lease != lease->session ||
        o->visits[index].state != VISIT_ASKS) {
        o->strays++;
        return;
    }
    struct visit *v = &o->visits[index];
    struct service *gate = gate_of_service(o, v->service);
    visit_enter(v, VISIT_QUEUED);
    o->visits_in_line--;
    gate->queued++;
    gate->starting = false;
    give_places(o, v->service);
}

/* -------------------------------------------------------------------------------------------- */

void visit_leave(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    give_lease(o, v);
    if (v->probe != PROBE_FETCH && !v->kept) {
        give_token(o);
    }
    v->kept = false;
    give_places(o, v->service);
}

/* --- how long it takes ---------------------------------------------------------------------- */

static void add_time(struct session_times *t, uint64_t taken_ms)
{
    t->ended++;
    t->taken_ms += taken_ms;
}

void visit_note_time(struct service_owner *o, const struct visit *v)
{
    uint64_t taken_ms = o->now_ms - v->began_ms;
    add_time(&o->session_times, taken_ms);
    add_time(&o->services[v->service].work->session_times, taken_ms);
}

static uint64_t names_in_line(const struct service_owner *o, uint32_t gate)
{
    uint64_t count = 0;
    for (uint32_t i = gate; i != NO_INDEX; i = o->services[i].next_port) {
        count += o->services[i].work != NULL ? o->services[i].work->names.count : 0;
    }
    return count;
}

static uint64_t address_waiting_ms(const struct service_owner *o, const struct service_work *work)
{
    const struct service *gate = gate_of_service(o, work->index);
    const struct session_times *times =
        work->session_times.ended > 0 ? &work->session_times : &o->session_times;
    uint64_t names = names_in_line(o, o->services[work->index].gate);
    uint64_t budget = o->rules.names_per_address;
    const struct waiting w = {
        .sessions = budget > 0 && names > budget ? budget : names,
        .at_once = pace_address_limit(o->rules.address_limit, gate->halvings),
        .interval_ms = interval_ms(o, gate),
        .ended = times->ended,
        .taken_ms = times->taken_ms,
        .pause_ms = gate->next_start_ms > o->now_ms ? gate->next_start_ms - o->now_ms : 0};
    return waiting_time_ms(&w);
}

uint64_t service_waiting_ms(const struct service_owner *o)
{
    bool paused = o->visits_paused > 0 && o->paused_until_ms > o->now_ms;
    uint64_t longest = paused ? o->paused_until_ms - o->now_ms : 0;
    const struct service_work *work;
    LIST_FOREACH(work, &o->crowded, crowded)
    {
        uint64_t ms = address_waiting_ms(o, work);
        longest = ms > longest ? ms : longest;
    }
    return longest;
}

/* --- sessions beside the owner's ------------------------------------------------------------- */

struct span service_operator_of_visit(const struct service_owner *o, uint32_t visit)
{
    return operator_of(o->visits[visit].want);
}

void service_on_connect(struct service_owner *o, const struct net_addr *address, uint16_t port,
                        uint64_t at_ms)
{
    uint32_t index = service_find(o, address, port);
    CHECK(index != NO_INDEX);
    struct service *gate = gate_of_service(o, index);
    uint64_t interval = interval_ms(o, gate);
    if (interval > 0) { /* `at_ms` may be ahead of us: without a rate that is no pause */
        start_not_before(gate, at_ms + interval);
    }
}

bool service_begin_anew(struct service_owner *o, uint32_t visit)
{
    struct service *gate = gate_of_service(o, o->visits[visit].service);
    if (o->now_ms < gate->next_start_ms) {
        return false;
    }
    start_not_before(gate, o->now_ms + interval_ms(o, gate));
    o->visits[visit].began_ms = o->now_ms;
    return true;
}

bool service_take_place(struct service_owner *o, const struct net_addr *address, uint16_t port,
                        struct idle_places idle)
{
    struct service *gate = gate_of_service(o, service_find_or_add(o, address, port));
    if (gate->active > idle.at_address || o->now_ms < gate->next_start_ms) {
        return false;
    }
    if (network_has_no_place(o, gate->network, idle.in_network)) {
        return false;
    }
    gate->active++;
    o->networks[gate->network].active++;
    start_not_before(gate, o->now_ms + interval_ms(o, gate));
    return true;
}

void service_give_place(struct service_owner *o, const struct net_addr *address, uint16_t port)
{
    uint32_t index = service_find(o, address, port);
    CHECK(index != NO_INDEX);
    give_places(o, index);
}
