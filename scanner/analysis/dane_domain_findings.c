/**
 * DANE over the MX set of a domain, as findings: RFC 7672 sections 2.2 and 3.2.2.
 */
#include "scanner/analysis/dane_findings.h"
#include "scanner/analysis/policy_evidence.h"

static bool dane_host_is_in_force(const struct seen_mx *mx)
{
    return mx->dane_host == DANE_HOST_USABLE || mx->dane_host == DANE_HOST_UNUSABLE;
}

static bool is_usable(const struct seen_mx *mx)
{
    return mx->dane_host == DANE_HOST_USABLE;
}

/* Nobody is authenticated there. */
static bool is_without(const struct seen_mx *mx)
{
    return mx->unusable == NULL &&
           (mx->dane_host == DANE_HOST_NONE || mx->dane_host == DANE_HOST_TLSA_INSECURE ||
            mx->dane_host == DANE_HOST_HOST_INSECURE || mx->dane_host == DANE_HOST_UNUSABLE);
}

static void put_dane_hosts(struct buf *evidence, const struct seen_domain *d,
                           bool (*holds)(const struct seen_mx *mx))
{
    size_t count = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (holds(&d->mx[i]) && evidence_next(evidence, &count)) {
            evidence_put(evidence, d->mx[i].host);
        }
    }
    evidence_end(evidence, count);
}

static bool has_host(const struct seen_domain *d, bool (*holds)(const struct seen_mx *mx))
{
    for (size_t i = 0; i < d->mx_count; i++) {
        if (holds(&d->mx[i])) {
            return true;
        }
    }
    return false;
}

static void coverage_findings(const struct seen_domain *d, const struct dane_domain *v,
                              struct findings *out)
{
    if (!has_host(d, dane_host_is_in_force)) {
        return;
    }
    if (v->mx == DNSSEC_INSECURE || v->mx == DNSSEC_NO_CHAIN) {
        struct buf *evidence = findings_add_max(out, FINDING_DANE_MX_INSECURE);
        buf_putf(evidence, "MX %s, TLSA secure at ", dnssec_state_word(v->mx));
        put_dane_hosts(evidence, d, dane_host_is_in_force);
    }
    if (has_host(d, is_usable) && has_host(d, is_without)) {
        struct buf *evidence = findings_add_max(out, FINDING_DANE_PARTIAL);
        buf_put_text(evidence, "with: ");
        put_dane_hosts(evidence, d, is_usable);
        buf_put_text(evidence, "; without: ");
        put_dane_hosts(evidence, d, is_without);
    }
}

/* No sender with DANE can deliver to this address. */
static bool endpoint_fails(const struct seen_domain *d, const struct dane_domain *v,
                           const struct seen_mx *mx, const struct endpoint_brief *e)
{
    bool conclusive = outcome_info((enum session_outcome)e->outcome)->conclusive;
    bool without_tls = conclusive && e->outcome != OUTCOME_ESTABLISHED;
    return dane_endpoint_passes(d, v->mx, mx->host, e) == TRUTH_NO ||
           (mx->dane_host == DANE_HOST_UNUSABLE && without_tls);
}

static bool exchange_fails(const struct seen_domain *d, const struct dane_domain *v,
                           const struct seen_mx *mx, uint16_t port)
{
    if (mx->dane_host == DANE_HOST_LOOKUP_FAILED) {
        return true;
    }
    size_t fails = 0;
    size_t endpoints = 0;
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        const struct endpoint_brief *e = &mx->endpoints[i];
        bool counts = (port == PORT_ALL || e->port == port) && !endpoint_is_special(e);
        endpoints += counts;
        fails += counts && endpoint_fails(d, v, mx, e);
    }
    return dane_host_is_in_force(mx) && !mx_is_open(d, mx) && endpoints > 0 && fails == endpoints;
}

/* The exchange is none that senders can go to, for sure. */
static bool exchange_is_void(const struct seen_domain *d, const struct seen_mx *mx)
{
    return mx->unusable != NULL || (mx->endpoint_count == 0 && !mx_is_open(d, mx));
}

static void undeliverable_finding(const struct seen_domain *d, const struct dane_domain *v,
                                  struct findings *out)
{
    uint16_t port = domain_port(d);
    size_t failing = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (exchange_fails(d, v, &d->mx[i], port)) {
            failing++;
        } else if (!exchange_is_void(d, &d->mx[i])) {
            return;
        }
    }
    if (failing == 0 || d->mx_total > d->mx_count) {
        return;
    }
    /* Where the MX records are not secure, only some senders use DANE (RFC 7672 section 2.2.1). */
    struct buf *evidence = findings_add(out, FINDING_DANE_UNDELIVERABLE,
                                        v->strict ? SEVERITY_ERROR : SEVERITY_WARNING);
    buf_putf(evidence, "%zu MX hosts, MX %s: ", failing, dnssec_state_word(v->mx));
    size_t count = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (exchange_fails(d, v, &d->mx[i], port) && evidence_next(evidence, &count)) {
            evidence_put(evidence, d->mx[i].host);
            buf_putf(evidence, " %s", dane_host_word((enum dane_host)d->mx[i].dane_host));
        }
    }
    evidence_end(evidence, count);
}

/* Where DANE-TA fails for the host's names, and the certificate is certainly not for the domain either. */
static bool fails_by_name(const struct seen_domain *d, const struct dane_domain *v,
                          const struct seen_mx *mx)
{
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        const struct endpoint_brief *e = &mx->endpoints[i];
        if (e->dane == DANE_OTHER_NAME && dane_endpoint_passes(d, v->mx, mx->host, e) == TRUTH_NO) {
            return true;
        }
    }
    return false;
}

static void dane_name_finding(const struct seen_domain *d, const struct dane_domain *v,
                              struct findings *out)
{
    struct buf *evidence = NULL;
    size_t count = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (!fails_by_name(d, v, &d->mx[i])) {
            continue;
        }
        if (evidence == NULL) {
            /* RFC 7672 section 2.2.1: without secure MX records, only some senders use DANE. */
            evidence = findings_add(out, FINDING_DANE_TA_NOT_FOR_DOMAIN,
                                    v->strict ? SEVERITY_ERROR : SEVERITY_WARNING);
            buf_putf(evidence, "MX %s: ", dnssec_state_word(v->mx));
        }
        if (evidence_next(evidence, &count)) {
            evidence_put(evidence, d->mx[i].host);
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

void dane_findings_of_domain(const struct seen_domain *d, const struct dane_domain *v,
                             struct findings *out)
{
    if (!domain_takes_mail(d) || domain_lacks_smtp_port(d)) {
        return;
    }
    coverage_findings(d, v, out);
    dane_name_finding(d, v, out);
    undeliverable_finding(d, v, out);
}
