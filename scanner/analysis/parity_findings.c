#include "scanner/analysis/parity_findings.h"

#include "scanner/analysis/parity.h"
#include "scanner/observation/tls_names.h"

#define LEAF_SHOWN 8 /* octets of a fingerprint: enough to find it in the row */

static bool is_at_port(const struct endpoint_brief *e, uint16_t port)
{
    return e->port == port && !endpoint_is_special(e);
}

/* Port 25 goes without saying. */
static void put_parity_port(struct buf *evidence, uint16_t port)
{
    if (port != PORT_SMTP) {
        buf_putf(evidence, "port %u: ", port);
    }
}

/* Items of a list, of which EVIDENCE_LIST_MAX are told. @return shall this one be? */
static bool parity_next_item(struct buf *evidence, size_t *told, const char *separator)
{
    bool tell = *told < EVIDENCE_LIST_MAX;
    if (tell && *told > 0) {
        buf_put_text(evidence, separator);
    }
    (*told)++;
    return tell;
}

static void parity_end_items(struct buf *evidence, size_t told)
{
    if (told > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", told - EVIDENCE_LIST_MAX);
    }
}

/* --- connections -------------------------------------------------------------------------- */

static struct tally reach_of_family(const struct seen_host *h, uint8_t family, uint16_t port)
{
    struct tally reach = {0};
    for (size_t i = 0; i < h->endpoint_count; i++) {
        const struct endpoint_brief *e = &h->endpoints[i];
        if (is_at_port(e, port) && e->address.family == family) {
            tally_add(&reach, endpoint_answers(e));
        }
    }
    return reach;
}

/* Of every address it is known that it takes no connection, and none is missing. */
static bool is_dead(const struct seen_host *h, const struct tally *reach, uint8_t family)
{
    bool cut =
        h->addresses_truncated > 0 && family_is_full(h->endpoints, h->endpoint_count, family);
    return reach->no > 0 && reach->yes == 0 && reach->unknown == 0 && !cut;
}

/* The addresses of this family, or of both for 0, that do or do not answer. */
static void put_reach(struct buf *evidence, const struct seen_host *h, uint8_t family,
                      uint16_t port, enum truth answers)
{
    size_t told = 0;
    for (size_t i = 0; i < h->endpoint_count; i++) {
        const struct endpoint_brief *e = &h->endpoints[i];
        if (!is_at_port(e, port) || (family != 0 && e->address.family != family) ||
            endpoint_answers(e) != answers || !parity_next_item(evidence, &told, ", ")) {
            continue;
        }
        evidence_put_address(evidence, &e->address);
        if (answers == TRUTH_NO) {
            buf_putf(evidence, " %s", outcome_info((enum session_outcome)e->outcome)->word);
        }
    }
    parity_end_items(evidence, told);
}

static void reach_finding(const struct seen_host *h, enum finding_code code, uint8_t dead_family,
                          uint16_t port, struct findings *out)
{
    struct buf *evidence = findings_add_max(out, code);
    put_parity_port(evidence, port);
    put_reach(evidence, h, dead_family, port, TRUTH_NO);
    buf_put_text(evidence, "; answers: ");
    put_reach(evidence, h, 0, port, TRUTH_YES);
}

static void family_findings(const struct seen_host *h, uint16_t port, struct findings *out)
{
    struct tally v4 = reach_of_family(h, 4, port);
    struct tally v6 = reach_of_family(h, 6, port);
    if (v4.yes > 0 && is_dead(h, &v6, 6) && !findings_has(out, FINDING_PARITY_IPV6_UNREACHABLE)) {
        reach_finding(h, FINDING_PARITY_IPV6_UNREACHABLE, 6, port, out);
    }
    if (v6.yes > 0 && is_dead(h, &v4, 4) && !findings_has(out, FINDING_PARITY_IPV4_UNREACHABLE)) {
        reach_finding(h, FINDING_PARITY_IPV4_UNREACHABLE, 4, port, out);
    }
    bool v4_partly = v4.yes > 0 && v4.no > 0;
    bool v6_partly = v6.yes > 0 && v6.no > 0;
    if ((v4_partly || v6_partly) && !findings_has(out, FINDING_PARITY_ADDRESS_UNREACHABLE)) {
        uint8_t family = v4_partly && v6_partly ? 0 : v4_partly ? 4 : 6;
        reach_finding(h, FINDING_PARITY_ADDRESS_UNREACHABLE, family, port, out);
    }
}

/* --- values ------------------------------------------------------------------------------- */

static bool is_single(uint64_t values)
{
    return values != 0 && (values & (values - 1)) == 0;
}

static void put_acceptable(struct buf *evidence, const struct endpoint_brief *e)
{
    if (endpoint_is_acceptable(e)) {
        buf_put_text(evidence, "acceptable");
        return;
    }
    buf_putf(evidence, "not acceptable (chain %s, name %s)",
             chain_status_word((enum chain_status)e->chain.status),
             name_match_word((enum name_match)e->name_match));
}

/* What an endpoint shows, in a word. */
static void put_parity_value(struct buf *evidence, enum parity_fact fact,
                             const struct endpoint_brief *e)
{
    switch (fact) {
    case PARITY_FACT_STARTTLS:
        buf_put_text(evidence,
                     property_of(PROPERTY_STARTTLS, e) == TRUTH_YES ? "offered" : "not offered");
        return;
    case PARITY_FACT_TLS_VERSION:
        buf_put_text(evidence, tls_version_word(e->tls_version));
        return;
    case PARITY_FACT_LEAF:
        buf_put_hex(evidence, (struct span){e->leaf_sha256, LEAF_SHOWN});
        return;
    case PARITY_FACT_ACCEPTABLE:
        put_acceptable(evidence, e);
        return;
    case PARITY_FACT_REACHABLE:
    case PARITY_FACT_COUNT:
        return;
    }
}

static uint64_t parity_values_of(enum parity_fact fact, const struct endpoint_brief *endpoints,
                                 size_t count, uint16_t port, struct parity_leaves *leaves)
{
    uint64_t values = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_at_port(&endpoints[i], port)) {
            values |= parity_value(fact, &endpoints[i], leaves);
        }
    }
    return values;
}

/* The first of the list that shows the value; there is one. */
static const struct endpoint_brief *first_with(enum parity_fact fact, uint64_t value,
                                               const struct endpoint_brief *endpoints, size_t count,
                                               uint16_t port, struct parity_leaves *leaves)
{
    for (size_t i = 0; i < count; i++) {
        if (is_at_port(&endpoints[i], port) && parity_value(fact, &endpoints[i], leaves) == value) {
            return &endpoints[i];
        }
    }
    return NULL;
}

/* Each value with the addresses that show it. */
static void put_parity_addresses(struct buf *evidence, const struct seen_host *h,
                                 enum parity_fact fact, uint16_t port, uint64_t values,
                                 struct parity_leaves *leaves)
{
    size_t groups = 0;
    for (uint64_t rest = values; rest != 0; rest &= rest - 1) {
        uint64_t value = rest & (~rest + 1);
        if (!parity_next_item(evidence, &groups, "; ")) {
            continue;
        }
        put_parity_value(evidence, fact,
                         first_with(fact, value, h->endpoints, h->endpoint_count, port, leaves));
        buf_put_text(evidence, ": ");
        size_t told = 0;
        for (size_t i = 0; i < h->endpoint_count; i++) {
            const struct endpoint_brief *e = &h->endpoints[i];
            if (is_at_port(e, port) && parity_value(fact, e, leaves) == value &&
                parity_next_item(evidence, &told, ", ")) {
                evidence_put_address(evidence, &e->address);
            }
        }
        parity_end_items(evidence, told);
    }
    parity_end_items(evidence, groups);
}

static void value_finding(const struct seen_host *h, enum parity_fact fact, enum finding_code code,
                          struct findings *out)
{
    uint16_t port = PORT_ALL;
    while (parity_next_port(h->endpoints, h->endpoint_count, &port)) {
        struct parity_leaves leaves = {.count = 0};
        uint64_t values = parity_values_of(fact, h->endpoints, h->endpoint_count, port, &leaves);
        if (values != 0 && !is_single(values)) {
            struct buf *evidence = findings_add_max(out, code);
            put_parity_port(evidence, port);
            put_parity_addresses(evidence, h, fact, port, values, &leaves);
            return;
        }
    }
}

void parity_findings_of_host(const struct seen_host *h, struct findings *out)
{
    uint16_t port = PORT_ALL;
    while (parity_next_port(h->endpoints, h->endpoint_count, &port)) {
        family_findings(h, port, out);
    }
    value_finding(h, PARITY_FACT_STARTTLS, FINDING_PARITY_STARTTLS, out);
    value_finding(h, PARITY_FACT_TLS_VERSION, FINDING_PARITY_TLS_VERSION, out);
    value_finding(h, PARITY_FACT_ACCEPTABLE, FINDING_PARITY_CERTIFICATE, out);
    if (!findings_has(out, FINDING_PARITY_CERTIFICATE)) {
        value_finding(h, PARITY_FACT_LEAF, FINDING_PARITY_LEAF_DIFFERS, out);
    }
}

/* --- hosts -------------------------------------------------------------------------------- */

/* What all addresses of a host show alike; 0: nothing. Where they differ, its own row says so. */
static uint64_t common_value(enum parity_fact fact, const struct seen_mx *mx, uint16_t port)
{
    struct parity_leaves leaves = {.count = 0};
    uint64_t values = parity_values_of(fact, mx->endpoints, mx->endpoint_count, port, &leaves);
    return is_single(values) ? values : 0;
}

static uint64_t common_values(enum parity_fact fact, const struct seen_domain *d, uint16_t port)
{
    uint64_t values = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        values |= common_value(fact, &d->mx[i], port);
    }
    return values;
}

/* Each value with the hosts that show it. */
static void put_parity_hosts(struct buf *evidence, const struct seen_domain *d,
                             enum parity_fact fact, uint16_t port, uint64_t values)
{
    size_t groups = 0;
    for (uint64_t rest = values; rest != 0; rest &= rest - 1) {
        uint64_t value = rest & (~rest + 1);
        size_t told = 0;
        for (size_t i = 0; i < d->mx_count; i++) {
            const struct seen_mx *mx = &d->mx[i];
            if (common_value(fact, mx, port) != value) {
                continue;
            }
            if (told == 0) {
                buf_put_text(evidence, groups++ > 0 ? "; " : "");
                put_parity_value(
                    evidence, fact,
                    first_with(fact, value, mx->endpoints, mx->endpoint_count, port, NULL));
                buf_put_text(evidence, ": ");
            }
            if (parity_next_item(evidence, &told, ", ")) {
                evidence_put(evidence, mx->host);
            }
        }
        parity_end_items(evidence, told);
    }
}

static void hosts_finding(const struct seen_domain *d, const struct seen_mx *dialled,
                          enum parity_fact fact, enum finding_code code, struct findings *out)
{
    uint16_t port = PORT_ALL;
    while (parity_next_port(dialled->endpoints, dialled->endpoint_count, &port)) {
        uint64_t values = common_values(fact, d, port);
        if (values != 0 && !is_single(values)) {
            struct buf *evidence = findings_add_max(out, code);
            put_parity_port(evidence, port);
            put_parity_hosts(evidence, d, fact, port, values);
            return;
        }
    }
}

void parity_findings_of_domain(const struct seen_domain *d, struct findings *out)
{
    size_t first = 0;
    while (first < d->mx_count && d->mx[first].endpoint_count == 0) {
        first++;
    }
    if (first == d->mx_count) {
        return;
    }
    const struct seen_mx *dialled = &d->mx[first]; /* it has all ports of the scan */
    hosts_finding(d, dialled, PARITY_FACT_STARTTLS, FINDING_PARITY_HOSTS_STARTTLS, out);
    hosts_finding(d, dialled, PARITY_FACT_TLS_VERSION, FINDING_PARITY_HOSTS_TLS_VERSION, out);
    hosts_finding(d, dialled, PARITY_FACT_ACCEPTABLE, FINDING_PARITY_HOSTS_CERTIFICATE, out);
}
