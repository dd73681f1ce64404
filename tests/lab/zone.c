#include "tests/lab/zone.h"

#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/cases.h"
#include "tests/lab/name_text.h"
#include "tests/lab/population.h"
#include "tests/lab/zone_policy.h"
#include "tests/lab/zone_tlsa.h"

#define NAME_TEXT_MAX 253              /* of a name without its last dot, RFC 1035 section 2.3.4 */
#define NAME_SERVER   "dns-" CASE_ZONE /* ns1 and ns2 of every zone */

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

void zone_add_dname(struct zone_answer *a, struct span name, size_t below, const char *target)
{
    char alias[2 * LAB_NAME_MAX];
    zone_add_name(a, LAB_TYPE_DNAME, 0, target);
    a->rr[a->count - 1].below = (uint32_t)below;
    (void)snprintf(alias, sizeof(alias), "%.*s%s", (int)below, (const char *)name.at, target);
    if (strlen(alias) > NAME_TEXT_MAX) {
        a->state = DNS_NAME_INVALID;
    } else {
        a->state = DNS_DATA;
        zone_add_name(a, LAB_TYPE_CNAME, 0, alias);
    }
}

const struct zone_rr *zone_alias(const struct zone_answer *a, uint16_t type)
{
    for (size_t i = 0; i < a->count && type != LAB_TYPE_CNAME; i++) {
        if (a->rr[i].type == LAB_TYPE_CNAME) {
            return &a->rr[i];
        }
        if (a->rr[i].type != LAB_TYPE_DNAME) {
            break;
        }
    }
    return NULL;
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

/* ---- names of the random world ---- */

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
    out->signatures = out->signatures || h.signed_zone;
    out->state = DNS_NODATA;
    if (has_port && type == LAB_TYPE_TLSA) {
        struct span name = {host.rest.at, host.rest.len + 1 + host.apex.len};
        zone_host_tlsa(w, certs, &h, name, out);
        out->state = out->count > 0 ? DNS_DATA : DNS_NODATA;
        if (h.tlsa_bogus && out->count > 0) {
            out->state = DNS_BOGUS;
            out->ede = 7; /* Signature Expired */
        }
    }
    return true;
}

static void answer_domain(const struct world *w, struct cert_store *certs,
                          const struct found_name *found, uint16_t type, struct zone_answer *out)
{
    struct domain_facts d;
    population_domain(w, found->index, &d);
    out->secure = d.signed_zone;
    out->signatures = d.signed_zone || d.no_ds;
    switch (d.kind) {
    case DOMAIN_NXDOMAIN:
        out->state = DNS_NXDOMAIN;
        out->secure = out->signatures = false;
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
    } else if (zone_policy_domain(w, &d, found->rest, type, out)) {
        if (out->state == DNS_SERVFAIL) {
            return;
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
        out->secure = out->signatures = w->params.operators[found->index].dane;
    }
    if (answer_service_label(w, certs, found, type, out)) {
        return;
    }
    if (apex && type == LAB_TYPE_NS) {
        zone_add_name(out, LAB_TYPE_NS, 0, "ns1." NAME_SERVER);
        out->state = DNS_DATA;
    } else if (found->kind == NAME_PROVIDER) {
        out->state = apex ? DNS_NODATA : DNS_NXDOMAIN;
        zone_policy_provider(w, found, type, out);
        out->state = out->count > 0 ? DNS_DATA : out->state;
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

static const struct net_addr client_address = {.family = 4, .octets = {11, 255, 0, 1}};

static bool answer_client(struct span name, uint16_t type, struct zone_answer *out)
{
    if (!span_eq(name, SPAN_LIT(LAB_CLIENT_NAME))) {
        return false;
    }
    out->state = type == LAB_TYPE_A ? DNS_DATA : DNS_NODATA;
    if (type == LAB_TYPE_A) {
        zone_add_address(out, &client_address);
    }
    return true;
}

static void answer_ptr(const struct world *w, const struct net_addr *a, struct zone_answer *out)
{
    struct service s;
    char name[LAB_NAME_MAX];
    if (net_addr_eq(a, &client_address)) {
        zone_add_name(out, LAB_TYPE_PTR, 0, LAB_CLIENT_NAME);
        out->state = DNS_DATA;
        return;
    }
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

/* A resolver that validates says so of the root: clients ask that to find out. */
static void answer_root(uint16_t type, struct zone_answer *out)
{
    out->secure = out->signatures = true;
    out->state = DNS_NODATA;
    if (type == LAB_TYPE_NS) {
        zone_add_name(out, LAB_TYPE_NS, 0, "a.root-servers.net");
        zone_add_name(out, LAB_TYPE_NS, 0, "b.root-servers.net");
        out->state = DNS_DATA;
    }
}

/* Of labels with digits or hyphens there are none but those of IDNA. */
static bool is_top_level_domain(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] < 'a' || name.at[i] > 'z') {
            return false;
        }
    }
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
    out->signatures = false;
    out->ede = -1;
    out->tcp = LAB_TCP_AS_USUAL;
    out->count = 0;
    out->apex[0] = '\0';
    buf_reset(&out->data);
    struct found_name found;
    if (name.len >= LAB_NAME_MAX || answer_localhost(name, type, out) ||
        answer_client(name, type, out) || answer_reverse(w, name, type, out)) {
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
    } else if (name.len == 0) {
        answer_root(type, out);
    } else if (is_top_level_domain(name)) {
        out->state = DNS_NODATA; /* top-level domains */
    }
}
