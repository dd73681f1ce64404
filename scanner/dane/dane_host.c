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

static bool is_answer(enum dnssec_state s)
{
    return s == DNSSEC_SECURE || s == DNSSEC_NO_CHAIN || s == DNSSEC_INSECURE;
}

static bool is_error(enum dnssec_state s)
{
    return s == DNSSEC_FAILED || s == DNSSEC_BOGUS;
}

/* One family that answers with addresses is enough to deliver; only what is used has to be secure. A family
 * that has none, was not asked for, or failed, adds nothing: senders hold each answer for itself. */
static enum dnssec_state address_state(const struct seen_host *h, bool trust_ad)
{
    enum dnssec_state a = dnssec_state_of(&h->a, trust_ad);
    enum dnssec_state aaaa = dnssec_state_of(&h->aaaa, trust_ad);
    bool has_a = h->a.state == DNS_DATA;
    bool has_aaaa = h->aaaa.state == DNS_DATA;
    if (has_a != has_aaaa) {
        return has_a ? a : aaaa;
    }
    return worse(a, aaaa);
}

/* Of the addresses those of one family alone are secure: DANE binds senders there, and not at the others. */
static bool is_secure_by_half(const struct seen_host *h)
{
    bool both = h->a.state == DNS_DATA && h->aaaa.state == DNS_DATA;
    return both && (dnssec_state_of(&h->a, true) == DNSSEC_SECURE) !=
                       (dnssec_state_of(&h->aaaa, true) == DNSSEC_SECURE);
}

struct candidate {
    const struct seen_dns *dns;
    const struct seen_tlsa *tlsas;
    size_t count;
    struct span base;
    enum tlsa_place at;
};

static struct candidate expanded(const struct seen_host *h)
{
    return (struct candidate){&h->expanded_tlsa, h->expanded_tlsas, h->expanded_tlsa_count,
                              h->cname_count > 0 ? h->cnames[h->cname_count - 1] : h->name,
                              TLSA_PLACE_TARGET};
}

static struct candidate original(const struct seen_host *h)
{
    return (struct candidate){&h->tlsa, h->tlsas, h->tlsa_count, h->name,
                              h->cname_count > 0 ? TLSA_PLACE_ALIAS : TLSA_PLACE_HOST};
}

static bool is_asked(const struct candidate *c)
{
    return c->dns->state != DNS_NOT_ASKED;
}

/* Behind links that are secure throughout the name at their end comes first; the name in the MX
 * record is tried when that has no records in force (RFC 7671 section 7, RFC 7672 section 2.2.3). Records
 * whose AD cannot be judged stay in view. */
static struct candidate dane_choose(const struct seen_host *h, enum dnssec_state address,
                                    bool trust_ad)
{
    struct candidate end = expanded(h);
    if (h->cname_count == 0 || !is_asked(&end) || (trust_ad && address != DNSSEC_SECURE)) {
        return original(h);
    }
    enum dnssec_state s = dnssec_state_of(end.dns, trust_ad);
    bool has_records = end.count > 0 && (s == DNSSEC_SECURE || s == DNSSEC_UNKNOWN);
    return is_error(s) || has_records ? end : original(h);
}

static bool any_usable(const struct candidate *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (tlsa_is_usable(tlsa_fault_of(&c->tlsas[i]))) {
            return true;
        }
    }
    return false;
}

/* The address records count as secure, or at least the record that makes the name an alias does. */
static bool host_is_secure(const struct seen_host *h, enum dnssec_state address)
{
    return address == DNSSEC_SECURE || (h->first_cname.state == DNS_DATA &&
                                        dnssec_state_of(&h->first_cname, true) == DNSSEC_SECURE);
}

/* A sender skips the host already for its addresses, with DANE or without (RFC 7672 section 2.1.3): that is
 * DANE's doing only where there are TLSA records. */
static enum dane_host state_without_addresses(const struct candidate *c)
{
    bool none = c->dns->state == DNS_NODATA || c->dns->state == DNS_NXDOMAIN;
    return c->count > 0 ? DANE_HOST_LOOKUP_FAILED : none ? DANE_HOST_NONE : DANE_HOST_UNKNOWN;
}

static enum dane_host dane_state_of(const struct seen_host *h, const struct dane_host_verdict *v,
                                    const struct candidate *c, bool trust_ad)
{
    if (!is_asked(c)) {
        return DANE_HOST_UNKNOWN;
    }
    if (!trust_ad) { /* what is not there is in force for nobody */
        bool none = c->dns->state == DNS_NODATA || c->dns->state == DNS_NXDOMAIN;
        return none ? DANE_HOST_NONE : DANE_HOST_UNKNOWN;
    }
    if (is_error(v->address)) {
        return state_without_addresses(c);
    }
    if (!host_is_secure(h, v->address)) {
        return c->count == 0 && !is_error(v->tlsa) ? DANE_HOST_NONE
               : is_secure_by_half(h)              ? DANE_HOST_UNKNOWN
               : c->count == 0                     ? DANE_HOST_NONE
               : is_answer(v->address)             ? DANE_HOST_HOST_INSECURE
                                                   : DANE_HOST_UNKNOWN;
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
    struct net_addr literal;
    if (net_addr_parse(h->name,
                       &literal)) { /* RFC 7672 section 2.2: TLSA records are found by a name */
        *out = (struct dane_host_verdict){
            .address = DNSSEC_UNKNOWN, .tlsa = DNSSEC_UNKNOWN, .state = DANE_HOST_NONE};
        return;
    }
    enum dnssec_state address = address_state(h, trust_ad);
    struct candidate c = dane_choose(h, address, trust_ad);
    *out = (struct dane_host_verdict){
        .address = address,
        .tlsa = dnssec_state_of(c.dns, trust_ad),
        .at = is_asked(&c) ? c.at : TLSA_PLACE_NONE,
        .tlsas = c.tlsas,
        .tlsa_count = c.count,
    };
    out->state = dane_state_of(h, out, &c, trust_ad);
    if (out->state == DANE_HOST_USABLE || out->state == DANE_HOST_UNUSABLE) {
        out->base = c.base;
    }
}
