/**
 * The table of probes: each is one kind of session, when it is due, what it asks for and what is noted of
 * it. A new one is an entry here, and what it shows in the rows.
 */
#include <string.h>

#include "scanner/analysis/attempts.h"
#include "scanner/analysis/session_facts.h"
#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/owners/service_work.h"
#include "scanner/tls/cipher_plan.h"

/** Whom a probe is about. */
struct subject {
    const struct service_rules *rules;
    const struct service *service;
    const struct service_work *work;
    const struct visit *visit; /* of probes for a name; else NULL */
};

enum due {
    NOT_DUE,
    DUE,
    HOLDS_OTHERS, /* under way, and nothing else may begin at the service */
};

struct probe_info {
    bool for_name; /* else for the service */
    bool further;  /* on the visit of another one; else it begins a visit of its own */
    bool aside;    /* a question of its own: what it meets is not the result */
    bool hello;    /* ends with the answer to a ClientHello: no handshake */
    bool once;     /* a session that is lost is not asked again */
    enum due (*due)(const struct subject *s);
    bool (*pending)(const struct subject *s); /* the service's row waits for it; NULL: never */
    /* NULL: nothing but what is done for all */
    void (*begin)(struct service_owner *o, struct service *s);
    void (*aim)(const struct service_owner *o, const struct visit *v, struct owner_dial *d);
    void (*note)(struct service_owner *o, struct visit *v, const struct seen_session *seen);
    bool (*doubts)(const struct subject *s,
                   const struct seen_session *seen); /* an answer; NULL: never */
};

static enum due due_if(bool is)
{
    return is ? DUE : NOT_DUE;
}

/* --- without SNI ---------------------------------------------------------------------------- */

/* The greeting comes inside TLS there, which the short one does not see. */
#define IMPLICIT_TLS_PORT 465 /* RFC 8314 section 3.3 */

static bool is_made_short(const struct subject *s)
{
    return s->rules->probes.no_sni_short && s->service->port != IMPLICIT_TLS_PORT;
}

static enum due without_sni_due(const struct subject *s)
{
    switch (s->work->no_sni) {
    case NO_SNI_UNASKED:
        return DUE;
    case NO_SNI_UNDER_WAY:
        return HOLDS_OTHERS;
    case NO_SNI_RESTS: /* on the first name, whichever way sessions overlap */
        return s->work->names_under_way > 0 ? HOLDS_OTHERS : NOT_DUE;
    case NO_SNI_KEPT:
    case NO_SNI_DONE:
        return NOT_DUE;
    }
    UNREACHABLE("unknown no_sni_state");
}

static enum due no_sni_short_due(const struct subject *s)
{
    return s->visit == NULL && is_made_short(s) ? without_sni_due(s) : NOT_DUE;
}

static enum due no_sni_due(const struct subject *s)
{
    if (s->visit != NULL) {
        bool was_short = (s->visit->probes & 1U << PROBE_NO_SNI_SHORT) != 0;
        return due_if(was_short && s->work->short_state == SHORT_FALLS);
    }
    return is_made_short(s) ? NOT_DUE : without_sni_due(s);
}

static bool no_sni_pending(const struct subject *s)
{
    return s->work->no_sni == NO_SNI_UNASKED || s->work->no_sni == NO_SNI_UNDER_WAY ||
           s->work->no_sni == NO_SNI_RESTS;
}

static void no_sni_begin(struct service_owner *o, struct service *s)
{
    (void)o;
    s->work->no_sni = NO_SNI_UNDER_WAY;
}

/* What sessions with SNI are compared with. */
static void note_default(struct service_owner *o, struct service *s,
                         const struct seen_session *seen)
{
    struct span rest = seen->tls.list;
    struct span leaf = {0};
    s->no_sni_done = true;
    s->no_sni_outcome = (uint8_t)seen->outcome;
    s->has_no_sni_leaf = seen->tls_attempted && seen->tls.cert_count > 0;
    if (s->has_no_sni_leaf) {
        memcpy(s->no_sni_leaf_sha256, seen->tls.leaf_sha256, sizeof(s->no_sni_leaf_sha256));
        if (cert_list_next(&rest, &leaf)) {
            leaf_names_add(&o->default_names, s->no_sni_leaf_sha256, leaf);
        }
    }
}

void probe_keep_no_sni(struct service_owner *o, struct service *s, const struct seen_session *seen)
{
    note_default(o, s, seen);
    s->no_sni_starttls = (uint8_t)seen->smtp.starttls;
    bool completed = seen->tls_attempted && seen->tls.completed;
    s->no_sni_tls_version = completed ? seen->tls.version : 0;
    struct sender_facts facts = session_facts_of(seen);
    s->no_sni_facts = facts_pool_add(&o->facts, &facts);
    record_default_session(o->out->recorder, &s->address, s->port, seen);
    if (!o->rules.probes.sni) { /* it is all that there will be */
        s->spoken_outcome = (uint8_t)seen->outcome;
        s->spoken_starttls = (uint8_t)seen->smtp.starttls;
    }
}

static void no_sni_note(struct service_owner *o, struct visit *v, const struct seen_session *seen)
{
    v->tls_attempted = seen->tls_attempted;
    probe_keep_no_sni(o, &o->services[v->service], seen);
}

/* --- without SNI, short ----------------------------------------------------------------------- */

static void no_sni_short_aim(const struct service_owner *o, const struct visit *v,
                             struct owner_dial *d)
{
    (void)o;
    (void)v;
    d->short_handshake = true;
}

static void no_sni_short_note(struct service_owner *o, struct visit *v,
                              const struct seen_session *seen)
{
    struct service *s = &o->services[v->service];
    v->tls_attempted = seen->tls_attempted;
    if (!seen->tls_attempted) { /* it did not come to the difference */
        probe_keep_no_sni(o, s, seen);
    } else if (seen->tls.short_flight) {
        s->work->short_state = SHORT_WAITS;
        note_default(o, s, seen);
    } else {
        s->work->short_state = SHORT_FALLS;
        o->short_fallen++;
    }
}

/* Inside TLS nothing happened that the short one would not have seen. */
static bool is_the_same_inside(const struct seen_smtp *with, const struct seen_smtp *without)
{
    uint16_t code = with->reply[SMTP_STEP_EHLO_TLS].code;
    return code / 100 == 2 && !with->starttls_again && with->quirks == without->quirks &&
           with->forms == without->forms && with->line_too_long == without->line_too_long &&
           with->early_talker == without->early_talker;
}

static bool bears_short(const struct service *s, const struct seen_session *with,
                        const struct seen_session *without)
{
    return with->outcome == OUTCOME_ESTABLISHED && with->tls.cert_count > 0 &&
           memcmp(with->tls.leaf_sha256, s->no_sni_leaf_sha256, 32) == 0 &&
           is_the_same_inside(&with->smtp, &without->smtp);
}

/* The short session of the visit that RESTS. */
static struct seen_session short_session(const struct visit *v)
{
    struct seen_session sessions[VISIT_SESSIONS_MAX];
    size_t counts = visit_counting(v, PROBE_NO_SNI_SHORT);
    (void)visit_read(v, sessions);
    CHECK(counts < VISIT_SESSIONS_MAX);
    return sessions[counts];
}

static void short_decide(const struct service_owner *o, const struct service *s,
                         const struct seen_session *with)
{
    struct service_work *work = s->work;
    if (work->no_sni == NO_SNI_RESTS && work->short_state == SHORT_WAITS) {
        struct seen_session without = short_session(&o->visits[work->no_sni_visit]);
        work->short_state = bears_short(s, with, &without) ? SHORT_STANDS : SHORT_FALLS;
    }
}

void probe_keep_short(struct service_owner *o, struct service *s)
{
    struct seen_session without = short_session(&o->visits[s->work->no_sni_visit]);
    s->work->short_state = SHORT_STANDS;
    probe_keep_no_sni(o, s, &without);
}

/* --- a name that is nobody's: behind the session without SNI, with which it is compared ------------- */

static enum due wrong_sni_due(const struct subject *s)
{
    return due_if(s->rules->probes.wrong_sni && s->visit != NULL && s->visit->tls_attempted &&
                  s->work->short_state != SHORT_WAITS);
}

static void wrong_sni_aim(const struct service_owner *o, const struct visit *v,
                          struct owner_dial *d)
{
    (void)o;
    (void)v;
    d->sni = SPAN_LIT(WRONG_SNI_NAME);
}

/* --- versions: which the service accepts (scanner/tls/version_plan.h says how it is found out) ----- */

/* The handshakes that are made anyway offer all versions: they come first. */
static bool handshakes_are_over(const struct subject *s)
{
    return (!asks_without_sni(&s->rules->probes) || s->service->no_sni_done) &&
           (!s->rules->probes.sni || s->work->sni_ended ||
            s->service->failures >= SPEAKING_FAILURES);
}

static bool versions_due_once_hello_is_over(const struct subject *s)
{
    return s->rules->probes.versions && s->work->tls_reached &&
           s->service->failures < SPEAKING_FAILURES && handshakes_are_over(s) &&
           version_plan_next(&s->work->versions) != 0;
}

static enum due versions_due(const struct subject *s)
{
    return due_if(!s->work->hello_under_way && versions_due_once_hello_is_over(s));
}

static bool versions_pending(const struct subject *s)
{
    return s->rules->probes.versions && (s->work->hello_under_way || !handshakes_are_over(s) ||
                                         versions_due_once_hello_is_over(s));
}

/* The name is refused, not the version: ask without (RFC 6066 section 3). */
static bool takes_no_name(const struct service_work *work)
{
    return work->completed[0] && !work->completed[1];
}

static void hello_begin(struct service_owner *o, struct service_work *work, bool first)
{
    if (first) { /* the same for all of them */
        work->hello_sni =
            o->rules.probes.sni && want_has_name(work->first_want) && !takes_no_name(work);
    }
    work->hello_under_way = true;
}

static void hello_aim(const struct service_work *work, const struct visit *v, uint16_t max_version,
                      struct owner_dial *d)
{
    d->hello_max_version = max_version;
    d->sni = work->hello_sni ? v->want->host : (struct span){0};
}

static void versions_begin(struct service_owner *o, struct service *s)
{
    hello_begin(o, s->work, s->work->versions.connections == 0);
}

static void versions_aim(const struct service_owner *o, const struct visit *v, struct owner_dial *d)
{
    const struct service_work *work = o->services[v->service].work;
    hello_aim(work, v, version_plan_next(&work->versions), d);
}

static void versions_note(struct service_owner *o, struct visit *v, const struct seen_session *seen)
{
    struct service_work *work = o->services[v->service].work;
    version_plan_note_hello(&work->versions, seen);
    work->hello_under_way = false;
}

struct seen_versions probe_versions_seen(const struct service_owner *o,
                                         const struct service_work *work)
{
    struct seen_versions seen = {
        .asked = o->rules.probes.versions && work->tls_reached,
        .sni = work->hello_sni && work->versions.connections > 0,
        .connections = work->versions.connections,
    };
    memcpy(seen.accepted, work->versions.accepted, sizeof(seen.accepted));
    return seen;
}

/* --- ciphers: which suites it accepts (scanner/tls/cipher_plan.h) ------------------------------- */

struct cipher_work {
    struct cipher_plan plan;
    struct cipher_question asked; /* by the session under way */
};

/* After the versions, which say what need not be asked. */
static bool ciphers_pending(const struct subject *s)
{
    struct cipher_question next;
    const struct cipher_work *ciphers = s->work->ciphers;
    return s->rules->probes.ciphers && s->work->tls_reached &&
           s->service->failures < SPEAKING_FAILURES && !versions_pending(s) &&
           (ciphers == NULL || cipher_plan_next(&ciphers->plan, &next));
}

static enum due ciphers_due(const struct subject *s)
{
    return due_if(ciphers_pending(s));
}

static void ciphers_begin(struct service_owner *o, struct service *s)
{
    struct service_work *work = s->work;
    bool first = work->ciphers == NULL;
    hello_begin(o, work, first && work->versions.connections == 0);
    if (first) {
        work->ciphers = arena_new(&work->arena, 1, sizeof(*work->ciphers));
        cipher_plan_init(&work->ciphers->plan, work->versions.accepted);
    }
    CHECK(cipher_plan_next(&work->ciphers->plan, &work->ciphers->asked));
}

static void ciphers_aim(const struct service_owner *o, const struct visit *v, struct owner_dial *d)
{
    const struct service_work *work = o->services[v->service].work;
    const struct cipher_question *asked = &work->ciphers->asked;
    hello_aim(work, v, asked->version, d);
    d->hello_suites = (struct suite_list){asked->suite, asked->count};
}

static void ciphers_note(struct service_owner *o, struct visit *v, const struct seen_session *seen)
{
    struct service_work *work = o->services[v->service].work;
    cipher_plan_note(&work->ciphers->plan, seen);
    work->hello_under_way = false;
}

struct seen_ciphers probe_ciphers_seen(const struct service_work *work)
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

/* --- a fetch of the policy thread --------------------------------------------------------------- */

static enum due fetch_due(const struct subject *s)
{
    return due_if(s->work->fetch_count > 0);
}

/* --- with SNI ------------------------------------------------------------------------------- */

static void aim_at_host(const struct service_owner *o, const struct visit *v, struct owner_dial *d)
{
    (void)o;
    d->sni = want_has_name(v->want) ? v->want->host : (struct span){0};
}

static enum due sni_due(const struct subject *s)
{
    return due_if(s->visit == NULL && s->work->names.count > 0 && !s->work->held);
}

static bool differs_from_default(const struct service *s, const struct visit *v,
                                 const struct seen_session *seen)
{
    return v->certified && s->has_no_sni_leaf &&
           memcmp(seen->tls.leaf_sha256, s->no_sni_leaf_sha256, 32) != 0;
}

void probe_compare(const struct service_owner *o, struct visit *v)
{
    struct seen_session sessions[VISIT_SESSIONS_MAX];
    size_t counts = visit_counting(v, PROBE_SNI);
    (void)visit_read(v, sessions);
    CHECK(counts < VISIT_SESSIONS_MAX);
    v->differs = differs_from_default(&o->services[v->service], v, &sessions[counts]);
}

static void sni_note(struct service_owner *o, struct visit *v, const struct seen_session *seen)
{
    const struct service *s = &o->services[v->service];
    s->work->sni_ended = true;
    v->tls_attempted = seen->tls_attempted;
    v->certified = seen->outcome == OUTCOME_ESTABLISHED && seen->tls.cert_count > 0;
    v->differs = differs_from_default(s, v, seen);
    v->key = v->certified ? (uint8_t)handshake_key_shown(&seen->tls) : HANDSHAKE_KEY_ANY;
    short_decide(o, s, seen);
}

/* A handshake that breaks where it succeeded without the name: the name decides, or chance. */
static bool sni_doubts(const struct subject *s, const struct seen_session *seen)
{
    return seen->tls_attempted && seen->outcome != OUTCOME_ESTABLISHED && s->service->no_sni_done &&
           s->work->short_state != SHORT_WAITS && /* a whole one has to tell first */
           s->service->no_sni_outcome == OUTCOME_ESTABLISHED;
}

/* A leaf that differs from the one without SNI is asked for again: a difference from itself is
 * an unstable server and not the effect of SNI. */
static enum due sni_again_due(const struct subject *s)
{
    return due_if(s->visit != NULL && s->visit->differs);
}

/* RFC 7671 section 10.2: SNI is the TLSA base domain, which may be another name than the host. */
static enum due dane_sni_due(const struct subject *s)
{
    const struct visit *v = s->visit;
    return due_if(v != NULL && v->tls_attempted && v->want->tlsa_base.len > 0 &&
                  !span_eq(v->want->tlsa_base, v->want->host));
}

static void dane_sni_aim(const struct service_owner *o, const struct visit *v, struct owner_dial *d)
{
    (void)o;
    d->sni = want_has_name(v->want) ? v->want->tlsa_base : (struct span){0};
}

/* A server may have certificates of both kinds of key, and show one to each client. */
static enum due other_key_due(const struct subject *s)
{
    return due_if(s->rules->probes.other_key && s->visit != NULL && s->visit->certified);
}

static void other_key_aim(const struct service_owner *o, const struct visit *v,
                          struct owner_dial *d)
{
    aim_at_host(o, v, d);
    d->key = v->key == HANDSHAKE_KEY_RSA ? HANDSHAKE_KEY_ECDSA : HANDSHAKE_KEY_RSA;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct probe_info probes[PROBE_COUNT] = {
    [PROBE_NO_SNI_SHORT] = {.due = no_sni_short_due,
                            .pending = no_sni_pending,
                            .begin = no_sni_begin,
                            .aim = no_sni_short_aim,
                            .note = no_sni_short_note},
    [PROBE_NO_SNI] = {.further = true,
                      .due = no_sni_due,
                      .pending = no_sni_pending,
                      .begin = no_sni_begin,
                      .note = no_sni_note},
    /* Both before further names, because the service's row waits for them and the rows of hosts for that. */
    [PROBE_VERSIONS] = {.hello = true,
                        .once = true, /* as the next: the plan ends, the rest stays unknown */
                        .due = versions_due,
                        .pending = versions_pending,
                        .begin = versions_begin,
                        .aim = versions_aim,
                        .note = versions_note},
    [PROBE_CIPHERS] = {.hello = true,
                       .once = true,
                       .due = ciphers_due,
                       .pending = ciphers_pending,
                       .begin = ciphers_begin,
                       .aim = ciphers_aim,
                       .note = ciphers_note},
    [PROBE_FETCH] = {.once = true, .due = fetch_due},
    [PROBE_SNI] = {.for_name = true,
                   .due = sni_due,
                   .aim = aim_at_host,
                   .note = sni_note,
                   .doubts = sni_doubts},
    [PROBE_SNI_AGAIN] = {.for_name = true,
                         .further = true,
                         .due = sni_again_due,
                         .aim = aim_at_host},
    [PROBE_DANE_SNI] = {.for_name = true,
                        .further = true,
                        .aside = true,
                        .due = dane_sni_due,
                        .aim = dane_sni_aim},
    [PROBE_OTHER_KEY] = {.for_name = true,
                         .further = true,
                         .aside = true,
                         .due = other_key_due,
                         .aim = other_key_aim},
    [PROBE_WRONG_SNI] = {.further = true,
                         .aside = true,
                         .due = wrong_sni_due,
                         .aim = wrong_sni_aim},
};

enum probe probe_next_for_service(const struct service_owner *o, const struct service *s)
{
    const struct subject subject = {&o->rules, s, s->work, NULL};
    bool own = s->state == SERVICE_PROBES;
    if (service_waits_for_chance(s->work) || service_is_lost(o, s)) {
        return PROBE_COUNT;
    }
    for (enum probe p = own ? PROBE_NO_SNI_SHORT : PROBE_FETCH; p <= PROBE_SNI; p++) {
        enum due due = probes[p].due(&subject);
        if (due != NOT_DUE) {
            return due == DUE ? p : PROBE_COUNT;
        }
    }
    return PROBE_COUNT;
}

enum probe probe_next_for_visit(const struct service_owner *o, const struct visit *v)
{
    const struct service *s = &o->services[v->service];
    const struct subject subject = {&o->rules, s, s->work, v};
    for (enum probe p = 0; p < PROBE_COUNT && !service_is_lost(o, s); p++) {
        bool possible = probes[p].further && probes[p].for_name == probes[v->probe].for_name;
        if (possible && (v->probes & 1U << p) == 0 && probes[p].due(&subject) == DUE) {
            return p;
        }
    }
    return PROBE_COUNT;
}

bool probes_are_pending(const struct service_owner *o, const struct service *s)
{
    const struct subject subject = {&o->rules, s, s->work, NULL};
    if (service_is_lost(o, s)) {
        return s->work->no_sni == NO_SNI_UNDER_WAY || s->work->hello_under_way;
    }
    for (enum probe p = 0; p < PROBE_COUNT; p++) {
        if (probes[p].pending != NULL && probes[p].pending(&subject)) {
            return true;
        }
    }
    return false;
}

bool probe_is_for_name(enum probe p)
{
    return probes[p].for_name;
}

void probe_begin(struct service_owner *o, struct service *s, enum probe p)
{
    if (probes[p].begin != NULL) {
        probes[p].begin(o, s);
    }
}

void probe_aim(const struct service_owner *o, const struct visit *v, struct owner_dial *d)
{
    if (probes[v->probe].aim != NULL) {
        probes[v->probe].aim(o, v, d);
    }
}

enum probe probe_as_it_ended(enum probe p, const struct seen_session *seen)
{
    bool lost =
        seen->tls_attempted && !seen->tls.short_flight && attempt_end_of(seen) == ATTEMPT_LOST;
    return p == PROBE_NO_SNI_SHORT && lost ? PROBE_NO_SNI : p;
}

bool probe_has_chances(enum probe p)
{
    return !probes[p].once;
}

bool probe_doubts(const struct service_owner *o, const struct visit *v,
                  const struct seen_session *seen)
{
    const struct service *s = &o->services[v->service];
    const struct subject subject = {&o->rules, s, s->work, v};
    return probes[v->probe].doubts != NULL && probes[v->probe].doubts(&subject, seen);
}

/* What two sessions in a row failed at before TLS, a third would not change. */
void probe_note_failure(struct service *s, enum session_outcome outcome,
                        enum starttls_state starttls, bool again)
{
    const struct outcome_info *info = outcome_info(outcome);
    if (s->failures >= SPEAKING_FAILURES) {
        return;
    }
    if (!info->before_tls) {
        s->failures = outcome == OUTCOME_LOCAL_FAULT ? s->failures : 0;
        return;
    }
    s->failures = info->final || again ? SPEAKING_FAILURES : (uint8_t)(s->failures + 1);
    s->spoken_outcome = (uint8_t)outcome;
    s->spoken_starttls = (uint8_t)starttls;
}

static void note_handshake(struct service_work *work, const struct seen_session *seen)
{
    work->tls_reached |= seen->tls_attempted;
    work->completed[seen->sni] |= seen->tls_attempted && seen->tls.completed;
    version_plan_note_handshake(&work->versions, seen);
}

static bool is_for_the_result(const struct probe_info *info)
{
    return !info->hello && !info->aside;
}

/* Nothing may be concluded from how it ended. */
static bool is_fallen(const struct visit *v, const struct seen_session *seen)
{
    return v->probe == PROBE_NO_SNI_SHORT && seen->tls_attempted && !seen->tls.short_flight;
}

void probe_note_session(struct service_owner *o, struct visit *v, const struct seen_session *seen)
{
    const struct probe_info *info = &probes[v->probe];
    bool conclusive = outcome_info(seen->outcome)->conclusive;
    /* A server without the version or the kind of key that is asked for has answered. */
    o->sessions_failed +=
        is_for_the_result(info) ? seen->outcome != OUTCOME_ESTABLISHED : !conclusive;
    if (is_for_the_result(info) && !is_fallen(v, seen)) {
        note_handshake(o->services[v->service].work, seen);
    }
}

void probe_note(struct service_owner *o, struct visit *v, const struct seen_session *seen)
{
    const struct probe_info *info = &probes[v->probe];
    if (is_for_the_result(info)) {
        /* Those of one visit were a pause apart, and nobody had an answer in between. */
        probe_note_failure(&o->services[v->service], seen->outcome, seen->smtp.starttls,
                           v->lost_again);
    }
    if (info->note != NULL) {
        info->note(o, v, seen);
    }
}
