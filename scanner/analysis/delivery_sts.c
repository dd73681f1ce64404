#include "scanner/analysis/delivery_sts.h"

#include "scanner/analysis/delivery_certificate.h"
#include "scanner/analysis/delivery_refusal.h"
#include "scanner/analysis/leaf_domains.h"
#include "scanner/base/check.h"

#define TLS1_2          0x0303
#define NAME_MAX_OCTETS 253 /* RFC 1035 section 2.3.4 */

/* --- names ------------------------------------------------------------------------------------ */

/* A leading "*." of a pattern; the rest in lower case. @return false: no host name */
static bool pattern_split(struct span pattern, uint8_t lower[NAME_MAX_OCTETS], struct span *name,
                          bool *wildcard)
{
    *wildcard = pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.';
    struct span from = *wildcard ? span_drop(pattern, 2) : pattern;
    if (from.len == 0 || from.len > NAME_MAX_OCTETS) {
        return false;
    }
    for (size_t i = 0; i < from.len; i++) {
        lower[i] = ascii_lower(from.at[i]);
    }
    *name = (struct span){lower, from.len};
    return true;
}

/* Senders that hold the certificate against the patterns take a wildcard for any depth. */
static bool pattern_has_host(struct span pattern, struct span host)
{
    uint8_t lower[NAME_MAX_OCTETS];
    struct span name;
    bool wildcard;
    return pattern_split(pattern, lower, &name, &wildcard) &&
           (wildcard ? name_labels_above(name, host) > 0 : span_ieq(name, host));
}

/* Is a dNSName of the leaf one that the pattern takes? "No" is certain. */
static bool leaf_may_fit_pattern(const struct delivery_met *m, struct span pattern)
{
    uint8_t lower[NAME_MAX_OCTETS];
    struct span name;
    bool wildcard;
    if (!pattern_split(pattern, lower, &name, &wildcard)) {
        return true;
    }
    const uint8_t *dot = memchr(name.at, '.', name.len);
    bool parent =
        !wildcard && dot != NULL && /* a wildcard in the leaf */
        leaf_domains_may_have(m->leaf_domains, span_drop(name, (size_t)(dot - name.at) + 1));
    return parent || leaf_domains_may_have(m->leaf_domains, name);
}

/* Some name of the leaf is one of the patterns, whichever exchange it is. The leaf's names are kept in short:
 * that it has the exchange's own is known, and which it has not. */
static enum fit leaf_fits_patterns(const struct delivery_place *at, const struct delivery_met *m)
{
    const struct sts_policy *p = &at->sts->policy;
    if (m->name == NAME_MATCH_NO_NAMES) {
        return FIT_NO;
    }
    bool may = p->mx_total > p->mx_count || at->sts->policy_quirks != 0 || m->leaf_domains == 0;
    bool host = at->sts->mx[at->mx_index].covered == TRUTH_YES;
    for (size_t i = 0; i < p->mx_count; i++) {
        host = host || pattern_has_host(p->mx[i], at->mx->host);
        may = may || leaf_may_fit_pattern(m, p->mx[i]);
    }
    if (host && delivery_host_fits(at, m, true) == FIT_YES) {
        return FIT_YES;
    }
    return may ? FIT_UNKNOWN : FIT_NO;
}

/* --- the policy ------------------------------------------------------------------------------- */

/* A certificate that passes (RFC 8461 section 4.2), met with the MX host as SNI.
 * @param from the oldest version that will do
 * @param name whether it is for the right name, where there is one @param misnamed the reason if it is not */
static struct delivery_outcome with_sts_certificate(const struct delivery_place *at, uint16_t from,
                                                    enum fit name, enum delivery_reason misnamed)
{
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_handshake h = delivery_handshake_demanded(at, &m, from);
    bool handshake = m.known && m.outcome == OUTCOME_ESTABLISHED;
    enum fit path = handshake && m.judged ? delivery_path_fits(at, &m) : FIT_UNKNOWN;
    if (endpoint_is_unstable(at->e)) {
        return delivery_where_unstable(at, RESULT_AUTHENTICATED, from);
    }
    if (h.tls == FIT_NO) {
        return delivery_without_required_tls(at, &m, &h, RESULT_AUTHENTICATED,
                                             h.reachable ? DELIVERY_REASON_STS_NO_TLS : h.reason);
    }
    if (handshake && (path == FIT_NO || name == FIT_NO)) {
        return delivery_one(RESULT_FAILS,
                            path == FIT_NO ? DELIVERY_REASON_STS_CERTIFICATE : misnamed);
    }
    if (handshake && (path == FIT_UNKNOWN || name == FIT_UNKNOWN)) {
        return delivery_one(RESULT_FAILS | RESULT_AUTHENTICATED,
                            path == FIT_UNKNOWN ? DELIVERY_REASON_STS_CERTIFICATE : misnamed);
    }
    if (h.lost == TRUTH_YES) {
        return delivery_one(RESULT_FAILS, DELIVERY_REASON_STS_NO_TLS);
    }
    if (h.tls == FIT_YES && h.lost == TRUTH_NO) {
        return delivery_one(RESULT_AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_STS);
    }
    return delivery_one(RESULT_FAILS | RESULT_AUTHENTICATED,
                        h.tls == FIT_YES ? DELIVERY_REASON_SESSION_LOST : h.reason);
}

/* RFC 8461: sections 4.1, the name in the MX record; 4.2, the certificate is for that name; 7.2, TLS 1.2. */
static struct delivery_outcome by_rfc_8461(const struct delivery_place *at)
{
    const struct delivery_outcome not_covered = {RESULT_FAILS, DELIVERY_REASON_STS_MX_NOT_COVERED};
    enum truth covered = at->sts->mx[at->mx_index].covered;
    if (covered == TRUTH_NO) {
        return not_covered;
    }
    struct delivery_met m = delivery_met_with_sni(at->e);
    uint16_t from = at->profile->tls_min < TLS1_2 ? TLS1_2 : at->profile->tls_min;
    struct delivery_outcome with =
        with_sts_certificate(at, from, delivery_host_fits(at, &m, false), DELIVERY_REASON_STS_NAME);
    return covered == TRUTH_YES ? with
                                : delivery_either(with, not_covered, DELIVERY_REASON_STS_UNKNOWN);
}

/* As Postfix keeps to `secure match=PATTERNS servername=hostname`: whatever versions it speaks. */
static struct delivery_outcome by_patterns(const struct delivery_place *at)
{
    struct delivery_met m = delivery_met_with_sni(at->e);
    return with_sts_certificate(at, at->profile->tls_min, leaf_fits_patterns(at, &m),
                                DELIVERY_REASON_STS_PATTERNS);
}

struct delivery_outcome delivery_by_sts(const struct delivery_place *at)
{
    struct delivery_outcome by_rfc = by_rfc_8461(at);
    struct delivery_outcome as_postfix = by_patterns(at);
    if (by_rfc.set != as_postfix.set) {
        delivery_rests_on(at, PROFILE_FIELD_STS_NAMES);
    }
    switch (at->profile->sts_names) {
    case PROFILE_STS_NAMES_MX_AND_HOST:
        return by_rfc;
    case PROFILE_STS_NAMES_PATTERNS:
        return as_postfix;
    case PROFILE_STS_NAMES_UNKNOWN:
        break;
    }
    bool of_name = as_postfix.reason == DELIVERY_REASON_STS_PATTERNS &&
                   by_rfc.reason != DELIVERY_REASON_STS_CERTIFICATE;
    return delivery_either(by_rfc, as_postfix,
                           of_name ? DELIVERY_REASON_STS_PATTERNS
                                   : DELIVERY_REASON_STS_CERTIFICATE);
}

/* --- whether it counts ------------------------------------------------------------------------ */

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
enum truth delivery_sts_is_enforced(const struct delivery_place *at)
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
