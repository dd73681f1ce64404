#include <criterion/criterion.h>

#include "scanner/base/container.h"
#include "scanner/base/wheel.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TICK_MS  10U
#define TURN_MS  (WHEEL_SLOTS * TICK_MS)
#define START_MS 1234567U /* not a multiple of anything */

struct alarm {
    struct wheel_timer timer;
    uint64_t due_ms; /* as asked for */
    uint64_t fired_ms;
    unsigned times;
};

static unsigned turn(struct wheel *w, uint64_t now_ms)
{
    unsigned fired = 0;
    for (struct wheel_timer *t = NULL; (t = wheel_turn(w, now_ms)) != NULL;) {
        struct alarm *a = CONTAINER_OF(t, struct alarm, timer);
        cr_expect_not(wheel_is_set(t));
        a->fired_ms = now_ms;
        a->times++;
        fired++;
    }
    return fired;
}

static void set(struct wheel *w, struct alarm *a, uint64_t due_ms)
{
    a->due_ms = due_ms;
    wheel_set(w, &a->timer, due_ms);
}

/* From the next millisecond to many turns away, at every place within a tick. */
static const uint64_t delays[] = {0,           1,           9,           10,
                                  11,          99,          TURN_MS - 1, TURN_MS,
                                  TURN_MS + 1, TURN_MS + 9, 2 * TURN_MS, 3 * TURN_MS + 5,
                                  10 * TURN_MS};

Test(wheel, is_never_early_and_at_most_one_tick_late)
{
    static struct wheel w;
    static struct alarm alarms[COUNT(delays) * 10];
    wheel_init(&w, START_MS, TICK_MS);
    for (size_t i = 0; i < COUNT(alarms); i++) {
        set(&w, &alarms[i], START_MS + delays[i / 10] + i % 10);
    }
    cr_expect_eq(w.count, COUNT(alarms));
    for (uint64_t now = START_MS; now <= START_MS + 11 * TURN_MS; now++) {
        (void)turn(&w, now);
    }
    cr_expect_eq(w.count, 0);
    for (size_t i = 0; i < COUNT(alarms); i++) {
        const struct alarm *a = &alarms[i];
        cr_expect_eq(a->times, 1, "after %llu", (unsigned long long)(a->due_ms - START_MS));
        cr_expect_geq(a->fired_ms, a->due_ms);
        cr_expect_leq(a->fired_ms, a->due_ms + TICK_MS, "after %llu: %llu late",
                      (unsigned long long)(a->due_ms - START_MS),
                      (unsigned long long)(a->fired_ms - a->due_ms));
    }
}

/* The process slept, or the machine: everything due comes, nothing else. */
Test(wheel, catches_up_after_a_jump)
{
    static const uint64_t jumps[] = {1, TICK_MS, TURN_MS / 2, TURN_MS, TURN_MS + 1, 7 * TURN_MS};
    for (size_t j = 0; j < COUNT(jumps); j++) {
        static struct wheel w;
        struct alarm alarms[COUNT(delays)] = {0};
        wheel_init(&w, START_MS, TICK_MS);
        for (size_t i = 0; i < COUNT(delays); i++) {
            set(&w, &alarms[i], START_MS + delays[i]);
        }
        uint64_t now = START_MS + jumps[j];
        (void)turn(&w, now);
        for (size_t i = 0; i < COUNT(delays); i++) {
            if (alarms[i].due_ms > now) {
                cr_expect_eq(alarms[i].times, 0, "jump %zu, delay %zu: early", j, i);
            }
            if (alarms[i].due_ms + TICK_MS <= now) {
                cr_expect_eq(alarms[i].times, 1, "jump %zu, delay %zu: missed", j, i);
            }
        }
        cr_expect_eq(turn(&w, START_MS), 0, "a clock that goes back fires nothing");
        (void)turn(&w, now + 20 * TURN_MS);
        cr_expect_eq(w.count, 0);
    }
}

Test(wheel, past_deadlines_fire_at_the_next_turn)
{
    static struct wheel w;
    struct alarm past = {0};
    wheel_init(&w, START_MS, TICK_MS);
    cr_expect_eq(turn(&w, START_MS + 500), 0);
    set(&w, &past, START_MS);
    cr_expect_eq(turn(&w, START_MS + 500 + TICK_MS), 1);
    set(&w, &past, 0);
    cr_expect_eq(turn(&w, START_MS + 500 + 2 * TICK_MS), 1);
}

Test(wheel, moves_and_clears)
{
    static struct wheel w;
    struct alarm a = {0};
    struct alarm b = {0};
    wheel_init(&w, START_MS, TICK_MS);
    wheel_clear(&w, &a.timer); /* unset: allowed */
    cr_expect_eq(w.count, 0);
    set(&w, &a, START_MS + 100);
    set(&w, &b, START_MS + 100);
    set(&w, &a, START_MS + 300); /* later */
    cr_expect_eq(w.count, 2);
    cr_expect_eq(turn(&w, START_MS + 200), 1);
    cr_expect_eq(b.times, 1);
    set(&w, &b, START_MS + 3 * TURN_MS);
    set(&w, &b, START_MS + 250); /* sooner */
    cr_expect_eq(turn(&w, START_MS + 260), 1);
    wheel_clear(&w, &a.timer);
    cr_expect_not(wheel_is_set(&a.timer));
    cr_expect_eq(turn(&w, START_MS + 5 * TURN_MS), 0);
    cr_expect_eq(w.count, 0);
}

/* What a callback may do: clear a timer that is due in the same turn, set itself and others. */
Test(wheel, may_be_changed_while_it_turns)
{
    static struct wheel w;
    struct alarm alarms[6] = {0};
    wheel_init(&w, START_MS, TICK_MS);
    for (size_t i = 0; i < COUNT(alarms); i++) {
        set(&w, &alarms[i], START_MS + 100 + (i % 2) * TICK_MS);
    }
    uint64_t now = START_MS + 200;
    unsigned fired = 0;
    for (struct wheel_timer *t = NULL; (t = wheel_turn(&w, now)) != NULL; fired++) {
        struct alarm *a = CONTAINER_OF(t, struct alarm, timer);
        a->times++;
        size_t i = (size_t)(a - alarms);
        if (i == 0) {
            wheel_clear(&w, &alarms[2].timer); /* of the same slot */
            wheel_clear(&w, &alarms[1].timer); /* of a later one */
            set(&w, a, now + 1000);            /* itself, again */
        } else if (i == 4 && a->times == 1) {
            set(&w, a, START_MS); /* in the past: still in this turn or the next */
        }
        cr_assert_lt(fired, 10);
    }
    (void)turn(&w, now + TICK_MS);
    static const unsigned times[] = {1, 0, 0, 1, 2, 1};
    for (size_t i = 0; i < COUNT(alarms); i++) {
        cr_expect_eq(alarms[i].times, times[i], "timer %zu: %u", i, alarms[i].times);
    }
    cr_expect_eq(w.count, 1);
    cr_expect_eq(turn(&w, now + 999), 0);
    cr_expect_eq(turn(&w, now + 1000 + TICK_MS), 1);
}

static void note_sooner(void *arg, uint64_t ms)
{
    *(uint64_t *)arg = ms;
}

/* Whoever sleeps as planned, and wakes earlier when told, is at most one tick late with each timer. */
Test(wheel, says_when_it_is_to_be_turned)
{
    static struct wheel w;
    uint64_t sooner_ms = 0;
    struct alarm a = {0};
    struct alarm b = {0};
    wheel_init(&w, START_MS, TICK_MS);
    w.on_sooner = note_sooner;
    w.arg = &sooner_ms;
    cr_expect_eq(wheel_plan(&w, START_MS + 100), START_MS + 100, "nothing is set");
    set(&w, &a, START_MS + 200);
    cr_expect_eq(sooner_ms, 0, "later than planned");
    set(&w, &a, START_MS + 55);
    cr_expect_eq(sooner_ms, a.timer.due_ms);
    set(&w, &b, START_MS + 70);
    cr_expect_eq(sooner_ms, a.timer.due_ms, "later than told");
    wheel_clear(&w, &a.timer);
    cr_expect_eq(wheel_plan(&w, START_MS + 100), b.timer.due_ms);
    cr_expect_eq(turn(&w, b.timer.due_ms - 1), 0);
    cr_expect_eq(turn(&w, b.timer.due_ms), 1);
    set(&w, &a, START_MS + 70 + TURN_MS); /* in a slot that comes by before */
    cr_expect_leq(wheel_plan(&w, START_MS + 70 + 2 * TURN_MS), a.timer.due_ms);
}

Test(wheel, a_sleeper_is_never_late)
{
    static struct wheel w;
    static struct alarm alarms[400];
    uint64_t wake_ms = 0;
    uint64_t now_ms = START_MS;
    unsigned fired = 0;
    wheel_init(&w, START_MS, TICK_MS);
    w.on_sooner = note_sooner;
    w.arg = &wake_ms;
    wake_ms = wheel_plan(&w, now_ms + 100);
    for (size_t i = 0; i < COUNT(alarms) || fired < COUNT(alarms);) {
        bool sets = i < COUNT(alarms) && now_ms % 7 == 0;
        if (sets) {
            set(&w, &alarms[i], now_ms + i * 37 % 900);
            i++;
        }
        if (now_ms >= wake_ms) {
            fired += turn(&w, now_ms);
            wake_ms = wheel_plan(&w, now_ms + 100);
        }
        now_ms++;
    }
    for (size_t i = 0; i < COUNT(alarms); i++) {
        cr_expect_geq(alarms[i].fired_ms, alarms[i].due_ms);
        cr_expect_leq(alarms[i].fired_ms, alarms[i].due_ms + 2 * TICK_MS);
    }
}
