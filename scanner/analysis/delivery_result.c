#include "scanner/analysis/delivery_result.h"

#include "scanner/analysis/leaf_domains.h"
#include "scanner/base/check.h"

#define TLS1_0 0x0301
#define TLS1_2 0x0303
#define TLS1_3 0x0304

#define COVERS_PARENTS_MAX 8 /* bits of endpoint_brief.covers_parents */

static struct delivery_outcome one(unsigned set, enum delivery_reason reason)
{
    return (struct delivery_outcome){(uint8_t)set, reason};
}

/* It is not known which of the two it is; that matters only where they differ. */
static struct delivery_outcome either(struct delivery_outcome a, struct delivery_outcome b,
                                      enum delivery_reason open)
{
    return a.set == b.set ? a : one(a.set | b.set, open);
}

/* --- the handshake that a sender makes: with the MX host as SNI or without ------------------ */

struct met {
    enum session_outcome outcome;
    enum starttls_state starttls;
    uint16_t version; /* 0: no handshake completed */
    enum chain_status chain;
    enum name_match name;
    uint64_t leaf_domains;
    bool judged; /* the chain */
    bool known;  /* the handshake was made, or nothing of it could depend on the name */
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
        .judged = !endpoint_has_leaf(e) || e->chain.status != CHAIN_NONE,
        .known = !e->inherited || info->before_tls,
    };
}

static struct met met_without_sni(const struct endpoint_brief *e)
{
    const struct outcome_info *with = outcome_info((enum session_outcome)e->outcome);
    /* What ends before TLS does not depend on the name, and may be the only session there is. */
    if (e->no_sni_outcome == OUTCOME_NOT_TESTED && with->before_tls) {
        return met_with_sni(e);
    }
    return (struct met){
        .outcome = (enum session_outcome)e->no_sni_outcome,
        .starttls = (enum starttls_state)e->no_sni_starttls,
        .version = e->no_sni_tls_version,
        .chain = (enum chain_status)e->no_sni_chain.status,
        .name = (enum name_match)e->no_sni_name_match,
        .leaf_domains = e->no_sni_leaf_domains,
        .judged = e->no_sni_outcome != OUTCOME_ESTABLISHED || e->no_sni_chain.status != CHAIN_NONE,
        .known = e->no_sni_outcome != OUTCOME_NOT_TESTED || e->outcome == OUTCOME_NOT_TESTED,
    };
}

enum fit {
    FIT_NO,
    FIT_YES,
    FIT_UNKNOWN
};

static enum truth accepts(const struct endpoint_brief *e, uint16_t version)
{
    return (enum truth)(e->versions >> (2 * (version - TLS1_0)) & 3U);
}

/* The version that was negotiated is the highest that the server shares with us, who offer all. */
static enum fit version_fits(const struct endpoint_brief *e, uint16_t version, uint16_t from,
                             uint16_t to)
{
    if (version < from) {
        return FIT_NO;
    }
    if (version <= to) {
        return from <= to ? FIT_YES : FIT_NO;
    }
    bool known = true;
    for (uint16_t v = from; v <= to; v++) {
        if (accepts(e, v) == TRUTH_YES) {
            return FIT_YES;
        }
        known = known && accepts(e, v) == TRUTH_NO;
    }
    return known ? FIT_NO : FIT_UNKNOWN;
}

/** How far the sender gets. */
struct handshake {
    enum fit tls;
    enum delivery_reason reason; /* unless it fits */
    bool offered;                /* STARTTLS */
    bool reachable;              /* no: the next address, whatever the policy */
};

/** @param from the oldest version that will do */
static struct handshake handshake_of(const struct delivery_place *at, const struct met *m,
                                     uint16_t from)
{
    struct handshake h = {.tls = FIT_UNKNOWN, .reachable = true};
    if (!m->known) {
        h.reason = DELIVERY_REASON_SNI_NOT_PROBED;
    } else if (m->outcome == OUTCOME_REFUSED || m->outcome == OUTCOME_UNREACHABLE) {
        h = (struct handshake){FIT_NO, DELIVERY_REASON_NOT_REACHABLE, false, false};
    } else if (!outcome_info(m->outcome)->conclusive) {
        h.reason = DELIVERY_REASON_NOT_TESTED;
    } else if (m->outcome == OUTCOME_ESTABLISHED) {
        h.offered = true;
        h.tls = version_fits(at->e, m->version, from, at->profile->tls_max);
        h.reason =
            h.tls == FIT_UNKNOWN ? DELIVERY_REASON_VERSION_NOT_PROBED : DELIVERY_REASON_TLS_VERSION;
    } else {
        h.offered = m->starttls != STARTTLS_NOT_OFFERED && m->starttls != STARTTLS_MASKED;
        h.tls = FIT_NO;
        h.reason = h.offered ? DELIVERY_REASON_TLS_FAILED : DELIVERY_REASON_NO_STARTTLS;
    }
    return h;
}

/* --- the certificate ----------------------------------------------------------------------- */

/* The labels in front of the domain, 0: the host is not below it. */
static unsigned labels_above(struct span domain, struct span host)
{
    if (!span_ends_with(host, domain) || host.len <= domain.len ||
        host.at[host.len - domain.len - 1] != '.') {
        return 0;
    }
    unsigned labels = 0;
    for (size_t i = 0; i + domain.len < host.len; i++) {
        labels += host.at[i] == '.';
    }
    return labels;
}

/* Is the domain itself, or (below) a name below it, in the leaf? */
static enum fit leaf_has_domain(const struct delivery_place *at, const struct met *m, bool with_sni)
{
    unsigned labels = labels_above(at->domain->domain, at->mx->host);
    if (!leaf_domains_may_have(m->leaf_domains, at->domain->domain)) {
        return FIT_NO;
    }
    bool covers = with_sni && labels >= 1 && labels <= COVERS_PARENTS_MAX &&
                  (at->e->covers_parents >> (labels - 1) & 1) != 0;
    return covers ? FIT_YES : FIT_UNKNOWN;
}

/* A leaf without any dNSName is for its common name. */
static enum fit common_name_fits(const struct met *m, bool host_is_domains)
{
    if (m->name == NAME_MATCH_CN_ONLY) {
        return host_is_domains ? FIT_YES : FIT_NO;
    }
    return m->name == NAME_MATCH_NONE || m->name == NAME_MATCH_NO_NAMES ? FIT_NO : FIT_UNKNOWN;
}

/* The domain or a name below it: Postfix's "nexthop, dot-nexthop". */
static enum fit next_hop_fits(const struct delivery_place *at, const struct met *m, bool with_sni)
{
    struct span domain = at->domain->domain;
    bool host_is_domains = labels_above(domain, at->mx->host) > 0 || span_eq(at->mx->host, domain);
    if (name_match_is_match(m->name) && host_is_domains) {
        return FIT_YES;
    }
    return m->leaf_domains == 0 ? common_name_fits(m, host_is_domains)
                                : leaf_has_domain(at, m, with_sni);
}

static enum fit name_fits(const struct delivery_place *at, const struct met *m)
{
    switch (at->profile->names) {
    case PROFILE_NAMES_HOST:
        return name_match_is_match(m->name) ? FIT_YES : FIT_NO;
    case PROFILE_NAMES_HOST_OR_CN:
        return name_match_is_match(m->name) || m->name == NAME_MATCH_CN_ONLY ? FIT_YES : FIT_NO;
    case PROFILE_NAMES_NEXT_HOP:
        return next_hop_fits(at, m, at->profile->sni);
    }
    UNREACHABLE("unknown profile_names");
}

/* --- the sender's own level ---------------------------------------------------------------- */

/** @param failed what the sender does where the certificate is as bad as no TLS */
static struct delivery_outcome by_certificate(const struct delivery_place *at, const struct met *m,
                                              uint8_t failed)
{
    bool verify = at->profile->level == PROFILE_VERIFY;
    uint8_t good = verify ? RESULT_AUTHENTICATED : RESULT_ENCRYPTED;
    struct delivery_outcome passed =
        one(good, verify ? DELIVERY_REASON_AUTHENTICATED_PKIX : DELIVERY_REASON_OPPORTUNISTIC);
    if (!verify && !at->profile->opportunistic_verify) {
        return passed;
    }
    if (m->chain != CHAIN_TRUSTED) {
        return one(m->judged ? failed : failed | good, DELIVERY_REASON_CERTIFICATE);
    }
    switch (name_fits(at, m)) {
    case FIT_YES:
        return passed;
    case FIT_NO:
        return one(failed, DELIVERY_REASON_NAME);
    case FIT_UNKNOWN:
        break;
    }
    return one(failed | good, DELIVERY_REASON_NAME);
}

static struct delivery_outcome by_own_level(const struct delivery_place *at)
{
    const struct sender_profile *p = at->profile;
    struct met m = p->sni ? met_with_sni(at->e) : met_without_sni(at->e);
    struct handshake h = handshake_of(at, &m, p->tls_min);
    bool may = p->level == PROFILE_MAY;
    uint8_t no_tls =
        may && p->without_tls == PROFILE_FAILURE_CLEAR ? RESULT_PLAINTEXT : RESULT_FAILS;
    uint8_t bad_tls =
        may && p->tls_failure == PROFILE_FAILURE_CLEAR ? RESULT_PLAINTEXT : RESULT_FAILS;
    uint8_t good = p->level == PROFILE_VERIFY ? RESULT_AUTHENTICATED : RESULT_ENCRYPTED;
    if (h.tls == FIT_YES) {
        return by_certificate(at, &m, bad_tls);
    }
    if (h.tls == FIT_NO) {
        return one(!h.reachable ? RESULT_FAILS : h.offered ? bad_tls : no_tls, h.reason);
    }
    if (h.reason == DELIVERY_REASON_VERSION_NOT_PROBED) {
        return either(by_certificate(at, &m, bad_tls), one(bad_tls, h.reason), h.reason);
    }
    return one(RESULT_FAILS | good | no_tls | bad_tls, h.reason);
}

/* --- MTA-STS ------------------------------------------------------------------------------- */

/* RFC 8461 sections 4.1 and 5: the name is covered, TLS 1.2 or newer (section 7.2), and a certificate
 * that passes for the MX host, which is the SNI. */
static struct delivery_outcome by_sts(const struct delivery_place *at)
{
    uint16_t from = at->profile->tls_min < TLS1_2 ? TLS1_2 : at->profile->tls_min;
    struct met m = met_with_sni(at->e);
    struct handshake h = handshake_of(at, &m, from);
    bool passes = m.chain == CHAIN_TRUSTED && name_match_is_match(m.name);
    bool handshake = m.known && m.outcome == OUTCOME_ESTABLISHED;
    if (at->sts->mx[at->mx_index].covered == TRUTH_NO) {
        return one(RESULT_FAILS, DELIVERY_REASON_STS_MX_NOT_COVERED);
    }
    if (h.tls == FIT_NO) {
        return one(RESULT_FAILS, h.reachable ? DELIVERY_REASON_STS_NO_TLS : h.reason);
    }
    if (handshake && !passes) {
        bool perhaps = !m.judged && name_match_is_match(m.name);
        return one(RESULT_FAILS | (perhaps ? RESULT_AUTHENTICATED : 0),
                   DELIVERY_REASON_STS_CERTIFICATE);
    }
    return h.tls == FIT_YES ? one(RESULT_AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_STS)
                            : one(RESULT_FAILS | RESULT_AUTHENTICATED, h.reason);
}

/* Does the sender have to keep to a policy in mode enforce? */
static enum truth sts_is_enforced(const struct delivery_place *at)
{
    const struct sts_verdict *s = at->sts;
    if (!profile_uses_sts(at->profile)) {
        return TRUTH_NO;
    }
    if (s->state == STS_STATE_UNKNOWN) {
        bool other = s->has_policy && s->policy.lenient_valid && s->policy.mode != STS_MODE_ENFORCE;
        return other ? TRUTH_NO : TRUTH_UNKNOWN;
    }
    return s->state == STS_STATE_ENFORCE ? TRUTH_YES : TRUTH_NO;
}

/* Where the policy itself is not known, nor is it whether it covers the exchange. */
static struct delivery_outcome by_possible_sts(const struct delivery_place *at,
                                               struct delivery_outcome without)
{
    struct delivery_outcome with = by_sts(at);
    with.set |= at->sts->mx[at->mx_index].covered == TRUTH_YES ? 0 : RESULT_FAILS;
    return either(without, with, DELIVERY_REASON_STS_UNKNOWN);
}

static struct delivery_outcome by_sts_or_own_level(const struct delivery_place *at)
{
    switch (sts_is_enforced(at)) {
    case TRUTH_YES:
        return by_sts(at);
    case TRUTH_NO:
        return by_own_level(at);
    case TRUTH_UNKNOWN:
        break;
    }
    return by_possible_sts(at, by_own_level(at));
}

/* --- DANE ---------------------------------------------------------------------------------- */

/* TLS is asked for, and nothing else (RFC 7672 section 2.2). */
static struct delivery_outcome by_unusable_records(const struct delivery_place *at)
{
    struct met m = met_with_sni(at->e);
    struct handshake h = handshake_of(at, &m, at->profile->tls_min);
    switch (h.tls) {
    case FIT_YES:
        return one(RESULT_ENCRYPTED, DELIVERY_REASON_DANE_UNUSABLE);
    case FIT_NO:
        return one(RESULT_FAILS, h.reachable ? DELIVERY_REASON_DANE_NO_TLS : h.reason);
    case FIT_UNKNOWN:
        break;
    }
    return one(RESULT_FAILS | RESULT_ENCRYPTED, h.reason);
}

/* The handshake with the TLSA base domain completed; where that is not the MX host, its version is not
 * among the facts unless the other one completed too. */
static struct delivery_outcome by_match(const struct delivery_place *at)
{
    const struct sender_profile *p = at->profile;
    struct met m = met_with_sni(at->e);
    enum fit fit = FIT_UNKNOWN;
    if (m.known && m.outcome == OUTCOME_ESTABLISHED) {
        fit = version_fits(at->e, m.version, p->tls_min, p->tls_max);
    } else if (p->tls_min == TLS1_0 && p->tls_max == TLS1_3) {
        fit = FIT_YES;
    }
    switch (fit) {
    case FIT_YES:
        return one(RESULT_AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_DANE);
    case FIT_NO:
        return one(RESULT_FAILS, DELIVERY_REASON_TLS_VERSION);
    case FIT_UNKNOWN:
        break;
    }
    return one(RESULT_FAILS | RESULT_AUTHENTICATED, DELIVERY_REASON_VERSION_NOT_PROBED);
}

/* The next hop is a reference identifier as well (RFC 7672 section 3.2.2): a DANE-TA record may fail for
 * the host and pass for the domain. */
static struct delivery_outcome by_mismatch(const struct delivery_place *at)
{
    struct met m = met_with_sni(at->e);
    enum fit next_hop =
        (at->e->dane_flags & DANE_FLAG_TA_NO_NAME) != 0 ? leaf_has_domain(at, &m, true) : FIT_NO;
    switch (next_hop) {
    case FIT_YES:
        return by_match(at);
    case FIT_NO:
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
    case FIT_UNKNOWN:
        break;
    }
    return one(RESULT_FAILS | RESULT_AUTHENTICATED, DELIVERY_REASON_DANE_MISMATCH);
}

/* A sender of 3 1 x alone: of other records it makes what others make of unusable ones. */
static struct delivery_outcome by_records_31(const struct delivery_place *at)
{
    if ((at->e->dane_flags & DANE_FLAG_HAS_31) == 0) {
        return by_unusable_records(at);
    }
    return (at->e->dane_flags & DANE_FLAG_31) != 0
               ? by_match(at)
               : one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
}

static struct delivery_outcome by_usable_records(const struct delivery_place *at)
{
    bool only_31 = at->profile->dane_ee_only_31;
    struct met m = met_with_sni(at->e);
    struct handshake h = handshake_of(at, &m, at->profile->tls_min);
    switch ((enum dane_status)at->e->dane) {
    case DANE_MATCH:
        return only_31 ? by_records_31(at) : by_match(at);
    case DANE_MISMATCH:
        return only_31 ? by_records_31(at) : by_mismatch(at);
    case DANE_NO_TLS:
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_NO_TLS);
    case DANE_FAILED:
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DANE_UNKNOWN:
    case DANE_NONE:
    case DANE_UNUSABLE:
    case DANE_STATUS_COUNT:
        break;
    }
    if (!h.reachable) {
        return one(RESULT_FAILS, h.reason);
    }
    return one(RESULT_FAILS | RESULT_AUTHENTICATED | (only_31 ? RESULT_ENCRYPTED : 0),
               h.tls == FIT_UNKNOWN ? h.reason : DELIVERY_REASON_DANE_UNKNOWN);
}

/* Neither whether there are records in force nor whether the server matches them. */
static struct delivery_outcome by_unknown_records(const struct delivery_place *at)
{
    struct delivery_outcome r = by_unusable_records(at);
    r.set |= RESULT_FAILS; /* the lookup may fail, the records not match */
    r.set |= (r.set & RESULT_ENCRYPTED) != 0 ? RESULT_AUTHENTICATED : 0;
    return r;
}

static struct delivery_outcome by_records(const struct delivery_place *at,
                                          struct delivery_outcome without)
{
    switch ((enum dane_host)at->mx->dane_host) {
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
        return without;
    case DANE_HOST_LOOKUP_FAILED: /* RFC 7672 section 2.1.2: the host is skipped */
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DANE_HOST_UNUSABLE:
        return by_unusable_records(at);
    case DANE_HOST_USABLE:
        return by_usable_records(at);
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_COUNT:
        break;
    }
    bool tested = at->e->outcome != OUTCOME_NOT_TESTED;
    return either(without, by_unknown_records(at),
                  tested ? DELIVERY_REASON_DANE_UNKNOWN : DELIVERY_REASON_NOT_TESTED);
}

/** @param without what becomes of it where no records are in force */
static struct delivery_outcome by_dane_or(const struct delivery_place *at,
                                          struct delivery_outcome without)
{
    const struct sender_profile *p = at->profile;
    if (!profile_uses_dane(p) ||
        (p->dane == PROFILE_DANE_SECURE_MX && at->dane->mx != DNSSEC_SECURE &&
         at->dane->mx != DNSSEC_UNKNOWN)) {
        return without; /* RFC 7672 section 2.2.1 */
    }
    struct delivery_outcome with = by_records(at, without);
    bool certain = p->dane == PROFILE_DANE_INSECURE_MX || at->dane->mx == DNSSEC_SECURE;
    return certain ? with : either(without, with, DELIVERY_REASON_DANE_UNKNOWN);
}

struct delivery_outcome delivery_result_at(const struct delivery_place *at)
{
    if (at->profile->policy_order != PROFILE_ORDER_STS_FIRST) {
        return by_dane_or(at, by_sts_or_own_level(at));
    }
    switch (sts_is_enforced(at)) {
    case TRUTH_YES:
        return by_sts(at);
    case TRUTH_NO:
        return by_dane_or(at, by_own_level(at));
    case TRUTH_UNKNOWN:
        break;
    }
    return by_possible_sts(at, by_dane_or(at, by_own_level(at)));
}
