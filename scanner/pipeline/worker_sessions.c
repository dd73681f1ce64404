#include "scanner/pipeline/worker_sessions.h"

#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/pipeline/dialling.h"

#define IMPLICIT_TLS_PORT 465 /* RFC 8314 section 3.3 */

static struct session *start_session(struct worker *w, uint32_t tag, const struct owner_dial *d,
                                     session_done_fn done)
{
    const struct scan_params *p = w->scan->params;
    char sni[256];
    struct session_target target = {.tag = tag,
                                    .dial_port = d->port,
                                    .implicit_tls = d->port == IMPLICIT_TLS_PORT,
                                    .key = d->key,
                                    .short_handshake = d->short_handshake,
                                    .hello_max_version = d->hello_max_version,
                                    .hello_suites = d->hello_suites};
    target.dial_address = dialled_address(p, &d->address, &target.dial_port);
    target.local = source_address(p, &target.dial_address, &d->address);
    if (d->sni.len > 0) {
        CHECK(d->sni.len < sizeof(sni));
        memcpy(sni, d->sni.at, d->sni.len);
        sni[d->sni.len] = '\0';
        target.sni = sni;
    }
    return session_start(&w->sessions, &target, done, w);
}

void worker_dial(struct worker *w, const struct owner_dial *d, session_done_fn done)
{
    while (w->sessions_of_count <= d->visit) {
        w->sessions_of =
            memory_grow_list(w->sessions_of, w->sessions_of_count, sizeof(*w->sessions_of));
        w->sessions_of[w->sessions_of_count++] = NULL;
    }
    atomic_fetch_add_explicit(&w->counters.sessions_in_flight, 1, memory_order_relaxed);
    w->sessions_of[d->visit] = start_session(w, d->visit, d, done);
}

/* The clock is cut to milliseconds: it was not later than the next one. */
void worker_tell_connect(struct worker *w, const struct net_addr *address, uint16_t port)
{
    service_on_connect(&w->services, address, port, worker_clock_ms() + 1);
}

struct session *worker_probe(struct worker *w, uint32_t tag, const struct net_addr *address,
                             uint16_t port, session_done_fn done)
{
    const struct owner_dial d = {.address = *address, .port = port};
    return start_session(w, tag, &d, done);
}

static void note_source(struct worker *w, const struct net_addr *source)
{
    for (size_t i = 0; i < w->source_count; i++) {
        if (net_addr_eq(&w->sources[i], source)) {
            return;
        }
    }
    if (source->family != 0 && w->source_count < SOURCES_MAX) {
        w->sources[w->source_count++] = *source;
    }
}

void worker_note_session_end(struct worker *w, struct session *session)
{
    w->sessions_of[session_tag(session)] = NULL;
    atomic_fetch_sub_explicit(&w->counters.sessions_in_flight, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->counters.sessions_done, 1, memory_order_relaxed);
    note_source(w, &session_seen(session)->source);
}

void worker_abort_sessions(struct worker *w)
{
    for (uint32_t i = 0; i < w->sessions_of_count; i++) {
        if (w->sessions_of[i] != NULL) {
            session_abort(w->sessions_of[i]);
        }
    }
}

void worker_give_sessions_up(struct worker *w)
{
    for (uint32_t i = 0; i < w->sessions_of_count; i++) {
        if (w->sessions_of[i] != NULL) {
            char text[NET_ADDR_TEXT_MAX];
            (void)net_addr_format(service_address_of_visit(&w->services, i), text);
            given_up_add(&w->scan->given_up, "session with", span_of(text));
        }
    }
    worker_abort_sessions(w);
}
