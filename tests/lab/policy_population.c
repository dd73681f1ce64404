#include "tests/lab/policy_population.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/draw.h"
#include "tests/lab/name_text.h"

#define KEY_POLICY   (1ULL << 45) /* of draws that concern a policy host and no mail server */
#define KEY_WEB      (1ULL << 46)
#define WEB_SHARED   (PLAN_POLICY_WEB / 2) /* places of web hosters; the other half is domains' own */
#define WEBS_LEAST   4U
#define PER_CUSTOMER 2U /* addresses */

static double unit(const struct world *w, enum draw_topic topic, uint64_t a, uint64_t b)
{
    return draw_unit(w->seed, topic, a, b);
}

static bool takes_mail(enum domain_kind k)
{
    return k == DOMAIN_OPERATOR || k == DOMAIN_SMALL_HOSTER || k == DOMAIN_TAIL;
}

static bool has_sts(const struct world *w, const struct domain_facts *d)
{
    return takes_mail(d->kind) && unit(w, DRAW_STS, d->index, 0) < w->params.sts;
}

/* ---- records ---- */

/* RFC 8461 section 3.1; the faults and their shares: IMC25, see the parameter sts_bad_txt. */
bool population_sts_text(const struct world *w, const struct domain_facts *d,
                         char out[RECORD_TEXT_MAX])
{
    uint64_t i = d->index;
    if (!has_sts(w, d)) {
        return false;
    }
    unsigned day = 1 + (unsigned)draw_below(w->seed, DRAW_STS, i, 1, 28);
    const char *form = "v=STSv1; id=202610%02uT010203;";
    if (unit(w, DRAW_STS_FORM, i, 0) < w->params.sts_bad_txt) {
        static const char *const bad[] = {"v=STSv1; id2=202610%02u;", "v=STSv1; id=2026-10-%02u;",
                                          "v=STS1; id=202610%02u;", "v=STSv1; id=202610%02u; x=;"};
        static const double weights[] = {65, 203, 52, 2};
        form = bad[draw_pick(unit(w, DRAW_STS_FORM, i, 1), weights, 4)];
    }
    const char *mark = strstr(form, "%02u");
    (void)snprintf(out, RECORD_TEXT_MAX, "%.*s%02u%s", (int)(mark - form), form, day, mark + 4);
    return true;
}

/* RFC 8460 section 3; how the faults split is assumed. */
bool population_rpt_text(const struct world *w, const struct domain_facts *d, unsigned n,
                         char out[RECORD_TEXT_MAX])
{
    static const char *const bad[] = {
        "v=TLSRPTv1; rua=tls-reports@%s", "v=TLSRPTv1; rua=http://%s/tls-reports",
        "v=TLSRPTv1; ruf=mailto:tls-reports@%s", "v=TLSRPTv1 rua=mailto:tls-reports@%s",
        "v=TLSRPTv1; rua=mailto:tls-reports@%s"};
    static const double weights[] = {50, 10, 15, 10, 15};
    uint64_t i = d->index;
    double share = has_sts(w, d) ? w->params.rpt_of_sts : w->params.rpt_of_others;
    if (!takes_mail(d->kind) || unit(w, DRAW_RPT, i, 0) >= share) {
        return false;
    }
    const char *form = "v=TLSRPTv1; rua=mailto:tls-reports@%s";
    bool twice = false;
    if (unit(w, DRAW_RPT, i, 1) < w->params.rpt_bad) {
        size_t which = draw_pick(unit(w, DRAW_RPT, i, 2), weights, 5);
        form = bad[which];
        twice = which == 4;
    }
    char name[LAB_NAME_MAX];
    population_name(w, i, name);
    const char *mark = strstr(form, "%s");
    (void)snprintf(out, RECORD_TEXT_MAX, "%.*s%s%s%s", (int)(mark - form), form, name, mark + 2,
                   n == 1 ? ",mailto:other@example.com" : "");
    return n == 0 || (n == 1 && twice);
}

bool population_wildcard_text(const struct world *w, const struct domain_facts *d)
{
    return unit(w, DRAW_WILDCARD, d->index, 0) < w->params.txt_wildcard;
}

/* ---- where a policy host is ---- */

static void draw_hosting(const struct world *w, uint64_t i, struct policy_host *h)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_POLICY_HOSTING, i, 0);
    h->hosting = (u -= p->sts_parked) < 0     ? LAB_POLICY_PARKED
                 : (u -= p->sts_provider) < 0 ? LAB_POLICY_PROVIDER
                 : u - p->sts_shared < 0      ? LAB_POLICY_SHARED
                                              : LAB_POLICY_SELF;
    if (h->hosting == LAB_POLICY_PROVIDER) {
        double weights[PROVIDERS_MAX];
        for (size_t k = 0; k < p->provider_count; k++) {
            weights[k] = p->providers[k].weight;
        }
        h->provider =
            (uint32_t)draw_pick(unit(w, DRAW_POLICY_HOSTING, i, 1), weights, p->provider_count);
        h->opted_out = unit(w, DRAW_POLICY_HOSTING, i, 2) < p->sts_opted_out;
        population_policy_alias(w, h, i, false, h->alias);
    }
}

static void add_address(struct policy_host *h, const struct net_addr *a)
{
    if (h->address_count < POLICY_HOST_ADDRESSES_MAX) {
        h->addresses[h->address_count++] = *a;
    }
}

static void add_place(struct policy_host *h, enum address_part part, uint32_t owner, uint32_t item,
                      bool v6)
{
    struct address_place place = {.part = part, .owner = owner, .item = item, .v6 = v6};
    struct net_addr a = address_of_place(&place, 1);
    add_address(h, &a);
}

/* Servers of web hosters, the first ones with the most customers. */
static uint32_t shared_web(const struct world *w, uint64_t i)
{
    double webs = (double)w->domains * w->params.sts_webs_per_domain;
    webs = webs < WEBS_LEAST ? WEBS_LEAST : webs > WEB_SHARED ? WEB_SHARED : webs;
    double rank = pow(webs + 1, unit(w, DRAW_POLICY_ADDRESS, i, 0)) - 1;
    return (uint32_t)draw_below(w->seed, DRAW_POLICY_ADDRESS, KEY_WEB | (uint64_t)rank, 0,
                                WEB_SHARED);
}

static void draw_addresses(const struct world *w, uint64_t i, struct policy_host *h)
{
    bool v6 = unit(w, DRAW_POLICY_ADDRESS, i, 1) < w->params.sts_v6;
    if (h->hosting == LAB_POLICY_PROVIDER) {
        const struct provider_params *p = &w->params.providers[h->provider];
        uint32_t first = (uint32_t)draw_below(w->seed, DRAW_POLICY_ADDRESS, i, 2, p->addresses);
        for (uint32_t k = 0; k < PER_CUSTOMER && k < p->addresses; k++) {
            uint32_t item = (first + k) % p->addresses;
            add_place(h, PART_POLICY_PROVIDER, h->provider, item, false);
            if (p->v6) {
                add_place(h, PART_POLICY_PROVIDER, h->provider, item, true);
            }
        }
        return;
    }
    uint32_t web = h->hosting == LAB_POLICY_SHARED ? shared_web(w, i) : WEB_SHARED;
    if (h->hosting == LAB_POLICY_SELF) {
        web += (uint32_t)draw_below(w->seed, DRAW_POLICY_ADDRESS, i, 2, WEB_SHARED);
    }
    add_place(h, PART_POLICY_WEB, web, 0, false);
    if (v6 && h->hosting == LAB_POLICY_SELF) {
        add_place(h, PART_POLICY_WEB, web, 0, true);
    }
}

static void put_elsewhere(struct policy_host *h, const struct net_addr *a)
{
    h->address_count = 0;
    add_address(h, a);
}

/* ---- faults; at most one of these ---- */

static void name_certificate(const struct world *w, const char *domain, uint64_t i,
                             enum lab_cert_class class, struct policy_host *h)
{
    char names[CERT_NAMES_MAX];
    if (class == LAB_CERT_OTHER_NAME && h->hosting == LAB_POLICY_PROVIDER) {
        (void)snprintf(names, sizeof(names), "www.%s", w->params.providers[h->provider].domain);
    } else if (class == LAB_CERT_OTHER_NAME && h->hosting != LAB_POLICY_SELF) {
        (void)snprintf(names, sizeof(names), "*." LAB_ZONE_WEBHOST "," LAB_ZONE_WEBHOST);
    } else if (class == LAB_CERT_OTHER_NAME) {
        (void)snprintf(names, sizeof(names), "www.%s,%s", domain, domain);
    } else if (unit(w, DRAW_POLICY_TEXT, i, 9) < 0.3) { /* assumed */
        (void)snprintf(names, sizeof(names), "*.%s,%s", domain, domain);
    } else {
        (void)snprintf(names, sizeof(names), "%s", h->name);
    }
    population_choose_cert(w, &h->server.plain, KEY_POLICY | i, 0, class, names);
}

/* How the faults that are not of the name split is assumed. */
static enum lab_cert_class fault_of_tls(const struct world *w, uint64_t i, struct policy_host *h)
{
    static const double weights[] = {30, 30, 15, 15, 5, 5};
    static const enum lab_cert_class classes[] = {
        LAB_CERT_EXPIRED, LAB_CERT_SELF_SIGNED, LAB_CERT_PRIVATE_CA, LAB_CERT_MISSING_INTERMEDIATE};
    double u = unit(w, DRAW_POLICY_FAULT, i, 1);
    if (h->hosting == LAB_POLICY_PROVIDER) {
        if (u < w->params.sts_provider_alert) {
            h->server.tls_fate = LAB_TLS_ALERT;
            h->server.alert = unit(w, DRAW_POLICY_FAULT, i, 3) < 0.5 ? 112 : 80;
            return LAB_CERT_VALID;
        }
        if (unit(w, DRAW_POLICY_FAULT, i, 3) < 0.6) {
            return LAB_CERT_OTHER_NAME;
        }
    } else if (u < w->params.sts_own_name) {
        return LAB_CERT_OTHER_NAME;
    }
    size_t which = draw_pick(unit(w, DRAW_POLICY_FAULT, i, 2), weights, 6);
    if (which < 4) {
        return classes[which];
    }
    if (which == 4) {
        h->server.tls_fate = LAB_TLS_CLOSE;
    } else {
        h->server.tls_min = 0x0301;
        h->server.tls_max = 0x0302;
    }
    return LAB_CERT_VALID;
}

static void fault_of_http(const struct world *w, uint64_t i, struct policy_host *h)
{
    static const struct {
        uint16_t status;
        const char *location;
        double weight; /* assumed */
    } others[] = {{301, "https://www.example.com/", 25},
                  {302, "https://$H/", 10},
                  {301, "http://$H/.well-known/mta-sts.txt", 5},
                  {403, "", 25},
                  {500, "", 15},
                  {503, "", 15}};
    double weights[7];
    h->status = 404;
    if (unit(w, DRAW_POLICY_FAULT, i, 1) < w->params.sts_http_404) {
        return;
    }
    for (size_t k = 0; k < 6; k++) {
        weights[k] = others[k].weight;
    }
    weights[6] = 5; /* no answer at all */
    size_t which = draw_pick(unit(w, DRAW_POLICY_FAULT, i, 2), weights, 7);
    if (which == 6) {
        h->status = 200;
        h->http = LAB_HTTP_CLOSE;
        return;
    }
    h->status = others[which].status;
    (void)snprintf(h->location, sizeof(h->location), "%s", others[which].location);
}

static void fault_of_syntax(const struct world *w, uint64_t i, struct policy_host *h)
{
    static const enum lab_policy_fault patterns[] = {
        LAB_POLICY_FAULT_MX_EMAIL, LAB_POLICY_FAULT_MX_TRAILING_DOT, LAB_POLICY_FAULT_MX_EMPTY};
    static const enum lab_policy_fault others[] = {
        LAB_POLICY_FAULT_NO_VERSION, LAB_POLICY_FAULT_BAD_VERSION, LAB_POLICY_FAULT_NO_MODE,
        LAB_POLICY_FAULT_BAD_MODE,   LAB_POLICY_FAULT_NO_MAX_AGE,  LAB_POLICY_FAULT_BAD_MAX_AGE,
        LAB_POLICY_FAULT_NO_MX,      LAB_POLICY_FAULT_HTML,        LAB_POLICY_FAULT_NO_COLON};
    double u = unit(w, DRAW_POLICY_FAULT, i, 1);
    if ((u -= w->params.sts_syntax_mx) < 0) {
        h->text.fault = patterns[draw_below(w->seed, DRAW_POLICY_FAULT, i, 2, 3)];
    } else if (u - w->params.sts_syntax_empty < 0) {
        h->text.fault = LAB_POLICY_FAULT_EMPTY;
    } else {
        h->text.fault = others[draw_below(w->seed, DRAW_POLICY_FAULT, i, 2, 9)];
    }
}

static void fault_of_dns(const struct world *w, uint64_t i, struct policy_host *h)
{
    static const enum lab_policy_dns states[] = {LAB_POLICY_DNS_NXDOMAIN, LAB_POLICY_DNS_SERVFAIL,
                                                 LAB_POLICY_DNS_NO_ADDRESS};
    h->dns = states[draw_below(w->seed, DRAW_POLICY_FAULT, i, 1, 3)];
}

static void draw_fault(const struct world *w, uint64_t i, const char *domain, struct policy_host *h)
{
    const struct params *p = &w->params;
    bool provider = h->hosting == LAB_POLICY_PROVIDER;
    enum lab_cert_class class = LAB_CERT_VALID;
    double u = unit(w, DRAW_POLICY_FAULT, i, 0);
    if (h->hosting == LAB_POLICY_PARKED) {
        class = LAB_CERT_OTHER_NAME;
    } else if (!provider && (u -= p->sts_own_dns) < 0) {
        fault_of_dns(w, i, h);
    } else if ((u -= provider ? p->sts_provider_tcp : p->sts_own_tcp) < 0) {
        uint64_t any = draw_u64(w->seed, DRAW_POLICY_ADDRESS, i, 3);
        struct net_addr dead = address_dead(any >> 63 ? REACH_REFUSED : REACH_SILENT, false, any);
        put_elsewhere(h, &dead);
    } else if ((u -= provider ? p->sts_provider_tls : p->sts_own_tls) < 0) {
        class = fault_of_tls(w, i, h);
    } else if ((u -= provider ? p->sts_provider_http : p->sts_own_http) < 0) {
        fault_of_http(w, i, h);
    } else if ((u -= provider ? p->sts_provider_syntax : p->sts_own_syntax) < 0) {
        fault_of_syntax(w, i, h);
    } else if (u - p->sts_private < 0) {
        uint64_t any = draw_u64(w->seed, DRAW_POLICY_ADDRESS, i, 3);
        uint8_t octets[4] = {10, (uint8_t)any, (uint8_t)(any >> 8), (uint8_t)(any >> 16)};
        struct net_addr private = net_addr_v4(octets);
        put_elsewhere(h, &private);
    } else if (h->opted_out) {
        enum lab_opt_out way = p->providers[h->provider].opted_out;
        h->dns = way == LAB_OPT_OUT_NXDOMAIN ? LAB_POLICY_DNS_TARGET_GONE : h->dns;
        h->text.fault = way == LAB_OPT_OUT_EMPTY ? LAB_POLICY_FAULT_EMPTY : h->text.fault;
        class = way == LAB_OPT_OUT_EXPIRED ? LAB_CERT_EXPIRED : class;
    }
    name_certificate(w, domain, i, class, h);
}

/* ---- what it serves ---- */

static void draw_text(const struct world *w, uint64_t i, struct policy_text *t)
{
    static const char *const others[] = {"3600", "60", "31557601"};
    const struct params *p = &w->params;
    double u = unit(w, DRAW_POLICY_TEXT, i, 0);
    (void)snprintf(t->mode, sizeof(t->mode), "%s",
                   (u -= p->sts_testing) < 0 ? "testing"
                   : u - p->sts_none < 0     ? "none"
                                             : "enforce");
    u = unit(w, DRAW_POLICY_TEXT, i, 1);
    (void)snprintf(t->max_age, sizeof(t->max_age), "%s",
                   (u -= p->sts_age_day) < 0      ? "86400"
                   : (u -= p->sts_age_week) < 0   ? "604800"
                   : (u -= p->sts_age_months) < 0 ? (i % 2 == 0 ? "2592000" : "7776000")
                   : u - p->sts_age_year < 0      ? "31536000"
                                                  : others[i % 3]);
    t->lf = unit(w, DRAW_POLICY_TEXT, i, 2) < p->sts_lf;
    u = unit(w, DRAW_POLICY_TEXT, i, 3);
    if ((u -= p->sts_mx_other) < 0) {
        t->patterns = LAB_PATTERN_OTHER;
    } else if ((u -= p->sts_mx_3ld) < 0) {
        bool label = unit(w, DRAW_POLICY_TEXT, i, 4) < p->sts_mx_3ld_mta_sts;
        t->patterns = label ? LAB_PATTERN_MTA_STS : LAB_PATTERN_THIRD_LEVEL;
    } else if ((u -= p->sts_mx_typo) < 0) {
        t->patterns = LAB_PATTERN_TYPO;
    } else if ((u -= p->sts_mx_tld) < 0) {
        t->patterns = LAB_PATTERN_TLD;
    } else if ((u -= p->sts_mx_partial) < 0) {
        t->patterns = LAB_PATTERN_PARTIAL;
    } else if ((u -= p->sts_mx_unused) < 0) {
        t->patterns = LAB_PATTERN_UNUSED;
    } else if (u - p->sts_wildcards < 0) {
        t->patterns = LAB_PATTERN_WILDCARDS;
    }
}

/* What is no fault, or one that readers should stand; the split is assumed. */
static void draw_untidy(const struct world *w, uint64_t i, struct policy_text *t)
{
    static const enum lab_policy_fault untidy[] = {
        LAB_POLICY_FAULT_BLANK_END, LAB_POLICY_FAULT_BLANK_LINE,    LAB_POLICY_FAULT_NO_END,
        LAB_POLICY_FAULT_SPACES,    LAB_POLICY_FAULT_DUPLICATE_KEY, LAB_POLICY_FAULT_UNKNOWN_KEY,
        LAB_POLICY_FAULT_BOM};
    static const double weights[] = {40, 10, 20, 10, 5, 10, 5};
    if (t->fault == LAB_POLICY_FAULT_NONE &&
        unit(w, DRAW_POLICY_TEXT, i, 5) < w->params.sts_untidy) {
        t->fault = untidy[draw_pick(unit(w, DRAW_POLICY_TEXT, i, 6), weights, 7)];
    }
}

static void draw_http(const struct world *w, uint64_t i, struct policy_host *h)
{
    static const char *const other[] = {"text/html", "application/octet-stream", ""};
    double u = unit(w, DRAW_POLICY_HTTP, i, 0);
    if ((u -= w->params.sts_media_other) < 0) {
        (void)snprintf(h->media, sizeof(h->media), "%s",
                       other[draw_below(w->seed, DRAW_POLICY_HTTP, i, 1, 3)]);
    } else if (u - w->params.sts_media_charset < 0) {
        (void)snprintf(h->media, sizeof(h->media), "text/plain; charset=utf-8");
    }
    if (unit(w, DRAW_POLICY_HTTP, i, 2) < 0.25) { /* assumed */
        h->framing = LAB_FRAMING_CHUNKED;
    }
}

bool population_policy(const struct world *w, const struct domain_facts *d, struct policy_host *h)
{
    char domain[LAB_NAME_MAX];
    uint64_t i = d->index;
    if (!has_sts(w, d)) {
        return false;
    }
    policy_host_init(h);
    population_name(w, i, domain);
    name_putf(h->name, POLICY_HOST_PREFIX "%.240s", domain);
    draw_hosting(w, i, h);
    draw_addresses(w, i, h);
    draw_text(w, i, &h->text);
    draw_http(w, i, h);
    draw_fault(w, i, domain, h);
    draw_untidy(w, i, &h->text);
    return true;
}

/* ---- providers ---- */

void population_policy_alias(const struct world *w, const struct policy_host *h, uint64_t index,
                             bool txt, char out[LAB_NAME_MAX])
{
    char label[LAB_NAME_MAX];
    population_tenant_label(w, index, label);
    name_putf(out, "%.80s.%s.%s", label, txt ? "_mta-sts" : "mta-sts",
              w->params.providers[h->provider].domain);
}

bool population_policy_customer(const struct world *w, const struct found_name *name,
                                struct domain_facts *d, struct policy_host *h, bool *txt)
{
    static const struct span host_tail = SPAN_INIT(".mta-sts");
    static const struct span text_tail = SPAN_INIT("._mta-sts");
    uint64_t index;
    *txt = span_ends_with(name->rest, text_tail);
    if (!*txt && !span_ends_with(name->rest, host_tail)) {
        return false;
    }
    size_t tail = *txt ? text_tail.len : host_tail.len;
    if (!population_tenant(w, span_take(name->rest, name->rest.len - tail), &index)) {
        return false;
    }
    population_domain(w, index, d);
    return population_policy(w, d, h) && h->hosting == LAB_POLICY_PROVIDER &&
           h->provider == name->index && h->dns != LAB_POLICY_DNS_TARGET_GONE;
}

bool population_policy_server(const struct world *w, const struct address_place *place)
{
    if (place->part == PART_POLICY_PROVIDER) {
        return place->owner < w->params.provider_count &&
               place->item < w->params.providers[place->owner].addresses;
    }
    return place->part == PART_POLICY_WEB;
}
