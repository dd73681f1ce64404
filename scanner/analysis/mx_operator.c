#include "scanner/analysis/mx_operator.h"

#include "scanner/analysis/rollup.h"

/* --- the judgement --------------------------------------------------------------------------- */

static struct span operator_name(const struct operator_list *operators, struct span domain)
{
    struct span name = domain;
    (void)operator_list_find(operators, domain, &name);
    return name;
}

static bool is_listed(const struct operator_list *operators, struct span domain)
{
    struct span name;
    return operator_list_find(operators, domain, &name);
}

static bool is_same_operator(const struct operator_list *operators, struct span a, struct span b)
{
    return span_eq(operator_name(operators, a), operator_name(operators, b));
}

static struct operator_verdict by(enum operator_source source, struct span domain,
                                  const struct operator_list *operators)
{
    return (struct operator_verdict){operator_name(operators, domain), source};
}

static struct operator_verdict by_mx_name(struct span domain, const struct operator_list *operators)
{
    if (domain.len == 0) {
        return (struct operator_verdict){.source = OPERATOR_UNKNOWN};
    }
    return by(is_listed(operators, domain) ? OPERATOR_DATASET : OPERATOR_MX_NAME, domain,
              operators);
}

/* The certificate for the host is for the domain of the host: the operator's, or one that a customer brought and
 * the server picks by SNI. */
static struct operator_verdict judge_own(const struct operator_evidence *e, struct span own,
                                         struct span without_sni,
                                         const struct operator_list *operators)
{
    bool picked = without_sni.len > 0 && !is_same_operator(operators, without_sni, own);
    bool only_one = without_sni.len > 0 && !picked;
    if (only_one || is_listed(operators, own)) {
        return by(OPERATOR_CERTIFICATE, own, operators);
    }
    bool named_otherwise = e->banner.len > 0 && !is_same_operator(operators, e->banner, own);
    if (picked && (is_listed(operators, without_sni) ||
                   (e->banner.len > 0 && is_same_operator(operators, e->banner, without_sni)))) {
        return by(OPERATOR_CERTIFICATE, without_sni, operators);
    }
    if (named_otherwise) {
        return by(OPERATOR_BANNER, e->banner, operators);
    }
    /* The default certificate of a stranger: another customer's, perhaps. */
    return picked && e->banner.len == 0 ? by_mx_name(e->mx_domain, operators)
                                        : by(OPERATOR_CERTIFICATE, own, operators);
}

static struct span if_trusted(struct span domain, enum chain_status status)
{
    return status == CHAIN_TRUSTED ? domain : (struct span){0};
}

struct operator_verdict operator_judge(const struct operator_evidence *e,
                                       const struct operator_list *operators)
{
    struct span with = if_trusted(e->certificate, e->chain);
    struct span without = if_trusted(e->default_certificate, e->default_chain);
    struct span own = with.len > 0 ? with : without;
    if (own.len > 0 && e->mx_domain.len > 0 && is_same_operator(operators, own, e->mx_domain)) {
        return judge_own(e, own, without, operators);
    }
    if (own.len > 0) {
        return by(OPERATOR_CERTIFICATE, own, operators);
    }
    return e->banner.len > 0 ? by(OPERATOR_BANNER, e->banner, operators)
                             : by_mx_name(e->mx_domain, operators);
}

/* --- of hosts and domains --------------------------------------------------------------------- */

static void add_operator(struct operator_set *set, struct span name, enum operator_source source)
{
    size_t at = 0;
    set->source = set->source == OPERATOR_UNKNOWN || source < set->source ? source : set->source;
    while (at < set->count && span_cmp(set->name[at], name) < 0) {
        at++;
    }
    if (at == OPERATORS_MAX || (at < set->count && span_eq(set->name[at], name))) {
        return;
    }
    size_t last = set->count < OPERATORS_MAX ? set->count++ : OPERATORS_MAX - 1;
    memmove(&set->name[at + 1], &set->name[at], (last - at) * sizeof(set->name[0]));
    set->name[at] = name;
}

/* @return false: none of them was seen to say it */
static bool add_seen(struct operator_set *set, const struct endpoint_brief *endpoints, size_t count,
                     uint16_t port)
{
    bool some = false;
    for (size_t i = 0; i < count; i++) {
        const struct endpoint_brief *e = &endpoints[i];
        bool seen =
            e->operator_source == OPERATOR_CERTIFICATE || e->operator_source == OPERATOR_BANNER;
        if (seen && (port == PORT_ALL || e->port == port)) {
            add_operator(set, e->mx_operator, (enum operator_source)e->operator_source);
            some = true;
        }
    }
    return some;
}

static void add_named(struct operator_set *set, struct span registrable,
                      const struct operator_list *operators)
{
    struct operator_verdict v = by_mx_name(registrable, operators);
    if (v.source != OPERATOR_UNKNOWN) {
        add_operator(set, v.name, v.source);
    }
}

static void close_set(struct operator_set *set)
{
    if (set->count != 1) {
        set->source = OPERATOR_UNKNOWN;
    }
}

void operators_of_host(const struct seen_host *h, const struct operator_list *operators,
                       struct operator_set *out)
{
    out->count = 0;
    out->source = OPERATOR_UNKNOWN;
    if (!add_seen(out, h->endpoints, h->endpoint_count, host_port(h))) {
        add_named(out, h->registrable, operators);
    }
    close_set(out);
}

static bool preference_has_address(const struct seen_domain *d, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (d->mx[i].endpoint_count > 0) {
            return true;
        }
    }
    return false;
}

void operators_of_domain(const struct seen_domain *d, const struct operator_list *operators,
                         struct operator_set *out)
{
    size_t from = 0;
    out->count = 0;
    out->source = OPERATOR_UNKNOWN;
    while (from < d->mx_count && !preference_has_address(d, from, preference_end(d, from))) {
        from = preference_end(d, from);
    }
    from = from < d->mx_count ? from : 0;
    size_t to = d->mx_count > 0 ? preference_end(d, from) : 0;
    for (size_t i = from; i < to; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (!add_seen(out, mx->endpoints, mx->endpoint_count, domain_port(d)) &&
            d->mx_kind == MX_KIND_EXPLICIT && mx->unusable == NULL) {
            add_named(out, mx->registrable, operators);
        }
    }
    close_set(out);
}
