#include "scanner/analysis/tls_rpt_findings.h"

#include "scanner/analysis/policy_evidence.h"
#include "scanner/base/check.h"

static void put_tls_rpt_question(struct buf *evidence, const struct seen_domain *d)
{
    buf_put_text(evidence, "TXT _smtp._tls.");
    evidence_put(evidence, d->domain);
    buf_put_text(evidence, ": ");
}

static enum finding_code tls_rpt_record_code(enum tls_rpt_fault f)
{
    switch (f) {
#define X(name)          \
    case TLS_RPT_##name: \
        return FINDING_TLSRPT_##name;
        TLS_RPT_FAULTS(X)
#undef X
    case TLS_RPT_FAULT_COUNT:
        break;
    }
    UNREACHABLE("unknown tls_rpt_fault");
}

static void tls_rpt_record_findings(const struct seen_domain *d, const struct tls_rpt_records *r,
                                    struct findings *out)
{
    /* Beside a record that is valid no report is lost. */
    enum severity most = r->valid ? SEVERITY_NOTICE : SEVERITY_ERROR;
    for (unsigned i = 0; i < TLS_RPT_FAULT_COUNT; i++) {
        enum tls_rpt_fault fault = (enum tls_rpt_fault)i;
        if (tls_rpt_have(r, fault)) {
            struct buf *evidence = findings_add_at_most(out, tls_rpt_record_code(fault), most);
            put_tls_rpt_question(evidence, d);
            evidence_put(evidence, r->evidence[i]);
        }
    }
}

static void tls_rpt_question_findings(const struct seen_domain *d, const struct tls_rpt_records *r,
                                      struct findings *out)
{
    const struct seen_dns *dns = &d->tls_rpt.dns;
    bool denied = dns->state == DNS_NODATA || dns->state == DNS_NXDOMAIN;
    if (dns_question_failed(dns)) {
        struct buf *evidence = findings_add_max(out, FINDING_TLSRPT_DNS_FAILED);
        put_tls_rpt_question(evidence, d);
        evidence_put_dns(evidence, dns);
    } else if (denied || (dns->state == DNS_DATA && r->lenient_count == 0)) {
        struct buf *evidence = findings_add_max(out, FINDING_TLSRPT_ABSENT);
        put_tls_rpt_question(evidence, d);
        evidence_put_dns(evidence, dns);
    }
}

static bool is_at_or_below(struct span name, struct span parent)
{
    if (name.len <= parent.len) {
        return span_ieq(name, parent);
    }
    size_t front = name.len - parent.len;
    return name.at[front - 1] == '.' && span_ieq(span_drop(name, front), parent);
}

static void external_finding(const struct seen_domain *d, const struct tls_rpt_records *r,
                             struct findings *out)
{
    struct span own = d->registrable.len > 0 ? d->registrable : d->domain;
    struct buf *evidence = NULL;
    size_t count = 0;
    for (size_t i = 0; i < r->rua_count; i++) {
        struct span to = tls_rpt_uri_domain(r->rua[i]);
        if (to.len == 0 || is_at_or_below(to, own)) {
            continue;
        }
        if (evidence == NULL) {
            evidence = findings_add_max(out, FINDING_TLSRPT_EXTERNAL_DOMAIN);
        }
        if (evidence_next(evidence, &count)) {
            evidence_put(evidence, to);
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

/* Both have to be known to be missing. */
static bool has_no_policy(const struct domain_verdict *v)
{
    return v->sts.state == STS_STATE_NONE &&
           (v->dane.state == DANE_DOMAIN_NONE || v->dane.state == DANE_DOMAIN_INEFFECTIVE);
}

void tls_rpt_findings_of_domain(const struct seen_domain *d, const struct domain_verdict *v,
                                struct findings *out)
{
    const struct tls_rpt_records *r = &v->tls_rpt;
    if (!domain_takes_mail(d)) {
        return;
    }
    tls_rpt_question_findings(d, r, out);
    tls_rpt_record_findings(d, r, out);
    if (r->valid) {
        external_finding(d, r, out);
    }
    if (r->valid && has_no_policy(v)) {
        struct buf *evidence = findings_add_max(out, FINDING_TLSRPT_WITHOUT_POLICY);
        buf_putf(evidence, "MTA-STS %s, DANE %s", sts_state_word(v->sts.state),
                 dane_domain_word(v->dane.state));
    }
}
