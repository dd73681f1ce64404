#pragma once

#include <stdint.h>

/**
 * How long what waits at one limit takes, at the pace so far: a pure rule. Of all limits the one that takes longest says when
 * a scan may end.
 */
#define WAITING_UNKNOWN UINT64_MAX

struct waiting {
    uint64_t sessions;    /* left */
    uint32_t at_once;     /* that may be open; 0: no limit */
    uint64_t interval_ms; /* from one start to the next; 0: no limit */
    uint64_t ended;       /* sessions so far, */
    uint64_t taken_ms;    /* and how long they took together */
    uint64_t pause_ms;    /* before the next one begins */
};

/** @return milliseconds; WAITING_UNKNOWN where nobody knows yet how long a session takes */
uint64_t waiting_time_ms(const struct waiting *w);
