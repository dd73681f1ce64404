/**
 * --probes versions: which TLS versions a service accepts (scanner/tls/version_plan.h says how it is
 * found out). One session after the other, each a visit of its own. They come before further names,
 * because the row of the service waits for them and the rows of its hosts wait for that.
 */
#include "scanner/pipeline/service_work.h"

/* The handshakes that are made anyway offer all versions: they come first. */
static bool handshakes_are_over(const struct worker *w, const struct service *s)
{
    const struct scan_params *p = w->scan->params;
    return (!p->probe_no_sni || s->no_sni_done) &&
           (!p->probe_sni || s->work->sni_ended || s->failures >= SPEAKING_FAILURES);
}

bool versions_want_session(const struct worker *w, uint32_t service)
{
    const struct service *s = &w->services->services[service];
    const struct service_work *work = s->work;
    return w->scan->params->probe_versions && work->begun && !work->row_written &&
           !work->hello_under_way && work->tls_reached && s->failures < SPEAKING_FAILURES &&
           handshakes_are_over(w, s) && version_plan_next(&work->versions) != 0;
}

bool versions_are_pending(const struct worker *w, uint32_t service)
{
    const struct service *s = &w->services->services[service];
    return w->scan->params->probe_versions &&
           (s->work->hello_under_way || !handshakes_are_over(w, s) ||
            versions_want_session(w, service));
}

/* The name is refused, not the version: ask without (RFC 6066 section 3). */
static bool takes_no_name(const struct service_work *work)
{
    return work->completed[0] && !work->completed[1];
}

bool hellos_carry_name(const struct worker *w, const struct service_work *work)
{
    return w->scan->params->probe_sni && want_has_name(&work->first_want) && !takes_no_name(work);
}

uint32_t versions_next_visit(struct worker *w, uint32_t service)
{
    struct service_work *work = w->services->services[service].work;
    uint32_t index = NO_INDEX;
    struct visit *v = visit_new(w, service, VISIT_VERSION, &index);
    v->want = work->first_want;
    v->hello_max_version = version_plan_next(&work->versions);
    if (work->versions.connections == 0) { /* the same for all of them */
        work->hello_sni = hellos_carry_name(w, work);
    }
    work->hello_under_way = true;
    return index;
}

void versions_note_handshake(struct service_work *work, const struct seen_session *seen)
{
    work->tls_reached |= seen->tls_attempted;
    work->completed[seen->sni] |= seen->tls_attempted && seen->tls.completed;
    version_plan_note_handshake(&work->versions, seen);
}

void hello_on_session_end(struct worker *w, uint32_t index)
{
    struct visit *v = &w->services->visits[index];
    uint32_t service = v->service;
    struct service_work *work = w->services->services[service].work;
    if (v->kind == VISIT_CIPHERS) {
        ciphers_note(work, session_seen(v->sessions[0]));
    } else {
        version_plan_note_hello(&work->versions, session_seen(v->sessions[0]));
    }
    work->hello_under_way = false;
    visit_free(w, index);
    service_row_when_complete(w, service);
    service_close_when_idle(w, service);
}

struct seen_versions versions_seen(const struct worker *w, const struct service_work *work)
{
    struct seen_versions seen = {
        .asked = w->scan->params->probe_versions && work->tls_reached,
        .sni = work->hello_sni && work->versions.connections > 0,
        .connections = work->versions.connections,
    };
    memcpy(seen.accepted, work->versions.accepted, sizeof(seen.accepted));
    return seen;
}
