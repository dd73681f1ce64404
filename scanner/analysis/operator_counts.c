#include "scanner/analysis/operator_counts.h"

#define LISTED(p) p,
const enum property operator_properties[OPERATOR_PROPERTY_COUNT] = {OPERATOR_PROPERTIES(LISTED)};
#undef LISTED

void operator_counts_add(struct operator_counts *into, const struct operator_counts *from)
{
    into->domains += from->domains;
    into->hosts += from->hosts;
    into->services += from->services;
    into->endpoints += from->endpoints;
    into->endpoints_inferred += from->endpoints_inferred;
    tally_merge(&into->mta_sts, &from->mta_sts);
    for (size_t i = 0; i < OPERATOR_PROPERTY_COUNT; i++) {
        tally_merge(&into->domain[i], &from->domain[i]);
        tally_merge(&into->endpoint[i], &from->endpoint[i]);
    }
}

static enum truth truth_of_rollup(enum rollup r)
{
    return r == ROLLUP_UNKNOWN ? TRUTH_UNKNOWN : r == ROLLUP_ALL ? TRUTH_YES : TRUTH_NO;
}

static enum truth policy_in_force(enum sts_state state)
{
    if (state == STS_STATE_UNKNOWN) {
        return TRUTH_UNKNOWN;
    }
    return state == STS_STATE_TESTING || state == STS_STATE_ENFORCE ? TRUTH_YES : TRUTH_NO;
}

void operator_counts_add_domain(struct operator_counts *c, const struct seen_domain *d,
                                const struct domain_verdict *v)
{
    struct roll_up r = roll_up_primary(d, domain_port(d));
    c->domains++;
    tally_add(&c->mta_sts, policy_in_force(v->sts.state));
    for (size_t i = 0; i < OPERATOR_PROPERTY_COUNT; i++) {
        enum truth truth = roll_up_is_empty(&r)
                               ? TRUTH_UNKNOWN
                               : truth_of_rollup(roll_up_value(&r, operator_properties[i]));
        tally_add(&c->domain[i], truth);
    }
}

void operator_counts_add_endpoint(struct operator_counts *c, const struct endpoint_brief *e)
{
    c->endpoints++;
    c->endpoints_inferred += e->basis == BASIS_INFERRED;
    for (size_t i = 0; i < OPERATOR_PROPERTY_COUNT; i++) {
        tally_add(&c->endpoint[i], property_of(operator_properties[i], e));
    }
}

bool domain_has_operator(const struct seen_domain *d)
{
    return domain_is_asked(d) && d->mx_count > 0 &&
           (d->mx_kind == MX_KIND_EXPLICIT || d->mx_kind == MX_KIND_IMPLICIT);
}

struct operator_verdict operator_of_service(const struct seen_service *s,
                                            const struct operator_list *operators)
{
    const struct operator_evidence e = {.default_certificate = s->certificate_domain,
                                        .default_chain = (enum chain_status)s->chain.status,
                                        .banner = s->banner_domain};
    return operator_judge(&e, operators);
}
