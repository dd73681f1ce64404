/**
 * What is kept of a name that is done.
 */
#include "scanner/base/memory.h"
#include "scanner/pipeline/host_work.h"

/* Of a name that was not dialled; behind them the answers and the lists that they count. */
#define FIELDS_ADDRESSES(F) \
    F(flag, blocklisted)    \
    F(count, truncated)     \
    F(count, v4_count)      \
    F(count, v6_count)      \
    F(count, cname_count)

/* Takes the octets. */
static struct host_record *record_of(struct buf *octets, bool dialled)
{
    CHECK(octets->len <= INT32_MAX);
    struct host_record *r = memory_new(1, sizeof(*r) + octets->len);
    r->dialled = dialled;
    r->len = octets->len & INT32_MAX;
    memcpy(r->octets, octets->at, octets->len);
    buf_deinit(octets);
    return r;
}

static void put_addresses(struct buf *out, const struct net_addr *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codec_put_addr(out, list[i]);
    }
}

static struct net_addr *get_addresses(struct host_work *h, struct span *in, size_t count)
{
    struct net_addr *list = arena_new(&h->arena, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = codec_get_addr(in);
    }
    return list;
}

struct host_record *host_record_of_addresses(const struct host_work *h)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
#define PUT(type, name) codec_put_##type(&b, h->name);
    FIELDS_ADDRESSES(PUT)
#undef PUT
    for (size_t q = 0; q < QUESTION_COUNT; q++) {
        codec_put_flag(&b, h->answered[q]);
        codec_put_dns(&b, h->dns[q]);
    }
    put_addresses(&b, h->v4, h->v4_count);
    put_addresses(&b, h->v6, h->v6_count);
    for (size_t i = 0; i < h->cname_count; i++) {
        codec_put_span(&b, h->cnames[i]);
    }
    return record_of(&b, false);
}

void host_record_restore(struct host_work *h, const struct host_record *r)
{
    struct span in = {r->octets, r->len};
#define GET(type, name) h->name = codec_get_##type(&in);
    FIELDS_ADDRESSES(GET)
#undef GET
    for (size_t q = 0; q < QUESTION_COUNT; q++) {
        h->asked[q] = h->answered[q] = codec_get_flag(&in);
        h->dns[q] = codec_get_dns(&in);
    }
    h->v4 = get_addresses(h, &in, h->v4_count);
    h->v6 = get_addresses(h, &in, h->v6_count);
    h->cnames = arena_new(&h->arena, h->cname_count, sizeof(*h->cnames));
    for (size_t i = 0; i < h->cname_count; i++) {
        h->cnames[i] = arena_copy(&h->arena, codec_get_span(&in));
    }
    CHECK(in.len == 0);
}

bool host_is_truncated(const struct host_work *h)
{
    bool cut = h->truncated > 0;
    for (size_t i = 0; i < h->endpoint_count; i++) {
        const struct endpoint_brief *e = &h->endpoints[i];
        cut = cut || (e->outcome == OUTCOME_NOT_TESTED && e->not_tested == NOT_TESTED_TRUNCATED);
    }
    return cut;
}

struct host_record *host_record_of_result(const struct host_work *h)
{
    struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < h->endpoint_count; i++) {
        codec_put_brief(&briefs, h->endpoints[i]);
    }
    struct host_result result = {
        .a_state = h->dns[QUESTION_A].state,
        .aaaa_state = h->dns[QUESTION_AAAA].state,
        .cname_count = (uint8_t)h->cname_count,
        .blocklisted = h->blocklisted,
        .truncated = host_is_truncated(h),
        .address_count = (uint16_t)(h->v4_count + h->v6_count),
        .dane_host = h->dane,
        .tlsa_at = h->tlsa_at,
        .endpoint_count = (uint16_t)h->endpoint_count,
        .endpoints = buf_span(&briefs),
    };
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    codec_put_host_result(&b, result);
    buf_deinit(&briefs);
    return record_of(&b, true);
}

struct host_result host_record_result(const struct host_record *r)
{
    CHECK(r->dialled);
    struct span in = {r->octets, r->len};
    return codec_get_host_result(&in);
}
