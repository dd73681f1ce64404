/**
 * The owner of domains: one input line from its name to its row.
 *
 *   line ─► MX ─┬─ NXDOMAIN, null MX, temporary failure ──────────────► row
 *               ├─ MX records ─► HOST_WANT per distinct host ─► HOST_DONE ─► row
 *               └─ no MX ─► HOST_WANT for the domain itself (implicit MX) ─► row
 *          and beside it, unless the name does not exist: TXT of _mta-sts and _smtp._tls, NS;
 *          a record of MTA-STS brings the policy host (policy_work.c)
 */
#include "scanner/pipeline/domain_work.h"

#include "scanner/base/codec.h"
#include "scanner/base/memory.h"
#include "scanner/domain/domain_name.h"
#include "scanner/domain/domain_source.h"

struct domain_table *domain_table_new(struct worker *w)
{
    struct domain_table *t = memory_new(1, sizeof(*t));
    t->worker = w;
    t->first_free = UINT32_MAX;
    return t;
}

void domain_table_free(struct domain_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        arena_reset(&t->slots[i]->arena);
        free(t->slots[i]);
    }
    free(t->slots);
    map_deinit(&t->first_lines);
    free(t);
}

static uint32_t take_slot(struct domain_table *t)
{
    if (t->first_free != UINT32_MAX) {
        uint32_t index = t->first_free;
        t->first_free = t->slots[index]->next_free;
        return index;
    }
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 256;
        t->slots = memory_resize(t->slots, t->capacity, sizeof(struct domain_work *));
    }
    struct domain_work *d = memory_new(1, sizeof(*d));
    d->arena = ARENA_INIT(&t->worker->arenas);
    t->slots[t->count] = d;
    return t->count++;
}

struct domain_work *domain_find(struct domain_table *t, uint32_t index, uint32_t generation)
{
    CHECK(index < t->count && t->slots[index]->generation == generation);
    return t->slots[index];
}

struct domain_work *domain_find_open(struct domain_table *t, uint32_t index, uint32_t generation)
{
    CHECK(index < t->count);
    return t->slots[index]->generation == generation ? t->slots[index] : NULL;
}

static void settle(struct worker *w, struct domain_work *d)
{
    if (!d->settled) {
        d->settled = true;
        uint32_t at = d->block % BLOCK_RING;
        w->settled_block[at] = d->block;
        w->settled[at]++;
        w->any_settled = true;
    }
}

/* Its own questions count too: admission bounds how many are under way. */
static void settle_when_resolved(struct worker *w, struct domain_work *d)
{
    if (d->questions == 0 && d->unresolved == 0) {
        settle(w, d);
    }
}

static void finish(struct worker *w, uint32_t index)
{
    struct domain_table *t = w->domains;
    struct domain_work *d = t->slots[index];
    settle(w, d);

    enum account_class ending = record_domain(&w->recorder, &d->seen);
    worker_row_written(w);
    atomic_fetch_add_explicit(&w->counters.lines_done[ending], 1, memory_order_relaxed);
    codec_put_u64(&w->lines_done, d->seen.input_line);
    w->finished_domains++;
    scan_item_closes(w->scan);

    arena_reset(&d->arena);
    struct arena arena = d->arena;
    *d = (struct domain_work){.arena = arena, .generation = d->generation + 1};
    d->next_free = t->first_free;
    t->first_free = index;
}

void domain_finish_when_complete(struct worker *w, uint32_t index)
{
    const struct domain_work *d = w->domains->slots[index];
    if (d->questions == 0 && d->hosts == 0 && !d->policy_pending) {
        finish(w, index);
    }
}

/* --- answers ------------------------------------------------------------------------------ */

struct span *domain_copy_names(struct arena *a, const struct span *names, size_t count)
{
    struct span *copy = arena_new(a, count, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_copy(a, names[i]);
    }
    return copy;
}

static struct seen_txt copy_texts(struct arena *a, const struct dns_answer *answer)
{
    struct span *texts = arena_new(a, answer->rr_count, sizeof(*texts));
    for (size_t i = 0; i < answer->rr_count; i++) {
        texts[i] = arena_copy(a, answer->rrs[i].text);
    }
    return (struct seen_txt){.dns = answer->seen, .texts = texts, .count = answer->rr_count};
}

static void on_answer(void *arg, uint64_t tag, const struct dns_answer *answer);

void domain_ask(struct worker *w, uint32_t index, enum domain_question q, struct span name,
                uint16_t type)
{
    w->domains->slots[index]->questions++;
    resolver_ask(w->resolver, name, type, on_answer, w, (uint64_t)index << 8 | (uint64_t)q);
}

/* About a name below the domain. */
static void ask(struct worker *w, uint32_t index, enum domain_question q, const char *prefix,
                uint16_t type)
{
    const struct domain_work *d = w->domains->slots[index];
    uint8_t name[DNS_NAME_TEXT_MAX];
    size_t prefix_len = strlen(prefix);
    CHECK(prefix_len + d->seen.domain.len <= sizeof(name));
    memcpy(name, prefix, prefix_len);
    memcpy(name + prefix_len, d->seen.domain.at, d->seen.domain.len);
    domain_ask(w, index, q, (struct span){name, prefix_len + d->seen.domain.len}, type);
}

static void want_host(struct worker *w, uint32_t index, uint16_t mx, struct span host, bool dial,
                      size_t host_count)
{
    struct domain_work *d = w->domains->slots[index];
    size_t share = DOMAIN_ENDPOINTS_MAX / host_count;
    struct message_host_want m = {
        .block = d->block,
        .from = (uint16_t)w->index,
        .domain = index,
        .generation = d->generation,
        .mx = mx,
        .dial = dial,
        .addresses_max =
            (uint8_t)(share > 2U * HOST_ADDRESSES_MAX ? 2U * HOST_ADDRESSES_MAX : share),
        .host = host,
    };
    d->unresolved++;
    d->hosts++;
    message_put_host_want(worker_outbox(w, owner_of_name(w->scan, host)), &m);
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

static void want_hosts(struct worker *w, uint32_t index)
{
    struct domain_work *d = w->domains->slots[index];
    size_t wanted = 0;
    for (size_t i = 0; i < d->seen.mx_count; i++) {
        wanted += is_wanted(d, i);
    }
    for (size_t i = 0; i < d->seen.mx_count; i++) {
        if (is_wanted(d, i)) {
            want_host(w, index, (uint16_t)i, d->mx[i].host, true, wanted);
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

static void want_implicit(struct worker *w, uint32_t index)
{
    struct domain_work *d = w->domains->slots[index];
    d->implicit = true;
    d->mx = arena_new(&d->arena, 1, sizeof(*d->mx));
    d->mx[0] = (struct seen_mx){.exchange = d->seen.domain, .host = d->seen.domain};
    d->seen.mx = d->mx;
    want_host(w, index, 0, d->seen.domain, w->scan->params->implicit_mx_dial, 1);
}

static void on_mx(struct worker *w, uint32_t index, const struct dns_answer *answer)
{
    struct domain_work *d = w->domains->slots[index];
    d->seen.mx_dns = answer->seen;
    d->seen.cnames = domain_copy_names(&d->arena, answer->cnames, answer->cname_count);
    d->seen.cname_count = answer->cname_count;
    switch ((enum dns_state)answer->seen.state) {
    case DNS_DATA:
    case DNS_BOGUS: /* used by senders that do not validate */
        take_mx_records(d, answer);
        want_hosts(w, index);
        break;
    case DNS_NODATA:
        want_implicit(w, index);
        break;
    case DNS_NXDOMAIN:
    case DNS_NAME_INVALID:
        d->seen.mx_kind = MX_KIND_NXDOMAIN;
        break;
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
        break;
    case DNS_STATE_COUNT:
        UNREACHABLE("not a state");
    }
    if (d->mx != NULL) { /* the name exists and mail may go there */
        ask(w, index, QUESTION_MTA_STS, "_mta-sts.", DNS_TYPE_TXT);
        ask(w, index, QUESTION_TLS_RPT, "_smtp._tls.", DNS_TYPE_TXT);
        ask(w, index, QUESTION_NS, "", DNS_TYPE_NS);
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

static void on_answer(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct worker *w = arg;
    uint32_t index = (uint32_t)(tag >> 8);
    struct domain_work *d = w->domains->slots[index];
    worker_note_answer(w, answer);
    d->questions--;
    enum domain_question q = (enum domain_question)(tag & 0xff);
    switch (q) {
    case QUESTION_MX:
        on_mx(w, index, answer);
        break;
    case QUESTION_MTA_STS:
        d->seen.mta_sts = copy_texts(&d->arena, answer);
        d->seen.mta_sts_cnames = domain_copy_names(&d->arena, answer->cnames, answer->cname_count);
        d->seen.mta_sts_cname_count = answer->cname_count;
        policy_begin(w, index);
        break;
    case QUESTION_TLS_RPT:
        d->seen.tls_rpt = copy_texts(&d->arena, answer);
        break;
    case QUESTION_NS:
        on_ns(d, answer);
        break;
    case QUESTION_POLICY_A:
    case QUESTION_POLICY_AAAA:
        policy_on_answer(w, index, q, answer);
        break;
    }
    settle_when_resolved(w, d);
    domain_finish_when_complete(w, index);
}

/* --- hosts -------------------------------------------------------------------------------- */

void domain_on_host_resolved(struct worker *w, const struct message_host_resolved *m)
{
    struct domain_work *d = domain_find(w->domains, m->domain, m->generation);
    d->unresolved--;
    settle_when_resolved(w, d);
}

static void judge_implicit(struct worker *w, struct domain_work *d, uint16_t address_count)
{
    const struct seen_mx *mx = &d->mx[0];
    if (address_count > 0) {
        d->seen.mx_kind = MX_KIND_IMPLICIT;
    } else if (dns_state_is_temporary(mx->a_state) || dns_state_is_temporary(mx->aaaa_state)) {
        d->seen.mx_kind = MX_KIND_UNKNOWN;
    } else {
        d->seen.mx_kind = MX_KIND_NONE;
    }
    /* Listed only where it is worked on: every host of the list has a row in hosts. */
    bool listed = w->scan->params->implicit_mx_dial && address_count > 0;
    d->seen.mx_count = listed ? 1 : 0;
}

static void copy_result(struct domain_work *d, struct seen_mx *mx, const struct host_result *r)
{
    struct span octets = r->endpoints;
    struct endpoint_brief *briefs = arena_new(&d->arena, r->endpoint_count, sizeof(*briefs));
    for (size_t i = 0; i < r->endpoint_count; i++) {
        briefs[i] = codec_get_brief(&octets);
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

void domain_on_host_done(struct worker *w, const struct message_host_done *m)
{
    struct domain_work *d = domain_find(w->domains, m->domain, m->generation);
    d->hosts--;
    /* Of an implicit MX that is recorded only, nothing is dialled, whoever else dials the host. */
    bool listed = !d->implicit || w->scan->params->implicit_mx_dial;
    d->seen.endpoints_truncated = d->seen.endpoints_truncated || (listed && m->result.truncated);
    copy_result(d, &d->mx[m->mx], &m->result);
    for (size_t i = (size_t)m->mx + 1; i < d->seen.mx_count; i++) {
        if (d->mx[i].unusable == NULL && first_with_host(d, i) == m->mx) {
            struct seen_mx own = d->mx[i];
            d->mx[i] = d->mx[m->mx];
            d->mx[i].preference = own.preference;
            d->mx[i].exchange = own.exchange;
        }
    }
    if (d->implicit) {
        judge_implicit(w, d, m->result.address_count);
    }
    domain_finish_when_complete(w, m->domain);
}

/* --- lines -------------------------------------------------------------------------------- */

/* The static word that a message carried as text. */
static const char *fault_word(struct span word)
{
    for (int f = 0; f < NAME_FAULT_COUNT; f++) {
        if (span_eq(word, span_of(name_fault_word((enum name_fault)f)))) {
            return name_fault_word((enum name_fault)f);
        }
    }
    for (int f = 0; f < SOURCE_FAULT_COUNT; f++) {
        if (span_eq(word, span_of(source_fault_word((enum source_fault)f)))) {
            return source_fault_word((enum source_fault)f);
        }
    }
    UNREACHABLE("unknown word for a malformed line");
}

static void fill_from_line(struct worker *w, struct domain_work *d, const struct message_domain *m)
{
    struct seen_domain *s = &d->seen;
    s->input_line = m->input_line;
    s->input = arena_copy(&d->arena, m->input);
    s->metadata_json = arena_copy(&d->arena, m->metadata);
    if (m->invalid.len > 0) {
        s->invalid = fault_word(m->invalid);
        return;
    }
    s->domain = arena_copy(&d->arena, m->domain);
    s->tld = domain_name_tld(s->domain);
    (void)registrable_domain(w->scan->suffixes, s->domain, &s->registrable);
}

static bool is_duplicate(struct worker *w, struct seen_domain *s)
{
    bool added = false;
    uint64_t *first =
        map_add(&w->domains->first_lines, hash_key_of(s->domain), s->input_line, &added);
    s->duplicate_of = added ? 0 : *first;
    return !added;
}

void domain_on_message(struct worker *w, const struct message_domain *m)
{
    uint32_t index = take_slot(w->domains);
    struct domain_work *d = w->domains->slots[index];
    d->block = m->block;
    fill_from_line(w, d, m);
    if (d->seen.invalid != NULL || is_duplicate(w, &d->seen)) {
        finish(w, index);
        return;
    }
    if (blocklist_has_name(w->scan->blocklist, d->seen.domain)) {
        d->seen.blocklisted = true;
        finish(w, index);
        return;
    }
    ask(w, index, QUESTION_MX, "", DNS_TYPE_MX);
}
