#include "tests/unit/tls/peer.h"

#include <openssl/err.h>

#include "scanner/base/memory.h"
#include "scanner/tls/fast_public_key.h"

#define WIRE_MAX (1024 * 1024) /* octets on the way; more than any test needs */
#define ROUNDS   10            /* a handshake has three at most */

static int on_sni(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    struct peer *p = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(p->sni, sizeof(p->sni), "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static int on_status(SSL *ssl, void *arg)
{
    const char *staple = arg;
    void *copy = OPENSSL_memdup(staple, strlen(staple));
    CHECK(SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)strlen(staple)) == 1);
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_of(const struct peer_params *params)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CHECK(ctx != NULL);
    SSL_CTX_set_security_level(ctx, 0);
    CHECK(SSL_CTX_set_min_proto_version(ctx, params->min_version) == 1);
    CHECK(SSL_CTX_set_max_proto_version(ctx, params->max_version) == 1);
    CHECK(SSL_CTX_set_cipher_list(ctx, params->suites ? params->suites : "ALL:eNULL") == 1);
    CHECK(params->suites_13 == NULL || SSL_CTX_set_ciphersuites(ctx, params->suites_13) == 1);
    CHECK(params->fragment == 0 || SSL_CTX_set_max_send_fragment(ctx, params->fragment) == 1);
    CHECK(params->groups == NULL || SSL_CTX_set1_groups_list(ctx, params->groups) == 1);
    SSL_CTX_set_options(ctx, params->options);
    SSL_CTX_set_dh_auto(ctx, 1);
    if (params->leaf != NULL) {
        CHECK(SSL_CTX_use_certificate(ctx, params->leaf->cert) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, params->leaf->key) == 1);
    }
    if (params->second_leaf != NULL) {
        CHECK(SSL_CTX_use_certificate(ctx, params->second_leaf->cert) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, params->second_leaf->key) == 1);
    }
    for (size_t i = 0; i < params->further_count; i++) {
        CHECK(SSL_CTX_add1_chain_cert(ctx, params->further[i]) == 1);
    }
    int insist = params->insist ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(ctx, params->ask_client ? SSL_VERIFY_PEER | insist : SSL_VERIFY_NONE, NULL);
    if (params->staple != NULL) {
        SSL_CTX_set_tlsext_status_cb(ctx, on_status);
        SSL_CTX_set_tlsext_status_arg(ctx, (void *)(uintptr_t)params->staple);
    }
    return ctx;
}

void peer_init(struct peer *p, const struct peer_params *params)
{
    *p = (struct peer){.ctx = context_of(params), .lever = params->lever};
    SSL_CTX_set_tlsext_servername_callback(p->ctx, on_sni);
    SSL_CTX_set_tlsext_servername_arg(p->ctx, p);
    p->ssl = SSL_new(p->ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    CHECK(p->ssl != NULL && p->in != NULL && p->out != NULL);
    BIO_set_mem_eof_return(p->in, -1); /* empty means "later" */
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_accept_state(p->ssl);
}

void peer_deinit(struct peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    *p = (struct peer){0};
}

static void drain(struct peer *p, struct buf *out)
{
    char *at = NULL;
    long len = BIO_get_mem_data(p->out, &at);
    buf_put(out, (struct span){(const uint8_t *)at, (size_t)len});
    CHECK(BIO_reset(p->out) == 1);
}

static void give(struct peer *p, struct span in)
{
    CHECK(in.len == 0 || BIO_write(p->in, in.at, (int)in.len) == (int)in.len);
}

void peer_step(struct peer *p, struct span in, struct buf *out)
{
    give(p, in);
    /* The old key methods lack what a server needs for RSA key transport. */
    if (p->lever) {
        fast_public_key_release();
    }
    (void)SSL_do_handshake(p->ssl); /* that it fails is the client's to notice */
    ERR_clear_error();
    CHECK(!p->lever || fast_public_key_acquire());
    drain(p, out);
}

void peer_write(struct peer *p, struct span plain, struct buf *out)
{
    CHECK(SSL_write(p->ssl, plain.at, (int)plain.len) == (int)plain.len);
    drain(p, out);
}

void peer_shutdown(struct peer *p, struct buf *out)
{
    CHECK(SSL_shutdown(p->ssl) >= 0);
    drain(p, out);
}

void peer_read(struct peer *p, struct span in, struct buf *plain)
{
    uint8_t chunk[4096];
    give(p, in);
    for (int len = 0; (len = SSL_read(p->ssl, chunk, sizeof(chunk))) > 0;) {
        buf_put(plain, (struct span){chunk, (size_t)len});
    }
    ERR_clear_error();
}

enum handshake_status feed_parts(struct handshake *h, struct span in, size_t part, struct buf *out)
{
    enum handshake_status status = HANDSHAKE_MORE;
    while (in.len > 0 && status == HANDSHAKE_MORE) {
        status = handshake_step(h, span_take(in, part), out);
        in = span_drop(in, part < in.len ? part : in.len);
    }
    return status;
}

enum handshake_status peer_run(struct peer *p, struct handshake *h, size_t part)
{
    struct buf to_server = BUF_INIT(WIRE_MAX);
    struct buf to_client = BUF_INIT(WIRE_MAX);
    enum handshake_status status = handshake_step(h, (struct span){0}, &to_server);
    for (int round = 0; round < ROUNDS && status == HANDSHAKE_MORE; round++) {
        buf_reset(&to_client);
        peer_step(p, buf_span(&to_server), &to_client);
        if (to_client.len == 0) {
            break;
        }
        buf_reset(&to_server);
        status = feed_parts(h, buf_span(&to_client), part, &to_server);
    }
    buf_reset(&to_client);
    peer_step(p, buf_span(&to_server), &to_client); /* the client's Finished, or its alert */
    if (status == HANDSHAKE_DONE) {
        struct buf plain = BUF_INIT(WIRE_MAX);
        bool closed = false;
        (void)handshake_read(h, buf_span(&to_client), &plain, &to_server, &closed); /* tickets */
        buf_deinit(&plain);
    }
    buf_deinit(&to_server);
    buf_deinit(&to_client);
    return status;
}
