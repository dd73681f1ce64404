#include "scanner/pipeline/scan_state.h"

#include "scanner/owners/waiting_time.h"
#include "scanner/pipeline/policy_thread.h"
#include "scanner/pipeline/resume.h"

static uint64_t estimate_lines(const struct reader *r, uint64_t lines)
{
    uint64_t consumed = atomic_load_explicit(&r->consumed, memory_order_relaxed);
    uint64_t size = r->lists.octets;
    if (atomic_load(&r->ended)) {
        return lines;
    }
    return consumed > 0 && size > 0 ? (uint64_t)((double)lines * (double)size / (double)consumed)
                                    : 0;
}

static uint64_t counter_now(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Of what one worker knows; the longest of all rules. */
static uint64_t longer_wait(uint64_t longest_ms, uint64_t until_ms)
{
    uint64_t now_ms = worker_clock_ms();
    uint64_t ms = until_ms == WAITING_UNKNOWN ? PROGRESS_UNKNOWN
                  : until_ms > now_ms         ? until_ms - now_ms
                                              : 0;
    return ms > longest_ms ? ms : longest_ms;
}

struct progress_snapshot scan_snapshot(struct scan *s, const struct reader *r,
                                       const struct writer *w)
{
    uint64_t records = counter_now(&r->records);
    struct progress_snapshot now = {
        .lines_read = records,
        .lines_total = estimate_lines(r, records),
        .input_ended = atomic_load(&r->ended),
        .rows_written = counter_now(&w->rows),
        .octets_written = counter_now(&w->octets),
        .lines_parked = admission_parked(&s->admission),
    };
    for (int k = 0; s->resume != NULL && k < ACCOUNT_CLASS_COUNT; k++) {
        now.lines_done[k] = counter_now(&s->resume->account[k]);
    }
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker_counters *of = &s->workers[i]->counters;
        for (int k = 0; k < ACCOUNT_CLASS_COUNT; k++) {
            now.lines_done[k] += counter_now(&of->lines_done[k]);
        }
        now.sessions_in_flight += counter_now(&of->sessions_in_flight);
        now.sessions_done += counter_now(&of->sessions_done);
        now.sessions_failed += counter_now(&of->sessions_failed);
        now.short_fallen += counter_now(&of->short_fallen);
        now.services_waiting += counter_now(&of->services_waiting);
        now.sessions_paused += counter_now(&of->sessions_paused);
        now.waiting_ms = longer_wait(now.waiting_ms, counter_now(&of->waiting_until_ms));
        now.dns_pending += counter_now(&of->dns_pending);
        now.dns_queries += counter_now(&of->dns_asked);
    }
    return now;
}

struct watchdog_waits scan_waits(struct scan *s)
{
    struct watchdog_waits waits = {0};
    (void)pthread_mutex_lock(&s->admission.lock);
    waits.domains = s->admission.under_way;
    (void)pthread_mutex_unlock(&s->admission.lock);
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker_counters *w = &s->workers[i]->counters;
        waits.policy_hosts += counter_now(&w->policies_pending);
        waits.sessions += counter_now(&w->sessions_in_flight);
        waits.dns_questions += counter_now(&w->dns_pending);
    }
    return waits;
}

/* A number that grows with everything that happens: see watchdog.h. */
uint64_t scan_progress(const struct scan *s, const struct reader *r, const struct writer *writer)
{
    uint64_t progress =
        counter_now(&r->records) + counter_now(&r->of_others) + counter_now(&writer->rows);
    progress += s->resume != NULL ? counter_now(&s->resume->rows) : 0;
    progress += s->policies != NULL ? policy_thread_dialled(s->policies) : 0;
    progress += counter_now(&s->weather.looks);
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker_counters *w = &s->workers[i]->counters;
        /* A session adds one when it begins, and one more when it ends. */
        progress += counter_now(&w->sessions_in_flight) + 2 * counter_now(&w->sessions_done);
        progress += counter_now(&w->dns_asked) + counter_now(&w->messages);
    }
    return progress;
}
