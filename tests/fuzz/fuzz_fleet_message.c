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
    if (kind == MESSAGE_HOST_DONE) { /* as its domain reads it */
        struct host_result r = message_get_host_done(body).result;
        for (unsigned i = 0; i < r.endpoint_count; i++) {
            CHECK(codec_get_brief(&r.endpoints).outcome < OUTCOME_COUNT);
        }
        CHECK(r.endpoints.len == 0);
    }
    if (kind == MESSAGE_ADDRESS_WANT) {
        struct span tlsas = message_get_address_want(body).tlsas;
        while (tlsas.len > 0) {
            (void)codec_get_tlsa(&tlsas);
        }
    }
    buf_deinit(&again);
    return 0;
}
