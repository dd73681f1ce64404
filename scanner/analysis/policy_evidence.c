#include "scanner/analysis/policy_evidence.h"

struct buf *findings_add_at_most(struct findings *out, enum finding_code code, enum severity most)
{
    enum severity max = finding_info(code)->severity_max;
    return findings_add(out, code, most < max ? most : max);
}

void evidence_put_links(struct buf *evidence, struct span name, const struct span *links,
                        size_t count)
{
    evidence_put(evidence, name);
    for (size_t i = 0; i < count; i++) {
        buf_put_text(evidence, " -> ");
        evidence_put(evidence, links[i]);
    }
}

void evidence_put_dns(struct buf *evidence, const struct seen_dns *dns)
{
    buf_put_text(evidence, dns_state_word((enum dns_state)dns->state));
    if (dns->rcode != 0 && dns->rcode != UINT8_MAX) {
        buf_putf(evidence, " (rcode %u)", dns->rcode);
    }
    if (dns->ede >= 0) {
        buf_putf(evidence, " (extended error %d)", dns->ede);
    }
}

bool evidence_next(struct buf *evidence, size_t *count)
{
    if (++*count > EVIDENCE_LIST_MAX) {
        return false;
    }
    buf_put_text(evidence, *count > 1 ? ", " : "");
    return true;
}

void evidence_end(struct buf *evidence, size_t count)
{
    if (count > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", count - EVIDENCE_LIST_MAX);
    }
}

bool dns_question_failed(const struct seen_dns *dns)
{
    enum dns_state state = (enum dns_state)dns->state;
    bool ours = dns_state_is_ours(state) || state == DNS_CNAME_LIMIT;
    return state == DNS_CNAME_LOOP || (dns_state_is_temporary(state) && !ours);
}

bool domain_takes_mail(const struct seen_domain *d)
{
    return d->mx_kind == MX_KIND_EXPLICIT || d->mx_kind == MX_KIND_IMPLICIT ||
           d->mx_kind == MX_KIND_UNKNOWN;
}
