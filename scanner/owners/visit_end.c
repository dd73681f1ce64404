/**
 * The end of a visit: it leaves for the row, or waits for what the row needs besides. Here is what a short session without SNI
 * comes to: it RESTS on the first session with SNI, whose visit is HELD until the service has its result.
 */
#include "scanner/base/check.h"
#include "scanner/owners/service_work.h"

/* As it would have gone on after its session, had the one without SNI been whole before. */
static void release_visit(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    probe_compare(o, v);
    if (!visit_pause_if_doubted(o, index)) {
        visit_go_on(o, index);
    }
}

static void keep_without_sni(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    struct service *s = &o->services[v->service];
    size_t counts = visit_counting(v, PROBE_NO_SNI);
    if (counts == VISIT_SESSIONS_MAX) {
        counts = visit_counting(v, PROBE_NO_SNI_SHORT);
    }
    visit_enter(v, VISIT_KEPT);
    s->no_sni_chain = v->sessions[counts].chain;
    s->work->no_sni = NO_SNI_KEPT;
    s->work->no_sni_visit = index;
    if (s->work->held_visit != NO_INDEX) {
        uint32_t held = s->work->held_visit;
        s->work->held_visit = NO_INDEX;
        release_visit(o, held);
    }
}

void visit_end(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    struct service *s = &o->services[v->service];
    if (v->unjudged > 0) {
        visit_enter(v, VISIT_JUDGES);
    } else if (v->sessions[0].probe == PROBE_NO_SNI_SHORT && s->work->short_state == SHORT_WAITS) {
        visit_enter(v, VISIT_HELD);
        s->work->no_sni = NO_SNI_RESTS;
        s->work->no_sni_visit = index;
    } else if (v->sessions[0].probe <= PROBE_NO_SNI) {
        keep_without_sni(o, index);
    } else {
        if (probe_is_for_name(v->probe)) {
            rows_write_visited(o, v);
        }
        visit_close(o, index);
    }
}

void visit_go_on(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    enum probe next = probe_next_for_visit(o, v);
    if (next == PROBE_COUNT) {
        visit_end(o, index);
    } else {
        v->probe = next;
        visit_again(o, index);
    }
}

/* A leaf that differs from the short one's is asked for again at once: to a server that shows another one with each connection
 * the whole one in between would be one of them, and what differs from itself would look like SNI. */
static bool asks_again_first(const struct service_owner *o, const struct visit *v)
{
    return o->services[v->service].work->no_sni == NO_SNI_RESTS &&
           probe_next_for_visit(o, v) == PROBE_SNI_AGAIN;
}

bool visit_is_held(struct service_owner *o, uint32_t index)
{
    struct visit *v = &o->visits[index];
    struct service_work *work = o->services[v->service].work;
    if (!probe_is_for_name(v->probe) || asks_again_first(o, v)) {
        return false;
    }
    short_go_on(o, v->service);
    if (work->short_state == SHORT_NONE || work->no_sni != NO_SNI_UNDER_WAY) {
        return false;
    }
    CHECK(work->held_visit == NO_INDEX); /* it holds the others */
    visit_enter(v, VISIT_HELD);
    work->held_visit = index;
    return true;
}

void short_go_on(struct service_owner *o, uint32_t service)
{
    struct service *s = &o->services[service];
    struct service_work *work = s->work;
    if (work->no_sni != NO_SNI_RESTS || work->short_state == SHORT_WAITS) {
        return;
    }
    uint32_t index = work->no_sni_visit;
    struct visit *v = &o->visits[index];
    enum probe next = probe_next_for_visit(o, v);
    if (work->short_state == SHORT_STANDS || next == PROBE_COUNT) {
        probe_keep_short(o, s); /* where no session can be made it is all that there is */
    }
    if (next == PROBE_COUNT) {
        visit_end(o, index);
    } else {
        work->no_sni = NO_SNI_UNDER_WAY;
        v->probe = next;
        visit_again(o, index);
    }
}

void short_leave(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    const struct service_work *work = s->work;
    bool nobody = s->state == SERVICE_PROBES && work->pending_count == 0 &&
                  work->names.count == 0 && work->names_under_way == 0;
    if (work->no_sni == NO_SNI_RESTS && (nobody || service_is_lost(o, s))) {
        s->work->short_state = SHORT_FALLS;
        short_go_on(o, index);
    }
}
