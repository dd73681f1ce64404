/**
 * What is kept of a name that is done.
 */
#include <assert.h>

#include "scanner/base/memory.h"
#include "scanner/base/octet_change.h"
#include "scanner/owners/host_work.h"

/* Of a name that was not dialled; behind them the lists that they count. */
#define FIELDS_ADDRESSES(F)            \
    F(flag, seen.blocklisted)          \
    F(flag, late)                      \
    F(word, question[QUESTION_A])      \
    F(dns, seen.a)                     \
    F(word, question[QUESTION_AAAA])   \
    F(dns, seen.aaaa)                  \
    F(count, seen.addresses_truncated) \
    F(count, seen.address_count)       \
    F(count, seen.cname_count)

/* Of one that CONNECTS; its questions are answered, and nobody checks it. */
#define FIELDS_WAITING(F)              \
    F(span, seen.name)                 \
    F(flag, quiet)                     \
    F(u32, block)                      \
    F(flag, late)                      \
    F(u8, addresses_max)               \
    F(u8, dane)                        \
    F(u8, tlsa_at)                     \
    F(flag, seen.blocklisted)          \
    F(i64, seen.block)                 \
    F(dns, seen.a)                     \
    F(dns, seen.aaaa)                  \
    F(dns, seen.tlsa)                  \
    F(dns, seen.first_cname)           \
    F(dns, seen.expanded_tlsa)         \
    F(count, seen.cname_count)         \
    F(count, seen.addresses_truncated) \
    F(count, seen.address_count)       \
    F(count, seen.tlsa_count)          \
    F(count, seen.expanded_tlsa_count) \
    F(count, seen.endpoint_count)      \
    F(count, subscriber_count)         \
    F(count, subscribers_told)

/* Whoever adds a member, and a field above if its row needs it, counts it here. */
static_assert(sizeof(void *) != 8 || sizeof(struct seen_host) == 216, "FIELDS_WAITING is complete");

void host_record_of_addresses(struct buf *out, const struct host_work *h)
{
#define PUT(type, name) codec_put_##type(out, h->name);
    FIELDS_ADDRESSES(PUT)
#undef PUT
    codec_put_addrs(out, h->seen.addresses, h->seen.address_count);
    codec_put_spans(out, h->seen.cnames, h->seen.cname_count);
}

void host_record_restore(struct host_work *h, struct span record)
{
    struct span in = arena_copy(&h->arena, record);
#define GET(type, name) h->name = codec_get_##type(&in);
    FIELDS_ADDRESSES(GET)
#undef GET
    h->seen.addresses = codec_get_addrs(&in, h->seen.address_count, &h->arena);
    h->seen.cnames = codec_get_spans(&in, h->seen.cname_count, &h->arena);
    CHECK(in.len == 0);
}

struct host_result host_result_of(const struct seen_host *s, uint8_t dane, uint8_t tlsa_at,
                                  struct buf *briefs)
{
    bool truncated = s->addresses_truncated > 0;
    for (size_t i = 0; i < s->endpoint_count; i++) {
        const struct endpoint_brief *e = &s->endpoints[i];
        codec_put_brief(briefs, *e);
        truncated = truncated ||
                    (e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_TRUNCATED);
    }
    return (struct host_result){
        .a_state = s->a.state,
        .aaaa_state = s->aaaa.state,
        .cname_count = (uint8_t)s->cname_count,
        .blocklisted = s->blocklisted,
        .truncated = truncated,
        .address_count = (uint16_t)s->address_count,
        .dane_host = dane,
        .tlsa_at = tlsa_at,
        .endpoint_count = (uint16_t)s->endpoint_count,
        .endpoints = buf_span(briefs),
    };
}

/* The endpoints of a host are much alike, so each is kept as its difference from the one before. */
void host_record_of(struct buf *out, struct host_result result)
{
    struct buf changes = BUF_INIT(BUF_NO_LIMIT);
    struct span rest = result.endpoints;
    struct span before = {0};
    while (rest.len > 0) {
        struct span brief = rest;
        (void)codec_get_brief(&rest);
        brief.len -= rest.len;
        octet_change_put(&changes, before, brief);
        before = brief;
    }
    result.endpoints = buf_span(&changes);
    codec_put_host_result(out, result);
    buf_deinit(&changes);
}

struct host_result host_record_result(struct span record, struct buf *briefs)
{
    struct host_result result = codec_get_host_result(&record);
    struct buf before = BUF_INIT(BUF_NO_LIMIT);
    buf_reset(briefs);
    while (result.endpoints.len > 0) {
        size_t at = briefs->len;
        octet_change_get(&result.endpoints, buf_span(&before), briefs);
        buf_reset(&before);
        buf_put(&before, span_drop(buf_span(briefs), at));
    }
    buf_deinit(&before);
    result.endpoints = buf_span(briefs);
    return result;
}

/* --- one that waits for its endpoints ------------------------------------------------------- */

static void waiting_put_tlsas(struct buf *out, const struct seen_tlsa *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codec_put_tlsa(out, list[i]);
    }
}

void host_waiting_put(struct buf *out, const struct host_work *h)
{
    const struct seen_host *s = &h->seen;
#define PUT(type, name) codec_put_##type(out, h->name);
    FIELDS_WAITING(PUT)
#undef PUT
    codec_put_octets(out, h->question, sizeof(h->question));
    codec_put_spans(out, s->cnames, s->cname_count);
    codec_put_addrs(out, s->addresses, s->address_count);
    waiting_put_tlsas(out, s->tlsas, s->tlsa_count);
    waiting_put_tlsas(out, s->expanded_tlsas, s->expanded_tlsa_count);
    for (size_t i = 0; i < s->endpoint_count; i++) {
        codec_put_brief(out, h->endpoints[i]);
        codec_put_u32(out, h->endpoints[i].chain.issuers);
    }
    for (size_t i = 0; i < h->subscriber_count; i++) {
        codec_put_span(out, h->subscribers[i].domain);
        codec_put_flag(out, h->subscribers[i].dial);
    }
}

static const struct seen_tlsa *waiting_get_tlsas(struct arena *a, struct span *in, size_t count)
{
    struct seen_tlsa *list = arena_new(a, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = codec_get_tlsa(in);
    }
    return list;
}

static void waiting_get_lists(struct span *in, struct host_work *h)
{
    struct seen_host *s = &h->seen;
    s->cnames = codec_get_spans(in, s->cname_count, &h->arena);
    s->addresses = codec_get_addrs(in, s->address_count, &h->arena);
    s->tlsas = waiting_get_tlsas(&h->arena, in, s->tlsa_count);
    s->expanded_tlsas = waiting_get_tlsas(&h->arena, in, s->expanded_tlsa_count);
    h->endpoints = arena_new(&h->arena, s->endpoint_count, sizeof(*h->endpoints));
    s->endpoints = h->endpoints;
    for (size_t i = 0; i < s->endpoint_count; i++) {
        h->endpoints[i] = codec_get_brief(in);
        h->endpoints[i].chain.issuers = codec_get_u32(in);
    }
}

void host_waiting_get(struct span octets, struct host_work *h)
{
    struct span in = arena_copy(&h->arena, octets);
#define GET(type, name) h->name = codec_get_##type(&in);
    FIELDS_WAITING(GET)
#undef GET
    codec_get_octets(&in, h->question, sizeof(h->question));
    waiting_get_lists(&in, h);
    size_t subscribers = 0; /* a list that grows by one */
    for (; subscribers < h->subscriber_count; subscribers++) {
        h->subscribers = memory_grow_list(h->subscribers, subscribers, sizeof(*h->subscribers));
        h->subscribers[subscribers].domain = codec_get_span(&in);
        h->subscribers[subscribers].dial = codec_get_flag(&in);
    }
    CHECK(in.len == 0);
}

/* --- one that has its addresses, for another process ---------------------------------------- */

struct message_known_resolved host_resolved_of(const struct host_work *h,
                                               struct buf lists[HOST_LISTS])
{
    const struct seen_host *s = &h->seen;
    codec_put_spans(&lists[0], s->cnames, s->cname_count);
    codec_put_addrs(&lists[1], s->addresses, s->address_count);
    waiting_put_tlsas(&lists[2], s->tlsas, s->tlsa_count);
    waiting_put_tlsas(&lists[3], s->expanded_tlsas, s->expanded_tlsa_count);
    return (struct message_known_resolved){
        .host = s->name,
        .block = h->block,
        .late = h->late,
        .addresses_max = h->addresses_max,
        .blocklisted = s->blocklisted,
        .a = s->a,
        .aaaa = s->aaaa,
        .tlsa = s->tlsa,
        .first_cname = s->first_cname,
        .expanded_tlsa = s->expanded_tlsa,
        .cnames = buf_span(&lists[0]),
        .addresses_truncated = (uint32_t)s->addresses_truncated,
        .addresses = buf_span(&lists[1]),
        .tlsas = buf_span(&lists[2]),
        .expanded_tlsas = buf_span(&lists[3]),
    };
}

void host_resolved_restore(struct host_work *h, const struct message_known_resolved *m)
{
    struct seen_host *s = &h->seen;
    struct span cnames = arena_copy(&h->arena, m->cnames);
    struct span addresses = m->addresses;
    struct span tlsas = arena_copy(&h->arena, m->tlsas);
    struct span expanded = arena_copy(&h->arena, m->expanded_tlsas);
    h->block = m->block;
    h->late = m->late;
    h->addresses_max = m->addresses_max;
    s->blocklisted = m->blocklisted;
    s->a = m->a;
    s->aaaa = m->aaaa;
    s->tlsa = m->tlsa;
    s->first_cname = m->first_cname;
    s->expanded_tlsa = m->expanded_tlsa;
    s->addresses_truncated = m->addresses_truncated;
    s->cname_count = codec_count_spans(cnames);
    s->cnames = codec_get_spans(&cnames, s->cname_count, &h->arena);
    s->address_count = codec_count_addrs(addresses);
    s->addresses = codec_get_addrs(&addresses, s->address_count, &h->arena);
    s->tlsa_count = codec_count_tlsas(tlsas);
    s->tlsas = waiting_get_tlsas(&h->arena, &tlsas, s->tlsa_count);
    s->expanded_tlsa_count = codec_count_tlsas(expanded);
    s->expanded_tlsas = waiting_get_tlsas(&h->arena, &expanded, s->expanded_tlsa_count);
    h->question[QUESTION_A] = QUESTION_ANSWERED;
    h->question[QUESTION_AAAA] = QUESTION_ANSWERED;
    h->question[QUESTION_TLSA] = QUESTION_ANSWERED;
}
