#include "scanner/tls/short_handshake.h"

#include <sys/random.h>

#include "scanner/base/memory.h"
#include "scanner/tls/handshake_keys.h"
#include "scanner/tls/server_flight.h"
#include "scanner/tls/tls_context_private.h"
#include "scanner/tls/wire.h"

#define SEALED_LEN_MAX (RECORD_LEN_MAX + 256) /* section 5.2 */
#define WARNINGS_MAX   4 /* in clear, in front of a ServerHello; our own bound */
#define RETRIED_MAX    (FLIGHT_MESSAGE_MAX + 4096) /* HelloRetryRequest, and what stands beside it */

struct short_handshake {
    struct tls_context *ctx; /* borrowed */
    struct client_key key;
    uint8_t hello[HELLO_TEMPLATE_MAX];
    struct buf retried; /* with a second one: of the transcript, up to it; else empty */
    struct server_flight flight;
    struct handshake_keys keys;
    bool sealed;    /* TLS 1.3, behind the ServerHello */
    bool peer_left; /* it ended the connection or the handshake */
    uint8_t warnings;
    uint8_t header_len;
    uint8_t header[RECORD_HEADER_LEN];
    struct buf record; /* what came of a protected one, or of what is no handshake message */
    size_t record_left;
    enum short_status status;
    enum session_outcome outcome;
};

struct short_handshake *short_handshake_new(struct tls_context *ctx)
{
    struct client_key key;
    uint8_t random[2 * HELLO_RANDOM_LEN];
    if (!client_key_take(ctx->crypto, GROUP_X25519, &key)) {
        return NULL;
    }
    struct short_handshake *h = memory_new(1, sizeof(*h));
    CHECK(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random)); /* under 256: whole */
    h->ctx = ctx;
    h->key = key;
    h->record = BUF_INIT(SEALED_LEN_MAX);
    h->retried = BUF_INIT(RETRIED_MAX);
    hello_template_fill(&ctx->hello, random, key.share, h->hello);
    flight_init(&h->flight, &ctx->hello, h->hello + ctx->hello.session_id_at, ctx->sha256,
                ctx->digest);
    return h;
}

void short_handshake_free(struct short_handshake *h)
{
    if (h == NULL) {
        return;
    }
    client_key_release(&h->key);
    flight_deinit(&h->flight);
    buf_deinit(&h->record);
    buf_deinit(&h->retried);
    free(h);
}

static void put_change_cipher_spec(struct buf *out)
{
    (void)buf_append(out, SPAN_LIT("\x14\x03\x03\x00\x01\x01"));
}

static struct span whole_hello(const struct short_handshake *h)
{
    return (struct span){h->hello, h->ctx->hello.len};
}

void short_handshake_hello(const struct short_handshake *h, struct buf *out)
{
    (void)buf_append(out, whole_hello(h));
}

static void short_fall(struct short_handshake *h, enum session_outcome outcome, const char *why)
{
    (void)flight_fall(&h->flight, why);
    h->status = SHORT_FELL;
    h->outcome = outcome;
}

static void take_status(struct short_handshake *h, enum flight_status status)
{
    switch (status) {
    case FLIGHT_MORE:
    case FLIGHT_RETRY:
    case FLIGHT_HELLO:
        return;
    case FLIGHT_DONE:
        h->status = SHORT_DONE;
        h->outcome = OUTCOME_ESTABLISHED;
        h->flight.notes.seen.completed = true;
        h->flight.notes.seen.short_flight = true;
        return;
    case FLIGHT_FELL:
        h->status = SHORT_FELL;
        h->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
        return;
    }
    UNREACHABLE("unknown flight_status");
}

/* --- alerts ----------------------------------------------------------------------------------- */

/* RFC 8446 section 6: warnings go on in clear (RFC 6066 section 3), all else ends the handshake. */
static void take_short_alert(struct short_handshake *h, struct span alert)
{
    if (alert.len != ALERT_LEN) {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "an alert that is none");
        return;
    }
    handshake_note_alert(&h->flight.notes.seen, false, alert.at);
    bool goes_on = !h->sealed && alert.at[0] == LEVEL_WARNING && alert.at[1] != ALERT_CLOSE_NOTIFY;
    if (goes_on && ++h->warnings <= WARNINGS_MAX) {
        return;
    }
    h->peer_left = !goes_on;
    short_fall(h, alert.at[1] == ALERT_CLOSE_NOTIFY ? OUTCOME_TLS_CLOSED : OUTCOME_TLS_ALERT,
               "an alert");
}

/* --- records ---------------------------------------------------------------------------------- */

/* RFC 8446 section 4.1.4. Appendix D.4: change_cipher_spec goes in front of the second flight, which this one is. */
static void say_hello_again(struct short_handshake *h, struct buf *out)
{
    const struct hello_template *form = &h->ctx->hello;
    struct span first = span_drop(whole_hello(h), RECORD_HEADER_LEN);
    struct span request = flight_server_hello(&h->flight);
    struct client_key key = h->key;
    bool renewed =
        h->flight.group == h->key.group || client_key_take(h->ctx->crypto, h->flight.group, &key);
    if (!renewed ||
        !handshake_put_retried(h->ctx->crypto, h->flight.suite, first, request, &h->retried)) {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "no key share could be made");
        return;
    }
    if (key.key != h->key.key) {
        client_key_release(&h->key);
        h->key = key;
    }
    put_change_cipher_spec(out);
    size_t second_at = out->len + RECORD_HEADER_LEN;
    hello_template_put_retry(
        form,
        &(struct hello_retry){.first = h->hello,
                              .group = key.group,
                              .share = {key.share, handshake_share_len(key.group)},
                              .cookie = h->flight.cookie},
        out);
    buf_put(&h->retried, span_drop(buf_span(out), second_at));
}

static void begin_sealed(struct short_handshake *h)
{
    struct span client =
        h->retried.len > 0 ? buf_span(&h->retried) : span_drop(whole_hello(h), RECORD_HEADER_LEN);
    struct span server = flight_server_hello(&h->flight);
    h->sealed = handshake_keys_derive(h->ctx->crypto, h->flight.notes.seen.cipher, &h->key,
                                      h->flight.share, client, server, &h->keys);
    if (!h->sealed) {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "no keys could be derived");
    }
}

static void open_record(struct short_handshake *h, struct span body)
{
    struct buf plain = BUF_INIT(SEALED_LEN_MAX);
    int type = record_open(h->ctx->crypto, &h->keys, h->header, body, &plain);
    if (type == CONTENT_HANDSHAKE) {
        take_status(h, flight_feed(&h->flight, buf_span(&plain)));
    } else if (type == CONTENT_ALERT) {
        take_short_alert(h, buf_span(&plain));
    } else {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "a record that cannot be opened");
    }
    buf_deinit(&plain);
}

/* A record that is taken as a whole. */
static void take_whole(struct short_handshake *h, struct span body)
{
    switch (h->header[0]) {
    case CONTENT_ALERT:
        take_short_alert(h, body);
        return;
    case CONTENT_CHANGE_CIPHER_SPEC: /* RFC 8446 section 5: dropped */
        if (!span_eq(body, SPAN_LIT("\x01"))) {
            short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "a change_cipher_spec that is none");
        }
        return;
    default: /* is_expected() let it in */
        open_record(h, body);
        return;
    }
}

static void end_record(struct short_handshake *h)
{
    h->header_len = 0;
    buf_reset(&h->record);
}

static struct span feed_whole(struct short_handshake *h, struct span in)
{
    struct span part = span_take(in, h->record_left);
    h->record_left -= part.len;
    if (h->record_left == 0 && h->record.len == 0) {
        take_whole(h, part); /* it came in one piece, as most do */
        end_record(h);
        return span_drop(in, part.len);
    }
    CHECK(buf_append(&h->record, part)); /* its length was checked */
    if (h->record_left == 0) {
        take_whole(h, buf_span(&h->record));
        end_record(h);
    }
    return span_drop(in, part.len);
}

/* Messages in clear may be cut in any way. */
static struct span feed_clear(struct short_handshake *h, struct span in, struct buf *out)
{
    struct span part = span_take(in, h->record_left);
    h->record_left -= part.len;
    enum flight_status status = flight_feed(&h->flight, part);
    take_status(h, status);
    bool is_hello = status == FLIGHT_HELLO || status == FLIGHT_RETRY;
    if (is_hello && h->record_left > 0) {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "octets in clear behind the ServerHello");
    } else if (status == FLIGHT_RETRY) {
        say_hello_again(h, out);
    } else if (status == FLIGHT_HELLO) {
        begin_sealed(h);
    }
    if (h->record_left == 0) {
        end_record(h);
    }
    return span_drop(in, part.len);
}

/* RFC 8446 section 5: what may come, in clear and behind the ServerHello of TLS 1.3. Records of one kind do not
 * stand between the pieces of a message of another (section 5.1). */
static bool is_expected(const struct short_handshake *h, uint8_t type)
{
    if (type == CONTENT_CHANGE_CIPHER_SPEC) { /* appendix D.4: behind the first message */
        return (h->sealed || h->flight.asked_again) && flight_is_between_messages(&h->flight);
    }
    if (h->sealed) {
        return type == CONTENT_APPLICATION_DATA;
    }
    return type == CONTENT_HANDSHAKE ||
           (type == CONTENT_ALERT && flight_is_between_messages(&h->flight));
}

static bool length_is_expected(const struct short_handshake *h, size_t len)
{
    if (h->header[0] == CONTENT_APPLICATION_DATA) {
        return len > AEAD_TAG_LEN && len <= SEALED_LEN_MAX;
    }
    return len > 0 && len <= RECORD_LEN_MAX;
}

/* The first octet tells text from TLS. */
static struct span feed_header(struct short_handshake *h, struct span in)
{
    h->header[h->header_len++] = in.at[0];
    h->record_left = (size_t)h->header[3] << 8 | h->header[4];
    if (!is_expected(h, h->header[0]) || (h->header_len > 1 && h->header[1] != 3) ||
        (h->header_len == RECORD_HEADER_LEN && !length_is_expected(h, h->record_left))) {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "a record that is not due");
    }
    return span_drop(in, 1);
}

enum short_status short_handshake_feed(struct short_handshake *h, struct span in, struct buf *out)
{
    CHECK(h->status == SHORT_MORE);
    while (in.len > 0 && h->status == SHORT_MORE) {
        if (h->header_len < RECORD_HEADER_LEN) {
            in = feed_header(h, in);
        } else if (h->header[0] == CONTENT_HANDSHAKE) {
            in = feed_clear(h, in, out);
        } else {
            in = feed_whole(h, in);
        }
    }
    return h->status;
}

void short_handshake_peer_gone(struct short_handshake *h, bool reset, bool timeout)
{
    if (h->status == SHORT_MORE) {
        h->peer_left = true;
        short_fall(h,
                   timeout ? OUTCOME_TLS_TIMEOUT
                   : reset ? OUTCOME_TLS_RESET
                           : OUTCOME_TLS_CLOSED,
                   "");
    }
}

void short_handshake_octets_exceeded(struct short_handshake *h)
{
    if (h->status == SHORT_MORE) {
        short_fall(h, OUTCOME_TLS_PROTOCOL_ERROR, "more octets than a session needs");
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

void short_handshake_goodbye(struct short_handshake *h, struct buf *out)
{
    static const uint8_t alerts[] = {ALERT_USER_CANCELED, ALERT_CLOSE_NOTIFY};
    if (h->peer_left || h->flight.notes.seen.version == 0) {
        return;
    }
    if (!h->sealed) {
        put_farewell(out, VERSION_TLS12);
        return;
    }
    if (!h->flight.asked_again) { /* RFC 8446 appendix D.4: in front of a client's second flight */
        put_change_cipher_spec(out);
    }
    for (size_t i = 0; i < sizeof(alerts); i++) {
        const uint8_t alert[ALERT_LEN] = {LEVEL_WARNING, alerts[i]};
        if (!record_seal(h->ctx->crypto, &h->keys, CONTENT_ALERT,
                         (struct span){alert, sizeof(alert)}, out)) {
            return;
        }
    }
}

enum short_status short_handshake_status(const struct short_handshake *h)
{
    return h->status;
}

const struct seen_tls *short_handshake_seen(const struct short_handshake *h)
{
    return &h->flight.notes.seen;
}

enum session_outcome short_handshake_outcome(const struct short_handshake *h)
{
    return h->outcome;
}
