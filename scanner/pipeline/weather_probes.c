#include "scanner/pipeline/weather_probes.h"

#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/pipeline/worker_sessions.h"

#define WITNESSES_AT 3 /* asked in a round, over all workers together as far as they divide */
#define PROBE_LABEL  "mxcensus-probe-"   /* below a domain that answered: nobody's cache has it */
#define PROBE_LEASE  ((uint64_t)1 << 63) /* in lease.session, beside those of visits */

/* --- who answered --------------------------------------------------------------------------- */

static bool same_witness(const struct weather_witness *a, const struct weather_witness *b)
{
    bool named = a->network.family != 0 ||
                 (a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0);
    return net_addr_eq(&a->network, &b->network) && named;
}

/* The latest, each of another network: one that is there is left as it is. */
static void add_witness(struct weather_probes *wp, enum weather_stream stream,
                        const struct weather_witness *witness)
{
    uint32_t count = wp->witness_count[stream];
    for (uint32_t i = 0; i < count && i < WEATHER_KNOWN; i++) {
        if (same_witness(&wp->witnesses[stream][i], witness)) {
            return;
        }
    }
    wp->witnesses[stream][count % WEATHER_KNOWN] = *witness;
    wp->witness_count[stream]++;
}

static struct weather_witness witness_of(const struct net_addr *address, uint16_t port,
                                         struct span operator_name)
{
    struct weather_witness who = {
        .network = net_addr_network(address), .address = *address, .port = port};
    if (operator_name.len < sizeof(who.name)) {
        memcpy(who.name, operator_name.at, operator_name.len);
        who.name_len = (uint16_t)operator_name.len;
    }
    return who;
}

static struct span witness_name(const struct weather_witness *who)
{
    return (struct span){who->name, who->name_len};
}

void weather_probes_note_server(struct worker *w, const struct net_addr *address, uint16_t port,
                                struct span operator_name)
{
    struct weather_witness who = witness_of(address, port, operator_name);
    add_witness(&w->weather.probes, weather_stream_of(address), &who);
}

void weather_probes_note_name(struct worker *w, struct span domain)
{
    struct weather_witness who = {.name_len = (uint16_t)domain.len};
    if (domain.len + sizeof(PROBE_LABEL) + 8 < sizeof(who.name)) {
        memcpy(who.name, domain.at, domain.len);
        add_witness(&w->weather.probes, WEATHER_DNS, &who);
    }
}

/* --- places of those who wait --------------------------------------------------------------- */

struct idle_holdings {
    struct idle_places places;
    uint32_t leases; /* of the operator */
};

static void count_idle(const struct worker *w, const struct weather_witness *who,
                       const struct net_addr *address, uint32_t visit, struct idle_holdings *idle)
{
    struct net_addr network = net_addr_network(address);
    idle->places.at_address += net_addr_eq(address, &who->address);
    idle->places.in_network += net_addr_eq(&network, &who->network);
    idle->leases += span_eq(service_operator_of_visit(&w->services, visit), witness_name(who));
}

/* Those that hold a place without a connection. */
static struct idle_holdings idle_holdings_of(const struct worker *w,
                                             const struct weather_witness *who)
{
    const struct worker_weather *ww = &w->weather;
    struct idle_holdings idle = {.leases = 0};
    for (uint32_t i = 0; i < ww->kept_count; i++) {
        count_idle(w, who, &ww->kept[i].dial.address, ww->kept[i].dial.visit, &idle);
    }
    for (uint32_t i = 0; i < ww->dial_count; i++) {
        count_idle(w, who, &ww->dials[i].address, ww->dials[i].visit, &idle);
    }
    for (uint32_t v = SERVICE_NO_VISIT;
         (v = service_next_without_token(&w->services, v)) != SERVICE_NO_VISIT;) {
        count_idle(w, who, service_address_of_visit(&w->services, v), v, &idle);
    }
    for (size_t i = 0; i < WEATHER_KNOWN; i++) {
        const struct weather_probe *p = &ww->probes.probes[i];
        idle.leases -= idle.leases > 0 && p->state != WEATHER_PROBE_FREE && p->borrows_lease &&
                       span_eq(witness_name(&p->who), witness_name(who));
    }
    return idle;
}

bool weather_probes_borrow_from(const struct worker *w, const struct owner_dial *d)
{
    struct net_addr network = net_addr_network(&d->address);
    for (size_t i = 0; i < WEATHER_KNOWN; i++) {
        const struct weather_probe *p = &w->weather.probes.probes[i];
        if (p->state == WEATHER_PROBE_FREE) {
            continue;
        }
        if ((p->borrows_place && net_addr_eq(&p->who.network, &network)) ||
            (p->borrows_lease &&
             span_eq(service_operator_of_visit(&w->services, d->visit), witness_name(&p->who)))) {
            return true;
        }
    }
    return false;
}

/* --- sessions ------------------------------------------------------------------------------- */

/* The drawing in weather_probes.h. */
static const bool leads_to[WEATHER_PROBE_STATE_COUNT][WEATHER_PROBE_STATE_COUNT] = {
    [WEATHER_PROBE_FREE] = {[WEATHER_PROBE_ASKS] = true, [WEATHER_PROBE_RUNS] = true},
    [WEATHER_PROBE_ASKS] = {[WEATHER_PROBE_RUNS] = true, [WEATHER_PROBE_FREE] = true},
    [WEATHER_PROBE_RUNS] = {[WEATHER_PROBE_FREE] = true},
};

static void probe_enter(struct weather_probe *p, enum weather_probe_state to)
{
    CHECK(leads_to[p->state][to]);
    p->state = to;
}

static struct lease probe_lease(const struct weather_probe *p)
{
    return (struct lease){p->who.address, p->who.port, p->lease, witness_name(&p->who)};
}

static void give_lease_back(struct worker *w, const struct lease *lease)
{
    struct message_lease_return m = {*lease};
    message_put_lease_return(out_to_operator(&w->out, lease->operator_name), &m);
}

static void probe_leave(struct worker *w, struct weather_probe *p)
{
    service_give_place(&w->services, &p->who.address, p->who.port);
    probe_enter(p, WEATHER_PROBE_FREE);
    *p = (struct weather_probe){.state = WEATHER_PROBE_FREE};
}

static void on_probe_done(void *arg, struct session *session)
{
    struct worker *w = arg;
    struct weather_probe *p = &w->weather.probes.probes[session_tag(session)];
    struct weather_report *r = &w->weather.reports[weather_stream_of(&p->who.address)];
    bool answered =
        !session_was_cut(session) || session_seen(session)->outcome == OUTCOME_ESTABLISHED;
    r->answered += answered; /* of whatever round: it is now that it does */
    r->failed += !answered && p->round == r->round;
    if (p->lease != 0) {
        struct lease lease = probe_lease(p);
        give_lease_back(w, &lease);
    }
    probe_leave(w, p);
    session_release(&w->sessions, session);
}

/* A whole session, up to QUIT: what a server expects of us. */
static void probe_run(struct worker *w, struct weather_probe *p)
{
    struct weather_report *r = &w->weather.reports[weather_stream_of(&p->who.address)];
    uint32_t place = (uint32_t)(p - w->weather.probes.probes);
    probe_enter(p, WEATHER_PROBE_RUNS);
    r->asked += p->round == r->round;
    p->session = worker_probe(w, place, &p->who.address, p->who.port, on_probe_done);
    worker_tell_connect(w, &p->who.address, p->who.port);
}

/* @return NULL: all are under way */
static struct weather_probe *probe_take(struct weather_probes *wp)
{
    for (size_t i = 0; i < WEATHER_KNOWN; i++) {
        if (wp->probes[i].state == WEATHER_PROBE_FREE) {
            return &wp->probes[i];
        }
    }
    return NULL;
}

/* @return false: not now */
static bool begin_probe(struct worker *w, const struct weather_witness *who, uint32_t round)
{
    struct weather_probes *wp = &w->weather.probes;
    struct weather_probe *p = probe_take(wp);
    struct idle_holdings idle = idle_holdings_of(w, who);
    if (p == NULL || !service_take_place(&w->services, &who->address, who->port, idle.places)) {
        return false;
    }
    *p =
        (struct weather_probe){.who = *who,
                               .round = round,
                               .borrows_place = idle.places.at_address + idle.places.in_network > 0,
                               .borrows_lease = idle.leases > 0};
    if (w->services.rules.operator_limit == 0 || p->borrows_lease) {
        probe_run(w, p);
        return true;
    }
    p->lease = PROBE_LEASE | ++wp->leases;
    probe_enter(p, WEATHER_PROBE_ASKS);
    struct message_lease_want m = {probe_lease(p), 1};
    message_put_lease_want(out_to_operator(&w->out, m.lease.operator_name), &m);
    return true;
}

/* @return NULL: it was queued, and the probe given up, or it has ended */
static struct weather_probe *probe_of_lease(struct worker *w, const struct lease *lease)
{
    struct weather_probe *probes = w->weather.probes.probes;
    for (size_t i = 0; i < WEATHER_KNOWN; i++) {
        if (probes[i].state != WEATHER_PROBE_FREE && probes[i].lease == lease->session) {
            return &probes[i];
        }
    }
    return NULL;
}

bool weather_probes_on_grant(struct worker *w, const struct lease *lease)
{
    if ((lease->session & PROBE_LEASE) == 0) {
        return false;
    }
    struct weather_probe *p = probe_of_lease(w, lease);
    if (p == NULL) { /* too late */
        give_lease_back(w, lease);
    } else if (p->state == WEATHER_PROBE_ASKS) {
        probe_run(w, p);
    }
    return true;
}

/* The operator is busy with others: somebody else is asked in the next round. */
bool weather_probes_on_queued(struct worker *w, const struct lease *lease)
{
    if ((lease->session & PROBE_LEASE) == 0) {
        return false;
    }
    struct weather_probe *p = probe_of_lease(w, lease);
    if (p != NULL && p->state == WEATHER_PROBE_ASKS) {
        probe_leave(w, p);
    }
    return true;
}

/* --- questions ------------------------------------------------------------------------------ */

static void on_probe_answer(void *arg, uint64_t round, const struct dns_answer *answer)
{
    struct worker *w = arg;
    struct weather_report *r = &w->weather.reports[WEATHER_DNS];
    bool failed = dns_state_is_failure((enum dns_state)answer->seen.state);
    r->answered += !failed;
    r->failed += failed && round == r->round;
}

/* A name that no cache knows: a resolver that answers from memory alone is cut off. Of the root, in the first seconds, the
 * same below no domain. */
static void ask_below(struct worker *w, struct span domain, uint32_t round)
{
    struct weather_probes *wp = &w->weather.probes;
    char name[sizeof(wp->witnesses[0][0].name) + 1];
    int len = snprintf(name, sizeof(name), PROBE_LABEL "%08x%s%.*s",
                       (unsigned)hash_key_of_u64(w->scan->params->seed ^ ++wp->names_asked ^
                                                 (uint64_t)clock_unix_ms() << 16)
                           .low,
                       domain.len > 0 ? "." : "", (int)domain.len, (const char *)domain.at);
    resolver_ask_first(w->resolver, (struct span){(const uint8_t *)name, (size_t)len}, DNS_TYPE_A,
                       on_probe_answer, w, round);
    w->weather.reports[WEATHER_DNS].asked++;
}

/* --- rounds --------------------------------------------------------------------------------- */

/* In the first alarm: those who did not answer, picked at random. The first that were kept are dead ones: where nobody
 * listens the end comes sooner than where somebody is silent. */
static void probe_kept(struct worker *w, enum weather_stream stream, uint32_t round,
                       uint32_t wanted)
{
    const struct worker_weather *ww = &w->weather;
    struct net_addr asked[WITNESSES_AT];
    uint32_t count = 0;
    for (uint32_t i = 0; i < ww->kept_count && count < wanted; i++) {
        const struct owner_dial *d =
            &ww->kept[hash_key_of_u64((uint64_t)round << 32 | i).low % ww->kept_count].dial;
        struct weather_witness who =
            witness_of(&d->address, d->port, service_operator_of_visit(&w->services, d->visit));
        bool again = weather_stream_of(&d->address) != stream;
        for (uint32_t k = 0; k < count; k++) {
            again = again || net_addr_eq(&asked[k], &who.network);
        }
        if (!again && begin_probe(w, &who, round)) {
            asked[count++] = who.network;
        }
    }
}

/* Whom the self-test met, beside those: it is for the user to name one beyond what may break. */
static void probe_self_test_hosts(struct worker *w, enum weather_stream stream, uint32_t round)
{
    const struct vantage_verdict *v = w->scan->params->vantage;
    for (size_t i = 0; i < v->greeted_count; i++) {
        const struct vantage_greeted *g = &v->greeted[i];
        struct span operator_name = span_of(g->host);
        if (weather_stream_of(&g->address) == stream &&
            part_of_address(&g->address, &w->scan->division) == w->part) {
            (void)registrable_domain(w->scan->suffixes, operator_name, &operator_name);
            struct weather_witness who = witness_of(&g->address, g->port, operator_name);
            (void)begin_probe(w, &who, round);
        }
    }
}

static void probe_witnesses(struct worker *w, enum weather_stream stream, uint32_t round,
                            uint32_t wanted)
{
    const struct weather_probes *wp = &w->weather.probes;
    uint32_t known = wp->witness_count[stream];
    known = known < WEATHER_KNOWN ? known : WEATHER_KNOWN;
    uint32_t count = 0;
    for (uint32_t i = 0; i < known && count < wanted; i++) { /* others in each round */
        const struct weather_witness *who = &wp->witnesses[stream][(i + round * wanted) % known];
        if (stream == WEATHER_DNS) {
            ask_below(w, witness_name(who), round);
            count++;
        } else {
            count += begin_probe(w, who, round);
        }
    }
    if (stream == WEATHER_DNS && known == 0) {
        ask_below(w, (struct span){0}, round); /* the self-test asked the root as well */
    }
}

void weather_probes_begin(struct worker *w, enum weather_stream stream, uint32_t round)
{
    struct weather_report *r = &w->weather.reports[stream];
    uint32_t workers = w->scan->worker_count;
    uint32_t wanted = (WITNESSES_AT + workers - 1) / workers;
    r->round = round;
    r->asked = r->answered = r->failed = 0;
    if (w->weather.views[stream].first) {
        probe_kept(w, stream, round, wanted);
        return;
    }
    probe_witnesses(w, stream, round, wanted);
    probe_self_test_hosts(w, stream, round);
}

void weather_probes_stop(struct worker *w)
{
    for (size_t i = 0; i < WEATHER_KNOWN; i++) {
        struct weather_probe *p = &w->weather.probes.probes[i];
        if (p->state == WEATHER_PROBE_RUNS) {
            session_abort(p->session);
        }
    }
}
