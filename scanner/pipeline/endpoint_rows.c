/**
 * The rows of a service's endpoints, each from the sessions of a visit or without one, and what the
 * hosts hear of them.
 */
#include "scanner/analysis/leaf_domains.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/service_work.h"

/* After the service's row, when its reverse DNS is known. */
static void send_endpoint(struct worker *w, const struct service *s, const struct told_endpoint *t)
{
    struct message_endpoint_done m = {
        .host = t->host, .issuers = t->brief.chain.issuers, .brief = t->brief};
    m.brief.versions = s->versions;
    m.brief.ptr_is_host = (uint8_t)reverse_dns_is_host(w->services, s, t->host);
    message_put_endpoint_done(out_to_name(&w->out, t->host), &m);
    atomic_fetch_sub_explicit(&w->counters.services_waiting, 1, memory_order_relaxed);
}

/* The rows of host and domain name the service: they come after its own. */
static void tell_endpoint(struct worker *w, const struct service *s, const struct want *want,
                          const struct endpoint_brief *brief)
{
    struct service_work *work = s->work;
    struct told_endpoint t = {.brief = *brief, .host = want->host};
    if (work->row_written) {
        send_endpoint(w, s, &t);
        return;
    }
    work->told = memory_grow_list(work->told, work->told_count, sizeof(*work->told));
    work->told[work->told_count++] = t;
}

void endpoints_tell(struct worker *w, const struct service *s)
{
    struct service_work *work = s->work;
    for (size_t i = 0; i < work->told_count; i++) {
        send_endpoint(w, s, &work->told[i]);
    }
    free(work->told);
    work->told = NULL;
    work->told_count = 0;
}

static struct endpoint_brief brief_of(const struct service *s, const struct seen_endpoint *seen,
                                      const struct endpoint_verdict *v)
{
    struct endpoint_brief b = {
        .address = seen->address,
        .port = seen->port,
        .outcome = OUTCOME_NOT_TESTED,
        .not_tested = (uint8_t)seen->not_tested,
        .inherited = seen->session_from.len > 0,
        .chain = seen->chain,
        .name_match = (uint8_t)v->name.match,
        .sni = (uint8_t)v->sni,
        .sni_acceptable = (uint8_t)v->acceptable,
        .covers_parents = v->name.covers_parents,
        .dane = (uint8_t)v->dane.status,
        .dane_covers_parents = v->dane_covers_parents,
        .dane_flags = v->dane.flags,
        .no_sni_outcome = (uint8_t)seen->no_sni_outcome,
        .no_sni_chain = seen->no_sni_chain,
        .no_sni_name_match = (uint8_t)v->default_name.match,
        .leaf_domains = v->leaf_domains,
        .no_sni_leaf_domains = leaf_domains_of(seen->no_sni_names),
        .dane_leaf_names = v->dane_leaf_names,
        .facts = v->facts,
        .no_sni_facts = v->default_facts,
    };
    if (seen->no_sni_outcome != OUTCOME_NOT_TESTED) {
        b.no_sni_starttls = s->no_sni_starttls;
        b.no_sni_tls_version = s->no_sni_tls_version;
    }
    if (seen->result != NULL) {
        b.outcome = (uint8_t)seen->result->outcome;
        b.starttls = (uint8_t)seen->result->smtp.starttls;
        if (seen->result->tls_attempted) {
            b.tls_version = seen->result->tls.completed ? seen->result->tls.version : 0;
            memcpy(b.leaf_sha256, seen->result->tls.leaf_sha256, sizeof(b.leaf_sha256));
        }
    }
    return b;
}

static void write_endpoint(struct worker *w, const struct service *s, const struct want *want,
                           const struct seen_endpoint *seen)
{
    const struct endpoint_verdict *verdict = record_endpoint(&w->recorder, seen);
    worker_row_written(w);
    struct endpoint_brief brief = brief_of(s, seen, verdict);
    tell_endpoint(w, s, want, &brief);
}

static struct seen_endpoint endpoint_of(const struct worker *w, const struct service *s,
                                        const struct want *want)
{
    struct seen_endpoint seen = {.host = want->host,
                                 .address = s->address,
                                 .port = s->port,
                                 .no_sni_outcome = (enum session_outcome)s->no_sni_outcome,
                                 .no_sni_facts =
                                     *facts_pool_at(&w->services->facts, s->no_sni_facts),
                                 .dane_host = want->dane_host,
                                 .tlsa_base = want->tlsa_base,
                                 .tlsas = want->tlsas,
                                 .tlsa_count = want->tlsa_count};
    if (s->has_no_sni_leaf) {
        memcpy(seen.no_sni_leaf_sha256, s->no_sni_leaf_sha256, sizeof(seen.no_sni_leaf_sha256));
        seen.no_sni_names = leaf_names_find(&w->services->default_names, s->no_sni_leaf_sha256);
        seen.no_sni_chain = s->no_sni_chain;
    }
    return seen;
}

void endpoint_write_not_tested(struct worker *w, const struct service *s, const struct want *want,
                               enum not_tested_reason reason)
{
    /* Nothing of the default certificate either: of a later block it is known, of the first not yet. */
    struct seen_endpoint seen = {.host = want->host,
                                 .address = s->address,
                                 .port = s->port,
                                 .not_tested = reason,
                                 .dane_host = want->dane_host,
                                 .tlsa_base = want->tlsa_base,
                                 .tlsas = want->tlsas,
                                 .tlsa_count = want->tlsa_count};
    write_endpoint(w, s, want, &seen);
}

void endpoint_write_inherited(struct worker *w, const struct service *s, const struct want *want)
{
    char key[NET_ADDR_TEXT_MAX + 8];
    size_t len = net_addr_format(&s->address, key);
    int port_len = snprintf(key + len, sizeof(key) - len, "|%u", (unsigned)s->port);
    struct seen_session spoken = {.outcome = (enum session_outcome)s->spoken_outcome,
                                  .connect_ms = -1};
    spoken.smtp.starttls = (enum starttls_state)s->spoken_starttls;
    struct seen_endpoint seen = endpoint_of(w, s, want);
    seen.result = &spoken;
    seen.session_from = (struct span){(const uint8_t *)key, len + (size_t)port_len};
    write_endpoint(w, s, want, &seen);
}

void endpoint_write_visited(struct worker *w, uint32_t index)
{
    struct visit *v = &w->services->visits[index];
    const struct service *s = &w->services->services[v->service];
    struct seen_session attempts[VISIT_SESSIONS_MAX];
    for (uint8_t i = 0; i < v->session_count; i++) {
        attempts[i] = *session_seen(v->sessions[i]);
    }
    struct seen_endpoint seen = endpoint_of(w, s, &v->want);
    seen.attempts = attempts;
    while (seen.attempt_count < v->session_count &&
           !visit_session_is_aside(v, (uint8_t)seen.attempt_count)) {
        seen.attempt_count++;
    }
    seen.result = &attempts[0];
    seen.chain = v->chains[0];
    seen.repeated = seen.attempt_count > 1;
    seen.unstable = seen.repeated && attempts[1].tls_attempted && attempts[1].tls.cert_count > 0 &&
                    memcmp(attempts[0].tls.leaf_sha256, attempts[1].tls.leaf_sha256, 32) != 0;
    if (v->dane_sni > 0) {
        seen.dane_sni = &attempts[v->dane_sni];
        seen.dane_sni_chain = v->chains[v->dane_sni];
    }
    if (v->other_key > 0) {
        seen.other_key = &attempts[v->other_key];
        seen.other_key_chain = v->chains[v->other_key];
    }
    write_endpoint(w, s, &v->want, &seen);
}
