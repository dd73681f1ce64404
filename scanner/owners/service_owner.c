#include "scanner/owners/service_owner.h"

#include <string.h>

#include "scanner/analysis/attempts.h"
#include "scanner/base/memory.h"
#include "scanner/owners/service_work.h"

#define STEPS_MAX 256 /* of service_go_on() in one call: a closing block can write 100,000 rows */

/* --- turns ----------------------------------------------------------------------------------- */

static bool is_over_budget(const struct service_owner *o, const struct service *s)
{
    uint32_t budget = o->rules.names_per_address;
    return budget != 0 && s->names_dialled >= budget;
}

static enum group_turn turn_of(const struct service_owner *o, const struct service *s,
                               const struct want *want)
{
    if (want->group == GROUP_NONE) {
        return GROUP_DIAL;
    }
    struct group_name name = {.host = want->host,
                              .draw = want->draw,
                              .tlsa_base = want->tlsa_base,
                              .tlsas = want->tlsas,
                              .tlsa_count = want->tlsa_count};
    return certificate_group_turn(o->groups, want->group, &name, s->work->names_under_way > 0);
}

/* What becomes of the names in front, up to one that is dialled. No row is written without a session before
 * those of all names in front of it: when sessions end must not show. */
static void take_turns(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    struct service_work *work = s->work;
    work->held = false;
    while (!work->held && work->names.count > 0) {
        struct want *want = names_first(o, &work->names);
        work->held = !known_names_take_turns(o, index, want);
        if (work->held || !work->in_turns) {
            return;
        }
        enum group_turn turn = turn_of(o, s, want);
        if (turn != GROUP_WAIT && known_speaker_takes_turn(o, s)) {
            continue;
        }
        bool refused = turn == GROUP_DIAL && !want->planned && is_over_budget(o, s);
        if (turn == GROUP_WAIT || (refused && work->names_under_way > 0)) {
            work->held = true;
        } else if (turn == GROUP_INFER) {
            rows_write_inferred(o, s, want, certificate_group_infer(o->groups, want->group));
            names_drop_first(&work->names);
        } else if (refused) {
            rows_write_not_tested(o, s, want, NOT_TESTED_ADDRESS_BUDGET);
            names_drop_first(&work->names);
        } else {
            s->names_dialled += !want->planned;
            want->planned = true;
            return;
        }
    }
}

/* --- one step -------------------------------------------------------------------------------- */

/* No name of the service is asked for any more. Without the probe "sni" all names tell of the default
 * certificate, so they wait for the verdict on it: a row must not depend on when it is written. */
static bool speaks_for_all(const struct service_owner *o, const struct service *s)
{
    bool judged = s->no_sni_done && s->work->no_sni != NO_SNI_UNDER_WAY;
    return (s->failures >= SPEAKING_FAILURES && !service_is_held(s->work)) ||
           (judged && !o->rules.probes.sni);
}

static void take_out_fetch(struct service_work *work, size_t at)
{
    work->fetch_count--;
    memmove(&work->fetches[at], &work->fetches[at + 1],
            (work->fetch_count - at) * sizeof(*work->fetches));
}

static void permit_first(struct service_owner *o, uint32_t index)
{
    struct service_work *work = o->services[index].work;
    uint32_t visit = visit_open(o, index, PROBE_FETCH, &(struct want){0});
    o->visits[visit].fetch = work->fetches[0];
    *map_find(&o->fetches, hash_key_of_u64(work->fetches[0])) = visit;
    take_out_fetch(work, 0);
    visit_permit(o, visit);
}

static void begin_visit(struct service_owner *o, uint32_t index, enum probe p)
{
    struct service *s = &o->services[index];
    uint32_t visit = s->work->again;
    if (visit != NO_INDEX) {
        s->work->again = o->visits[visit].next;
    } else if (probe_is_for_name(p)) {
        const struct want *want = names_first(o, &s->work->names);
        if (want->group != GROUP_NONE) {
            certificate_group_dial(o->groups, want->group);
        }
        visit = visit_open(o, index, p, want);
        names_drop_first(&s->work->names);
        s->work->names_under_way++;
    } else {
        probe_begin(o, s, p);
        visit = visit_open(o, index, p, s->work->first_want);
    }
    visit_start(o, visit);
}

static void begin_sessions(struct service_owner *o, uint32_t index)
{
    while (!o->stopping) {
        const struct service *s = &o->services[index];
        uint32_t visit = s->work->again;
        take_turns(o, index);
        if (s->work->names.count > 0 && speaks_for_all(o, s)) {
            service_wake(o, index); /* by a visit of before the scan went on */
            return;
        }
        enum probe p = visit == NO_INDEX ? probe_next_for_service(o, s) : o->visits[visit].probe;
        if (p == PROBE_COUNT || !visit_may_start(o, index)) {
            return;
        }
        if (p == PROBE_FETCH) {
            permit_first(o, index);
        } else {
            begin_visit(o, index, p);
        }
    }
}

static bool is_idle(const struct service *s)
{
    const struct service_work *work = s->work;
    return s->state == SERVICE_KNOWN && !work->is_open && work->names.count == 0 &&
           work->fetch_count == 0 && work->visits == 0 && !work->queued_in_network;
}

static void service_step(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    struct service_work *work = s->work;
    service_resume_visits(o, work);
    if (work->pending_count > 0 && work->first_pending < o->blocks_closed) {
        if (service_park(o, index)) {
            return;
        }
        blocks_choose_names(o, index);
    }
    if (ahead_begins(work)) {
        blocks_go_ahead(o, index);
    }
    blocks_leave(o, work);
    while (work->names.count > 0 && (service_is_lost(o, s) || speaks_for_all(o, s))) {
        if (known_speaker_takes_turn(o, s)) {
            continue;
        }
        if (service_is_lost(o, s)) {
            rows_write_not_tested(o, s, names_first(o, &work->names), NOT_TESTED_LOCAL_FAULT);
        } else {
            rows_write_inherited(o, s, names_first(o, &work->names));
        }
        names_drop_first(&work->names);
    }
    short_leave(o, index);
    if (s->state == SERVICE_PROBES && work->ptr_pending == 0 && !probes_are_pending(o, s)) {
        rows_write_service(o, s);
        if (work->no_sni == NO_SNI_KEPT) {
            visit_close(o, work->no_sni_visit);
            work->no_sni = NO_SNI_DONE;
        }
    }
    begin_sessions(o, index);
    uint32_t network = o->services[index].network;
    if (is_idle(&o->services[index])) {
        service_end_work(o, index);
    }
    service_wake_network(o, network);
}

bool service_go_on(struct service_owner *o)
{
    uint32_t last =
        o->woken_count - o->woken_at > STEPS_MAX ? o->woken_at + STEPS_MAX : o->woken_count;
    while (o->woken_at < last) { /* a step may wake others */
        uint32_t index = o->woken[o->woken_at++];
        o->services[index].woken = false;
        if (o->services[index].work != NULL) {
            service_step(o, index);
        }
    }
    if (o->woken_at < o->woken_count) {
        return true;
    }
    o->woken_at = o->woken_count = 0;
    return service_unpark_next(o);
}

/* --- wants ------------------------------------------------------------------------------------ */

/* Borrowed. @return how many */
static size_t want_read_tlsas(struct span octets, struct seen_tlsa list[TLSA_MAX])
{
    size_t count = 0;
    while (octets.len > 0) {
        CHECK(count < TLSA_MAX);
        list[count++] = codec_get_tlsa(&octets);
    }
    return count;
}

static void add_want(struct service_owner *o, struct service_work *work,
                     const struct message_address_want *m)
{
    struct seen_tlsa tlsas[TLSA_MAX];
    struct span registrable = {0};
    (void)registrable_domain(o->rules.suffixes, m->host, &registrable);
    const struct want want = {
        .host = m->host,
        .tlsa_base = m->tlsa_base,
        .tlsas = tlsas,
        .tlsa_count = want_read_tlsas(m->tlsas, tlsas),
        .dane_host = m->dane_host,
        .registrable_len = (uint8_t)registrable.len, /* RFC 1035 section 2.3.4: 253 at most */
        .draw = service_draw(o, m->host, &m->address, m->port),
        .block = m->block,
        .group = GROUP_NONE,
    };
    names_pend(work, &want);
    o->names_waiting++;
}

/* All names of a block are here since it closed; but in a fleet somebody who took over may have found other addresses than its block had, and
 * they come behind all that are here. @return false: it is a repeat */
static bool want_is_new(struct service_owner *o, struct message_address_want *m)
{
    if (o->out->state == NULL) {
        return m->block >= o->blocks_closed;
    }
    m->block = m->block < o->blocks_closed ? o->blocks_closed - 1 : m->block;
    return service_name_is_new(o, &m->address, m->port, m->host);
}

void service_on_address_want(struct service_owner *o, const struct message_address_want *want)
{
    struct message_address_want own = *want;
    const struct message_address_want *m = &own;
    if (!want_is_new(o, &own)) {
        o->strays++;
        return;
    }
    uint32_t index = service_find_or_add(o, &m->address, m->port);
    if (o->services[index].state == SERVICE_PARKED) {
        service_unpark(o, index);
    } else if (o->services[index].work == NULL) {
        service_begin_work(o, index);
    }
    struct service_work *work = o->services[index].work;
    bool added = false;
    uint64_t value = (uint64_t)m->block << 2 | (m->ahead ? WANT_AHEAD : 0);
    uint64_t *wanted = map_add(&work->wanted, hash_key_of(m->host), value, &added);
    if (!added) {
        ahead_on_want_again(o, work, m, wanted);
        return;
    }
    if (!work->is_open) {
        work->is_open = true;
        LIST_INSERT_HEAD(&o->open, work, open);
    }
    add_want(o, work, m);
    if (m->block < o->blocks_closed) {
        service_wake(o, index);
    }
}

void service_on_block_closed(struct service_owner *o, uint32_t block)
{
    o->blocks_closed = block + 1;
    const struct service_work *work;
    LIST_FOREACH(work, &o->open, open)
    {
        service_wake(o, work->index);
    }
}

/* --- what was asked for comes ----------------------------------------------------------------- */

void service_on_answer(struct service_owner *o, uint64_t tag, const struct dns_answer *answer)
{
    reverse_dns_on_answer(o, (uint32_t)tag, answer);
}

void service_on_name_checked(struct service_owner *o, const struct message_name_checked *m)
{
    o->strays += !reverse_dns_on_checked(o, m);
}

void service_on_lease_grant(struct service_owner *o, const struct message_lease_grant *m)
{
    visit_on_lease(o, &m->lease);
}

void service_on_lease_queued(struct service_owner *o, const struct message_lease_queued *m)
{
    visit_on_queued(o, &m->lease);
}

/* --- fetches of the policy thread ------------------------------------------------------------- */

void service_on_permit_want(struct service_owner *o, const struct message_permit_want *m)
{
    bool added = false;
    uint64_t visit = *map_add(&o->fetches, hash_key_of_u64(m->fetch), NO_INDEX, &added);
    if (!added) {
        o->strays++;
        if (visit != NO_INDEX) { /* the grant may be lost */
            message_put_permit_grant(o->out->to_policies,
                                     &(struct message_permit_grant){m->fetch, m->address});
        }
        return;
    }
    uint32_t index = service_find_or_add(o, &m->address, SERVICE_FETCH_PORT);
    if (o->services[index].work == NULL) {
        service_begin_work(o, index);
    }
    struct service_work *work = o->services[index].work;
    work->fetches = memory_grow_list(work->fetches, work->fetch_count, sizeof(*work->fetches));
    work->fetches[work->fetch_count++] = m->fetch;
    service_wake(o, index);
}

/* Interrupted before its permit. */
static void forget_fetch(struct service_owner *o, const struct message_permit_return *m)
{
    uint32_t index = service_find(o, &m->address, SERVICE_FETCH_PORT);
    struct service_work *work = index != NO_INDEX ? o->services[index].work : NULL;
    for (size_t i = 0; work != NULL && i < work->fetch_count; i++) {
        if (work->fetches[i] == m->fetch) {
            take_out_fetch(work, i);
            service_wake(o, index);
            return;
        }
    }
}

void service_on_permit_return(struct service_owner *o, const struct message_permit_return *m)
{
    const uint64_t *at = map_find(&o->fetches, hash_key_of_u64(m->fetch));
    if (at == NULL) {
        o->strays++;
        return;
    }
    uint32_t visit = (uint32_t)*at;
    (void)map_remove(&o->fetches, hash_key_of_u64(m->fetch));
    if (visit == NO_INDEX) {
        forget_fetch(o, m);
        return;
    }
    visit_leave(o, visit);
    visit_close(o, visit);
}

void service_give_up_fetches(struct service_owner *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        struct service_work *work = o->services[i].work;
        for (; work != NULL && work->fetch_count > 0; work->fetch_count--) {
            (void)map_remove(&o->fetches, hash_key_of_u64(work->fetches[work->fetch_count - 1]));
            service_wake(o, i);
        }
    }
    for (uint32_t i = 0; i < o->visit_count; i++) {
        const struct visit *v = &o->visits[i];
        if (v->state == VISIT_RUNS && v->probe == PROBE_FETCH) {
            struct message_permit_return m = {v->fetch, o->services[v->service].address};
            service_on_permit_return(o, &m);
        }
    }
}

/* --- sessions --------------------------------------------------------------------------------- */

static void ask_for_verdict(struct service_owner *o, uint32_t index,
                            const struct seen_session *seen)
{
    struct visit *v = &o->visits[index];
    struct visit_session *last = &v->sessions[v->session_count - 1];
    struct chain_waiter waiter = {WAITER_VISIT, index};
    if (seen->tls_attempted && seen->tls.cert_count > 0 &&
        !known_chains_ask(o->chains, o->out, seen->tls.chain_id, seen->tls.list, waiter,
                          &last->chain)) {
        last->unjudged = true;
        v->unjudged++;
    }
}

/* The attempts of the probe are over: one of them counts. */
static void conclude_probe(struct service_owner *o, struct visit *v,
                           const struct seen_session *last)
{
    size_t attempts = visit_attempts(v);
    size_t first = v->session_count - attempts;
    if (attempts == 1) {
        v->sessions[first].counts = true;
        probe_note(o, v, last);
        return;
    }
    struct seen_session sessions[VISIT_SESSIONS_MAX];
    (void)visit_read(v, sessions);
    size_t counts = first + attempt_that_counts(&sessions[first], attempts);
    v->sessions[counts].counts = true;
    probe_note(o, v, &sessions[counts]);
}

void service_on_session_end(struct service_owner *o, uint32_t index,
                            const struct seen_session *seen)
{
    CHECK(index < o->visit_count && o->visits[index].state == VISIT_RUNS);
    address_pause_if_busy(o, o->visits[index].service, seen); /* its place may be taken at once */
    visit_note_time(o, &o->visits[index]);
    address_note_reception(o, &o->visits[index], seen);
    visit_leave(o, index);
    struct visit *v = &o->visits[index];
    v->probe = probe_as_it_ended(v->probe, seen);
    probe_note_session(o, v, seen);
    visit_keep(v, seen);
    ask_for_verdict(o, index, seen);
    if (visit_pause_if_lost(o, index, seen)) {
        return;
    }
    conclude_probe(o, v, seen);
    if (!visit_is_held(o, index)) {
        visit_go_on(o, index);
    }
}

void service_on_verdict(struct service_owner *o, uint32_t index, struct span chain_id,
                        struct chain_brief verdict)
{
    struct visit *v = &o->visits[index];
    for (uint8_t i = 0; i < v->session_count; i++) {
        struct visit_session *s = &v->sessions[i];
        if (s->unjudged && memcmp(s->chain_id, chain_id.at, sizeof(s->chain_id)) == 0) {
            s->chain = verdict;
            s->unjudged = false;
            v->unjudged--;
        }
    }
    if (v->state == VISIT_JUDGES && v->unjudged == 0) {
        visit_end(o, index);
        service_wake(o, o->visits[index].service);
    }
}

/* ---------------------------------------------------------------------------------------------- */

void service_lose_family(struct service_owner *o, uint8_t family)
{
    o->lost[family == 6] = true;
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->services[i].work != NULL) {
            service_wake(o, i);
        }
    }
}

void service_stop(struct service_owner *o)
{
    o->stopping = true;
}

const struct net_addr *service_address_of_visit(const struct service_owner *o, uint32_t visit)
{
    return &o->services[o->visits[visit].service].address;
}
