#include "scanner/flow/message.h"

#include "scanner/base/check.h"

#define HEADER_LEN 8 /* u32 length of the body, u16 kind, u16 version */

static size_t message_begin(struct buf *out, enum message_kind kind)
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

#define PUT(type, name) codec_put_##type(out, value.name);
#define GET(type, name) value.name = codec_get_##type(in);
void codec_put_host_result(struct buf *out, struct host_result value)
{
    FIELDS_HOST_RESULT(PUT)
}

struct host_result codec_get_host_result(struct span *in)
{
    struct host_result value;
    FIELDS_HOST_RESULT(GET)
    return value;
}

void codec_put_lease(struct buf *out, struct lease value)
{
    FIELDS_LEASE(PUT)
}

struct lease codec_get_lease(struct span *in)
{
    struct lease value;
    FIELDS_LEASE(GET)
    return value;
}
#undef PUT
#undef GET

#define PUT(type, name) codec_put_##type(out, m->name);
#define GET(type, name) m.name = codec_get_##type(&body);
#define X(NAME, name)                                                        \
    void message_put_##name(struct buf *out, const struct message_##name *m) \
    {                                                                        \
        size_t at = message_begin(out, MESSAGE_##NAME);                      \
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
