#include "scanner/record/facts.h"

#include "scanner/base/codec.h"
#include "scanner/cert/cert_list.h"
#include "scanner/report/outcome_sets.h"
#include "scanner/report/report.h"

#define DIGEST_LEN 32

void facts_scratch_init(struct facts_scratch *s)
{
    s->key = BUF_INIT(BUF_NO_LIMIT);
    s->record = BUF_INIT(BUF_NO_LIMIT);
    s->other = BUF_INIT(BUF_NO_LIMIT);
}

void facts_scratch_deinit(struct facts_scratch *s)
{
    buf_deinit(&s->key);
    buf_deinit(&s->record);
    buf_deinit(&s->other);
}

/* --- things ----------------------------------------------------------------------------------------- */

static void list_validity_put(struct buf *out, struct list_validity v)
{
    codec_put_u32(out, v.path_until);
    codec_put_u32(out, v.leaf_until);
    codec_put_u8(out, v.path_end);
}

static struct list_validity list_validity_get(struct span *in)
{
    struct list_validity v = {.path_until = codec_get_u32(in)};
    v.leaf_until = codec_get_u32(in);
    v.path_end = codec_get_u8(in);
    return v;
}

static void record_begin(struct buf *record, uint64_t list, struct list_validity v, struct span key,
                         struct span name)
{
    buf_reset(record);
    codec_put_u64(record, list);
    list_validity_put(record, v);
    codec_put_span(record, key);
    codec_put_span(record, name);
}

/* @return how many */
static size_t put_items(struct buf *record, const struct findings *f, struct span certificate,
                        struct span name)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (problem_is_one(f->item[i].code, f->item[i].severity)) {
            codec_put_u16(record, (uint16_t)f->item[i].code);
            codec_put_span(record, findings_evidence(f, i));
            codec_put_span(record, certificate);
            codec_put_span(record, name);
            count++;
        }
    }
    return count;
}

/* Of a thing without a problem nothing is kept. */
static void note_thing(struct fact_book *b, struct facts_scratch *s, enum fact_kind kind,
                       const struct findings *f)
{
    uint16_t items[CODE_SET_MAX];
    struct code_set codes = {items, code_set_add_findings(items, 0, f)};
    if (codes.count > 0) {
        record_begin(&s->record, FACT_NOWHERE, (struct list_validity){0}, (struct span){0},
                     (struct span){0});
        (void)put_items(&s->record, f, (struct span){0}, (struct span){0});
        uint64_t place = fact_book_append(b, kind, buf_span(&s->record));
        fact_book_add(b, kind, buf_span(&s->key), codes, place);
    }
}

void facts_note_service(struct fact_book *b, struct facts_scratch *s,
                        const struct seen_service *seen, const struct findings *f)
{
    buf_reset(&s->key);
    service_key_put(&s->key, &seen->address, seen->port);
    note_thing(b, s, FACT_SERVICE, f);
}

void facts_note_host(struct fact_book *b, struct facts_scratch *s, const struct seen_host *h,
                     const struct findings *f)
{
    buf_reset(&s->key);
    buf_put(&s->key, h->name);
    note_thing(b, s, FACT_HOST, f);
    buf_reset(&s->record);
    codec_put_span(&s->record, h->name);
    codec_put_count(&s->record, h->endpoint_count);
    for (size_t i = 0; i < h->endpoint_count; i++) {
        codec_put_addr(&s->record, h->endpoints[i].address);
        codec_put_u16(&s->record, h->endpoints[i].port);
    }
    (void)fact_book_append(b, FACT_ENDPOINTS_OF_HOST, buf_span(&s->record));
}

static struct fact_entry list_of(struct fact_book *b, const struct seen_endpoint *e)
{
    bool presented = e->result != NULL && !digest_is_none(e->result->tls.chain_id);
    struct span id = {presented ? e->result->tls.chain_id : NULL, DIGEST_LEN};
    return presented ? fact_book_find(b, FACT_CHAIN, id)
                     : (struct fact_entry){.place = FACT_NOWHERE};
}

static struct list_validity validity_at(struct fact_book *b, struct facts_scratch *s,
                                        uint64_t place)
{
    enum fact_kind kind;
    if (place == FACT_NOWHERE || !fact_book_read(b, place, &kind, &s->other)) {
        return (struct list_validity){0};
    }
    struct span in = buf_span(&s->other);
    (void)codec_get_u64(&in);
    return list_validity_get(&in);
}

struct list_validity facts_validity_of_list(struct fact_book *b, struct facts_scratch *s,
                                            const uint8_t chain_id[32])
{
    struct span id = {chain_id, DIGEST_LEN};
    return validity_at(b, s, fact_book_find(b, FACT_CHAIN, id).place);
}

struct list_validity facts_note_endpoint(struct fact_book *b, struct facts_scratch *s,
                                         const struct seen_endpoint *e, const struct findings *f)
{
    uint16_t items[CODE_SET_MAX];
    struct fact_entry list = list_of(b, e);
    size_t count = code_set_add_findings(items, 0, f);
    for (size_t i = 0; i < list.codes.count; i++) {
        count = code_set_add(items, count, list.codes.items[i]);
    }
    if (count == 0) {
        return validity_at(b, s, list.place);
    }
    buf_reset(&s->key);
    endpoint_key_put(&s->key, e->host, &e->address, e->port);
    record_begin(&s->record, list.place, (struct list_validity){0}, (struct span){0},
                 (struct span){0});
    (void)put_items(&s->record, f, (struct span){0}, (struct span){0});
    uint64_t place = fact_book_append(b, FACT_ENDPOINT, buf_span(&s->record));
    fact_book_add(b, FACT_ENDPOINT, buf_span(&s->key), (struct code_set){items, count}, place);
    return validity_at(b, s, list.place);
}

/* What people call it: the first dNSName, else its common name, else its subject. */
static struct span certificate_called(const struct cert_info *c)
{
    return c == NULL                ? (struct span){0}
           : c->dns_names.count > 0 ? c->dns_names.at[0]
           : c->subject_cn.len > 0  ? c->subject_cn
                                    : c->subject_dn;
}

/* @return as code_set_add_findings() */
static size_t put_certificate_items(struct facts_scratch *s, const struct cert_info *c, bool parsed,
                                    struct findings *of_certificate, uint16_t items[CODE_SET_MAX],
                                    size_t count)
{
    struct span digest = {c->fingerprint_sha256, DIGEST_LEN};
    findings_reset(of_certificate);
    findings_of_certificate(c, parsed, of_certificate);
    (void)put_items(&s->record, of_certificate, digest, certificate_called(c));
    return code_set_add_findings(items, count, of_certificate);
}

void facts_note_chain(struct fact_book *b, struct facts_scratch *s, const uint8_t chain_id[32],
                      const struct chain_verdict *v, struct chain_judge *judge, struct span list,
                      const struct findings *f, struct findings *of_certificate)
{
    uint16_t items[CODE_SET_MAX];
    struct span id = {chain_id, DIGEST_LEN};
    size_t count = code_set_add_findings(items, 0, f);
    bool unread = false;
    record_begin(&s->record, FACT_NOWHERE, list_validity_of(v), id,
                 certificate_called(v->certs[0]));
    (void)put_items(&s->record, f, (struct span){0}, (struct span){0});
    for (size_t i = 0; i < v->cert_count; i++) {
        unread = unread || v->certs[i] == NULL;
        if (v->certs[i] != NULL) {
            count = put_certificate_items(s, v->certs[i], true, of_certificate, items, count);
        }
    }
    for (struct span der; unread && cert_list_next(&list, &der);) {
        bool parsed = false;
        const struct cert_info *c = chain_judge_cert(judge, der, &parsed);
        if (!parsed) {
            count = put_certificate_items(s, c, parsed, of_certificate, items, count);
        }
    }
    uint64_t place = fact_book_append(b, FACT_CHAIN, buf_span(&s->record));
    fact_book_add(b, FACT_CHAIN, id, (struct code_set){items, count}, place);
}

void facts_note_completion(struct fact_book *b, struct facts_scratch *s, const uint8_t chain_id[32],
                           const struct findings *f)
{
    buf_reset(&s->key);
    buf_put(&s->key, (struct span){chain_id, DIGEST_LEN});
    note_thing(b, s, FACT_COMPLETION, f);
}

/* --- domains ---------------------------------------------------------------------------------------- */

void facts_find_codes(struct fact_book *b, struct facts_scratch *s, const struct seen_domain *d,
                      struct domain_codes *out)
{
    (void)domain_codes_room(out, d);
    for (size_t i = 0, place = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        bool counts = mx->host.len > 0 && domain_same_mx(d, i) == i;
        if (counts) {
            out->host[i] = fact_book_find(b, FACT_HOST, mx->host).codes;
        }
        for (size_t k = 0; k < mx->endpoint_count; k++, place++) {
            const struct endpoint_brief *e = &mx->endpoints[k];
            if (counts) {
                buf_reset(&s->key);
                endpoint_key_put(&s->key, mx->host, &e->address, e->port);
                struct span key = buf_span(&s->key);
                struct span service = span_drop(key, mx->host.len + 1);
                out->at[place].own = fact_book_find(b, FACT_ENDPOINT, key).codes;
                out->at[place].service = fact_book_find(b, FACT_SERVICE, service).codes;
            }
        }
    }
}

static struct span evidence_in(const struct findings *f, enum finding_code code)
{
    for (size_t i = 0; f != NULL && i < f->count; i++) {
        if (f->item[i].code == code) {
            return findings_evidence(f, i);
        }
    }
    return (struct span){0};
}

static void put_hosts(struct buf *record, const struct seen_domain *d)
{
    codec_put_count(record, d->mx_count);
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        codec_put_span(record, mx->host);
        codec_put_count(record, mx->endpoint_count);
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            codec_put_addr(record, mx->endpoints[k].address);
            codec_put_u16(record, mx->endpoints[k].port);
            codec_put_name(record, mx->endpoints[k].mx_operator);
        }
    }
}

void facts_note_domain(struct fact_book *b, struct facts_scratch *s, const struct seen_domain *d,
                       const struct domain_problems *p, const struct findings *f,
                       const struct findings *of_policy)
{
    if (p->count == 0) {
        return;
    }
    struct buf *r = &s->record;
    size_t octets = (p->place_total + 7) / 8;
    buf_reset(r);
    codec_put_u64(r, d->input_line);
    codec_put_span(r, d->domain);
    put_hosts(r, d);
    codec_put_count(r, octets);
    codec_put_count(r, p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct problem *item = &p->item[i];
        codec_put_u16(r, (uint16_t)item->code);
        codec_put_word(r, item->effect);
        codec_put_word(r, item->severity);
        codec_put_u32(r, item->place_count);
        codec_put_u32(r, item->tested_count);
        codec_put_u32(r, item->inferred_count);
        codec_put_u64(r, item->senders);
        codec_put_u32(r, item->first);
        codec_put_octets(r, p->places.at + item->bits, octets);
        struct span evidence = evidence_in(f, item->code);
        codec_put_span(r, evidence.len > 0 ? evidence : evidence_in(of_policy, item->code));
    }
    (void)fact_book_append(b, FACT_PROBLEMS_OF_DOMAIN, buf_span(r));
}

void facts_note_outcomes(struct fact_book *b, struct facts_scratch *s, const struct deliveries *v)
{
    buf_reset(&s->record);
    outcome_set_put(&s->record, v);
    struct span set = buf_span(&s->record);
    if (fact_book_find(b, FACT_OUTCOME_SET, set).place == FACT_NOWHERE) {
        /* Another thread may do the same: the last one counts. */
        uint64_t place = fact_book_append(b, FACT_OUTCOME_SET, set);
        fact_book_add(b, FACT_OUTCOME_SET, set, (struct code_set){0}, place);
    }
}

/* --- read back -------------------------------------------------------------------------------------- */

void fact_record_init(struct fact_record *r)
{
    r->octets = BUF_INIT(BUF_NO_LIMIT);
    r->count = 0;
}

void fact_record_deinit(struct fact_record *r)
{
    buf_deinit(&r->octets);
}

bool fact_record_read(struct fact_book *b, uint64_t place, struct fact_record *out)
{
    enum fact_kind kind;
    out->count = 0;
    out->list = FACT_NOWHERE;
    if (!fact_book_read(b, place, &kind, &out->octets)) {
        return false;
    }
    struct span in = buf_span(&out->octets);
    out->list = codec_get_u64(&in);
    (void)list_validity_get(&in);
    out->key = codec_get_span(&in);
    out->name = codec_get_span(&in);
    while (in.len > 0) {
        struct fact_item item = {.code = (enum finding_code)codec_get_u16(&in)};
        item.evidence = codec_get_span(&in);
        item.certificate = codec_get_span(&in);
        item.name = codec_get_span(&in);
        if (out->count < sizeof(out->items) / sizeof(out->items[0])) {
            out->items[out->count++] = item;
        }
    }
    return true;
}

const struct fact_item *fact_record_find(const struct fact_record *r, enum finding_code code)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].code == code) {
            return &r->items[i];
        }
    }
    return NULL;
}
