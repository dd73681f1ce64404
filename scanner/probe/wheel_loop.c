#include "scanner/probe/wheel_loop.h"

#include "scanner/base/check.h"

static void wheel_on_wake(uv_timer_t *timer)
{
    (void)timer; /* the loop turns, that is all */
}

static void wheel_on_after_reading(uv_check_t *check)
{
    struct wheel_loop *l = check->data;
    struct wheel_timer *due = NULL;
    while (uv_is_active((const uv_handle_t *)&l->after_reading) &&
           (due = wheel_turn(l->wheel, uv_now(check->loop))) != NULL) {
        due->on_due(due);
    }
}

void wheel_loop_start(struct wheel_loop *l, uv_loop_t *loop, struct wheel *wheel)
{
    l->wheel = wheel;
    CHECK(uv_timer_init(loop, &l->wake) == 0 && uv_check_init(loop, &l->after_reading) == 0);
    l->after_reading.data = l;
    CHECK(uv_timer_start(&l->wake, wheel_on_wake, wheel->tick_ms, wheel->tick_ms) == 0 &&
          uv_check_start(&l->after_reading, wheel_on_after_reading) == 0);
}

void wheel_loop_stop(struct wheel_loop *l)
{
    if (!uv_is_closing((const uv_handle_t *)&l->wake)) {
        uv_close((uv_handle_t *)&l->wake, NULL);
        uv_close((uv_handle_t *)&l->after_reading, NULL);
    }
}
