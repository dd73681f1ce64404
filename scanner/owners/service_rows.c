/**
 * The row of a service and those of its endpoints, each from the sessions of a visit or without one, and
 * what the hosts hear of them.
 */
#include <string.h>

#include "scanner/analysis/leaf_domains.h"
#include "scanner/base/memory.h"
#include "scanner/owners/known_messages.h"
#include "scanner/owners/service_work.h"

/* Of a fleet: behind the row, and with what the host is about to hear. Sets of issuers have numbers within a process. */
static void say_known(const struct service_owner *o, struct span known,
                      const struct message_endpoint_done *m)
{
    struct buf told = BUF_INIT(BUF_NO_LIMIT);
    struct message_endpoint_done done = *m;
    enum message_kind kind;
    struct span body;
    done.issuers = 0;
    message_put_endpoint_done(&told, &done);
    while (message_next(&known, &kind, &body)) {
        if (kind == MESSAGE_KNOWN_SPEAKER) {
            struct message_known_speaker speaker = message_get_known_speaker(body);
            speaker.issuers = 0;
            message_put_known_speaker(o->out->state, &speaker);
        } else {
            struct message_known_name name = message_get_known_name(body);
            name.told = buf_span(&told);
            message_put_known_name(o->out->state, &name);
        }
    }
    buf_deinit(&told);
}

/* After the service's row, when its reverse DNS is known. */
static void send_endpoint(struct service_owner *o, const struct service *s,
                          const struct told_endpoint *t)
{
    struct message_endpoint_done m = {
        .host = t->host, .issuers = t->brief.chain.issuers, .brief = t->brief};
    m.brief.versions = s->versions;
    m.brief.ptr_is_host = (uint8_t)reverse_dns_is_host(o, s, t->host);
    service_domains_judge(o, s, t, &m.brief);
    if (o->out->state != NULL) {
        say_known(o, t->known, &m);
    }
    message_put_endpoint_done(out_to_name(o->out, t->host), &m);
    o->names_waiting--;
}

/* The rows of host and domain name the service: they come after its own. */
static void tell_endpoint(struct service_owner *o, const struct service *s, const struct want *want,
                          const struct told_endpoint *told)
{
    struct service_work *work = s->work;
    struct told_endpoint t = *told;
    t.host = want->host;
    t.registrable = want_registrable(want);
    if (s->state == SERVICE_KNOWN) {
        send_endpoint(o, s, &t);
        return;
    }
    struct want own = *want;
    own.host = arena_copy(&work->arena, want->host);
    t.host = own.host;
    t.registrable = want_registrable(&own);
    t.certificate_domain = arena_copy(&work->arena, told->certificate_domain);
    t.known = arena_copy(&work->arena, told->known);
    work->told = memory_grow_list(work->told, work->told_count, sizeof(*work->told));
    work->told[work->told_count++] = t;
}

static void tell_endpoints(struct service_owner *o, const struct service *s)
{
    struct service_work *work = s->work;
    for (size_t i = 0; i < work->told_count; i++) {
        send_endpoint(o, s, &work->told[i]);
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
        .inherited = endpoint_is_inherited(seen),
        .basis = (uint8_t)seen->basis,
        .judged = endpoint_judged_of(v, seen->chain),
        .no_sni_outcome = (uint8_t)seen->no_sni_outcome,
        .no_sni_chain = seen->no_sni_chain,
        .no_sni_leaf_domains = leaf_domains_of(seen->no_sni_names),
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

/* A name of a group that was dialled. @return it speaks for the group from now on */
static bool group_notes_result(struct service_owner *o, const struct want *want,
                               const struct seen_endpoint *seen, bool by_wildcard)
{
    struct group_result result = group_result_of(seen, by_wildcard);
    bool speaks = certificate_group_note(o->groups, want->group, want->host, &result, seen);
    if (speaks) {
        record_endpoint_ahead(o->out->recorder, seen);
    }
    return speaks;
}

static void write_endpoint(struct service_owner *o, const struct service *s,
                           const struct want *want, struct seen_endpoint *seen, bool dialled)
{
    seen->registrable = want_registrable(want);
    seen->certificate_domain = service_certificate_domain(o, seen->result);
    const struct endpoint_verdict *verdict = record_endpoint(o->out->recorder, seen);
    bool by_wildcard = verdict->name.match == NAME_MATCH_WILDCARD;
    struct buf known = BUF_INIT(BUF_NO_LIMIT);
    struct told_endpoint told = {.brief = brief_of(s, seen, verdict),
                                 .certificate_domain = seen->certificate_domain};
    bool speaks =
        dialled && want->group != GROUP_NONE && group_notes_result(o, want, seen, by_wildcard);
    if (o->out->state != NULL) {
        if (speaks) {
            known_speaker_put(&known, seen);
        }
        known_name_put(&known, seen, by_wildcard, want->block, (struct span){0});
    }
    told.known = buf_span(&known);
    tell_endpoint(o, s, want, &told);
    buf_deinit(&known);
}

/* Keys as rows have them. */
static void put_service_key(struct buf *key, const struct service *s)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&s->address, text);
    buf_putf(key, "%s|%u", text, (unsigned)s->port);
}

static void put_group_key(struct buf *key, const struct service_owner *o, uint32_t group,
                          const struct service *s)
{
    put_service_key(key, s);
    buf_put_text(key, "|*.");
    buf_put(key, o->groups->groups[group].parent);
}

static struct seen_endpoint endpoint_of(struct service_owner *o, const struct service *s,
                                        const struct want *want)
{
    struct seen_endpoint seen = {.host = want->host,
                                 .address = s->address,
                                 .port = s->port,
                                 .no_sni_outcome = (enum session_outcome)s->no_sni_outcome,
                                 .no_sni_facts = *facts_pool_at(&o->facts, s->no_sni_facts),
                                 .dane_host = want->dane_host,
                                 .tlsa_base = want->tlsa_base,
                                 .tlsas = want->tlsas,
                                 .tlsa_count = want->tlsa_count};
    if (s->has_no_sni_leaf) {
        memcpy(seen.no_sni_leaf_sha256, s->no_sni_leaf_sha256, sizeof(seen.no_sni_leaf_sha256));
        seen.no_sni_names = leaf_names_find(&o->default_names, s->no_sni_leaf_sha256);
        seen.no_sni_chain = s->no_sni_chain;
    }
    return seen;
}

void rows_write_not_tested(struct service_owner *o, const struct service *s,
                           const struct want *want, enum not_tested_reason reason)
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
    write_endpoint(o, s, want, &seen, false);
}

void rows_write_inherited(struct service_owner *o, const struct service *s, const struct want *want)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    put_service_key(&key, s);
    struct seen_session spoken = {.outcome = (enum session_outcome)s->spoken_outcome,
                                  .connect_ms = -1};
    spoken.smtp.starttls = (enum starttls_state)s->spoken_starttls;
    struct seen_endpoint seen = endpoint_of(o, s, want);
    seen.result = &spoken;
    seen.session_from = buf_span(&key);
    seen.basis = BASIS_OBSERVED;
    write_endpoint(o, s, want, &seen, false);
    buf_deinit(&key);
}

void rows_write_inferred(struct service_owner *o, const struct service *s, const struct want *want,
                         const struct group_speaker *by)
{
    struct buf group = BUF_INIT(BUF_NO_LIMIT);
    struct buf from = BUF_INIT(BUF_NO_LIMIT);
    struct span octets = buf_span(&by->seen);
    struct seen_session spoken = codec_get_session(&octets);
    struct seen_endpoint seen = endpoint_of(o, s, want);
    put_group_key(&group, o, want->group, s);
    buf_put(&from, by->host);
    buf_put_char(&from, '|');
    put_service_key(&from, s);
    seen.result = &spoken;
    seen.chain = by->chain;
    seen.session_from = buf_span(&from);
    seen.group = buf_span(&group);
    seen.basis = BASIS_INFERRED;
    write_endpoint(o, s, want, &seen, false);
    buf_deinit(&group);
    buf_deinit(&from);
}

/* Attempts with the host's name come first; that for the other questions only the one that counts. */
static bool is_attempt(enum probe p)
{
    return p == PROBE_SNI || p == PROBE_SNI_AGAIN;
}

static const struct seen_session *session_that_counts(const struct visit *v,
                                                      const struct seen_session *sessions,
                                                      enum probe p, struct chain_brief *chain)
{
    size_t i = visit_counting(v, p);
    if (i == VISIT_SESSIONS_MAX) {
        return NULL;
    }
    *chain = v->sessions[i].chain;
    return &sessions[i];
}

/* Where each session of a visit belongs in the row. */
static void place_sessions(const struct visit *v, const struct seen_session *sessions,
                           struct seen_endpoint *seen)
{
    struct chain_brief ignored;
    seen->attempts = sessions;
    while (seen->attempt_count < v->session_count &&
           is_attempt((enum probe)v->sessions[seen->attempt_count].probe)) {
        seen->attempt_count++;
    }
    seen->result = session_that_counts(v, sessions, PROBE_SNI, &seen->chain);
    seen->dane_sni = session_that_counts(v, sessions, PROBE_DANE_SNI, &seen->dane_sni_chain);
    seen->other_key = session_that_counts(v, sessions, PROBE_OTHER_KEY, &seen->other_key_chain);
    const struct seen_session *again = session_that_counts(v, sessions, PROBE_SNI_AGAIN, &ignored);
    seen->repeated = again != NULL;
    seen->unstable = again != NULL && again->tls_attempted && again->tls.cert_count > 0 &&
                     memcmp(again->tls.leaf_sha256, seen->result->tls.leaf_sha256, 32) != 0;
}

static void write_observed(struct service_owner *o, const struct service *s,
                           const struct want *want, struct seen_endpoint *seen)
{
    struct buf group = BUF_INIT(BUF_NO_LIMIT);
    seen->basis = BASIS_OBSERVED;
    if (want->group != GROUP_NONE) {
        put_group_key(&group, o, want->group, s);
        seen->group = buf_span(&group);
    }
    write_endpoint(o, s, want, seen, true);
    buf_deinit(&group);
}

void rows_write_visited(struct service_owner *o, const struct visit *v)
{
    const struct service *s = &o->services[v->service];
    struct seen_session sessions[VISIT_SESSIONS_MAX];
    struct seen_endpoint seen = endpoint_of(o, s, v->want);
    (void)visit_read(v, sessions);
    place_sessions(v, sessions, &seen);
    write_observed(o, s, v->want, &seen);
    s->work->names_under_way--;
}

void rows_write_known(struct service_owner *o, struct service *s, const struct want *want,
                      const struct message_known_speaker *m)
{
    struct known_session known;
    struct seen_endpoint seen = endpoint_of(o, s, want);
    known_session_read(m, &known);
    seen.attempts = known.seen.attempts;
    seen.attempt_count = known.seen.attempt_count;
    seen.result = known.seen.result;
    seen.chain = known.seen.chain;
    seen.repeated = known.seen.repeated;
    seen.dane_sni = known.seen.dane_sni;
    seen.dane_sni_chain = known.seen.dane_sni_chain;
    certificate_group_dial(o->groups, want->group);
    write_observed(o, s, want, &seen);
    service_note_known(s, seen.result->outcome, seen.result->smtp.starttls, false, false);
}

/* A short session that a whole one took the place of is no attempt: nothing rests on it. */
static bool is_attempt_without_sni(const struct visit *v, size_t i,
                                   const struct seen_session *session, bool whole)
{
    return v->sessions[i].probe == PROBE_NO_SNI ||
           (v->sessions[i].probe == PROBE_NO_SNI_SHORT &&
            (!session->tls_attempted || (!whole && session->tls.short_flight)));
}

/* @param sessions room for those of `v` @param attempts the same */
static void place_service_sessions(const struct visit *v, struct seen_session *sessions,
                                   struct seen_session *attempts, struct seen_service *seen)
{
    struct chain_brief chain;
    size_t count = visit_read(v, sessions);
    bool whole = visit_counting(v, PROBE_NO_SNI) != VISIT_SESSIONS_MAX;
    size_t counts = visit_counting(v, whole ? PROBE_NO_SNI : PROBE_NO_SNI_SHORT);
    seen->attempts = attempts;
    for (size_t i = 0; i < count; i++) {
        if (is_attempt_without_sni(v, i, &sessions[i], whole)) {
            seen->result = i == counts ? &attempts[seen->attempt_count] : seen->result;
            attempts[seen->attempt_count++] = sessions[i];
        }
    }
    seen->wrong_sni = session_that_counts(v, sessions, PROBE_WRONG_SNI, &chain);
}

void rows_write_service(struct service_owner *o, struct service *s)
{
    struct service_work *work = s->work;
    struct seen_session sessions[VISIT_SESSIONS_MAX];
    struct seen_session attempts[VISIT_SESSIONS_MAX];
    struct seen_service seen = {
        .address = s->address,
        .port = s->port,
        .ptr = work->ptr,
        .versions = probe_versions_seen(o, work),
        .ciphers = probe_ciphers_seen(work),
        .chain = s->no_sni_chain,
        .names_total = s->names_total,
        .names_dialled = s->names_dialled,
    };
    if (work->no_sni == NO_SNI_KEPT) {
        place_service_sessions(&o->visits[work->no_sni_visit], sessions, attempts, &seen);
    } else if (service_is_lost(o, s)) {
        seen.not_tested = NOT_TESTED_LOCAL_FAULT;
    }
    service_domains_see(o, s, &seen);
    record_service(o->out->recorder, &seen);
    if (o->out->state != NULL) {
        known_service_put(o->out->state, &seen);
    }
    s->versions = seen_versions_pack(&seen.versions);
    reverse_dns_keep(o, s, &work->ptr);
    service_enter(s, SERVICE_KNOWN);
    tell_endpoints(o, s);
}
