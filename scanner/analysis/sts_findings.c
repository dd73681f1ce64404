#include "scanner/analysis/sts_findings.h"

#include "scanner/analysis/policy_evidence.h"
#include "scanner/base/check.h"

static enum severity lesser(enum severity a, enum severity b)
{
    return a < b ? a : b;
}

enum severity sts_severity(const struct sts_verdict *v)
{
    if (v->has_policy && v->policy.mode == STS_MODE_TESTING) {
        return SEVERITY_WARNING;
    }
    return v->has_policy && v->policy.mode == STS_MODE_NONE ? SEVERITY_NOTICE : SEVERITY_ERROR;
}

/* --- the record -------------------------------------------------------------------------------- */

static void put_sts_question(struct buf *evidence, const struct seen_domain *d)
{
    buf_put_text(evidence, "TXT _mta-sts.");
    evidence_put(evidence, d->domain);
    buf_put_text(evidence, ": ");
}

static enum finding_code sts_record_code(enum sts_record_fault f)
{
    switch (f) {
#define X(name)             \
    case STS_RECORD_##name: \
        return FINDING_STS_RECORD_##name;
        STS_RECORD_FAULTS(X)
#undef X
    case STS_RECORD_FAULT_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_record_fault");
}

/* A fault beside a record that is valid costs only what a forgiving sender makes of it. */
static enum severity sts_record_severity(const struct sts_verdict *v)
{
    return v->records.valid ? lesser(SEVERITY_WARNING, sts_severity(v)) : sts_severity(v);
}

static void sts_record_findings(const struct seen_domain *d, const struct sts_verdict *v,
                                struct findings *out)
{
    for (unsigned i = 0; i < STS_RECORD_FAULT_COUNT; i++) {
        enum sts_record_fault fault = (enum sts_record_fault)i;
        if (sts_records_have(&v->records, fault)) {
            struct buf *evidence =
                findings_add_at_most(out, sts_record_code(fault), sts_record_severity(v));
            put_sts_question(evidence, d);
            evidence_put(evidence, v->records.evidence[i]);
        }
    }
    if (d->mta_sts_cname_count > 0 && v->records.lenient_count > 0) {
        struct buf *evidence = findings_add_max(out, FINDING_STS_RECORD_VIA_CNAME);
        buf_put_text(evidence, "_mta-sts.");
        evidence_put_links(evidence, d->domain, d->mta_sts_cnames, d->mta_sts_cname_count);
    }
}

static void put_sts_quirks(struct buf *evidence, uint32_t quirks, const struct vocabulary *words)
{
    size_t count = 0;
    for (unsigned q = 0; q < words->count; q++) {
        if ((quirks >> q & 1U) != 0 && evidence_next(evidence, &count)) {
            buf_put_text(evidence, vocabulary_word(words, q));
        }
    }
    evidence_end(evidence, count);
}

/* What no sender reads has findings of its own. */
static void reader_finding(const struct sts_verdict *v, struct findings *out)
{
    bool policy = v->has_policy && v->policy.readable;
    uint32_t of_policy = policy ? v->policy_quirks : 0;
    if (!v->records.readable || (v->has_policy && !policy) ||
        (v->records.quirks | of_policy) == 0) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_STS_READERS_DIFFER);
    if (v->records.quirks != 0) {
        buf_put_text(evidence, "record: ");
        put_sts_quirks(evidence, v->records.quirks, &sts_record_quirk_vocabulary);
    }
    if (of_policy != 0) {
        buf_put_text(evidence, v->records.quirks != 0 ? "; policy: " : "policy: ");
        put_sts_quirks(evidence, of_policy, &sts_policy_quirk_vocabulary);
    }
}

static void sts_question_findings(const struct seen_domain *d, const struct sts_verdict *v,
                                  struct findings *out)
{
    if (dns_question_failed(&d->mta_sts.dns)) {
        struct buf *evidence = findings_add_max(out, FINDING_STS_DNS_FAILED);
        put_sts_question(evidence, d);
        evidence_put_dns(evidence, &d->mta_sts.dns);
    } else if (v->state == STS_STATE_NONE) {
        struct buf *evidence = findings_add_max(out, FINDING_STS_ABSENT);
        put_sts_question(evidence, d);
        evidence_put_dns(evidence, &d->mta_sts.dns);
    }
}

/* --- what can be used of the policy ------------------------------------------------------------ */

static void no_policy_finding(const struct seen_domain *d, const struct sts_verdict *v,
                              struct findings *out)
{
    struct buf *evidence = findings_add_at_most(out, FINDING_STS_NO_POLICY, sts_severity(v));
    evidence_put(evidence, d->policy->policy_host);
    buf_putf(evidence, ": %s", sts_state_word(v->state));
    if (v->state == STS_STATE_FETCH_FAILED) {
        buf_putf(evidence, ", %s", policy_fetch_word(d->policy->outcome));
    }
}

static void put_max_age(struct buf *evidence, const struct sts_policy *policy)
{
    buf_put_text(evidence, ", max_age ");
    buf_put_u64(evidence, policy->max_age);
}

static void mode_findings(const struct seen_domain *d, const struct sts_verdict *v,
                          struct findings *out)
{
    switch (v->state) {
    case STS_STATE_UNKNOWN:
    case STS_STATE_NONE:
    case STS_STATE_RECORD_INVALID: /* nothing is fetched for what is no record */
    case STS_STATE_ENFORCE:
        return;
    case STS_STATE_FETCH_FAILED:
    case STS_STATE_CERTIFICATE_INVALID:
    case STS_STATE_POLICY_INVALID:
        no_policy_finding(d, v, out);
        return;
    case STS_STATE_MODE_NONE: {
        struct buf *evidence = findings_add_max(out, FINDING_STS_MODE_NONE);
        buf_put_text(evidence, "mode none");
        put_max_age(evidence, &v->policy);
        return;
    }
    case STS_STATE_TESTING: {
        struct buf *evidence = findings_add_max(out, FINDING_STS_MODE_TESTING);
        buf_put_text(evidence, "mode testing");
        put_max_age(evidence, &v->policy);
        return;
    }
    case STS_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_state");
}

/* --- exchanges --------------------------------------------------------------------------------- */

static void put_sts_name(struct buf *evidence, const struct seen_domain *d,
                         const struct seen_mx *mx)
{
    evidence_put(evidence, d->mx_kind == MX_KIND_IMPLICIT ? d->domain : mx->host);
}

static void coverage_finding(const struct seen_domain *d, const struct sts_verdict *v,
                             struct findings *out)
{
    struct buf *evidence = NULL;
    size_t count = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (v->mx[i].covered != TRUTH_NO) {
            continue;
        }
        if (evidence == NULL) {
            evidence = findings_add_at_most(out, FINDING_STS_MX_NOT_COVERED, sts_severity(v));
        }
        if (evidence_next(evidence, &count)) {
            put_sts_name(evidence, d, &d->mx[i]);
            buf_putf(evidence, " (%s)", sts_mismatch_word(v->mx[i].mismatch));
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

/* Why an endpoint is refused: the first test of a sender that it fails. */
static enum finding_code endpoint_fault(const struct endpoint_brief *e)
{
    if (property_of(PROPERTY_STARTTLS, e) == TRUTH_NO) {
        return FINDING_STS_MX_NO_STARTTLS;
    }
    if (property_of(PROPERTY_ESTABLISHED, e) == TRUTH_NO) {
        return FINDING_STS_MX_TLS_FAILED;
    }
    if (property_of(PROPERTY_ACCEPTABLE, e) == TRUTH_NO) {
        return FINDING_STS_MX_CERTIFICATE;
    }
    return property_of(PROPERTY_TLS1_2_OR_NEWER, e) == TRUTH_NO ? FINDING_STS_MX_TLS_VERSION
                                                                : FINDING_COUNT;
}

static void put_endpoint(struct buf *evidence, const struct seen_domain *d,
                         const struct seen_mx *mx, const struct endpoint_brief *e,
                         enum finding_code code)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&e->address, text);
    put_sts_name(evidence, d, mx);
    buf_putf(evidence, " %s", text);
    if (code == FINDING_STS_MX_CERTIFICATE) {
        buf_putf(evidence, " (chain %s, name %s)",
                 chain_status_word((enum chain_status)e->chain.status),
                 name_match_word((enum name_match)e->name_match));
    } else if (code == FINDING_STS_MX_TLS_FAILED) {
        buf_putf(evidence, " (%s)", outcome_info((enum session_outcome)e->outcome)->word);
    }
}

static void endpoint_finding(const struct seen_domain *d, const struct sts_verdict *v,
                             enum finding_code code, struct findings *out)
{
    uint16_t port = domain_port(d);
    struct buf *evidence = NULL;
    size_t count = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            const struct endpoint_brief *e = &d->mx[i].endpoints[k];
            if (port != PORT_SMTP || !sts_endpoint_counts(e, port) || endpoint_fault(e) != code) {
                continue;
            }
            if (evidence == NULL) {
                evidence = findings_add_at_most(out, code, sts_severity(v));
            }
            if (evidence_next(evidence, &count)) {
                put_endpoint(evidence, d, &d->mx[i], e, code);
            }
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

static void pattern_finding(const struct seen_domain *d, const struct sts_verdict *v,
                            struct findings *out)
{
    struct buf *evidence = NULL;
    size_t count = 0;
    if (d->mx_count == 0 || d->mx_total > d->mx_count) {
        return; /* it may cover one that is not known */
    }
    for (size_t i = 0; i < v->policy.mx_count; i++) {
        if (v->pattern_used[i]) {
            continue;
        }
        if (evidence == NULL) {
            evidence = findings_add_at_most(out, FINDING_STS_PATTERN_UNUSED, sts_severity(v));
        }
        if (evidence_next(evidence, &count)) {
            evidence_put(evidence, v->policy.mx[i]);
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

/* --- what becomes of mail ---------------------------------------------------------------------- */

/* Exchanges that senders can go to. */
struct passing {
    size_t all;
    size_t fail;    /* not covered, or fail at some address */
    size_t refused; /* not covered, or fail at every address */
};

static bool sts_is_refused(const struct seen_domain *d, const struct sts_verdict *v, size_t index)
{
    const struct sts_mx *mx = &v->mx[index];
    return mx->covered == TRUTH_NO || (mx->endpoints.no > 0 && mx->endpoints.yes == 0 &&
                                       mx->endpoints.unknown == 0 && !mx_is_open(d, &d->mx[index]));
}

/* @param primary only those of the lowest preference at which there is one */
static struct passing passing_of(const struct seen_domain *d, const struct sts_verdict *v,
                                 bool primary)
{
    struct passing p = {0};
    for (size_t i = 0; i < d->mx_count; i++) {
        if (primary && p.all > 0 && d->mx[i].preference != d->mx[i - 1].preference) {
            return p;
        }
        if (sts_mx_counts(d, v, i)) {
            p.all++;
            p.fail += sts_mx_passes(d, v, i) == TRUTH_NO;
            p.refused += sts_is_refused(d, v, i);
        }
    }
    return p;
}

static void put_passing(struct buf *evidence, const struct passing *p)
{
    buf_putf(evidence, "MX hosts: %zu, failing: %zu, failing only at some address: %zu", p->all,
             p->refused, p->fail - p->refused);
}

static void sts_outcome_findings(const struct seen_domain *d, const struct sts_verdict *v,
                                 struct findings *out)
{
    struct passing all = passing_of(d, v, false);
    struct passing primary = passing_of(d, v, true);
    bool whole = d->mx_total <= d->mx_count;
    if (all.fail == 0) {
        return;
    }
    if (v->state == STS_STATE_TESTING) {
        put_passing(findings_add_max(out, FINDING_STS_WOULD_FAIL), &all);
    } else if (whole && all.refused == all.all) {
        put_passing(findings_add_max(out, FINDING_STS_DELIVERY_FAILURE), &all);
    } else {
        /* RFC 8461 section 8.4: senders go on to the next exchange. */
        enum severity severity = primary.refused == primary.all ? SEVERITY_ERROR : SEVERITY_WARNING;
        put_passing(findings_add(out, FINDING_STS_PARTIAL_FAILURE, severity), &all);
    }
}

static void exchange_findings(const struct seen_domain *d, const struct sts_verdict *v,
                              struct findings *out)
{
    static const enum finding_code codes[] = {FINDING_STS_MX_NO_STARTTLS, FINDING_STS_MX_TLS_FAILED,
                                              FINDING_STS_MX_CERTIFICATE,
                                              FINDING_STS_MX_TLS_VERSION};
    coverage_finding(d, v, out);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        endpoint_finding(d, v, codes[i], out);
    }
    if (v->state != STS_STATE_MODE_NONE) {
        pattern_finding(d, v, out);
        sts_outcome_findings(d, v, out);
    }
}

void sts_findings_of_domain(const struct seen_domain *d, const struct sts_verdict *v,
                            struct findings *out)
{
    if (d->mx_kind == MX_KIND_NULL_MX && v->records.lenient_count > 0) {
        put_sts_question(findings_add_max(out, FINDING_STS_NULL_MX), d);
        buf_putf(&out->text, "a record, %s", sts_state_word(v->state));
    }
    if (!domain_takes_mail(d)) {
        return;
    }
    sts_question_findings(d, v, out);
    sts_record_findings(d, v, out);
    reader_finding(v, out);
    mode_findings(d, v, out);
    if (v->state == STS_STATE_ENFORCE || v->state == STS_STATE_TESTING ||
        v->state == STS_STATE_MODE_NONE) {
        exchange_findings(d, v, out);
    }
}
