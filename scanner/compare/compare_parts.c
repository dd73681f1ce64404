#include "scanner/compare/rules.h"

bool dns_state_is_answer(enum dns_state s)
{
    return s == DNS_DATA || s == DNS_NODATA || s == DNS_NXDOMAIN;
}

bool compared_domain_is_sound(const struct compared_domain *d)
{
    return !dns_state_is_ours(d->mx_dns) && !span_eq(d->reason, SPAN_LIT("local_fault")) &&
           !span_eq(d->reason, SPAN_LIT("interrupted"));
}

enum tested_depth compared_endpoint_depth(const struct compared_endpoint *e)
{
    if (e->outcome == OUTCOME_NOT_TESTED || e->outcome == OUTCOME_LOCAL_FAULT) {
        return TESTED_NOT;
    }
    const struct outcome_info *info = outcome_info(e->outcome);
    if (!info->conclusive) {
        return TESTED_CONNECTION;
    }
    if (info->before_tls) {
        return TESTED_STARTTLS;
    }
    return e->leaf.len > 0 ? TESTED_CERTIFICATE : TESTED_HANDSHAKE;
}

bool compared_endpoint_is_our_fault(const struct compared_endpoint *e)
{
    return e->outcome == OUTCOME_LOCAL_FAULT || e->not_tested == NOT_TESTED_LOCAL_FAULT ||
           e->not_tested == NOT_TESTED_INTERRUPTED;
}

bool compared_host_has_gap(const struct compared_host *h)
{
    return dns_state_is_ours(h->a) || dns_state_is_ours(h->aaaa) ||
           dns_state_is_ours(h->tlsa_state);
}

bool compared_records_have_gap(const struct compared_domain *d)
{
    return dns_state_is_ours(d->sts_dns) || dns_state_is_ours(d->rpt_dns);
}

bool policy_fetch_is_ours(enum policy_fetch f)
{
    return f == POLICY_FETCH_LOCAL_FAULT || f == POLICY_FETCH_INTERRUPTED;
}

const struct compared_endpoint *compared_endpoint_find(const struct compared_host *h,
                                                       struct span service)
{
    for (size_t i = 0; i < h->endpoint_count; i++) {
        if (span_eq(h->endpoints[i].service, service)) {
            return &h->endpoints[i];
        }
    }
    return NULL;
}

bool texts_are_whole(struct compared_texts a, struct compared_texts b)
{
    return !a.partial && !b.partial;
}

bool texts_are_equal(struct compared_texts a, struct compared_texts b)
{
    if (!texts_are_whole(a, b)) {
        return (a.count == 0) == (b.count == 0);
    }
    bool equal = a.count == b.count;
    for (size_t i = 0; i < a.count && equal; i++) {
        equal = span_eq(a.at[i], b.at[i]) || (texts_have(b, a.at[i]) && texts_have(a, b.at[i]));
    }
    return equal;
}

bool texts_have(struct compared_texts list, struct span text)
{
    for (size_t i = 0; i < list.count; i++) {
        if (span_eq(list.at[i], text)) {
            return true;
        }
    }
    return false;
}

void texts_join(struct buf *out, struct compared_texts list)
{
    for (size_t i = 0; i < list.count; i++) {
        buf_put_text(out, i > 0 ? ", " : "");
        buf_put(out, list.at[i]);
    }
}
