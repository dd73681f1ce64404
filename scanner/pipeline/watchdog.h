#pragma once

/**
 * Whether a scan still gets anywhere. Everything that is waited for has a timeout of its own; when twice
 * the longest of them has passed and nothing at all has happened, something is not given back: a fault of ours
 * or of a library. Pure: time and progress come from the caller.
 *
 * Progress is a line read, a session begun or ended, a policy host dialled, a DNS question answered, a message
 * between threads. Waiting for a limit is not a hang: the longest interval between two starts at an address is
 * one of the timeouts, as are the pauses before a second attempt. Neither is bad weather
 * (owners/weather.h), which has a bound of its own, nor a writer that sits in write(2), or an input that pauses: then nothing is
 * waited for but the user's own pipe.
 */

#include "scanner/base/buf.h"
#include "scanner/pipeline/scan_params.h"

#define WATCHDOG_STEP_MAX_MS \
    1000 /* of time between two looks; longer, and the machine stood still */

enum watchdog_step {
    WATCHDOG_QUIET,
    WATCHDOG_GIVE_UP, /* once: what can be given up is, as local_fault */
    WATCHDOG_END,     /* that did not help, or not for long */
};

struct watchdog {
    uint64_t limit_ms;
    uint64_t looked_ms;
    uint64_t waited_ms; /* without progress */
    uint64_t progress;
    bool gave_up;
};

/** What a scan waits for, as far as counters tell. */
struct watchdog_waits {
    uint64_t domains;
    uint64_t policy_hosts;
    uint64_t sessions;
    uint64_t dns_questions;
    uint64_t members; /* others of a fleet */
};

/** Twice the longest time that anything may take by these parameters. */
uint64_t watchdog_limit_ms(const struct scan_params *p);
struct watchdog watchdog_new(uint64_t limit_ms, uint64_t now_ms);
/** @param waits something is under way. @param progress any number that only changes by progress. */
enum watchdog_step watchdog_look(struct watchdog *w, uint64_t now_ms, bool waits,
                                 uint64_t progress);
/** One line for the user. */
void watchdog_put_text(struct buf *text, const struct watchdog *w, enum watchdog_step step,
                       const struct watchdog_waits *waits);
