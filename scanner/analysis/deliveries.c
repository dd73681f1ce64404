#include "scanner/analysis/deliveries.h"

#include "scanner/analysis/delivery_result.h"
#include "scanner/base/check.h"

const char *delivery_reason_word(enum delivery_reason r)
{
    switch (r) {
#define X(name, word)            \
    case DELIVERY_REASON_##name: \
        return word;
        DELIVERY_REASONS(X)
#undef X
    case DELIVERY_REASON_COUNT:
        break;
    }
    UNREACHABLE("unknown delivery_reason");
}

/* --- what decides -------------------------------------------------------------------------- */

/** The first address of each kind of result: one of them decides. */
enum evidence {
    EVIDENCE_OPEN, /* several results are possible */
    EVIDENCE_FAILS,
    EVIDENCE_PLAINTEXT,
    EVIDENCE_ENCRYPTED,
    EVIDENCE_AUTHENTICATED,
    EVIDENCE_COUNT
};

struct decision {
    int mx; /* -1: none */
    int endpoint;
    enum delivery_reason reason;
};

static enum evidence evidence_of(uint8_t set)
{
    switch (set) {
    case RESULT_FAILS:
        return EVIDENCE_FAILS;
    case RESULT_PLAINTEXT:
        return EVIDENCE_PLAINTEXT;
    case RESULT_ENCRYPTED:
        return EVIDENCE_ENCRYPTED;
    case RESULT_AUTHENTICATED:
        return EVIDENCE_AUTHENTICATED;
    default:
        return EVIDENCE_OPEN;
    }
}

static enum evidence evidence_for(enum delivery worst)
{
    switch (worst) {
    case DELIVERY_DEFERRED:
        return EVIDENCE_FAILS;
    case DELIVERY_PLAINTEXT:
        return EVIDENCE_PLAINTEXT;
    case DELIVERY_ENCRYPTED:
        return EVIDENCE_ENCRYPTED;
    case DELIVERY_AUTHENTICATED:
        return EVIDENCE_AUTHENTICATED;
    case DELIVERY_UNKNOWN:
    case DELIVERY_UNDELIVERABLE:
    case DELIVERY_COUNT:
        break;
    }
    return EVIDENCE_OPEN;
}

static void note(struct decision first[EVIDENCE_COUNT], const struct delivery_outcome *r, size_t mx,
                 int endpoint)
{
    struct decision *d = &first[evidence_of(r->set)];
    if (d->mx < 0) {
        *d = (struct decision){(int)mx, endpoint, r->reason};
    }
}

/* Without an address of the right kind, such as a host that has none: what else there is. */
static struct decision choose(const struct decision first[EVIDENCE_COUNT], enum delivery worst)
{
    struct decision d = first[evidence_for(worst)];
    for (unsigned e = 0; d.mx < 0 && e < EVIDENCE_COUNT; e++) {
        d = first[e];
    }
    if (d.mx < 0) {
        d.reason = DELIVERY_REASON_NOT_REACHABLE;
    }
    return d;
}

/* --- the walk ------------------------------------------------------------------------------ */

/* DNS says that there is none. */
static bool has_no_address(const struct seen_mx *mx)
{
    const uint8_t states[] = {mx->a_state, mx->aaaa_state};
    for (size_t i = 0; i < sizeof(states); i++) {
        if (states[i] != DNS_NODATA && states[i] != DNS_NXDOMAIN && states[i] != DNS_NAME_INVALID) {
            return false;
        }
    }
    return mx->endpoint_count == 0 && !mx->blocklisted;
}

/* Addresses may be missing from its list: they could not be looked up, are beyond a cap, or are those of an
 * implicit MX that was recorded only. */
static bool has_open_addresses(const struct seen_domain *d, const struct seen_mx *mx)
{
    bool none = mx->endpoint_count == 0;
    return mx_is_open(d, mx) || (none && !has_no_address(mx));
}

static void add_host(struct delivery_place *at, struct delivery_walk *walk,
                     struct decision first[EVIDENCE_COUNT])
{
    static const struct endpoint_brief not_known = {.outcome = OUTCOME_NOT_TESTED};
    const struct seen_domain *d = at->domain;
    if (at->mx->unusable != NULL) {
        return;
    }
    if (has_open_addresses(d, at->mx)) {
        at->e = &not_known;
        struct delivery_outcome r = delivery_result_at(at);
        delivery_walk_add(walk, r.set);
        note(first, &r, at->mx_index, -1);
    }
    for (size_t k = 0; k < at->mx->endpoint_count; k++) {
        at->e = &at->mx->endpoints[k];
        if (sts_endpoint_counts(at->e, domain_port(d))) {
            struct delivery_outcome r = delivery_result_at(at);
            delivery_walk_add(walk, r.set);
            note(first, &r, at->mx_index, (int)k);
        }
    }
}

static bool is_known(const struct sender_delivery *d)
{
    return d->best != DELIVERY_UNKNOWN || d->worst != DELIVERY_UNKNOWN;
}

/** @param at without an address */
static struct sender_delivery walk_domain(struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    struct delivery_walk walk;
    struct decision first[EVIDENCE_COUNT];
    for (unsigned e = 0; e < EVIDENCE_COUNT; e++) {
        first[e] = (struct decision){.mx = -1, .endpoint = -1};
    }
    delivery_walk_begin(&walk);
    for (size_t i = 0; i < d->mx_count; i++) {
        bool next = i > 0 && d->mx[i].preference != d->mx[i - 1].preference;
        if (next && !delivery_walk_next_preference(&walk)) {
            break;
        }
        at->mx_index = i;
        at->mx = &d->mx[i];
        add_host(at, &walk, first);
    }
    struct sender_delivery out;
    delivery_walk_end(&walk, &out.best, &out.worst);
    struct decision why = choose(first, out.worst);
    out.mx = why.mx;
    out.endpoint = why.endpoint;
    out.reason = why.reason;
    out.basis = is_known(&out) ? sender_profile_mark(at->profile, at->rests_on) : FIELD_MARK_NONE;
    return out;
}

/* --- all profiles -------------------------------------------------------------------------- */

static struct sender_delivery without_walk(enum delivery d, enum delivery_reason reason)
{
    return (struct sender_delivery){
        .best = d, .worst = d, .mx = -1, .endpoint = -1, .reason = reason};
}

/* RFC 5321 section 5.1: exchanges of which none is usable are an error, and nothing to try again. */
static bool has_no_usable_exchange(const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        if (d->mx[i].unusable == NULL && !has_no_address(&d->mx[i])) {
            return false;
        }
    }
    return true;
}

/* No sender's behaviour matters. @return false: it does */
static bool is_decided_by_dns(const struct seen_domain *d, struct sender_delivery *out)
{
    switch (d->mx_kind) {
    case MX_KIND_NULL_MX:
    case MX_KIND_NONE:
    case MX_KIND_NXDOMAIN:
        *out = without_walk(DELIVERY_UNDELIVERABLE, DELIVERY_REASON_NO_MAIL);
        return true;
    case MX_KIND_NOT_ASKED:
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NOT_TESTED);
        return true;
    case MX_KIND_UNKNOWN:
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_DNS_FAILED);
        return true;
    case MX_KIND_EXPLICIT:
    case MX_KIND_IMPLICIT:
        break;
    }
    if (d->mx_count == 0 || d->mx_total > d->mx_count) {
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NOT_TESTED);
        return true;
    }
    if (has_no_usable_exchange(d)) {
        *out = without_walk(DELIVERY_UNDELIVERABLE, DELIVERY_REASON_NO_MAIL);
        return true;
    }
    return false;
}

void deliveries_fill(struct deliveries *out, const struct sender_profiles *profiles,
                     const struct seen_domain *d, const struct sts_verdict *sts,
                     const struct dane_domain *dane)
{
    struct sender_delivery decided;
    out->count = 0;
    if (profiles == NULL || d->invalid != NULL || d->duplicate_of != 0 || d->blocklisted) {
        return;
    }
    bool walks = !is_decided_by_dns(d, &decided);
    for (size_t i = 0; i < profiles->count; i++) {
        struct rests_on fields = {0};
        struct delivery_place at = {.profile = &profiles->items[i],
                                    .domain = d,
                                    .sts = sts,
                                    .dane = dane,
                                    .rests_on = &fields};
        out->of[out->count++] = walks ? walk_domain(&at) : decided;
    }
}
