#pragma once

#include "scanner/base/span.h"

/**
 * A timer wheel of deadlines: O(1) to set, move and clear; no memory of its own per timer.
 * Hashed wheel of WHEEL_SLOTS slots of `tick_ms`: a timer due later than one turn stays in its
 * slot and is looked at once a turn. Resolution is one tick; never fires early.
 */
#define WHEEL_SLOTS 1024

struct wheel_timer {
    struct wheel_timer *next; /* NULL: not set */
    struct wheel_timer *prev;
    uint64_t due_ms;
    void (*on_due)(struct wheel_timer *t); /* set by the user; called by who turns the wheel */
};

struct wheel {
    struct wheel_timer slot[WHEEL_SLOTS]; /* list heads */
    uint64_t tick_ms;
    uint64_t done_tick; /* every tick up to this one was looked at */
    size_t count;
    /* For whoever sleeps until it is to be turned: wheel_plan(). NULL: nobody */
    void (*on_sooner)(void *arg, uint64_t ms);
    void *arg;
    uint64_t planned_ms;
};

void wheel_init(struct wheel *w, uint64_t now_ms, uint64_t tick_ms);
/** Sets or moves. A `due_ms` in the past fires at the next wheel_turn(). */
void wheel_set(struct wheel *w, struct wheel_timer *t, uint64_t due_ms);
void wheel_clear(struct wheel *w, struct wheel_timer *t); /* unset timers are allowed */

static inline bool wheel_is_set(const struct wheel_timer *t)
{
    return t->next != NULL;
}

/** Takes out one timer that is due at `now_ms`; NULL when none is left. Call until NULL.
 * Timers may be set and cleared between calls. */
struct wheel_timer *wheel_turn(struct wheel *w, uint64_t now_ms);
/** When it is to be turned next: a timer may be due then, or it is `latest_ms`. From now on `on_sooner` is told of each timer
 * that is set for an earlier time. */
uint64_t wheel_plan(struct wheel *w, uint64_t latest_ms);
