#include "scanner/flow/message.h"

#include "scanner/base/check.h"
#include "scanner/base/codec.h"

#define HEADER_LEN 8 /* u32 length of the body, u16 kind, u16 version */

/* All but `issuers`, which few need. */
static void codec_put_verdict(struct buf *out, struct chain_brief b)
{
    codec_put_u8(out, b.status);
    codec_put_u8(out, b.trusted_by);
    codec_put_u8(out, b.openssl_level_2);
    codec_put_u8(out, b.openssl_level_1);
}

static struct chain_brief codec_get_verdict(struct span *in)
{
    struct chain_brief b = {.status = codec_get_u8(in)};
    b.trusted_by = codec_get_u8(in);
    b.openssl_level_2 = codec_get_u8(in);
    b.openssl_level_1 = codec_get_u8(in);
    return b;
}

static size_t begin(struct buf *out, enum message_kind kind)
{
    size_t at = out->len;
    codec_put_count(out, 0);
    codec_put_u16(out, (uint16_t)kind);
    codec_put_u16(out, MESSAGE_VERSION);
    return at;
}

static void end(struct buf *out, size_t at)
{
    codec_set_count(out, at, out->len - at - HEADER_LEN);
}

bool message_next(struct span *in, enum message_kind *kind, struct span *body)
{
    if (in->len == 0) {
        return false;
    }
    size_t len = codec_get_count(in);
    *kind = (enum message_kind)codec_get_u16(in);
    CHECK(codec_get_u16(in) == MESSAGE_VERSION);
    *body = codec_take(in, len);
    return true;
}

#define PUT(type, name) codec_put_##type(out, m->name);
#define GET(type, name) m.name = codec_get_##type(&body);
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
    codec_put_u8(out, r->usage);
    codec_put_u8(out, r->selector);
    codec_put_u8(out, r->matching);
    codec_put_span(out, r->data);
}

struct seen_tlsa tlsa_get(struct span *in)
{
    struct seen_tlsa r = {.usage = codec_get_u8(in)};
    r.selector = codec_get_u8(in);
    r.matching = codec_get_u8(in);
    r.data = codec_get_span(in);
    return r;
}

static void put_facts(struct buf *out, const struct sender_facts *f)
{
    codec_put_u16(out, f->quirks);
    codec_put_u16(out, f->cipher);
    codec_put_u16(out, f->group);
    codec_put_u16(out, f->dh_bits);
    codec_put_u16(out, f->list_kib);
    codec_put_u8(out, f->name_refused_by);
    codec_put_u8(out, f->events);
    codec_put_u16(out, f->key.bits);
    codec_put_u8(out, f->key.kind);
    codec_put_u8(out, f->key.usage);
}

static struct sender_facts get_facts(struct span *in)
{
    struct sender_facts f = {.quirks = codec_get_u16(in)};
    f.cipher = codec_get_u16(in);
    f.group = codec_get_u16(in);
    f.dh_bits = codec_get_u16(in);
    f.list_kib = codec_get_u16(in);
    f.name_refused_by = codec_get_u8(in);
    f.events = codec_get_u8(in);
    f.key.bits = codec_get_u16(in);
    f.key.kind = codec_get_u8(in);
    f.key.usage = codec_get_u8(in);
    return f;
}

void brief_put(struct buf *out, const struct endpoint_brief *b)
{
    size_t at = out->len;
    codec_put_addr(out, b->address);
    codec_put_u16(out, b->port);
    codec_put_u8(out, b->outcome);
    codec_put_u8(out, b->not_tested);
    codec_put_u8(out, b->starttls);
    codec_put_u8(out, b->inherited);
    codec_put_u8(out, b->mapped);
    codec_put_u16(out, b->tls_version);
    codec_put_u8(out, 0); /* room for the basis: observed or inferred */
    codec_put_verdict(out, b->chain);
    codec_put_u8(out, b->name_match);
    codec_put_u8(out, b->sni);
    codec_put_u8(out, b->sni_acceptable);
    codec_put_u8(out, b->covers_parents);
    codec_put_u8(out, b->ptr_is_host);
    codec_put_u8(out, b->dane);
    codec_put_u8(out, b->dane_covers_parents);
    codec_put_u16(out, b->dane_flags);
    codec_put_u8(out, b->no_sni_outcome);
    codec_put_u8(out, b->no_sni_starttls);
    codec_put_u16(out, b->no_sni_tls_version);
    codec_put_verdict(out, b->no_sni_chain);
    codec_put_u8(out, b->no_sni_name_match);
    codec_put_u8(out, b->versions);
    codec_put_u64(out, b->leaf_domains);
    codec_put_u64(out, b->no_sni_leaf_domains);
    codec_put_u64(out, b->dane_leaf_names);
    put_facts(out, &b->facts);
    put_facts(out, &b->no_sni_facts);
    codec_put_octets(out, b->leaf_sha256, sizeof(b->leaf_sha256));
    CHECK(out->len - at == BRIEF_LEN);
}

struct endpoint_brief brief_get(struct span *in)
{
    struct endpoint_brief b = {.address = codec_get_addr(in)};
    b.port = codec_get_u16(in);
    b.outcome = codec_get_u8(in);
    b.not_tested = codec_get_u8(in);
    b.starttls = codec_get_u8(in);
    b.inherited = codec_get_u8(in);
    b.mapped = codec_get_u8(in);
    b.tls_version = codec_get_u16(in);
    (void)codec_get_u8(in);
    b.chain = codec_get_verdict(in);
    b.name_match = codec_get_u8(in);
    b.sni = codec_get_u8(in);
    b.sni_acceptable = codec_get_u8(in);
    b.covers_parents = codec_get_u8(in);
    b.ptr_is_host = codec_get_u8(in);
    b.dane = codec_get_u8(in);
    b.dane_covers_parents = codec_get_u8(in);
    b.dane_flags = codec_get_u16(in);
    b.no_sni_outcome = codec_get_u8(in);
    b.no_sni_starttls = codec_get_u8(in);
    b.no_sni_tls_version = codec_get_u16(in);
    b.no_sni_chain = codec_get_verdict(in);
    b.no_sni_name_match = codec_get_u8(in);
    b.versions = codec_get_u8(in);
    b.leaf_domains = codec_get_u64(in);
    b.no_sni_leaf_domains = codec_get_u64(in);
    b.dane_leaf_names = codec_get_u64(in);
    b.facts = get_facts(in);
    b.no_sni_facts = get_facts(in);
    codec_get_octets(in, b.leaf_sha256, sizeof(b.leaf_sha256));
    return b;
}
