#include <criterion/criterion.h>

#include "scanner/analysis/deliveries.h"

/*
 * Outcomes beside senders that are played out: every order of addresses within a preference, every
 * possibility of those that are not known, a message that is fresh and one that has waited.
 */

#define ADDRESSES_MAX 5
#define MX_COUNT      3
#define CASES         6000

enum kind {
    DEAD,
    CLEAR,
    GOOD,
    BROKEN,
    TLS_FAILS,
    OPEN,
    KINDS
}; /* BROKEN: what OPEN may be */

struct address {
    enum kind kind;
    uint8_t family;
    size_t mx; /* ascending */
};

struct domain {
    struct address address[ADDRESSES_MAX];
    size_t count;
    uint16_t preference[MX_COUNT];
};

/* What becomes of one try; DELIVERY_UNKNOWN: on to the next. */
static enum delivery try_one(enum kind kind, enum kind meant, bool waited)
{
    switch (kind == OPEN ? meant : kind) {
    case CLEAR:
        return DELIVERY_PLAINTEXT;
    case GOOD:
        return DELIVERY_ENCRYPTED;
    case TLS_FAILS:
        return waited ? DELIVERY_PLAINTEXT : DELIVERY_UNKNOWN;
    case DEAD:
    case BROKEN:
    case OPEN:
    case KINDS:
        break;
    }
    return DELIVERY_UNKNOWN;
}

/* --- which addresses are tried, of a list in the order of one attempt ----------------------- */

/* Postfix 3.7, smtp_balance_inet_proto(). */
static void balance(const struct domain *d, const size_t *order, size_t max, bool *kept)
{
    size_t v4 = 0;
    size_t v6 = 0;
    for (size_t i = 0; i < d->count; i++) {
        v4 += d->address[i].family == 4;
        v6 += d->address[i].family == 6;
    }
    size_t v4_target = v4;
    size_t v6_target = v6;
    if (v4 > 0 && v6 > 0 && v4 + v6 > max) {
        if (v6 <= max / 2) {
            v4_target = max - v6;
        } else if (v4 <= max / 2) {
            v6_target = max - v4;
        } else {
            v4_target = (max + (d->address[order[0]].family == 4)) / 2;
            v6_target = max - v4_target;
        }
    }
    for (size_t i = 0; i < d->count; i++) {
        size_t *left = d->address[order[i]].family == 4 ? &v4_target : &v6_target;
        kept[i] = *left > 0;
        *left -= *left > 0;
    }
}

static unsigned group_of(const struct domain *d, size_t address)
{
    return d->preference[d->address[address].mx];
}

/* Exim, transports/smtp.c: at the limit on to the next MX value, if there is one. */
static void take_each_preference(const struct domain *d, const size_t *order, size_t max,
                                 bool *kept)
{
    size_t tried = 0;
    for (size_t i = 0; i < d->count;) {
        size_t next = i + 1;
        kept[i] = true;
        if (++tried >= max) {
            size_t other = i;
            while (other < d->count && group_of(d, order[other]) == group_of(d, order[i])) {
                other++;
            }
            next = other;
            tried--;
        }
        i = next;
    }
}

static void keep(const struct domain *d, const struct sender_profile *p, const size_t *order,
                 bool *kept)
{
    size_t max = p->addresses_max == 0 ? ADDRESSES_MAX : p->addresses_max;
    for (size_t i = 0; i < d->count; i++) {
        kept[i] = p->addresses_max == 0;
    }
    if (p->addresses_max == 0) {
        return;
    }
    if (p->addresses_kept == PROFILE_KEPT_EACH_PREFERENCE) {
        take_each_preference(d, order, max, kept);
        return;
    }
    for (size_t i = 0; i < d->count; i++) {
        kept[i] = true;
    }
    if (p->addresses_kept == PROFILE_KEPT_BALANCED) {
        balance(d, order, max, kept);
    }
    for (size_t i = 0, n = 0; i < d->count; i++) {
        n += kept[i];
        kept[i] = kept[i] && n <= max;
    }
}

/* --- all orders ----------------------------------------------------------------------------- */

struct range {
    enum delivery best;
    enum delivery worst;
};

struct played {
    const struct domain *domain;
    const struct sender_profile *profile;
    enum kind meant[ADDRESSES_MAX];
    bool waited;
    struct range range;
};

/* mox, smtpclient/dial.go: the first address that connects stands for its host. */
static bool is_spared(const struct played *g, bool *met, size_t k)
{
    const struct address *a = &g->domain->address[k];
    bool connects = (a->kind == OPEN ? g->meant[k] : a->kind) != DEAD;
    bool spared = g->profile->host_addresses == PROFILE_HOST_ADDRESSES_CONNECTED && met[a->mx];
    met[a->mx] = met[a->mx] || connects;
    return spared;
}

static void play_order(struct played *g, const size_t *order)
{
    bool kept[ADDRESSES_MAX] = {false};
    bool met[MX_COUNT] = {false};
    enum delivery got = DELIVERY_UNKNOWN;
    keep(g->domain, g->profile, order, kept);
    for (size_t i = 0; i < g->domain->count && got == DELIVERY_UNKNOWN; i++) {
        size_t k = order[i];
        if (kept[i] && !is_spared(g, met, k)) {
            got = try_one(g->domain->address[k].kind, g->meant[k], g->waited);
        }
    }
    got = got == DELIVERY_UNKNOWN ? DELIVERY_DEFERRED : got;
    g->range.best = got > g->range.best ? got : g->range.best;
    g->range.worst = got < g->range.worst ? got : g->range.worst;
}

static void play_orders(struct played *g, size_t *order, size_t fixed)
{
    if (fixed == g->domain->count) {
        play_order(g, order);
        return;
    }
    for (size_t i = fixed; i < g->domain->count; i++) {
        if (group_of(g->domain, order[i]) != group_of(g->domain, order[fixed])) {
            break;
        }
        size_t kept = order[fixed];
        order[fixed] = order[i];
        order[i] = kept;
        play_orders(g, order, fixed + 1);
        order[i] = order[fixed];
        order[fixed] = kept;
    }
}

static struct range play(struct played *g, bool waited)
{
    size_t order[ADDRESSES_MAX] = {0, 1, 2, 3, 4};
    g->waited = waited;
    g->range = (struct range){DELIVERY_UNKNOWN, DELIVERY_COUNT};
    play_orders(g, order, 0);
    return g->range;
}

/* Bits of enum delivery, over all that is not known. */
struct possible {
    unsigned best;
    unsigned worst;
};

static void play_all(struct played *g, size_t at, struct possible *out)
{
    const struct domain *d = g->domain;
    if (at == d->count) {
        struct range fresh = play(g, false);
        struct range waited = play(g, true);
        enum delivery best = fresh.best == DELIVERY_DEFERRED ? waited.best : fresh.best;
        enum delivery worst = fresh.worst == DELIVERY_DEFERRED ? waited.worst : fresh.worst;
        out->best |= 1U << (best > waited.best ? best : waited.best);
        out->worst |= 1U << (worst < waited.worst ? worst : waited.worst);
        return;
    }
    for (enum kind k = DEAD; k <= BROKEN; k++) {
        if (d->address[at].kind == OPEN || k == DEAD) {
            g->meant[at] = k;
            play_all(g, at + 1, out);
        }
    }
}

static enum delivery only(unsigned set)
{
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        if (set == 1U << d) {
            return (enum delivery)d;
        }
    }
    return DELIVERY_UNKNOWN;
}

/* --- the same domain, as it is seen --------------------------------------------------------- */

static struct endpoint_brief endpoint_of(const struct address *a)
{
    static const struct {
        enum session_outcome outcome;
        enum starttls_state starttls;
    } of[KINDS] = {[DEAD] = {OUTCOME_REFUSED, STARTTLS_UNKNOWN},
                   [CLEAR] = {OUTCOME_STARTTLS_NOT_OFFERED, STARTTLS_NOT_OFFERED},
                   [GOOD] = {OUTCOME_ESTABLISHED, STARTTLS_OFFERED},
                   [TLS_FAILS] = {OUTCOME_TLS_ALERT, STARTTLS_OFFERED},
                   [OPEN] = {OUTCOME_NOT_TESTED, STARTTLS_UNKNOWN}};
    uint16_t version = a->kind == GOOD ? 0x0304 : 0;
    return (struct endpoint_brief){.port = 25,
                                   .address = {.family = a->family},
                                   .outcome = (uint8_t)of[a->kind].outcome,
                                   .starttls = (uint8_t)of[a->kind].starttls,
                                   .tls_version = version,
                                   .no_sni_outcome = (uint8_t)of[a->kind].outcome,
                                   .no_sni_starttls = (uint8_t)of[a->kind].starttls,
                                   .no_sni_tls_version = version};
}

static struct sender_delivery judge(const struct domain *d, const struct sender_profile *p)
{
    static struct sts_verdict sts; /* large */
    struct endpoint_brief endpoints[ADDRESSES_MAX];
    struct seen_mx mx[MX_COUNT];
    struct dane_domain dane = {.mx = DNSSEC_INSECURE};
    struct seen_domain seen = {
        .domain = SPAN_LIT("example.com"), .mx_kind = MX_KIND_EXPLICIT, .mx = mx};
    for (size_t i = 0; i < d->count; i++) {
        endpoints[i] = endpoint_of(&d->address[i]);
        if (i == 0 || d->address[i].mx != d->address[i - 1].mx) {
            mx[seen.mx_count++] = (struct seen_mx){.preference = group_of(d, i) & UINT16_MAX,
                                                   .host = SPAN_LIT("mx.example.com"),
                                                   .exchange = SPAN_LIT("mx.example.com"),
                                                   .dane_host = DANE_HOST_NONE,
                                                   .endpoints = &endpoints[i]};
        }
        mx[seen.mx_count - 1].endpoint_count++;
    }
    seen.mx_total = seen.mx_count;
    sts.state = STS_STATE_NONE;
    const struct sender_profiles profiles = {p, 1};
    struct deliveries out;
    deliveries_fill(&out, &profiles, &seen, &sts, &dane);
    return out.of[0];
}

/* --- random ones ---------------------------------------------------------------------------- */

static unsigned draw(uint64_t *state, unsigned below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)(*state % below);
}

static struct domain draw_domain(uint64_t *state)
{
    struct domain d = {.count = 1 + draw(state, ADDRESSES_MAX)};
    size_t mx = 0;
    unsigned open = 0;
    for (size_t i = 0; i < MX_COUNT; i++) {
        d.preference[i] = (uint16_t)(i == 0 ? 10 : d.preference[i - 1] + 10 * draw(state, 2));
    }
    for (size_t i = 0; i < d.count; i++) {
        mx += i > 0 && mx + 1 < MX_COUNT && draw(state, 3) == 0;
        unsigned kind = draw(state, 2) == 0 ? DEAD : draw(state, open < 2 ? KINDS : OPEN);
        kind = kind == BROKEN ? TLS_FAILS : kind;
        open += kind == OPEN;
        d.address[i] = (struct address){(enum kind)kind, draw(state, 2) == 0 ? 4 : 6, mx};
    }
    return d;
}

struct tallies {
    size_t known;
    size_t cautious; /* unknown where it could be told */
    size_t ranges;
};

static bool is_true(enum delivery said, enum delivery is, struct tallies *n)
{
    n->known += said != DELIVERY_UNKNOWN;
    n->cautious += said == DELIVERY_UNKNOWN && is != DELIVERY_UNKNOWN;
    return said == DELIVERY_UNKNOWN || said == is;
}

/* RFC 5321 section 5.1, with the limits of profiles. Where no limit cuts, nothing is left unsaid. */
static struct tallies compare_for(enum profile_host_addresses host, enum profile_kept kept,
                                  uint32_t max, uint64_t seed)
{
    static const struct tls_stack stack = {.library = STACK_LIBRARY_OPENSSL};
    const struct sender_profile profile = {.id = "x",
                                           .tls_min = 0x0301,
                                           .tls_max = 0x0304,
                                           .sni = true,
                                           .without_tls = PROFILE_FAILURE_CLEAR,
                                           .tls_failure = PROFILE_FAILURE_CLEAR_LATER,
                                           .ipv6 = PROFILE_CHOICE_YES,
                                           .addresses_max = max,
                                           .addresses_kept = kept,
                                           .host_addresses = host,
                                           .stack = &stack};
    struct tallies n = {0};
    for (size_t i = 0; i < CASES; i++) {
        struct domain d = draw_domain(&seed);
        struct played g = {.domain = &d, .profile = &profile};
        struct possible is = {0};
        play_all(&g, 0, &is);
        struct sender_delivery said = judge(&d, &profile);
        bool good =
            is_true(said.best, only(is.best), &n) && is_true(said.worst, only(is.worst), &n);
        cr_assert(good, "%d of %u, case %zu: %s to %s, not %s to %s", (int)kept, max, i,
                  delivery_word(said.worst), delivery_word(said.best),
                  delivery_word(only(is.worst)), delivery_word(only(is.best)));
        n.ranges += said.best != said.worst && said.worst != DELIVERY_UNKNOWN;
    }
    return n;
}

static struct tallies compare(enum profile_kept kept, uint32_t max, uint64_t seed)
{
    return compare_for(PROFILE_HOST_ADDRESSES_ALL, kept, max, seed);
}

Test(delivery_order, a_sender_without_a_limit)
{
    struct tallies n = compare(PROFILE_KEPT_FIRST, 0, UINT64_C(0x9e3779b97f4a7c15));
    cr_expect_eq(n.cautious, 0);
    cr_expect_gt(n.known, CASES);
    cr_expect_gt(n.ranges, CASES / 20);
}

Test(delivery_order, the_first_few_addresses)
{
    for (uint32_t max = 1; max < ADDRESSES_MAX; max++) {
        struct tallies n = compare(PROFILE_KEPT_FIRST, max, UINT64_C(0xd1342543de82ef95) + max);
        cr_expect_gt(n.known, CASES);
        cr_expect_lt(n.cautious, CASES / 100, "%zu", n.cautious);
    }
}

Test(delivery_order, each_family_has_its_share)
{
    for (uint32_t max = 1; max < ADDRESSES_MAX; max++) {
        struct tallies n = compare(PROFILE_KEPT_BALANCED, max, UINT64_C(0xa0761d6478bd642f) + max);
        cr_expect_gt(n.known, CASES);
        /* The odd one goes to the family of the first address, which is chance where both may be it. */
        cr_expect(max % 2 != 0 || n.cautious < CASES / 100, "%zu", n.cautious);
    }
}

Test(delivery_order, one_of_each_preference)
{
    for (uint32_t max = 1; max < ADDRESSES_MAX; max++) {
        struct tallies n =
            compare(PROFILE_KEPT_EACH_PREFERENCE, max, UINT64_C(0xe7037ed1a0b428db) + max);
        cr_expect_gt(n.known, CASES);
        cr_expect_lt(n.cautious, CASES / 100, "%zu", n.cautious);
    }
}

Test(delivery_order, one_address_for_its_host)
{
    struct tallies n = compare_for(PROFILE_HOST_ADDRESSES_CONNECTED, PROFILE_KEPT_FIRST, 0,
                                   UINT64_C(0x8ebc6af09c88c6e3));
    cr_expect_gt(n.known, CASES);
    cr_expect_gt(n.ranges, CASES / 20);
    cr_expect_lt(n.cautious, CASES / 20, "%zu", n.cautious);
    for (uint32_t max = 1; max < ADDRESSES_MAX; max++) { /* both at once */
        n = compare_for(PROFILE_HOST_ADDRESSES_CONNECTED, PROFILE_KEPT_FIRST, max,
                        UINT64_C(0x589965cc75374cc3) + max);
        cr_expect_gt(n.known, CASES / 2);
    }
}
