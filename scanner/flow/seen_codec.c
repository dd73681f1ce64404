#include "scanner/flow/seen_codec.h"

#include "scanner/base/check.h"

#define PUT(type, name) codec_put_##type(out, value.name);
#define PUT_ARRAY(name) codec_put_octets(out, value.name, sizeof(value.name));
#define GET(type, name) value.name = codec_get_##type(in);
#define GET_ARRAY(name) codec_get_octets(in, value.name, sizeof(value.name));
#define X(NAME, type, c_type)                                                   \
    void codec_put_##type(struct buf *out, c_type value){                       \
        FIELDS_##NAME(PUT, PUT_ARRAY)} c_type codec_get_##type(struct span *in) \
    {                                                                           \
        c_type value = {0};                                                     \
        FIELDS_##NAME(GET, GET_ARRAY) return value;                             \
    }
SEEN_TYPES(X)
#undef X
#undef PUT
#undef PUT_ARRAY
#undef GET
#undef GET_ARRAY

#define PUT(type, name) codec_put_##type(out, p->name);
#define PUT_ARRAY(name) codec_put_octets(out, p->name, sizeof(p->name));
void policy_fetched_put(struct buf *out, const struct seen_policy *p)
{
    FIELDS_POLICY_FETCHED(PUT, PUT_ARRAY)
    for (size_t i = 0; i < p->attempt_count; i++) {
        codec_put_policy_attempt(out, p->attempts[i]);
    }
}

#define GET(type, name) out->name = codec_get_##type(&octets);
#define GET_ARRAY(name) codec_get_octets(&octets, out->name, sizeof(out->name));
void policy_fetched_get(struct span octets, struct seen_policy *out)
{
    FIELDS_POLICY_FETCHED(GET, GET_ARRAY)
    CHECK(out->attempt_count <= POLICY_ATTEMPTS_MAX);
    for (size_t i = 0; i < out->attempt_count; i++) {
        out->attempts[i] = codec_get_policy_attempt(&octets);
    }
    CHECK(octets.len == 0);
}

#define COUNT(types, type)                     \
    size_t codec_count_##types(struct span in) \
    {                                          \
        size_t count = 0;                      \
        for (; in.len > 0; count++) {          \
            (void)codec_get_##type(&in);       \
        }                                      \
        return count;                          \
    }
// clang-format off
COUNT(spans, span)
COUNT(addrs, addr)
COUNT(tlsas, tlsa)
COUNT(sessions, session)
// clang-format on
