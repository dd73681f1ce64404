#include "scanner/base/codec.h"

#include <assert.h>

#include "scanner/base/check.h"

static inline void write_integer(uint8_t *to, uint64_t n, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
}

static inline void put_integer(struct buf *out, uint64_t n, size_t len)
{
    uint8_t *to = buf_room(out, len);
    CHECK(to != NULL);
    write_integer(to, n, len);
    out->len += len;
}

static inline uint64_t get_integer(struct span *in, size_t len)
{
    struct span octets = codec_take(in, len);
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n |= (uint64_t)octets.at[i] << (8 * i);
    }
    return n;
}

#define X(type, c_type)                                   \
    void codec_put_##type(struct buf *out, c_type value)  \
    {                                                     \
        put_integer(out, (uint64_t)value, sizeof(value)); \
    }                                                     \
    c_type codec_get_##type(struct span *in)              \
    {                                                     \
        return (c_type)get_integer(in, sizeof(c_type));   \
    }
CODEC_INTEGERS(X)
#undef X

void codec_put_word(struct buf *out, unsigned value)
{
    CHECK(value <= UINT8_MAX);
    codec_put_u8(out, (uint8_t)value);
}

uint8_t codec_get_word(struct span *in)
{
    return codec_get_u8(in);
}

void codec_put_count(struct buf *out, size_t value)
{
    CHECK(value <= UINT32_MAX);
    codec_put_u32(out, (uint32_t)value);
}

size_t codec_get_count(struct span *in)
{
    return codec_get_u32(in);
}

void codec_put_span(struct buf *out, struct span value)
{
    codec_put_count(out, value.len);
    buf_put(out, value);
}

struct span codec_get_span(struct span *in)
{
    return codec_take(in, codec_get_count(in));
}

void codec_put_name(struct buf *out, struct span value)
{
    CHECK(value.len <= UINT8_MAX);
    codec_put_u8(out, (uint8_t)value.len);
    buf_put(out, value);
}

struct span codec_get_name(struct span *in)
{
    size_t len = codec_get_u8(in);
    return codec_take(in, len);
}

void codec_put_rest(struct buf *out, struct span value)
{
    buf_put(out, value);
}

struct span codec_get_rest(struct span *in)
{
    return codec_take(in, in->len);
}

static_assert(sizeof(struct net_addr) == 17, "its octets are its value: no padding");

void codec_put_addr(struct buf *out, struct net_addr value)
{
    codec_put_octets(out, &value, sizeof(value));
}

struct net_addr codec_get_addr(struct span *in)
{
    struct net_addr value;
    codec_get_octets(in, &value, sizeof(value));
    return value;
}

void codec_put_spans(struct buf *out, const struct span *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codec_put_span(out, list[i]);
    }
}

struct span *codec_get_spans(struct span *in, size_t count, struct arena *a)
{
    struct span *list = arena_new(a, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = codec_get_span(in);
    }
    return list;
}

void codec_put_addrs(struct buf *out, const struct net_addr *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codec_put_addr(out, list[i]);
    }
}

struct net_addr *codec_get_addrs(struct span *in, size_t count, struct arena *a)
{
    struct net_addr *list = arena_new(a, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = codec_get_addr(in);
    }
    return list;
}

void codec_put_octets(struct buf *out, const void *at, size_t len)
{
    buf_put(out, (struct span){at, len});
}

void codec_get_octets(struct span *in, void *to, size_t len)
{
    if (len > 0) {
        memcpy(to, codec_take(in, len).at, len);
    }
}

struct span codec_take(struct span *in, size_t len)
{
    CHECK(in->len >= len);
    struct span taken = {in->at, len};
    *in = span_drop(*in, len);
    return taken;
}

void codec_set_count(struct buf *out, size_t at, size_t value)
{
    CHECK(value <= UINT32_MAX && at + sizeof(uint32_t) <= out->len);
    write_integer(out->at + at, value, sizeof(uint32_t));
}
