#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/tls/server_flight.h"
#include "scanner/tls/short_handshake.h"
#include "scanner/tls/tls_context_private.h"

/**
 * First octet: where to cut, and in its lowest bit what follows: what a server sends, as records, or the messages of
 * its flight, in clear, so that those of TLS 1.3 are reached as well. Both feedings must agree.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_context *ctx;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    tls_process_init();
    ctx = tls_context_new(false);
    CHECK(tls_context_enable_short_handshakes(ctx));
    return 0;
}

static void check_seen(const struct seen_tls *seen)
{
    CHECK(seen->list.len <= TLS_LIST_MAX && seen->cert_count <= TLS_CERTS_MAX);
    CHECK(cert_list_is_valid(seen->list) && cert_list_count(seen->list) == seen->cert_count);
}

/* It says nothing but one further hello: change_cipher_spec, and a record. */
static void check_said(struct span said)
{
    CHECK(said.len == 0 ||
          (said.len > 11 && said.len == 11 + ((size_t)said.at[9] << 8 | said.at[10])));
}

static void feed_records(struct short_handshake *h, struct span in, struct buf *out)
{
    if (short_handshake_status(h) == SHORT_MORE) {
        (void)short_handshake_feed(h, in, out);
    }
    enum short_status status = short_handshake_status(h);
    const struct seen_tls *seen = short_handshake_seen(h);
    check_seen(seen);
    CHECK((status == SHORT_MORE) == (short_handshake_outcome(h) == OUTCOME_NOT_TESTED));
    CHECK((status == SHORT_DONE) == seen->completed && seen->completed == seen->short_flight);
    CHECK((status == SHORT_FELL) == (seen->error_text[0] != '\0'));
    /* Nobody can seal a record without knowing our key share. */
    CHECK(status != SHORT_DONE || (seen->version == 0x0303 && seen->cert_count > 0));
}

#define SESSION_ID_AT 44 /* of a hello that is the first record, behind its length */

/* Where a server repeats the session id, the input has that of nobody. */
static void put_echoed(const struct short_handshake *h, struct span all, struct buf *out)
{
    struct buf hello = BUF_INIT(HELLO_TEMPLATE_MAX);
    short_handshake_hello(h, &hello);
    buf_put(out, all);
    if (all.len >= SESSION_ID_AT + HELLO_RANDOM_LEN &&
        all.at[SESSION_ID_AT - 1] == HELLO_RANDOM_LEN) {
        memcpy(out->at + SESSION_ID_AT, hello.at + ctx->hello.session_id_at, HELLO_RANDOM_LEN);
    }
    buf_deinit(&hello);
}

static void fuzz_records(struct span all, size_t cut)
{
    struct buf out = BUF_INIT(4096);
    struct buf out_parts = BUF_INIT(4096);
    struct buf in = BUF_INIT(BUF_NO_LIMIT);
    struct buf in_parts = BUF_INIT(BUF_NO_LIMIT);
    struct short_handshake *whole = short_handshake_new(ctx);
    struct short_handshake *parts = short_handshake_new(ctx);
    put_echoed(whole, all, &in);
    put_echoed(parts, all, &in_parts);
    feed_records(whole, buf_span(&in), &out);
    feed_records(parts, span_take(buf_span(&in_parts), cut), &out_parts);
    feed_records(parts, span_drop(buf_span(&in_parts), cut), &out_parts);
    check_said(buf_span(&out));
    CHECK(out.len == out_parts.len);
    CHECK(short_handshake_status(whole) == short_handshake_status(parts));
    CHECK(short_handshake_outcome(whole) == short_handshake_outcome(parts));
    CHECK(span_eq(short_handshake_seen(whole)->list, short_handshake_seen(parts)->list));
    buf_reset(&out);
    short_handshake_goodbye(whole, &out);
    CHECK(out.len <= 64);
    short_handshake_peer_gone(parts, false, true);
    CHECK(short_handshake_status(parts) != SHORT_MORE);
    buf_deinit(&out);
    buf_deinit(&out_parts);
    buf_deinit(&in);
    buf_deinit(&in_parts);
    short_handshake_free(whole);
    short_handshake_free(parts);
}

/* As a session feeds it: the keys change behind the ServerHello of TLS 1.3. */
static enum flight_status feed_messages(struct server_flight *f, struct span in)
{
    enum flight_status status = flight_feed(f, in);
    if (status == FLIGHT_HELLO || status == FLIGHT_RETRY) {
        struct span hello = flight_server_hello(f);
        CHECK(hello.len > 4 && hello.at[0] == MESSAGE_SERVER_HELLO);
        CHECK(handshake_share_len(f->group) > 0 && f->cookie.len < hello.len);
    }
    CHECK((status == FLIGHT_FELL) == f->fell);
    check_seen(&f->notes.seen);
    return status;
}

static void fuzz_messages(struct span in)
{
    static const uint8_t session_id[HELLO_RANDOM_LEN];
    struct server_flight f;
    enum flight_status status = FLIGHT_MORE;
    flight_init(&f, &ctx->hello, session_id, ctx->sha256, ctx->digest);
    while (in.len >= 2 && status != FLIGHT_DONE && status != FLIGHT_FELL) {
        /* Pieces as the input has them: each behind its length. */
        size_t len = (size_t)in.at[0] << 8 | in.at[1];
        in = span_drop(in, 2);
        struct span piece = span_take(in, len);
        in = span_drop(in, piece.len);
        status = feed_messages(&f, piece);
    }
    CHECK(status != FLIGHT_DONE || f.notes.seen.cert_count > 0);
    flight_deinit(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct span all = {data + 1, size - 1};
    if ((data[0] & 1U) != 0) {
        fuzz_messages(all);
    } else {
        fuzz_records(all, data[0] < all.len ? data[0] : all.len);
    }
    return 0;
}
