#include "scanner/analysis/will_break.h"

const struct vocabulary break_kind_vocabulary =
    VOCABULARY_OF(BREAKS, "break_kind", "will_break_cause",
                  "What runs out first, and with it the delivery of some senders.");

/* The last of several servers. */
struct last_server {
    struct will_break b;
    bool open; /* one that was not tested, or has no date, may go on */
};

static void take_later(struct last_server *last, int64_t until, enum break_kind kind, size_t mx,
                       size_t endpoint)
{
    last->open = last->open || until == 0;
    if (until > last->b.at) {
        last->b.at = until;
        last->b.kind = kind;
        last->b.mx = (int)mx;
        last->b.endpoint = (int)endpoint;
    }
}

static enum break_kind break_of_path(enum path_end e)
{
    switch (e) {
    case PATH_END_INTERMEDIATE:
        return BREAK_INTERMEDIATE_EXPIRES;
    case PATH_END_ANCHOR:
        return BREAK_ANCHOR_EXPIRES;
    case PATH_END_NONE:
    case PATH_END_LEAF:
        break;
    }
    return BREAK_LEAF_EXPIRES;
}

/* Senders that check certificates, by a policy or their own settings. */
static void path_of_server(const struct endpoint_brief *e, size_t mx, size_t k,
                           struct last_server *last)
{
    if (endpoint_is_acceptable(e)) {
        take_later(last, e->path_until, break_of_path((enum path_end)e->path_end), mx, k);
    } else if (property_of(PROPERTY_ACCEPTABLE, e) == TRUTH_UNKNOWN) {
        last->open = true;
    }
}

/* RFC 7671 section 5.1: the expiry of a certificate that DANE-EE names is nothing to senders; that the next one has another
 * digest is. A key (3 1 x) may stay. */
static void tlsa_of_server(const struct endpoint_brief *e, size_t mx, size_t k,
                           struct last_server *last)
{
    bool of_key = (e->dane_flags & DANE_FLAG_31) != 0;
    bool of_leaf = (e->dane_flags & (DANE_FLAG_EE | DANE_FLAG_TA_IS_LEAF)) != 0;
    if (e->dane == DANE_UNKNOWN || of_key) {
        last->open = true;
    } else if (e->dane == DANE_MATCH) {
        take_later(last, e->leaf_until, of_leaf ? BREAK_TLSA_NAMES_LEAF : BREAK_TLSA_NAMES_ISSUER,
                   mx, k);
    }
}

static struct last_server last_of(const struct seen_domain *d,
                                  void (*of)(const struct endpoint_brief *e, size_t mx, size_t k,
                                             struct last_server *last))
{
    struct last_server last = {.open = d->mx_total > d->mx_count || d->endpoints_truncated};
    uint16_t port = domain_port(d);
    for (size_t i = 0; i < d->mx_count; i++) {
        last.open = last.open || mx_is_open(d, &d->mx[i]);
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            if (sts_endpoint_counts(&d->mx[i].endpoints[k], port)) {
                of(&d->mx[i].endpoints[k], i, k, &last);
            }
        }
    }
    return last;
}

static void take_earlier(struct will_break *first, struct will_break other, int64_t at)
{
    bool earlier = first->kind == BREAK_NONE || other.at < first->at ||
                   (other.at == first->at && other.effect < first->effect);
    if (other.kind != BREAK_NONE && other.at > at && earlier) {
        *first = other;
    }
}

static bool passes_enforced_sts(const struct seen_domain *d, const struct domain_verdict *v)
{
    for (size_t i = 0; v->sts.state == STS_STATE_ENFORCE && i < d->mx_count; i++) {
        if (sts_mx_passes(d, &v->sts, i) == TRUTH_YES) {
            return true;
        }
    }
    return false;
}

struct will_break will_break_of(const struct seen_domain *d, const struct domain_verdict *v,
                                const struct list_validity *policy, int64_t at)
{
    struct will_break first = {.kind = BREAK_NONE, .mx = -1, .endpoint = -1};
    if (!domain_is_asked(d) || d->mx_count == 0 || domain_lacks_smtp_port(d)) {
        return first;
    }
    bool sts = passes_enforced_sts(d, v);
    if (sts && policy->path_until > 0) {
        struct will_break b = {.at = policy->path_until,
                               .kind = BREAK_POLICY_CERTIFICATE_EXPIRES,
                               .effect = EFFECT_POLICY_RISK,
                               .mx = -1,
                               .endpoint = -1};
        take_earlier(&first, b, at);
    }
    if (v->dane.state == DANE_DOMAIN_FULL && v->dane.strict) {
        struct last_server last = last_of(d, tlsa_of_server);
        last.b.effect = EFFECT_POLICY_RISK;
        if (!last.open) {
            take_earlier(&first, last.b, at);
        }
    }
    struct last_server last = last_of(d, path_of_server);
    last.b.effect = sts ? EFFECT_POLICY_RISK : EFFECT_STRICT_RISK;
    if (!last.open) {
        take_earlier(&first, last.b, at);
    }
    return first;
}
