#include "scanner/analysis/sts_readiness.h"

#include "scanner/base/check.h"

const struct vocabulary readiness_item_vocabulary = VOCABULARY_OF(
    READINESS_ITEMS, "readiness_item", "item", "What MTA-STS in mode enforce requires.");

/* Senders with MTA-STS send SNI (RFC 8461 section 4.1). */
bool readiness_item_is_advisory(enum readiness_item i)
{
    return i == READINESS_DEFAULT_CERTIFICATE;
}

static enum readiness of_truth(enum truth t)
{
    return t == TRUTH_YES ? READINESS_PASS : t == TRUTH_NO ? READINESS_FAIL : READINESS_UNKNOWN;
}

/* What a fault of one address decides: a failure is found whatever is unknown elsewhere. */
static void meet(struct readiness_result *r, enum truth t, size_t mx, int endpoint)
{
    enum readiness now = of_truth(t);
    bool first = r->result == READINESS_NOT_APPLICABLE;
    bool decides =
        now == READINESS_FAIL || (now == READINESS_UNKNOWN && r->result == READINESS_PASS);
    if (r->result == READINESS_FAIL || (!first && !decides)) {
        return;
    }
    bool passes = now == READINESS_PASS; /* no single endpoint decides that */
    *r = (struct readiness_result){now, passes ? -1 : (int)mx, passes ? -1 : endpoint};
}

static enum truth default_passes(const struct endpoint_brief *e)
{
    if (e->no_sni_outcome == OUTCOME_NOT_TESTED) {
        return TRUTH_UNKNOWN;
    }
    if (e->no_sni_outcome != OUTCOME_ESTABLISHED) {
        const struct outcome_info *info = outcome_info((enum session_outcome)e->no_sni_outcome);
        bool outdone = outcome_is_outdone((enum session_outcome)e->no_sni_outcome,
                                          (enum session_outcome)e->outcome);
        return info->conclusive && !outdone ? TRUTH_NO : TRUTH_UNKNOWN;
    }
    return e->no_sni_chain.status == CHAIN_TRUSTED &&
                   name_match_is_match((enum name_match)e->no_sni_name_match)
               ? TRUTH_YES
               : TRUTH_NO;
}

/* Offered, and not taken back: a keyword that a middlebox masked or a 454 defers mail, and so does a
 * session that is lost when TLS stands. A refusal or silence there may be meant for us, and what the next
 * session at an unstable address meets is not known. */
static enum truth starttls_works(const struct endpoint_brief *e)
{
    enum truth listed = property_of(PROPERTY_STARTTLS, e);
    if (listed != TRUTH_YES) {
        return listed;
    }
    if (outcome_is_outdone((enum session_outcome)e->outcome,
                           (enum session_outcome)e->no_sni_outcome)) {
        return TRUTH_UNKNOWN;
    }
    enum starttls_state s = (enum starttls_state)e->starttls;
    if (s == STARTTLS_TEMPFAIL || s == STARTTLS_REJECTED || s == STARTTLS_INJECTED ||
        smtp_has_quirk(e->facts.quirks, SMTP_QUIRK_LOST_AFTER_TLS) ||
        e->facts.list_kib > OPENSSL_LIST_KIB_MAX) {
        return TRUTH_NO;
    }
    bool open = smtp_has_quirk(e->facts.quirks, SMTP_QUIRK_SILENT_AFTER_TLS) ||
                smtp_has_quirk(e->facts.quirks, SMTP_QUIRK_REFUSED_AFTER_TLS) ||
                endpoint_is_unstable(e);
    return open ? TRUTH_UNKNOWN : TRUTH_YES;
}

static void meet_endpoint(struct sts_readiness *out, const struct endpoint_brief *e, size_t mx,
                          int endpoint)
{
    struct readiness_result *item = out->item;
    meet(&item[READINESS_STARTTLS], starttls_works(e), mx, endpoint);
    meet(&item[READINESS_TLS12], property_of(PROPERTY_TLS1_2_OR_NEWER, e), mx, endpoint);
    meet(&item[READINESS_CHAIN], property_of(PROPERTY_CHAIN_TRUSTED, e), mx, endpoint);
    meet(&item[READINESS_NAME], property_of(PROPERTY_NAME_MATCHES, e), mx, endpoint);
    meet(&item[READINESS_DEFAULT_CERTIFICATE], default_passes(e), mx, endpoint);
}

static void meet_unknown(struct sts_readiness *out, size_t mx, int endpoint)
{
    for (unsigned i = READINESS_STARTTLS; i <= READINESS_DEFAULT_CERTIFICATE; i++) {
        meet(&out->item[i], TRUTH_UNKNOWN, mx, endpoint);
    }
}

static void meet_exchanges(struct sts_readiness *out, const struct seen_domain *d)
{
    uint16_t port = domain_port(d);
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (mx->unusable != NULL) {
            continue;
        }
        if (mx_is_open(d, mx)) {
            meet_unknown(out, i, -1);
        }
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            if (!sts_endpoint_counts(&mx->endpoints[k], port)) {
                continue;
            }
            if (port == PORT_SMTP) {
                meet_endpoint(out, &mx->endpoints[k], i, (int)k);
            } else {
                meet_unknown(out, i, (int)k);
            }
        }
    }
}

static enum readiness record_result(const struct seen_domain *d, const struct sts_verdict *sts)
{
    enum dns_state state = (enum dns_state)d->mta_sts.dns.state;
    if (state == DNS_BOGUS && sts->records.lenient_count > 0) {
        return READINESS_FAIL; /* senders that validate do not get it, RFC 4035 section 5.5 */
    }
    if (dns_state_is_temporary(state) || state == DNS_NOT_ASKED || state == DNS_CNAME_LOOP) {
        return READINESS_UNKNOWN;
    }
    if (sts->records.lenient_count == 0) {
        return READINESS_NOT_APPLICABLE;
    }
    return sts->records.valid && sts->records.quirks == 0 ? READINESS_PASS : READINESS_FAIL;
}

static enum readiness policy_result(const struct seen_domain *d, const struct sts_verdict *sts)
{
    if (d->policy == NULL || d->policy->outcome == POLICY_FETCH_NOT_ASKED) {
        return sts->records.lenient_count == 0 ? READINESS_NOT_APPLICABLE : READINESS_UNKNOWN;
    }
    enum policy_fetch f = d->policy->outcome;
    if (f == POLICY_FETCH_INTERRUPTED || f == POLICY_FETCH_LOCAL_FAULT ||
        (f == POLICY_FETCH_NOT_DIALLED && d->policy->not_tested != NOT_TESTED_SPECIAL_PURPOSE)) {
        return READINESS_UNKNOWN;
    }
    if (!policy_is_fetched(d->policy) || !sts->has_policy || !sts->policy.lenient_valid ||
        sts->policy_quirks != 0) { /* a sender that does not read it protects nothing */
        return READINESS_FAIL;
    }
    return of_truth(sts->certificate_passes);
}

static void meet_coverage(struct sts_readiness *out, const struct seen_domain *d,
                          const struct sts_verdict *sts)
{
    if (!sts->has_policy || !sts->policy.lenient_valid) {
        return;
    }
    for (size_t i = 0; i < d->mx_count; i++) {
        if (d->mx[i].unusable == NULL) {
            meet(&out->item[READINESS_MX_COVERED], sts->mx[i].covered, i, -1);
        }
    }
}

static enum readiness all_of(const struct sts_readiness *r)
{
    enum readiness all = READINESS_PASS;
    for (unsigned i = 0; i < READINESS_COUNT; i++) {
        if (readiness_item_is_advisory((enum readiness_item)i)) {
            continue;
        }
        if (r->item[i].result == READINESS_FAIL) {
            return READINESS_FAIL;
        }
        all = r->item[i].result == READINESS_UNKNOWN ? READINESS_UNKNOWN : all;
    }
    return all;
}

void sts_readiness_fill(struct sts_readiness *out, const struct seen_domain *d,
                        const struct sts_verdict *sts)
{
    *out = (struct sts_readiness){.ready = READINESS_NOT_APPLICABLE};
    for (unsigned i = 0; i < READINESS_COUNT; i++) {
        out->item[i] = (struct readiness_result){READINESS_NOT_APPLICABLE, -1, -1};
    }
    out->applicable =
        (d->mx_kind == MX_KIND_EXPLICIT || d->mx_kind == MX_KIND_IMPLICIT) && d->mx_count > 0;
    if (!out->applicable) {
        return;
    }
    meet_exchanges(out, d);
    out->item[READINESS_RECORD].result = record_result(d, sts);
    out->item[READINESS_POLICY].result = policy_result(d, sts);
    meet_coverage(out, d, sts);
    out->ready = all_of(out);
    bool none = out->item[READINESS_STARTTLS].result == READINESS_NOT_APPLICABLE;
    /* No address at all, exchanges beyond the cap; or a null MX among others (RFC 7505 section 3), after which some
     * senders bounce all mail. */
    if (out->ready == READINESS_PASS && (none || d->mx_total > d->mx_count || d->null_mx_beside)) {
        out->ready = READINESS_UNKNOWN;
    }
}
