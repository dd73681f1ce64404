#include "scanner/analysis/delivery_result.h"

#include <string.h>

#include "scanner/analysis/delivery_certificate.h"
#include "scanner/analysis/delivery_refusal.h"
#include "scanner/base/check.h"

#define TLS1_0 0x0301
#define TLS1_2 0x0303
#define TLS1_3 0x0304

static struct delivery_outcome one(unsigned set, enum delivery_reason reason)
{
    return (struct delivery_outcome){(uint8_t)set, reason};
}

/** What becomes of it where a policy is of no effect; asked only then, as it adds to what the result
 * rests on. */
typedef struct delivery_outcome (*alternative)(const struct delivery_place *at);

/* It is not known which of the two it is; that matters only where they differ. */
static struct delivery_outcome either(struct delivery_outcome a, struct delivery_outcome b,
                                      enum delivery_reason open)
{
    return a.set == b.set ? a : one(a.set | b.set, open);
}

/* --- the sender's own level ---------------------------------------------------------------- */

/** @param failed what the sender does where the certificate is as bad as no TLS */
static struct delivery_outcome by_certificate(const struct delivery_place *at,
                                              const struct delivery_met *m, uint8_t failed)
{
    bool verify = at->profile->level == PROFILE_VERIFY;
    uint8_t good = verify ? RESULT_AUTHENTICATED : RESULT_ENCRYPTED;
    struct delivery_outcome passed =
        one(good, verify ? DELIVERY_REASON_AUTHENTICATED_PKIX : DELIVERY_REASON_OPPORTUNISTIC);
    if (!verify) {
        delivery_rests_on(at, PROFILE_FIELD_OPPORTUNISTIC_VERIFY);
        if (!at->profile->opportunistic_verify) {
            return passed;
        }
    }
    enum fit path = m->judged ? delivery_path_fits(at, m) : FIT_UNKNOWN;
    if (path == FIT_NO) {
        return one(failed, delivery_reason_of_path(m));
    }
    delivery_rests_on(at, PROFILE_FIELD_NAMES);
    enum fit name = delivery_name_fits(at, m);
    if (name == FIT_NO) {
        return one(failed, DELIVERY_REASON_NAME);
    }
    if (path == FIT_YES && name == FIT_YES) {
        return passed;
    }
    return one(failed | good, path == FIT_YES ? DELIVERY_REASON_NAME : delivery_reason_of_path(m));
}

static uint8_t results_of(enum profile_failure f)
{
    switch (f) {
    case PROFILE_FAILURE_CLEAR:
        return RESULT_PLAINTEXT;
    case PROFILE_FAILURE_NEXT:
        return RESULT_FAILS;
    case PROFILE_FAILURE_UNKNOWN:
        break;
    }
    return RESULT_FAILS | RESULT_PLAINTEXT;
}

/* What becomes of it without TLS, by the field that tells; without one where TLS is demanded. */
static uint8_t otherwise(const struct delivery_place *at, enum profile_field field)
{
    const struct sender_profile *p = at->profile;
    if (p->level != PROFILE_MAY) {
        return RESULT_FAILS;
    }
    delivery_rests_on(at, field);
    return results_of(field == PROFILE_FIELD_WITHOUT_TLS        ? p->without_tls
                      : field == PROFILE_FIELD_TLS_FAILURE      ? p->tls_failure
                      : field == PROFILE_FIELD_STARTTLS_REFUSED ? p->starttls_refused
                                                                : p->session_lost);
}

static struct delivery_outcome after_handshake(const struct delivery_place *at,
                                               const struct delivery_met *m, enum truth lost)
{
    struct delivery_outcome stays = {0};
    if (lost != TRUTH_YES) {
        bool checks = at->profile->level == PROFILE_VERIFY || at->profile->opportunistic_verify;
        stays =
            by_certificate(at, m, checks ? otherwise(at, PROFILE_FIELD_TLS_FAILURE) : RESULT_FAILS);
    }
    if (lost == TRUTH_NO) {
        return stays;
    }
    return one(stays.set | otherwise(at, PROFILE_FIELD_SESSION_LOST), DELIVERY_REASON_SESSION_LOST);
}

/* The command, before TLS; of a sender that takes 220 alone, any other positive reply too. */
static bool delivery_is_refused(const struct delivery_met *m, const struct delivery_handshake *h)
{
    return m->outcome == OUTCOME_STARTTLS_TEMPFAIL || m->outcome == OUTCOME_STARTTLS_REJECTED ||
           h->reason == DELIVERY_REASON_STARTTLS_REPLY;
}

/* As far as the handshake got, or all that could come of one that is not known. */
static struct delivery_outcome with_session(const struct delivery_place *at,
                                            const struct delivery_met *m)
{
    struct delivery_handshake h = delivery_handshake_of(at, m, at->profile->tls_min);
    if (!h.reachable) {
        return one(RESULT_FAILS, h.reason);
    }
    switch (h.tls) {
    case FIT_YES:
        return after_handshake(at, m, h.lost);
    case FIT_NO:
        if (at->profile->level != PROFILE_MAY) {
            return delivery_without_required_tls(at, m, &h, h.reason);
        }
        return one(otherwise(at, !h.offered                   ? PROFILE_FIELD_WITHOUT_TLS
                                 : delivery_is_refused(m, &h) ? PROFILE_FIELD_STARTTLS_REFUSED
                                                              : PROFILE_FIELD_TLS_FAILURE),
                   h.reason);
    case FIT_UNKNOWN:
        break;
    }
    if (m->known && m->outcome == OUTCOME_ESTABLISHED && h.offered) {
        struct delivery_outcome fails = one(otherwise(at, PROFILE_FIELD_TLS_FAILURE), h.reason);
        return either(after_handshake(at, m, h.lost), fails, h.reason);
    }
    uint8_t good = at->profile->level == PROFILE_VERIFY ? RESULT_AUTHENTICATED : RESULT_ENCRYPTED;
    return one(RESULT_FAILS | good | otherwise(at, PROFILE_FIELD_WITHOUT_TLS) |
                   otherwise(at, PROFILE_FIELD_TLS_FAILURE),
               h.reason);
}

static bool judged_the_same(const struct chain_brief *a, const struct chain_brief *b)
{
    return a->status == b->status && a->trusted_by == b->trusted_by &&
           a->openssl_level_2 == b->openssl_level_2 && a->openssl_level_1 == b->openssl_level_1;
}

static bool met_the_same(const struct delivery_met *a, const struct delivery_met *b)
{
    return a->outcome == b->outcome && a->starttls == b->starttls && a->version == b->version &&
           judged_the_same(&a->chain, &b->chain) && a->name == b->name &&
           a->leaf_domains == b->leaf_domains && a->judged == b->judged && a->known == b->known &&
           memcmp(&a->facts, &b->facts, sizeof(a->facts)) == 0;
}

static struct delivery_outcome by_own_level(const struct delivery_place *at)
{
    struct delivery_met with = delivery_met_with_sni(at->e);
    struct delivery_met without = delivery_met_without_sni(at->e);
    delivery_rests_on(at, PROFILE_FIELD_LEVEL);
    if (!met_the_same(&with, &without)) {
        delivery_rests_on(at, PROFILE_FIELD_SNI);
    }
    if (endpoint_is_unstable(at->e)) { /* whichever of the two it was, the next may be the other */
        return either(with_session(at, &with), with_session(at, &without),
                      DELIVERY_REASON_UNSTABLE);
    }
    return with_session(at, at->profile->sni ? &with : &without);
}

/* --- MTA-STS ------------------------------------------------------------------------------- */

/* RFC 8461 sections 4.2 and 5: TLS 1.2 or newer (section 7.2), and a certificate that passes for the MX
 * host, which is the SNI. */
static struct delivery_outcome by_covering_sts(const struct delivery_place *at)
{
    uint16_t from = at->profile->tls_min < TLS1_2 ? TLS1_2 : at->profile->tls_min;
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_handshake h = delivery_handshake_of(at, &m, from);
    bool handshake = m.known && m.outcome == OUTCOME_ESTABLISHED;
    enum fit path = handshake && m.judged ? delivery_path_fits(at, &m) : FIT_UNKNOWN;
    if (endpoint_is_unstable(at->e)) {
        return delivery_where_unstable(at, RESULT_AUTHENTICATED, from);
    }
    if (h.tls == FIT_NO) {
        return delivery_without_required_tls(at, &m, &h,
                                             h.reachable ? DELIVERY_REASON_STS_NO_TLS : h.reason);
    }
    enum fit name = handshake ? delivery_host_fits(at, &m, false) : FIT_UNKNOWN;
    if (path == FIT_NO || name == FIT_NO) {
        return one(RESULT_FAILS, DELIVERY_REASON_STS_CERTIFICATE);
    }
    if (handshake && (path == FIT_UNKNOWN || name == FIT_UNKNOWN)) {
        return one(RESULT_FAILS | RESULT_AUTHENTICATED, DELIVERY_REASON_STS_CERTIFICATE);
    }
    if (h.lost == TRUTH_YES) {
        return one(RESULT_FAILS, DELIVERY_REASON_SESSION_LOST);
    }
    if (h.tls == FIT_YES && h.lost == TRUTH_NO) {
        return one(RESULT_AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_STS);
    }
    return one(RESULT_FAILS | RESULT_AUTHENTICATED,
               h.tls == FIT_YES ? DELIVERY_REASON_SESSION_LOST : h.reason);
}

/* RFC 8461 section 4.1: the name in the MX record. */
static struct delivery_outcome by_sts(const struct delivery_place *at)
{
    enum truth covered = at->sts->mx[at->mx_index].covered;
    if (covered == TRUTH_NO) {
        return one(RESULT_FAILS, DELIVERY_REASON_STS_MX_NOT_COVERED);
    }
    struct delivery_outcome with = by_covering_sts(at);
    return covered == TRUTH_YES
               ? with
               : either(with, one(RESULT_FAILS, DELIVERY_REASON_STS_MX_NOT_COVERED),
                        DELIVERY_REASON_STS_UNKNOWN);
}

/* What the reading rests on, where readers differ. */
static void rest_on_reading(const struct delivery_place *at)
{
    if (at->sts->records.quirks != 0) {
        delivery_rests_on(at, PROFILE_FIELD_STS_RECORD);
        delivery_rests_on(at, PROFILE_FIELD_STS_RECORD_PERHAPS);
    }
    if (at->sts->policy_quirks != 0) {
        delivery_rests_on(at, PROFILE_FIELD_STS_POLICY);
        delivery_rests_on(at, PROFILE_FIELD_STS_POLICY_PERHAPS);
    }
}

/* The bounds are ours: RFC 8461 section 3.3 suggests 64 KB for the body, and none for the head. */
static bool is_beyond_our_bounds(const struct seen_policy *policy)
{
    return policy != NULL && (policy->outcome == POLICY_FETCH_HTTP_HEAD_TOO_LARGE ||
                              policy->outcome == POLICY_FETCH_BODY_TOO_LARGE);
}

/* Does the sender have to keep to a policy in mode enforce? */
static enum truth sts_is_enforced(const struct delivery_place *at)
{
    static const struct sts_reading all = {.takes = UINT32_MAX};
    const struct sender_profile *p = at->profile;
    bool beyond = is_beyond_our_bounds(at->domain->policy);
    if (!beyond && sts_is_enforced_by(at->sts, all, all) == TRUTH_NO) {
        return TRUTH_NO;
    }
    delivery_rests_on(at, PROFILE_FIELD_POLICY_ORDER);
    if (!profile_uses_sts(p)) {
        return TRUTH_NO;
    }
    if (beyond) {
        return TRUTH_UNKNOWN;
    }
    rest_on_reading(at);
    return sts_is_enforced_by(at->sts, profile_reading(p->sts_record, p->sts_record_perhaps),
                              profile_reading(p->sts_policy, p->sts_policy_perhaps));
}

/** @param without what becomes of it where no policy is enforced */
static struct delivery_outcome by_sts_or(const struct delivery_place *at, alternative without)
{
    switch (sts_is_enforced(at)) {
    case TRUTH_YES:
        return by_sts(at);
    case TRUTH_NO:
        return without(at);
    case TRUTH_UNKNOWN:
        break;
    }
    return either(without(at), by_sts(at), DELIVERY_REASON_STS_UNKNOWN);
}

static struct delivery_outcome by_sts_or_own_level(const struct delivery_place *at)
{
    return by_sts_or(at, by_own_level);
}

/* --- DANE ---------------------------------------------------------------------------------- */

/* The handshake with the TLSA base domain completed; where that is not the MX host, what it showed is not
 * among the facts unless the other one completed too.
 * @param done what comes of it where nothing fails */
static struct delivery_outcome with_dane_session(const struct delivery_place *at,
                                                 struct delivery_outcome done)
{
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_handshake h = delivery_handshake_of(at, &m, at->profile->tls_min);
    if (endpoint_is_unstable(at->e)) {
        return delivery_where_unstable(at, done.set, at->profile->tls_min);
    }
    if (h.tls == FIT_NO) {
        bool no_tls = h.reachable && m.outcome != OUTCOME_ESTABLISHED;
        return delivery_without_required_tls(at, &m, &h,
                                             no_tls ? DELIVERY_REASON_DANE_NO_TLS : h.reason);
    }
    if (h.tls == FIT_YES && h.lost != TRUTH_UNKNOWN) {
        return h.lost == TRUTH_NO ? done : one(RESULT_FAILS, DELIVERY_REASON_SESSION_LOST);
    }
    return one(RESULT_FAILS | done.set, h.tls == FIT_YES ? DELIVERY_REASON_SESSION_LOST : h.reason);
}

/* TLS is asked for, and nothing else (RFC 7672 section 2.2). */
static struct delivery_outcome by_unusable_records(const struct delivery_place *at)
{
    return with_dane_session(at, one(RESULT_ENCRYPTED, DELIVERY_REASON_DANE_UNUSABLE));
}

static struct delivery_outcome by_match(const struct delivery_place *at)
{
    const struct delivery_outcome matched =
        one(RESULT_AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_DANE);
    struct delivery_met m = delivery_met_with_sni(at->e);
    if (m.known && m.outcome == OUTCOME_ESTABLISHED) {
        return with_dane_session(at, matched);
    }
    delivery_rests_on(at, PROFILE_FIELD_TLS_MIN);
    delivery_rests_on(at, PROFILE_FIELD_TLS_MAX);
    bool all = at->profile->tls_min == TLS1_0 && at->profile->tls_max == TLS1_3;
    return all ? matched
               : one(RESULT_FAILS | RESULT_AUTHENTICATED, DELIVERY_REASON_VERSION_NOT_PROBED);
}

/* A DANE-TA record that fails for the host and may pass for the domain (RFC 7672 section 3.2.2). */
static struct delivery_outcome by_other_name(const struct delivery_place *at)
{
    switch (dane_endpoint_passes(at->domain, at->dane->mx, at->mx->host, at->e)) {
    case TRUTH_YES:
        return by_match(at);
    case TRUTH_NO:
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
    case TRUTH_UNKNOWN:
        break;
    }
    return one(RESULT_FAILS | RESULT_AUTHENTICATED, DELIVERY_REASON_DANE_MISMATCH);
}

/* RFC 7672 section 3.2.2 compares names; of senders that do not as it says, no more is known. */
static struct delivery_outcome by_name_of_anchor(const struct delivery_place *at,
                                                 struct delivery_outcome as_rfc_says)
{
    delivery_rests_on(at, PROFILE_FIELD_DANE_NAMES);
    return at->profile->dane_names == PROFILE_DANE_NAMES_NEXT_HOP
               ? as_rfc_says
               : one(as_rfc_says.set | RESULT_FAILS | RESULT_ENCRYPTED,
                     DELIVERY_REASON_DANE_MISMATCH);
}

/* A DANE-TA record, and a name of the host by a rule that the sender's library may not share. */
static struct delivery_outcome by_anchor(const struct delivery_place *at)
{
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_outcome matched = by_match(at);
    bool ee = (at->e->dane_flags & DANE_FLAG_EE) != 0;
    if (ee || !m.known || delivery_name_rule_fits(at, &m, FIT_YES) == FIT_YES) {
        return matched;
    }
    return one(matched.set | RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
}

static struct delivery_outcome by_matching_records(const struct delivery_place *at)
{
    struct delivery_outcome matched =
        at->e->dane == DANE_MATCH ? by_anchor(at) : by_name_of_anchor(at, by_other_name(at));
    if ((at->e->dane_flags & DANE_FLAG_ANCHOR_IN_DNS) == 0) {
        return matched;
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE_ANCHOR); /* RFC 7671 section 5.2.3 */
    switch (at->profile->dane_anchor) {
    case PROFILE_ANCHOR_FROM_DNS:
        return matched;
    case PROFILE_ANCHOR_PRESENTED:
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
    case PROFILE_ANCHOR_UNKNOWN:
        break;
    }
    return one(matched.set | RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
}

/* RFC 7671 section 9: of several digests only the strongest counts; not every sender looks at that. */
static struct delivery_outcome by_mismatch(const struct delivery_place *at)
{
    const struct delivery_outcome fails = one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
    if ((at->e->dane_flags & DANE_FLAG_TA_NO_NAME) != 0) {
        return by_name_of_anchor(at, fails);
    }
    if ((at->e->dane_flags & DANE_FLAG_SET_ASIDE_MATCHES) == 0) {
        return fails;
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE_AGILITY);
    switch (at->profile->dane_agility) {
    case PROFILE_CHOICE_YES:
        return fails;
    case PROFILE_CHOICE_NO:
        return by_match(at);
    case PROFILE_CHOICE_UNKNOWN:
        break;
    }
    return either(fails, by_match(at), DELIVERY_REASON_DANE_MISMATCH);
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
    delivery_rests_on(at, PROFILE_FIELD_DANE_EE_ONLY_31);
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_handshake h = delivery_handshake_of(at, &m, at->profile->tls_min);
    switch ((enum dane_status)at->e->dane) {
    case DANE_MATCH:
    case DANE_OTHER_NAME:
        return only_31 ? by_records_31(at) : by_matching_records(at);
    case DANE_MISMATCH:
        return only_31 ? by_records_31(at) : by_mismatch(at);
    case DANE_NO_TLS:
        return delivery_without_required_tls(at, &m, &h, DELIVERY_REASON_DANE_NO_TLS);
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

static struct delivery_outcome by_records(const struct delivery_place *at, alternative without)
{
    switch ((enum dane_host)at->mx->dane_host) {
    case DANE_HOST_LOOKUP_FAILED: /* RFC 7672 section 2.1.2: the host is skipped */
        return one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DANE_HOST_UNUSABLE:
        return by_unusable_records(at);
    case DANE_HOST_USABLE:
        return by_usable_records(at);
    case DANE_HOST_NONE: /* of these three has_records() spoke */
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_COUNT:
        break;
    }
    bool tested = at->e->outcome != OUTCOME_NOT_TESTED;
    return either(without(at), by_unknown_records(at),
                  tested ? DELIVERY_REASON_DANE_UNKNOWN : DELIVERY_REASON_NOT_TESTED);
}

/* Records that may be in force: what comes of it hangs on what the sender makes of DANE. */
static bool has_records(const struct delivery_place *at)
{
    switch ((enum dane_host)at->mx->dane_host) {
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
        return false;
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_LOOKUP_FAILED:
    case DANE_HOST_UNUSABLE:
    case DANE_HOST_USABLE:
    case DANE_HOST_COUNT:
        break;
    }
    return true;
}

/* RFC 7672 section 2.2.2 allows both names of an alias: does the sender not ask at the one that has
 * the records? */
static enum truth is_beside_alias(const struct delivery_place *at)
{
    if (at->mx->tlsa_at != TLSA_PLACE_ALIAS) {
        return TRUTH_NO;
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE_ALIAS);
    switch (at->profile->dane_alias) {
    case PROFILE_ALIAS_BOTH:
        return TRUTH_NO;
    case PROFILE_ALIAS_END_ONLY:
        return TRUTH_YES;
    case PROFILE_ALIAS_UNKNOWN:
        break;
    }
    return TRUTH_UNKNOWN;
}

/** @param without what becomes of it where no records are in force */
static struct delivery_outcome by_dane_or(const struct delivery_place *at, alternative without)
{
    const struct sender_profile *p = at->profile;
    if (!has_records(at)) {
        return without(at);
    }
    delivery_rests_on(at, PROFILE_FIELD_POLICY_ORDER);
    if (!profile_uses_dane(p)) {
        return without(at);
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE);
    if (p->dane == PROFILE_DANE_SECURE_MX && at->dane->mx != DNSSEC_SECURE &&
        at->dane->mx != DNSSEC_UNKNOWN) {
        return without(at); /* RFC 7672 section 2.2.1 */
    }
    if (is_beside_alias(at) == TRUTH_YES) {
        return without(at);
    }
    struct delivery_outcome with = by_records(at, without);
    bool certain = (p->dane == PROFILE_DANE_INSECURE_MX || at->dane->mx == DNSSEC_SECURE) &&
                   is_beside_alias(at) == TRUTH_NO;
    return certain ? with : either(without(at), with, DELIVERY_REASON_DANE_UNKNOWN);
}

static struct delivery_outcome by_dane_or_own_level(const struct delivery_place *at)
{
    return by_dane_or(at, by_own_level);
}

struct delivery_outcome delivery_result_at(const struct delivery_place *at)
{
    struct delivery_outcome r = at->profile->policy_order == PROFILE_ORDER_STS_FIRST
                                    ? by_sts_or(at, by_dane_or_own_level)
                                    : by_dane_or(at, by_sts_or_own_level);
    return one(r.set | (delivery_may_be_returned(at, r.set) ? RESULT_RETURNED : 0), r.reason);
}
