#include "scanner/analysis/domain_verdict.h"

void domain_verdict_init(struct domain_verdict *v)
{
    *v = (struct domain_verdict){0};
    sts_verdict_init(&v->sts);
}

void domain_verdict_deinit(struct domain_verdict *v)
{
    sts_verdict_deinit(&v->sts);
    delivery_harm_deinit(&v->harm);
}

void domain_verdict_fill(struct domain_verdict *v, const struct seen_domain *d,
                         const struct judging_terms *terms)
{
    sts_verdict_fill(&v->sts, d);
    tls_rpt_records_read(d->tls_rpt.texts, d->tls_rpt.count, &v->tls_rpt);
    dane_domain_fill(&v->dane, d, terms->trust_ad);
    delivery_harm_reset(&v->harm);
    v->profiles = terms->profiles;
    deliveries_fill_with_harm(&v->deliveries, &v->harm, terms->profiles, d, &v->sts, &v->dane);
    sts_readiness_fill(&v->readiness, d, &v->sts);
    operators_of_domain(d, terms->operators, &v->operators);
}
