#include "scanner/analysis/policy_counts.h"

#include <stdlib.h>

#include "scanner/analysis/account.h"
#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"

const struct vocabulary manager_vocabulary = VOCABULARY_WORDS(MANAGERS);

const struct vocabulary dane_manager_vocabulary = VOCABULARY_WORDS(DANE_MANAGERS);

void policy_counts_deinit(struct policy_counts *c)
{
    free(c->tld);
    map_deinit(&c->tld_index);
}

static struct tld_counts *tld_of(struct policy_counts *c, struct span tld)
{
    bool added = false;
    uint64_t *at = map_add(&c->tld_index, hash_key_of(tld), c->tld_count, &added);
    if (added) {
        c->tld = memory_grow_list(c->tld, c->tld_count, sizeof(*c->tld));
        struct tld_counts *t = &c->tld[c->tld_count++];
        *t = (struct tld_counts){0};
        memcpy(t->tld, tld.at, tld.len < sizeof(t->tld) ? tld.len : sizeof(t->tld) - 1);
        return t;
    }
    return &c->tld[*at];
}

/* --- who runs it --------------------------------------------------------------------------- */

static bool is_under(struct span name, struct span domain)
{
    if (!span_ends_with(name, domain)) {
        return false;
    }
    return name.len == domain.len || name.at[name.len - domain.len - 1] == '.';
}

/* A link that leads out of the registrable domain leads to somebody else (IMC 2025, section 4.3.3). */
static enum manager policy_manager(const struct seen_domain *d)
{
    const struct seen_policy *p = d->policy;
    if (p == NULL || d->registrable.len == 0) {
        return MANAGER_UNKNOWN;
    }
    for (size_t i = 0; i < p->cname_count; i++) {
        if (!is_under(p->cnames[i], d->registrable)) {
            return MANAGER_OTHER;
        }
    }
    return p->cname_count > 0 || p->address_count > 0 ? MANAGER_SELF : MANAGER_UNKNOWN;
}

static enum manager mail_manager(const struct seen_domain *d)
{
    enum manager manager = MANAGER_UNKNOWN;
    for (size_t i = 0; i < d->mx_count && d->registrable.len > 0; i++) {
        if (d->mx[i].unusable != NULL || d->mx[i].name_kind == MX_NAME_ADDRESS_LITERAL) {
            continue;
        }
        if (!is_under(d->mx[i].host, d->registrable)) {
            return MANAGER_OTHER;
        }
        manager = MANAGER_SELF;
    }
    return manager;
}

static enum manager dns_manager(const struct seen_domain *d)
{
    enum manager manager = MANAGER_UNKNOWN;
    for (size_t i = 0; i < d->ns_count && d->registrable.len > 0; i++) {
        if (!is_under(d->ns[i], d->registrable)) {
            return MANAGER_OTHER;
        }
        manager = MANAGER_SELF;
    }
    return manager;
}

static enum dane_manager dane_manager(const struct seen_domain *d)
{
    enum manager mail = mail_manager(d);
    if (mail != MANAGER_SELF) {
        return mail == MANAGER_OTHER ? DANE_MANAGER_MAIL_OUTSOURCED : DANE_MANAGER_UNKNOWN;
    }
    switch (dns_manager(d)) {
    case MANAGER_SELF:
        return DANE_MANAGER_SELF;
    case MANAGER_OTHER:
        return DANE_MANAGER_DNS_OUTSOURCED;
    case MANAGER_UNKNOWN:
    case MANAGER_COUNT:
        break;
    }
    return DANE_MANAGER_UNKNOWN;
}

/* --- domains ------------------------------------------------------------------------------- */

static void add_records(struct policy_counts *c, const struct seen_domain *d,
                        const struct domain_verdict *v)
{
    struct tld_counts *t = tld_of(c, d->tld);
    bool sts = v->sts.records.lenient_count > 0;
    t->with_mx++;
    t->sts_record += sts;
    t->sts_in_use += v->sts.state == STS_STATE_TESTING || v->sts.state == STS_STATE_ENFORCE;
    t->tls_rpt += v->tls_rpt.valid;
    t->tlsa += v->dane.hosts_with_tlsa > 0;
    t->dane += v->dane.hosts_usable > 0;
    c->sts_records += sts;
    c->rpt_valid += v->tls_rpt.valid;
    c->rpt_lenient += v->tls_rpt.lenient_valid;
    c->rpt_of_sts += sts && v->tls_rpt.valid;
}

static void add_policy(struct policy_counts *c, const struct seen_policy *p,
                       const struct sts_verdict *sts, enum manager manager)
{
    bool seen[STS_POLICY_FAULT_COUNT] = {false};
    c->fetch[p->outcome][manager]++;
    c->fetch_chain[p->chain.status] += p->tls_attempted && p->tls.cert_count > 0;
    c->fetch_name[sts->name.match] += p->tls_attempted && p->tls.cert_count > 0;
    if (!sts->has_policy) {
        return;
    }
    c->policies++;
    c->policy_strict += sts->policy.strict_valid;
    c->policy_lenient += sts->policy.lenient_valid;
    for (size_t i = 0; i < sts->policy.fault_count; i++) {
        enum sts_policy_fault fault = sts->policy.fault[i].fault;
        c->policy_fault[fault] += !seen[fault];
        seen[fault] = true;
    }
}

static void add_sts(struct policy_counts *c, const struct seen_domain *d,
                    const struct sts_verdict *sts)
{
    enum manager manager = policy_manager(d);
    enum sts_mismatch worst = STS_MISMATCH_NONE;
    c->sts_state[sts->state][manager]++;
    if (d->policy != NULL) {
        add_policy(c, d->policy, sts, manager);
    }
    if (!sts->has_policy || !sts->policy.lenient_valid) {
        return;
    }
    c->sts_passes[sts->state][sts->passes]++;
    for (size_t i = 0; i < d->mx_count; i++) {
        bool counts = d->mx[i].unusable == NULL && sts->mx[i].covered == TRUTH_NO;
        worst = counts && sts->mx[i].mismatch > worst ? sts->mx[i].mismatch : worst;
    }
    c->sts_mismatch[sts->state][worst]++;
}

static void add_deliveries(struct policy_counts *c, const struct deliveries *deliveries,
                           bool inferred)
{
    c->profile_count = deliveries->count > c->profile_count ? deliveries->count : c->profile_count;
    for (size_t i = 0; i < deliveries->count; i++) {
        const struct sender_delivery *delivery = &deliveries->of[i];
        c->profile[i].best[delivery->best]++;
        c->profile[i].worst[delivery->worst]++;
        c->profile[i].best_inferred[delivery->best] += inferred;
        c->profile[i].worst_inferred[delivery->worst] += inferred;
        c->profile[i].reason[delivery->reason]++;
    }
}

static void add_readiness(struct policy_counts *c, const struct sts_readiness *r)
{
    if (!r->applicable) {
        return;
    }
    c->ready[r->ready]++;
    for (unsigned i = 0; i < READINESS_COUNT; i++) {
        c->ready_item[i][r->item[i].result]++;
    }
}

void policy_counts_add_domain(struct policy_counts *c, const struct seen_domain *d,
                              const struct domain_verdict *v)
{
    add_deliveries(c, &v->deliveries, account_basis_of(d) == BASIS_INFERRED);
    if (d->mx_kind != MX_KIND_EXPLICIT && d->mx_kind != MX_KIND_IMPLICIT) {
        return;
    }
    c->with_mx++;
    add_records(c, d, v);
    add_sts(c, d, &v->sts);
    add_readiness(c, &v->readiness);
    c->mx_dnssec[v->dane.mx]++;
    c->dane_domain[v->dane.state][dane_manager(d)]++;
    c->dane_strict[v->dane.state] += v->dane.strict;
}

/* --- hosts --------------------------------------------------------------------------------- */

void policy_counts_add_host(struct policy_counts *c, const struct seen_host *h,
                            const struct dane_host_verdict *v)
{
    struct parity_facts families;
    c->dane_host[v->state]++;
    bool in_force = v->state == DANE_HOST_USABLE || v->state == DANE_HOST_UNUSABLE;
    for (size_t i = 0; i < h->endpoint_count; i++) {
        const struct endpoint_brief *e = &h->endpoints[i];
        if (e->port != host_port(h) && host_port(h) != PORT_ALL) {
            continue;
        }
        c->sni[e->sni][e->sni_acceptable]++;
        c->dane_endpoint[e->dane] += in_force;
    }
    if (parity_of_families(h, &families)) {
        for (unsigned f = 0; f < PARITY_FACT_COUNT; f++) {
            c->families[f][families.of[f]]++;
        }
    }
}

/* --- merging ------------------------------------------------------------------------------- */

static void add_all(uint64_t *into, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into[i] += from[i];
    }
}

/* One- and two-dimensional arrays of sums alike. */
#define ADD(field)                                                    \
    add_all((uint64_t *)&into->field, (const uint64_t *)&from->field, \
            sizeof(into->field) / sizeof(uint64_t))

static void merge_tlds(struct policy_counts *into, const struct policy_counts *from)
{
    for (size_t i = 0; i < from->tld_count; i++) {
        const struct tld_counts *f = &from->tld[i];
        struct tld_counts *t = tld_of(into, span_of(f->tld));
        t->with_mx += f->with_mx;
        t->sts_record += f->sts_record;
        t->sts_in_use += f->sts_in_use;
        t->tls_rpt += f->tls_rpt;
        t->tlsa += f->tlsa;
        t->dane += f->dane;
    }
}

void policy_counts_merge(struct policy_counts *into, const struct policy_counts *from)
{
    ADD(with_mx);
    merge_tlds(into, from);
    ADD(sts_state);
    ADD(sts_passes);
    ADD(sts_mismatch);
    ADD(fetch);
    ADD(fetch_chain);
    ADD(fetch_name);
    ADD(policy_fault);
    ADD(policy_strict);
    ADD(policy_lenient);
    ADD(policies);
    ADD(ready);
    ADD(ready_item);
    ADD(rpt_valid);
    ADD(rpt_lenient);
    ADD(rpt_of_sts);
    ADD(sts_records);
    ADD(dane_domain);
    ADD(dane_strict);
    ADD(mx_dnssec);
    ADD(dane_host);
    ADD(dane_endpoint);
    ADD(sni);
    ADD(families);
    if (from->profile_count > into->profile_count) {
        into->profile_count = from->profile_count;
    }
    for (size_t i = 0; i < from->profile_count; i++) {
        add_all(into->profile[i].best, from->profile[i].best, DELIVERY_COUNT);
        add_all(into->profile[i].worst, from->profile[i].worst, DELIVERY_COUNT);
        add_all(into->profile[i].best_inferred, from->profile[i].best_inferred, DELIVERY_COUNT);
        add_all(into->profile[i].worst_inferred, from->profile[i].worst_inferred, DELIVERY_COUNT);
        add_all(into->profile[i].reason, from->profile[i].reason, DELIVERY_REASON_COUNT);
    }
}
