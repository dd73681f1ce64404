#include "scanner/base/wheel.h"

void wheel_init(struct wheel *w, uint64_t now_ms, uint64_t tick_ms)
{
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        w->slot[i] = (struct wheel_timer){.next = &w->slot[i], .prev = &w->slot[i]};
    }
    w->tick_ms = tick_ms;
    w->done_tick = now_ms / tick_ms;
    w->count = 0;
    w->on_sooner = NULL;
    w->planned_ms = 0;
}

static void unlink_timer(struct wheel_timer *t)
{
    t->prev->next = t->next;
    t->next->prev = t->prev;
    t->next = NULL;
    t->prev = NULL;
}

void wheel_clear(struct wheel *w, struct wheel_timer *t)
{
    if (wheel_is_set(t)) {
        unlink_timer(t);
        w->count--;
    }
}

void wheel_set(struct wheel *w, struct wheel_timer *t, uint64_t due_ms)
{
    wheel_clear(w, t);
    /* Rounded up, so that a timer never fires early; at least the next tick to be looked at. */
    uint64_t tick = (due_ms + w->tick_ms - 1) / w->tick_ms;
    if (tick <= w->done_tick) {
        tick = w->done_tick + 1;
    }
    struct wheel_timer *head = &w->slot[tick % WHEEL_SLOTS];
    t->due_ms = tick * w->tick_ms;
    t->prev = head->prev;
    t->next = head;
    head->prev->next = t;
    head->prev = t;
    w->count++;
    if (t->due_ms < w->planned_ms && w->on_sooner != NULL) {
        w->planned_ms = t->due_ms;
        w->on_sooner(w->arg, t->due_ms);
    }
}

struct wheel_timer *wheel_turn(struct wheel *w, uint64_t now_ms)
{
    uint64_t now_tick = now_ms / w->tick_ms;
    if (w->count == 0) {
        w->done_tick = now_tick > w->done_tick ? now_tick : w->done_tick;
        return NULL;
    }
    while (w->done_tick < now_tick) {
        struct wheel_timer *head = &w->slot[(w->done_tick + 1) % WHEEL_SLOTS];
        for (struct wheel_timer *t = head->next; t != head; t = t->next) {
            if (t->due_ms <= now_ms) {
                unlink_timer(t);
                w->count--;
                return t;
            }
        }
        w->done_tick++;
    }
    return NULL;
}

uint64_t wheel_plan(struct wheel *w, uint64_t latest_ms)
{
    uint64_t tick = w->done_tick + 1;
    uint64_t last = w->count > 0 ? latest_ms / w->tick_ms : 0;
    while (tick <= last && w->slot[tick % WHEEL_SLOTS].next == &w->slot[tick % WHEEL_SLOTS]) {
        tick++;
    }
    w->planned_ms = tick <= last ? tick * w->tick_ms : latest_ms;
    return w->planned_ms;
}
