#include "scanner/tls/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "scanner/base/memory.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/tls/fast_public_key.h"
#include "scanner/tls/handshake.h"
#include "scanner/tls/handshake_message.h"
#include "scanner/tls/handshake_notes.h"
#include "scanner/tls/handshake_vectors.h"
#include "scanner/tls/lean_provider.h"
#include "scanner/tls/tls_context_private.h"
#include "scanner/tls/tls_settings.h"

/* What OpenSSL 3.0 offers by itself at level 0, named so that later versions offer the same. */
static const char suites_13[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
static const char groups[] = "X25519:P-256:P-384:P-521";
static const char signature_schemes[] =
    "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:ed448:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512:"
    "ECDSA+SHA224:ECDSA+SHA1:RSA+SHA224:RSA+SHA1:DSA+SHA224:DSA+SHA1:DSA+SHA256:DSA+SHA384:"
    "DSA+SHA512";

void tls_process_init(void)
{
    CHECK(unsetenv("SSLKEYLOGFILE") == 0); /* libcurl would write secrets of sessions to it */
    /* No exit handler: worker threads may still hold objects when main() returns. */
    CHECK(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
}

/* Verification is done offline, once per distinct chain; SSL_VERIFY_NONE alone would still
 * run it in every handshake. */
static int accept_any(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

/* An empty signed_certificate_timestamp extension asks for SCTs, RFC 6962 section 3.3.1. */
static int add_empty(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
                     size_t *len, X509 *cert, size_t position, int *alert, void *arg)
{
    (void)ssl;
    (void)type;
    (void)context;
    (void)cert;
    (void)position;
    (void)alert;
    (void)arg;
    *out = NULL;
    *len = 0;
    return 1;
}

static int ignore_answer(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *in,
                         size_t len, X509 *cert, size_t position, int *alert, void *arg)
{
    (void)ssl;
    (void)type;
    (void)context;
    (void)in;
    (void)len;
    (void)cert;
    (void)position;
    (void)alert;
    (void)arg;
    return 1;
}

void tls_settings_hello(SSL_CTX *ssl)
{
    /* The level first: what the lists may hold depends on it. */
    SSL_CTX_set_security_level(ssl, 0);
    CHECK(SSL_CTX_set_min_proto_version(ssl, TLS1_VERSION) == 1);
    CHECK(SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1);
    CHECK(SSL_CTX_set_cipher_list(ssl, "DEFAULT") == 1);
    CHECK(SSL_CTX_set_ciphersuites(ssl, suites_13) == 1);
    CHECK(SSL_CTX_set1_groups_list(ssl, groups) == 1);
    CHECK(SSL_CTX_set1_sigalgs_list(ssl, signature_schemes) == 1);
    CHECK(SSL_CTX_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp) == 1);
    CHECK(SSL_CTX_add_custom_ext(ssl, TLSEXT_TYPE_signed_certificate_timestamp,
                                 SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO |
                                     SSL_EXT_TLS1_3_CERTIFICATE,
                                 add_empty, NULL, NULL, ignore_answer, NULL) == 1);
}

void tls_settings_behaviour(SSL_CTX *ssl)
{
    /* Servers without RFC 5746, which 3.0 turns away by default, are worth recording. Empty
     * fragments stop some old servers; nothing that we send is a secret. */
    SSL_CTX_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                 SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
    /* OpenSSL 3.2 and later: a compressed list is not the presented octets. */
    SSL_CTX_set_options(ssl, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ssl, TLS_CERTIFICATE_MESSAGE_MAX);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, accept_any, NULL);
}

struct tls_context *tls_context_new(bool levers)
{
    struct tls_context *ctx = memory_new(1, sizeof(*ctx));
    ctx->lib = OSSL_LIB_CTX_new();
    CHECK(ctx->lib != NULL);
    ctx->lib_before = OSSL_LIB_CTX_set0_default(ctx->lib);
    ctx->levers = levers;
    ctx->fast_public_keys = levers && fast_public_key_acquire();
    ctx->lean = levers ? lean_provider_load(ctx->lib) : NULL;
    ctx->sha256 = EVP_MD_fetch(ctx->lib, "SHA2-256", NULL);
    ctx->digest = EVP_MD_CTX_new();
    ctx->bio = handshake_bio_method();
    ctx->ssl = SSL_CTX_new_ex(ctx->lib, ctx->lean != NULL ? LEAN_QUERY : NULL, TLS_client_method());
    CHECK(ctx->sha256 != NULL && ctx->digest != NULL && ctx->ssl != NULL);
    tls_settings_hello(ctx->ssl);
    tls_settings_behaviour(ctx->ssl);
    SSL_CTX_set_msg_callback(ctx->ssl, handshake_on_message);
    return ctx;
}

void tls_context_free(struct tls_context *ctx)
{
    if (ctx == NULL) {
        return;
    }
    handshake_destroy_unused(ctx);
    handshake_crypto_free(ctx->crypto);
    SSL_CTX_free(ctx->ssl);
    BIO_meth_free(ctx->bio);
    EVP_MD_CTX_free(ctx->digest);
    EVP_MD_free(ctx->sha256);
    if (ctx->fast_public_keys) {
        fast_public_key_release();
    }
    lean_provider_unload(ctx->lean);
    (void)OSSL_LIB_CTX_set0_default(ctx->lib_before);
    OSSL_LIB_CTX_free(ctx->lib);
    free(ctx);
}

bool tls_context_has_fast_public_keys(const struct tls_context *ctx)
{
    return ctx->fast_public_keys;
}

bool tls_context_has_lean_provider(const struct tls_context *ctx)
{
    return ctx->lean != NULL;
}

const char *tls_context_failed_lever(const struct tls_context *ctx, size_t i)
{
    const char *failed[2];
    size_t count = 0;
    if (ctx->levers && !ctx->fast_public_keys && fast_public_key_applies()) {
        failed[count++] = "the faster reading of public keys";
    }
    if (ctx->levers && ctx->lean == NULL && lean_provider_applies()) {
        failed[count++] = "shared key pairs and the key schedule";
    }
    return i < count ? failed[i] : NULL;
}

static const SSL_CIPHER *cipher_of(SSL *ssl, uint16_t suite)
{
    const unsigned char id[] = {(unsigned char)(suite >> 8), (unsigned char)suite};
    return SSL_CIPHER_find(ssl, id);
}

static bool read_hello(struct tls_context *ctx)
{
    struct buf out = BUF_INIT(HELLO_TEMPLATE_MAX);
    struct handshake *h = handshake_new(ctx, NULL);
    SSL *ssl = SSL_new(ctx->ssl);
    bool is_form = ssl != NULL && handshake_step(h, (struct span){0}, &out) == HANDSHAKE_MORE &&
                   hello_template_read(&ctx->hello, buf_span(&out));
    for (size_t i = 0; is_form && i < ctx->hello.suite_count; i++) {
        ctx->hello.exchanges[i] =
            (uint8_t)handshake_key_exchange(cipher_of(ssl, ctx->hello.suites[i]));
    }
    SSL_free(ssl);
    handshake_free(h);
    buf_deinit(&out);
    return is_form;
}

bool tls_context_enable_short_handshakes(struct tls_context *ctx)
{
    if (ctx->crypto == NULL && read_hello(ctx)) {
        ctx->crypto = handshake_crypto_new(ctx->lib);
    }
    if (ctx->crypto != NULL && !handshake_vectors_hold(ctx->crypto)) {
        handshake_crypto_free(ctx->crypto);
        ctx->crypto = NULL;
    }
    return ctx->crypto != NULL;
}

bool tls_context_has_short_handshakes(const struct tls_context *ctx)
{
    return ctx->crypto != NULL;
}

const char *tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
