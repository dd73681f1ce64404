/**
 * What is kept of a name that is done.
 */
#include "scanner/base/memory.h"
#include "scanner/pipeline/host_work.h"

static void pack_octets(struct buf *b, const void *at, size_t len)
{
    buf_put(b, (struct span){at, len});
}

static void unpack_octets(struct span *in, void *to, size_t len)
{
    CHECK(in->len >= len);
    memcpy(to, in->at, len);
    *in = span_drop(*in, len);
}

static struct host_record *record_of(const struct buf *octets, bool dialled)
{
    struct host_record *r = memory_new(1, sizeof(*r) + octets->len);
    r->dialled = dialled;
    r->len = (uint32_t)octets->len;
    memcpy(r->octets, octets->at, octets->len);
    return r;
}

/* A name that was not dialled may yet be wanted as an MX host: everything for its row is kept. */
struct host_record *host_record_of_addresses(const struct host_work *h)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    pack_octets(&b, h->dns, sizeof(h->dns));
    pack_octets(&b, h->answered, sizeof(h->answered));
    pack_octets(&b, &h->blocklisted, sizeof(h->blocklisted));
    pack_octets(&b, &h->v4_count, sizeof(h->v4_count));
    pack_octets(&b, &h->v6_count, sizeof(h->v6_count));
    pack_octets(&b, &h->truncated, sizeof(h->truncated));
    pack_octets(&b, &h->cname_count, sizeof(h->cname_count));
    pack_octets(&b, h->v4, h->v4_count * sizeof(*h->v4));
    pack_octets(&b, h->v6, h->v6_count * sizeof(*h->v6));
    for (size_t i = 0; i < h->cname_count; i++) {
        pack_octets(&b, &h->cnames[i].len, sizeof(h->cnames[i].len));
        buf_put(&b, h->cnames[i]);
    }
    struct host_record *r = record_of(&b, false);
    buf_deinit(&b);
    return r;
}

static struct net_addr *unpack_addresses(struct host_work *h, struct span *in, size_t count)
{
    struct net_addr *list = arena_new(&h->arena, count, sizeof(*list));
    if (count > 0) {
        unpack_octets(in, list, count * sizeof(*list));
    }
    return list;
}

void host_record_restore(struct host_work *h, const struct host_record *r)
{
    struct span in = {r->octets, r->len};
    unpack_octets(&in, h->dns, sizeof(h->dns));
    unpack_octets(&in, h->answered, sizeof(h->answered));
    memcpy(h->asked, h->answered, sizeof(h->asked));
    unpack_octets(&in, &h->blocklisted, sizeof(h->blocklisted));
    unpack_octets(&in, &h->v4_count, sizeof(h->v4_count));
    unpack_octets(&in, &h->v6_count, sizeof(h->v6_count));
    unpack_octets(&in, &h->truncated, sizeof(h->truncated));
    unpack_octets(&in, &h->cname_count, sizeof(h->cname_count));
    h->v4 = unpack_addresses(h, &in, h->v4_count);
    h->v6 = unpack_addresses(h, &in, h->v6_count);
    h->cnames = arena_new(&h->arena, h->cname_count, sizeof(*h->cnames));
    for (size_t i = 0; i < h->cname_count; i++) {
        size_t len = 0;
        unpack_octets(&in, &len, sizeof(len));
        h->cnames[i] = arena_copy(&h->arena, span_take(in, len));
        in = span_drop(in, len);
    }
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
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    size_t count = h->v4_count + h->v6_count;
    uint8_t head[DIALLED_HEAD_LEN] = {
        h->dns[QUESTION_A].state,
        h->dns[QUESTION_AAAA].state,
        (uint8_t)h->cname_count,
        h->blocklisted,
        (uint8_t)(count & 0xff),
        (uint8_t)(count >> 8),
        host_is_truncated(h),
        h->dane,
        h->tlsa_at,
    };
    pack_octets(&b, head, sizeof(head));
    for (size_t i = 0; i < h->endpoint_count; i++) {
        brief_put(&b, &h->endpoints[i]);
    }
    struct host_record *r = record_of(&b, true);
    buf_deinit(&b);
    return r;
}
