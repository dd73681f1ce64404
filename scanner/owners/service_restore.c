/**
 * What is known of services from the rows of a scan that goes on: what its own session showed, whether failures
 * speak for it, and which names count in the choice of others.
 */
#include "scanner/base/check.h"
#include "scanner/owners/service_work.h"

/* --- the service itself --------------------------------------------------------------------- */

/** Reverse DNS of a service, as far as others need it. */
struct known_ptr {
    struct span names[PTR_MAX];
    uint8_t states[PTR_MAX];
    bool confirmed[PTR_MAX];
};

static struct seen_ptr read_ptr_names(const struct message_known_service *m, struct known_ptr *to)
{
    struct seen_ptr ptr = {.dns = {.state = m->ptr_state},
                           .names = to->names,
                           .forward_state = to->states,
                           .forward_confirmed = to->confirmed};
    struct span in = m->ptr_names;
    while (in.len > 0) {
        CHECK(ptr.name_count < PTR_MAX);
        to->confirmed[ptr.name_count] = codec_get_flag(&in);
        to->states[ptr.name_count] = DNS_DATA;
        to->names[ptr.name_count++] = codec_get_span(&in);
    }
    return ptr;
}

void service_on_known(struct service_owner *o, const struct message_known_service *m)
{
    struct known_ptr known;
    uint32_t index = service_find_or_add(o, &m->address, m->port);
    struct service *s = &o->services[index];
    if (s->state != SERVICE_NEW || s->work != NULL) {
        o->strays++;
        return;
    }
    service_enter(s, SERVICE_IDLE);
    struct seen_session session;
    struct seen_service seen = {.address = m->address,
                                .port = m->port,
                                .ptr = read_ptr_names(m, &known),
                                .chain = m->chain};
    if (m->session.len > 0) {
        struct span in = m->session;
        session = codec_get_session(&in);
        seen.result = &session;
        probe_keep_no_sni(o, s, &session);
        s->no_sni_chain = m->chain;
    }
    s->versions = m->versions;
    service_domains_see(o, s, &seen);
    reverse_dns_keep(o, s, &seen.ptr);
}

/* As probe_note() does, but that no row tells whether somebody had an answer between two attempts. Those that
 * others speak for do not count: the one that spoke has its row, or is asked again. */
void service_on_known_visit(struct service_owner *o, const struct message_known_visit *m)
{
    uint32_t index = service_find(o, &m->address, m->port);
    if (index == NO_INDEX || o->services[index].state != SERVICE_IDLE) {
        o->strays++;
        return;
    }
    probe_note_failure(&o->services[index], (enum session_outcome)m->outcome,
                       (enum starttls_state)m->starttls, m->again);
}

void service_on_known_name(struct service_owner *o, const struct message_known_name *m)
{
    uint32_t index = service_find(o, &m->address, m->port);
    if (index == NO_INDEX) {
        o->strays++;
    } else if (o->rules.names_per_address > 0) { /* else nobody has to choose */
        known_names_add(o, index, m->block, service_draw(o, m->host, &m->address, m->port));
    }
}
