#include "scanner/analysis/counts.h"

#include "scanner/base/check.h"

void counts_init(struct scan_counts *c, const uint16_t *ports, size_t port_count)
{
    CHECK(port_count <= COUNT_PORTS_MAX);
    *c = (struct scan_counts){.port_count = port_count};
    for (size_t i = 0; i < port_count; i++) {
        c->port[i].port = ports[i];
    }
}

void counts_deinit(struct scan_counts *c)
{
    policy_counts_deinit(&c->policies);
}

static void add_roll_up(struct rollup_weighting *w, const struct roll_up *r)
{
    if (roll_up_is_empty(r)) {
        return;
    }
    w->total++;
    w->not_tested += r->tried == 0;
    w->inconclusive += r->tried > 0 && r->conclusive == 0;
    w->inferred += r->inferred > 0;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        enum rollup value = roll_up_value(r, (enum property)p);
        w->property[p][value]++;
        w->property_inferred[p][value] += r->inferred > 0;
    }
}

static void add_reason(struct scan_counts *c, enum account_class ending, const char *reason,
                       uint64_t count)
{
    for (size_t i = 0; i < c->reason_count; i++) {
        struct reason_count *known = &c->reason[i];
        if (known->class == ending && strcmp(known->reason, reason) == 0) {
            known->count += count;
            return;
        }
    }
    CHECK(c->reason_count < COUNT_REASONS_MAX);
    c->reason[c->reason_count++] = (struct reason_count){ending, reason, count};
}

uint64_t counts_of_reason(const struct scan_counts *c, enum account_class ending,
                          const char *reason)
{
    for (size_t i = 0; i < c->reason_count; i++) {
        if (c->reason[i].class == ending && strcmp(c->reason[i].reason, reason) == 0) {
            return c->reason[i].count;
        }
    }
    return 0;
}

void counts_add_domain(struct scan_counts *c, const struct seen_domain *d,
                       const struct domain_verdict *v, enum account_class ending,
                       const char *reason)
{
    c->inputs++;
    c->account[ending]++;
    c->account_inferred[ending] += account_basis_of(d) == BASIS_INFERRED;
    if (reason[0] != '\0') {
        add_reason(c, ending, reason, 1);
    }
    if (ending == ACCOUNT_INVALID || ending == ACCOUNT_DUPLICATE || ending == ACCOUNT_BLOCKLISTED) {
        return;
    }
    c->mx_kind[d->mx_kind]++;
    for (size_t i = 0; i < c->port_count; i++) {
        struct port_counts *at = &c->port[i];
        struct roll_up whole = roll_up_domain(d, at->port);
        struct roll_up primary = roll_up_primary(d, at->port);
        add_roll_up(&at->domain, &whole);
        add_roll_up(&at->primary, &primary);
    }
    if (v != NULL) {
        policy_counts_add_domain(&c->policies, d, v);
    }
}

void counts_add_host(struct scan_counts *c, const struct seen_host *h,
                     const struct dane_host_verdict *v)
{
    if (v != NULL) {
        policy_counts_add_host(&c->policies, h, v);
    }
    for (size_t i = 0; i < c->port_count; i++) {
        struct roll_up all = roll_up_host(h, c->port[i].port);
        add_roll_up(&c->port[i].host, &all);
    }
}

void counts_add_endpoint(struct scan_counts *c, const struct seen_endpoint *e)
{
    c->endpoint_basis[e->basis]++;
    c->endpoint_local_fault += e->not_tested == NOT_TESTED_LOCAL_FAULT ||
                               (e->result != NULL && e->result->outcome == OUTCOME_LOCAL_FAULT);
}

static struct endpoint_brief service_brief(const struct seen_service *s)
{
    struct endpoint_brief brief = {.port = s->port, .outcome = OUTCOME_NOT_TESTED};
    if (s->result != NULL) {
        brief.outcome = (uint8_t)s->result->outcome;
        brief.starttls = (uint8_t)s->result->smtp.starttls;
        if (s->result->tls_attempted) {
            brief.tls_version = s->result->tls.version;
            memcpy(brief.leaf_sha256, s->result->tls.leaf_sha256, sizeof(brief.leaf_sha256));
        }
        brief.chain = s->chain;
    }
    return brief;
}

void counts_add_service(struct scan_counts *c, const struct seen_service *s)
{
    struct endpoint_brief brief = service_brief(s);
    for (size_t i = 0; i < c->port_count; i++) {
        struct port_counts *at = &c->port[i];
        if (at->port != brief.port) {
            continue;
        }
        bool tried = brief.outcome != OUTCOME_NOT_TESTED;
        bool conclusive = outcome_info((enum session_outcome)brief.outcome)->conclusive;
        at->service_outcome[brief.outcome]++;
        at->service.total++;
        at->service.not_tested += !tried;
        at->service.inconclusive += tried && !conclusive;
        cipher_counts_add(&at->ciphers, s);
        for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
            if (!property_needs_host((enum property)p)) {
                tally_add(&at->service.property[p], property_of((enum property)p, &brief));
            }
        }
    }
}

void counts_add_chain(struct scan_counts *c, enum chain_status status)
{
    c->chain[status]++;
}

void counts_add_certificate(struct scan_counts *c)
{
    c->certificates++;
}

void counts_add_findings(struct scan_counts *c, const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        c->finding[f->item[i].code][f->item[i].severity]++;
    }
}

void counts_add_effect(struct scan_counts *c, enum effect effect, const struct findings *f)
{
    c->effect[effect]++;
    for (size_t i = 0; effect == EFFECT_NO_MAIL && i < f->count; i++) {
        c->finding_no_mail[f->item[i].severity]++;
    }
}

static void rollup_merge(struct rollup_weighting *into, const struct rollup_weighting *from)
{
    into->total += from->total;
    into->not_tested += from->not_tested;
    into->inconclusive += from->inconclusive;
    into->inferred += from->inferred;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        for (unsigned r = 0; r < ROLLUP_COUNT; r++) {
            into->property[p][r] += from->property[p][r];
            into->property_inferred[p][r] += from->property_inferred[p][r];
        }
    }
}

static void port_merge(struct port_counts *into, const struct port_counts *from)
{
    CHECK(into->port == from->port);
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        into->service_outcome[o] += from->service_outcome[o];
    }
    into->service.total += from->service.total;
    into->service.not_tested += from->service.not_tested;
    into->service.inconclusive += from->service.inconclusive;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        tally_merge(&into->service.property[p], &from->service.property[p]);
    }
    cipher_counts_merge(&into->ciphers, &from->ciphers);
    rollup_merge(&into->host, &from->host);
    rollup_merge(&into->domain, &from->domain);
    rollup_merge(&into->primary, &from->primary);
}

void counts_merge(struct scan_counts *into, const struct scan_counts *from)
{
    CHECK(into->port_count == from->port_count);
    into->inputs += from->inputs;
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        into->account[i] += from->account[i];
        into->account_inferred[i] += from->account_inferred[i];
    }
    for (unsigned i = 0; i < BASIS_COUNT; i++) {
        into->endpoint_basis[i] += from->endpoint_basis[i];
    }
    into->endpoint_local_fault += from->endpoint_local_fault;
    for (size_t i = 0; i < from->reason_count; i++) {
        const struct reason_count *r = &from->reason[i];
        add_reason(into, r->class, r->reason, r->count);
    }
    for (unsigned i = 0; i < MX_KIND_COUNT; i++) {
        into->mx_kind[i] += from->mx_kind[i];
    }
    for (unsigned i = 0; i < CHAIN_STATUS_COUNT; i++) {
        into->chain[i] += from->chain[i];
    }
    into->certificates += from->certificates;
    for (size_t i = 0; i < from->port_count; i++) {
        port_merge(&into->port[i], &from->port[i]);
    }
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
            into->finding[i][s] += from->finding[i][s];
        }
    }
    for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
        into->finding_no_mail[s] += from->finding_no_mail[s];
    }
    for (unsigned e = 0; e < EFFECT_COUNT; e++) {
        into->effect[e] += from->effect[e];
    }
    policy_counts_merge(&into->policies, &from->policies);
}

uint64_t counts_accounted(const struct scan_counts *c)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        sum += c->account[i];
    }
    return sum;
}
