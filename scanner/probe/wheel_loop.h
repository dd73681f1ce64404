#pragma once

/**
 * Turns a wheel of deadlines in a libuv loop: always behind the reading of sockets, never before it.
 *
 * libuv looks at its timers before it reads. A loop that was busy, by the flood of one peer or because
 * the machine stood still, would find deadlines passed of peers whose octets have long been waiting in
 * the kernel. Here a deadline is only met when all that had come by then was read.
 */

#include <uv.h>

#include "scanner/base/wheel.h"

struct wheel_loop {
    struct wheel *wheel; /* borrowed */
    uv_timer_t wake;
    uv_check_t after_reading;
};

void wheel_loop_start(struct wheel_loop *l, uv_loop_t *loop, struct wheel *wheel);
/** No deadline is met any more; the handles close with the next turns of the loop. */
void wheel_loop_stop(struct wheel_loop *l);
