#include "scanner/pipeline/worker_weather.h"

#include <string.h>

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/pipeline/member.h"
#include "scanner/pipeline/worker_sessions.h"

#define COME_BY_MS 250 /* how often workers exchange what they know with the station */
/* --- what is met ---------------------------------------------------------------------------- */

/* @return it is the first of its network in the slot */
static bool add_to_set(uint64_t *set, uint64_t hash)
{
    uint64_t bit = 1ULL << (hash % 64);
    uint64_t *at = &set[hash / 64 % (WEATHER_SET_BITS / 64)];
    bool added = (*at & bit) == 0;
    *at |= bit;
    return added;
}

static void note_end(struct worker *w, enum weather_stream stream, uint64_t hash, bool good)
{
    struct worker_weather *ww = &w->weather;
    uint64_t slot = worker_clock_ms() / WEATHER_SLOT_MS;
    if (slot != ww->slot) {
        ww->slot = slot;
        memset(ww->good, 0, sizeof(ww->good));
        memset(ww->bad, 0, sizeof(ww->bad));
    }
    struct weather_report *r = &ww->reports[stream];
    if (add_to_set(good ? ww->good[stream] : ww->bad[stream], hash)) {
        *(good ? &r->good : &r->bad) += 1;
        (void)weather_networks_add(good ? &r->good_networks : &r->bad_networks, hash);
    }
}

static uint64_t hash_of_network(const struct net_addr *a)
{
    struct net_addr network = net_addr_network(a);
    return hash_key_of((struct span){(const uint8_t *)&network, sizeof(network)}).low;
}

static void note_session(struct worker *w, const struct session *session,
                         const struct owner_dial *d)
{
    enum weather_stream stream = weather_stream_of(&d->address);
    bool cut = session_was_cut(session);
    const struct seen_session *seen = session_seen(session);
    if (!cut || seen->outcome != OUTCOME_ESTABLISHED) { /* that is neither */
        note_end(w, stream, hash_of_network(&d->address), !cut);
    }
    /* Cut behind its handshake it answered all the same, if not at its end. */
    w->weather.reports[stream].heard |= cut && seen->outcome == OUTCOME_ESTABLISHED;
    if (seen->outcome == OUTCOME_ESTABLISHED ||
        (!cut && (outcome_info(seen->outcome)->conclusive || seen->outcome == OUTCOME_REFUSED))) {
        weather_probes_note_server(w, &d->address, d->port,
                                   service_operator_of_visit(&w->services, d->visit));
    }
}

void worker_weather_note_answer(struct worker *w, uint64_t whose, const struct dns_answer *answer)
{
    struct span registrable = answer->name;
    bool failed = dns_state_is_failure((enum dns_state)answer->seen.state);
    if (!failed) {
        note_end(w, WEATHER_DNS, hash_key_of_u64(whose).low, true);
        return;
    }
    (void)registrable_domain(w->scan->suffixes, answer->name, &registrable);
    note_end(w, WEATHER_DNS, hash_key_of(registrable).low, false);
}

/* --- sessions ------------------------------------------------------------------------------- */

static void keep_end(struct worker_weather *ww, const struct kept_session *k)
{
    ww->kept = memory_grow_list(ww->kept, ww->kept_count, sizeof(*ww->kept));
    ww->kept[ww->kept_count++] = *k;
}

static void let_wait(struct worker_weather *ww, const struct owner_dial *d)
{
    ww->dials = memory_grow_list(ww->dials, ww->dial_count, sizeof(*ww->dials));
    ww->dials[ww->dial_count++] = *d;
}

static void dial_now(struct worker *w, const struct owner_dial *d)
{
    struct worker_weather *ww = &w->weather;
    while (ww->begun_count <= d->visit) {
        ww->begun = memory_grow_list(ww->begun, ww->begun_count, sizeof(*ww->begun));
        ww->begun_count++;
    }
    ww->begun[d->visit].dial = *d;
    ww->begun[d->visit].begun_ms = worker_clock_ms();
    ww->begun[d->visit].reset = false;
    worker_dial(w, d, w->weather.session_done);
    worker_tell_connect(w, &d->address, d->port);
}

void worker_weather_dial(struct worker *w, const struct owner_dial *d)
{
    enum weather_state state = w->weather.views[weather_stream_of(&d->address)].state;
    if (state == WEATHER_FAIR && !d->anew && member_may_dial(w->scan->member) &&
        !weather_probes_borrow_from(w, d)) {
        dial_now(w, d);
    } else { /* when it is lost: the owner must not hear from inside its own command */
        let_wait(&w->weather, d);
    }
}

/* Nothing is known of the server; what was seen of it in an outage does not count. */
static void tell_fault(struct worker *w, const struct owner_dial *d)
{
    struct seen_session fault = {.outcome = OUTCOME_LOCAL_FAULT,
                                 .sni = d->sni.len > 0,
                                 .started_unix_ms = clock_unix_ms(),
                                 .connect_ms = -1,
                                 .hello = {.attempted = d->hello_max_version != 0,
                                           .max_version = d->hello_max_version,
                                           .alert = -1}};
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        fault.smtp.reply[i].ms = -1;
    }
    service_on_session_end(&w->services, d->visit, &fault);
}

/* An outage of one family is likely one of the other, of which too few may have ended to tell. */
static enum weather_word judge_kept(const struct worker *w, const struct kept_session *k)
{
    enum weather_stream stream = weather_stream_of(&k->dial.address);
    const struct weather_view *other =
        &w->weather.views[stream == WEATHER_IPV4 ? WEATHER_IPV6 : WEATHER_IPV4];
    bool ours = session_seen(k->session)->outcome == OUTCOME_LOCAL_FAULT;
    enum weather_word word =
        weather_judge(&w->weather.views[stream], k->begun_ms, k->ended_ms, ours);
    if (word != WEATHER_BELIEVED || other->state == WEATHER_LOST ||
        !weather_overlaps_outage(other, k->begun_ms, k->ended_ms)) {
        return word;
    }
    return other->state == WEATHER_AWAY ? WEATHER_WAIT : WEATHER_VOID;
}

/* @return false: it stays */
static bool settle_kept(struct worker *w, const struct kept_session *k)
{
    enum weather_stream stream = weather_stream_of(&k->dial.address);
    const struct weather_view *v = &w->weather.views[stream];
    const struct seen_session *seen = session_seen(k->session);
    switch (judge_kept(w, k)) {
    case WEATHER_WAIT:
        return false;
    case WEATHER_BELIEVED:
        service_on_session_end(&w->services, k->dial.visit, seen);
        break;
    case WEATHER_UNHEARD:
        tell_fault(w, &k->dial);
        break;
    case WEATHER_VOID:
        if (v->state == WEATHER_LOST) {
            tell_fault(w, &k->dial);
        } else {
            w->weather.reports[stream].asked_again++;
            service_void_session(&w->services, k->dial.visit);
        }
        break;
    }
    session_release(&w->sessions, k->session);
    return true;
}

bool worker_weather_keep(struct worker *w, struct session *session)
{
    struct worker_weather *ww = &w->weather;
    uint32_t visit = session_tag(session);
    struct kept_session k = {.session = session,
                             .dial = ww->begun[visit].dial,
                             .begun_ms = ww->begun[visit].begun_ms,
                             .ended_ms = worker_clock_ms()};
    if (w->stopping) {
        return false;
    }
    if (ww->begun[visit].reset) { /* by ourselves, which says nothing */
        session_release(&w->sessions, session);
        service_keep_session(&w->services, visit);
        service_void_session(&w->services, visit);
        return true;
    }
    note_session(w, session, &k.dial);
    if (!session_was_cut(session)) {
        return false;
    }
    keep_end(ww, &k);
    service_keep_session(&w->services, visit);
    return true;
}

/* An owner that hears of one end may begin others, which are kept or wait at the end of the lists. */
static void settle_all_kept(struct worker *w)
{
    struct worker_weather *ww = &w->weather;
    struct kept_session *old = ww->kept;
    uint32_t count = ww->kept_count;
    ww->kept = NULL;
    ww->kept_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (weather_probes_borrow_from(w, &old[i].dial) || !settle_kept(w, &old[i])) {
            keep_end(ww, &old[i]);
        }
    }
    free(old);
}

/* Those of one address, which waited together, start apart all the same. */
static void begin_waiting(struct worker *w)
{
    struct worker_weather *ww = &w->weather;
    struct owner_dial *old = ww->dials;
    uint32_t count = ww->dial_count;
    ww->dials = NULL;
    ww->dial_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        enum weather_state state = ww->views[weather_stream_of(&old[i].address)].state;
        if (state == WEATHER_LOST) {
            tell_fault(w, &old[i]);
        } else if (state == WEATHER_FAIR && member_may_dial(w->scan->member) &&
                   !weather_probes_borrow_from(w, &old[i]) &&
                   service_begin_anew(&w->services, old[i].visit)) {
            dial_now(w, &old[i]);
        } else {
            let_wait(ww, &old[i]);
        }
    }
    free(old);
}

/* A member of a fleet that is not heard: others may soon visit the same servers. When it is heard in time, the visits begin anew. */
static void reset_sessions(struct worker *w)
{
    for (uint32_t i = 0; i < w->sessions_of_count; i++) {
        if (w->sessions_of[i] != NULL) {
            w->weather.begun[i].reset = true;
            session_abort(w->sessions_of[i]);
        }
    }
}

/* --- fetches of policies --------------------------------------------------------------------- */

static bool fetch_was_cut(enum policy_fetch f)
{
    return f == POLICY_FETCH_TCP_TIMEOUT || f == POLICY_FETCH_TCP_RESET ||
           f == POLICY_FETCH_TCP_UNREACHABLE || f == POLICY_FETCH_TLS_TIMEOUT ||
           f == POLICY_FETCH_TLS_CLOSED || f == POLICY_FETCH_HTTP_TIMEOUT ||
           f == POLICY_FETCH_HTTP_CLOSED || f == POLICY_FETCH_BODY_TIMEOUT ||
           f == POLICY_FETCH_BODY_TRUNCATED;
}

void worker_weather_judge_fetch(const struct worker *w, struct seen_policy *p)
{
    uint64_t now = worker_clock_ms();
    int64_t lasted = clock_unix_ms() - p->started_unix_ms;
    uint64_t begun = lasted > 0 && (uint64_t)lasted < now ? now - (uint64_t)lasted : now;
    bool away = weather_overlaps_outage(&w->weather.views[WEATHER_IPV4], begun, now) ||
                weather_overlaps_outage(&w->weather.views[WEATHER_IPV6], begun, now);
    if (away && fetch_was_cut(p->outcome)) {
        p->outcome = POLICY_FETCH_LOCAL_FAULT;
    }
}

/* --- the tick ------------------------------------------------------------------------------- */

static void learn_lost(struct worker *w, const struct weather_view *before)
{
    static const uint8_t families[] = {[WEATHER_IPV4] = 4, [WEATHER_IPV6] = 6};
    for (int i = WEATHER_IPV4; i <= WEATHER_IPV6; i++) {
        if (w->weather.views[i].state == WEATHER_LOST && before[i].state != WEATHER_LOST) {
            service_lose_family(&w->services, families[i]);
        }
    }
}

static void on_come_by(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    struct worker_weather *ww = &w->weather;
    struct weather_view before[WEATHER_STREAM_COUNT];
    uint32_t rounds[WEATHER_STREAM_COUNT];
    memcpy(before, ww->views, sizeof(before));
    ww->reports[WEATHER_DNS].asked_again += w->desk.asked_again - ww->desk_asked_again;
    ww->desk_asked_again = w->desk.asked_again;
    weather_station_exchange(&w->scan->weather, ww->reports, ww->views, rounds);
    worker_tell_time(w);
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        if (rounds[i] != ww->rounds[i] && member_may_dial(w->scan->member)) {
            ww->rounds[i] = rounds[i];
            weather_probes_begin(w, (enum weather_stream)i, rounds[i]);
        }
    }
    learn_lost(w, before);
    if (member_has_to_reset(w->scan->member)) {
        reset_sessions(w);
    }
    question_desk_look(&w->desk);
    settle_all_kept(w);
    begin_waiting(w);
    ww->run_commands(w);
}

void worker_weather_open(struct worker *w, session_done_fn session_done,
                         void (*run_commands)(struct worker *w))
{
    struct worker_weather *ww = &w->weather;
    ww->session_done = session_done;
    ww->run_commands = run_commands;
    CHECK(uv_timer_init(&w->loop, &ww->tick) == 0);
    ww->tick.data = w;
    on_come_by(&ww->tick); /* what is fair is to be known before the first end */
    CHECK(uv_timer_start(&ww->tick, on_come_by, COME_BY_MS, COME_BY_MS) == 0);
}

void worker_weather_stop(struct worker *w)
{
    struct worker_weather *ww = &w->weather;
    uint32_t rounds[WEATHER_STREAM_COUNT];
    weather_station_exchange(&w->scan->weather, ww->reports, ww->views, rounds);
    if (!uv_is_closing((uv_handle_t *)&ww->tick)) {
        uv_close((uv_handle_t *)&ww->tick, NULL);
    }
    for (uint32_t i = 0; i < ww->kept_count; i++) {
        session_release(&w->sessions, ww->kept[i].session);
    }
    ww->kept_count = 0;
    ww->dial_count = 0;
    weather_probes_stop(w);
}

void worker_weather_deinit(struct worker *w)
{
    free(w->weather.kept);
    free(w->weather.dials);
    free(w->weather.begun);
}
