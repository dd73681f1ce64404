#pragma once

/**
 * A worker in the weather (owners/weather.h): what it met is counted, what may be our own fault is kept from the owners until
 * it is known, new sessions wait while something is suspicious, and a few servers and names that answered are asked
 * again when that is wanted. Of questions to DNS the desk does the keeping (owners/question_desk.h).
 *
 *   session ended ─┬─ whole, refused ──────────────────────────► owner
 *                  └─ cut short ─► kept ─┬─ believed ──────────► owner
 *                                        ├─ void ─► token ─► dials ─► begun anew when the weather is fair
 *                                        └─ void, lost ────────► owner, as local_fault
 *                  └─ reset, as the fleet may hold us for lost ─► token ─► dials
 *
 * The visit of a kept session holds its places and its lease, but no token: when all of --concurrency end in an outage,
 * others are to tell of it too. A session that ended in an outage is no attempt: the owner never
 * hears of it.
 */

#include <uv.h>

#include "resolver/resolver.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/owners/owner.h"
#include "scanner/pipeline/weather_probes.h"
#include "scanner/pipeline/weather_station.h"
#include "scanner/probe/session.h"

#define WEATHER_SET_BITS 1024 /* networks of a slot, by hash: two of one bit count as one */

/** A session that is kept; its owner has not heard. */
struct kept_session {
    struct session *session;
    struct owner_dial dial;
    uint64_t begun_ms;
    uint64_t ended_ms;
};

struct worker;

struct worker_weather {
    session_done_fn session_done;           /* of all sessions of visits */
    void (*run_commands)(struct worker *w); /* what followed from an event */
    uv_timer_t tick;
    struct weather_view views[WEATHER_STREAM_COUNT];
    struct weather_report reports[WEATHER_STREAM_COUNT];
    uint32_t rounds[WEATHER_STREAM_COUNT]; /* of probes, as the station has them */
    uint64_t slot;                         /* that the sets are of */
    uint64_t good[WEATHER_STREAM_COUNT][WEATHER_SET_BITS / 64];
    uint64_t bad[WEATHER_STREAM_COUNT][WEATHER_SET_BITS / 64];
    struct weather_probes probes;
    struct kept_session *kept; /* malloc, as the next */
    uint32_t kept_count;
    struct owner_dial *dials; /* that wait */
    uint32_t dial_count;
    struct {
        struct owner_dial dial;
        uint64_t begun_ms;
        bool reset; /* it has to end; its visit begins anew */
    } * begun;      /* by visit; malloc */
    uint32_t begun_count;
    uint64_t desk_asked_again; /* of the desk, as told */
};

void worker_weather_open(struct worker *w, session_done_fn session_done,
                         void (*run_commands)(struct worker *w));
/** Nothing is kept or begun any more. */
void worker_weather_stop(struct worker *w);
void worker_weather_deinit(struct worker *w);

/** Instead of worker_dial(): at once, or when the weather allows. */
void worker_weather_dial(struct worker *w, const struct owner_dial *d);
/** @return true: it is kept, the owner does not hear of it now */
bool worker_weather_keep(struct worker *w, struct session *session);
/** A fetch that was cut short in an outage is our own fault; it is not made again. */
void worker_weather_judge_fetch(const struct worker *w, struct seen_policy *p);
/** An answer of the resolver, or none. @param whose a number for the key that is asked about */
void worker_weather_note_answer(struct worker *w, uint64_t whose, const struct dns_answer *answer);
