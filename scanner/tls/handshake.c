#include "scanner/tls/handshake.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "scanner/base/memory.h"
#include "scanner/observation/tls_names.h"
#include "scanner/tls/handshake_notes.h"
#include "scanner/tls/tls_context_private.h"

#define LIST_KEPT_MAX \
    (16U << 10)         /* octets of list memory that an unused object keeps; our own bound */
#define READ_CHUNK 4096 /* octets decrypted at a time; an EHLO reply fits */

struct handshake {
    struct tls_context *ctx; /* borrowed */
    struct handshake *next;  /* in the context's list of unused objects */
    SSL *ssl;
    BIO *bio; /* owned; stays with the object */
    enum handshake_status status;
    enum session_outcome outcome;
    bool broken;      /* after DONE: nothing can be read or written any more */
    struct span in;   /* borrowed for the call; what OpenSSL has not read yet */
    struct buf *out;  /* borrowed for the call */
    bool out_full;    /* `out` refused octets */
    bool flooded;     /* more messages than HANDSHAKE_MESSAGES_MAX: nothing more is read */
    struct buf after; /* octets behind the handshake in its last segment */
    struct handshake_notes notes;
};

static int bio_read(BIO *bio, char *to, size_t len, size_t *got)
{
    struct handshake *h = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (h->flooded) {
        *got = 0;
        return -1;
    }
    if (h->in.len == 0) {
        BIO_set_retry_read(bio); /* empty means "later", not "closed" */
        *got = 0;
        return -1;
    }
    *got = len < h->in.len ? len : h->in.len;
    memcpy(to, h->in.at, *got);
    h->in = span_drop(h->in, *got);
    return 1;
}

static int bio_write(BIO *bio, const char *from, size_t len, size_t *put)
{
    struct handshake *h = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (h->out == NULL || !buf_append(h->out, (struct span){(const uint8_t *)from, len})) {
        h->out_full = true;
        *put = 0;
        return -1;
    }
    *put = len;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *at)
{
    (void)bio;
    (void)number;
    (void)at;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *handshake_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "handshake");
    CHECK(m != NULL && BIO_meth_set_read_ex(m, bio_read) == 1 &&
          BIO_meth_set_write_ex(m, bio_write) == 1 && BIO_meth_set_ctrl(m, bio_control) == 1);
    return m;
}

static struct handshake *unused_take(struct tls_context *ctx)
{
    struct handshake *h = ctx->unused;
    if (h != NULL) {
        ctx->unused = h->next;
        ctx->unused_count--;
        return h;
    }
    h = memory_new(1, sizeof(*h));
    h->bio = BIO_new(ctx->bio);
    CHECK(h->bio != NULL);
    BIO_set_init(h->bio, 1);
    BIO_set_data(h->bio, h);
    h->after = BUF_INIT(BUF_NO_LIMIT); /* at most one `in` */
    handshake_notes_init(&h->notes, ctx->sha256, ctx->digest);
    return h;
}

struct handshake *handshake_new(struct tls_context *ctx, const char *sni)
{
    struct handshake *h = unused_take(ctx);
    *h = (struct handshake){
        .ctx = ctx,
        .bio = h->bio,
        .after = h->after,
        .notes = h->notes,
    };
    handshake_notes_reset(&h->notes, LIST_KEPT_MAX);
    h->ssl = SSL_new(ctx->ssl);
    CHECK(h->ssl != NULL && BIO_up_ref(h->bio) == 1);
    SSL_set_bio(h->ssl, h->bio, h->bio); /* takes one reference for both ways */
    SSL_set_msg_callback_arg(h->ssl, h);
    SSL_set_connect_state(h->ssl);
    if (sni != NULL) {
        CHECK(SSL_set_tlsext_host_name(h->ssl, sni) == 1);
    }
    return h;
}

/* In TLS 1.3 the schemes decide, before it the suites as well. PKCS #1 beside ECDSA is for the
 * signatures of certificates, which these schemes cover too (RFC 8446 section 4.2.3): an EC leaf
 * under an RSA issuer is common. A TLS 1.3 server cannot prove an RSA key with it. */
void handshake_limit_key(struct handshake *h, enum handshake_key key)
{
    CHECK(h->status == HANDSHAKE_MORE && h->notes.last_message == -1);
    switch (key) {
    case HANDSHAKE_KEY_ANY:
        return;
    case HANDSHAKE_KEY_RSA:
        CHECK(SSL_set_cipher_list(h->ssl, "DEFAULT:!aECDSA:!aDSS") == 1);
        CHECK(SSL_set1_sigalgs_list(h->ssl,
                                    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
                                    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
                                    "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512:"
                                    "RSA+SHA224:RSA+SHA1") == 1);
        return;
    case HANDSHAKE_KEY_ECDSA:
        CHECK(SSL_set_cipher_list(h->ssl, "DEFAULT:!aRSA:!aDSS") == 1);
        CHECK(SSL_set1_sigalgs_list(
                  h->ssl, "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:"
                          "ECDSA+SHA224:ECDSA+SHA1:"
                          "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512") == 1);
        return;
    }
    UNREACHABLE("unknown handshake_key");
}

static void handshake_destroy(struct handshake *h)
{
    BIO_free(h->bio);
    buf_deinit(&h->after);
    handshake_notes_deinit(&h->notes);
    free(h);
}

void handshake_free(struct handshake *h)
{
    if (h == NULL) {
        return;
    }
    SSL_free(h->ssl);
    h->ssl = NULL;
    buf_deinit(&h->after);
    handshake_notes_reset(&h->notes, LIST_KEPT_MAX);
    struct tls_context *ctx = h->ctx;
    if (ctx->unused_count >= HANDSHAKES_KEPT_MAX) {
        handshake_destroy(h);
        return;
    }
    h->next = ctx->unused;
    ctx->unused = h;
    ctx->unused_count++;
}

void handshake_destroy_unused(struct tls_context *ctx)
{
    while (ctx->unused != NULL) {
        struct handshake *h = ctx->unused;
        ctx->unused = h->next;
        handshake_destroy(h);
    }
    ctx->unused_count = 0;
}

void handshake_on_message(int sent, int version, int content_type, const void *at, size_t len,
                          SSL *ssl, void *arg)
{
    (void)version;
    struct handshake *h = arg;
    if (content_type == SSL3_RT_HANDSHAKE && !sent && !h->flooded) {
        h->flooded = !handshake_count_message(&h->notes);
    }
    if (content_type == SSL3_RT_HANDSHAKE && !sent && h->status == HANDSHAKE_MORE) {
        handshake_note_message(&h->notes, ssl, (struct span){at, len});
    } else if (content_type == SSL3_RT_ALERT && len == 2) {
        handshake_note_alert(&h->notes.seen, sent, at);
    }
}

/* Before a ServerHello, handshake_failure says that the server found nothing to choose
 * (RFC 5246 section 7.2.2); later it can say anything. */
static enum session_outcome outcome_of_alert(const struct seen_tls *seen)
{
    switch (seen->alert_received) {
    case SSL_AD_PROTOCOL_VERSION:
        return OUTCOME_TLS_NO_SHARED_VERSION;
    case SSL_AD_INSUFFICIENT_SECURITY:
        return OUTCOME_TLS_NO_SHARED_CIPHER;
    case SSL_AD_HANDSHAKE_FAILURE:
        return seen->version == 0 ? OUTCOME_TLS_NO_SHARED_CIPHER : OUTCOME_TLS_ALERT;
    default: /* a number chosen by the peer */
        return OUTCOME_TLS_ALERT;
    }
}

static enum session_outcome outcome_of_error(int reason)
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL: /* the server answered with a version we did not offer */
    case SSL_R_WRONG_SSL_VERSION:
        return OUTCOME_TLS_NO_SHARED_VERSION;
    case SSL_R_NO_CIPHERS_AVAILABLE:
        return OUTCOME_TLS_NO_SHARED_CIPHER;
    default: /* OpenSSL's numbers */
        return OUTCOME_TLS_PROTOCOL_ERROR;
    }
}

static void handshake_fail(struct handshake *h, enum session_outcome outcome)
{
    h->status = HANDSHAKE_FAILED;
    h->outcome = outcome;
}

static void conclude_failure(struct handshake *h, int ssl_error)
{
    if (h->flooded) {
        handshake_fail(h, OUTCOME_TLS_PROTOCOL_ERROR); /* error_text says it */
    } else if (h->out_full) {
        (void)snprintf(h->notes.seen.error_text, sizeof(h->notes.seen.error_text),
                       "too much to answer");
        handshake_fail(h, OUTCOME_TLS_PROTOCOL_ERROR);
    } else if (ssl_error == SSL_ERROR_ZERO_RETURN) {
        handshake_fail(h, OUTCOME_TLS_CLOSED); /* close_notify instead of a handshake */
    } else {
        handshake_note_error(&h->notes);
        handshake_fail(h, h->notes.seen.alert_received >= 0
                              ? outcome_of_alert(&h->notes.seen)
                              : outcome_of_error(ERR_GET_REASON(ERR_peek_last_error())));
    }
}

enum handshake_status handshake_step(struct handshake *h, struct span in, struct buf *out)
{
    CHECK(h->status == HANDSHAKE_MORE);
    h->in = in;
    h->out = out;
    ERR_clear_error(); /* SSL_get_error() reads the thread's queue: it must start empty */
    int ret = SSL_do_handshake(h->ssl);
    int error = SSL_get_error(h->ssl, ret);
    if (ret == 1) {
        h->status = HANDSHAKE_DONE;
        h->outcome = OUTCOME_ESTABLISHED;
        h->notes.seen.completed = true;
        buf_put(&h->after, h->in);
    } else if (error != SSL_ERROR_WANT_READ) {
        conclude_failure(h, error);
        ERR_clear_error();
    }
    h->in = (struct span){0};
    h->out = NULL;
    return h->status;
}

/* Everything OpenSSL can make of h->in. */
static bool decrypt(struct handshake *h, struct buf *plain, bool *closed)
{
    uint8_t chunk[READ_CHUNK];
    for (;;) {
        size_t len = 0;
        ERR_clear_error();
        int ret = SSL_read_ex(h->ssl, chunk, sizeof(chunk), &len);
        if (ret != 1) {
            int error = SSL_get_error(h->ssl, ret);
            ERR_clear_error();
            *closed |= error == SSL_ERROR_ZERO_RETURN;
            return !h->out_full && (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN);
        }
        if (!buf_append(plain, (struct span){chunk, len})) {
            return false;
        }
    }
}

bool handshake_read(struct handshake *h, struct span in, struct buf *plain, struct buf *out,
                    bool *closed)
{
    CHECK(h->status == HANDSHAKE_DONE);
    if (h->broken) {
        return false;
    }
    h->out = out;
    if (h->after.len > 0) {
        h->in = buf_span(&h->after);
        h->broken = !decrypt(h, plain, closed);
        buf_deinit(&h->after);
    }
    if (!h->broken && in.len > 0) {
        h->in = in;
        h->broken = !decrypt(h, plain, closed);
    }
    h->in = (struct span){0};
    h->out = NULL;
    return !h->broken;
}

bool handshake_write(struct handshake *h, struct span plain, struct buf *out)
{
    CHECK(h->status == HANDSHAKE_DONE);
    if (h->broken || plain.len == 0) {
        return !h->broken;
    }
    h->out = out;
    size_t len = 0;
    ERR_clear_error();
    h->broken = SSL_write_ex(h->ssl, plain.at, plain.len, &len) != 1 || len != plain.len;
    ERR_clear_error();
    h->out = NULL;
    return !h->broken;
}

void handshake_shutdown(struct handshake *h, struct buf *out)
{
    CHECK(h->status == HANDSHAKE_DONE);
    if (h->broken) {
        return;
    }
    h->out = out;
    ERR_clear_error();
    (void)SSL_shutdown(h->ssl);
    ERR_clear_error();
    h->out = NULL;
}

void handshake_octets_exceeded(struct handshake *h)
{
    handshake_note_flood(&h->notes.seen, "octets");
    h->broken = true;
    if (h->status == HANDSHAKE_MORE) {
        handshake_fail(h, OUTCOME_TLS_PROTOCOL_ERROR);
    }
}

void handshake_note_octets_exceeded(struct seen_tls *seen)
{
    handshake_note_flood(seen, "octets");
}

void handshake_peer_gone(struct handshake *h, bool reset, bool timeout)
{
    if (h->status == HANDSHAKE_MORE) {
        handshake_fail(h, timeout ? OUTCOME_TLS_TIMEOUT
                          : reset ? OUTCOME_TLS_RESET
                                  : OUTCOME_TLS_CLOSED);
    }
}

const struct seen_tls *handshake_seen(const struct handshake *h)
{
    return &h->notes.seen;
}

enum session_outcome handshake_outcome(const struct handshake *h)
{
    return h->outcome;
}
