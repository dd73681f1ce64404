#include "scanner/owners/weather.h"

#include <string.h>

#include "scanner/base/check.h"

const char *weather_stream_word(enum weather_stream s)
{
    static const char *const words[WEATHER_STREAM_COUNT] = {
        [WEATHER_IPV4] = "ipv4", [WEATHER_IPV6] = "ipv6", [WEATHER_DNS] = "dns"};
    CHECK(s < WEATHER_STREAM_COUNT);
    return words[s];
}

/* The drawing in weather.h. */
static const bool leads_to[WEATHER_STATE_COUNT][WEATHER_STATE_COUNT] = {
    [WEATHER_FAIR] = {[WEATHER_SUSPICIOUS] = true},
    [WEATHER_SUSPICIOUS] = {[WEATHER_FAIR] = true, [WEATHER_AWAY] = true},
    [WEATHER_AWAY] = {[WEATHER_FAIR] = true, [WEATHER_LOST] = true},
};

static void weather_enter(struct weather *w, enum weather_state to)
{
    CHECK(leads_to[w->view.state][to]);
    w->view.state = to;
}

void weather_init(struct weather *w, uint64_t now_ms, uint64_t lost_ms, uint64_t first_ms)
{
    *w = (struct weather){.lost_ms = lost_ms, .first_ms = first_ms, .slot_ms = now_ms};
    w->view.clear_until_ms = now_ms;
}

void weather_know_witness(struct weather *w)
{
    w->late_witness = w->late_witness || (w->view.first && !w->answered_ever);
    w->answered_ever = true;
}

/* --- slots ---------------------------------------------------------------------------------- */

static double usual_share(const struct weather *w)
{
    double all = w->usual_good + w->usual_bad;
    return all < WEATHER_USUAL_MIN ? 0 : w->usual_bad / all;
}

/* More than half of what is usually good has become bad. */
static bool is_unusual(const struct weather *w, struct weather_slot s)
{
    double usual = usual_share(w);
    return s.bad > (s.good + s.bad) * (usual + (1 - usual) / 2);
}

static struct weather_slot window_of(const struct weather *w)
{
    struct weather_slot sum = {0};
    for (size_t i = 0; i < WEATHER_SLOTS; i++) {
        sum.good += w->window[i].good;
        sum.bad += w->window[i].bad;
    }
    return sum;
}

static bool is_suspicious(const struct weather *w)
{
    struct weather_slot s = window_of(w);
    return (s.bad >= WEATHER_BAD_MIN && is_unusual(w, s)) ||
           (s.bad >= WEATHER_SILENT_MIN && s.good == 0);
}

static void learn_usual(struct weather *w, struct weather_slot oldest)
{
    /* ln 2 / half life, to the first order: a slot is short against it */
    double keep = 1 - 0.693 * WEATHER_SLOT_MS / WEATHER_HALF_MS;
    w->usual_good = w->usual_good * keep + oldest.good;
    w->usual_bad = w->usual_bad * keep + oldest.bad;
}

static void clear_until(struct weather *w, uint64_t ms)
{
    w->view.clear_until_ms = ms > w->view.clear_until_ms ? ms : w->view.clear_until_ms;
}

/* The run of dead targets is over: what comes now is news. */
static void shorten_calm(struct weather *w)
{
    uint64_t least = w->view.alarm_to_ms + WEATHER_CALM_MS;
    w->calm_until_ms = w->calm_until_ms > least ? least : w->calm_until_ms;
}

/* The slot is over. What outages brought is not usual. */
static void close_slot(struct weather *w)
{
    struct weather_slot slot = w->window[0];
    if (w->view.state == WEATHER_FAIR) {
        uint64_t end = w->slot_ms + WEATHER_SLOT_MS;
        uint64_t window = WEATHER_SLOTS * WEATHER_SLOT_MS;
        learn_usual(w, w->window[WEATHER_SLOTS - 1]);
        if (!w->answered_ever && w->believes_at_once) {
            clear_until(w, end);
        } else if (slot.good > 0 && !is_unusual(w, slot)) {
            clear_until(w, w->slot_ms);
            shorten_calm(w);
        } else if (end > window) {
            clear_until(w, end - window);
        }
    }
    memmove(w->window + 1, w->window, (WEATHER_SLOTS - 1) * sizeof(*w->window));
    w->window[0] = (struct weather_slot){0};
    w->slot_ms += WEATHER_SLOT_MS;
}

static void forget_window(struct weather *w, uint64_t now_ms)
{
    memset(w->window, 0, sizeof(w->window));
    w->slot_ms = now_ms;
}

bool weather_networks_add(struct weather_networks *n, uint64_t hash)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (n->hash[i] == hash) {
            return false;
        }
    }
    if (n->count == WEATHER_FAMILY_MIN) {
        return false;
    }
    n->hash[n->count++] = hash;
    return true;
}

static void networks_add_all(struct weather_networks *to, const struct weather_networks *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        (void)weather_networks_add(to, from->hash[i]);
    }
}

void weather_know_networks(struct weather *w, const struct weather_networks *good,
                           const struct weather_networks *bad)
{
    networks_add_all(&w->good_ever, good);
    networks_add_all(&w->bad_ever, bad);
}

static bool are_many(const struct weather_networks *n)
{
    return n->count == WEATHER_FAMILY_MIN;
}

void weather_compare(struct weather *ipv4, struct weather *ipv6)
{
    ipv4->other_answers = are_many(&ipv6->good_ever);
    ipv6->other_answers = are_many(&ipv4->good_ever);
}

/* Of few nobody would say that it is us. */
static void doubt_many(struct weather *w)
{
    w->view.unheard =
        w->view.unheard || (w->believes_at_once && !w->answered_ever && are_many(&w->bad_ever));
}

void weather_note(struct weather *w, uint32_t good, uint32_t bad)
{
    if (w->view.state == WEATHER_FAIR) {
        w->window[0].good += good;
        w->window[0].bad += bad;
        w->answered_ever = w->answered_ever || good > 0;
        doubt_many(w);
    } else if (w->view.first && good > 0 && !w->answered_ever) {
        w->answered_ever = true;
        w->good_round = w->round;
    }
}

/* --- probes --------------------------------------------------------------------------------- */

static enum weather_step begin_round(struct weather *w, uint64_t now_ms)
{
    w->round++;
    w->round_ms = now_ms;
    w->round_asked = w->round_answered = w->round_failed = 0;
    return WEATHER_PROBE;
}

void weather_note_probes(struct weather *w, uint32_t round, uint32_t asked, uint32_t answered,
                         uint32_t failed)
{
    if (round == w->round) {
        w->round_asked += asked;
        w->round_answered += answered;
        w->round_failed += failed;
    }
}

enum round_state {
    ROUND_LASTS,
    ROUND_ANSWERED,
    ROUND_SILENT,
    ROUND_EMPTY
};

/* Whoever is asked may have died a moment ago: half of them are enough. Of those who did not answer one is. */
static enum round_state round_state_of(const struct weather *w, uint64_t now_ms)
{
    bool over = now_ms >= w->round_ms + WEATHER_ROUND_MS;
    bool empty = w->round_asked == 0 && w->round_answered == 0;
    if (!over && (empty || now_ms < w->round_ms + WEATHER_SLOT_MS)) {
        return ROUND_LASTS; /* not all have begun theirs */
    }
    if (empty) {
        return ROUND_EMPTY;
    }
    if (2 * w->round_answered >= w->round_asked || (w->view.first && w->round_answered > 0)) {
        return ROUND_ANSWERED;
    }
    return over || 2 * w->round_failed > w->round_asked ? ROUND_SILENT : ROUND_LASTS;
}

/* --- looks ---------------------------------------------------------------------------------- */

static enum weather_step suspect(struct weather *w, uint64_t now_ms)
{
    if (now_ms < w->calm_until_ms || (!w->answered_ever && w->believes_at_once) ||
        !is_suspicious(w)) {
        return WEATHER_QUIET;
    }
    weather_enter(w, WEATHER_SUSPICIOUS);
    w->view.first = !w->answered_ever;
    w->late_witness = false;
    w->first_until_ms = now_ms + w->first_ms;
    w->empty_rounds = 0;
    return begin_round(w, now_ms);
}

static enum weather_step end_false_alarm(struct weather *w, uint64_t now_ms)
{
    weather_enter(w, WEATHER_FAIR);
    w->view.first = false;
    w->view.alarm_from_ms = w->view.clear_until_ms;
    w->view.alarm_to_ms = now_ms;
    clear_until(w, w->round_ms);
    w->calm_until_ms = now_ms + ((uint64_t)WEATHER_CALM_MS << w->false_alarms);
    w->false_alarms += w->false_alarms < WEATHER_CALM_STEPS;
    w->slot_ms = now_ms; /* the window stays: a run of dead targets becomes usual */
    return WEATHER_QUIET;
}

static enum weather_step begin_outage(struct weather *w)
{
    struct weather_view *v = &w->view;
    weather_enter(w, WEATHER_AWAY);
    v->outages[v->outage_count++ % WEATHER_OUTAGES_MAX] =
        (struct weather_outage){.from_ms = v->clear_until_ms};
    return WEATHER_BEGAN;
}

static enum weather_step end_outage(struct weather *w, uint64_t now_ms)
{
    struct weather_view *v = &w->view;
    weather_enter(w, WEATHER_FAIR);
    v->first = false;
    w->answered_ever = true;
    v->outages[(v->outage_count - 1) % WEATHER_OUTAGES_MAX].to_ms = now_ms;
    clear_until(w, now_ms); /* those that overlap the outage are void all the same */
    forget_window(w, now_ms);
    w->false_alarms = 0;
    return WEATHER_ENDED;
}

/* Those who were asked do not answer, but others do by now: of those who were not, nobody knows whose fault it was. All
 * are asked again; it is no outage that we could speak of. */
static enum weather_step end_in_doubt(struct weather *w, uint64_t now_ms)
{
    struct weather_view *v = &w->view;
    v->outages[v->outage_count++ % WEATHER_OUTAGES_MAX] =
        (struct weather_outage){.from_ms = v->clear_until_ms, .to_ms = now_ms};
    return end_false_alarm(w, now_ms);
}

/* Nobody who failed answers. Somebody else may have done so, but perhaps only after these were asked. */
static enum weather_step go_on_with_first(struct weather *w, uint64_t now_ms)
{
    if (w->answered_ever) {
        return w->round > w->good_round ? end_in_doubt(w, now_ms) : begin_round(w, now_ms);
    }
    if (now_ms < w->round_ms + WEATHER_EVERY_MS) {
        return WEATHER_QUIET;
    }
    if (now_ms < w->first_until_ms) {
        return begin_round(w, now_ms);
    }
    if (w->other_answers && are_many(&w->bad_ever)) {
        w->view.never = true;
        return begin_outage(w);
    }
    w->believes_at_once = true;
    doubt_many(w);
    return end_false_alarm(w, now_ms);
}

static enum weather_step look_while_suspicious(struct weather *w, uint64_t now_ms)
{
    if (w->late_witness) {
        w->late_witness = w->view.first = false;
        return begin_round(w, now_ms);
    }
    enum round_state round = round_state_of(w, now_ms);
    if (w->view.first && round != ROUND_LASTS) {
        return round == ROUND_ANSWERED ? begin_outage(w) : go_on_with_first(w, now_ms);
    }
    switch (round) {
    case ROUND_LASTS:
        return WEATHER_QUIET;
    case ROUND_ANSWERED:
        return end_false_alarm(w, now_ms);
    case ROUND_EMPTY: /* those who could be asked are busy with us; without any nothing becomes known */
        return ++w->empty_rounds < WEATHER_EMPTY_MAX ? begin_round(w, now_ms)
                                                     : end_false_alarm(w, now_ms);
    case ROUND_SILENT:
        return begin_outage(w);
    }
    UNREACHABLE("unknown round_state");
}

static enum weather_step look_while_away(struct weather *w, uint64_t now_ms)
{
    const struct weather_view *v = &w->view;
    if (!v->never && round_state_of(w, now_ms) == ROUND_ANSWERED) {
        return end_outage(w, now_ms);
    }
    if (v->never ||
        now_ms >= v->outages[(v->outage_count - 1) % WEATHER_OUTAGES_MAX].from_ms + w->lost_ms) {
        weather_enter(w, WEATHER_LOST);
        return WEATHER_GAVE_UP;
    }
    return now_ms >= w->round_ms + WEATHER_EVERY_MS ? begin_round(w, now_ms) : WEATHER_QUIET;
}

static bool is_heard_late(const struct weather *w)
{
    return w->view.unheard && w->answered_ever;
}

/* Since the first alarm nobody was heard: what is not told yet is void. */
static enum weather_step hear_first(struct weather *w, uint64_t now_ms)
{
    struct weather_view *v = &w->view;
    v->unheard = false;
    v->outages[v->outage_count++ % WEATHER_OUTAGES_MAX] =
        (struct weather_outage){.from_ms = v->alarm_from_ms, .to_ms = now_ms};
    clear_until(w, now_ms);
    forget_window(w, now_ms);
    return WEATHER_HEARD;
}

enum weather_step weather_end(struct weather *w, uint64_t now_ms)
{
    return w->view.state == WEATHER_FAIR && is_heard_late(w) ? hear_first(w, now_ms)
                                                             : WEATHER_QUIET;
}

enum weather_step weather_look(struct weather *w, uint64_t now_ms)
{
    switch (w->view.state) {
    case WEATHER_FAIR:
        if (is_heard_late(w)) {
            return hear_first(w, now_ms);
        }
        /* Of a machine that stood still only the end is looked at. */
        if (now_ms > w->slot_ms + 2 * WEATHER_SLOTS * WEATHER_SLOT_MS) {
            w->slot_ms = now_ms - WEATHER_SLOTS * WEATHER_SLOT_MS;
        }
        if (suspect(w, now_ms) == WEATHER_PROBE) {
            return WEATHER_PROBE;
        }
        while (now_ms >= w->slot_ms + WEATHER_SLOT_MS) {
            close_slot(w);
        }
        return WEATHER_QUIET;
    case WEATHER_SUSPICIOUS:
        return look_while_suspicious(w, now_ms);
    case WEATHER_AWAY:
        return look_while_away(w, now_ms);
    case WEATHER_LOST:
        return WEATHER_QUIET;
    case WEATHER_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown weather_state");
}

/* --- ends ----------------------------------------------------------------------------------- */

bool weather_overlaps_outage(const struct weather_view *v, uint64_t begun_ms, uint64_t ended_ms)
{
    size_t kept = v->outage_count < WEATHER_OUTAGES_MAX ? v->outage_count : WEATHER_OUTAGES_MAX;
    for (size_t i = 0; i < kept; i++) {
        const struct weather_outage *o = &v->outages[i];
        if (ended_ms >= o->from_ms && (o->to_ms == 0 || begun_ms < o->to_ms)) {
            return true;
        }
    }
    return false;
}

enum weather_word weather_judge(const struct weather_view *v, uint64_t begun_ms, uint64_t ended_ms,
                                bool ours)
{
    if (v->state == WEATHER_AWAY) {
        return WEATHER_WAIT;
    }
    if (weather_overlaps_outage(v, begun_ms, ended_ms)) {
        return WEATHER_VOID; /* of a lost one as well, though nobody is asked any more */
    }
    if (ours && ended_ms >= v->alarm_from_ms && ended_ms < v->alarm_to_ms) {
        return WEATHER_VOID; /* short, and over before the probes: but it was us */
    }
    return ended_ms >= v->clear_until_ms ? WEATHER_WAIT
           : v->unheard                  ? WEATHER_UNHEARD
                                         : WEATHER_BELIEVED;
}
