#include "scanner/owners/domain_owner.h"

#include <string.h>

#include "scanner/base/check.h"
#include "scanner/domain/domain_name.h"
#include "scanner/domain/domain_source.h"
#include "scanner/owners/domain_work.h"

static void put_hold(struct domain_owner *o, uint32_t block, bool ends)
{
    const struct block_hold hold = {.block = block, .ends = ends};
    codec_put_octets(&o->out->holds, &hold, sizeof(hold));
}

/* It no longer stands in the way of the block that it was counted in, or held. */
static void leave_block(struct domain_owner *o, const struct domain_work *d)
{
    if (d->late) {
        put_hold(o, d->held, true);
    } else {
        codec_put_u32(&o->out->settled, d->block);
    }
}

static void domain_settle(struct domain_owner *o, struct domain_work *d)
{
    leave_block(o, d);
    d->settled = true;
}

/* It belongs to a later block. */
static void hold_block(struct domain_owner *o, struct domain_work *d, uint32_t block)
{
    if (d->late && d->held == block) {
        return;
    }
    put_hold(o, block, false);
    leave_block(o, d);
    d->late = true;
    d->held = block;
}

/* Only the row and what is judged for it need them. */
static void find_registrable_domains(const struct public_suffixes *suffixes, struct domain_work *d)
{
    (void)registrable_domain(suffixes, d->seen.domain, &d->seen.registrable);
    for (size_t i = 0; i < d->seen.mx_count; i++) {
        (void)registrable_domain(suffixes, d->mx[i].host, &d->mx[i].registrable);
    }
}

/* Of a fleet. A name is said by its first line alone. */
static void say_line_done(const struct domain_owner *o, const struct seen_domain *s)
{
    bool first = s->invalid == NULL && s->duplicate_of == 0;
    const struct message_known_domain m = {.input_line = s->input_line,
                                           .domain = first ? s->domain : (struct span){0}};
    if (o->out->state != NULL) {
        message_put_known_domain(o->out->state, &m);
    }
}

static void domain_write_row(struct domain_owner *o, struct domain_work *d)
{
    find_registrable_domains(o->rules.suffixes, d);
    struct finished_line line = {.input_line = d->seen.input_line,
                                 .ending = record_domain(o->out->recorder, &d->seen)};
    codec_put_octets(&o->out->finished, &line, sizeof(line));
    say_line_done(o, &d->seen);
    domain_free(o, d);
}

static size_t count_mx(const struct domain_work *d, enum mx_state from, enum mx_state to)
{
    size_t count = 0;
    for (size_t i = 0; i < MX_MAX; i++) {
        count += d->mx_state[i] >= from && d->mx_state[i] <= to;
    }
    return count;
}

/* No host is awaited but late ones. Blocks close in order: the first that one of these belongs to holds all of them. */
static void settle_or_hold(struct domain_owner *o, struct domain_work *d)
{
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < MX_MAX; i++) {
        if (d->mx_state[i] == MX_LATE && d->late_block[i] < first) {
            first = d->late_block[i];
        }
    }
    if (first == UINT32_MAX) {
        domain_settle(o, d);
    } else {
        hold_block(o, d, first);
    }
}

static void go_on_with(struct domain_owner *o, struct domain_work *d)
{
    if (domain_state_of(o, d) == DOMAIN_RESOLVES && !d->settled &&
        count_mx(d, MX_WANTED, MX_WANTED) == 0) {
        settle_or_hold(o, d);
    }
    if (domain_state_of(o, d) == DOMAIN_RESOLVES && d->questions == 0 && d->settled) {
        domain_enter(o, d, DOMAIN_WAITS);
    }
    bool done = d->policy_state == POLICY_NONE || d->policy_state == POLICY_DONE;
    if (domain_state_of(o, d) == DOMAIN_WAITS && done && count_mx(d, MX_WANTED, MX_RESOLVED) == 0) {
        domain_enter(o, d, DOMAIN_FREE);
        domain_name_done(o, d);
        domain_write_row(o, d);
    } else if (domain_state_of(o, d) == DOMAIN_WAITS && done) {
        domain_may_be_parked(o, d);
    }
}

/* --- answers -------------------------------------------------------------------------------- */

static struct seen_txt copy_texts(struct arena *a, const struct dns_answer *answer)
{
    struct span *texts = arena_new(a, answer->rr_count, sizeof(*texts));
    for (size_t i = 0; i < answer->rr_count; i++) {
        texts[i] = arena_copy(a, answer->rrs[i].text);
    }
    return (struct seen_txt){.dns = answer->seen, .texts = texts, .count = answer->rr_count};
}

static void want_host(struct domain_owner *o, struct domain_work *d, size_t mx, bool dial,
                      size_t host_count)
{
    size_t share = DOMAIN_ENDPOINTS_MAX / host_count;
    struct message_host_want m = {
        .block = d->block,
        .dial = dial,
        .addresses_max =
            (uint8_t)(share > 2U * HOST_ADDRESSES_MAX ? 2U * HOST_ADDRESSES_MAX : share),
        .domain = d->seen.domain,
        .host = d->mx[mx].host,
    };
    d->mx_state[mx] = MX_WANTED;
    message_put_host_want(out_to_name(o->out, m.host), &m);
}

static bool has_null_mx(const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->rr_count; i++) {
        if (span_eq(answer->rrs[i].mx.exchange, SPAN_LIT("."))) {
            return true;
        }
    }
    return false;
}

static void add_mx(struct domain_work *d, const struct dns_rr *rr, struct buf *scratch)
{
    struct seen_mx *mx = &d->mx[d->seen.mx_count++];
    *mx = (struct seen_mx){
        .preference = rr->mx.preference,
        .exchange = arena_copy(&d->arena, rr->mx.exchange),
    };
    buf_reset(scratch);
    enum mx_name_kind kind;
    mx->unusable = mx_name_normalise(rr->mx.exchange, scratch, &kind);
    mx->host = arena_copy(&d->arena, buf_span(scratch));
    mx->name_kind = (uint8_t)kind;
}

/* The index of the first entry with the same host: a name listed with two preferences is
 * worked on once. */
static size_t first_with_host(const struct domain_work *d, size_t i)
{
    size_t first = 0;
    while (!span_eq(d->mx[first].host, d->mx[i].host)) {
        first++;
    }
    return first;
}

static bool is_wanted(const struct domain_work *d, size_t i)
{
    return d->mx[i].unusable == NULL && first_with_host(d, i) == i;
}

static void want_hosts(struct domain_owner *o, struct domain_work *d)
{
    size_t wanted = 0;
    for (size_t i = 0; i < d->seen.mx_count; i++) {
        wanted += is_wanted(d, i);
    }
    for (size_t i = 0; i < d->seen.mx_count; i++) {
        if (is_wanted(d, i)) {
            want_host(o, d, i, true, wanted);
        }
    }
}

static void take_mx_records(struct domain_work *d, const struct dns_answer *answer)
{
    size_t kept = answer->rr_count < MX_MAX ? answer->rr_count : MX_MAX;
    struct buf scratch = BUF_INIT(DNS_NAME_TEXT_MAX);
    d->mx = arena_new(&d->arena, kept, sizeof(*d->mx));
    d->seen.mx = d->mx;
    d->seen.mx_total = answer->rr_count;
    for (size_t i = 0; i < kept; i++) { /* sorted by preference, then exchange */
        add_mx(d, &answer->rrs[i], &scratch);
    }
    buf_deinit(&scratch);
    bool null = has_null_mx(answer);
    d->seen.mx_kind = null && answer->rr_count == 1 ? MX_KIND_NULL_MX : MX_KIND_EXPLICIT;
    d->seen.null_mx_beside = null && answer->rr_count > 1;
}

static void want_implicit(struct domain_owner *o, struct domain_work *d)
{
    d->implicit = true;
    d->mx = arena_new(&d->arena, 1, sizeof(*d->mx));
    d->mx[0] = (struct seen_mx){.exchange = d->seen.domain, .host = d->seen.domain};
    d->seen.mx = d->mx;
    want_host(o, d, 0, o->rules.implicit_mx_dial, 1);
}

/* @return mail may go there: more is asked */
static bool take_mx_answer(struct domain_owner *o, struct domain_work *d,
                           const struct dns_answer *answer)
{
    switch ((enum dns_state)answer->seen.state) {
    case DNS_DATA:
    case DNS_BOGUS: /* used by senders that do not validate */
        take_mx_records(d, answer);
        want_hosts(o, d);
        return true;
    case DNS_NODATA:
        want_implicit(o, d);
        return true;
    case DNS_NXDOMAIN:
    case DNS_NAME_INVALID:
        d->seen.mx_kind = MX_KIND_NXDOMAIN;
        return false;
    case DNS_NOT_ASKED:
    case DNS_SERVFAIL:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
    case DNS_TIMEOUT:
    case DNS_MALFORMED:
    case DNS_CNAME_LOOP:
    case DNS_CNAME_LIMIT:
    case DNS_LOCAL_FAULT:
        d->seen.mx_kind = MX_KIND_UNKNOWN; /* RFC 5321 section 5.1: never "no MX" */
        return false;
    case DNS_STATE_COUNT:
        break;
    }
    UNREACHABLE("not a state");
}

static void on_mx(struct domain_owner *o, struct domain_work *d, const struct dns_answer *answer)
{
    d->seen.mx_dns = answer->seen;
    d->seen.cnames = arena_copy_list(&d->arena, answer->cnames, answer->cname_count);
    d->seen.cname_count = answer->cname_count;
    domain_enter(o, d, DOMAIN_RESOLVES);
    if (take_mx_answer(o, d, answer)) {
        domain_ask(o, d, QUESTION_MTA_STS, "_mta-sts.", DNS_TYPE_TXT);
        domain_ask(o, d, QUESTION_TLS_RPT, "_smtp._tls.", DNS_TYPE_TXT);
        domain_ask(o, d, QUESTION_NS, "", DNS_TYPE_NS);
    }
}

static void on_ns(struct domain_work *d, const struct dns_answer *answer)
{
    struct span *names = arena_new(&d->arena, answer->rr_count, sizeof(*names));
    for (size_t i = 0; i < answer->rr_count; i++) {
        names[i] = arena_copy(&d->arena, answer->rrs[i].name);
    }
    d->seen.ns_dns = answer->seen;
    d->seen.ns = names;
    d->seen.ns_count = answer->rr_count;
}

struct span domain_of_question(const struct domain_owner *o, uint64_t tag)
{
    return o->slots[tag >> 8].work->seen.domain; /* a question keeps it in memory */
}

void domain_on_answer(struct domain_owner *o, uint64_t tag, const struct dns_answer *answer)
{
    struct domain_work *d = o->slots[tag >> 8].work;
    enum domain_question q = (enum domain_question)(tag & 0xff);
    d->questions--;
    switch (q) {
    case QUESTION_MX:
        on_mx(o, d, answer);
        break;
    case QUESTION_MTA_STS:
        d->seen.mta_sts = copy_texts(&d->arena, answer);
        d->seen.mta_sts_cnames = arena_copy_list(&d->arena, answer->cnames, answer->cname_count);
        d->seen.mta_sts_cname_count = answer->cname_count;
        policy_host_begin(o, d);
        break;
    case QUESTION_TLS_RPT:
        d->seen.tls_rpt = copy_texts(&d->arena, answer);
        break;
    case QUESTION_NS:
        on_ns(d, answer);
        break;
    case QUESTION_POLICY_A:
    case QUESTION_POLICY_AAAA:
        policy_host_on_answer(o, d, q, answer);
        break;
    }
    go_on_with(o, d);
}

void domain_on_late(struct domain_owner *o, uint64_t tag)
{
    struct domain_work *d = o->slots[tag >> 8].work;
    if ((enum domain_question)(tag & 0xff) == QUESTION_MX) { /* no other leads to hosts */
        hold_block(o, d, late_block(d->block));
        d->block = d->held;
    }
}

/* --- hosts ---------------------------------------------------------------------------------- */

/* @return the exchange whose host it is; MX_MAX: nobody waits for that */
static size_t find_mx(const struct domain_work *d, struct span host, enum mx_state from,
                      enum mx_state to)
{
    for (size_t i = 0; d != NULL && d->mx != NULL && i < MX_MAX; i++) {
        if (d->mx_state[i] >= from && d->mx_state[i] <= to && span_eq(d->mx[i].host, host)) {
            return i;
        }
    }
    return MX_MAX;
}

void domain_on_host_late(struct domain_owner *o, const struct message_host_late *m)
{
    struct domain_work *d = domain_find_in_memory(o, m->domain);
    size_t i = find_mx(d, m->host, MX_WANTED, MX_WANTED);
    if (i == MX_MAX) {
        o->strays++;
        return;
    }
    d->mx_state[i] = MX_LATE;
    d->late_block[i] = m->block;
    go_on_with(o, d);
}

void domain_on_host_resolved(struct domain_owner *o, const struct message_host_resolved *m)
{
    struct domain_work *d = domain_find_in_memory(o, m->domain);
    size_t i = find_mx(d, m->host, MX_WANTED, MX_LATE);
    if (i == MX_MAX) {
        o->strays++;
        return;
    }
    d->mx_state[i] = MX_RESOLVED;
    go_on_with(o, d);
}

static void judge_implicit(const struct domain_owner *o, struct domain_work *d,
                           uint16_t address_count)
{
    const struct seen_mx *mx = &d->mx[0];
    if (address_count > 0) {
        d->seen.mx_kind = MX_KIND_IMPLICIT;
    } else if (dns_state_is_ours(mx->a_state) || dns_state_is_ours(mx->aaaa_state)) {
        /* The addresses belong to the question where mail goes (RFC 5321 section 5.1), and have no row of their own. */
        d->seen.mx_kind = MX_KIND_UNKNOWN;
        d->seen.mx_dns =
            (struct seen_dns){.state = DNS_LOCAL_FAULT, .rcode = DNS_RCODE_NONE, .ede = -1};
    } else if (dns_state_is_temporary(mx->a_state) || dns_state_is_temporary(mx->aaaa_state)) {
        d->seen.mx_kind = MX_KIND_UNKNOWN;
    } else {
        d->seen.mx_kind = MX_KIND_NONE;
    }
    /* Listed only where it is worked on: every host of the list has a row in hosts. */
    bool listed = o->rules.implicit_mx_dial && address_count > 0;
    d->seen.mx_count = listed ? 1 : 0;
}

static void domain_copy_result(struct domain_work *d, struct seen_mx *mx,
                               const struct host_result *r)
{
    struct span octets = r->endpoints;
    struct endpoint_brief *briefs = arena_new(&d->arena, r->endpoint_count, sizeof(*briefs));
    for (size_t i = 0; i < r->endpoint_count; i++) {
        briefs[i] = codec_get_brief(&octets);
        briefs[i].mx_operator = arena_copy(&d->arena, briefs[i].mx_operator);
    }
    mx->a_state = r->a_state;
    mx->aaaa_state = r->aaaa_state;
    mx->cname_count = r->cname_count;
    mx->blocklisted = r->blocklisted;
    mx->dane_host = r->dane_host;
    mx->tlsa_at = r->tlsa_at;
    mx->endpoints = briefs;
    mx->endpoint_count = r->endpoint_count;
}

void domain_on_host_done(struct domain_owner *o, const struct message_host_done *m)
{
    struct domain_work *d = domain_find(o, m->domain);
    size_t at = d != NULL ? find_mx(d, m->host, MX_WANTED, MX_RESOLVED) : MX_MAX;
    if (at == MX_MAX) {
        o->strays++;
        if (d != NULL) {
            go_on_with(o, d); /* it may have been parked */
        }
        return;
    }
    d->mx_state[at] = MX_DONE;
    /* Of an implicit MX that is recorded only, nothing is dialled, whoever else dials the host. */
    bool listed = !d->implicit || o->rules.implicit_mx_dial;
    d->seen.endpoints_truncated = d->seen.endpoints_truncated || (listed && m->result.truncated);
    domain_copy_result(d, &d->mx[at], &m->result);
    for (size_t i = at + 1; i < d->seen.mx_count; i++) {
        if (d->mx[i].unusable == NULL && first_with_host(d, i) == at) {
            struct seen_mx own = d->mx[i];
            d->mx[i] = d->mx[at];
            d->mx[i].preference = own.preference;
            d->mx[i].exchange = own.exchange;
        }
    }
    if (d->implicit) {
        judge_implicit(o, d, m->result.address_count);
    }
    go_on_with(o, d);
}

/* --- its policy host ------------------------------------------------------------------------ */

void domain_on_policy_done(struct domain_owner *o, const struct message_policy_done *m)
{
    struct domain_work *d = domain_find_in_memory(o, m->domain);
    if (d == NULL || d->policy_state != POLICY_FETCHES) {
        o->strays++; /* given up, perhaps */
        return;
    }
    policy_host_on_fetched(o, d, m->fetched);
    go_on_with(o, d);
}

void domain_on_verdict(struct domain_owner *o, uint32_t waiter, struct chain_brief verdict)
{
    struct domain_work *d = o->slots[waiter].work;
    policy_host_on_verdict(d, verdict);
    go_on_with(o, d);
}

void domain_give_up_policies(struct domain_owner *o,
                             void (*name)(void *arg, struct span policy_host), void *arg)
{
    for (uint32_t i = 0; i < o->count; i++) {
        struct domain_work *d = domain_has_work(&o->slots[i]) ? o->slots[i].work : NULL;
        if (d != NULL && d->policy_state == POLICY_FETCHES) {
            name(arg, d->policy->policy_host);
            policy_host_give_up(o, d);
            go_on_with(o, d);
        }
    }
}

/* --- lines ---------------------------------------------------------------------------------- */

static void fill_from_line(struct domain_work *d, const struct message_domain *m)
{
    struct seen_domain *s = &d->seen;
    d->block = m->block;
    s->input_line = m->input_line;
    s->input = arena_copy(&d->arena, m->input);
    s->metadata_json = arena_copy(&d->arena, m->metadata);
    if (m->invalid.len > 0) {
        s->invalid = domain_source_fault(m->invalid);
        CHECK(s->invalid != NULL);
        return;
    }
    s->domain = arena_copy(&d->arena, m->domain);
    s->tld = domain_name_tld(s->domain);
}

static bool came_before(struct domain_owner *o, uint64_t input_line)
{
    bool added = false;
    (void)map_add(&o->other_lines, hash_key_of_u64(input_line), 1, &added);
    return !added;
}

/* A line that is done as soon as it is read. */
static void finish_at_once(struct domain_owner *o, struct domain_work *d)
{
    domain_settle(o, d);
    domain_write_row(o, d);
}

void domain_on_known(struct domain_owner *o, const struct message_known_domain *m)
{
    if (m->domain.len > 0) { /* else its line alone is done */
        o->strays += !domain_name_add(o, m->domain, m->input_line);
    }
}

void domain_on_line(struct domain_owner *o, const struct message_domain *m)
{
    uint64_t first = m->invalid.len > 0 ? 0 : domain_first_line(o, m->domain);
    bool other = m->invalid.len > 0 || first != 0;
    if (first == m->input_line || (other && came_before(o, m->input_line))) {
        o->strays++;
        return;
    }
    struct domain_work *d = domain_new(o);
    o->slots[d->index].input_line = m->input_line & (((uint64_t)1 << 56) - 1);
    fill_from_line(d, m);
    d->seen.duplicate_of = first;
    if (other) {
        finish_at_once(o, d);
        return;
    }
    domain_name_opens(o, d);
    d->seen.blocklisted = blocklist_has_name(o->rules.dial.blocklist, d->seen.domain);
    if (d->seen.blocklisted) {
        domain_name_done(o, d);
        finish_at_once(o, d);
        return;
    }
    domain_enter(o, d, DOMAIN_ASKS);
    domain_ask(o, d, QUESTION_MX, "", DNS_TYPE_MX);
}
