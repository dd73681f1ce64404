#include "tests/lab/zone.h"

#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/cases.h"
#include "tests/lab/cert_store.h"
#include "tests/lab/draw.h"
#include "tests/lab/name_text.h"
#include "tests/lab/population.h"

#define NAME_SERVER "dns-" CASE_ZONE /* ns1 and ns2 of every zone */

void zone_answer_init(struct zone_answer *a)
{
    memset(a, 0, sizeof(*a));
    a->data = BUF_INIT(BUF_NO_LIMIT);
}

void zone_answer_deinit(struct zone_answer *a)
{
    buf_deinit(&a->data);
}

static struct zone_rr *add_rr(struct zone_answer *a, uint16_t type)
{
    CHECK(a->count < ZONE_RR_MAX);
    struct zone_rr *rr = &a->rr[a->count++];
    memset(rr, 0, sizeof(*rr));
    rr->type = type;
    rr->at = (uint32_t)a->data.len;
    return rr;
}

void zone_add_octets(struct zone_answer *a, uint16_t type, struct span octets)
{
    struct zone_rr *rr = add_rr(a, type);
    buf_put(&a->data, octets);
    rr->len = (uint32_t)octets.len;
}

void zone_add_name(struct zone_answer *a, uint16_t type, uint16_t preference, const char *name)
{
    zone_add_octets(a, type, strcmp(name, ".") == 0 ? (struct span){0} : span_of(name));
    a->rr[a->count - 1].preference = preference;
}

void zone_add_address(struct zone_answer *a, const struct net_addr *address)
{
    add_rr(a, address->family == 4 ? LAB_TYPE_A : LAB_TYPE_AAAA)->address = *address;
}

void zone_add_text(struct zone_answer *a, const char *text)
{
    uint8_t octets[256];
    size_t len = strlen(text);
    CHECK(len <= 255);
    octets[0] = (uint8_t)len;
    memcpy(octets + 1, text, len);
    zone_add_octets(a, LAB_TYPE_TXT, (struct span){octets, len + 1});
}

void zone_add_tlsa(struct zone_answer *a, struct cert_store *certs, const struct cert_choice *cert,
                   uint8_t usage, uint8_t selector, uint8_t matching, bool wrong)
{
    uint8_t octets[3 + 64] = {usage, selector, matching};
    size_t len = matching == 2 ? 64 : 32;
    if (certs != NULL) {
        /* Usages 0 and 2 name the issuer, 1 and 3 the leaf (RFC 6698 section 2.1.1). */
        cert_store_digest(certs, cert, usage % 2 == 0, selector == 1, matching, octets + 3);
    }
    if (wrong) {
        octets[3] ^= 0xff;
    }
    zone_add_octets(a, LAB_TYPE_TLSA, (struct span){octets, 3 + len});
}

/* ---- names of the random world ---- */

static void host_tlsa(const struct world *w, struct cert_store *certs, const struct host_facts *h,
                      struct span host, struct zone_answer *out)
{
    uint64_t seen[HOST_ADDRESSES_LAB_MAX];
    size_t seen_count = 0;
    /* Shares of rules 1.9: 3 1 1 82 %, 3 0 1 8 %, 3 1 2 2 %, 2 1 1 5 %, 2 0 1 3 %. */
    static const uint8_t forms[][3] = {{3, 1, 1}, {3, 0, 1}, {3, 1, 2}, {2, 1, 1}, {2, 0, 1}};
    static const double weights[] = {82, 8, 2, 5, 3};
    double u = (double)(h->tlsa_draw >> 11) * 0x1p-53;
    const uint8_t *form = forms[h->tlsa_draw == 0 ? 0 : draw_pick(u, weights, 5)];
    for (size_t i = 0; i < h->address_count; i++) {
        struct service s;
        bool known = false;
        if (!world_service(w, &h->addresses[i], &s)) {
            continue;
        }
        world_service_for(w, &s, host);
        struct cert_choice cert = service_cert(&s, true, 0);
        for (size_t k = 0; k < seen_count; k++) {
            known = known || seen[k] == cert.identity;
        }
        if (!known) {
            seen[seen_count++] = cert.identity;
            zone_add_tlsa(out, certs, &cert, form[0], form[1], form[2], h->tlsa_wrong);
        }
    }
}

static enum dns_state state_of_host(enum host_state s)
{
    switch (s) {
    case HOST_OK:
    case HOST_NODATA:
        return DNS_NODATA;
    case HOST_NXDOMAIN:
        return DNS_NXDOMAIN;
    case HOST_SERVFAIL:
        return DNS_SERVFAIL;
    case HOST_TIMEOUT:
        return DNS_TIMEOUT;
    }
    UNREACHABLE("unknown host_state");
}

static void answer_host(const struct host_facts *h, uint16_t type, struct zone_answer *out)
{
    out->state = state_of_host(h->state);
    if (h->cname[0] != '\0') {
        zone_add_name(out, LAB_TYPE_CNAME, 0, h->cname);
    }
    for (size_t i = 0; i < h->address_count; i++) {
        uint16_t family_type = h->addresses[i].family == 4 ? LAB_TYPE_A : LAB_TYPE_AAAA;
        if (family_type == type) {
            zone_add_address(out, &h->addresses[i]);
        }
    }
    if (out->count > 0) {
        out->state = DNS_DATA;
    }
}

/* _25._tcp.HOST; the labels above exist and are empty. */
static bool answer_service_label(const struct world *w, struct cert_store *certs,
                                 const struct found_name *found, uint16_t type,
                                 struct zone_answer *out)
{
    static const struct span tcp = SPAN_INIT("_tcp.");
    static const struct span port = SPAN_INIT("_25.");
    struct found_name host = *found;
    bool has_port = host.rest.len > port.len && memcmp(host.rest.at, port.at, port.len) == 0;
    if (has_port) {
        host.rest = span_drop(host.rest, port.len);
    }
    if (host.rest.len <= tcp.len || memcmp(host.rest.at, tcp.at, tcp.len) != 0) {
        return false;
    }
    host.rest = span_drop(host.rest, tcp.len);
    struct host_facts h;
    if (!population_host(w, &host, &h) || !h.tlsa) {
        return false;
    }
    out->secure = h.signed_zone;
    out->state = DNS_NODATA;
    if (has_port && type == LAB_TYPE_TLSA) {
        struct span name = {host.rest.at, host.rest.len + 1 + host.apex.len};
        host_tlsa(w, certs, &h, name, out);
        out->state = out->count > 0 ? DNS_DATA : DNS_NODATA;
    }
    return true;
}

static bool takes_mail(enum domain_kind k)
{
    return k == DOMAIN_OPERATOR || k == DOMAIN_SMALL_HOSTER || k == DOMAIN_TAIL;
}

/* RFC 8461 section 3.1; the faults and their shares: IMC25, see the parameter sts_bad_txt. */
static bool sts_text(const struct world *w, const struct domain_facts *d, char out[128])
{
    uint64_t i = d->index;
    if (!takes_mail(d->kind) || draw_unit(w->seed, DRAW_STS, i, 0) >= w->params.sts) {
        return false;
    }
    unsigned day = 1 + (unsigned)draw_below(w->seed, DRAW_STS, i, 1, 28);
    const char *form = "v=STSv1; id=202610%02uT010203;";
    if (draw_unit(w->seed, DRAW_STS_FORM, i, 0) < w->params.sts_bad_txt) {
        static const char *const bad[] = {"v=STSv1; id2=202610%02u;", "v=STSv1; id=2026-10-%02u;",
                                          "v=STS1; id=202610%02u;", "v=STSv1; id=202610%02u; x=;"};
        static const double weights[] = {65, 203, 52, 2};
        form = bad[draw_pick(draw_unit(w->seed, DRAW_STS_FORM, i, 1), weights, 4)];
    }
    const char *mark = strstr(form, "%02u");
    (void)snprintf(out, 128, "%.*s%02u%s", (int)(mark - form), form, day, mark + 4);
    return true;
}

/* RFC 8460 section 3. */
static bool rpt_text(const struct world *w, const struct domain_facts *d, const char *name,
                     char out[512])
{
    uint64_t i = d->index;
    bool sts = draw_unit(w->seed, DRAW_STS, i, 0) < w->params.sts;
    double share = sts ? w->params.rpt_of_sts : w->params.rpt_of_others;
    if (!takes_mail(d->kind) || draw_unit(w->seed, DRAW_RPT, i, 0) >= share) {
        return false;
    }
    bool bad = draw_unit(w->seed, DRAW_RPT, i, 1) < w->params.rpt_bad;
    (void)snprintf(out, 512,
                   bad ? "v=TLSRPTv1; rua=tls-reports@%s" : "v=TLSRPTv1; rua=mailto:tls-reports@%s",
                   name);
    return true;
}

static void answer_domain(const struct world *w, struct cert_store *certs,
                          const struct found_name *found, uint16_t type, struct zone_answer *out)
{
    struct domain_facts d;
    population_domain(w, found->index, &d);
    out->secure = d.signed_zone;
    switch (d.kind) {
    case DOMAIN_NXDOMAIN:
        out->state = DNS_NXDOMAIN;
        out->secure = false;
        name_putf(out->apex, "%s", strchr(out->apex, '.') + 1);
        return;
    case DOMAIN_SERVFAIL:
        out->state = DNS_SERVFAIL;
        out->ede = 22; /* No Reachable Authority */
        return;
    case DOMAIN_TIMEOUT:
        out->state = DNS_TIMEOUT;
        return;
    case DOMAIN_BOGUS:
    case DOMAIN_EMPTY:
    case DOMAIN_WEB:
    case DOMAIN_IMPLICIT:
    case DOMAIN_NULL_MX:
    case DOMAIN_NULL_OTHER:
    case DOMAIN_LOCALHOST:
    case DOMAIN_PRIVATE:
    case DOMAIN_OPERATOR:
    case DOMAIN_SMALL_HOSTER:
    case DOMAIN_TAIL:
        break;
    }
    struct host_facts h;
    char text[512];
    char name[LAB_NAME_MAX];
    population_name(w, found->index, name);
    bool apex = found->rest.len == 0;
    if (apex && type == LAB_TYPE_MX) {
        uint16_t preference;
        char exchange[LAB_NAME_MAX];
        for (uint32_t n = 0; population_mx(w, &d, n, &preference, exchange); n++) {
            zone_add_name(out, LAB_TYPE_MX, preference, exchange);
        }
    } else if (apex && type == LAB_TYPE_NS) {
        zone_add_name(out, LAB_TYPE_NS, 0, "ns1." NAME_SERVER);
        zone_add_name(out, LAB_TYPE_NS, 0, "ns2." NAME_SERVER);
    } else if (span_eq(found->rest, SPAN_LIT("_mta-sts")) && sts_text(w, &d, text)) {
        out->state = DNS_NODATA;
        if (type == LAB_TYPE_TXT) {
            zone_add_text(out, text);
        }
    } else if (span_ends_with(SPAN_LIT("_smtp._tls"), found->rest) && !apex &&
               found->rest.len >= 4 && rpt_text(w, &d, name, text)) {
        out->state = DNS_NODATA;
        if (type == LAB_TYPE_TXT && found->rest.len > 4) {
            zone_add_text(out, text);
        }
    } else if (answer_service_label(w, certs, found, type, out)) {
        return;
    } else if (population_host(w, found, &h)) {
        answer_host(&h, type, out);
    }
    if (out->count > 0) {
        out->state = DNS_DATA;
    } else if (apex && out->state == DNS_NXDOMAIN) {
        out->state = DNS_NODATA;
    }
    if (d.kind == DOMAIN_BOGUS) {
        out->state = DNS_BOGUS;
        out->ede = 6; /* DNSSEC Bogus */
    }
}

static void answer_zone(const struct world *w, struct cert_store *certs,
                        const struct found_name *found, uint16_t type, struct zone_answer *out)
{
    struct host_facts h;
    bool apex = found->rest.len == 0;
    if (found->kind == NAME_OPERATOR) {
        out->secure = w->params.operators[found->index].dane;
    }
    if (answer_service_label(w, certs, found, type, out)) {
        return;
    }
    if (apex && type == LAB_TYPE_NS) {
        zone_add_name(out, LAB_TYPE_NS, 0, "ns1." NAME_SERVER);
        out->state = DNS_DATA;
    } else if (population_host(w, found, &h)) {
        answer_host(&h, type, out);
    } else if (apex || found->kind == NAME_OPERATOR) {
        out->state = apex ? DNS_NODATA : DNS_NXDOMAIN;
    }
}

/* ---- reverse zones ---- */

static bool reverse_v4(struct span name, struct net_addr *out)
{
    char text[80];
    unsigned o[4];
    int end = 0;
    if (name.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    if (sscanf(text, "%3u.%3u.%3u.%3u.in-addr.arpa%n", &o[3], &o[2], &o[1], &o[0], &end) != 4 ||
        (size_t)end != name.len || o[0] > 255 || o[1] > 255 || o[2] > 255 || o[3] > 255) {
        return false;
    }
    uint8_t octets[4] = {(uint8_t)o[0], (uint8_t)o[1], (uint8_t)o[2], (uint8_t)o[3]};
    *out = net_addr_v4(octets);
    return true;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool reverse_v6(struct span name, struct net_addr *out)
{
    static const struct span tail = SPAN_INIT("ip6.arpa");
    if (name.len != 64 + tail.len || !span_ends_with(name, tail)) {
        return false;
    }
    uint8_t octets[16] = {0};
    for (size_t i = 0; i < 32; i++) { /* the lowest digit comes first */
        int digit = hex_digit(name.at[2 * i]);
        if (digit < 0 || name.at[2 * i + 1] != '.') {
            return false;
        }
        octets[15 - i / 2] |= (uint8_t)(i % 2 == 0 ? digit : digit << 4);
    }
    *out = net_addr_v6(octets);
    return true;
}

/* A name of the service's that leads back to its address, for a PTR record. */
static void own_name(const struct world *w, const struct service *s, char out[LAB_NAME_MAX])
{
    if (!case_host_at(w, &s->address, out)) {
        name_putf(out, "%s", s->name);
    }
}

static void answer_ptr(const struct world *w, const struct net_addr *a, struct zone_answer *out)
{
    struct service s;
    char name[LAB_NAME_MAX];
    out->state = DNS_NXDOMAIN;
    if (!world_service(w, a, &s)) {
        if (population_dead_ptr(w, a, name)) {
            zone_add_name(out, LAB_TYPE_PTR, 0, name);
            out->state = DNS_DATA;
        }
        return;
    }
    own_name(w, &s, name);
    switch (s.ptr) {
    case LAB_PTR_NONE:
        return;
    case LAB_PTR_SERVFAIL:
        out->state = DNS_SERVFAIL;
        return;
    case LAB_PTR_CONFIRMED:
        break;
    case LAB_PTR_GENERIC:
        population_generic_name(a, name);
        break;
    case LAB_PTR_MISMATCH:
        name_putf(name, "%s", LAB_NAME_ELSEWHERE);
        break;
    case LAB_PTR_TWO:
        zone_add_name(out, LAB_TYPE_PTR, 0, LAB_NAME_ELSEWHERE);
        break;
    }
    zone_add_name(out, LAB_TYPE_PTR, 0, name);
    out->state = DNS_DATA;
}

static bool answer_reverse(const struct world *w, struct span name, uint16_t type,
                           struct zone_answer *out)
{
    struct net_addr a;
    if (!span_ends_with(name, SPAN_LIT("arpa"))) {
        return false;
    }
    name_putf(out->apex, "arpa");
    out->state = DNS_NODATA;
    if ((reverse_v4(name, &a) || reverse_v6(name, &a)) && type == LAB_TYPE_PTR) {
        answer_ptr(w, &a, out);
    }
    return true;
}

/* RFC 6761 section 6.3: what a resolver says of localhost itself. */
static bool answer_localhost(struct span name, uint16_t type, struct zone_answer *out)
{
    static const uint8_t v4[4] = {127, 0, 0, 1};
    static const uint8_t v6[16] = {[15] = 1};
    if (!span_eq(name, SPAN_LIT("localhost"))) {
        return false;
    }
    struct net_addr a = type == LAB_TYPE_A ? net_addr_v4(v4) : net_addr_v6(v6);
    if (type == LAB_TYPE_A || type == LAB_TYPE_AAAA) {
        zone_add_address(out, &a);
    }
    out->state = out->count > 0 ? DNS_DATA : DNS_NODATA;
    return true;
}

static void set_apex(struct zone_answer *out, struct span apex)
{
    CHECK(apex.len < sizeof(out->apex));
    memcpy(out->apex, apex.at, apex.len);
    out->apex[apex.len] = '\0';
}

void zone_lookup(const struct world *w, struct cert_store *certs, struct span name, uint16_t type,
                 struct zone_answer *out)
{
    out->state = DNS_NXDOMAIN;
    out->secure = false;
    out->ede = -1;
    out->count = 0;
    out->apex[0] = '\0';
    buf_reset(&out->data);
    struct found_name found;
    if (name.len >= LAB_NAME_MAX || answer_localhost(name, type, out) ||
        answer_reverse(w, name, type, out)) {
        return;
    }
    static const struct span case_zone = SPAN_INIT(CASE_ZONE);
    if (span_ends_with(name, case_zone) &&
        (name.len == case_zone.len || name.at[name.len - case_zone.len - 1] == '.')) {
        case_lookup(w, certs, name, type, out);
    } else if (population_find(w, name, &found)) {
        set_apex(out, found.apex);
        if (found.kind == NAME_DOMAIN) {
            answer_domain(w, certs, &found, type, out);
        } else {
            answer_zone(w, certs, &found, type, out);
        }
    } else if (name.len == 0 || memchr(name.at, '.', name.len) == NULL) {
        out->state = DNS_NODATA; /* the root and top-level domains */
    }
}
