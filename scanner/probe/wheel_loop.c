#include "scanner/probe/wheel_loop.h"

#include "scanner/base/check.h"

#define SLEEP_MAX_MS 100 /* with nothing due: sleeping is cheap, and waking is not */
#define WAKE_AGAIN_MS \
    1 /* libuv looks at timers before it waits for sockets: else it would wait without end */

static void wheel_on_wake(uv_timer_t *timer)
{
    (void)timer; /* the loop turns, that is all */
}

static bool wheel_is_turned(const struct wheel_loop *l)
{
    return uv_is_active((const uv_handle_t *)&l->after_reading);
}

static void sleep_until(void *arg, uint64_t ms)
{
    struct wheel_loop *l = arg;
    uint64_t now_ms = uv_now(l->wake.loop);
    if (wheel_is_turned(l)) {
        uint64_t delay_ms = ms > now_ms ? ms - now_ms : 0;
        CHECK(uv_timer_start(&l->wake, wheel_on_wake, delay_ms, WAKE_AGAIN_MS) == 0);
    }
}

static void wheel_on_after_reading(uv_check_t *check)
{
    struct wheel_loop *l = check->data;
    uint64_t now_ms = uv_now(check->loop);
    struct wheel_timer *due = NULL;
    while (wheel_is_turned(l) && (due = wheel_turn(l->wheel, now_ms)) != NULL) {
        due->on_due(due);
    }
    if (l->wheel->planned_ms <= now_ms) {
        sleep_until(l, wheel_plan(l->wheel, now_ms + SLEEP_MAX_MS));
    }
}

void wheel_loop_start(struct wheel_loop *l, uv_loop_t *loop, struct wheel *wheel)
{
    l->wheel = wheel;
    CHECK(uv_timer_init(loop, &l->wake) == 0 && uv_check_init(loop, &l->after_reading) == 0);
    l->after_reading.data = l;
    CHECK(uv_check_start(&l->after_reading, wheel_on_after_reading) == 0);
    wheel->on_sooner = sleep_until;
    wheel->arg = l;
    sleep_until(l, wheel_plan(wheel, uv_now(loop) + SLEEP_MAX_MS));
}

void wheel_loop_stop(struct wheel_loop *l)
{
    if (!uv_is_closing((const uv_handle_t *)&l->wake)) {
        uv_close((uv_handle_t *)&l->wake, NULL);
        uv_close((uv_handle_t *)&l->after_reading, NULL);
    }
}
