#include "scanner/pipeline/scan_state.h"

#include "scanner/pipeline/policy_thread.h"

static uint64_t estimate_lines(const struct reader *r, uint64_t lines)
{
    uint64_t consumed = atomic_load_explicit(&r->consumed, memory_order_relaxed);
    uint64_t size = domain_source_size(r->source);
    if (atomic_load(&r->ended)) {
        return lines;
    }
    return consumed > 0 && size > 0 ? (uint64_t)((double)lines * (double)size / (double)consumed)
                                    : 0;
}

static uint64_t load(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct progress_snapshot scan_snapshot(const struct scan *s, const struct reader *r,
                                       const struct writer *w)
{
    uint64_t records = load(&r->records);
    struct progress_snapshot now = {
        .lines_read = records,
        .lines_total = estimate_lines(r, records),
        .input_ended = atomic_load(&r->ended),
        .rows_written = load(&w->rows),
        .octets_written = load(&w->octets),
    };
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker_counters *of = &s->workers[i]->counters;
        for (int k = 0; k < ACCOUNT_CLASS_COUNT; k++) {
            now.lines_done[k] += load(&of->lines_done[k]);
        }
        now.sessions_in_flight += load(&of->sessions_in_flight);
        now.sessions_done += load(&of->sessions_done);
        now.sessions_failed += load(&of->sessions_failed);
        now.services_waiting += load(&of->services_waiting);
        now.dns_pending += load(&of->dns_pending);
        now.dns_queries += load(&of->dns_asked);
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
        waits.policy_hosts += load(&w->policies_pending);
        waits.sessions += load(&w->sessions_in_flight);
        waits.dns_questions += load(&w->dns_pending);
    }
    return waits;
}

/* A number that grows with everything that happens: see watchdog.h. */
uint64_t scan_progress(const struct scan *s, const struct reader *r, const struct writer *writer)
{
    uint64_t progress = load(&r->records) + load(&writer->rows);
    progress += s->policies != NULL ? policy_thread_dialled(s->policies) : 0;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker_counters *w = &s->workers[i]->counters;
        /* A session adds one when it begins, and one more when it ends. */
        progress += load(&w->sessions_in_flight) + 2 * load(&w->sessions_done);
        progress += load(&w->dns_asked) + load(&w->messages);
    }
    return progress;
}
