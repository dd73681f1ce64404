#include <string.h>

#include "scanner/base/text.h"
#include "scanner/compare/rules.h"

/* What a domain has of its own. */

struct domain_pair {
    const struct comparison_terms *terms;
    const struct compared_domain *before;
    const struct compared_domain *after;
    const struct change_sink *to;
};

static void put_change(const struct domain_pair *p, enum change_kind kind, struct span before,
                       struct span after)
{
    const struct change c = {.kind = kind,
                             .place = PLACE_DOMAIN,
                             .key = p->after->name,
                             .before = before,
                             .after = after};
    p->to->put(p->to->arg, &c);
}

static void put_lists(const struct domain_pair *p, enum change_kind kind,
                      struct compared_texts before, struct compared_texts after)
{
    struct buf was = BUF_INIT(BUF_NO_LIMIT);
    struct buf is = BUF_INIT(BUF_NO_LIMIT);
    texts_join(&was, before);
    texts_join(&is, after);
    put_change(p, kind, buf_span(&was), buf_span(&is));
    buf_deinit(&was);
    buf_deinit(&is);
}

/* --- whether it was tested ------------------------------------------------------------------ */

static bool is_tested(const struct compared_domain *d)
{
    static const char *const classes[] = {"tested", "partly_tested", "no_mail"};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (span_eq(d->account, span_of(classes[i]))) {
            return true;
        }
    }
    return false;
}

static struct span why_not(const struct compared_domain *d)
{
    return !is_tested(d) && d->reason.len > 0 ? d->reason : d->account;
}

static void compare_account(const struct domain_pair *p)
{
    bool was = is_tested(p->before);
    bool is = is_tested(p->after);
    if (was != is) {
        put_change(p, is ? CHANGE_DOMAIN_NEWLY_TESTED : CHANGE_DOMAIN_NO_LONGER_TESTED,
                   why_not(p->before), why_not(p->after));
    }
}

/* --- MX ------------------------------------------------------------------------------------- */

static struct span mx_exchange_of(struct span mx)
{
    (void)text_take_until(&mx, ' ');
    return mx;
}

/* The record with the same exchange; empty: there is none. */
static struct span find_exchange(struct compared_texts list, struct span exchange)
{
    for (size_t i = 0; i < list.count; i++) {
        if (span_eq(mx_exchange_of(list.at[i]), exchange)) {
            return list.at[i];
        }
    }
    return (struct span){0};
}

static void compare_mx(const struct domain_pair *p)
{
    const struct compared_domain *was = p->before;
    const struct compared_domain *is = p->after;
    if (was->mx_kind == MX_KIND_UNKNOWN || is->mx_kind == MX_KIND_UNKNOWN ||
        was->mx_kind == MX_KIND_NOT_ASKED || is->mx_kind == MX_KIND_NOT_ASKED) {
        return;
    }
    if (was->mx_kind != is->mx_kind) {
        put_change(p, CHANGE_MX_KIND_CHANGED, span_of(mx_kind_word(was->mx_kind)),
                   span_of(mx_kind_word(is->mx_kind)));
    } else if (is->mx_kind == MX_KIND_EXPLICIT && texts_are_whole(was->mx, is->mx)) {
        for (size_t i = 0; i < was->mx.count; i++) {
            if (find_exchange(is->mx, mx_exchange_of(was->mx.at[i])).len == 0) {
                put_change(p, CHANGE_MX_REMOVED, was->mx.at[i], (struct span){0});
            }
        }
        for (size_t i = 0; i < is->mx.count; i++) {
            struct span old = find_exchange(was->mx, mx_exchange_of(is->mx.at[i]));
            if (old.len == 0) {
                put_change(p, CHANGE_MX_ADDED, (struct span){0}, is->mx.at[i]);
            } else if (!texts_have(was->mx, is->mx.at[i])) {
                put_change(p, CHANGE_MX_PREFERENCE_CHANGED, old, is->mx.at[i]);
            }
        }
    }
    /* Who operates a host is judged by what it presents: a name alone, where it is down, is no move. */
    if (was->mx_operator.len > 0 && is->mx_operator.len > 0 && !texts_are_equal(was->mx, is->mx) &&
        !span_eq(was->mx_operator, is->mx_operator)) {
        put_change(p, CHANGE_OPERATOR_MOVED, was->mx_operator, is->mx_operator);
    }
}

static bool dnssec_is_seen(enum dnssec_state s)
{
    return s != DNSSEC_UNKNOWN && s != DNSSEC_FAILED;
}

static void compare_domain_dnssec(const struct domain_pair *p)
{
    enum dnssec_state was = p->before->dnssec;
    enum dnssec_state is = p->after->dnssec;
    if (p->terms->dnssec_known && dnssec_is_seen(was) && dnssec_is_seen(is) &&
        (was == DNSSEC_SECURE) != (is == DNSSEC_SECURE)) {
        put_change(p, is == DNSSEC_SECURE ? CHANGE_DNSSEC_APPEARED : CHANGE_DNSSEC_LOST,
                   span_of(dnssec_state_word(was)), span_of(dnssec_state_word(is)));
    }
}

/* --- policies ------------------------------------------------------------------------------- */

static void compare_policies(const struct domain_pair *p)
{
    const struct compared_domain *was = p->before;
    const struct compared_domain *is = p->after;
    bool both = was->policy.len > 0 && is->policy.len > 0;
    bool other_id = !span_eq(was->sts_id, is->sts_id);
    bool other_policy = both && !span_eq(was->policy, is->policy);
    bool ids = was->sts_id.len > 0 && is->sts_id.len > 0;
    if (other_policy && ids && !other_id) {
        put_change(p, CHANGE_STS_POLICY_WITHOUT_ID, was->policy, is->policy);
    } else if (other_policy) {
        put_change(p, CHANGE_STS_POLICY_CHANGED, was->sts_id, is->sts_id);
    } else if (ids && other_id && both) {
        put_change(p, CHANGE_STS_ID_WITHOUT_POLICY, was->sts_id, is->sts_id);
    } else if (!texts_are_equal(was->sts_txt, is->sts_txt)) {
        put_lists(p, CHANGE_STS_RECORD_CHANGED, was->sts_txt, is->sts_txt);
    }
    if (both && was->sts_mode.len > 0 && is->sts_mode.len > 0 &&
        !span_eq(was->sts_mode, is->sts_mode)) {
        put_change(p, CHANGE_STS_MODE_CHANGED, was->sts_mode, is->sts_mode);
    }
}

/* Did somebody ask the policy host, and does the answer not depend on us? */
static bool fetch_is_answer(enum policy_fetch f)
{
    return f != POLICY_FETCH_NOT_ASKED && f != POLICY_FETCH_NOT_DIALLED && !policy_fetch_is_ours(f);
}

static void compare_fetches(const struct domain_pair *p)
{
    enum policy_fetch was = p->before->fetch;
    enum policy_fetch is = p->after->fetch;
    bool had = was == POLICY_FETCH_FETCHED;
    bool has = is == POLICY_FETCH_FETCHED;
    if (fetch_is_answer(was) && fetch_is_answer(is) && had != has) {
        put_change(p, has ? CHANGE_STS_POLICY_BACK : CHANGE_STS_POLICY_LOST,
                   span_of(policy_fetch_word(was)), span_of(policy_fetch_word(is)));
    }
}

static void compare_sts(const struct domain_pair *p)
{
    const struct compared_domain *was = p->before;
    const struct compared_domain *is = p->after;
    if (!dns_state_is_answer(was->sts_dns) || !dns_state_is_answer(is->sts_dns)) {
        return;
    }
    if ((was->sts_txt.count == 0) != (is->sts_txt.count == 0)) {
        put_lists(p, is->sts_txt.count == 0 ? CHANGE_STS_RECORD_REMOVED : CHANGE_STS_RECORD_ADDED,
                  was->sts_txt, is->sts_txt);
        return;
    }
    compare_policies(p);
    compare_fetches(p);
}

static void compare_tls_rpt(const struct domain_pair *p)
{
    struct compared_texts was = p->before->rpt_txt;
    struct compared_texts is = p->after->rpt_txt;
    if (dns_state_is_answer(p->before->rpt_dns) && dns_state_is_answer(p->after->rpt_dns) &&
        !texts_are_equal(was, is)) {
        put_lists(p,
                  was.count == 0  ? CHANGE_TLS_RPT_ADDED
                  : is.count == 0 ? CHANGE_TLS_RPT_REMOVED
                                  : CHANGE_TLS_RPT_CHANGED,
                  was, is);
    }
}

/* --- outcomes ------------------------------------------------------------------------------- */

/* "host|address|port: reason" is about the service, "host: reason" about the host, "reason" about the domain. */
static void put_decider(struct change *c, struct span decided_by, struct span domain)
{
    struct span rest = decided_by;
    c->place = PLACE_DOMAIN;
    c->key = domain;
    for (size_t i = 0; i + 1 < decided_by.len; i++) {
        if (decided_by.at[i] == ':' && decided_by.at[i + 1] == ' ') {
            rest.len = i;
            c->place = PLACE_HOST;
            c->key = rest;
        }
    }
    if (c->place == PLACE_HOST && memchr(rest.at, '|', rest.len) != NULL) {
        (void)text_take_until(&rest, '|');
        c->place = PLACE_SERVICE;
        c->key = rest;
    }
}

static bool accepts_mail(const struct compared_domain *d)
{
    return d->mx_kind == MX_KIND_EXPLICIT || d->mx_kind == MX_KIND_IMPLICIT;
}

static const struct compared_outcome *find_outcome(const struct compared_domain *d, size_t near,
                                                   struct span profile)
{
    if (near < d->outcome_count && span_eq(d->outcomes[near].profile, profile)) {
        return &d->outcomes[near];
    }
    for (size_t i = 0; i < d->outcome_count; i++) {
        if (span_eq(d->outcomes[i].profile, profile)) {
            return &d->outcomes[i];
        }
    }
    return NULL;
}

/* @return false: the same, or not known in one of them */
static bool outcome_changed(const struct domain_pair *p, size_t i, struct change *c)
{
    const struct compared_outcome *is = &p->after->outcomes[i];
    const struct compared_outcome *was = find_outcome(p->before, i, is->profile);
    if (was == NULL || was->worst == is->worst || was->worst == DELIVERY_UNKNOWN ||
        is->worst == DELIVERY_UNKNOWN) {
        return false;
    }
    bool worse = is->worst < was->worst; /* deliveries are in order, the worst first */
    *c = (struct change){.kind = worse ? CHANGE_OUTCOME_WORSE : CHANGE_OUTCOME_BETTER,
                         .before = span_of(delivery_word(was->worst)),
                         .after = span_of(delivery_word(is->worst))};
    put_decider(c, worse ? is->decided_by : was->decided_by, p->after->name);
    return true;
}

static bool is_same_change(const struct change *a, const struct change *b)
{
    return a->kind == b->kind && a->place == b->place && span_eq(a->key, b->key) &&
           span_eq(a->before, b->before) && span_eq(a->after, b->after);
}

/* One change for all senders whose mail fares alike. */
static void compare_outcomes(const struct domain_pair *p)
{
    struct buf senders = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < p->after->outcome_count; i++) {
        struct change c;
        struct change other;
        bool first = outcome_changed(p, i, &c);
        for (size_t j = 0; j < i && first; j++) {
            first = !outcome_changed(p, j, &other) || !is_same_change(&c, &other);
        }
        if (!first) {
            continue;
        }
        buf_reset(&senders);
        for (size_t j = i; j < p->after->outcome_count; j++) {
            if (outcome_changed(p, j, &other) && is_same_change(&c, &other)) {
                buf_put_text(&senders, j > i ? ", " : "");
                buf_put(&senders, p->after->outcomes[j].profile);
            }
        }
        c.senders = buf_span(&senders);
        p->to->put(p->to->arg, &c);
    }
    buf_deinit(&senders);
}

void compare_domains(const struct comparison_terms *t, const struct compared_side *before,
                     const struct compared_side *after, const struct change_sink *to)
{
    const struct domain_pair p = {t, before->domain, after->domain, to};
    compare_account(&p);
    compare_mx(&p);
    compare_domain_dnssec(&p);
    compare_sts(&p);
    compare_tls_rpt(&p);
    if ((t->judged_alike || !p.after->same) && accepts_mail(p.before) && accepts_mail(p.after)) {
        compare_outcomes(&p);
    }
}

void compare_lone_domain(const struct compared_domain *d, bool is_new, const struct change_sink *to)
{
    const struct change c = {.kind = is_new ? CHANGE_DOMAIN_APPEARED : CHANGE_DOMAIN_GONE,
                             .place = PLACE_DOMAIN,
                             .key = d->name,
                             .before = is_new ? (struct span){0} : d->account,
                             .after = is_new ? d->account : (struct span){0}};
    to->put(to->arg, &c);
}
