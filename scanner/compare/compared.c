#include "scanner/compare/compared.h"

#include "scanner/base/codec.h"

void compared_texts_put(struct buf *out, struct compared_texts t)
{
    codec_put_count(out, t.count);
    codec_put_spans(out, t.at, t.count);
    codec_put_flag(out, t.partial);
}

struct compared_texts compared_texts_get(struct span *in, struct arena *a)
{
    size_t count = codec_get_count(in);
    const struct span *at = codec_get_spans(in, count, a);
    return (struct compared_texts){at, count, codec_get_flag(in)};
}

void compared_findings_put(struct buf *out, const struct compared_finding *f, size_t count)
{
    codec_put_count(out, count);
    for (size_t i = 0; i < count; i++) {
        codec_put_span(out, f[i].code);
        codec_put_word(out, f[i].severity);
        codec_put_word(out, f[i].place);
        codec_put_span(out, f[i].key);
    }
}

struct compared_finding *compared_findings_get(struct span *in, struct arena *a, size_t *count)
{
    *count = codec_get_count(in);
    struct compared_finding *list = arena_new(a, *count, sizeof(*list));
    for (size_t i = 0; i < *count; i++) {
        list[i].code = codec_get_span(in);
        list[i].severity = codec_get_word(in);
        list[i].place = codec_get_word(in);
        list[i].key = codec_get_span(in);
    }
    return list;
}

static void put_endpoint_observed(struct buf *out, const struct compared_endpoint *e)
{
    codec_put_span(out, e->service);
    codec_put_word(out, e->outcome);
    codec_put_word(out, e->not_tested);
    codec_put_word(out, e->starttls);
    codec_put_flag(out, e->unstable);
    codec_put_span(out, e->tls_version);
    codec_put_span(out, e->leaf);
    codec_put_span(out, e->key);
    codec_put_span(out, e->chain);
    codec_put_flag(out, e->ptr_known);
    compared_texts_put(out, e->ptr);
    codec_put_u8(out, e->versions_known);
    codec_put_u8(out, e->versions_accepted);
}

static void get_endpoint_observed(struct span *in, struct arena *a, struct compared_endpoint *e)
{
    e->service = codec_get_span(in);
    e->outcome = codec_get_word(in);
    e->not_tested = codec_get_word(in);
    e->starttls = codec_get_word(in);
    e->unstable = codec_get_flag(in);
    e->tls_version = codec_get_span(in);
    e->leaf = codec_get_span(in);
    e->key = codec_get_span(in);
    e->chain = codec_get_span(in);
    e->ptr_known = codec_get_flag(in);
    e->ptr = compared_texts_get(in, a);
    e->versions_known = codec_get_u8(in);
    e->versions_accepted = codec_get_u8(in);
}

void compared_host_put(struct buf *out, const struct compared_host *h, size_t *observed)
{
    size_t begin = out->len;
    codec_put_span(out, h->name);
    codec_put_word(out, h->a);
    codec_put_word(out, h->aaaa);
    compared_texts_put(out, h->addresses);
    codec_put_word(out, h->tlsa_state);
    compared_texts_put(out, h->tlsa);
    codec_put_word(out, h->dnssec);
    codec_put_count(out, h->endpoint_count);
    for (size_t i = 0; i < h->endpoint_count; i++) {
        put_endpoint_observed(out, &h->endpoints[i]);
    }
    *observed = out->len - begin;
    for (size_t i = 0; i < h->endpoint_count; i++) {
        const struct compared_endpoint *e = &h->endpoints[i];
        codec_put_word(out, e->dane);
        codec_put_span(out, e->chain_status);
        compared_findings_put(out, e->findings, e->finding_count);
    }
    compared_findings_put(out, h->findings, h->finding_count);
}

void compared_host_get(struct span octets, struct arena *a, struct compared_host *h)
{
    *h = (struct compared_host){.name = codec_get_span(&octets)};
    h->a = codec_get_word(&octets);
    h->aaaa = codec_get_word(&octets);
    h->addresses = compared_texts_get(&octets, a);
    h->tlsa_state = codec_get_word(&octets);
    h->tlsa = compared_texts_get(&octets, a);
    h->dnssec = codec_get_word(&octets);
    h->endpoint_count = codec_get_count(&octets);
    h->endpoints = arena_new(a, h->endpoint_count, sizeof(*h->endpoints));
    for (size_t i = 0; i < h->endpoint_count; i++) {
        get_endpoint_observed(&octets, a, &h->endpoints[i]);
    }
    for (size_t i = 0; i < h->endpoint_count; i++) {
        struct compared_endpoint *e = &h->endpoints[i];
        e->dane = codec_get_word(&octets);
        e->chain_status = codec_get_span(&octets);
        e->findings = compared_findings_get(&octets, a, &e->finding_count);
    }
    h->findings = compared_findings_get(&octets, a, &h->finding_count);
}

/* Most senders are decided by the same: each text once, then the number of the outcome that has it. */
static void put_decided_by(struct buf *out, const struct compared_domain *d, size_t i)
{
    size_t first = 0;
    while (!span_eq(d->outcomes[first].decided_by, d->outcomes[i].decided_by)) {
        first++;
    }
    codec_put_count(out, first);
    if (first == i) {
        codec_put_span(out, d->outcomes[i].decided_by);
    }
}

static struct span get_decided_by(struct span *in, const struct compared_domain *d, size_t i)
{
    size_t first = codec_get_count(in);
    return first == i ? codec_get_span(in) : d->outcomes[first].decided_by;
}

void compared_domain_put(struct buf *out, const struct compared_domain *d, size_t *observed)
{
    size_t begin = out->len;
    codec_put_span(out, d->name);
    codec_put_span(out, d->account);
    codec_put_span(out, d->reason);
    codec_put_word(out, d->mx_kind);
    codec_put_word(out, d->mx_dns);
    compared_texts_put(out, d->mx);
    compared_texts_put(out, d->hosts);
    codec_put_word(out, d->dnssec);
    codec_put_word(out, d->sts_dns);
    compared_texts_put(out, d->sts_txt);
    codec_put_span(out, d->policy_host);
    codec_put_word(out, d->fetch);
    codec_put_span(out, d->policy);
    codec_put_word(out, d->rpt_dns);
    compared_texts_put(out, d->rpt_txt);
    *observed = out->len - begin;
    codec_put_span(out, d->mx_operator);
    codec_put_span(out, d->sts_id);
    codec_put_span(out, d->sts_mode);
    codec_put_count(out, d->outcome_count);
    for (size_t i = 0; i < d->outcome_count; i++) {
        codec_put_span(out, d->outcomes[i].profile);
        codec_put_word(out, d->outcomes[i].best);
        codec_put_word(out, d->outcomes[i].worst);
        put_decided_by(out, d, i);
    }
    compared_findings_put(out, d->findings, d->finding_count);
}

static void get_compared_outcomes(struct span *in, struct arena *a, struct compared_domain *d)
{
    d->outcome_count = codec_get_count(in);
    d->outcomes = arena_new(a, d->outcome_count, sizeof(*d->outcomes));
    for (size_t i = 0; i < d->outcome_count; i++) {
        d->outcomes[i].profile = codec_get_span(in);
        d->outcomes[i].best = codec_get_word(in);
        d->outcomes[i].worst = codec_get_word(in);
        d->outcomes[i].decided_by = get_decided_by(in, d, i);
    }
}

void compared_domain_get(struct span octets, struct arena *a, struct compared_domain *d)
{
    *d = (struct compared_domain){.name = codec_get_span(&octets)};
    d->account = codec_get_span(&octets);
    d->reason = codec_get_span(&octets);
    d->mx_kind = codec_get_word(&octets);
    d->mx_dns = codec_get_word(&octets);
    d->mx = compared_texts_get(&octets, a);
    d->hosts = compared_texts_get(&octets, a);
    d->dnssec = codec_get_word(&octets);
    d->sts_dns = codec_get_word(&octets);
    d->sts_txt = compared_texts_get(&octets, a);
    d->policy_host = codec_get_span(&octets);
    d->fetch = codec_get_word(&octets);
    d->policy = codec_get_span(&octets);
    d->rpt_dns = codec_get_word(&octets);
    d->rpt_txt = compared_texts_get(&octets, a);
    d->mx_operator = codec_get_span(&octets);
    d->sts_id = codec_get_span(&octets);
    d->sts_mode = codec_get_span(&octets);
    get_compared_outcomes(&octets, a, d);
    d->findings = compared_findings_get(&octets, a, &d->finding_count);
}
