/**
 * Sessions that are asked again: one that is lost may be chance, and a server that says 4xx wants us later. See
 * service_owner.h for the states, probes.c for what is asked again.
 */
#include "scanner/analysis/attempts.h"
#include "scanner/owners/service_work.h"

/* The next one is at the head. Few pauses are of different lengths, so most are put behind all. */
static void put_in_line(struct service_owner *o, struct service_work *work, uint32_t index)
{
    uint32_t *at = &work->paused;
    while (*at != NO_INDEX && o->visits[*at].due_ms <= o->visits[index].due_ms) {
        at = &o->visits[*at].next;
    }
    o->visits[index].next = *at;
    *at = index;
}

static void visit_pause(struct service_owner *o, uint32_t index, uint32_t pause_ms)
{
    struct visit *v = &o->visits[index];
    struct service_work *work = o->services[v->service].work;
    visit_enter(v, VISIT_PAUSED);
    v->chances++;
    v->due_ms = o->now_ms + pause_ms;
    v->answers = work->answers;
    buf_trim(&v->seen);
    o->visits_paused++;
    o->paused_until_ms = v->due_ms > o->paused_until_ms ? v->due_ms : o->paused_until_ms;
    put_in_line(o, work, index);
    service_alarm(o, work, o->visits[work->paused].due_ms);
}

static void note_life(struct service_work *work, struct visit *v, const struct seen_session *seen,
                      bool unanswered)
{
    v->lost_again = unanswered && v->holds && v->answers == work->answers;
    if (v->holds) {
        v->holds = false;
        work->holding--;
    }
    if (unanswered) {
        work->lost_in_row++;
    } else if (seen->outcome != OUTCOME_LOCAL_FAULT) {
        work->answers++;
        work->lost_in_row = 0;
    }
}

void address_pause_if_busy(struct service_owner *o, uint32_t service,
                           const struct seen_session *seen)
{
    if (attempt_end_of(seen) == ATTEMPT_BUSY) {
        address_pause(o, service);
    }
}

bool visit_pause_if_lost(struct service_owner *o, uint32_t index, const struct seen_session *seen)
{
    struct visit *v = &o->visits[index];
    struct service_work *work = o->services[v->service].work;
    enum attempt_end end = attempt_end_of(seen);
    bool unanswered = end != ATTEMPT_ANSWERED && outcome_info(seen->outcome)->before_tls;
    note_life(work, v, seen, unanswered);
    bool wanted = end != ATTEMPT_ANSWERED ? probe_has_chances(v->probe) : probe_doubts(o, v, seen);
    if (!wanted || visit_attempts(v) > o->rules.retries || v->chances == VISIT_CHANCES_MAX) {
        return false;
    }
    v->holds = unanswered;
    work->holding += unanswered;
    visit_pause(o, index,
                end == ATTEMPT_BUSY ? o->rules.tempfail_pause_ms : o->rules.retry_pause_ms);
    return true;
}

bool visit_pause_if_doubted(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    struct seen_session sessions[VISIT_SESSIONS_MAX];
    size_t count = visit_read(v, sessions);
    size_t attempts = visit_attempts(v);
    if (attempts > o->rules.retries || v->chances == VISIT_CHANCES_MAX ||
        attempt_end_of(&sessions[count - 1]) != ATTEMPT_ANSWERED ||
        !probe_doubts(o, v, &sessions[count - 1])) {
        return false;
    }
    for (size_t i = count - attempts; i < count; i++) {
        v->sessions[i].counts = false; /* one of them and of those to come */
    }
    visit_pause(o, index, o->rules.retry_pause_ms);
    return true;
}

void service_resume_visits(struct service_owner *o, struct service_work *work)
{
    while (work->paused != NO_INDEX && o->visits[work->paused].due_ms <= o->now_ms) {
        uint32_t index = work->paused;
        work->paused = o->visits[index].next;
        o->visits_paused--;
        visit_again(o, index);
    }
    if (work->paused != NO_INDEX) {
        service_alarm(o, work, o->visits[work->paused].due_ms);
    }
}
