#include "scanner/analysis/parity.h"

#include "scanner/base/check.h"

#define VERSION_FIRST 0x0301 /* TLS 1.0 */

const struct vocabulary parity_vocabulary =
    VOCABULARY_OF(PARITIES, "parity", "reachable, starttls, tls_version, leaf, acceptable",
                  "A comparison of two sides.");

enum truth endpoint_answers(const struct endpoint_brief *e)
{
    switch ((enum session_outcome)e->outcome) {
    case OUTCOME_REFUSED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_CONNECT_TIMEOUT:
        return TRUTH_NO;
    case OUTCOME_NOT_TESTED:
    case OUTCOME_LOCAL_FAULT:
    case OUTCOME_GREETING_TIMEOUT:
    case OUTCOME_GREETING_CLOSED:
    case OUTCOME_GREETING_TEMPFAIL:
    case OUTCOME_GREETING_REJECTED: /* this client perhaps, at this address */
    case OUTCOME_NOT_SMTP:
    case OUTCOME_TARPIT:
    case OUTCOME_COUNT:
        return TRUTH_UNKNOWN;
    case OUTCOME_EHLO_TIMEOUT:
    case OUTCOME_EHLO_CLOSED:
    case OUTCOME_EHLO_TEMPFAIL:
    case OUTCOME_EHLO_REJECTED:
    case OUTCOME_HELO_ONLY:
    case OUTCOME_STARTTLS_NOT_OFFERED:
    case OUTCOME_STARTTLS_MASKED:
    case OUTCOME_STARTTLS_TIMEOUT:
    case OUTCOME_STARTTLS_CLOSED:
    case OUTCOME_STARTTLS_TEMPFAIL:
    case OUTCOME_STARTTLS_REJECTED:
    case OUTCOME_TLS_TIMEOUT:
    case OUTCOME_TLS_CLOSED:
    case OUTCOME_TLS_RESET:
    case OUTCOME_TLS_ALERT:
    case OUTCOME_TLS_NO_SHARED_VERSION:
    case OUTCOME_TLS_NO_SHARED_CIPHER:
    case OUTCOME_TLS_PROTOCOL_ERROR:
    case OUTCOME_ESTABLISHED:
        return TRUTH_YES;
    }
    UNREACHABLE("unknown session_outcome");
}

static uint64_t value_of_truth(enum truth t)
{
    return t == TRUTH_YES ? VALUE_YES : t == TRUTH_NO ? VALUE_NO : 0;
}

static uint64_t value_of_leaf(const struct endpoint_brief *e, struct parity_leaves *leaves)
{
    if (!endpoint_has_leaf(e)) {
        return 0;
    }
    size_t i = 0;
    while (i < leaves->count && memcmp(leaves->leaf[i], e->leaf_sha256, 32) != 0) {
        i++;
    }
    if (i == PARITY_LEAVES_MAX) {
        return 0;
    }
    if (i == leaves->count) {
        leaves->leaf[leaves->count++] = e->leaf_sha256;
    }
    return 1ULL << i;
}

static uint64_t value_of_version(uint16_t version)
{
    bool known = version >= VERSION_FIRST && version < VERSION_FIRST + TLS_VERSION_COUNT;
    return known ? 1ULL << (version - VERSION_FIRST) : 0;
}

uint64_t parity_value(enum parity_fact fact, const struct endpoint_brief *e,
                      struct parity_leaves *leaves)
{
    switch (fact) {
    case PARITY_FACT_REACHABLE:
        return value_of_truth(endpoint_answers(e));
    case PARITY_FACT_STARTTLS:
        return value_of_truth(property_of(PROPERTY_STARTTLS, e));
    case PARITY_FACT_TLS_VERSION:
        return e->outcome == OUTCOME_ESTABLISHED ? value_of_version(e->tls_version) : 0;
    case PARITY_FACT_LEAF:
        return value_of_leaf(e, leaves);
    case PARITY_FACT_ACCEPTABLE:
        return endpoint_has_leaf(e) ? value_of_truth(property_of(PROPERTY_ACCEPTABLE, e)) : 0;
    case PARITY_FACT_COUNT:
        break;
    }
    UNREACHABLE("unknown parity_fact");
}

/* The values of one fact that a side shows. */
struct shown {
    uint64_t values;
    bool open; /* another endpoint of the side could show more */
};

struct side {
    size_t endpoints;
    struct shown of[PARITY_FACT_COUNT];
};

static void side_add(struct side *s, const struct endpoint_brief *e, struct parity_leaves *leaves)
{
    s->endpoints++;
    for (unsigned fact = 0; fact < PARITY_FACT_COUNT; fact++) {
        uint64_t value = parity_value((enum parity_fact)fact, e, leaves);
        s->of[fact].values |= value;
        s->of[fact].open = s->of[fact].open || value == 0;
    }
}

static void side_open(struct side *s)
{
    for (unsigned fact = 0; fact < PARITY_FACT_COUNT; fact++) {
        s->of[fact].open = true;
    }
}

/* One endpoint that answers is enough for the side; one that could, keeps it unknown. */
static void side_end(struct side *s)
{
    struct shown *reach = &s->of[PARITY_FACT_REACHABLE];
    if ((reach->values & VALUE_YES) != 0) {
        *reach = (struct shown){.values = VALUE_YES};
    } else if (reach->open) {
        reach->values = 0;
    }
}

static bool certainly_lacks(struct shown side, uint64_t values)
{
    return !side.open && (values & ~side.values) != 0;
}

static enum parity parity_compare(struct shown a, struct shown b)
{
    if (certainly_lacks(a, b.values) || certainly_lacks(b, a.values)) {
        return PARITY_DIFFERS;
    }
    return a.open || b.open ? PARITY_UNKNOWN : PARITY_SAME;
}

/* Of several comparisons: one that differs decides, then one that is unknown. */
static enum parity joined(enum parity a, enum parity b)
{
    if (a == PARITY_DIFFERS || b == PARITY_DIFFERS) {
        return PARITY_DIFFERS;
    }
    return a == PARITY_UNKNOWN || b == PARITY_UNKNOWN ? PARITY_UNKNOWN : PARITY_SAME;
}

static void join_sides(struct parity_facts *facts, const struct side *sides, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            for (unsigned fact = 0; fact < PARITY_FACT_COUNT; fact++) {
                facts->of[fact] =
                    joined(facts->of[fact], parity_compare(sides[i].of[fact], sides[k].of[fact]));
            }
        }
    }
}

static const struct parity_facts all_same = {
    {PARITY_SAME, PARITY_SAME, PARITY_SAME, PARITY_SAME, PARITY_SAME}};

static bool parity_has_port(const struct endpoint_brief *endpoints, size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        if (endpoints[i].port == port) {
            return true;
        }
    }
    return false;
}

bool parity_next_port(const struct endpoint_brief *endpoints, size_t count, uint16_t *port)
{
    if (parity_has_port(endpoints, count, PORT_SMTP)) {
        bool first = *port == PORT_ALL;
        *port = PORT_SMTP;
        return first;
    }
    uint16_t next = UINT16_MAX;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (endpoints[i].port > *port && endpoints[i].port <= next) {
            next = endpoints[i].port;
            found = true;
        }
    }
    *port = found ? next : *port;
    return found;
}

static bool parity_is_at(const struct endpoint_brief *e, uint16_t port)
{
    return e->port == port && !endpoint_is_special(e);
}

/* Addresses of the family are missing from the list. */
static bool family_is_cut(const struct seen_host *h, uint8_t family)
{
    return h->addresses_truncated > 0 && family_is_full(h->endpoints, h->endpoint_count, family);
}

static struct side family_side(const struct seen_host *h, uint8_t family, uint16_t port,
                               struct parity_leaves *leaves)
{
    struct side s = {0};
    for (size_t i = 0; i < h->endpoint_count; i++) {
        if (h->endpoints[i].address.family == family && parity_is_at(&h->endpoints[i], port)) {
            side_add(&s, &h->endpoints[i], leaves);
        }
    }
    if (family_is_cut(h, family)) {
        side_open(&s);
    }
    side_end(&s);
    return s;
}

bool parity_of_families(const struct seen_host *h, struct parity_facts *out)
{
    struct parity_facts facts = all_same;
    bool compared = false;
    uint16_t port = PORT_ALL;
    while (parity_next_port(h->endpoints, h->endpoint_count, &port)) {
        struct parity_leaves leaves = {.count = 0};
        const struct side sides[] = {family_side(h, 4, port, &leaves),
                                     family_side(h, 6, port, &leaves)};
        if (sides[0].endpoints > 0 && sides[1].endpoints > 0) {
            join_sides(&facts, sides, 2);
            compared = true;
        }
    }
    if (compared) {
        *out = facts;
    }
    return compared;
}

bool parity_of_addresses(const struct seen_host *h, struct parity_facts *out)
{
    struct side sides[2 * HOST_ADDRESSES_MAX + 1];
    struct parity_facts facts = all_same;
    bool compared = false;
    uint16_t port = PORT_ALL;
    while (parity_next_port(h->endpoints, h->endpoint_count, &port)) {
        struct parity_leaves leaves = {.count = 0};
        size_t count = 0;
        for (size_t i = 0; i < h->endpoint_count && count < 2 * HOST_ADDRESSES_MAX; i++) {
            if (parity_is_at(&h->endpoints[i], port)) {
                sides[count] = (struct side){0};
                side_add(&sides[count], &h->endpoints[i], &leaves);
                side_end(&sides[count++]);
            }
        }
        if (count > 0 && h->addresses_truncated > 0) {
            sides[count] = (struct side){0};
            side_open(&sides[count++]);
        }
        join_sides(&facts, sides, count);
        compared = compared || count > 1;
    }
    if (compared) {
        *out = facts;
    }
    return compared;
}

/* Addresses of the host at the port, and those that may be missing. @return false: neither. */
static bool host_side(const struct seen_domain *d, const struct seen_mx *mx, uint16_t port,
                      struct parity_leaves *leaves, struct side *s)
{
    bool open = mx_is_open(d, mx);
    *s = (struct side){0};
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        if (parity_is_at(&mx->endpoints[i], port)) {
            side_add(s, &mx->endpoints[i], leaves);
        }
    }
    if (open) {
        side_open(s);
    }
    side_end(s);
    return s->endpoints > 0 || open;
}

/* The host stands in the list before, with another preference. */
static bool leaf_is_repeated(const struct seen_domain *d, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (d->mx[at].host.len > 0 && span_eq(d->mx[i].host, d->mx[at].host)) {
            return true;
        }
    }
    return false;
}

static bool join_hosts(const struct seen_domain *d, uint16_t port, struct parity_facts *facts)
{
    struct side sides[MX_MAX + 1];
    struct parity_leaves leaves = {.count = 0};
    size_t count = 0;
    for (size_t i = 0; i < d->mx_count && count < MX_MAX; i++) {
        if (!leaf_is_repeated(d, i) && host_side(d, &d->mx[i], port, &leaves, &sides[count])) {
            count++;
        }
    }
    if (count > 0 && d->mx_total > d->mx_count) {
        sides[count] = (struct side){0};
        side_open(&sides[count++]);
    }
    join_sides(facts, sides, count);
    return count > 1;
}

/* The ports are those of the scan: every host that has an address has them all. */
static const struct seen_mx *first_dialled(const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        if (d->mx[i].endpoint_count > 0) {
            return &d->mx[i];
        }
    }
    return NULL;
}

bool parity_of_hosts(const struct seen_domain *d, struct parity_facts *out)
{
    const struct seen_mx *mx = first_dialled(d);
    struct parity_facts facts = all_same;
    bool compared = false;
    uint16_t port = PORT_ALL;
    while (mx != NULL && parity_next_port(mx->endpoints, mx->endpoint_count, &port)) {
        compared = join_hosts(d, port, &facts) || compared;
    }
    if (compared) {
        *out = facts;
    }
    return compared;
}
