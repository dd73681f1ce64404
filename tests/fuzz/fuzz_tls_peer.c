#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/tls/handshake.h"

/**
 * A server that sends anything. First octet: where to cut. Rest: what it sends. TLS 1.2 is in
 * clear up to the signature of the key exchange, so a recorded flight leads deep.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_context *ctx;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    tls_process_init();
    ctx = tls_context_new(true);
    return 0;
}

static enum handshake_status feed(struct handshake *h, struct span in, struct buf *out)
{
    enum handshake_status status = handshake_step(h, in, out);
    const struct seen_tls *seen = handshake_seen(h);
    CHECK((status == HANDSHAKE_MORE) == (handshake_outcome(h) == OUTCOME_NOT_TESTED));
    CHECK(seen->list.len <= TLS_LIST_MAX && seen->cert_count <= TLS_CERTS_MAX);
    CHECK(cert_list_is_valid(seen->list) && cert_list_count(seen->list) == seen->cert_count);
    CHECK(status != HANDSHAKE_FAILED || seen->error_text[0] != '\0' ||
          handshake_outcome(h) == OUTCOME_TLS_CLOSED);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct span all = {data + 1, size - 1};
    struct buf out = BUF_INIT(65536);
    struct handshake *whole = handshake_new(ctx, "mx.test");
    struct handshake *parts = handshake_new(ctx, "mx.test");
    CHECK(feed(whole, (struct span){0}, &out) == HANDSHAKE_MORE);
    CHECK(feed(parts, (struct span){0}, &out) == HANDSHAKE_MORE);
    enum handshake_status a = feed(whole, all, &out);

    size_t cut = data[0] < all.len ? data[0] : all.len;
    enum handshake_status b = feed(parts, span_take(all, cut), &out);
    if (b == HANDSHAKE_MORE) {
        b = feed(parts, span_drop(all, cut), &out);
    }
    /* Nobody can complete a handshake without knowing our key share. */
    CHECK(a == b && a != HANDSHAKE_DONE);
    CHECK(handshake_outcome(whole) == handshake_outcome(parts));
    CHECK(span_eq(handshake_seen(whole)->list, handshake_seen(parts)->list));
    handshake_peer_gone(whole, false, true);
    CHECK(handshake_outcome(whole) != OUTCOME_NOT_TESTED);
    handshake_free(whole);
    handshake_free(parts);
    buf_deinit(&out);
    return 0;
}
