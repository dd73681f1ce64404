#include "scanner/analysis/dane_domain.h"

#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/name_match.h"
#include "scanner/base/check.h"
#include "scanner/dane/dane.h"

const struct vocabulary dane_domain_vocabulary =
    VOCABULARY_OF(DANE_DOMAINS, "dane_domain", "state",
                  "DANE over the MX hosts of a domain. The first that applies.");

/* A name that is listed with two preferences is one host. */
static bool dane_host_is_repeated(const struct seen_domain *d, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (d->mx[k].unusable == NULL && span_eq(d->mx[k].host, d->mx[i].host)) {
            return true;
        }
    }
    return false;
}

static bool dane_is_in_force(enum dane_host s)
{
    return s == DANE_HOST_USABLE || s == DANE_HOST_UNUSABLE;
}

/* Is `name` a name of the leaf? Its names are not kept for each domain: enough to say that it is not among
 * them, and whether it is where it lies above the host. */
static enum truth leaf_is_for(struct span name, struct span host, const struct endpoint_brief *e)
{
    unsigned labels = name_labels_above(name, host);
    if (labels >= 1 && labels <= COVERS_PARENTS_MAX) {
        return (e->dane_covers_parents >> (labels - 1) & 1) != 0 ? TRUTH_YES : TRUTH_NO;
    }
    if (span_eq(name, host)) {
        return TRUTH_NO;
    }
    return leaf_names_may_cover(e->dane_leaf_names, name) ? TRUTH_UNKNOWN : TRUTH_NO;
}

/* RFC 7672 section 3.2.2: the domain, and what it is an alias of, where the MX records are secure. */
static enum truth leaf_is_for_domain(const struct seen_domain *d, enum dnssec_state mx,
                                     struct span host, const struct endpoint_brief *e)
{
    if (mx != DNSSEC_SECURE && mx != DNSSEC_UNKNOWN) {
        return TRUTH_NO;
    }
    enum truth is = leaf_is_for(d->domain, host, e);
    if (d->cname_count > 0 && is != TRUTH_YES) {
        enum truth end = leaf_is_for(d->cnames[d->cname_count - 1], host, e);
        is = end == TRUTH_NO ? is : end;
    }
    return is == TRUTH_YES && mx == DNSSEC_UNKNOWN ? TRUTH_UNKNOWN : is;
}

enum truth dane_endpoint_passes(const struct seen_domain *d, enum dnssec_state mx, struct span host,
                                const struct endpoint_brief *e)
{
    switch ((enum dane_status)e->dane) {
    case DANE_MATCH:
        return TRUTH_YES;
    case DANE_OTHER_NAME:
        return leaf_is_for_domain(d, mx, host, e);
    case DANE_MISMATCH:
    case DANE_NO_TLS:
        return TRUTH_NO;
    case DANE_UNKNOWN:
    case DANE_NONE:
    case DANE_FAILED:
    case DANE_UNUSABLE:
    case DANE_STATUS_COUNT:
        break;
    }
    return TRUTH_UNKNOWN;
}

static void dane_add_endpoints(struct dane_domain *v, const struct seen_domain *d,
                               const struct seen_mx *mx, uint16_t port)
{
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        const struct endpoint_brief *e = &mx->endpoints[i];
        if (endpoint_is_special(e) || (port != PORT_ALL && e->port != port)) {
            continue;
        }
        tally_add(&v->endpoints, dane_endpoint_passes(d, v->mx, mx->host, e));
    }
}

struct hosts {
    uint32_t unknown;
    uint32_t failed;
};

static void dane_add_host(struct dane_domain *v, struct hosts *n, const struct seen_domain *d,
                          const struct seen_mx *mx, uint16_t port)
{
    enum dane_host state = domain_lacks_smtp_port(d)
                               ? DANE_HOST_UNKNOWN /* records of other ports */
                               : (enum dane_host)mx->dane_host;
    v->hosts++;
    v->hosts_in_force += dane_is_in_force(state);
    v->hosts_with_tlsa += dane_is_in_force(state) || state == DANE_HOST_TLSA_INSECURE ||
                          state == DANE_HOST_HOST_INSECURE;
    n->unknown += state == DANE_HOST_UNKNOWN;
    n->failed += state == DANE_HOST_LOOKUP_FAILED;
    v->hosts_usable += state == DANE_HOST_USABLE;
    if (state == DANE_HOST_USABLE) {
        dane_add_endpoints(v, d, mx, port);
    }
}

static enum dane_domain_state dane_state_of_host(const struct dane_domain *v, const struct hosts *n)
{
    if (n->failed > 0 || v->endpoints.no > 0) {
        return DANE_DOMAIN_FAILED;
    }
    if (n->unknown > 0) {
        return DANE_DOMAIN_UNKNOWN;
    }
    if (v->hosts_in_force == 0) {
        return v->hosts_with_tlsa > 0 ? DANE_DOMAIN_INEFFECTIVE : DANE_DOMAIN_NONE;
    }
    if (v->hosts_usable == 0) {
        return DANE_DOMAIN_UNUSABLE; /* TLS, and no authentication: RFC 7672 section 2.2 */
    }
    return v->hosts_usable < v->hosts ? DANE_DOMAIN_PARTIAL : DANE_DOMAIN_FULL;
}

void dane_domain_fill(struct dane_domain *v, const struct seen_domain *d, bool trust_ad)
{
    bool missing = d->mx_kind == MX_KIND_UNKNOWN || d->mx_kind == MX_KIND_NOT_ASKED ||
                   d->mx_total > d->mx_count;
    struct hosts n = {.unknown = missing};
    *v = (struct dane_domain){.mx = dnssec_state_of(&d->mx_dns, trust_ad)};
    v->strict = v->mx == DNSSEC_SECURE;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (d->mx[i].unusable == NULL && !dane_host_is_repeated(d, i)) {
            dane_add_host(v, &n, d, &d->mx[i], domain_port(d));
        }
    }
    v->state = dane_state_of_host(v, &n);
}
