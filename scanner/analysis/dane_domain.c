#include "scanner/analysis/dane_domain.h"

#include "scanner/base/check.h"
#include "scanner/dane/dane.h"

const char *dane_domain_word(enum dane_domain_state s)
{
    switch (s) {
#define X(name, word)        \
    case DANE_DOMAIN_##name: \
        return word;
        DANE_DOMAINS(X)
#undef X
    case DANE_DOMAIN_COUNT:
        break;
    }
    UNREACHABLE("unknown dane_domain_state");
}

/* A name that is listed with two preferences is one host. */
static bool is_repeated(const struct seen_domain *d, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (d->mx[k].unusable == NULL && span_eq(d->mx[k].host, d->mx[i].host)) {
            return true;
        }
    }
    return false;
}

static bool is_in_force(enum dane_host s)
{
    return s == DANE_HOST_USABLE || s == DANE_HOST_UNUSABLE;
}

static void add_endpoints(struct dane_domain *v, const struct seen_mx *mx, uint16_t port)
{
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        const struct endpoint_brief *e = &mx->endpoints[i];
        if (endpoint_is_special(e) || (port != PORT_ALL && e->port != port)) {
            continue;
        }
        enum dane_status s = (enum dane_status)e->dane;
        bool fails = s == DANE_MISMATCH || s == DANE_NO_TLS;
        tally_add(&v->endpoints, s == DANE_MATCH ? TRUTH_YES : fails ? TRUTH_NO : TRUTH_UNKNOWN);
    }
}

struct hosts {
    uint32_t unknown;
    uint32_t failed;
    uint32_t without; /* records in force */
};

static void add_host(struct dane_domain *v, struct hosts *n, const struct seen_mx *mx,
                     uint16_t port)
{
    enum dane_host state = (enum dane_host)mx->dane_host;
    v->hosts++;
    v->hosts_in_force += is_in_force(state);
    v->hosts_with_tlsa +=
        is_in_force(state) || state == DANE_HOST_TLSA_INSECURE || state == DANE_HOST_HOST_INSECURE;
    n->unknown += state == DANE_HOST_UNKNOWN;
    n->failed += state == DANE_HOST_LOOKUP_FAILED;
    n->without += state == DANE_HOST_NONE || state == DANE_HOST_TLSA_INSECURE ||
                  state == DANE_HOST_HOST_INSECURE;
    if (state == DANE_HOST_USABLE) {
        add_endpoints(v, mx, port);
    }
}

static enum dane_domain_state state_of(const struct dane_domain *v, const struct hosts *n)
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
    return n->without > 0 ? DANE_DOMAIN_PARTIAL : DANE_DOMAIN_FULL;
}

void dane_domain_fill(struct dane_domain *v, const struct seen_domain *d, bool trust_ad)
{
    bool missing = d->mx_kind == MX_KIND_UNKNOWN || d->mx_kind == MX_KIND_NOT_ASKED ||
                   d->mx_total > d->mx_count;
    struct hosts n = {.unknown = missing};
    *v = (struct dane_domain){.mx = dnssec_state_of(&d->mx_dns, trust_ad)};
    v->strict = v->mx == DNSSEC_SECURE;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (d->mx[i].unusable == NULL && !is_repeated(d, i)) {
            add_host(v, &n, &d->mx[i], domain_port(d));
        }
    }
    v->state = state_of(v, &n);
}
