#include "scanner/pipeline/watchdog.h"

#include "scanner/owners/remembered.h"

#define SLACK_MS 2000 /* ticks, turns of loops, a busy machine */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t watchdog_limit_ms(const struct scan_params *p)
{
    uint64_t longest = larger(p->connect_timeout_ms, p->target_timeout_ms);
    /* A question goes to one server after the other. */
    uint64_t servers = larger(p->name_server_count, 1);
    longest = larger(longest, (uint64_t)p->dns_timeout_ms * p->dns_tries * servers);
    longest = larger(longest, p->dns_retry_pause_ms);
    longest = larger(longest, p->policy_timeout_ms);
    longest = larger(longest, larger(p->retry_pause_ms, p->tempfail_pause_ms));
    longest =
        larger(longest, pace_interval_ms(p->address_rate, p->memory != NULL ? HALVINGS_MAX : 0));
    return 2 * (longest + SLACK_MS);
}

struct watchdog watchdog_new(uint64_t limit_ms, uint64_t now_ms)
{
    return (struct watchdog){.limit_ms = limit_ms, .looked_ms = now_ms};
}

enum watchdog_step watchdog_look(struct watchdog *w, uint64_t now_ms, bool waits, uint64_t progress)
{
    uint64_t step = now_ms - w->looked_ms;
    w->looked_ms = now_ms;
    if (!waits || progress != w->progress) {
        w->progress = progress;
        w->waited_ms = 0;
        return WATCHDOG_QUIET;
    }
    w->waited_ms += step < WATCHDOG_STEP_MAX_MS ? step : WATCHDOG_STEP_MAX_MS;
    if (w->waited_ms < w->limit_ms) {
        return WATCHDOG_QUIET;
    }
    w->waited_ms = 0;
    if (w->gave_up) {
        return WATCHDOG_END;
    }
    w->gave_up = true;
    return WATCHDOG_GIVE_UP;
}

static void put_count(struct buf *text, bool *first, uint64_t count, const char *what)
{
    if (count > 0) {
        buf_putf(text, "%s%llu %s%s", *first ? "" : ", ", (unsigned long long)count, what,
                 count == 1 ? "" : "s");
        *first = false;
    }
}

void watchdog_put_text(struct buf *text, const struct watchdog *w, enum watchdog_step step,
                       const struct watchdog_waits *waits)
{
    bool first = true;
    buf_putf(text, "no progress for %llu s, twice the longest timeout; still waiting for: ",
             (unsigned long long)(w->limit_ms / 1000));
    put_count(text, &first, waits->policy_hosts, "policy host");
    put_count(text, &first, waits->sessions, "session");
    put_count(text, &first, waits->dns_questions, "DNS query");
    put_count(text, &first, waits->domains, "domain");
    put_count(text, &first, waits->members, "other member");
    if (first) {
        buf_put_text(text, "services without a domain");
    }
    buf_put_text(text, step == WATCHDOG_GIVE_UP
                           ? "; policy hosts and sessions end as local_fault"
                           : "; the scan ends, lines without a row are unfinished");
}
