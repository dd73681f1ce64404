#include "scanner/analysis/rollup.h"

#include "scanner/analysis/account.h"
#include "scanner/base/check.h"

const struct vocabulary property_vocabulary = VOCABULARY_WORDS(PROPERTIES);

bool property_needs_host(enum property p)
{
    return p == PROPERTY_NAME_MATCHES || p == PROPERTY_NAME_MISMATCH || p == PROPERTY_ACCEPTABLE ||
           p == PROPERTY_SNI_NEEDED;
}

const struct vocabulary rollup_vocabulary =
    VOCABULARY_OF(ROLLUPS, "rollup", "value", "A property of several endpoints.");

static enum truth truth_of_known(bool known, bool yes)
{
    return !known ? TRUTH_UNKNOWN : yes ? TRUTH_YES : TRUTH_NO;
}

static enum truth reachable(const struct endpoint_brief *e)
{
    bool special = endpoint_is_special(e);
    bool tried = e->outcome != OUTCOME_NOT_TESTED && e->outcome != OUTCOME_LOCAL_FAULT;
    bool unconnected = e->outcome == OUTCOME_REFUSED || e->outcome == OUTCOME_UNREACHABLE ||
                       e->outcome == OUTCOME_CONNECT_TIMEOUT;
    return truth_of_known(tried || special, !unconnected && !special);
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

/* The session shows what the host gets by its name. One without SNI that speaks for the name (--probes
 * no-sni) does so only where it ended before TLS. Where the session without SNI came to TLS, the one
 * that ended before it says nothing of versions and certificates. */
static bool is_conclusive(const struct endpoint_brief *e)
{
    const struct outcome_info *info = outcome_info((enum session_outcome)e->outcome);
    bool outdone = e->no_sni_outcome == OUTCOME_ESTABLISHED && endpoint_is_unstable(e) &&
                   e->outcome != OUTCOME_ESTABLISHED;
    return info->conclusive && (!e->inherited || info->before_tls) && !outdone;
}

/* STARTTLS comes before the name, so two sessions that disagree say neither that it is offered nor that it is not. */
static enum truth starttls_offered(const struct endpoint_brief *e)
{
    bool disagree = endpoint_is_unstable(e) &&
                    outcome_lists_starttls((enum session_outcome)e->outcome) !=
                        outcome_lists_starttls((enum session_outcome)e->no_sni_outcome);
    return disagree ? TRUTH_UNKNOWN : starttls_listed((enum starttls_state)e->starttls);
}

/* TLS in one session and none in the other, which ended before the name mattered. */
static enum truth tls_comes_about(const struct endpoint_brief *e)
{
    bool one = e->outcome == OUTCOME_ESTABLISHED;
    bool other = e->no_sni_outcome == OUTCOME_ESTABLISHED;
    if (endpoint_is_unstable(e) && one != other) {
        return TRUTH_UNKNOWN;
    }
    return truth_of_known(is_conclusive(e) || one, one);
}

static enum truth version_between(const struct endpoint_brief *e, uint16_t low, uint16_t high)
{
    bool known = is_conclusive(e);
    bool established = e->outcome == OUTCOME_ESTABLISHED;
    return truth_of_known(known, established && e->tls_version >= low && e->tls_version <= high);
}

bool endpoint_has_leaf(const struct endpoint_brief *e)
{
    return !digest_is_none(e->leaf_sha256);
}

/* A leaf without a verdict on its chain is one that was not judged. */
static enum truth chain_is(const struct endpoint_brief *e, enum chain_status status)
{
    bool known = is_conclusive(e);
    bool judged = !endpoint_has_leaf(e) || e->chain.status != CHAIN_NONE;
    return truth_of_known(known && judged, e->chain.status == status);
}

static enum truth name_matches(const struct endpoint_brief *e)
{
    bool known = is_conclusive(e);
    return truth_of_known(known, name_match_is_match((enum name_match)e->name_match));
}

static enum truth truth_both(enum truth a, enum truth b)
{
    if (a == TRUTH_NO || b == TRUTH_NO) {
        return TRUTH_NO;
    }
    return truth_of_known(a == TRUTH_YES && b == TRUTH_YES, true);
}

/* Of a host that completes no handshake with SNI, SNI is not what is missing. */
static enum truth sni_needed(const struct endpoint_brief *e)
{
    if (e->outcome != OUTCOME_ESTABLISHED) {
        return truth_of_known(is_conclusive(e), false);
    }
    switch ((enum sni_class)e->sni) {
    case SNI_FATAL_WITHOUT:
        return TRUTH_YES;
    case SNI_SAME: /* of one leaf, the list without SNI may lack an intermediate */
        return truth_of_known(true, e->sni_acceptable == SNI_ACCEPTABLE_ONLY_SNI);
    case SNI_FATAL_WITH:
        return TRUTH_NO;
    case SNI_UNSTABLE: /* whatever differs is not for the name */
        return TRUTH_UNKNOWN;
    case SNI_UNKNOWN:
    case SNI_DIFFERS:
        return truth_of_known(e->sni_acceptable != SNI_ACCEPTABLE_UNKNOWN,
                              e->sni_acceptable == SNI_ACCEPTABLE_ONLY_SNI);
    }
    UNREACHABLE("unknown sni_class");
}

enum truth property_of(enum property p, const struct endpoint_brief *e)
{
    switch (p) {
    case PROPERTY_REACHABLE:
        return reachable(e);
    case PROPERTY_STARTTLS:
        return starttls_offered(e);
    case PROPERTY_ESTABLISHED:
        return tls_comes_about(e);
    case PROPERTY_TLS1_0:
        return version_between(e, 0x0301, 0x0301);
    case PROPERTY_TLS1_1:
        return version_between(e, 0x0302, 0x0302);
    case PROPERTY_TLS1_2:
        return version_between(e, 0x0303, 0x0303);
    case PROPERTY_TLS1_3:
        return version_between(e, 0x0304, 0x0304);
    case PROPERTY_TLS1_2_OR_NEWER:
        return version_between(e, 0x0303, 0x0304);
    case PROPERTY_CHAIN_TRUSTED:
        return chain_is(e, CHAIN_TRUSTED);
    case PROPERTY_CHAIN_SELF_SIGNED:
        return chain_is(e, CHAIN_SELF_SIGNED);
    case PROPERTY_CHAIN_EXPIRED:
        return chain_is(e, CHAIN_EXPIRED);
    case PROPERTY_NAME_MATCHES:
        return name_matches(e);
    case PROPERTY_NAME_MISMATCH:
        return truth_of_known(is_conclusive(e),
                              endpoint_has_leaf(e) && name_matches(e) == TRUTH_NO);
    case PROPERTY_ACCEPTABLE:
        return truth_both(chain_is(e, CHAIN_TRUSTED), name_matches(e));
    case PROPERTY_SNI_NEEDED:
        return sni_needed(e);
    case PROPERTY_COUNT:
        break;
    }
    UNREACHABLE("unknown property");
}

bool endpoint_is_special(const struct endpoint_brief *e)
{
    return e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_SPECIAL_PURPOSE;
}

void tally_add(struct tally *t, enum truth truth)
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

void tally_merge(struct tally *into, const struct tally *from)
{
    into->yes += from->yes;
    into->no += from->no;
    into->unknown += from->unknown;
}

bool roll_up_is_same(const struct roll_up *a, const struct roll_up *b)
{
    for (int p = 0; p < PROPERTY_COUNT; p++) {
        const struct tally *one = &a->property[p];
        const struct tally *other = &b->property[p];
        if (one->yes != other->yes || one->no != other->no || one->unknown != other->unknown) {
            return false;
        }
    }
    return a->open == b->open;
}

enum rollup roll_up_value(const struct roll_up *r, enum property p)
{
    const struct tally *t = &r->property[p];
    if (t->yes > 0 && t->no > 0) {
        return ROLLUP_SOME; /* whatever the unknown ones are */
    }
    if (r->open || t->unknown > 0 || t->yes + t->no == 0) {
        return ROLLUP_UNKNOWN;
    }
    return t->yes > 0 ? ROLLUP_ALL : ROLLUP_NONE;
}

static bool endpoints_have_port(const struct endpoint_brief *endpoints, size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        if (endpoints[i].port == port) {
            return true;
        }
    }
    return false;
}

uint16_t host_port(const struct seen_host *h)
{
    return endpoints_have_port(h->endpoints, h->endpoint_count, PORT_SMTP) ? PORT_SMTP : PORT_ALL;
}

uint16_t domain_port(const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        if (endpoints_have_port(d->mx[i].endpoints, d->mx[i].endpoint_count, PORT_SMTP)) {
            return PORT_SMTP;
        }
    }
    return PORT_ALL;
}

bool domain_lacks_smtp_port(const struct seen_domain *d)
{
    size_t endpoints = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        endpoints += d->mx[i].endpoint_count;
    }
    return endpoints > 0 && domain_port(d) != PORT_SMTP;
}

uint16_t tlsa_port_of(const uint16_t *ports, size_t count)
{
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (ports[i] == PORT_SMTP) {
            return PORT_SMTP;
        }
    }
    return ports[0];
}

static void add_endpoint(struct roll_up *r, const struct endpoint_brief *e)
{
    r->endpoints++;
    r->tried += e->outcome != OUTCOME_NOT_TESTED;
    r->conclusive += outcome_info((enum session_outcome)e->outcome)->conclusive;
    r->inferred += e->basis == BASIS_INFERRED;
    bool special = endpoint_is_special(e);
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        if (!special || p == PROPERTY_REACHABLE) {
            tally_add(&r->property[p], property_of((enum property)p, e));
        }
    }
}

static void roll_up_add_endpoints(struct roll_up *r, const struct endpoint_brief *endpoints,
                                  size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        if (port == PORT_ALL || endpoints[i].port == port) {
            add_endpoint(r, &endpoints[i]);
        }
    }
}

bool family_is_full(const struct endpoint_brief *endpoints, size_t count, uint8_t family)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        kept += endpoints[i].address.family == family && endpoints[i].port == endpoints[0].port;
    }
    return kept >= HOST_ADDRESSES_MAX;
}

/* As an exchange: its address states tell whether an address may be missing. */
static bool host_is_open(const struct seen_host *h)
{
    const struct seen_mx mx = {.a_state = h->a.state, .aaaa_state = h->aaaa.state};
    return h->blocklisted || h->addresses_truncated > 0 || mx_unknown_state(&mx) != DNS_NOT_ASKED;
}

bool mx_is_open(const struct seen_domain *d, const struct seen_mx *mx)
{
    bool cut = d->endpoints_truncated && (family_is_full(mx->endpoints, mx->endpoint_count, 4) ||
                                          family_is_full(mx->endpoints, mx->endpoint_count, 6));
    return mx->blocklisted || cut || mx_unknown_state(mx) != DNS_NOT_ASKED;
}

struct roll_up roll_up_host(const struct seen_host *h, uint16_t port)
{
    struct roll_up r = {.open = host_is_open(h)};
    roll_up_add_endpoints(&r, h->endpoints, h->endpoint_count, port);
    return r;
}

/* The exchanges [from, to). */
static struct roll_up roll_up_mx(const struct seen_domain *d, size_t from, size_t to, uint16_t port)
{
    /* The exchanges that are not worked on come last, perhaps in the middle of a preference. */
    struct roll_up r = {.open = to == d->mx_count && d->mx_total > d->mx_count};
    for (size_t i = from; i < to; i++) {
        roll_up_add_endpoints(&r, d->mx[i].endpoints, d->mx[i].endpoint_count, port);
        r.open = r.open || mx_is_open(d, &d->mx[i]);
    }
    return r;
}

struct roll_up roll_up_domain(const struct seen_domain *d, uint16_t port)
{
    return roll_up_mx(d, 0, d->mx_count, port);
}

size_t preference_end(const struct seen_domain *d, size_t from)
{
    size_t to = from + 1;
    while (to < d->mx_count && d->mx[to].preference == d->mx[from].preference) {
        to++;
    }
    return to;
}

struct roll_up roll_up_primary(const struct seen_domain *d, uint16_t port)
{
    for (size_t from = 0; from < d->mx_count;) {
        size_t to = preference_end(d, from);
        struct roll_up r = roll_up_mx(d, from, to, port);
        if (!roll_up_is_empty(&r)) {
            return r;
        }
        from = to;
    }
    return (struct roll_up){0};
}
