#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/compare/rules.h"

/*
 * Findings of a domain by code: at which places it is in each scan. A code that is at some places in both is worse or
 * better only by its severity or by their number: what moved with a certificate, a host or an address is no change.
 */

/* Where one stands. */
struct standing {
    const struct compared_finding *finding;
    const struct compared_host *host;         /* NULL: the domain itself, or its policy */
    const struct compared_endpoint *endpoint; /* NULL: no endpoint of it */
};

struct standings {
    struct standing *at;
    size_t count;
    size_t room;
};

/* --- what must have been tested for a code to be absent ------------------------------------- */

enum requirement {
    REQUIRES_NEVER, /* it says of our own side: it is not compared */
    REQUIRES_NOTHING,
    REQUIRES_MX,
    REQUIRES_ADDRESSES,
    REQUIRES_TLSA,
    REQUIRES_CONNECTION,
    REQUIRES_STARTTLS,
    REQUIRES_HANDSHAKE,
    REQUIRES_CERTIFICATE,
    REQUIRES_ALL_ADDRESSES, /* a comparison of them */
    REQUIRES_PTR,
    REQUIRES_STS_RECORD,
    REQUIRES_POLICY_HOST,
    REQUIRES_POLICY,
    REQUIRES_TLS_RPT,
};

/* The longest beginning of a code counts. */
static const struct rule {
    const char *begin;
    enum requirement requires;
} rules[] = {
    {"input.", REQUIRES_NEVER},
    {"dns.", REQUIRES_NOTHING},
    {"dns.mx_refused", REQUIRES_NEVER},
    {"dns.host_refused", REQUIRES_NEVER},
    {"mx.", REQUIRES_MX},
    {"mx.host_", REQUIRES_ADDRESSES},
    {"mx.cname_target", REQUIRES_ADDRESSES},
    {"mx.special_address", REQUIRES_ADDRESSES},
    {"mx.mapped_address", REQUIRES_ADDRESSES},
    {"smtp.", REQUIRES_STARTTLS},
    {"smtp.connect_", REQUIRES_CONNECTION},
    {"smtp.greeting_tempfail", REQUIRES_STARTTLS},
    {"starttls.", REQUIRES_STARTTLS},
    {"starttls.offered_after_tls", REQUIRES_HANDSHAKE},
    {"starttls.ehlo_failed", REQUIRES_HANDSHAKE},
    {"starttls.session_lost", REQUIRES_HANDSHAKE},
    {"tls.", REQUIRES_HANDSHAKE},
    {"cert.", REQUIRES_CERTIFICATE},
    {"chain.", REQUIRES_CERTIFICATE},
    {"name.", REQUIRES_CERTIFICATE},
    {"sni.", REQUIRES_HANDSHAKE},
    {"sni.needed", REQUIRES_CERTIFICATE},
    {"parity.", REQUIRES_ALL_ADDRESSES},
    {"parity.address_unreachable", REQUIRES_CONNECTION},
    {"rdns.", REQUIRES_PTR},
    {"rdns.failed", REQUIRES_NOTHING},
    {"sts.", REQUIRES_STS_RECORD},
    {"sts.dns_failed", REQUIRES_NOTHING},
    {"sts.no_policy", REQUIRES_POLICY_HOST},
    {"sts.mx_", REQUIRES_POLICY},
    {"sts.pattern_unused", REQUIRES_POLICY},
    {"sts.delivery_failure", REQUIRES_POLICY},
    {"sts.partial_failure", REQUIRES_POLICY},
    {"sts.would_fail", REQUIRES_POLICY},
    {"sts.readers_differ", REQUIRES_POLICY},
    {"sts.policy_", REQUIRES_POLICY},
    {"sts.policy_dns", REQUIRES_POLICY_HOST},
    {"sts.policy_no_address", REQUIRES_POLICY_HOST},
    {"sts.policy_special_address", REQUIRES_POLICY_HOST},
    {"sts.policy_tcp", REQUIRES_POLICY_HOST},
    {"sts.policy_address_unreachable", REQUIRES_POLICY_HOST},
    {"sts.policy_tls", REQUIRES_POLICY_HOST},
    {"sts.policy_http", REQUIRES_POLICY_HOST},
    {"sts.policy_timeout", REQUIRES_POLICY_HOST},
    {"tlsrpt.", REQUIRES_TLS_RPT},
    {"tlsrpt.dns_failed", REQUIRES_NOTHING},
    {"dane.", REQUIRES_TLSA},
    {"dane.lookup_failed", REQUIRES_NOTHING},
    {"dane.bogus", REQUIRES_NOTHING},
    {"dane.mismatch", REQUIRES_CERTIFICATE},
    {"dane.ta_", REQUIRES_CERTIFICATE},
    {"dane.anchor_in_dns", REQUIRES_CERTIFICATE},
    {"dane.agility_conflict", REQUIRES_CERTIFICATE},
    {"dane.stale_record", REQUIRES_CERTIFICATE},
    {"dane.other_key_mismatch", REQUIRES_CERTIFICATE},
    {"dane.no_tls", REQUIRES_STARTTLS},
    {"dane.mx_insecure", REQUIRES_MX},
};

static enum requirement requirement_of(struct span code)
{
    enum requirement found = REQUIRES_NOTHING;
    size_t longest = 0;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct span begin = span_of(rules[i].begin);
        if (begin.len > longest && span_eq(span_take(code, begin.len), begin)) {
            longest = begin.len;
            found = rules[i].requires;
        }
    }
    return found;
}

/* Those of --probes beyond the two handshakes: a scan without the probe says nothing of them. */
static bool is_probed(struct span code)
{
    static const char *const codes[] = {"tls.legacy_accepted",
                                        "tls.null_accepted",
                                        "tls.export_accepted",
                                        "tls.weak_cipher_accepted",
                                        "tls.anonymous_accepted",
                                        "tls.only_static_rsa",
                                        "tls.no_aead",
                                        "tls.dual_certificates",
                                        "tls.other_key_unacceptable",
                                        "dane.other_key_mismatch",
                                        "sni.foreign_name_fatal"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (span_eq(code, span_of(codes[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_volatile(struct span code)
{
    bool found = false;
    for (unsigned i = 0; i < FINDING_COUNT && !found; i++) {
        found = finding_is_volatile((enum finding_code)i) &&
                span_eq(code, span_of(finding_info((enum finding_code)i)->code));
    }
    return found;
}

static bool is_compared(const struct comparison_terms *t, struct span code)
{
    bool is_dane = span_eq(span_take(code, 5), SPAN_LIT("dane."));
    return !is_volatile(code) && requirement_of(code) != REQUIRES_NEVER &&
           (t->probes_alike || !is_probed(code)) && (t->dnssec_known || !is_dane);
}

/* --- whether a scan tested that ------------------------------------------------------------- */

static const struct compared_host *find_side_host(const struct compared_side *s, struct span name)
{
    for (size_t i = 0; i < s->domain->hosts.count; i++) {
        if (s->hosts[i] != NULL && span_eq(s->hosts[i]->name, name)) {
            return s->hosts[i];
        }
    }
    return NULL;
}

/* At every endpoint, and there is one. */
static bool all_tested(const struct compared_side *s, enum tested_depth depth)
{
    size_t tested = 0;
    for (size_t i = 0; i < s->domain->hosts.count; i++) {
        for (size_t j = 0; s->hosts[i] != NULL && j < s->hosts[i]->endpoint_count; j++) {
            if (compared_endpoint_depth(&s->hosts[i]->endpoints[j]) < depth) {
                return false;
            }
            tested++;
        }
    }
    return tested > 0;
}

static bool any_tested(const struct compared_side *s, enum tested_depth depth)
{
    for (size_t i = 0; i < s->domain->hosts.count; i++) {
        for (size_t j = 0; s->hosts[i] != NULL && j < s->hosts[i]->endpoint_count; j++) {
            if (compared_endpoint_depth(&s->hosts[i]->endpoints[j]) >= depth) {
                return true;
            }
        }
    }
    return false;
}

/* Where the place is gone, the others speak. */
static bool depth_reached(const struct compared_side *s, const struct standing *at,
                          enum tested_depth depth)
{
    const struct compared_host *host = at->host != NULL ? find_side_host(s, at->host->name) : NULL;
    const struct compared_endpoint *e = host != NULL && at->endpoint != NULL
                                            ? compared_endpoint_find(host, at->endpoint->service)
                                            : NULL;
    return e != NULL ? compared_endpoint_depth(e) >= depth : any_tested(s, depth);
}

static bool ptr_asked(const struct compared_side *s, const struct standing *at)
{
    const struct compared_host *host = at->host != NULL ? find_side_host(s, at->host->name) : NULL;
    const struct compared_endpoint *e = host != NULL && at->endpoint != NULL
                                            ? compared_endpoint_find(host, at->endpoint->service)
                                            : NULL;
    return e != NULL ? e->ptr_known : any_tested(s, TESTED_CONNECTION);
}

static bool addresses_known(const struct compared_side *s, const struct standing *at)
{
    const struct compared_host *host = at->host != NULL ? find_side_host(s, at->host->name) : NULL;
    return host != NULL ? dns_state_is_answer(host->a) && dns_state_is_answer(host->aaaa)
                        : dns_state_is_answer(s->domain->mx_dns);
}

static bool tlsa_asked(const struct compared_side *s, const struct standing *at)
{
    const struct compared_host *host = at->host != NULL ? find_side_host(s, at->host->name) : NULL;
    return host != NULL ? host->tlsa_state == DNS_NOT_ASKED || dns_state_is_answer(host->tlsa_state)
                        : dns_state_is_answer(s->domain->mx_dns);
}

static bool sts_is_known(const struct compared_domain *d)
{
    return dns_state_is_answer(d->sts_dns);
}

/* No record: then there is nothing to fetch, and nothing of it can be wrong. */
static bool policy_reached(const struct compared_domain *d, bool fetched)
{
    bool ours = d->fetch == POLICY_FETCH_NOT_DIALLED || policy_fetch_is_ours(d->fetch);
    if (!sts_is_known(d) || (d->policy_host.len > 0 && ours)) {
        return false;
    }
    return d->policy_host.len == 0 ? d->sts_txt.count == 0
                                   : !fetched || d->fetch == POLICY_FETCH_FETCHED;
}

static bool is_tested_for(const struct compared_side *s, const struct standing *at)
{
    switch (requirement_of(at->finding->code)) {
    case REQUIRES_NEVER:
        return false;
    case REQUIRES_NOTHING:
        return true;
    case REQUIRES_MX:
        return dns_state_is_answer(s->domain->mx_dns);
    case REQUIRES_ADDRESSES:
        return addresses_known(s, at);
    case REQUIRES_TLSA:
        return tlsa_asked(s, at);
    case REQUIRES_CONNECTION:
        return depth_reached(s, at, TESTED_CONNECTION);
    case REQUIRES_STARTTLS:
        return depth_reached(s, at, TESTED_STARTTLS);
    case REQUIRES_HANDSHAKE:
        return depth_reached(s, at, TESTED_HANDSHAKE);
    case REQUIRES_CERTIFICATE:
        return depth_reached(s, at, TESTED_CERTIFICATE);
    case REQUIRES_ALL_ADDRESSES:
        return all_tested(s, TESTED_STARTTLS);
    case REQUIRES_PTR:
        return ptr_asked(s, at);
    case REQUIRES_STS_RECORD:
        return sts_is_known(s->domain);
    case REQUIRES_POLICY_HOST:
        return policy_reached(s->domain, false);
    case REQUIRES_POLICY:
        return policy_reached(s->domain, true);
    case REQUIRES_TLS_RPT:
        return dns_state_is_answer(s->domain->rpt_dns);
    }
    return false;
}

/* Nothing is known of the place for a fault of our own: that is no news of it. */
static bool is_our_gap(const struct compared_side *s, const struct standing *at)
{
    const struct compared_domain *d = s->domain;
    const struct compared_host *host = at->host != NULL ? find_side_host(s, at->host->name) : NULL;
    if (host == NULL) {
        return compared_records_have_gap(d) || policy_fetch_is_ours(d->fetch);
    }
    const struct compared_endpoint *e =
        at->endpoint != NULL ? compared_endpoint_find(host, at->endpoint->service) : NULL;
    return compared_host_has_gap(host) || (e != NULL && compared_endpoint_is_our_fault(e));
}

/* --- all of one scan ------------------------------------------------------------------------ */

static void add_standings(struct standings *to, const struct comparison_terms *t,
                          const struct compared_finding *list, size_t count,
                          const struct compared_host *host,
                          const struct compared_endpoint *endpoint)
{
    for (size_t i = 0; i < count; i++) {
        if (is_compared(t, list[i].code)) {
            if (to->count == to->room) {
                to->room = to->room > 0 ? 2 * to->room : 32;
                to->at = memory_resize(to->at, to->room, sizeof(*to->at));
            }
            to->at[to->count++] = (struct standing){&list[i], host, endpoint};
        }
    }
}

static int compare_places(const struct standing *a, const struct standing *b)
{
    if (a->finding->place != b->finding->place) {
        return a->finding->place < b->finding->place ? -1 : 1;
    }
    return span_cmp(a->finding->key, b->finding->key);
}

static int compare_standings(const void *a, const void *b)
{
    const struct standing *one = a;
    const struct standing *other = b;
    int order = span_cmp(one->finding->code, other->finding->code);
    return order != 0 ? order : compare_places(one, other);
}

static struct standings standings_of(const struct comparison_terms *t,
                                     const struct compared_side *s)
{
    struct standings all = {0};
    const struct compared_domain *d = s->domain;
    if (t->judged_alike || !d->same) {
        add_standings(&all, t, d->findings, d->finding_count, NULL, NULL);
    }
    for (size_t i = 0; i < d->hosts.count; i++) {
        const struct compared_host *h = s->hosts[i];
        if (h == NULL || (!t->judged_alike && h->same)) {
            continue; /* judged otherwise, and nothing else */
        }
        add_standings(&all, t, h->findings, h->finding_count, h, NULL);
        for (size_t j = 0; j < h->endpoint_count; j++) {
            const struct compared_endpoint *e = &h->endpoints[j];
            add_standings(&all, t, e->findings, e->finding_count, h, e);
        }
    }
    if (all.count > 0) {
        qsort(all.at, all.count, sizeof(*all.at), compare_standings);
    }
    return all;
}

/* --- one code ------------------------------------------------------------------------------- */

/* Those of a code. */
struct run {
    const struct standing *at;
    size_t count;
};

static struct run take_run(struct run *rest, struct span code)
{
    struct run run = {rest->at, 0};
    while (run.count < rest->count && span_eq(rest->at[run.count].finding->code, code)) {
        run.count++;
    }
    *rest = (struct run){rest->at + run.count, rest->count - run.count};
    return run;
}

static bool is_repeated(const struct run *r, size_t i)
{
    return i > 0 && compare_places(&r->at[i], &r->at[i - 1]) == 0;
}

static size_t count_places(const struct run *r)
{
    size_t places = 0;
    for (size_t i = 0; i < r->count; i++) {
        places += !is_repeated(r, i);
    }
    return places;
}

static bool has_place(const struct run *r, const struct standing *place)
{
    for (size_t i = 0; i < r->count; i++) {
        if (compare_places(&r->at[i], place) == 0) {
            return true;
        }
    }
    return false;
}

static enum severity worst_of(const struct run *r)
{
    enum severity worst = SEVERITY_INFO;
    for (size_t i = 0; i < r->count; i++) {
        worst = r->at[i].finding->severity > worst ? r->at[i].finding->severity : worst;
    }
    return worst;
}

static void put_finding_change(const struct change_sink *to, enum change_kind kind,
                               const struct standing *at, enum severity severity,
                               struct span before, struct span after)
{
    const struct change c = {.kind = kind,
                             .place = at->finding->place,
                             .key = at->finding->key,
                             .code = at->finding->code,
                             .severity = severity,
                             .before = before,
                             .after = after};
    to->put(to->arg, &c);
}

/* A code that is in one scan only: at each of its places. */
static void put_lone_code(const struct run *here, const struct compared_side *there, bool is_new,
                          const struct change_sink *to)
{
    for (size_t i = 0; i < here->count; i++) {
        if (!is_repeated(here, i)) {
            bool tested = is_tested_for(there, &here->at[i]);
            if (!tested && is_our_gap(there, &here->at[i])) {
                continue;
            }
            enum change_kind kind = tested   ? is_new ? CHANGE_FINDING_NEW : CHANGE_FINDING_FIXED
                                    : is_new ? CHANGE_FINDING_NEWLY_TESTED
                                             : CHANGE_FINDING_NO_LONGER_TESTED;
            enum severity severity = here->at[i].finding->severity;
            struct span word = span_of(severity_word(severity));
            put_finding_change(to, kind, &here->at[i], severity, is_new ? (struct span){0} : word,
                               is_new ? word : (struct span){0});
        }
    }
}

/* Are all places of the fewer among the more, and were those that are not tested in the other scan? */
static bool is_grown(const struct run *fewer, const struct run *more,
                     const struct compared_side *side_of_fewer)
{
    for (size_t i = 0; i < fewer->count; i++) {
        if (!has_place(more, &fewer->at[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < more->count; i++) {
        if (!has_place(fewer, &more->at[i]) && !is_tested_for(side_of_fewer, &more->at[i])) {
            return false;
        }
    }
    return true;
}

static void compare_severities(const struct run *was, const struct run *is,
                               const struct change_sink *to)
{
    enum severity before = worst_of(was);
    enum severity after = worst_of(is);
    put_finding_change(to, after > before ? CHANGE_FINDING_WORSE : CHANGE_FINDING_BETTER,
                       &is->at[0], after > before ? after : before, span_of(severity_word(before)),
                       span_of(severity_word(after)));
}

static void compare_numbers(const struct run *was, const struct run *is,
                            const struct compared_side *before, const struct compared_side *after,
                            const struct change_sink *to)
{
    size_t old = count_places(was);
    size_t new = count_places(is);
    bool more = new > old;
    if (new == old || !(more ? is_grown(was, is, before) : is_grown(is, was, after))) {
        return;
    }
    struct buf counts = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&counts, "%zu%zu", old, new);
    size_t digits = (size_t)snprintf(NULL, 0, "%zu", old);
    const struct run *of = more ? is : was;
    const struct run *other = more ? was : is;
    for (size_t i = 0; i < of->count; i++) {
        if (!is_repeated(of, i) && !has_place(other, &of->at[i])) {
            put_finding_change(to, more ? CHANGE_FINDING_WORSE : CHANGE_FINDING_BETTER, &of->at[i],
                               of->at[i].finding->severity, span_take(buf_span(&counts), digits),
                               span_drop(buf_span(&counts), digits));
        }
    }
    buf_deinit(&counts);
}

static void compare_code(const struct run *was, const struct run *is,
                         const struct compared_side *before, const struct compared_side *after,
                         const struct change_sink *to)
{
    if (was->count == 0) {
        put_lone_code(is, before, true, to);
    } else if (is->count == 0) {
        put_lone_code(was, after, false, to);
    } else if (worst_of(was) != worst_of(is)) {
        compare_severities(was, is, to);
    } else {
        compare_numbers(was, is, before, after, to);
    }
}

void compare_findings(const struct comparison_terms *t, const struct compared_side *before,
                      const struct compared_side *after, const struct change_sink *to)
{
    struct standings was = standings_of(t, before);
    struct standings is = standings_of(t, after);
    struct run old = {was.at, was.count};
    struct run new = {is.at, is.count};
    while (old.count > 0 || new.count > 0) {
        bool from_old = new.count == 0 || (old.count > 0 && span_cmp(old.at->finding->code,
                                                                     new.at->finding->code) <= 0);
        struct span code = (from_old ? old.at : new.at)->finding->code;
        struct run here = take_run(&old, code);
        struct run there = take_run(&new, code);
        compare_code(&here, &there, before, after, to);
    }
    free(was.at);
    free(is.at);
}
