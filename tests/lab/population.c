#include "tests/lab/population.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/draw.h"
#include "tests/lab/name_text.h"

#define BLOCK_DOMAINS  16U /* self-hosted servers are counted in blocks of this many domains */
#define BLOCK_SLOTS    16U /* addresses for them; more are left out */
#define TAIL_HOSTS_MAX 5U
#define HUGE_FROM      100U
#define HUGE_SPREAD    300U
#define SIBLING_REACH  8U /* how far back the domain lies whose hosts are used too */

struct suffix {
    const char *name;
    double weight;
};

/* Real public suffixes; the shares are assumed. */
static const struct suffix suffixes[] = {
    {"com", 48}, {"net", 6}, {"org", 8}, {"de", 6},     {"nl", 4}, {"se", 2}, {"co.uk", 4},
    {"fr", 3},   {"io", 3},  {"ru", 5},  {"com.br", 3}, {"jp", 3}, {"it", 3}, {"pl", 2},
};
#define SUFFIX_COUNT (sizeof(suffixes) / sizeof(suffixes[0]))

const char *population_kind_word(enum domain_kind k)
{
    static const char *const words[] = {
#define X(name, word) word,
        DOMAIN_KINDS(X)
#undef X
    };
    return words[k];
}

static double unit(const struct world *w, enum draw_topic topic, uint64_t a, uint64_t b)
{
    return draw_unit(w->seed, topic, a, b);
}

void population_name(const struct world *w, uint64_t index, char out[LAB_NAME_MAX])
{
    double weights[SUFFIX_COUNT];
    for (size_t i = 0; i < SUFFIX_COUNT; i++) {
        weights[i] = suffixes[i].weight;
    }
    size_t tld = draw_pick(unit(w, DRAW_TLD, index, 0), weights, SUFFIX_COUNT);
    uint64_t letters = draw_u64(w->seed, DRAW_LABEL, index, 0);
    name_putf(out, "d%07llu-%c%c%c.%s", (unsigned long long)index, (char)('a' + letters % 26),
              (char)('a' + (letters >> 16) % 26), (char)('a' + (letters >> 32) % 26),
              suffixes[tld].name);
}

static enum domain_kind kind_with_mx(const struct world *w, uint64_t i, uint32_t *op)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_MX_KIND, i, 0);
    if ((u -= p->null_mx) < 0) {
        return DOMAIN_NULL_MX;
    }
    if ((u -= p->null_mx_other) < 0) {
        return DOMAIN_NULL_OTHER;
    }
    if ((u -= p->local_mx) < 0) {
        return u < -0.4 * p->local_mx ? DOMAIN_LOCALHOST : DOMAIN_PRIVATE;
    }
    u = unit(w, DRAW_OPERATOR, i, 0);
    for (uint32_t o = 0; o < p->operator_count; o++) {
        if ((u -= p->operators[o].share) < 0) {
            *op = o;
            return DOMAIN_OPERATOR;
        }
    }
    if (u - p->small_hosters < 0) {
        /* Zipf with exponent 1: the logarithm of the rank is uniform. */
        double rank = pow((double)w->small_hosters + 1, unit(w, DRAW_OPERATOR, i, 1)) - 1;
        *op = (uint32_t)rank < w->small_hosters ? (uint32_t)rank : w->small_hosters - 1;
        return DOMAIN_SMALL_HOSTER;
    }
    return DOMAIN_TAIL;
}

static bool is_signed(const struct world *w, uint64_t i)
{
    return unit(w, DRAW_SIGNED, i, 0) < w->params.signed_zone;
}

static enum domain_kind kind_of(const struct world *w, uint64_t i, uint32_t *op)
{
    const struct params *p = &w->params;
    double u = unit(w, DRAW_KIND, i, 0);
    if ((u -= p->nxdomain) < 0) {
        return DOMAIN_NXDOMAIN;
    }
    if ((u -= p->servfail) < 0) {
        return DOMAIN_SERVFAIL;
    }
    if ((u -= p->timeout) < 0) {
        return DOMAIN_TIMEOUT;
    }
    if (is_signed(w, i) && unit(w, DRAW_SIGNED, i, 1) < p->bogus_of_signed) {
        return DOMAIN_BOGUS;
    }
    if (unit(w, DRAW_KIND, i, 1) < p->has_mx) {
        return kind_with_mx(w, i, op);
    }
    u = unit(w, DRAW_KIND, i, 2);
    if ((u -= p->implicit_live) < 0) {
        return DOMAIN_IMPLICIT;
    }
    return u - p->no_mx_address < 0 ? DOMAIN_WEB : DOMAIN_EMPTY;
}

/* Of zones that are not secure: signed all the same? More often where there are TLSA records. */
static bool lacks_ds(const struct world *w, uint64_t i)
{
    bool tlsa = unit(w, DRAW_TLSA, i, 0) < w->params.tlsa_of_unsigned;
    return unit(w, DRAW_NO_DS, i, 0) < (tlsa ? w->params.no_ds_of_tlsa : w->params.no_ds);
}

static bool is_sibling(const struct world *w, uint64_t i)
{
    return unit(w, DRAW_SIBLING, i, 0) < w->params.sibling;
}

/* The domain whose hosts domain `i` of the tail uses. */
static uint64_t sibling_of(const struct world *w, uint64_t i)
{
    uint64_t back = 1 + draw_below(w->seed, DRAW_SIBLING, i, 1, SIBLING_REACH);
    uint32_t unused;
    if (is_sibling(w, i) && back <= i && !is_sibling(w, i - back) &&
        kind_of(w, i - back, &unused) == DOMAIN_TAIL) {
        return i - back;
    }
    return i;
}

void population_domain(const struct world *w, uint64_t index, struct domain_facts *out)
{
    memset(out, 0, sizeof(*out));
    out->index = index;
    out->infra = index % w->server_domains;
    out->kind = kind_of(w, out->infra, &out->op);
    out->signed_zone = is_signed(w, out->infra);
    out->no_ds = !out->signed_zone && lacks_ds(w, out->infra);
    if (out->kind != DOMAIN_TAIL) {
        return;
    }
    out->infra = sibling_of(w, out->infra);
    uint64_t m = out->infra;
    double u = unit(w, DRAW_HOST_COUNT, m, 0);
    out->huge = unit(w, DRAW_HUGE, m, 0) < w->params.mx_huge;
    out->vanity = out->huge || unit(w, DRAW_VANITY, m, 0) < w->params.vanity;
    if (out->huge) {
        out->host_count = HUGE_FROM + (uint32_t)draw_below(w->seed, DRAW_HUGE, m, 1, HUGE_SPREAD);
    } else if ((u -= w->params.mx_three_up) < 0) {
        out->host_count =
            3 + (uint32_t)draw_below(w->seed, DRAW_HOST_COUNT, m, 1, TAIL_HOSTS_MAX - 2);
    } else {
        out->host_count = u - w->params.mx_two < 0 ? 2 : 1;
    }
}

/* ---- hosts of the long tail ---- */

static void host_label(const struct domain_facts *owner, uint32_t j, char out[32])
{
    if (owner->host_count == 1) {
        (void)snprintf(out, 32, "mail");
    } else {
        (void)snprintf(out, 32, "mx%u", j + 1);
    }
}

static enum host_state tail_host_state(const struct world *w, uint64_t m, uint32_t j)
{
    double bad = w->params.host_unresolvable;
    double u = unit(w, DRAW_HOST_STATE, m, j);
    /* Split assumed. */
    return u < bad * 0.75   ? HOST_NXDOMAIN
           : u < bad * 0.80 ? HOST_NODATA
           : u < bad * 0.93 ? HOST_SERVFAIL
           : u < bad        ? HOST_TIMEOUT
                            : HOST_OK;
}

static uint32_t self_address_count(const struct world *w, uint64_t m, uint32_t j)
{
    double u = unit(w, DRAW_HOST_ADDRESSES, m, j);
    if ((u -= w->params.addresses_three_up) < 0) {
        return 3 + (uint32_t)draw_below(w->seed, DRAW_HOST_ADDRESSES, m, j + 100, 6);
    }
    return u - w->params.addresses_two < 0 ? 2 : 1;
}

static enum lab_reach dead_reach(const struct params *p, double u)
{
    return u < p->dead_refused                    ? LAB_REACH_REFUSED
           : u < p->dead_refused + p->dead_silent ? LAB_REACH_SILENT
                                                  : LAB_REACH_RESET;
}

static enum lab_reach self_reach(const struct world *w, uint64_t m, uint32_t j, uint32_t k)
{
    uint64_t which = (uint64_t)j * 16 + k;
    if (unit(w, DRAW_REACH, m, which) >= w->params.dead_self) {
        return LAB_REACH_LIVE;
    }
    return dead_reach(&w->params, unit(w, DRAW_DEAD, m, which));
}

static bool has_listener(enum lab_reach r)
{
    return r == LAB_REACH_LIVE || r == LAB_REACH_RESET;
}

/* Calls for every address of a self-hosted domain that needs a slot; stops at true. */
struct slot_visit {
    uint64_t domain; /* looked for */
    uint32_t host;
    uint32_t item;
    uint32_t slot; /* looked for in the other direction */
    bool by_slot;
};

/* Walks the slots of a block in order; one rule for both directions.
 * @return true when found; the slot, or the (domain, host, item), is then in `v`. */
static bool walk_block(const struct world *w, uint64_t block, struct slot_visit *v)
{
    uint32_t next = 0;
    for (uint64_t i = block * BLOCK_DOMAINS; i < (block + 1) * BLOCK_DOMAINS; i++) {
        struct domain_facts d;
        population_domain(w, i, &d);
        bool self =
            d.kind == DOMAIN_IMPLICIT || (d.kind == DOMAIN_TAIL && !d.vanity && d.infra == i);
        if (!self || i >= w->server_domains) {
            continue;
        }
        uint32_t hosts = d.kind == DOMAIN_IMPLICIT ? 1 : d.host_count;
        for (uint32_t j = 0; j < hosts; j++) {
            uint32_t items = d.kind == DOMAIN_IMPLICIT             ? 1
                             : tail_host_state(w, i, j) == HOST_OK ? self_address_count(w, i, j)
                                                                   : 0;
            for (uint32_t k = 0; k < items; k++) {
                if (d.kind == DOMAIN_TAIL && !has_listener(self_reach(w, i, j, k))) {
                    continue;
                }
                uint32_t slot = (uint32_t)block * BLOCK_SLOTS + next;
                if (v->by_slot ? slot == v->slot : i == v->domain && j == v->host && k == v->item) {
                    *v = (struct slot_visit){i, j, k, slot, v->by_slot};
                    return true;
                }
                if (++next == BLOCK_SLOTS) {
                    return false;
                }
            }
        }
    }
    return false;
}

static bool slot_of(const struct world *w, uint64_t m, uint32_t j, uint32_t k, uint32_t *slot)
{
    struct slot_visit v = {.domain = m, .host = j, .item = k};
    if (!walk_block(w, m / BLOCK_DOMAINS, &v)) {
        return false;
    }
    *slot = v.slot;
    return true;
}

static void add_address(struct host_facts *h, const struct net_addr *a)
{
    if (h->address_count < HOST_ADDRESSES_LAB_MAX) {
        h->addresses[h->address_count++] = *a;
    }
}

static void add_place(const struct world *w, struct host_facts *h, enum address_part part,
                      uint32_t owner, uint32_t item, bool v6)
{
    struct address_place place = {.part = part, .owner = owner, .item = item, .v6 = v6};
    struct net_addr a = address_of_place(&place, w->companies);
    add_address(h, &a);
}

static void add_dead(struct host_facts *h, enum lab_reach reach, bool v6, uint64_t any)
{
    struct net_addr a =
        address_dead(reach == LAB_REACH_REFUSED ? REACH_REFUSED : REACH_SILENT, v6, any);
    add_address(h, &a);
}

/* IPv6 of dual stack is dead in a few cases; of the living, some differ (see the services). */
static bool v6_is_dead(const struct world *w, uint64_t m, uint32_t j)
{
    return unit(w, DRAW_V6_FATE, m, j) < w->params.v6_dead;
}

static void self_addresses(const struct world *w, uint64_t m, uint32_t j, struct host_facts *h)
{
    uint32_t count = self_address_count(w, m, j);
    for (uint32_t k = 0; k < count; k++) {
        enum lab_reach reach = self_reach(w, m, j, k);
        uint64_t any = draw_u64(w->seed, DRAW_DEAD, m, 1000 + (uint64_t)j * 16 + k);
        uint32_t slot;
        if (!has_listener(reach)) {
            add_dead(h, reach, false, any);
        } else if (slot_of(w, m, j, k, &slot)) {
            add_place(w, h, PART_SELF, slot, 0, false);
            /* Every second slot has an IPv6 address in the plan, hence the factor. */
            if (k == 0 && slot % 2 == 0 && unit(w, DRAW_HOST_V6, m, j) < 2 * w->params.aaaa_self) {
                if (v6_is_dead(w, m, j)) {
                    add_dead(h, dead_reach(&w->params, unit(w, DRAW_V6_FATE, m, j + 100)), true,
                             any);
                } else {
                    add_place(w, h, PART_SELF, slot, 0, true);
                }
            }
        } else {
            add_dead(h, LAB_REACH_REFUSED, false, any); /* the block is full */
        }
    }
}

static enum lab_reach hosting_reach(const struct world *w, uint32_t server)
{
    uint64_t key = 1ULL << 40 | server;
    if (unit(w, DRAW_REACH, key, 0) >= w->params.dead_hosting) {
        return LAB_REACH_LIVE;
    }
    return dead_reach(&w->params, unit(w, DRAW_DEAD, key, 0));
}

static uint32_t hosting_server_of(const struct world *w, uint64_t m, uint32_t j)
{
    double rank = pow((double)w->hosting_servers + 1, unit(w, DRAW_HOST_SERVER, m, j)) - 1;
    return (uint32_t)rank < w->hosting_servers ? (uint32_t)rank : w->hosting_servers - 1;
}

static void hosting_addresses(const struct world *w, uint32_t server, struct host_facts *h)
{
    uint64_t key = 1ULL << 40 | server;
    enum lab_reach reach = hosting_reach(w, server);
    if (has_listener(reach)) {
        add_place(w, h, PART_HOSTING, server, 0, false);
    } else {
        add_dead(h, reach, false, draw_u64(w->seed, DRAW_DEAD, key, 1));
    }
    if (unit(w, DRAW_HOST_V6, key, 0) < w->params.aaaa_hosting) {
        if (v6_is_dead(w, key, 0)) {
            add_dead(h, dead_reach(&w->params, unit(w, DRAW_V6_FATE, key, 1)), true,
                     draw_u64(w->seed, DRAW_DEAD, key, 2));
        } else {
            add_place(w, h, PART_HOSTING, server, 0, true);
        }
    }
}

static bool tail_host(const struct world *w, const struct domain_facts *d, uint32_t j,
                      struct host_facts *h)
{
    uint64_t m = d->infra;
    h->state = tail_host_state(w, m, j);
    h->signed_zone = d->signed_zone;
    if (h->state != HOST_OK) {
        return true;
    }
    if (d->vanity) {
        hosting_addresses(w, hosting_server_of(w, m, j), h);
    } else {
        self_addresses(w, m, j, h);
        double share = d->signed_zone ? w->params.tlsa_of_signed : w->params.tlsa_of_unsigned;
        bool partial = unit(w, DRAW_TLSA, m, 1) < w->params.tlsa_partial;
        h->tlsa = unit(w, DRAW_TLSA, m, 0) < share && !(partial && j > 0);
        h->tlsa_bogus = d->signed_zone && unit(w, DRAW_TLSA, m, 2 + j) < w->params.tlsa_bogus;
        h->tlsa_draw = draw_u64(w->seed, DRAW_TLSA_FORM, m, j) | 1;
    }
    return true;
}

static bool tail_host_is_alias(const struct world *w, const struct domain_facts *d, uint32_t j)
{
    return tail_host_state(w, d->infra, j) == HOST_OK &&
           unit(w, DRAW_HOST_CNAME, d->infra, j) < w->params.mx_cname;
}

/* ---- MX ---- */

void population_tenant_label(const struct world *w, uint64_t index, char out[LAB_NAME_MAX])
{
    population_name(w, index, out);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '.') {
            *c = '-';
        }
    }
}

static bool operator_mx(const struct world *w, const struct domain_facts *d, uint32_t n,
                        uint16_t *preference, char exchange[LAB_NAME_MAX])
{
    const struct operator_params *o = &w->params.operators[d->op];
    if (o->tenant[0] != '\0') {
        char label[LAB_NAME_MAX];
        population_tenant_label(w, d->infra, label);
        *preference = 0;
        name_putf(exchange, "%.80s.%s.%s", label, o->tenant, o->domain);
        return n == 0;
    }
    if (n >= o->name_count) {
        return false;
    }
    *preference = o->preference[n];
    name_putf(exchange, "%s.%s", o->name[n], o->domain);
    return true;
}

static uint32_t small_hoster_names(const struct world *w, uint64_t number)
{
    return 1 + (uint32_t)draw_below(w->seed, DRAW_HOST_COUNT, 1ULL << 41 | number, 0, 2);
}

static bool tail_mx(const struct world *w, const struct domain_facts *d, uint32_t n,
                    uint16_t *preference, char exchange[LAB_NAME_MAX])
{
    if (n >= d->host_count) {
        return false;
    }
    char domain[LAB_NAME_MAX];
    char label[32];
    population_name(w, d->infra, domain);
    host_label(d, n, label);
    bool tie = unit(w, DRAW_HOST_TIE, d->infra, 0) < w->params.mx_tie;
    *preference = (uint16_t)(tie ? 10 : 10 * (n % 6000 + 1));
    name_putf(exchange, "%s.%.200s", label, domain);
    return true;
}

bool population_mx(const struct world *w, const struct domain_facts *d, uint32_t n,
                   uint16_t *preference, char exchange[LAB_NAME_MAX])
{
    char domain[LAB_NAME_MAX];
    *preference = 10;
    exchange[0] = '\0';
    switch (d->kind) {
    case DOMAIN_NXDOMAIN:
    case DOMAIN_SERVFAIL:
    case DOMAIN_TIMEOUT:
    case DOMAIN_EMPTY:
    case DOMAIN_WEB:
    case DOMAIN_IMPLICIT:
        return false;
    case DOMAIN_NULL_MX:
        *preference = 0;
        return n == 0;
    case DOMAIN_LOCALHOST:
        name_putf(exchange, "localhost");
        return n == 0;
    case DOMAIN_NULL_OTHER:
        if (n == 0) {
            *preference = 0;
            return true;
        }
        population_name(w, d->infra, domain);
        name_putf(exchange, "mail.%.200s", domain);
        return n == 1;
    case DOMAIN_BOGUS:
    case DOMAIN_PRIVATE:
        population_name(w, d->infra, domain);
        name_putf(exchange, "mail.%.200s", domain);
        return n == 0;
    case DOMAIN_OPERATOR:
        return operator_mx(w, d, n, preference, exchange);
    case DOMAIN_SMALL_HOSTER:
        *preference = (uint16_t)(10 * (n + 1));
        name_putf(exchange, "mx%u.hoster%u-mxlab.net", n + 1, d->op);
        return n < small_hoster_names(w, d->op);
    case DOMAIN_TAIL:
        return tail_mx(w, d, n, preference, exchange);
    }
    UNREACHABLE("unknown domain_kind");
}

/* ---- names ---- */

static bool digits_at(struct span s, size_t at, uint64_t *out, size_t *end)
{
    uint64_t n = 0;
    size_t i = at;
    while (i < s.len && s.at[i] >= '0' && s.at[i] <= '9' && i - at < 9) {
        n = n * 10 + (uint64_t)(s.at[i] - '0');
        i++;
    }
    *out = n;
    *end = i;
    return i > at;
}

bool population_tenant(const struct world *w, struct span label, uint64_t *index)
{
    char expected[LAB_NAME_MAX];
    size_t end;
    if (label.len == 0 || label.at[0] != 'd' || !digits_at(label, 1, index, &end) ||
        *index >= w->domains) {
        return false;
    }
    population_tenant_label(w, *index, expected);
    return span_eq(label, span_of(expected));
}

/* Cuts `name` into the labels in front and the last `tail` octets. */
static void cut(struct span name, size_t tail, struct found_name *out)
{
    out->apex = span_drop(name, name.len - tail);
    out->rest = name.len > tail ? span_take(name, name.len - tail - 1) : (struct span){0};
}

static bool find_domain(const struct world *w, struct span name, struct found_name *out)
{
    for (size_t t = 0; t < SUFFIX_COUNT; t++) {
        struct span suffix = span_of(suffixes[t].name);
        if (!span_ends_with(name, suffix) || name.len < suffix.len + 2 ||
            name.at[name.len - suffix.len - 1] != '.') {
            continue;
        }
        size_t from = name.len - suffix.len - 1;
        while (from > 0 && name.at[from - 1] != '.') {
            from--;
        }
        uint64_t index;
        size_t end;
        if (name.at[from] != 'd' || !digits_at(name, from + 1, &index, &end) ||
            index >= w->domains) {
            continue;
        }
        char expected[LAB_NAME_MAX];
        population_name(w, index, expected);
        if (span_eq(span_drop(name, from), span_of(expected))) {
            out->kind = NAME_DOMAIN;
            out->index = index;
            cut(name, name.len - from, out);
            return true;
        }
    }
    return false;
}

static bool below(struct span name, const char *zone)
{
    struct span z = span_of(zone);
    return span_ends_with(name, z) && (name.len == z.len || name.at[name.len - z.len - 1] == '.');
}

static bool find_zone(const struct world *w, struct span name, struct found_name *out)
{
    for (size_t o = 0; o < w->params.operator_count; o++) {
        if (below(name, w->params.operators[o].domain)) {
            out->kind = NAME_OPERATOR;
            out->index = o;
            cut(name, strlen(w->params.operators[o].domain), out);
            return true;
        }
    }
    for (size_t p = 0; p < w->params.provider_count; p++) {
        if (below(name, w->params.providers[p].domain)) {
            out->kind = NAME_PROVIDER;
            out->index = p;
            cut(name, strlen(w->params.providers[p].domain), out);
            return true;
        }
    }
    const char *const zones[] = {LAB_ZONE_WEBHOST, LAB_ZONE_ISP};
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
        if (below(name, zones[z])) {
            out->kind = NAME_ZONE;
            out->index = z;
            cut(name, strlen(zones[z]), out);
            return true;
        }
    }
    /* hosterN-mxlab.net */
    static const char tail[] = "-mxlab.net";
    size_t tail_len = sizeof(tail) - 1;
    if (!span_ends_with(name, span_of(tail))) {
        return false;
    }
    size_t from = name.len - tail_len;
    while (from > 0 && name.at[from - 1] != '.') {
        from--;
    }
    uint64_t number;
    size_t end;
    if (name.len - from < tail_len + 7 || memcmp(name.at + from, "hoster", 6) != 0 ||
        !digits_at(name, from + 6, &number, &end) || end != name.len - tail_len ||
        number >= w->small_hosters || (name.at[from + 6] == '0' && end > from + 7)) {
        return false;
    }
    out->kind = NAME_SMALL;
    out->index = number;
    cut(name, name.len - from, out);
    return true;
}

bool population_find(const struct world *w, struct span name, struct found_name *out)
{
    memset(out, 0, sizeof(*out));
    return find_zone(w, name, out) || find_domain(w, name, out);
}

/* ---- hosts ---- */

/* "mail", "mx3": which host of the domain, or none. */
static bool host_number(const struct domain_facts *d, struct span label, uint32_t *j)
{
    if (d->host_count == 1) {
        *j = 0;
        return span_eq(label, SPAN_LIT("mail"));
    }
    uint64_t n;
    size_t end;
    if (label.len < 3 || memcmp(label.at, "mx", 2) != 0 || !digits_at(label, 2, &n, &end) ||
        end != label.len || label.at[2] == '0' || n < 1 || n > d->host_count) {
        return false;
    }
    *j = (uint32_t)n - 1;
    return true;
}

static bool domain_host(const struct world *w, const struct found_name *name,
                        struct host_facts *out)
{
    struct domain_facts d;
    population_domain(w, name->index, &d);
    if (d.kind == DOMAIN_IMPLICIT && name->rest.len == 0) {
        uint32_t slot;
        out->signed_zone = d.signed_zone;
        if (name->index < w->server_domains && slot_of(w, name->index, 0, 0, &slot)) {
            add_place(w, out, PART_SELF, slot, 0, false);
        } else {
            add_dead(out, LAB_REACH_REFUSED, false, name->index);
        }
        return true;
    }
    if ((d.kind == DOMAIN_WEB || d.kind == DOMAIN_TAIL) && name->rest.len == 0) {
        add_dead(out, LAB_REACH_REFUSED, false, draw_u64(w->seed, DRAW_DEAD, name->index, 7));
        out->signed_zone = d.signed_zone;
        return true;
    }
    if (d.index != d.infra) {
        return false; /* its hosts have another domain's names */
    }
    bool mail = span_eq(name->rest, SPAN_LIT("mail"));
    if (mail && (d.kind == DOMAIN_NULL_OTHER || d.kind == DOMAIN_BOGUS)) {
        out->signed_zone = d.signed_zone;
        hosting_addresses(w, hosting_server_of(w, d.infra, 0), out);
        return true;
    }
    if (mail && d.kind == DOMAIN_PRIVATE) {
        uint64_t any = draw_u64(w->seed, DRAW_DEAD, d.index, 8);
        uint8_t octets[4] = {10, (uint8_t)any, (uint8_t)(any >> 8), (uint8_t)(any >> 16)};
        struct net_addr a = net_addr_v4(octets);
        out->signed_zone = d.signed_zone;
        add_address(out, &a);
        return true;
    }
    uint32_t j;
    if (d.kind != DOMAIN_TAIL) {
        return false;
    }
    static const char real[] = "real-"; /* the name behind an alias */
    size_t skip = sizeof(real) - 1;
    if (name->rest.len > skip && memcmp(name->rest.at, real, skip) == 0) {
        return host_number(&d, span_drop(name->rest, skip), &j) && tail_host_is_alias(w, &d, j) &&
               tail_host(w, &d, j, out);
    }
    if (!host_number(&d, name->rest, &j)) {
        return false;
    }
    if (tail_host_is_alias(w, &d, j)) {
        name_putf(out->cname, "%s%.*s.%.*s", real, (int)name->rest.len, (const char *)name->rest.at,
                  (int)name->apex.len, (const char *)name->apex.at);
        out->signed_zone = d.signed_zone;
        return true;
    }
    return tail_host(w, &d, j, out);
}

static void operator_addresses(const struct world *w, uint32_t o, uint32_t first,
                               struct host_facts *h)
{
    const struct operator_params *p = &w->params.operators[o];
    for (uint32_t k = 0; k < p->addresses_per_name; k++) {
        uint32_t item = (first + k) % p->addresses;
        add_place(w, h, PART_OPERATOR, o, item, false);
        if (p->v6) {
            add_place(w, h, PART_OPERATOR, o, item, true);
        }
    }
}

/* "tenant.<tenant zone>": the label is a domain's name with hyphens for dots. */
static bool tenant_host(const struct world *w, uint32_t o, struct span rest, struct host_facts *out)
{
    const struct operator_params *p = &w->params.operators[o];
    size_t zone_len = strlen(p->tenant);
    if (rest.len < zone_len + 3 || !span_ends_with(rest, span_of(p->tenant)) ||
        rest.at[rest.len - zone_len - 1] != '.') {
        return false;
    }
    uint64_t index;
    if (!population_tenant(w, span_take(rest, rest.len - zone_len - 1), &index) ||
        index >= w->server_domains) {
        return false;
    }
    struct domain_facts d;
    population_domain(w, index, &d);
    if (d.kind != DOMAIN_OPERATOR || d.op != o) {
        return false;
    }
    uint32_t first = (uint32_t)draw_below(w->seed, DRAW_HOST_SERVER, index, 1, p->addresses);
    operator_addresses(w, o, first, out);
    return true;
}

static bool operator_host(const struct world *w, const struct found_name *name,
                          struct host_facts *out)
{
    uint32_t o = (uint32_t)name->index;
    const struct operator_params *p = &w->params.operators[o];
    out->signed_zone = p->dane;
    out->tlsa = p->dane;
    uint64_t item;
    size_t end;
    if (name->rest.len > 3 && memcmp(name->rest.at, "mta", 3) == 0 &&
        digits_at(name->rest, 3, &item, &end) && end == name->rest.len && item < p->addresses) {
        add_place(w, out, PART_OPERATOR, o, (uint32_t)item, false);
        if (p->v6) {
            add_place(w, out, PART_OPERATOR, o, (uint32_t)item, true);
        }
        out->tlsa = false;
        return true;
    }
    if (p->tenant[0] != '\0') {
        return tenant_host(w, o, name->rest, out);
    }
    for (size_t n = 0; n < p->name_count; n++) {
        if (span_eq(name->rest, span_of(p->name[n]))) {
            operator_addresses(w, o, (uint32_t)n * p->addresses_per_name, out);
            return true;
        }
    }
    return false;
}

static bool small_host(const struct world *w, const struct found_name *name, struct host_facts *out)
{
    uint32_t number = (uint32_t)name->index;
    struct span label = name->rest;
    if (label.len != 3 || memcmp(label.at, "mx", 2) != 0 || label.at[2] < '1' ||
        label.at[2] > (uint8_t)('0' + small_hoster_names(w, number))) {
        return false;
    }
    uint32_t n = (uint32_t)(label.at[2] - '1');
    uint32_t count =
        1 + (uint32_t)draw_below(w->seed, DRAW_HOST_ADDRESSES, 1ULL << 41 | number, n, 2);
    for (uint32_t k = 0; k < count; k++) {
        add_place(w, out, PART_SMALL_HOSTER, number, n * 2 + k, false);
    }
    return true;
}

static bool zone_host(const struct world *w, const struct found_name *name, struct host_facts *out)
{
    struct span label = name->rest;
    struct net_addr a;
    if (name->index == 0) { /* srvN.webhost-mxlab.net */
        uint64_t number;
        size_t end;
        if (label.len < 4 || memcmp(label.at, "srv", 3) != 0 ||
            !digits_at(label, 3, &number, &end) || end != label.len ||
            number >= w->hosting_servers) {
            return false;
        }
        hosting_addresses(w, (uint32_t)number, out);
        return true;
    }
    if (span_eq(label, SPAN_LIT("old-mail"))) {
        static const uint8_t elsewhere[4] = {11, 0, 255, 254};
        a = net_addr_v4(elsewhere);
    } else if (!population_generic_address(label, &a)) {
        return false;
    }
    add_address(out, &a);
    return true;
}

bool population_host(const struct world *w, const struct found_name *name, struct host_facts *out)
{
    memset(out, 0, sizeof(*out));
    switch (name->kind) {
    case NAME_DOMAIN:
        return domain_host(w, name, out);
    case NAME_OPERATOR:
        return operator_host(w, name, out);
    case NAME_SMALL:
        return small_host(w, name, out);
    case NAME_ZONE:
        return zone_host(w, name, out);
    case NAME_PROVIDER:
    case NAME_NONE:
        return false;
    }
    UNREACHABLE("unknown name_kind");
}

/* ---- the way back from addresses ---- */

bool population_slot(const struct world *w, uint32_t slot, struct self_server *out)
{
    struct slot_visit v = {.slot = slot, .by_slot = true};
    if (!walk_block(w, slot / BLOCK_SLOTS, &v)) {
        return false;
    }
    population_domain(w, v.domain, &out->domain);
    out->host = v.host;
    out->item = v.item;
    if (out->domain.kind == DOMAIN_IMPLICIT) {
        population_name(w, v.domain, out->name);
        out->reach = LAB_REACH_LIVE;
        return true;
    }
    uint16_t preference;
    out->reach = self_reach(w, v.domain, v.host, v.item);
    return population_mx(w, &out->domain, v.host, &preference, out->name);
}

enum lab_reach population_hosting_reach(const struct world *w, uint32_t server)
{
    return hosting_reach(w, server);
}

bool population_customer(const struct world *w, struct span name, uint32_t server,
                         struct self_server *out)
{
    struct found_name found;
    if (!population_find(w, name, &found) || found.kind != NAME_DOMAIN) {
        return false;
    }
    population_domain(w, found.index, &out->domain);
    const struct domain_facts *d = &out->domain;
    out->host = 0;
    if (d->kind == DOMAIN_TAIL) {
        if (d->index != d->infra || !d->vanity || !host_number(d, found.rest, &out->host)) {
            return false;
        }
    } else if ((d->kind != DOMAIN_NULL_OTHER && d->kind != DOMAIN_BOGUS) ||
               !span_eq(found.rest, SPAN_LIT("mail"))) {
        return false;
    }
    name_putf(out->name, "%.*s", (int)name.len, (const char *)name.at);
    return hosting_server_of(w, d->infra, out->host) == server;
}
