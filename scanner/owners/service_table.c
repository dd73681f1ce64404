/**
 * What is kept of services, their work and their visits, and the states of both. The drawings are in
 * service_owner.h.
 */
#include <string.h>

#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "scanner/owners/remembered.h"
#include "scanner/owners/service_work.h"

#define SMALL_BLOCK  240  /* octets: 128 are what one that waits has of itself, 150 a usual name */
#define SESSION_ROOM 2048 /* octets of a session beside its list, and more than most have */

/* Names that get more than one handshake of their own, or none, are not inferred. */
static enum infer infer_of(const struct service_rules *rules)
{
    return rules->probes.sni && !rules->probes.other_key ? rules->infer : INFER_OFF;
}

void service_owner_init(struct service_owner *o, const struct service_rules *rules,
                        struct owner_out *out, struct known_chains *chains,
                        struct arena_pool *arenas, struct spool *spool, struct wheel *wheel)
{
    *o = (struct service_owner){.rules = *rules,
                                .out = out,
                                .chains = chains,
                                .arenas = arenas,
                                .small_arenas = {.block_size = SMALL_BLOCK},
                                .spool = spool,
                                .wheel = wheel,
                                .tokens = rules->sessions_max,
                                .free_visit = NO_INDEX,
                                .without_token = {{NO_INDEX, NO_INDEX}, {NO_INDEX, NO_INDEX}},
                                .many_next = true,
                                .known_arena = ARENA_INIT(arenas)};
    LIST_INIT(&o->open);
    LIST_INIT(&o->crowded);
    leaf_names_init(&o->default_names);
    service_domains_init(o);
    o->groups = certificate_groups_new(infer_of(rules), rules->shared_operators);
    o->night = rules->remembered != NULL ? night_new(rules->remembered) : NULL;
}

static void work_free(struct service_work *work)
{
    buf_deinit(&work->pending);
    names_deinit(&work->names);
    free(work->first_want);
    free(work->fetches);
    free(work->told);
    map_deinit(&work->wanted);
    arena_reset(&work->arena);
    free(work);
}

void service_owner_deinit(struct service_owner *o)
{
    for (uint32_t i = 0; i < o->visit_count; i++) {
        buf_deinit(&o->visits[i].seen);
        free(o->visits[i].want);
        free(o->visits[i].sessions);
    }
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->services[i].work != NULL) {
            work_free(o->services[i].work);
        }
    }
    arena_pool_deinit(&o->small_arenas);
    free(o->visits);
    free(o->services);
    free(o->networks);
    map_deinit(&o->perhaps);
    free(o->woken);
    free(o->parked);
    key_table_deinit(&o->keys);
    known_names_deinit(o);
    key_table_deinit(&o->names_known);
    map_deinit(&o->known_speakers);
    arena_reset(&o->known_arena);
    key_table_deinit(&o->network_keys);
    map_deinit(&o->fetches);
    leaf_names_deinit(&o->default_names);
    service_domains_deinit(o);
    certificate_groups_free(o->groups);
    night_free(o->night);
    facts_pool_deinit(&o->facts);
    free(o->ptr_hashes);
}

/* --- finding -------------------------------------------------------------------------------- */

static struct hash_key key_of_service(const struct net_addr *address, uint16_t port)
{
    struct service_key key = service_key_of(address, port);
    return hash_key_of((struct span){(const uint8_t *)&key, sizeof(key)});
}

static uint32_t network_of(struct service_owner *o, const struct net_addr *address)
{
    struct net_addr network = net_addr_network(address);
    bool added = false;
    struct hash_key key = hash_key_of((struct span){(const uint8_t *)&network, sizeof(network)});
    uint32_t index = key_table_add(&o->network_keys, key, &added);
    if (added) {
        o->networks = memory_grow_list(o->networks, index, sizeof(*o->networks));
        o->networks[index] = (struct network){.first_waiting = NO_INDEX,
                                              .last_waiting = NO_INDEX,
                                              .holder = NO_INDEX,
                                              .most_next = true};
    }
    return index;
}

uint32_t service_find(const struct service_owner *o, const struct net_addr *address, uint16_t port)
{
    return key_table_find(&o->keys, key_of_service(address, port));
}

uint32_t service_find_or_add(struct service_owner *o, const struct net_addr *address, uint16_t port)
{
    bool added = false;
    uint32_t index = key_table_add(&o->keys, key_of_service(address, port), &added);
    if (!added) {
        return index;
    }
    o->services = memory_grow_long_list(o->services, o->count, &o->capacity, sizeof(*o->services));
    service_domains_add(o);
    o->count++;
    o->services[index] =
        (struct service){.address = *address, .port = port, .gate = index, .next_port = NO_INDEX};
    if (o->night != NULL) {
        night_add_service(o->night, address);
        o->services[index].halvings = halvings_of(remembered_address(o->rules.remembered, address));
    }
    o->services[index].network = network_of(o, address);
    /* A host wants all ports of an address at once, so the first port exists before the others. */
    if (port != o->rules.first_port) {
        uint32_t gate = service_find_or_add(o, address, o->rules.first_port);
        o->services[index].gate = gate;
        o->services[index].next_port = o->services[gate].next_port;
        o->services[gate].next_port = index;
    }
    return index;
}

uint64_t service_draw(const struct service_owner *o, struct span host,
                      const struct net_addr *address, uint16_t port)
{
    struct service_key key = service_key_of(address, port);
    return hash_draw(o->rules.seed, host, (struct span){(const uint8_t *)&key, sizeof(key)});
}

void service_count_dialled(const struct service_owner *o, struct service *s, uint32_t more)
{
    uint32_t budget = o->rules.names_per_address;
    uint32_t left = budget == 0 ? UINT32_MAX : budget - s->names_dialled;
    s->names_dialled += more < left ? more : left;
}

/* --- services ------------------------------------------------------------------------------- */

static const bool service_leads_to[SERVICE_STATE_COUNT][SERVICE_STATE_COUNT] = {
    [SERVICE_NEW] = {[SERVICE_GATHERS] = true,
                     [SERVICE_KNOWN] = true /* of fetches */,
                     [SERVICE_IDLE] = true /* by its row */},
    [SERVICE_GATHERS] = {[SERVICE_PARKED] = true, [SERVICE_PROBES] = true},
    [SERVICE_PARKED] = {[SERVICE_GATHERS] = true},
    [SERVICE_PROBES] = {[SERVICE_KNOWN] = true},
    [SERVICE_KNOWN] = {[SERVICE_IDLE] = true},
    [SERVICE_IDLE] = {[SERVICE_KNOWN] = true},
};

void service_enter(struct service *s, enum service_state to)
{
    CHECK(service_leads_to[s->state][to]);
    s->state = (uint8_t)to;
}

void service_begin_work(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    struct service_work *work = memory_new(1, sizeof(*work));
    work->arena = work->names.arena = ARENA_INIT(&o->small_arenas);
    work->pending = work->names.last = BUF_INIT(BUF_NO_LIMIT);
    work->owner = o;
    work->index = index;
    work->again = NO_INDEX;
    work->paused = NO_INDEX;
    work->no_sni_visit = NO_INDEX;
    work->held_visit = NO_INDEX;
    work->ptr_leader = NO_INDEX;
    bool known = s->state == SERVICE_IDLE || s->port == SERVICE_FETCH_PORT;
    work->answers = known ? 1 : 0;
    work->no_sni = known || !asks_without_sni(&o->rules.probes) ? NO_SNI_DONE : NO_SNI_UNASKED;
    s->work = work;
    service_enter(s, known ? SERVICE_KNOWN : SERVICE_GATHERS);
    o->services_open++;
}

void service_free_work(struct service_owner *o, uint32_t index)
{
    struct service_work *work = o->services[index].work;
    wheel_clear(o->wheel, &work->timer);
    if (work->is_open) {
        LIST_REMOVE(work, open);
    }
    if (work->is_crowded) {
        LIST_REMOVE(work, crowded);
    }
    work_free(work);
    o->services[index].work = NULL;
}

void service_end_work(struct service_owner *o, uint32_t index)
{
    service_free_work(o, index);
    service_enter(&o->services[index], SERVICE_IDLE);
    o->services_open--;
}

void service_wake(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    if (s->woken || s->work == NULL) {
        return;
    }
    s->woken = true;
    if (o->woken_count == o->woken_capacity) {
        o->woken_capacity = o->woken_capacity > 0 ? 2 * o->woken_capacity : 64;
        o->woken = memory_resize(o->woken, o->woken_capacity, sizeof(*o->woken));
    }
    o->woken[o->woken_count++] = index;
}

static void on_alarm(struct wheel_timer *timer)
{
    struct service_work *work = CONTAINER_OF(timer, struct service_work, timer);
    service_wake(work->owner, work->index);
}

void service_alarm(struct service_owner *o, struct service_work *work, uint64_t at_ms)
{
    if (!wheel_is_set(&work->timer) || at_ms < work->timer.due_ms) {
        work->timer.on_due = on_alarm;
        wheel_set(o->wheel, &work->timer, at_ms);
    }
}

void service_wake_address(struct service_owner *o, uint32_t gate)
{
    for (uint32_t i = gate; i != NO_INDEX; i = o->services[i].next_port) {
        service_wake(o, i);
    }
}

/* --- visits --------------------------------------------------------------------------------- */

static const bool visit_leads_to[VISIT_STATE_COUNT][VISIT_STATE_COUNT] = {
    [VISIT_FREE] = {[VISIT_ASKS] = true, [VISIT_TOKEN] = true, [VISIT_RUNS] = true},
    [VISIT_ASKS] = {[VISIT_QUEUED] = true, [VISIT_TOKEN] = true},
    [VISIT_QUEUED] = {[VISIT_AGAIN] = true, [VISIT_PLACE] = true, [VISIT_TOKEN] = true},
    [VISIT_PLACE] = {[VISIT_AGAIN] = true, [VISIT_TOKEN] = true},
    [VISIT_TOKEN] = {[VISIT_RUNS] = true},
    [VISIT_RUNS] = {[VISIT_TOKEN] = true, /* anew */
                    [VISIT_PAUSED] = true,
                    [VISIT_AGAIN] = true,
                    [VISIT_JUDGES] = true,
                    [VISIT_HELD] = true,
                    [VISIT_KEPT] = true,
                    [VISIT_FREE] = true},
    [VISIT_PAUSED] = {[VISIT_AGAIN] = true},
    [VISIT_AGAIN] = {[VISIT_ASKS] = true, [VISIT_TOKEN] = true},
    [VISIT_JUDGES] = {[VISIT_HELD] = true, [VISIT_KEPT] = true, [VISIT_FREE] = true},
    [VISIT_HELD] = {[VISIT_PAUSED] = true,
                    [VISIT_AGAIN] = true,
                    [VISIT_JUDGES] = true,
                    [VISIT_KEPT] = true,
                    [VISIT_FREE] = true},
    [VISIT_KEPT] = {[VISIT_FREE] = true},
};

void visit_enter(struct visit *v, enum visit_state to)
{
    CHECK(visit_leads_to[v->state][to]);
    v->state = to;
}

uint32_t visit_open(struct service_owner *o, uint32_t service, enum probe p,
                    const struct want *want)
{
    if (o->free_visit == NO_INDEX) {
        o->visits = memory_grow_long_list(o->visits, o->visit_count, &o->visit_capacity,
                                          sizeof(*o->visits));
        o->visits[o->visit_count] =
            (struct visit){.seen = BUF_INIT(BUF_NO_LIMIT), .next = NO_INDEX};
        o->free_visit = o->visit_count++;
    }
    uint32_t index = o->free_visit;
    struct visit *v = &o->visits[index];
    o->free_visit = v->next;
    *v = (struct visit){
        .seen = v->seen, .service = service, .probe = p, .want = want_new(want), .next = NO_INDEX};
    o->services[service].work->visits++;
    return index;
}

void visit_close(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    visit_enter(v, VISIT_FREE);
    o->services[v->service].work->visits--;
    buf_deinit(&v->seen);
    free(v->want);
    free(v->sessions);
    v->want = NULL;
    v->sessions = NULL;
    v->session_count = 0; /* a verdict may yet come for the second of two with one list */
    v->next = o->free_visit;
    o->free_visit = index;
}

void visit_again(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    struct service_work *work = o->services[v->service].work;
    visit_enter(v, VISIT_AGAIN);
    v->next = work->again; /* several with an address limit above 1 */
    work->again = index;
}

void visit_keep(struct visit *v, const struct seen_session *seen)
{
    CHECK(v->session_count < VISIT_SESSIONS_MAX);
    v->sessions = memory_grow_list(v->sessions, v->session_count, sizeof(*v->sessions));
    struct visit_session *s = &v->sessions[v->session_count++];
    *s = (struct visit_session){.probe = (uint8_t)v->probe};
    memcpy(s->chain_id, seen->tls.chain_id, sizeof(s->chain_id));
    (void)buf_room(&v->seen, seen->tls.list.len + SESSION_ROOM); /* once, not piece by piece */
    codec_put_session(&v->seen, *seen);
    buf_trim(&v->seen); /* it may wait for long, with very many others */
    v->probes |= 1U << v->probe;
}

size_t visit_read(const struct visit *v, struct seen_session *out)
{
    struct span in = buf_span(&v->seen);
    for (size_t i = 0; i < v->session_count; i++) {
        out[i] = codec_get_session(&in);
    }
    return v->session_count;
}

size_t visit_attempts(const struct visit *v)
{
    size_t made = 0;
    for (size_t i = v->session_count; i > 0 && v->sessions[i - 1].probe == v->probe; i--) {
        made++;
    }
    return made;
}

size_t visit_counting(const struct visit *v, enum probe p)
{
    for (size_t i = 0; i < v->session_count; i++) {
        if (v->sessions[i].counts && v->sessions[i].probe == p) {
            return i;
        }
    }
    return VISIT_SESSIONS_MAX;
}
