#include "scanner/analysis/deliveries.h"

#include "scanner/analysis/delivery_nowhere.h"
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
    EVIDENCE_RETURNED,
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
    case RESULT_RETURNED:
        return EVIDENCE_RETURNED;
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
    case DELIVERY_UNDELIVERABLE:
        return EVIDENCE_RETURNED;
    case DELIVERY_PLAINTEXT:
        return EVIDENCE_PLAINTEXT;
    case DELIVERY_ENCRYPTED:
        return EVIDENCE_ENCRYPTED;
    case DELIVERY_AUTHENTICATED:
        return EVIDENCE_AUTHENTICATED;
    case DELIVERY_UNKNOWN:
    case DELIVERY_COUNT:
        break;
    }
    return EVIDENCE_OPEN;
}

static void delivery_note(struct decision first[EVIDENCE_COUNT], const struct delivery_outcome *r,
                          size_t mx, int endpoint)
{
    struct decision *d = &first[evidence_of(r->set)];
    if (d->mx < 0) {
        *d = (struct decision){(int)mx, endpoint, r->reason};
    }
}

/* Without an address of the right kind, such as a host that has none: what else there is. */
static struct decision delivery_choose(const struct decision first[EVIDENCE_COUNT],
                                       enum delivery worst)
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

/* Does the sender look for an address of the exchange at all? */
static enum profile_exchange exchange_for(const struct delivery_place *at, const struct seen_mx *mx)
{
    switch ((enum mx_name_kind)mx->name_kind) {
    case MX_NAME_HOST:
        return mx->unusable == NULL ? PROFILE_EXCHANGE_TAKEN : PROFILE_EXCHANGE_SKIPPED;
    case MX_NAME_ADDRESS_LITERAL:
        delivery_rests_on(at, PROFILE_FIELD_MX_ADDRESS);
        return at->profile->mx_address;
    case MX_NAME_NOT_A_HOST:
        delivery_rests_on(at, PROFILE_FIELD_MX_BAD_NAME);
        return mx->unusable == NULL ? at->profile->mx_bad_name : PROFILE_EXCHANGE_SKIPPED;
    case MX_NAME_DOUBTFUL:
        return mx->unusable == NULL ? PROFILE_EXCHANGE_UNKNOWN : PROFILE_EXCHANGE_SKIPPED;
    case MX_NAME_ROOT:
    case MX_NAME_KIND_COUNT:
        break;
    }
    return PROFILE_EXCHANGE_SKIPPED;
}

/* Bogus answers are none to a resolver that validates (RFC 4035 section 5.5), whose name is not known of
 * most senders. */
static enum profile_exchange answers_for(const struct delivery_place *at, bool bogus)
{
    if (!bogus) {
        return PROFILE_EXCHANGE_TAKEN;
    }
    delivery_rests_on(at, PROFILE_FIELD_VALIDATES);
    switch (at->profile->validates) {
    case PROFILE_CHOICE_NO:
        return PROFILE_EXCHANGE_TAKEN;
    case PROFILE_CHOICE_YES:
        return PROFILE_EXCHANGE_SKIPPED;
    case PROFILE_CHOICE_UNKNOWN:
        break;
    }
    return PROFILE_EXCHANGE_UNKNOWN;
}

static bool is_bogus(const struct delivery_place *at)
{
    uint8_t family = at->e->address.family == 6 ? at->mx->aaaa_state : at->mx->a_state;
    return family == DNS_BOGUS;
}

/* An IPv4 address that only an AAAA record holds, RFC 4291 section 2.5.5.2. */
static enum profile_exchange address_for(const struct delivery_place *at)
{
    if (!at->e->mapped) {
        return answers_for(at, is_bogus(at));
    }
    delivery_rests_on(at, PROFILE_FIELD_MAPPED_ADDRESS);
    return at->profile->mapped_address;
}

static bool needs_ipv6(const struct endpoint_brief *e)
{
    return e->address.family == 6 && !e->mapped;
}

/* Can the sender reach the address? Unknown rests on nothing, as both are looked at. */
static enum truth reaches_family(const struct delivery_place *at)
{
    if (!needs_ipv6(at->e)) {
        return TRUTH_YES;
    }
    if (at->profile->ipv6 == PROFILE_CHOICE_UNKNOWN) {
        return TRUTH_UNKNOWN;
    }
    delivery_rests_on(at, PROFILE_FIELD_IPV6);
    return at->profile->ipv6 == PROFILE_CHOICE_YES ? TRUTH_YES : TRUTH_NO;
}

/** The addresses of one preference, which a sender tries in any order. */
struct group {
    struct {
        struct delivery_outcome result;
        size_t mx;
        int endpoint;
    } item[DOMAIN_ENDPOINTS_MAX + MX_MAX];
    size_t count;
    size_t failed; /* sessions that may fail, in it and before it */
};

/* A sender gives up for now after some sessions, and begins anew with the first exchange. RFC 5321 section 5.1
 * asks it to try two addresses at least. */
#define SESSIONS_AT_LEAST 2

static bool counts_as_session(const struct delivery_place *at)
{
    bool known = at->profile->sessions_max != UINT32_MAX;
    bool none = at->e->outcome == OUTCOME_REFUSED || at->e->outcome == OUTCOME_UNREACHABLE ||
                at->e->outcome == OUTCOME_CONNECT_TIMEOUT;
    return !known || !none;
}

static void add_result(const struct delivery_place *at, bool perhaps, int endpoint, struct group *g)
{
    struct delivery_outcome r = delivery_result_at(at);
    if (perhaps && (r.set & RESULT_FAILS) == 0) {
        r = (struct delivery_outcome){r.set | RESULT_FAILS, DELIVERY_REASON_MX_NAME};
    }
    CHECK(g->count < sizeof(g->item) / sizeof(g->item[0]));
    g->item[g->count].result = r;
    g->item[g->count].mx = at->mx_index;
    g->item[g->count++].endpoint = endpoint;
    g->failed += (r.set & RESULT_FAILS) != 0 && counts_as_session(at);
}

/* Where the sender may have given up before, what it would get is only possible. */
static void delivery_add_group(const struct delivery_place *at, struct group *g,
                               struct delivery_walk *walk, struct decision first[EVIDENCE_COUNT])
{
    uint32_t max = at->profile->sessions_max;
    bool late = g->failed >= (max != UINT32_MAX ? max : SESSIONS_AT_LEAST);
    for (size_t i = 0; i < g->count; i++) {
        struct delivery_outcome r = g->item[i].result;
        if (late && r.set != RESULT_FAILS) {
            delivery_rests_on(at, PROFILE_FIELD_SESSIONS_MAX);
            r.reason = (r.set & RESULT_FAILS) != 0 ? r.reason : DELIVERY_REASON_SESSIONS_MAX;
            r.set |= RESULT_FAILS;
        }
        delivery_walk_add(walk, r.set);
        delivery_note(first, &r, g->item[i].mx, g->item[i].endpoint);
    }
    g->count = 0;
}

/* An exchange that is the sender itself. Some find that the mail would come back to them, and return it. */
static void add_own_host(const struct delivery_place *at, int endpoint, struct group *g)
{
    CHECK(g->count < sizeof(g->item) / sizeof(g->item[0]));
    g->item[g->count].result =
        (struct delivery_outcome){RESULT_FAILS | RESULT_RETURNED, DELIVERY_REASON_MX_NAME};
    g->item[g->count].mx = at->mx_index;
    g->item[g->count++].endpoint = endpoint;
}

/* The address added last, of a sender that may have no way to it: no session, so that none has failed. */
static void may_not_reach(struct group *g)
{
    struct delivery_outcome *r = &g->item[g->count - 1].result;
    if ((r->set & RESULT_FAILS) == 0) {
        *r = (struct delivery_outcome){r->set | RESULT_FAILS, DELIVERY_REASON_IPV6};
    }
}

static bool is_own_address(const struct delivery_place *at)
{
    return at->e->port == domain_port(at->domain) &&
           at->e->not_tested == NOT_TESTED_SPECIAL_PURPOSE && net_addr_is_loopback(&at->e->address);
}

static void delivery_add_host(struct delivery_place *at, struct group *g)
{
    static const struct endpoint_brief not_known = {.outcome = OUTCOME_NOT_TESTED};
    const struct seen_domain *d = at->domain;
    enum profile_exchange taken = exchange_for(at, at->mx);
    bool perhaps = taken == PROFILE_EXCHANGE_UNKNOWN;
    if (delivery_is_localhost(at->mx)) {
        add_own_host(at, -1, g);
    }
    if (taken == PROFILE_EXCHANGE_SKIPPED) {
        return;
    }
    if (has_open_addresses(d, at->mx)) {
        at->e = &not_known;
        add_result(at, perhaps, -1, g);
    }
    for (size_t k = 0; k < at->mx->endpoint_count; k++) {
        at->e = &at->mx->endpoints[k];
        enum profile_exchange dials = address_for(at);
        enum truth reaches = reaches_family(at);
        if (reaches == TRUTH_NO) {
            continue;
        }
        if (is_own_address(at)) {
            add_own_host(at, (int)k, g);
        } else if (dials != PROFILE_EXCHANGE_SKIPPED && sts_endpoint_counts(at->e, PORT_SMTP)) {
            add_result(at, perhaps || dials == PROFILE_EXCHANGE_UNKNOWN, (int)k, g);
            if (reaches == TRUTH_UNKNOWN) {
                may_not_reach(g);
            }
        }
    }
}

/** @param at without an address */
static struct sender_delivery walk_domain(struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    struct delivery_walk walk;
    struct group group; /* its items are not cleared: this runs for each domain and profile */
    group.count = 0;
    group.failed = 0;
    struct decision first[EVIDENCE_COUNT];
    for (unsigned e = 0; e < EVIDENCE_COUNT; e++) {
        first[e] = (struct decision){.mx = -1, .endpoint = -1};
    }
    delivery_walk_begin(&walk);
    for (size_t i = 0; i < d->mx_count; i++) {
        at->mx_index = i;
        at->mx = &d->mx[i];
        delivery_add_host(at, &group);
        bool last = i + 1 == d->mx_count || d->mx[i + 1].preference != d->mx[i].preference;
        if (last) {
            delivery_add_group(at, &group, &walk, first);
        }
        if (last && i + 1 < d->mx_count && !delivery_walk_next_preference(&walk)) {
            break;
        }
    }
    struct sender_delivery out;
    delivery_walk_end(&walk, &out.best, &out.worst);
    struct decision why = delivery_choose(first, out.worst);
    out.mx = why.mx;
    out.endpoint = why.endpoint;
    out.reason = why.reason;
    return out;
}

/* --- all profiles -------------------------------------------------------------------------- */

static struct sender_delivery without_walk(enum delivery d, enum delivery_reason reason)
{
    return (struct sender_delivery){
        .best = d, .worst = d, .mx = -1, .endpoint = -1, .reason = reason};
}

/* RFC 5321 section 5.1: exchanges of which none is usable are an error, and nothing to try again. */
static bool has_usable_exchange(const struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (exchange_for(at, &d->mx[i]) != PROFILE_EXCHANGE_SKIPPED && !has_no_address(&d->mx[i])) {
            return true;
        }
    }
    return false;
}

static bool is_decided_by_bogus_mx(const struct delivery_place *at, struct sender_delivery *out)
{
    switch (answers_for(at, at->domain->mx_dns.state == DNS_BOGUS)) {
    case PROFILE_EXCHANGE_TAKEN:
        return false;
    case PROFILE_EXCHANGE_SKIPPED:
        *out = without_walk(DELIVERY_DEFERRED, DELIVERY_REASON_DNS_FAILED);
        return true;
    case PROFILE_EXCHANGE_UNKNOWN:
        break;
    }
    *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_DNS_FAILED);
    return true;
}

/* RFC 7505 section 3: a null MX must be alone. @return false: it counts for nothing */
static bool is_decided_by_null_mx(const struct delivery_place *at, struct sender_delivery *out)
{
    if (!at->domain->null_mx_beside) {
        return false;
    }
    delivery_rests_on(at, PROFILE_FIELD_NULL_MX);
    switch (at->profile->null_mx) {
    case PROFILE_NULL_MX_SKIPPED:
        return false;
    case PROFILE_NULL_MX_BOUNCES:
        *out = without_walk(DELIVERY_UNDELIVERABLE, DELIVERY_REASON_NULL_MX);
        return true;
    case PROFILE_NULL_MX_UNKNOWN:
        break;
    }
    *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NULL_MX);
    return true;
}

/* RFC 5321 section 4.5.4.2: mail comes to port 25. @return false: it was asked for */
static bool is_decided_by_port(const struct delivery_place *at, struct sender_delivery *out)
{
    *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NOT_TESTED);
    return domain_lacks_smtp_port(at->domain);
}

/* An exchange with IPv6 addresses alone has none to a sender without IPv6. */
static bool has_exchange_without_ipv6(const struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        bool other = has_open_addresses(d, mx);
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            other = other || !needs_ipv6(&mx->endpoints[k]);
        }
        if (other && exchange_for(at, mx) != PROFILE_EXCHANGE_SKIPPED) {
            return true;
        }
    }
    return false;
}

/* @return false: there is an exchange to which the sender has a way, or nothing is to be had of any */
static bool is_decided_by_ipv6(const struct delivery_place *at, struct sender_delivery *out)
{
    if (at->profile->ipv6 == PROFILE_CHOICE_YES || !has_usable_exchange(at) ||
        has_exchange_without_ipv6(at)) {
        return false;
    }
    if (at->profile->ipv6 == PROFILE_CHOICE_UNKNOWN) {
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_IPV6);
        return true;
    }
    delivery_rests_on(at, PROFILE_FIELD_IPV6);
    *out = delivery_nowhere(at, 1U << NO_MAIL_MX_NO_ADDRESS);
    return true;
}

static bool delivery_is_known(const struct sender_delivery *d)
{
    return d->best != DELIVERY_UNKNOWN || d->worst != DELIVERY_UNKNOWN;
}

static struct sender_delivery deliver(struct delivery_place *at)
{
    struct sender_delivery out;
    enum no_mail_kind why;
    if (delivery_nowhere_by_mx(at->domain, &why)) {
        out = delivery_nowhere(at, 1U << why);
    } else if (!is_decided_by_bogus_mx(at, &out) && !is_decided_by_null_mx(at, &out) &&
               !is_decided_by_port(at, &out) && !is_decided_by_ipv6(at, &out)) {
        out = has_usable_exchange(at)
                  ? walk_domain(at)
                  : delivery_nowhere(at, delivery_nowhere_by_exchanges(at->domain));
    }
    out.basis =
        delivery_is_known(&out) ? sender_profile_mark(at->profile, at->rests_on) : FIELD_MARK_NONE;
    return out;
}

/* No sender's behaviour matters. @return false: it does */
static bool is_decided_by_dns(const struct seen_domain *d, struct sender_delivery *out)
{
    switch (d->mx_kind) {
    case MX_KIND_NULL_MX:
    case MX_KIND_NONE:
    case MX_KIND_NXDOMAIN:
        return false;
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
        out->of[out->count++] = walks ? deliver(&at) : decided;
    }
}
