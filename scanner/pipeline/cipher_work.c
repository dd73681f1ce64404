/**
 * --probes ciphers: which cipher suites a service accepts (scanner/tls/cipher_plan.h says how it is found
 * out). One session after the other, each a visit of its own, after those for the versions, which say what
 * need not be asked; like them before further names.
 */
#include "scanner/base/check.h"
#include "scanner/pipeline/service_work.h"
#include "scanner/tls/cipher_plan.h"

struct cipher_work {
    struct cipher_plan plan;
    struct cipher_question asked; /* by the session under way */
};

/* The first question exists: a version is accepted, or none is known to be. */
static bool has_question(const struct cipher_work *ciphers)
{
    struct cipher_question next;
    return ciphers == NULL || cipher_plan_next(&ciphers->plan, &next);
}

bool ciphers_want_session(const struct worker *w, uint32_t service)
{
    const struct service *s = &w->services->services[service];
    const struct service_work *work = s->work;
    return w->scan->params->probe_ciphers && work->begun && !work->row_written &&
           work->tls_reached && s->failures < SPEAKING_FAILURES &&
           !versions_are_pending(w, service) && has_question(work->ciphers);
}

static struct cipher_work *begin_ciphers(const struct worker *w, struct service_work *work)
{
    struct cipher_work *ciphers = arena_new(&work->arena, 1, sizeof(*ciphers));
    cipher_plan_init(&ciphers->plan, work->versions.accepted);
    if (work->versions.connections == 0) { /* else as in those hellos */
        work->hello_sni = hellos_carry_name(w, work);
    }
    return ciphers;
}

uint32_t ciphers_next_visit(struct worker *w, uint32_t service)
{
    struct service_work *work = w->services->services[service].work;
    uint32_t index = NO_INDEX;
    if (work->ciphers == NULL) {
        work->ciphers = begin_ciphers(w, work);
    }
    struct visit *v = visit_new(w, service, VISIT_CIPHERS, &index);
    v->want = work->first_want;
    CHECK(cipher_plan_next(&work->ciphers->plan, &work->ciphers->asked));
    v->hello_max_version = work->ciphers->asked.version;
    work->hello_under_way = true;
    return index;
}

struct suite_list ciphers_asked(const struct service_work *work)
{
    return (struct suite_list){work->ciphers->asked.suite, work->ciphers->asked.count};
}

void ciphers_note(struct service_work *work, const struct seen_session *seen)
{
    cipher_plan_note(&work->ciphers->plan, seen);
}

struct seen_ciphers ciphers_seen(const struct service_work *work)
{
    const struct cipher_work *ciphers = work->ciphers;
    if (ciphers == NULL) {
        return (struct seen_ciphers){0};
    }
    return (struct seen_ciphers){.version = ciphers->plan.version,
                                 .sni = work->hello_sni,
                                 .truncated = ciphers->plan.truncated,
                                 .connections = ciphers->plan.sessions};
}
