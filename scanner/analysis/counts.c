#include "scanner/analysis/counts.h"

#include "scanner/analysis/account.h"
#include "scanner/base/check.h"

const char *property_word(enum property p)
{
    switch (p) {
#define X(name, word)     \
    case PROPERTY_##name: \
        return word;
        PROPERTIES(X)
#undef X
    case PROPERTY_COUNT:
        break;
    }
    UNREACHABLE("unknown property");
}

const char *rollup_word(enum rollup r)
{
    switch (r) {
#define X(name, word)   \
    case ROLLUP_##name: \
        return word;
        ROLLUPS(X)
#undef X
    case ROLLUP_COUNT:
        break;
    }
    UNREACHABLE("unknown rollup");
}

static enum truth truth_of(bool known, bool yes)
{
    return !known ? TRUTH_UNKNOWN : yes ? TRUTH_YES : TRUTH_NO;
}

static enum truth reachable(enum session_outcome outcome)
{
    bool tried = outcome != OUTCOME_NOT_TESTED && outcome != OUTCOME_LOCAL_FAULT;
    bool unconnected = outcome == OUTCOME_REFUSED || outcome == OUTCOME_UNREACHABLE ||
                       outcome == OUTCOME_CONNECT_TIMEOUT;
    return truth_of(tried, !unconnected);
}

static enum truth starttls_listed(enum starttls_state state)
{
    switch (state) {
    case STARTTLS_UNKNOWN:
        return TRUTH_UNKNOWN;
    case STARTTLS_NOT_OFFERED:
    case STARTTLS_MASKED:
        return TRUTH_NO;
    case STARTTLS_OFFERED:
    case STARTTLS_TEMPFAIL:
    case STARTTLS_REJECTED:
    case STARTTLS_INJECTED:
        return TRUTH_YES;
    }
    UNREACHABLE("unknown starttls_state");
}

enum truth property_of(enum property p, const struct endpoint_brief *e)
{
    enum session_outcome outcome = (enum session_outcome)e->outcome;
    bool known = outcome_info(outcome)->conclusive;
    bool established = outcome == OUTCOME_ESTABLISHED;
    switch (p) {
    case PROPERTY_REACHABLE:
        return reachable(outcome);
    case PROPERTY_STARTTLS:
        return starttls_listed((enum starttls_state)e->starttls);
    case PROPERTY_ESTABLISHED:
        return truth_of(known, established);
    case PROPERTY_TLS1_0:
        return truth_of(known, established && e->tls_version == 0x0301);
    case PROPERTY_TLS1_1:
        return truth_of(known, established && e->tls_version == 0x0302);
    case PROPERTY_TLS1_2:
        return truth_of(known, established && e->tls_version == 0x0303);
    case PROPERTY_TLS1_3:
        return truth_of(known, established && e->tls_version == 0x0304);
    case PROPERTY_COUNT:
        break;
    }
    UNREACHABLE("unknown property");
}

static void tally_add(struct tally *t, enum truth truth)
{
    switch (truth) {
    case TRUTH_UNKNOWN:
        t->unknown++;
        return;
    case TRUTH_NO:
        t->no++;
        return;
    case TRUTH_YES:
        t->yes++;
        return;
    }
}

enum rollup rollup_of(const struct tally *t)
{
    if (t->yes > 0 && t->no > 0) {
        return ROLLUP_SOME; /* whatever the unknown ones are */
    }
    if (t->unknown > 0 || t->yes + t->no == 0) {
        return ROLLUP_UNKNOWN;
    }
    return t->yes > 0 ? ROLLUP_ALL : ROLLUP_NONE;
}

void counts_init(struct scan_counts *c, const uint16_t *ports, size_t port_count)
{
    CHECK(port_count <= COUNT_PORTS_MAX);
    *c = (struct scan_counts){.port_count = port_count};
    for (size_t i = 0; i < port_count; i++) {
        c->port[i].port = ports[i];
    }
}

/* What is collected of one host or one domain before it is rolled up: sums over its endpoints at
 * one port. Summing over the hosts is the same as rolling up the hosts' values, but for an
 * unknown host that has a yes: its yes still counts. */
struct collected {
    uint64_t endpoints;
    uint64_t tried;
    uint64_t conclusive;
    uint64_t unknown_hosts;
    struct tally property[PROPERTY_COUNT];
};

static void collect_endpoints(struct collected *all, const struct endpoint_brief *endpoints,
                              size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        const struct endpoint_brief *e = &endpoints[i];
        if (e->port != port) {
            continue;
        }
        all->endpoints++;
        all->tried += e->outcome != OUTCOME_NOT_TESTED;
        all->conclusive += outcome_info((enum session_outcome)e->outcome)->conclusive;
        for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
            tally_add(&all->property[p], property_of((enum property)p, e));
        }
    }
}

static void collect_unknown(struct collected *all)
{
    all->unknown_hosts++;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        all->property[p].unknown++;
    }
}

static void roll_up(struct rollup_weighting *w, const struct collected *all)
{
    if (all->endpoints + all->unknown_hosts == 0) {
        return;
    }
    w->total++;
    w->not_tested += all->tried == 0;
    w->inconclusive += all->tried > 0 && all->conclusive == 0;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        w->property[p][rollup_of(&all->property[p])]++;
    }
}

/* The exchanges [from, to) of one preference or all of them. */
static struct collected collect_mx(const struct seen_domain *d, size_t from, size_t to,
                                   uint16_t port)
{
    struct collected all = {0};
    for (size_t i = from; i < to; i++) {
        collect_endpoints(&all, d->mx[i].endpoints, d->mx[i].endpoint_count, port);
        if (mx_unknown_state(&d->mx[i]) != DNS_NOT_ASKED) {
            collect_unknown(&all);
        }
    }
    return all;
}

static void add_domain_at(struct port_counts *at, const struct seen_domain *d)
{
    struct collected whole = collect_mx(d, 0, d->mx_count, at->port);
    roll_up(&at->domain, &whole);
    for (size_t from = 0; from < d->mx_count;) {
        size_t to = from + 1;
        while (to < d->mx_count && d->mx[to].preference == d->mx[from].preference) {
            to++;
        }
        struct collected best = collect_mx(d, from, to, at->port);
        if (best.endpoints + best.unknown_hosts > 0) {
            roll_up(&at->primary, &best);
            return;
        }
        from = to;
    }
}

static void add_reason(struct scan_counts *c, enum account_class ending, const char *reason,
                       uint64_t count)
{
    for (size_t i = 0; i < c->reason_count; i++) {
        struct reason_count *known = &c->reason[i];
        if (known->class == ending && strcmp(known->reason, reason) == 0) {
            known->count += count;
            return;
        }
    }
    CHECK(c->reason_count < COUNT_REASONS_MAX);
    c->reason[c->reason_count++] = (struct reason_count){ending, reason, count};
}

void counts_add_domain(struct scan_counts *c, const struct seen_domain *d,
                       enum account_class ending, const char *reason)
{
    c->inputs++;
    c->account[ending]++;
    if (reason[0] != '\0') {
        add_reason(c, ending, reason, 1);
    }
    if (ending == ACCOUNT_INVALID || ending == ACCOUNT_DUPLICATE || ending == ACCOUNT_BLOCKLISTED) {
        return;
    }
    c->mx_kind[d->mx_kind]++;
    for (size_t i = 0; i < c->port_count; i++) {
        add_domain_at(&c->port[i], d);
    }
}

void counts_add_host(struct scan_counts *c, const struct seen_host *h)
{
    /* As an exchange: its address states tell whether an address may be missing. */
    struct seen_mx mx = {.a_state = h->a.state, .aaaa_state = h->aaaa.state};
    bool unknown = mx_unknown_state(&mx) != DNS_NOT_ASKED;
    for (size_t i = 0; i < c->port_count; i++) {
        struct collected all = {0};
        collect_endpoints(&all, h->endpoints, h->endpoint_count, c->port[i].port);
        if (unknown) {
            collect_unknown(&all);
        }
        roll_up(&c->port[i].host, &all);
    }
}

static struct endpoint_brief service_brief(const struct seen_service *s)
{
    struct endpoint_brief brief = {.port = s->port, .outcome = OUTCOME_NOT_TESTED};
    if (s->result != NULL) {
        brief.outcome = (uint8_t)s->result->outcome;
        brief.starttls = (uint8_t)s->result->smtp.starttls;
        brief.tls_version = s->result->tls_attempted ? s->result->tls.version : 0;
    }
    return brief;
}

void counts_add_service(struct scan_counts *c, const struct seen_service *s)
{
    struct endpoint_brief brief = service_brief(s);
    for (size_t i = 0; i < c->port_count; i++) {
        struct port_counts *at = &c->port[i];
        if (at->port != brief.port) {
            continue;
        }
        bool tried = brief.outcome != OUTCOME_NOT_TESTED;
        bool conclusive = outcome_info((enum session_outcome)brief.outcome)->conclusive;
        at->service_outcome[brief.outcome]++;
        at->service.total++;
        at->service.not_tested += !tried;
        at->service.inconclusive += tried && !conclusive;
        for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
            tally_add(&at->service.property[p], property_of((enum property)p, &brief));
        }
    }
}

void counts_add_findings(struct scan_counts *c, const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        c->finding[f->item[i].code][f->item[i].severity]++;
    }
}

static void tally_merge(struct tally *into, const struct tally *from)
{
    into->yes += from->yes;
    into->no += from->no;
    into->unknown += from->unknown;
}

static void rollup_merge(struct rollup_weighting *into, const struct rollup_weighting *from)
{
    into->total += from->total;
    into->not_tested += from->not_tested;
    into->inconclusive += from->inconclusive;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        for (unsigned r = 0; r < ROLLUP_COUNT; r++) {
            into->property[p][r] += from->property[p][r];
        }
    }
}

static void port_merge(struct port_counts *into, const struct port_counts *from)
{
    CHECK(into->port == from->port);
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        into->service_outcome[o] += from->service_outcome[o];
    }
    into->service.total += from->service.total;
    into->service.not_tested += from->service.not_tested;
    into->service.inconclusive += from->service.inconclusive;
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        tally_merge(&into->service.property[p], &from->service.property[p]);
    }
    rollup_merge(&into->host, &from->host);
    rollup_merge(&into->domain, &from->domain);
    rollup_merge(&into->primary, &from->primary);
}

void counts_merge(struct scan_counts *into, const struct scan_counts *from)
{
    CHECK(into->port_count == from->port_count);
    into->inputs += from->inputs;
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        into->account[i] += from->account[i];
    }
    for (size_t i = 0; i < from->reason_count; i++) {
        const struct reason_count *r = &from->reason[i];
        add_reason(into, r->class, r->reason, r->count);
    }
    for (unsigned i = 0; i < MX_KIND_COUNT; i++) {
        into->mx_kind[i] += from->mx_kind[i];
    }
    for (size_t i = 0; i < from->port_count; i++) {
        port_merge(&into->port[i], &from->port[i]);
    }
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
            into->finding[i][s] += from->finding[i][s];
        }
    }
}

uint64_t counts_accounted(const struct scan_counts *c)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        sum += c->account[i];
    }
    return sum;
}
