#include "scanner/base/check.h"
#include "scanner/flow/message_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define X(NAME, name)                                            \
    static void read_##name(struct span body, struct buf *again) \
    {                                                            \
        struct message_##name m = message_get_##name(body);      \
        message_put_##name(again, &m);                           \
    }
MESSAGE_KINDS(X)
#undef X

static void read_sessions(struct span in)
{
    while (in.len > 0) {
        CHECK(codec_get_session(&in).outcome < OUTCOME_COUNT);
    }
}

static void read_tlsas(struct span in)
{
    while (in.len > 0) {
        (void)codec_get_tlsa(&in);
    }
}

/* As its owner does. */
static void read_parts(enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_HOST_DONE) {
        struct host_result r = message_get_host_done(body).result;
        for (unsigned i = 0; i < r.endpoint_count; i++) {
            CHECK(codec_get_brief(&r.endpoints).outcome < OUTCOME_COUNT);
        }
        CHECK(r.endpoints.len == 0);
    } else if (kind == MESSAGE_ADDRESS_WANT) {
        read_tlsas(message_get_address_want(body).tlsas);
    } else if (kind == MESSAGE_KNOWN_RESOLVED) {
        struct message_known_resolved m = message_get_known_resolved(body);
        read_tlsas(m.tlsas);
        read_tlsas(m.expanded_tlsas);
        while (m.cnames.len > 0) {
            (void)codec_get_span(&m.cnames);
        }
        while (m.addresses.len > 0) {
            (void)codec_get_addr(&m.addresses);
        }
    } else if (kind == MESSAGE_KNOWN_SERVICE) {
        struct message_known_service m = message_get_known_service(body);
        read_sessions(m.session);
        while (m.ptr_names.len > 0) {
            (void)codec_get_flag(&m.ptr_names);
            (void)codec_get_span(&m.ptr_names);
        }
    } else if (kind == MESSAGE_KNOWN_SPEAKER) {
        struct message_known_speaker m = message_get_known_speaker(body);
        read_sessions(m.attempts);
        read_sessions(m.dane_sni);
        read_tlsas(m.tlsas);
    } else if (kind == MESSAGE_KNOWN_NAME) {
        struct span in = message_get_known_name(body).told;
        CHECK(message_next(&in, &kind, &body) && kind == MESSAGE_ENDPOINT_DONE && in.len == 0);
        (void)message_get_endpoint_done(body);
    }
}

/* What is said to be sound is read without a CHECK that fails, and is the same octets when it is put again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum message_kind kind;
    struct span body;
    struct span octets = {data, size};
    if (message_check(octets, &kind, &body) != MESSAGE_SOUND) {
        return 0;
    }
    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    switch (kind) {
#define X(NAME, name)              \
    case MESSAGE_##NAME:           \
        read_##name(body, &again); \
        break;
        MESSAGE_KINDS(X)
#undef X
    }
    CHECK(span_eq(buf_span(&again), octets));
    read_parts(kind, body);
    buf_deinit(&again);
    return 0;
}
