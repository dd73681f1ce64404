#include "scanner/analysis/delivery_path.h"

#include "scanner/analysis/delivery_exchange.h"
#include "scanner/analysis/delivery_harm.h"
#include "scanner/analysis/delivery_limit.h"
#include "scanner/analysis/delivery_nowhere.h"
#include "scanner/analysis/delivery_result.h"
#include "scanner/base/check.h"

/* --- what decides -------------------------------------------------------------------------- */

/** The first address of each kind of result: one of them decides. */
enum evidence {
    EVIDENCE_OPEN, /* several results are possible */
    EVIDENCE_FAILS,
    EVIDENCE_RETURNED,
    EVIDENCE_PLAINTEXT,
    EVIDENCE_ENCRYPTED,
    EVIDENCE_AUTHENTICATED,
    EVIDENCE_MISSED, /* might take it, but the sender does not come to it, or may not */
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
    case RESULT_DEFERRED:
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

/* Of several that fail, one that fails by a policy decides: but for it, the mail might be taken there. */
static void delivery_note(const struct delivery_place *at, struct decision first[EVIDENCE_COUNT],
                          const struct delivery_outcome *r, size_t mx, int endpoint)
{
    enum evidence e = evidence_of(r->set);
    struct decision *d = &first[e];
    bool of_policy = e == EVIDENCE_FAILS && delivery_reason_is_of_policy(r->reason, at->profile);
    if (d->mx < 0 || (of_policy && !delivery_reason_is_of_policy(d->reason, at->profile))) {
        *d = (struct decision){(int)mx, endpoint, r->reason};
    }
}

/* Without an address of the right kind, such as a host that has none: what else there is. */
static struct decision delivery_choose(const struct decision first[EVIDENCE_COUNT],
                                       enum delivery worst)
{
    struct decision d = first[evidence_for(worst)];
    if (first[EVIDENCE_MISSED].mx >= 0 &&
        (worst == DELIVERY_DEFERRED || (worst == DELIVERY_UNKNOWN && d.mx < 0))) {
        d = first[EVIDENCE_MISSED];
    }
    for (unsigned e = 0; d.mx < 0 && e < EVIDENCE_COUNT; e++) {
        d = first[e];
    }
    if (d.mx < 0) {
        d.reason = DELIVERY_REASON_NOT_REACHABLE;
    }
    return d;
}

/* --- the walk ------------------------------------------------------------------------------ */

/** An address, or one that may be there (endpoint -1). */
struct step {
    struct delivery_outcome result;
    size_t mx;
    int endpoint;
    struct delivery_pool *pool; /* NULL: it is not known how many of them there are */
    bool perhaps;               /* it may be none to the sender */
    bool distant;               /* the same, and else it does not fail */
};

/** One sender on its way, and the addresses of one preference, which it tries in any order. */
struct walking {
    bool waited;  /* the message has been in the queue for some time */
    bool waits;   /* that makes a difference */
    bool special; /* there are special-purpose addresses */
    struct delivery_walk walk;
    struct delivery_limit limit;
    struct decision first[EVIDENCE_COUNT];
    size_t failed; /* addresses that may fail, so far */
    size_t failed_sessions;
    size_t count;
    struct step step[DOMAIN_ENDPOINTS_MAX + MX_MAX];
};

static bool counts_as_session(const struct delivery_place *at)
{
    return at->e->outcome != OUTCOME_REFUSED && at->e->outcome != OUTCOME_UNREACHABLE &&
           at->e->outcome != OUTCOME_CONNECT_TIMEOUT;
}

static uint8_t by_now(struct walking *g, uint8_t set)
{
    if ((set & RESULT_PLAINTEXT_LATER) == 0) {
        return set;
    }
    g->waits = true;
    return (uint8_t)((set & ~(unsigned)RESULT_PLAINTEXT_LATER) |
                     (g->waited ? RESULT_PLAINTEXT : RESULT_FAILS));
}

static void add_result(const struct delivery_place *at, bool perhaps, int endpoint,
                       struct walking *g)
{
    struct delivery_outcome r = delivery_result_at(at);
    r.set = by_now(g, r.set);
    if (perhaps && (r.set & RESULT_FAILS) == 0) {
        r = (struct delivery_outcome){r.set | RESULT_FAILS, DELIVERY_REASON_MX_NAME};
    }
    CHECK(g->count < sizeof(g->step) / sizeof(g->step[0]));
    struct step *s = &g->step[g->count++];
    *s = (struct step){.result = r, .mx = at->mx_index, .endpoint = endpoint, .perhaps = perhaps};
    if (endpoint >= 0) {
        s->pool = delivery_limit_pool(&g->limit, delivery_record_family(at->e));
    }
    g->failed += (r.set & RESULT_FAILS) != 0;
    g->failed_sessions += (r.set & RESULT_FAILS) != 0 && counts_as_session(at);
}

/* Where the sender may have given up before, what it would get is only possible. */
static void bear_sessions(const struct delivery_place *at, struct walking *g)
{
    uint32_t max = at->profile->sessions_max;
    bool late =
        max != 0 && g->failed_sessions >= (max != UINT32_MAX ? max : DELIVERY_TRIES_AT_LEAST);
    for (size_t i = 0; late && i < g->count; i++) {
        struct delivery_outcome *r = &g->step[i].result;
        if (r->set != RESULT_FAILS) {
            delivery_rests_on(at, PROFILE_FIELD_SESSIONS_MAX);
            r->reason = (r->set & RESULT_FAILS) != 0 ? r->reason : DELIVERY_REASON_SESSIONS_MAX;
            r->set |= RESULT_FAILS;
        }
    }
}

static void count_in_pools(struct walking *g)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct step *s = &g->step[i];
        if (s->pool != NULL) {
            s->pool->count++;
            s->pool->unsure += s->perhaps || s->distant;
            s->pool->fail += s->result.set == RESULT_FAILS && !s->perhaps;
            s->pool->may_fail += (s->result.set & RESULT_FAILS) != 0 && !s->distant;
        }
    }
}

/* It might take the mail, but the sender does not come to it in each order, or in none. */
static void note_missed(const struct delivery_place *at, const struct step *s, struct walking *g)
{
    struct decision *d = &g->first[EVIDENCE_MISSED];
    if (s->result.set == RESULT_FAILS) {
        return;
    }
    delivery_rests_on(at, PROFILE_FIELD_ADDRESSES_MAX);
    delivery_rests_on(at, PROFILE_FIELD_ADDRESSES_KEPT);
    if (g->special) {
        delivery_rests_on(at, PROFILE_FIELD_SPECIAL_ADDRESS);
    }
    if (d->mx < 0) {
        *d = (struct decision){(int)s->mx, s->endpoint, DELIVERY_REASON_ADDRESSES_MAX};
    }
}

static void take_step(const struct delivery_place *at, struct walking *g, const struct step *s,
                      enum truth misses)
{
    struct delivery_outcome r = s->result;
    enum delivery_share share =
        s->pool != NULL ? delivery_limit_share(s->pool) : DELIVERY_SHARE_ALL;
    if (share != DELIVERY_SHARE_ALL && misses != TRUTH_NO) {
        note_missed(at, s, g);
    }
    if (share == DELIVERY_SHARE_NONE) {
        return;
    }
    if (share == DELIVERY_SHARE_SOME && s->pool->least == 0 && r.set != RESULT_FAILS) {
        r.reason = (r.set & RESULT_FAILS) != 0 ? r.reason : DELIVERY_REASON_ADDRESSES_MAX;
        r.set |= RESULT_FAILS;
    }
    if (r.set != RESULT_FAILS && g->failed >= DELIVERY_TRIES_AT_LEAST) { /* others would not */
        delivery_rests_on(at, PROFILE_FIELD_ADDRESSES_MAX);
    }
    delivery_walk_add(&g->walk, r.set);
    if (at->harm != NULL) {
        delivery_harm_note(at->harm, &r, s->mx, s->endpoint);
    }
    delivery_note(at, g->first, &r, s->mx, s->endpoint);
}

/* Does it connect, so that its host's other addresses are of no use to some senders? */
static bool is_connected(const struct delivery_place *at, const struct step *s)
{
    if (s->endpoint < 0) {
        return true; /* it may */
    }
    uint8_t outcome = at->domain->mx[s->mx].endpoints[s->endpoint].outcome;
    return outcome != OUTCOME_REFUSED && outcome != OUTCOME_UNREACHABLE;
}

/** Steps [from, to) are those of one host. Of those that connect, does one alone fail for sure, or may? */
static enum truth host_misses(const struct delivery_place *at, const struct walking *g, size_t from,
                              size_t to, bool *several)
{
    size_t connected = 0;
    bool certain = false;
    bool may = false;
    for (size_t i = from; i < to; i++) {
        if (is_connected(at, &g->step[i])) {
            bool sure = g->step[i].endpoint >= 0 && !g->step[i].perhaps &&
                        at->domain->mx[g->step[i].mx].endpoints[g->step[i].endpoint].outcome !=
                            OUTCOME_NOT_TESTED;
            connected++;
            certain = certain || (sure && g->step[i].result.set == RESULT_FAILS);
            may = may || ((g->step[i].result.set & RESULT_FAILS) != 0 && !g->step[i].distant);
        }
    }
    *several = *several || connected > 1;
    return connected == 0 || certain ? TRUTH_YES : may ? TRUTH_UNKNOWN : TRUTH_NO;
}

/* Where one address stands for its host: may those that fail be the ones of all hosts? With a limit beside it,
 * of one host is enough for a doubt. */
static enum truth hosts_miss(const struct delivery_place *at, const struct walking *g)
{
    bool connected = at->profile->host_addresses == PROFILE_HOST_ADDRESSES_CONNECTED;
    bool several = false;
    bool certain = true;
    bool may = true;
    bool doubt = false;
    for (size_t i = 0; i < g->count;) {
        size_t end = i + 1;
        while (end < g->count && g->step[end].mx == g->step[i].mx) {
            end++;
        }
        enum truth one = host_misses(at, g, i, end, &several);
        certain = certain && one == TRUTH_YES;
        may = may && one != TRUTH_NO;
        doubt = doubt || one != TRUTH_NO;
        i = end;
    }
    may = may || (connected && doubt && at->profile->addresses_max != 0);
    if (!several || !may) {
        return TRUTH_NO;
    }
    delivery_rests_on(at, PROFILE_FIELD_HOST_ADDRESSES);
    return !connected ? TRUTH_NO : certain ? TRUTH_YES : TRUTH_UNKNOWN;
}

/* RFC 5321 section 5.1: hosts are tried in their order. One without an address to this sender is passed over: no step, and
 * mail is sure to come to the next preference. So do Postfix (smtp_addr_list) and Exim (host_find_bydns) as long as any
 * host has an address. One that we could not look up is a step that is open. @return false: it got no further */
static bool take_preference(const struct delivery_place *at, struct walking *g)
{
    bear_sessions(at, g);
    count_in_pools(g);
    enum truth limit = delivery_limit_misses(&g->limit);
    enum truth hosts = hosts_miss(at, g);
    enum truth misses = hosts == TRUTH_NO ? limit : limit == TRUTH_NO ? hosts : TRUTH_UNKNOWN;
    for (size_t i = 0; i < g->count; i++) {
        take_step(at, g, &g->step[i], misses);
    }
    if (misses != TRUTH_NO) {
        delivery_walk_may_miss(&g->walk, misses == TRUTH_YES);
    }
    g->count = 0;
    delivery_limit_next_preference(&g->limit);
    return delivery_walk_next_preference(&g->walk);
}

static void add_open_addresses(struct delivery_place *at, bool perhaps, struct walking *g)
{
    static const struct endpoint_brief not_known = {.outcome = OUTCOME_NOT_TESTED};
    at->e = &not_known;
    add_result(at, perhaps, -1, g);
    for (unsigned f = 0; f < DELIVERY_POOLS; f++) {
        if (delivery_family_is_open(at, f)) {
            delivery_limit_pool(&g->limit, f == DELIVERY_POOL_6 ? 6 : 4)->open = true;
        }
    }
}

/* Nobody reaches a special-purpose address, but a sender tries, unless it leaves such addresses out. */
static void add_special(const struct delivery_place *at, enum profile_exchange dials,
                        struct walking *g)
{
    struct delivery_pool *p = delivery_limit_pool(&g->limit, delivery_record_family(at->e));
    bool sure = delivery_reaches_family(at) == TRUTH_YES && dials == PROFILE_EXCHANGE_TAKEN;
    g->special = true;
    p->count++;
    p->unsure += !sure;
    p->fail += sure;
    p->may_fail++;
    g->failed++;
}

/* An exchange that is the sender itself. Some find that the mail would come back to them, and return it. */
static void add_own_host(const struct delivery_place *at, int endpoint, struct walking *g)
{
    CHECK(g->count < sizeof(g->step) / sizeof(g->step[0]));
    g->step[g->count++] =
        (struct step){.result = {RESULT_FAILS | RESULT_RETURNED, DELIVERY_REASON_MX_NAME},
                      .mx = at->mx_index,
                      .endpoint = endpoint};
}

/* The address added last, of a sender that may have no way to it: no session, so that none has failed. */
static void may_not_reach(struct walking *g)
{
    struct step *s = &g->step[g->count - 1];
    s->distant = (s->result.set & RESULT_FAILS) == 0;
    s->perhaps = s->perhaps || !s->distant;
    if (s->distant) {
        s->result = (struct delivery_outcome){s->result.set | RESULT_FAILS, DELIVERY_REASON_IPV6};
    }
}

static void delivery_add_host(struct delivery_place *at, struct walking *g)
{
    const struct seen_domain *d = at->domain;
    enum profile_exchange taken = delivery_exchange_for(at, at->mx);
    bool perhaps = taken == PROFILE_EXCHANGE_UNKNOWN;
    if (delivery_is_localhost(at->mx)) {
        add_own_host(at, -1, g);
    }
    if (taken == PROFILE_EXCHANGE_SKIPPED) {
        return;
    }
    if (delivery_has_open_addresses(d, at->mx)) {
        add_open_addresses(at, perhaps, g);
    }
    for (size_t k = 0; k < at->mx->endpoint_count; k++) {
        at->e = &at->mx->endpoints[k];
        enum profile_exchange dials = delivery_address_for(at);
        enum truth reaches = delivery_reaches_family(at);
        if (reaches == TRUTH_NO) {
            continue;
        }
        if (delivery_is_own_address(at->e)) {
            add_own_host(at, (int)k, g);
            continue;
        }
        if (dials == PROFILE_EXCHANGE_SKIPPED) {
            continue;
        }
        if (sts_endpoint_counts(at->e, PORT_SMTP)) {
            add_result(at, perhaps || dials == PROFILE_EXCHANGE_UNKNOWN, (int)k, g);
            if (reaches == TRUTH_UNKNOWN) {
                may_not_reach(g);
            }
        } else if (delivery_is_at_port(at->e)) { /* a special-purpose one */
            add_special(at, dials, g);
        }
    }
}

/** @param at without an address; of `*g` is set whether the message has waited */
static void walk_domain(struct delivery_place *at, struct walking *g)
{
    const struct seen_domain *d = at->domain;
    const struct delivery_addresses all = delivery_addresses_of(at);
    g->waits = false;
    g->special = false;
    g->failed = 0;
    g->failed_sessions = 0;
    g->count = 0;
    for (unsigned e = 0; e < EVIDENCE_COUNT; e++) {
        g->first[e] = (struct decision){.mx = -1, .endpoint = -1};
    }
    delivery_limit_begin(&g->limit, at->profile, &all);
    delivery_walk_begin(&g->walk);
    for (size_t i = 0; i < d->mx_count; i++) {
        at->mx_index = i;
        at->mx = &d->mx[i];
        delivery_add_host(at, g);
        bool last = i + 1 == d->mx_count || d->mx[i + 1].preference != d->mx[i].preference;
        if (last && !take_preference(at, g)) {
            break;
        }
    }
    delivery_walk_end(&g->walk);
}

/* --- a message while it is fresh, and once it has waited ----------------------------------- */

/** @param at without an address */
struct sender_delivery delivery_walk_message(struct delivery_place *at)
{
    struct walking g; /* its steps are not cleared: this runs for each domain and profile */
    g.waited = false;
    walk_domain(at, &g);
    struct delivery_walk walk = g.walk;
    enum delivery fresh = delivery_walk_only(walk.final_worst);
    struct decision why = delivery_choose(g.first, fresh);
    if (g.waits) {
        g.waited = true;
        walk_domain(at, &g);
        delivery_walk_join(&walk, &g.walk);
    }
    struct sender_delivery out = {.best = delivery_walk_only(walk.final_best),
                                  .worst = delivery_walk_only(walk.final_worst)};
    if (g.waited && (fresh != out.worst || fresh == DELIVERY_DEFERRED)) {
        why = delivery_choose(g.first, out.worst);
    }
    out.mx = why.mx;
    out.endpoint = why.endpoint;
    out.reason = why.reason;
    return out;
}
