/**
 * Which TLSA records are in force for an MX host, by DNS alone: RFC 7672 sections 2.2.2 and 2.2.3.
 */
#include "scanner/dane/dane.h"

/* Two answers about one thing: what keeps a sender from relying on it comes first. */
static enum dnssec_state worse(enum dnssec_state a, enum dnssec_state b)
{
    static const uint8_t rank[DNSSEC_STATE_COUNT] = {
        [DNSSEC_SECURE] = 0,   [DNSSEC_UNKNOWN] = 1, [DNSSEC_NO_CHAIN] = 2,
        [DNSSEC_INSECURE] = 3, [DNSSEC_FAILED] = 4,  [DNSSEC_BOGUS] = 5,
    };
    return rank[a] >= rank[b] ? a : b;
}

/* One family that answers with addresses is enough to deliver; only what is used has to be secure. */
static enum dnssec_state address_state(const struct seen_host *h, bool trust_ad)
{
    enum dnssec_state a = dnssec_state_of(&h->a, trust_ad);
    enum dnssec_state aaaa = dnssec_state_of(&h->aaaa, trust_ad);
    bool has_a = h->a.state == DNS_DATA;
    bool has_aaaa = h->aaaa.state == DNS_DATA;
    if (has_a != has_aaaa) {
        enum dnssec_state used = has_a ? a : aaaa;
        enum dnssec_state other = has_a ? aaaa : a;
        return other == DNSSEC_FAILED || other == DNSSEC_BOGUS ? used : worse(used, other);
    }
    return worse(a, aaaa);
}

struct candidate {
    const struct seen_dns *dns;
    const struct seen_tlsa *tlsas;
    size_t count;
    struct span base;
};

static struct candidate expanded(const struct seen_host *h)
{
    return (struct candidate){&h->expanded_tlsa, h->expanded_tlsas, h->expanded_tlsa_count,
                              h->cname_count > 0 ? h->cnames[h->cname_count - 1] : h->name};
}

static struct candidate original(const struct seen_host *h)
{
    return (struct candidate){&h->tlsa, h->tlsas, h->tlsa_count, h->name};
}

static bool is_asked(const struct candidate *c)
{
    return c->dns->state != DNS_NOT_ASKED;
}

/* Behind links that are secure throughout the name at their end comes first; the name in the MX
 * record is tried when that has no records in force (RFC 7672 section 2.2.3). */
static struct candidate choose(const struct seen_host *h, bool trust_ad)
{
    struct candidate end = expanded(h);
    if (h->cname_count > 0 && is_asked(&end)) {
        enum dnssec_state s = dnssec_state_of(end.dns, trust_ad);
        if (s == DNSSEC_FAILED || s == DNSSEC_BOGUS || (s == DNSSEC_SECURE && end.count > 0)) {
            return end;
        }
    }
    return original(h);
}

static bool any_usable(const struct candidate *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (tlsa_fault_of(&c->tlsas[i]) == TLSA_FAULT_NONE) {
            return true;
        }
    }
    return false;
}

/* The address records count as secure, or the first link does and the name has records. */
static bool host_is_secure(const struct seen_host *h, enum dnssec_state address, bool trust_ad)
{
    if (address == DNSSEC_SECURE) {
        return true;
    }
    return h->cname_count > 0 && dnssec_state_of(&h->first_cname, trust_ad) == DNSSEC_SECURE;
}

static enum dane_host state_of(const struct seen_host *h, const struct dane_host_verdict *v,
                               const struct candidate *c, bool trust_ad)
{
    if (!is_asked(c)) {
        return DANE_HOST_UNKNOWN;
    }
    if (!trust_ad) { /* what is not there is in force for nobody */
        bool none = c->dns->state == DNS_NODATA || c->dns->state == DNS_NXDOMAIN;
        return none ? DANE_HOST_NONE : DANE_HOST_UNKNOWN;
    }
    if (!host_is_secure(h, v->address, trust_ad)) {
        bool unreachable = v->address == DNSSEC_FAILED || v->address == DNSSEC_BOGUS;
        if (unreachable) {
            return DANE_HOST_LOOKUP_FAILED; /* the host has to be skipped in any case */
        }
        return c->count > 0 ? DANE_HOST_HOST_INSECURE : DANE_HOST_NONE;
    }
    switch (v->tlsa) {
    case DNSSEC_FAILED:
    case DNSSEC_BOGUS:
        return DANE_HOST_LOOKUP_FAILED; /* RFC 7672 section 2.1.2 */
    case DNSSEC_UNKNOWN:
        return DANE_HOST_UNKNOWN;
    case DNSSEC_INSECURE:
    case DNSSEC_NO_CHAIN:
        return c->count > 0 ? DANE_HOST_TLSA_INSECURE : DANE_HOST_NONE;
    case DNSSEC_SECURE:
    case DNSSEC_STATE_COUNT:
        break;
    }
    if (c->count == 0) {
        return DANE_HOST_NONE;
    }
    return any_usable(c) ? DANE_HOST_USABLE : DANE_HOST_UNUSABLE;
}

void dane_judge_host(const struct seen_host *h, bool trust_ad, struct dane_host_verdict *out)
{
    struct candidate c = choose(h, trust_ad);
    *out = (struct dane_host_verdict){
        .address = address_state(h, trust_ad),
        .tlsa = dnssec_state_of(c.dns, trust_ad),
        .tlsas = c.tlsas,
        .tlsa_count = c.count,
    };
    out->state = state_of(h, out, &c, trust_ad);
    if (out->state == DANE_HOST_USABLE || out->state == DANE_HOST_UNUSABLE) {
        out->base = c.base;
    }
}
