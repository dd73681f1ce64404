/**
 * What is kept of a name that is done.
 */
#include "scanner/base/memory.h"
#include "scanner/owners/host_work.h"

/* Of a name that was not dialled; behind them the lists that they count. */
#define FIELDS_ADDRESSES(F)            \
    F(flag, seen.blocklisted)          \
    F(word, question[QUESTION_A])      \
    F(dns, seen.a)                     \
    F(word, question[QUESTION_AAAA])   \
    F(dns, seen.aaaa)                  \
    F(count, seen.addresses_truncated) \
    F(count, seen.address_count)       \
    F(count, seen.cname_count)

/* Takes the octets. */
static struct host_record *record_of(struct buf *octets)
{
    struct host_record *r = memory_new(1, sizeof(*r) + octets->len);
    r->len = (uint32_t)octets->len;
    memcpy(r->octets, octets->at, octets->len);
    buf_deinit(octets);
    return r;
}

struct host_record *host_record_of_addresses(const struct host_work *h)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
#define PUT(type, name) codec_put_##type(&b, h->name);
    FIELDS_ADDRESSES(PUT)
#undef PUT
    for (size_t i = 0; i < h->seen.address_count; i++) {
        codec_put_addr(&b, h->seen.addresses[i]);
    }
    for (size_t i = 0; i < h->seen.cname_count; i++) {
        codec_put_span(&b, h->seen.cnames[i]);
    }
    return record_of(&b);
}

void host_record_restore(struct host_work *h, const struct host_record *r)
{
    struct span in = {r->octets, r->len};
#define GET(type, name) h->name = codec_get_##type(&in);
    FIELDS_ADDRESSES(GET)
#undef GET
    struct net_addr *addresses = arena_new(&h->arena, h->seen.address_count, sizeof(*addresses));
    for (size_t i = 0; i < h->seen.address_count; i++) {
        addresses[i] = codec_get_addr(&in);
    }
    struct span *cnames = arena_new(&h->arena, h->seen.cname_count, sizeof(*cnames));
    for (size_t i = 0; i < h->seen.cname_count; i++) {
        cnames[i] = arena_copy(&h->arena, codec_get_span(&in));
    }
    h->seen.addresses = addresses;
    h->seen.cnames = cnames;
    CHECK(in.len == 0);
}

struct host_record *host_record_of_result(const struct host_work *h)
{
    const struct seen_host *s = &h->seen;
    struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
    bool truncated = s->addresses_truncated > 0;
    for (size_t i = 0; i < s->endpoint_count; i++) {
        const struct endpoint_brief *e = &s->endpoints[i];
        codec_put_brief(&briefs, *e);
        truncated = truncated ||
                    (e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_TRUNCATED);
    }
    struct host_result result = {
        .a_state = s->a.state,
        .aaaa_state = s->aaaa.state,
        .cname_count = (uint8_t)s->cname_count,
        .blocklisted = s->blocklisted,
        .truncated = truncated,
        .address_count = (uint16_t)s->address_count,
        .dane_host = h->dane,
        .tlsa_at = h->tlsa_at,
        .endpoint_count = (uint16_t)s->endpoint_count,
        .endpoints = buf_span(&briefs),
    };
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    codec_put_host_result(&b, result);
    buf_deinit(&briefs);
    return record_of(&b);
}

struct host_result host_record_result(const struct host_record *r)
{
    struct span in = {r->octets, r->len};
    return codec_get_host_result(&in);
}
