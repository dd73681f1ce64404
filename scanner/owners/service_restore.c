/**
 * What is known of services from the rows of a scan that goes on: what its own session showed, whether failures
 * speak for it, and which names count in the choice of others.
 */
#include <string.h>

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
        service_note_known(s, session.outcome, session.smtp.starttls, false, m->again);
    }
    s->versions = m->versions;
    service_domains_see(o, s, &seen);
    reverse_dns_keep(o, s, &seen.ptr);
}

void service_note_known(struct service *s, enum session_outcome outcome,
                        enum starttls_state starttls, bool unanswered, bool again)
{
    struct service_work *work = s->work;
    probe_note_failure(s, outcome, starttls, again);
    if (work != NULL && unanswered) {
        work->lost_in_row += 1U + again;
    } else if (work != NULL) {
        work->answers++;
        work->lost_in_row = 0;
    }
}

/* --- its names ------------------------------------------------------------------------------ */

static struct known_result *keep_result(struct service_owner *o, const struct message_known_name *m)
{
    struct known_result *r = arena_new(&o->known_arena, 1, sizeof(*r));
    *r = (struct known_result){.host = arena_copy(&o->known_arena, m->host),
                               .of_group = {.has_chain = m->has_chain,
                                            .by_wildcard = m->by_wildcard,
                                            .facts = {.tls_version = m->tls_version,
                                                      .outcome = m->outcome,
                                                      .starttls = m->starttls,
                                                      .facts = m->facts}}};
    CHECK(m->chain_id.len == sizeof(r->of_group.facts.chain_id));
    memcpy(r->of_group.facts.chain_id, m->chain_id.at, m->chain_id.len);
    return r;
}

static struct hash_key key_of_name(const struct net_addr *address, uint16_t port, struct span host)
{
    struct service_key service = service_key_of(address, port);
    uint8_t key[sizeof(service) + UINT8_MAX];
    size_t len = host.len <= UINT8_MAX ? host.len : UINT8_MAX; /* a name has 253 at most */
    memcpy(key, &service, sizeof(service));
    memcpy(key + sizeof(service), host.at, len);
    return hash_key_of((struct span){key, sizeof(service) + len});
}

bool service_name_is_new(struct service_owner *o, const struct net_addr *address, uint16_t port,
                         struct span host)
{
    bool added = false;
    (void)key_table_add(&o->names_known, key_of_name(address, port, host), &added);
    return added;
}

/* Before the loss it may not have left. Its host counts the first. */
static void tell_again(const struct service_owner *o, struct span told)
{
    enum message_kind kind;
    struct span body;
    if (message_next(&told, &kind, &body)) {
        struct message_endpoint_done m = message_get_endpoint_done(body);
        message_put_endpoint_done(out_to_name(o->out, m.host), &m);
    }
}

void service_on_known_name(struct service_owner *o, const struct message_known_name *m)
{
    uint32_t index = service_find(o, &m->address, m->port);
    if (index == NO_INDEX || o->services[index].state != SERVICE_IDLE ||
        (o->out->state != NULL && !service_name_is_new(o, &m->address, m->port, m->host))) {
        o->strays++;
        return;
    }
    tell_again(o, m->told);
    struct known_name name = {.draw = service_draw(o, m->host, &m->address, m->port),
                              .block = m->block,
                              .group =
                                  certificate_group_of(o->groups, &m->address, m->port, m->host),
                              .turn = m->turn,
                              .outcome = m->outcome,
                              .starttls = m->starttls,
                              .unanswered = m->unanswered,
                              .again = m->again};
    if (name.group != GROUP_NONE && m->turn == KNOWN_DIALLED) {
        name.result = keep_result(o, m);
    }
    known_names_add(o, index, &name);
}

/* No row of ours has more. */
static bool has_room_for(const struct message_known_speaker *m)
{
    size_t count = codec_count_sessions(m->attempts);
    return m->attempt < count && count <= VISIT_SESSIONS_MAX;
}

/* Where the service has no row nothing rests on the session: it is asked again with the service. */
void service_on_known_speaker(struct service_owner *o, const struct message_known_speaker *m)
{
    uint32_t index = service_find(o, &m->address, m->port);
    if (index == NO_INDEX || o->services[index].state != SERVICE_IDLE || !has_room_for(m) ||
        certificate_group_of(o->groups, &m->address, m->port, m->host) == GROUP_NONE) {
        return;
    }
    struct arena *arena = &o->known_arena;
    struct message_known_speaker *kept = arena_new(arena, 1, sizeof(*kept));
    *kept = *m;
    kept->host = arena_copy(arena, m->host);
    kept->attempts = arena_copy(arena, m->attempts);
    kept->dane_sni = arena_copy(arena, m->dane_sni);
    kept->tlsas = arena_copy(arena, m->tlsas);
    bool added = false;
    *map_add(&o->known_speakers, key_of_name(&m->address, m->port, m->host), 0, &added) =
        (uint64_t)(uintptr_t)kept;
}

const struct message_known_speaker *known_speaker_find(const struct service_owner *o,
                                                       const struct net_addr *address,
                                                       uint16_t port, struct span host)
{
    const uint64_t *at = o->known_speakers.count > 0
                             ? map_find(&o->known_speakers, key_of_name(address, port, host))
                             : NULL;
    return at != NULL ? (const struct message_known_speaker *)(uintptr_t)*at : NULL;
}

void known_session_read(const struct message_known_speaker *m, struct known_session *out)
{
    struct seen_endpoint *seen = &out->seen;
    struct span in = m->attempts;
    *seen = (struct seen_endpoint){.host = m->host,
                                   .address = m->address,
                                   .port = m->port,
                                   .attempts = out->attempts,
                                   .basis = BASIS_OBSERVED,
                                   .repeated = m->repeated,
                                   .chain = m->chain,
                                   .dane_sni_chain = m->dane_sni_chain,
                                   .tlsas = out->tlsas};
    while (in.len > 0) {
        CHECK(seen->attempt_count < VISIT_SESSIONS_MAX);
        out->attempts[seen->attempt_count++] = codec_get_session(&in);
    }
    CHECK(m->attempt < seen->attempt_count);
    seen->result = &out->attempts[m->attempt];
    seen->chain.issuers = m->issuers;
    in = m->dane_sni;
    if (in.len > 0) {
        out->dane_sni = codec_get_session(&in);
        seen->dane_sni = &out->dane_sni;
    }
    for (in = m->tlsas; in.len > 0; seen->tlsa_count++) {
        CHECK(seen->tlsa_count < TLSA_MAX);
        out->tlsas[seen->tlsa_count] = codec_get_tlsa(&in);
    }
}
