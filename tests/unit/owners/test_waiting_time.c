#include <criterion/criterion.h>

#include "scanner/owners/waiting_time.h"

Test(waiting_time, is_that_of_the_stricter_limit)
{
    static const struct {
        const char *what;
        struct waiting waiting;
        uint64_t ms;
    } rows[] = {
        {"nothing is left", {.sessions = 0, .at_once = 1, .pause_ms = 300000}, 0},
        {"no limit, so nobody waits", {.sessions = 1000}, 0},
        {"by the rate alone", {.sessions = 140000, .interval_ms = 500}, 70000000},
        {"one at a time, and a session takes longer than the interval",
         {.sessions = 100, .at_once = 1, .interval_ms = 500, .ended = 4, .taken_ms = 8000},
         200000},
        {"the same, and it takes less",
         {.sessions = 100, .at_once = 1, .interval_ms = 500, .ended = 4, .taken_ms = 800},
         50000},
        {"64 at a time",
         {.sessions = 6400, .at_once = 64, .ended = 10, .taken_ms = 250000},
         2500000},
        {"a pause comes first",
         {.sessions = 2, .at_once = 1, .ended = 1, .taken_ms = 1000, .pause_ms = 300000},
         302000},
        {"how long a session takes is not known yet, though the rate is",
         {.sessions = 2, .at_once = 1, .interval_ms = 500},
         WAITING_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(waiting_time_ms(&rows[i].waiting), rows[i].ms, "%s: %llu", rows[i].what,
                     (unsigned long long)waiting_time_ms(&rows[i].waiting));
    }
}
