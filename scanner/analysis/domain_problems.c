#include "scanner/analysis/domain_problems.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"

/* --- places ----------------------------------------------------------------------------------- */

size_t domain_first_place(const struct seen_domain *d, size_t mx)
{
    size_t place = 0;
    for (size_t i = 0; i < mx; i++) {
        place += d->mx[i].endpoint_count;
    }
    return place;
}

size_t domain_same_mx(const struct seen_domain *d, size_t mx)
{
    for (size_t i = 0; i < mx && d->mx[mx].host.len > 0; i++) {
        if (span_eq(d->mx[i].host, d->mx[mx].host)) {
            return i;
        }
    }
    return mx;
}

size_t domain_codes_room(struct domain_codes *c, const struct seen_domain *d)
{
    size_t count = domain_first_place(d, d->mx_count);
    if (count > c->capacity) {
        c->capacity = count * 2;
        c->at = memory_resize(c->at, c->capacity, sizeof(*c->at));
    }
    memset(c->host, 0, sizeof(c->host));
    if (count > 0) {
        memset(c->at, 0, count * sizeof(*c->at));
    }
    return count;
}

void domain_codes_deinit(struct domain_codes *c)
{
    free(c->at);
    *c = (struct domain_codes){.capacity = 0};
}

void domain_problems_init(struct domain_problems *p)
{
    *p = (struct domain_problems){.places = BUF_INIT(BUF_NO_LIMIT)};
}

void domain_problems_deinit(struct domain_problems *p)
{
    buf_deinit(&p->places);
}

/* --- effects ---------------------------------------------------------------------------------- */

/** A finding at a place of a domain. */
struct met_finding {
    enum finding_code code;
    enum severity severity;
    int mx;       /* -1: any, as it is about the domain */
    int endpoint; /* -1: any of the exchange */
};

static bool harm_is_at(const struct seen_domain *d, const struct delivery_harm_at *h,
                       const struct met_finding *f)
{
    if (f->mx < 0 ||
        h->mx < 0) { /* where nothing of the domain is of use, whatever is found says why */
        return true;
    }
    if (domain_same_mx(d, (size_t)h->mx) != (size_t)f->mx) {
        return false;
    }
    return f->endpoint < 0 || h->endpoint == f->endpoint;
}

/* What no sender is known to meet but by an assumption decides nothing. */
static enum effect effect_of_harm(const struct delivery_harm_at *h)
{
    enum effect effect = (enum effect)h->effect;
    bool everyday = effect == EFFECT_MAIL_LOST || effect == EFFECT_CLEARTEXT;
    return everyday && (h->senders & ~h->assumed) == 0 ? EFFECT_HYGIENE : effect;
}

/* The worst of what it explains, and who meets that or less. */
static enum effect effect_by_harm(const struct seen_domain *d, const struct domain_verdict *v,
                                  const struct met_finding *f, uint64_t *senders)
{
    uint64_t reasons = problem_reasons(f->code);
    enum effect effect = EFFECT_HYGIENE;
    for (size_t i = 0; reasons != 0 && i < v->harm.count; i++) {
        const struct delivery_harm_at *h = &v->harm.at[i];
        bool counts = h->effect != EFFECT_UNKNOWN || delivery_harm_is_unknown(&v->harm);
        if (counts && (reasons >> h->reason & 1U) != 0 && harm_is_at(d, h, f)) {
            effect = effect_worse(effect, effect_of_harm(h));
            *senders |= h->senders;
        }
    }
    return effect;
}

static bool is_set_up_for_none(const struct seen_domain *d)
{
    return d->mx_kind == MX_KIND_NULL_MX || d->mx_kind == MX_KIND_NONE ||
           d->mx_kind == MX_KIND_NXDOMAIN;
}

static enum effect effect_of(const struct seen_domain *d, const struct domain_verdict *v,
                             const struct met_finding *f, uint64_t *senders)
{
    if (is_set_up_for_none(d)) {
        return EFFECT_NO_MAIL;
    }
    switch (problem_rule(f->code)) {
    case PROBLEM_UNRESOLVED: /* SERVFAIL or silence of one resolver: senders may ask another */
        *senders = v->harm.unknown;
        return delivery_harm_is_unknown(&v->harm) ? EFFECT_UNKNOWN : EFFECT_HYGIENE;
    case PROBLEM_POLICY:
        (void)effect_by_harm(d, v, f, senders);
        return f->severity == SEVERITY_ERROR ? EFFECT_POLICY_RISK : EFFECT_HYGIENE;
    case PROBLEM_BY_HARM:
    case PROBLEM_NONE:
        break;
    }
    return effect_by_harm(d, v, f, senders);
}

/* --- problems --------------------------------------------------------------------------------- */

enum finding_code problem_code_of(enum finding_code code)
{
    return code == FINDING_CHAIN_MISSING_INTERMEDIATE ? FINDING_CHAIN_ISSUER_UNKNOWN : code;
}

static struct problem *problem_of(struct domain_problems *p, enum finding_code code)
{
    uint16_t *slot = &p->slot_of[problem_code_of(code)];
    if (*slot == 0) {
        struct problem *made = &p->item[p->count++];
        *made = (struct problem){.code = code, .effect = EFFECT_NONE};
        made->bits = (uint32_t)p->places.len;
        size_t octets = (p->place_total + 7) / 8;
        memset(buf_room(&p->places, octets), 0, octets);
        p->places.len += octets;
        *slot = (uint16_t)p->count;
    }
    struct problem *found = &p->item[*slot - 1];
    if (code == FINDING_CHAIN_MISSING_INTERMEDIATE) { /* it says more */
        found->code = code;
    }
    return found;
}

static struct problem *note(struct domain_problems *p, const struct seen_domain *d,
                            const struct domain_verdict *v, const struct met_finding *f)
{
    uint64_t senders = 0;
    struct problem *problem = problem_of(p, f->code);
    enum effect effect = effect_of(d, v, f, &senders);
    problem->effect = effect_worse(problem->effect, effect);
    problem->severity = f->severity > problem->severity ? f->severity : problem->severity;
    problem->senders |= senders;
    return problem;
}

static void note_place(struct domain_problems *p, struct problem *problem, size_t place,
                       bool inferred)
{
    if (problem_has_place(p, problem, place)) {
        return;
    }
    p->places.at[problem->bits + place / 8] |= (uint8_t)(1U << (place % 8));
    problem->first = problem->place_count == 0 ? (uint32_t)place : problem->first;
    problem->place_count++;
    problem->inferred_count += inferred;
}

static void add_row(struct domain_problems *p, const struct seen_domain *d,
                    const struct domain_verdict *v, const struct findings *findings)
{
    for (size_t i = 0; findings != NULL && i < findings->count; i++) {
        const struct finding *f = &findings->item[i];
        if (problem_is_one(f->code, f->severity)) {
            struct met_finding met = {f->code, f->severity, -1, -1};
            (void)note(p, d, v, &met);
        }
    }
}

static bool is_of_offer(enum finding_code code)
{
    return code == FINDING_SMTP_HELO_ONLY || code == FINDING_STARTTLS_NOT_OFFERED ||
           code == FINDING_STARTTLS_MASKED || code == FINDING_STARTTLS_TEMPFAIL ||
           code == FINDING_STARTTLS_REJECTED;
}

/* The session of the service is judged without that of the endpoint, which may have found STARTTLS in order. */
static enum severity severity_here(const struct endpoint_brief *e, uint16_t item)
{
    enum severity severity = severity_of_item(item);
    bool unstable = e != NULL && is_of_offer(code_of_item(item)) &&
                    outcome_is_outdone((enum session_outcome)e->no_sni_outcome,
                                       (enum session_outcome)e->outcome);
    return unstable && severity > SEVERITY_WARNING ? SEVERITY_WARNING : severity;
}

static void add_set(struct domain_problems *p, const struct seen_domain *d,
                    const struct domain_verdict *v, struct code_set set, size_t mx, int endpoint,
                    size_t place)
{
    const struct endpoint_brief *e = endpoint >= 0 ? &d->mx[mx].endpoints[endpoint] : NULL;
    bool inferred = e != NULL && e->basis == BASIS_INFERRED;
    for (size_t i = 0; i < set.count; i++) {
        struct met_finding met = {code_of_item(set.items[i]), severity_here(e, set.items[i]),
                                  (int)mx, endpoint};
        note_place(p, note(p, d, v, &met), place, inferred);
    }
}

/* --- what no finding explains ---------------------------------------------------------------- */

/* Those who have a problem that is as bad. */
static uint64_t senders_told(const struct domain_problems *p, enum effect effect)
{
    uint64_t senders = 0;
    for (size_t i = 0; i < p->count; i++) {
        senders |= p->item[i].effect <= effect ? p->item[i].senders : 0;
    }
    return senders;
}

static uint64_t senders_untold(const struct domain_problems *p, const struct delivery_harm *harm,
                               size_t i)
{
    const struct delivery_harm_at *h = &harm->at[i];
    return h->decided & harm->everyday & ~senders_told(p, effect_of_harm(h));
}

static void put_untold(struct buf *evidence, const struct seen_domain *d,
                       const struct sender_profiles *profiles, const struct delivery_harm_at *h,
                       uint64_t senders)
{
    size_t count = 0;
    for (size_t i = 0; profiles != NULL && i < profiles->count; i++) {
        bool shown = (senders >> i & 1U) != 0 && count++ < EVIDENCE_LIST_MAX;
        buf_putf(evidence, "%s%s", shown && count > 1 ? ", " : "",
                 shown ? profiles->items[i].id : "");
    }
    if (count > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", count - EVIDENCE_LIST_MAX);
    }
    buf_putf(evidence, ": %s", delivery_reason_word((enum delivery_reason)h->reason));
    if (h->mx >= 0) {
        buf_put_text(evidence, " at ");
        evidence_put(evidence, d->mx[h->mx].host);
    }
    if (h->mx >= 0 && h->endpoint >= 0) {
        buf_put_char(evidence, ' ');
        evidence_put_address(evidence, &d->mx[h->mx].endpoints[h->endpoint].address);
    }
}

static void add_untold(struct domain_problems *p, const struct seen_domain *d,
                       const struct domain_verdict *v, struct findings *of_domain)
{
    struct met_finding met = {FINDING_DELIVERY_UNEXPLAINED, SEVERITY_WARNING, -1, -1};
    enum effect worst = EFFECT_NONE;
    uint64_t all = 0;
    for (size_t i = 0; i < v->harm.count && !is_set_up_for_none(d); i++) {
        uint64_t senders = senders_untold(p, &v->harm, i);
        worst = senders != 0 ? effect_worse(worst, effect_of_harm(&v->harm.at[i])) : worst;
        all |= senders;
    }
    if (all == 0) {
        return;
    }
    met.severity = problem_severity(SEVERITY_ERROR, worst);
    struct buf *evidence = findings_add(of_domain, met.code, met.severity);
    size_t count = 0;
    for (size_t i = 0; i < v->harm.count; i++) {
        uint64_t senders = senders_untold(p, &v->harm, i);
        if (senders != 0 && count++ < EVIDENCE_LIST_MAX) {
            buf_put_text(evidence, count > 1 ? "; " : "");
            put_untold(evidence, d, v->profiles, &v->harm.at[i], senders);
        }
    }
    if (count > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, "; and %zu more", count - EVIDENCE_LIST_MAX);
    }
    struct problem *problem = note(p, d, v, &met);
    problem->effect = worst;
    problem->senders = all;
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool problem_is_tested(const struct endpoint_brief *e)
{
    return e->outcome != OUTCOME_NOT_TESTED && e->outcome != OUTCOME_LOCAL_FAULT;
}

static bool is_asked_host(const struct seen_mx *mx)
{
    return mx->host.len > 0 && !mx->blocklisted && mx->a_state != DNS_NOT_ASKED;
}

static void count_tested(struct domain_problems *p, const struct seen_domain *d)
{
    uint32_t hosts = 0;
    uint32_t endpoints = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        bool counts = domain_same_mx(d, i) == i;
        hosts += counts && is_asked_host(mx);
        for (size_t k = 0; counts && k < mx->endpoint_count; k++) {
            endpoints += problem_is_tested(&mx->endpoints[k]);
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        bool has_places = p->item[i].place_count > 0;
        bool of_host = finding_info(p->item[i].code)->scope == SCOPE_HOST;
        p->item[i].tested_count = !has_places ? 0 : of_host ? hosts : endpoints;
    }
}

static int compare_problems(const void *a, const void *b)
{
    const struct problem *x = a;
    const struct problem *y = b;
    if (x->effect != y->effect) {
        return x->effect < y->effect ? -1 : 1;
    }
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    if (x->place_count != y->place_count) {
        return x->place_count > y->place_count ? -1 : 1;
    }
    return (int)problem_code_of(x->code) - (int)problem_code_of(y->code);
}

/* No finding is needed to say that nothing is at risk, or that nothing is known. */
static enum effect effect_without_problems(const struct seen_domain *d,
                                           const struct domain_verdict *v)
{
    bool unknown = v->harm.everyday != 0 && delivery_harm_is_unknown(&v->harm);
    return !domain_is_asked(d)     ? EFFECT_NONE
           : is_set_up_for_none(d) ? EFFECT_NO_MAIL
           : unknown               ? EFFECT_UNKNOWN
                                   : EFFECT_NONE;
}

void domain_problems_fill(struct domain_problems *p, const struct seen_domain *d,
                          const struct domain_verdict *v, struct findings *of_domain,
                          const struct findings *of_policy, const struct domain_codes *codes)
{
    p->count = 0;
    buf_reset(&p->places);
    p->effect = effect_without_problems(d, v);
    size_t endpoints = domain_first_place(d, d->mx_count);
    p->place_total = endpoints > d->mx_count ? endpoints : d->mx_count;
    add_row(p, d, v, of_domain);
    add_row(p, d, v, of_policy);
    for (size_t i = 0, place = 0; codes != NULL && i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        bool counts = domain_same_mx(d, i) == i;
        if (counts) {
            add_set(p, d, v, codes->host[i], i, -1, i);
        }
        for (size_t k = 0; k < mx->endpoint_count; k++, place++) {
            if (counts) {
                add_set(p, d, v, codes->at[place].own, i, (int)k, place);
                add_set(p, d, v, codes->at[place].service, i, (int)k, place);
            }
        }
    }
    add_untold(p, d, v, of_domain);
    count_tested(p, d);
    for (size_t i = 0; i < p->count; i++) {
        p->slot_of[problem_code_of(p->item[i].code)] = 0;
        p->item[i].severity = problem_severity(p->item[i].severity, p->item[i].effect);
        p->effect = effect_worse(p->effect, p->item[i].effect);
    }
    qsort(p->item, p->count, sizeof(p->item[0]), compare_problems);
}

const char *domain_problems_severity(const struct domain_problems *p)
{
    enum severity worst = SEVERITY_INFO;
    for (size_t i = 0; i < p->count; i++) {
        worst = p->item[i].severity > worst ? p->item[i].severity : worst;
    }
    return p->count > 0 ? severity_word(worst) : NULL;
}
