#pragma once

/** Shared by tls_context.c, handshake.c and short_handshake.c only. */

#include <stddef.h>

#include <openssl/ssl.h>

#include "scanner/tls/handshake_keys.h"
#include "scanner/tls/hello_template.h"
#include "scanner/tls/tls_context.h"

#define HANDSHAKES_KEPT_MAX 256 /* unused handshake objects that wait for reuse; our own bound */

struct handshake;
struct lean_provider;

struct tls_context {
    OSSL_LIB_CTX *lib;
    OSSL_LIB_CTX *lib_before; /* the thread's default before */
    SSL_CTX *ssl;
    BIO_METHOD *bio;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    bool levers; /* wanted */
    bool fast_public_keys;
    struct lean_provider *lean;      /* NULL: not used */
    struct handshake_crypto *crypto; /* of short handshakes; NULL: there are none */
    struct hello_template hello;
    struct handshake *unused; /* list through handshake.next */
    size_t unused_count;
};

/* Given by handshake.c. */
BIO_METHOD *handshake_bio_method(void);
void handshake_on_message(int sent, int version, int content_type, const void *at, size_t len,
                          SSL *ssl, void *arg);
void handshake_destroy_unused(struct tls_context *ctx);
