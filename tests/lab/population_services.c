#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/draw.h"
#include "tests/lab/name_text.h"
#include "tests/lab/population.h"

/* Keys of draws that concern no domain. */
#define KEY_HOSTING  (1ULL << 40)
#define KEY_SMALL    (1ULL << 41)
#define KEY_OPERATOR (1ULL << 42)
#define KEY_DEAD     (1ULL << 43)

static double unit(const struct world *w, enum draw_topic topic, uint64_t a, uint64_t b)
{
    return draw_unit(w->seed, topic, a, b);
}

/* ---- certificates ---- */

static void draw_key_and_chain(const struct world *w, struct cert_choice *c)
{
    const struct params *p = &w->params;
    uint64_t id = c->identity;
    const double keys[] = {p->key_p256, p->key_p384, p->key_rsa_2048, p->key_rsa_3072,
                           p->key_rsa_4096};
    const double issuers[] = {p->issuer_first, p->issuer_second, p->issuer_third};
    c->key = (enum lab_key)draw_pick(unit(w, DRAW_KEY, id, 0), keys, 5);
    c->issuer = (uint8_t)draw_pick(unit(w, DRAW_ISSUER, id, 0), issuers, 3);
    c->issuer_ec = c->key == LAB_KEY_P256 || c->key == LAB_KEY_P384 ||
                   unit(w, DRAW_ISSUER, id, 1) < p->issuer_ec;
    double u = unit(w, DRAW_CHAIN, id, 0);
    c->chain = (u -= p->chain_wrong_order) < 0 ? LAB_CHAIN_ORDER
               : (u -= p->chain_extra) < 0     ? LAB_CHAIN_EXTRA
               : (u -= p->chain_root) < 0      ? LAB_CHAIN_ROOT
               : u - p->chain_three < 0        ? LAB_CHAIN_THREE
                                               : LAB_CHAIN_TWO;
    u = unit(w, DRAW_SANS, id, 0);
    if ((u -= p->sans_11_up) < 0) {
        c->extra_names = (uint16_t)(9 + draw_below(w->seed, DRAW_SANS, id, 1, 90));
    } else if (u - p->sans_3_to_10 < 0) {
        c->extra_names = (uint16_t)(1 + draw_below(w->seed, DRAW_SANS, id, 1, 8));
    }
}

void population_choose_cert(const struct world *w, struct cert_choice *c, uint64_t owner,
                            uint64_t slot, enum lab_cert_class class, const char *names)
{
    c->identity = draw_u64(w->seed, DRAW_ID, owner, slot);
    c->class = class;
    (void)snprintf(c->names, sizeof(c->names), "%s", names);
    draw_key_and_chain(w, c);
}

static enum lab_cert_class self_class(const struct world *w, uint64_t m, uint64_t host)
{
    const struct params *p = &w->params;
    const double weights[] = {p->self_valid,      p->self_other_name, p->self_self_signed,
                              p->self_private_ca, p->self_expired,    p->self_missing_intermediate,
                              p->self_other / 2,  p->self_other / 2};
    return (enum lab_cert_class)draw_pick(unit(w, DRAW_CERT_CLASS, m, host), weights, 8);
}

/* Names of a self-hosted server: one wildcard certificate for all hosts, or one per host. */
static void choose_self(const struct world *w, const struct self_server *s, uint64_t variant,
                        struct cert_choice *c)
{
    uint64_t m = s->domain.index;
    char domain[LAB_NAME_MAX];
    char names[CERT_NAMES_MAX];
    population_name(w, m, domain);
    bool shared = s->domain.host_count > 1 && unit(w, DRAW_CERT_CLASS, m, 1000) < 0.4; /* assumed */
    uint64_t host = shared ? 0 : s->host;
    enum lab_cert_class class = self_class(w, m, host);
    if (class == LAB_CERT_OTHER_NAME) {
        (void)snprintf(names, sizeof(names), "www.%s,%s", domain, domain);
    } else if (shared) {
        (void)snprintf(names, sizeof(names), "*.%s,%s", domain, domain);
    } else {
        (void)snprintf(names, sizeof(names), "%s", s->name);
    }
    population_choose_cert(w, c, m, host + variant * 64, class, names);
}

/* ---- behaviour drawn for servers of the long tail ---- */

static void draw_software(const struct world *w, uint64_t owner, struct service *s)
{
    const struct params *p = &w->params;
    double rest = 1 - p->software_exim - p->software_postfix - p->software_sendmail;
    const double weights[] = {p->software_postfix, p->software_exim, p->software_sendmail, rest};
    s->software = (enum lab_software)draw_pick(unit(w, DRAW_SOFTWARE, owner, 0), weights, 4);
}

static void draw_greeting(const struct world *w, uint64_t owner, uint64_t host, struct service *s)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_GREETING, owner, host);
    s->greeting = (u -= p->greeting_4xx) < 0      ? LAB_GREETING_TEMPFAIL
                  : (u -= p->greeting_5xx) < 0    ? LAB_GREETING_REJECTED
                  : u - p->greeting_multiline < 0 ? LAB_GREETING_MULTILINE
                                                  : LAB_GREETING_OK;
}

static uint32_t scaled(const struct world *w, double ms)
{
    double v = ms * w->time_scale;
    return v < w->delay_max_ms ? (uint32_t)v : w->delay_max_ms;
}

static void draw_delay(const struct world *w, uint64_t owner, uint64_t host, struct service *s)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_DELAY, owner, host);
    double v = unit(w, DRAW_DELAY, owner, host + 1000);
    double ms;
    if (u < p->delay_over_5s) {
        ms = 5000 + 25000 * v;
    } else if (u < p->delay_over_1s) {
        ms = 1000 + 4000 * v;
    } else {
        ms = p->delay_median_ms * exp(p->delay_sigma * draw_normal(v));
        ms = ms < 1000 ? ms : 1000;
    }
    s->greeting_delay_ms = scaled(w, ms);
}

static void draw_starttls(const struct world *w, uint64_t owner, uint64_t host, struct service *s)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_STARTTLS, owner, host);
    if (u >= p->starttls_offered) {
        s->starttls = LAB_STARTTLS_NONE;
        return;
    }
    u = unit(w, DRAW_STARTTLS, owner, host + 1000);
    s->starttls = (u -= p->starttls_454) < 0      ? LAB_STARTTLS_TEMPFAIL
                  : (u -= p->starttls_5xx) < 0    ? LAB_STARTTLS_REJECTED
                  : (u -= p->starttls_masked) < 0 ? LAB_STARTTLS_MASKED
                  : u - p->starttls_injected < 0  ? LAB_STARTTLS_INJECTED
                                                  : LAB_STARTTLS_OFFERED;
    u = unit(w, DRAW_TLS_FATE, owner, host);
    s->tls_fate = (u -= p->tls_reset) < 0    ? LAB_TLS_RESET
                  : (u -= p->tls_closed) < 0 ? LAB_TLS_CLOSE
                                             : LAB_TLS_OK;
    s->starttls_again = unit(w, DRAW_TLS_FATE, owner, host + 1000) < p->tls_again;
}

static void draw_versions(const struct world *w, uint64_t owner, uint64_t host, struct service *s)
{
    const struct params *p = &w->params;
    const double max[] = {p->tls_max_13, p->tls_max_12, p->tls_max_11, p->tls_max_10,
                          p->tls_max_none};
    const double min[] = {p->tls_min_10, p->tls_min_12, p->tls_min_13};
    static const uint16_t min_versions[] = {0x0301, 0x0303, 0x0304};
    size_t i = draw_pick(unit(w, DRAW_TLS_MAX, owner, host), max, 5);
    if (i == 4) {
        s->tls_fate = LAB_TLS_SSLV3;
    } else {
        s->tls_max = (uint16_t)(0x0304 - i);
    }
    s->tls_min = min_versions[draw_pick(unit(w, DRAW_TLS_MIN, owner, host), min, 3)];
    if (s->tls_min > s->tls_max) {
        s->tls_min = s->tls_max;
    }
    double u = unit(w, DRAW_KEX, owner, host);
    const double kex[] = {p->kex_x25519, p->kex_p256, p->kex_other};
    s->kex = (enum lab_kex)(LAB_KEX_X25519 + draw_pick(u, kex, 3));
    /* Customers of a selecting server may have ECDSA certificates, which this cannot serve. */
    bool rsa = s->plain.key >= LAB_KEY_RSA_2048 && s->sni != LAB_SNI_SELECT;
    if (rsa && s->tls_max <= 0x0303 && unit(w, DRAW_KEX, owner, host + 1000) < p->kex_static_rsa) {
        s->kex = LAB_KEX_STATIC_RSA;
    }
}

static enum lab_ptr draw_ptr(const struct world *w, uint64_t owner, uint64_t item)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_PTR, owner, item);
    if ((u -= p->ptr_none) < 0) {
        return LAB_PTR_NONE;
    }
    if (unit(w, DRAW_PTR, owner, item + 1000) < p->ptr_mismatch) {
        return LAB_PTR_MISMATCH;
    }
    return u - p->ptr_generic < 0 ? LAB_PTR_GENERIC : LAB_PTR_CONFIRMED;
}

static enum lab_sni_rule draw_sni(const struct world *w, uint64_t owner, uint64_t host,
                                  double select)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_SNI, owner, host);
    return (u -= p->sni_unknown_fatal) < 0 ? LAB_SNI_FATAL_UNKNOWN
           : (u -= p->sni_none_fatal) < 0  ? LAB_SNI_FATAL_WITHOUT
           : (u -= p->sni_warning) < 0     ? LAB_SNI_WARNING
           : u - select < 0                ? LAB_SNI_SELECT
                                           : LAB_SNI_IGNORE;
}

/* ---- self-hosted ---- */

static bool self_service(const struct world *w, const struct address_place *place,
                         struct service *s)
{
    struct self_server server;
    if (!population_slot(w, place->owner, &server)) {
        return false;
    }
    uint64_t m = server.domain.index;
    uint64_t host = server.host;
    s->reach = server.reach;
    name_putf(s->name, "%s", server.name);
    draw_software(w, m, s);
    draw_greeting(w, m, host, s);
    draw_delay(w, m, host, s);
    draw_starttls(w, m, host, s);
    s->sni = draw_sni(w, m, host, w->params.self_select);
    choose_self(w, &server, 0, &s->own);
    s->plain = s->own;
    if (s->sni == LAB_SNI_SELECT) {
        bool bad = unit(w, DRAW_SNI, m, host + 1000) < w->params.select_default_bad;
        char names[CERT_NAMES_MAX];
        (void)snprintf(names, sizeof(names), "%s%s", bad ? "default." : "", server.name);
        population_choose_cert(w, &s->plain, m, 128 + host,
                               bad ? LAB_CERT_SELF_SIGNED : LAB_CERT_VALID, names);
    }
    draw_versions(w, m, host, s);
    s->ptr = draw_ptr(w, m, host * 16 + server.item);
    if (place->v6) {
        double u = unit(w, DRAW_V6_FATE, m, host + 1000);
        if ((u -= w->params.v6_other_cert) < 0) {
            population_choose_cert(w, &s->plain, m, 192 + host, LAB_CERT_SELF_SIGNED, server.name);
            s->own = s->plain;
        } else if (u - w->params.v6_no_starttls < 0) {
            s->starttls = LAB_STARTTLS_NONE;
        }
        s->ptr = draw_ptr(w, m, host * 16 + server.item + 500);
    }
    return true;
}

/* ---- shared hosting ---- */

static bool hosting_service(const struct world *w, const struct address_place *place,
                            struct service *s)
{
    const struct params *p = &w->params;
    if (place->owner >= w->hosting_servers) {
        return false;
    }
    uint64_t key = KEY_HOSTING | place->owner;
    s->reach = population_hosting_reach(w, place->owner);
    if (s->reach != LAB_REACH_RESET) {
        s->reach = LAB_REACH_LIVE; /* over IPv6, where IPv4 is dead; then it has no live address */
    }
    name_putf(s->name, "srv%u." LAB_ZONE_WEBHOST, place->owner);
    s->software = LAB_SOFTWARE_EXIM;
    s->greeting_delay_ms = scaled(w, 10 + 190 * unit(w, DRAW_DELAY, key, 0));
    if (unit(w, DRAW_STARTTLS, key, 0) >= p->starttls_offered) {
        s->starttls = LAB_STARTTLS_NONE;
    }
    const double weights[] = {p->hosting_select,      p->hosting_other_name,
                              p->hosting_self_signed, p->hosting_private_ca,
                              p->hosting_expired,     p->hosting_missing_intermediate,
                              p->hosting_other / 2,   p->hosting_other / 2};
    static const enum lab_cert_class classes[] = {
        LAB_CERT_OTHER_NAME,    LAB_CERT_OTHER_NAME, LAB_CERT_SELF_SIGNED,
        LAB_CERT_PRIVATE_CA,    LAB_CERT_EXPIRED,    LAB_CERT_MISSING_INTERMEDIATE,
        LAB_CERT_NOT_YET_VALID, LAB_CERT_CN_ONLY,
    };
    size_t i = draw_pick(unit(w, DRAW_CERT_CLASS, key, 0), weights, 8);
    bool bad = i == 0 && unit(w, DRAW_SNI, key, 1) < p->select_default_bad / 2;
    population_choose_cert(w, &s->plain, key, 0, bad ? LAB_CERT_SELF_SIGNED : classes[i], s->name);
    s->own = s->plain;
    s->sni = i == 0 ? LAB_SNI_SELECT : draw_sni(w, key, 0, 0);
    draw_versions(w, key, 0, s);
    s->ptr = draw_ptr(w, key, place->v6);
    if (place->v6 && unit(w, DRAW_V6_FATE, key, 1000) < p->v6_no_starttls) {
        s->starttls = LAB_STARTTLS_NONE;
    }
    return true;
}

bool population_own(const struct world *w, const struct address_place *place, struct span sni,
                    struct cert_choice *own)
{
    struct self_server customer;
    if (place->part == PART_SELF) {
        struct self_server server;
        uint16_t preference;
        char name[LAB_NAME_MAX];
        if (!population_slot(w, place->owner, &server)) {
            return false;
        }
        for (uint32_t n = 0; n < server.domain.host_count; n++) {
            if (population_mx(w, &server.domain, n, &preference, name) &&
                span_eq(span_of(name), sni)) {
                return true; /* `own` is set already */
            }
        }
        return false;
    }
    if (place->part != PART_HOSTING || !population_customer(w, sni, place->owner, &customer)) {
        return false;
    }
    bool expired = unit(w, DRAW_CERT_CLASS, customer.domain.index, 2000) < 0.05; /* assumed */
    population_choose_cert(w, own, customer.domain.index, 256 + customer.host,
                           expired ? LAB_CERT_EXPIRED : LAB_CERT_VALID, customer.name);
    return true;
}

/* ---- operators ---- */

static void provider_service(const struct world *w, uint64_t key, uint64_t cert, const char *names,
                             struct service *s)
{
    s->greeting_delay_ms = scaled(w, 5 + 45 * unit(w, DRAW_DELAY, key, 0));
    s->tls_min = 0x0303;
    bool other = unit(w, DRAW_CERT_CLASS, key, cert) < w->params.operator_other_name;
    population_choose_cert(w, &s->plain, key, cert, other ? LAB_CERT_OTHER_NAME : LAB_CERT_VALID,
                           other ? "mail." LAB_ZONE_ISP : names);
    s->plain.chain = s->plain.chain == LAB_CHAIN_THREE ? LAB_CHAIN_THREE : LAB_CHAIN_TWO;
    s->plain.extra_names = 0;
    s->own = s->plain;
}

static bool operator_service(const struct world *w, const struct address_place *place,
                             struct service *s)
{
    if (place->owner >= w->params.operator_count ||
        place->item >= w->params.operators[place->owner].addresses) {
        return false;
    }
    const struct operator_params *o = &w->params.operators[place->owner];
    uint64_t key = KEY_OPERATOR | place->owner;
    char names[CERT_NAMES_MAX];
    int len = 0;
    if (o->tenant[0] != '\0') {
        len = snprintf(names, sizeof(names), "*.%s.%s", o->tenant, o->domain);
    }
    for (size_t n = 0; n < o->name_count && (size_t)len < sizeof(names); n++) {
        len += snprintf(names + len, sizeof(names) - (size_t)len, "%s%s.%s", n > 0 ? "," : "",
                        o->name[n], o->domain);
    }
    name_putf(s->name, "mta%u.%s", place->item, o->domain);
    s->software = o->tenant[0] != '\0' ? LAB_SOFTWARE_EXCHANGE : LAB_SOFTWARE_POSTFIX;
    provider_service(w, key, place->item % o->certs, names, s);
    s->plain.key = o->rsa ? LAB_KEY_RSA_2048 : LAB_KEY_P256;
    s->plain.issuer_ec = !o->rsa;
    s->own = s->plain;
    s->tls_max = o->tls_max;
    return true;
}

static bool small_service(const struct world *w, const struct address_place *place,
                          struct service *s)
{
    if (place->owner >= w->small_hosters) {
        return false;
    }
    char names[CERT_NAMES_MAX];
    name_putf(s->name, "mx%u.hoster%u-mxlab.net", place->item / 2 + 1, place->owner);
    (void)snprintf(names, sizeof(names), "mx1.hoster%u-mxlab.net,mx2.hoster%u-mxlab.net",
                   place->owner, place->owner);
    provider_service(w, KEY_SMALL | place->owner, 0, names, s);
    return true;
}

bool population_service(const struct world *w, const struct address_place *place,
                        const struct net_addr *address, struct service *out)
{
    service_init(out, address);
    switch (place->part) {
    case PART_SELF:
        return self_service(w, place, out);
    case PART_HOSTING:
        return hosting_service(w, place, out);
    case PART_OPERATOR:
        return operator_service(w, place, out);
    case PART_SMALL_HOSTER:
        return small_service(w, place, out);
    case PART_POLICY_PROVIDER:
    case PART_POLICY_WEB:
    case PART_CASE:
    case PART_NONE:
        return false;
    }
    UNREACHABLE("unknown address_part");
}

/* ---- reverse DNS ---- */

void population_generic_name(const struct net_addr *a, char out[LAB_NAME_MAX])
{
    const uint8_t *o = a->octets;
    if (a->family == 4) {
        name_putf(out, "ip4-%u-%u-%u-%u." LAB_ZONE_ISP, o[0], o[1], o[2], o[3]);
        return;
    }
    int len = snprintf(out, LAB_NAME_MAX, "ip6-");
    for (size_t i = 0; i < 16; i++) {
        len += snprintf(out + len, LAB_NAME_MAX - (size_t)len, "%02x", o[i]);
    }
    (void)snprintf(out + len, LAB_NAME_MAX - (size_t)len, "." LAB_ZONE_ISP);
}

bool population_generic_address(struct span label, struct net_addr *out)
{
    char text[64];
    unsigned o[4];
    int end = 0;
    if (label.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, label.at, label.len);
    text[label.len] = '\0';
    if (sscanf(text, "ip4-%3u-%3u-%3u-%3u%n", &o[0], &o[1], &o[2], &o[3], &end) == 4 &&
        (size_t)end == label.len && o[0] < 256 && o[1] < 256 && o[2] < 256 && o[3] < 256) {
        uint8_t octets[4] = {(uint8_t)o[0], (uint8_t)o[1], (uint8_t)o[2], (uint8_t)o[3]};
        *out = net_addr_v4(octets);
        return true;
    }
    uint8_t octets[16];
    if (label.len != 36 || memcmp(text, "ip6-", 4) != 0) {
        return false;
    }
    for (size_t i = 0; i < 16; i++) {
        unsigned v;
        if (sscanf(text + 4 + 2 * i, "%2x", &v) != 1) {
            return false;
        }
        octets[i] = (uint8_t)v;
    }
    *out = net_addr_v6(octets);
    return true;
}

bool population_dead_ptr(const struct world *w, const struct net_addr *a, char out[LAB_NAME_MAX])
{
    uint64_t any = 0;
    for (size_t i = 0; i < sizeof(a->octets); i++) {
        any = any * 257 + a->octets[i];
    }
    population_generic_name(a, out);
    return unit(w, DRAW_PTR, KEY_DEAD, any) < 0.5; /* assumed */
}
