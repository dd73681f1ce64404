#include "scanner/flow/message.h"

#include "scanner/base/check.h"

#define HEADER_LEN 8 /* u32 length of the body, u16 kind, u16 version */

static void put_le(struct buf *b, uint64_t n, size_t len)
{
    uint8_t octets[8];
    for (size_t i = 0; i < len; i++) {
        octets[i] = (uint8_t)(n >> (8 * i));
    }
    buf_put(b, (struct span){octets, len});
}

static uint64_t get_le(struct span *in, size_t len)
{
    CHECK(in->len >= len);
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n |= (uint64_t)in->at[i] << (8 * i);
    }
    *in = span_drop(*in, len);
    return n;
}

static void put_u8(struct buf *b, uint8_t n)
{
    put_le(b, n, 1);
}

static void put_u16(struct buf *b, uint16_t n)
{
    put_le(b, n, 2);
}

static void put_u32(struct buf *b, uint32_t n)
{
    put_le(b, n, 4);
}

static void put_u64(struct buf *b, uint64_t n)
{
    put_le(b, n, 8);
}

static void put_span(struct buf *b, struct span s)
{
    CHECK(s.len <= UINT32_MAX);
    put_le(b, s.len, 4);
    buf_put(b, s);
}

static void put_addr(struct buf *b, struct net_addr a)
{
    put_u8(b, a.family);
    buf_put(b, (struct span){a.octets, sizeof(a.octets)});
}

static uint8_t get_u8(struct span *in)
{
    return (uint8_t)get_le(in, 1);
}

static uint16_t get_u16(struct span *in)
{
    return (uint16_t)get_le(in, 2);
}

static uint32_t get_u32(struct span *in)
{
    return (uint32_t)get_le(in, 4);
}

static uint64_t get_u64(struct span *in)
{
    return get_le(in, 8);
}

static struct span get_span(struct span *in)
{
    size_t len = (size_t)get_le(in, 4);
    CHECK(in->len >= len);
    struct span s = {in->at, len};
    *in = span_drop(*in, len);
    return s;
}

static struct net_addr get_addr(struct span *in)
{
    struct net_addr a = {.family = get_u8(in)};
    CHECK(in->len >= sizeof(a.octets));
    memcpy(a.octets, in->at, sizeof(a.octets));
    *in = span_drop(*in, sizeof(a.octets));
    return a;
}

/* All but `issuers`, which few need. */
static void put_verdict(struct buf *out, struct chain_brief b)
{
    put_u8(out, b.status);
    put_u8(out, b.trusted_by);
    put_u8(out, b.openssl_level_2);
    put_u8(out, b.openssl_level_1);
}

static struct chain_brief get_verdict(struct span *in)
{
    struct chain_brief b = {.status = get_u8(in)};
    b.trusted_by = get_u8(in);
    b.openssl_level_2 = get_u8(in);
    b.openssl_level_1 = get_u8(in);
    return b;
}

static size_t begin(struct buf *out, enum message_kind kind)
{
    size_t at = out->len;
    put_le(out, 0, 4);
    put_le(out, (uint64_t)kind, 2);
    put_le(out, MESSAGE_VERSION, 2);
    return at;
}

static void end(struct buf *out, size_t at)
{
    size_t len = out->len - at - HEADER_LEN;
    CHECK(len <= UINT32_MAX);
    for (size_t i = 0; i < 4; i++) {
        out->at[at + i] = (uint8_t)(len >> (8 * i));
    }
}

bool message_next(struct span *in, enum message_kind *kind, struct span *body)
{
    if (in->len == 0) {
        return false;
    }
    size_t len = (size_t)get_le(in, 4);
    *kind = (enum message_kind)get_le(in, 2);
    CHECK(get_le(in, 2) == MESSAGE_VERSION);
    CHECK(in->len >= len);
    *body = (struct span){in->at, len};
    *in = span_drop(*in, len);
    return true;
}

#define PUT(type, name) put_##type(out, m->name);
#define GET(type, name) m.name = get_##type(&body);
#define X(NAME, name)                                                        \
    void message_put_##name(struct buf *out, const struct message_##name *m) \
    {                                                                        \
        size_t at = begin(out, MESSAGE_##NAME);                              \
        FIELDS_##NAME(PUT) end(out, at);                                     \
    }                                                                        \
    struct message_##name message_get_##name(struct span body)               \
    {                                                                        \
        struct message_##name m;                                             \
        FIELDS_##NAME(GET) CHECK(body.len == 0);                             \
        return m;                                                            \
    }
MESSAGE_KINDS(X)
#undef X
#undef PUT
#undef GET

void tlsa_put(struct buf *out, const struct seen_tlsa *r)
{
    put_u8(out, r->usage);
    put_u8(out, r->selector);
    put_u8(out, r->matching);
    put_span(out, r->data);
}

struct seen_tlsa tlsa_get(struct span *in)
{
    struct seen_tlsa r = {.usage = get_u8(in)};
    r.selector = get_u8(in);
    r.matching = get_u8(in);
    r.data = get_span(in);
    return r;
}

static void put_facts(struct buf *out, const struct sender_facts *f)
{
    put_u16(out, f->quirks);
    put_u16(out, f->cipher);
    put_u16(out, f->group);
    put_u16(out, f->dh_bits);
    put_u16(out, f->list_kib);
    put_u8(out, f->name_refused_by);
    put_u8(out, f->events);
    put_u16(out, f->key.bits);
    put_u8(out, f->key.kind);
    put_u8(out, f->key.usage);
}

static struct sender_facts get_facts(struct span *in)
{
    struct sender_facts f = {.quirks = get_u16(in)};
    f.cipher = get_u16(in);
    f.group = get_u16(in);
    f.dh_bits = get_u16(in);
    f.list_kib = get_u16(in);
    f.name_refused_by = get_u8(in);
    f.events = get_u8(in);
    f.key.bits = get_u16(in);
    f.key.kind = get_u8(in);
    f.key.usage = get_u8(in);
    return f;
}

void brief_put(struct buf *out, const struct endpoint_brief *b)
{
    size_t at = out->len;
    put_addr(out, b->address);
    put_u16(out, b->port);
    put_u8(out, b->outcome);
    put_u8(out, b->not_tested);
    put_u8(out, b->starttls);
    put_u8(out, b->inherited);
    put_u8(out, b->mapped);
    put_u16(out, b->tls_version);
    put_u8(out, 0); /* room for the basis: observed or inferred */
    put_verdict(out, b->chain);
    put_u8(out, b->name_match);
    put_u8(out, b->sni);
    put_u8(out, b->sni_acceptable);
    put_u8(out, b->covers_parents);
    put_u8(out, b->ptr_is_host);
    put_u8(out, b->dane);
    put_u8(out, b->dane_covers_parents);
    put_u16(out, b->dane_flags);
    put_u8(out, b->no_sni_outcome);
    put_u8(out, b->no_sni_starttls);
    put_u16(out, b->no_sni_tls_version);
    put_verdict(out, b->no_sni_chain);
    put_u8(out, b->no_sni_name_match);
    put_u8(out, b->versions);
    put_u64(out, b->leaf_domains);
    put_u64(out, b->no_sni_leaf_domains);
    put_u64(out, b->dane_leaf_names);
    put_facts(out, &b->facts);
    put_facts(out, &b->no_sni_facts);
    buf_put(out, (struct span){b->leaf_sha256, sizeof(b->leaf_sha256)});
    CHECK(out->len - at == BRIEF_LEN);
}

struct endpoint_brief brief_get(struct span *in)
{
    struct endpoint_brief b = {.address = get_addr(in)};
    b.port = get_u16(in);
    b.outcome = get_u8(in);
    b.not_tested = get_u8(in);
    b.starttls = get_u8(in);
    b.inherited = get_u8(in);
    b.mapped = get_u8(in);
    b.tls_version = get_u16(in);
    (void)get_u8(in);
    b.chain = get_verdict(in);
    b.name_match = get_u8(in);
    b.sni = get_u8(in);
    b.sni_acceptable = get_u8(in);
    b.covers_parents = get_u8(in);
    b.ptr_is_host = get_u8(in);
    b.dane = get_u8(in);
    b.dane_covers_parents = get_u8(in);
    b.dane_flags = get_u16(in);
    b.no_sni_outcome = get_u8(in);
    b.no_sni_starttls = get_u8(in);
    b.no_sni_tls_version = get_u16(in);
    b.no_sni_chain = get_verdict(in);
    b.no_sni_name_match = get_u8(in);
    b.versions = get_u8(in);
    b.leaf_domains = get_u64(in);
    b.no_sni_leaf_domains = get_u64(in);
    b.dane_leaf_names = get_u64(in);
    b.facts = get_facts(in);
    b.no_sni_facts = get_facts(in);
    CHECK(in->len >= sizeof(b.leaf_sha256));
    memcpy(b.leaf_sha256, in->at, sizeof(b.leaf_sha256));
    *in = span_drop(*in, sizeof(b.leaf_sha256));
    return b;
}
