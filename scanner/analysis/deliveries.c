#include "scanner/analysis/deliveries.h"

#include "scanner/analysis/leaf_domains.h"
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

/* --- what one address gives one sender ----------------------------------------------------- */

/* A set of results; FAILS: the sender goes on to the next address or host. */
enum result_bit {
    FAILS = 1,
    PLAINTEXT = 2,
    ENCRYPTED = 4,
    AUTHENTICATED = 8,
};

struct result {
    uint8_t set; /* of enum result_bit; several: it is not known which */
    enum delivery_reason reason;
};

static struct result one(uint8_t set, enum delivery_reason reason)
{
    return (struct result){set, reason};
}

/** The handshake that a sender makes: with the MX host as SNI or without. */
struct met {
    enum session_outcome outcome;
    enum starttls_state starttls;
    uint16_t version; /* 0: no handshake completed */
    enum chain_status chain;
    enum name_match name;
    uint64_t leaf_domains;
    bool known; /* the handshake was made, or nothing of it could depend on the name */
};

static struct met met_with_sni(const struct endpoint_brief *e)
{
    const struct outcome_info *info = outcome_info((enum session_outcome)e->outcome);
    return (struct met){
        .outcome = (enum session_outcome)e->outcome,
        .starttls = (enum starttls_state)e->starttls,
        .version = e->tls_version,
        .chain = (enum chain_status)e->chain.status,
        .name = (enum name_match)e->name_match,
        .leaf_domains = e->leaf_domains,
        .known = !e->inherited || info->before_tls,
    };
}

static struct met met_without_sni(const struct endpoint_brief *e)
{
    const struct outcome_info *with = outcome_info((enum session_outcome)e->outcome);
    /* What ends before TLS does not depend on the name, and may be the only session there is. */
    if (e->no_sni_outcome == OUTCOME_NOT_TESTED && e->outcome != OUTCOME_NOT_TESTED &&
        with->before_tls) {
        return met_with_sni(e);
    }
    return (struct met){
        .outcome = (enum session_outcome)e->no_sni_outcome,
        .starttls = (enum starttls_state)e->no_sni_starttls,
        .version = e->no_sni_tls_version,
        .chain = (enum chain_status)e->no_sni_chain.status,
        .name = (enum name_match)e->no_sni_name_match,
        .leaf_domains = e->no_sni_leaf_domains,
        .known = e->no_sni_outcome != OUTCOME_NOT_TESTED || e->outcome == OUTCOME_NOT_TESTED,
    };
}

/** What is common to all addresses of one walk. */
struct walk {
    const struct sender_profile *profile;
    const struct seen_domain *domain;
    const struct sts_verdict *sts;
    const struct dane_domain *dane;
};

struct place {
    const struct seen_mx *mx;
    size_t mx_index;
    const struct endpoint_brief *e;
};

/* Which of the sender's checks decides at this host. */
enum duty {
    DUTY_NONE, /* its own level */
    DUTY_STS,
    DUTY_DANE,          /* must match */
    DUTY_DANE_UNUSABLE, /* TLS, without a check */
    DUTY_DANE_SKIP,     /* the lookup failed */
    DUTY_DANE_UNKNOWN,
};

static enum duty dane_duty(const struct walk *w, const struct place *at)
{
    const struct sender_profile *p = w->profile;
    enum dane_host host = (enum dane_host)at->mx->dane_host;
    if (p->dane == PROFILE_DANE_NO || host == DANE_HOST_NONE || host == DANE_HOST_TLSA_INSECURE ||
        host == DANE_HOST_HOST_INSECURE) {
        return DUTY_NONE;
    }
    if (p->dane == PROFILE_DANE_SECURE_MX && w->dane->mx != DNSSEC_SECURE) {
        bool perhaps = w->dane->mx == DNSSEC_UNKNOWN;
        return perhaps ? DUTY_DANE_UNKNOWN : DUTY_NONE;
    }
    switch (host) {
    case DANE_HOST_LOOKUP_FAILED:
        return DUTY_DANE_SKIP;
    case DANE_HOST_UNUSABLE:
        return DUTY_DANE_UNUSABLE;
    case DANE_HOST_USABLE:
        /* Records that it does not use are as unusable ones. */
        return p->dane_ee_only_31 && (at->e->dane_flags & DANE_FLAG_HAS_31) == 0 &&
                       (at->e->dane == DANE_MATCH || at->e->dane == DANE_MISMATCH)
                   ? DUTY_DANE_UNUSABLE
                   : DUTY_DANE;
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
    case DANE_HOST_COUNT:
        break;
    }
    return DUTY_DANE_UNKNOWN;
}

static enum duty duty_of(const struct walk *w, const struct place *at)
{
    const struct sender_profile *p = w->profile;
    bool sts = profile_uses_sts(p) && w->sts->state == STS_STATE_ENFORCE;
    if (sts && p->policy_order == PROFILE_ORDER_STS_FIRST) {
        return DUTY_STS;
    }
    enum duty dane = profile_uses_dane(p) ? dane_duty(w, at) : DUTY_NONE;
    return dane == DUTY_NONE && sts ? DUTY_STS : dane;
}

/* --- TLS as far as the sender's own settings go -------------------------------------------- */

enum fit {
    FIT_NO,
    FIT_YES,
    FIT_UNKNOWN
};

static enum truth accepts(const struct endpoint_brief *e, uint16_t version)
{
    return (enum truth)(e->versions >> (2 * (version - 0x0301)) & 3U);
}

/* The version that was negotiated is the highest that the server shares with us, who offer all. */
static enum fit version_fits(const struct walk *w, const struct endpoint_brief *e, uint16_t version)
{
    if (version < w->profile->tls_min) {
        return FIT_NO;
    }
    if (version <= w->profile->tls_max) {
        return FIT_YES;
    }
    bool known = true;
    for (uint16_t v = w->profile->tls_max; v >= w->profile->tls_min && v >= 0x0301; v--) {
        if (accepts(e, v) == TRUTH_YES) {
            return FIT_YES;
        }
        known = known && accepts(e, v) == TRUTH_NO;
    }
    return known ? FIT_NO : FIT_UNKNOWN;
}

/* The domain itself or a name below it in the leaf: Postfix's "nexthop, dot-nexthop". */
static enum fit next_hop_fits(const struct walk *w, const struct place *at, const struct met *m,
                              bool sni)
{
    struct span domain = w->domain->domain;
    struct span host = at->mx->host;
    if (!leaf_domains_may_have(m->leaf_domains, domain)) {
        return FIT_NO;
    }
    bool below = span_ends_with(host, domain) && host.len > domain.len &&
                 host.at[host.len - domain.len - 1] == '.';
    if (name_match_is_match(m->name) && (below || span_eq(host, domain))) {
        return FIT_YES; /* the name that matches the host is the domain or below it */
    }
    if (sni && below) {
        unsigned labels = 0;
        for (size_t i = 0; i + domain.len < host.len; i++) {
            labels += host.at[i] == '.';
        }
        if (labels >= 1 && labels <= 8 && (at->e->covers_parents >> (labels - 1) & 1) != 0) {
            return FIT_YES;
        }
    }
    return FIT_UNKNOWN;
}

static enum fit name_fits(const struct walk *w, const struct place *at, const struct met *m)
{
    switch (w->profile->names) {
    case PROFILE_NAMES_HOST:
        return name_match_is_match(m->name) ? FIT_YES : FIT_NO;
    case PROFILE_NAMES_HOST_OR_CN:
        return name_match_is_match(m->name) || m->name == NAME_MATCH_CN_ONLY ? FIT_YES : FIT_NO;
    case PROFILE_NAMES_NEXT_HOP:
        return next_hop_fits(w, at, m, w->profile->sni);
    }
    UNREACHABLE("unknown profile_names");
}

/* --- one address --------------------------------------------------------------------------- */

/* How the sender gets as far as a handshake: FIT_YES, or why not. */
struct handshake {
    enum fit tls;
    enum delivery_reason reason;
    bool offered;
    bool reachable; /* no: the next address, whatever the policy */
};

static struct handshake handshake_of(const struct walk *w, const struct place *at,
                                     const struct met *m)
{
    const struct outcome_info *info = outcome_info(m->outcome);
    struct handshake h = {.tls = FIT_UNKNOWN, .reachable = true};
    if (!m->known) {
        h.reason = DELIVERY_REASON_SNI_NOT_PROBED;
    } else if (m->outcome == OUTCOME_REFUSED || m->outcome == OUTCOME_UNREACHABLE) {
        h = (struct handshake){FIT_NO, DELIVERY_REASON_NOT_REACHABLE, false, false};
    } else if (!info->conclusive) {
        h.reason = DELIVERY_REASON_NOT_TESTED;
    } else if (m->outcome == OUTCOME_ESTABLISHED) {
        h.offered = true;
        h.tls = version_fits(w, at->e, m->version);
        h.reason =
            h.tls == FIT_UNKNOWN ? DELIVERY_REASON_VERSION_NOT_PROBED : DELIVERY_REASON_TLS_VERSION;
    } else {
        bool offered = m->starttls != STARTTLS_NOT_OFFERED && m->starttls != STARTTLS_MASKED;
        h = (struct handshake){FIT_NO,
                               offered ? DELIVERY_REASON_TLS_FAILED : DELIVERY_REASON_NO_STARTTLS,
                               offered, true};
    }
    return h;
}

/* Everything that this sender could get there. */
static uint8_t anything(const struct walk *w, enum duty duty)
{
    bool may = w->profile->level == PROFILE_MAY;
    bool verify = w->profile->level == PROFILE_VERIFY;
    switch (duty) {
    case DUTY_STS:
    case DUTY_DANE:
        return FAILS | AUTHENTICATED;
    case DUTY_DANE_UNUSABLE:
        return FAILS | ENCRYPTED;
    case DUTY_DANE_SKIP:
        return FAILS;
    case DUTY_DANE_UNKNOWN:
        return FAILS | ENCRYPTED | AUTHENTICATED | (may ? PLAINTEXT : 0);
    case DUTY_NONE:
        break;
    }
    return verify ? FAILS | AUTHENTICATED : FAILS | ENCRYPTED | (may ? PLAINTEXT : 0);
}

static struct result by_own_level(const struct walk *w, const struct place *at, const struct met *m)
{
    const struct sender_profile *p = w->profile;
    struct handshake h = handshake_of(w, at, m);
    bool in_clear = p->level == PROFILE_MAY &&
                    (h.offered ? p->tls_failure : p->without_tls) == PROFILE_FAILURE_CLEAR;
    uint8_t without = in_clear && h.reachable ? PLAINTEXT : FAILS;
    if (h.tls == FIT_UNKNOWN) {
        bool only_version = h.reason == DELIVERY_REASON_VERSION_NOT_PROBED;
        bool plain = p->level != PROFILE_VERIFY && !p->opportunistic_verify;
        return only_version && plain ? one((uint8_t)(without | ENCRYPTED), h.reason)
                                     : one(anything(w, DUTY_NONE), h.reason);
    }
    if (h.tls == FIT_NO) {
        return one(without, h.reason);
    }
    bool checks = p->level == PROFILE_VERIFY || p->opportunistic_verify;
    uint8_t good = p->level == PROFILE_VERIFY ? AUTHENTICATED : ENCRYPTED;
    if (!checks) {
        return one(ENCRYPTED, DELIVERY_REASON_OPPORTUNISTIC);
    }
    uint8_t bad = p->level == PROFILE_VERIFY ? FAILS : without;
    enum fit name = name_fits(w, at, m);
    if (m->chain != CHAIN_TRUSTED) {
        return one(bad, DELIVERY_REASON_CERTIFICATE);
    }
    if (name == FIT_UNKNOWN) {
        return one((uint8_t)(bad | good), DELIVERY_REASON_NAME);
    }
    return name == FIT_YES ? one(good, good == AUTHENTICATED ? DELIVERY_REASON_AUTHENTICATED_PKIX
                                                             : DELIVERY_REASON_OPPORTUNISTIC)
                           : one(bad, DELIVERY_REASON_NAME);
}

/* RFC 8461 sections 4.1 and 5: the exchange is covered, and a certificate that passes. */
static struct result by_sts(const struct walk *w, const struct place *at)
{
    struct met m = met_with_sni(at->e); /* RFC 8461 section 4.1: SNI is the MX host */
    struct handshake h = handshake_of(w, at, &m);
    if (w->sts->mx[at->mx_index].covered == TRUTH_NO) {
        return one(FAILS, DELIVERY_REASON_STS_MX_NOT_COVERED);
    }
    if (h.tls == FIT_UNKNOWN) {
        return one(anything(w, DUTY_STS), h.reason);
    }
    if (h.tls == FIT_NO || m.version < 0x0303) {
        return one(FAILS, h.reachable ? DELIVERY_REASON_STS_NO_TLS : h.reason);
    }
    bool passes = m.chain == CHAIN_TRUSTED && name_match_is_match(m.name);
    return passes ? one(AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_STS)
                  : one(FAILS, DELIVERY_REASON_STS_CERTIFICATE);
}

static struct result by_dane(const struct walk *w, const struct place *at)
{
    const struct endpoint_brief *e = at->e;
    struct met m = met_with_sni(e);
    struct handshake h = handshake_of(w, at, &m);
    switch ((enum dane_status)e->dane) {
    case DANE_MATCH:
        if (h.tls != FIT_YES) {
            return one(h.tls == FIT_NO ? FAILS : anything(w, DUTY_DANE), h.reason);
        }
        return w->profile->dane_ee_only_31 && (e->dane_flags & DANE_FLAG_31) == 0
                   ? one(FAILS, DELIVERY_REASON_DANE_MISMATCH)
                   : one(AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_DANE);
    case DANE_MISMATCH: {
        bool next_hop = (e->dane_flags & DANE_FLAG_TA_NO_NAME) != 0 &&
                        leaf_domains_may_have(e->leaf_domains, w->domain->domain);
        return one((uint8_t)(next_hop ? FAILS | AUTHENTICATED : FAILS),
                   DELIVERY_REASON_DANE_MISMATCH);
    }
    case DANE_NO_TLS:
        return one(FAILS, DELIVERY_REASON_DANE_NO_TLS);
    case DANE_FAILED:
        return one(FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DANE_UNKNOWN:
    case DANE_NONE:
    case DANE_UNUSABLE:
    case DANE_STATUS_COUNT:
        break;
    }
    return h.reachable ? one(anything(w, DUTY_DANE), DELIVERY_REASON_DANE_UNKNOWN)
                       : one(FAILS, h.reason);
}

/* TLS is asked for, and nothing else (RFC 7672 section 2.2). */
static struct result by_unusable_dane(const struct walk *w, const struct place *at)
{
    struct met m = met_with_sni(at->e);
    struct handshake h = handshake_of(w, at, &m);
    if (h.tls == FIT_UNKNOWN) {
        return one(anything(w, DUTY_DANE_UNUSABLE), h.reason);
    }
    return h.tls == FIT_YES ? one(ENCRYPTED, DELIVERY_REASON_DANE_UNUSABLE)
                            : one(FAILS, h.reachable ? DELIVERY_REASON_DANE_NO_TLS : h.reason);
}

static struct result result_at(const struct walk *w, const struct place *at)
{
    enum duty duty = duty_of(w, at);
    if (at->e->outcome == OUTCOME_NOT_TESTED) {
        return one(anything(w, duty), DELIVERY_REASON_NOT_TESTED);
    }
    switch (duty) {
    case DUTY_STS:
        return by_sts(w, at);
    case DUTY_DANE:
        return by_dane(w, at);
    case DUTY_DANE_UNUSABLE:
        return by_unusable_dane(w, at);
    case DUTY_DANE_SKIP:
        return one(FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DUTY_DANE_UNKNOWN:
        return one(anything(w, duty), DELIVERY_REASON_DANE_UNKNOWN);
    case DUTY_NONE:
        break;
    }
    struct met m = w->profile->sni ? met_with_sni(at->e) : met_without_sni(at->e);
    return by_own_level(w, at, &m);
}

/* --- the walk ------------------------------------------------------------------------------ */

/* Which values "the best so far" may have, and "the worst so far": a set of deliveries each. Nothing
 * delivered yet is the bit of UNKNOWN. */
#define NOTHING_YET (1U << DELIVERY_UNKNOWN)

static unsigned delivery_bit(uint8_t result)
{
    return 1U << (result == PLAINTEXT   ? DELIVERY_PLAINTEXT
                  : result == ENCRYPTED ? DELIVERY_ENCRYPTED
                                        : DELIVERY_AUTHENTICATED);
}

/* All ways in which a set and one more candidate go together. */
static unsigned combine(unsigned sofar, uint8_t set, bool best)
{
    unsigned now = (set & FAILS) != 0 ? sofar : 0;
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        for (uint8_t r = PLAINTEXT; (sofar >> d & 1U) != 0 && r <= AUTHENTICATED; r <<= 1) {
            unsigned bit = delivery_bit(r);
            bool better = d == DELIVERY_UNKNOWN || (best ? bit > 1U << d : bit < 1U << d);
            now |= (set & r) == 0 ? 0 : better ? bit : 1U << d;
        }
    }
    return now;
}

struct progress {
    unsigned best; /* of the group under way */
    unsigned worst;
    unsigned final_best; /* of groups where something was delivered */
    unsigned final_worst;
};

/* Who delivers nothing in a group goes on to the next one. */
static void end_group(struct progress *p)
{
    p->final_best |= p->best & ~NOTHING_YET;
    p->final_worst |= p->worst & ~NOTHING_YET;
    p->best &= NOTHING_YET;
    p->worst &= NOTHING_YET;
}

static enum delivery only_one_of(unsigned set)
{
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        if (set == 1U << d) {
            return (enum delivery)d;
        }
    }
    return DELIVERY_UNKNOWN;
}

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
    case FAILS:
        return EVIDENCE_FAILS;
    case PLAINTEXT:
        return EVIDENCE_PLAINTEXT;
    case ENCRYPTED:
        return EVIDENCE_ENCRYPTED;
    case AUTHENTICATED:
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

static void note(struct decision first[EVIDENCE_COUNT], const struct result *r, size_t mx,
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

static bool is_candidate(const struct seen_domain *d, const struct endpoint_brief *e)
{
    uint16_t port = domain_port(d);
    return !endpoint_is_special(e) && (port == PORT_ALL || e->port == port);
}

static void add_result(struct progress *p, const struct result *r)
{
    p->best = combine(p->best, r->set, true);
    p->worst = combine(p->worst, r->set, false);
}

static void add_host(const struct walk *w, size_t i, struct progress *p,
                     struct decision first[EVIDENCE_COUNT])
{
    const struct seen_mx *mx = &w->domain->mx[i];
    if (mx->unusable != NULL) {
        return;
    }
    if (mx_is_open(w->domain, mx)) { /* addresses that are not known could give anything */
        struct result r = one(anything(w, DUTY_DANE_UNKNOWN), DELIVERY_REASON_NOT_TESTED);
        add_result(p, &r);
        note(first, &r, i, -1);
    }
    for (size_t k = 0; k < mx->endpoint_count; k++) {
        struct place at = {.mx = mx, .mx_index = i, .e = &mx->endpoints[k]};
        if (is_candidate(w->domain, at.e)) {
            struct result r = result_at(w, &at);
            add_result(p, &r);
            note(first, &r, i, (int)k);
        }
    }
}

static struct sender_delivery walk(const struct walk *w)
{
    const struct seen_domain *d = w->domain;
    struct progress p = {.best = NOTHING_YET, .worst = NOTHING_YET};
    struct decision first[EVIDENCE_COUNT];
    for (unsigned e = 0; e < EVIDENCE_COUNT; e++) {
        first[e] = (struct decision){.mx = -1, .endpoint = -1};
    }
    for (size_t i = 0; i < d->mx_count; i++) {
        if (i > 0 && d->mx[i].preference != d->mx[i - 1].preference) {
            end_group(&p);
            if (p.worst == 0) {
                break; /* it was taken by now, whatever is not known */
            }
        }
        add_host(w, i, &p, first);
    }
    end_group(&p);
    if (p.worst != 0) { /* it may be that nobody took it */
        p.final_best |= 1U << DELIVERY_DEFERRED;
        p.final_worst |= 1U << DELIVERY_DEFERRED;
    }
    struct sender_delivery out = {.best = only_one_of(p.final_best),
                                  .worst = only_one_of(p.final_worst)};
    struct decision why = choose(first, out.worst);
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
        struct walk w = {.profile = &profiles->items[i], .domain = d, .sts = sts, .dane = dane};
        out->of[out->count++] = walks ? walk(&w) : decided;
    }
}
