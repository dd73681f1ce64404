#include "scanner/trust/openssl_path.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "scanner/base/memory.h"

/* What SSL_CTX_get_security_level() says of a client's context becomes the auth_level here. Debian's
 * OpenSSL, and every one since 3.2, has 2 by default; Postfix sets 1 where it must authenticate the
 * server, 0 elsewhere (tls_client_start() in src/tls/tls_client.c, since 3.1). */
#define LEVEL_DEFAULT 2
#define LEVEL_POSTFIX 1

struct openssl_path {
    X509_STORE *store;
    X509_STORE_CTX *ctx;
    STACK_OF(X509) * list; /* borrowed certificates */
    int64_t at;
};

struct openssl_path *openssl_path_new(int64_t at)
{
    struct openssl_path *o = memory_new(1, sizeof(*o));
    o->at = at;
    o->store = X509_STORE_new();
    o->ctx = X509_STORE_CTX_new();
    o->list = sk_X509_new_reserve(NULL, TLS_CERTS_MAX);
    CHECK(o->store != NULL && o->ctx != NULL && o->list != NULL);
    return o;
}

void openssl_path_trust(struct openssl_path *o, struct known_cert *anchor)
{
    CHECK(X509_STORE_add_cert(o->store, anchor->x509) == 1);
}

void openssl_path_free(struct openssl_path *o)
{
    if (o != NULL) {
        sk_X509_free(o->list);
        X509_STORE_CTX_free(o->ctx);
        X509_STORE_free(o->store);
        free(o);
    }
}

/* The path in work, and OpenSSL's own verification of its signatures and times. */
struct verification {
    const struct found_path *best;
    X509_STORE_CTX_verify_fn verify;
};

static bool is_path(const STACK_OF(X509) * chain, const struct found_path *p)
{
    bool same = sk_X509_num(chain) == (int)p->count;
    for (size_t i = 0; same && i < p->count; i++) {
        same = sk_X509_value(chain, (int)i) == p->cert[i]->x509;
    }
    return same;
}

/* Called when a path is built and its extensions are tested: what is left are signatures, keyCertSign
 * and times, and all of these were tested along a path that is trusted. */
static int verify_unless_known(X509_STORE_CTX *ctx)
{
    const struct verification *v = X509_STORE_CTX_get_app_data(ctx);
    bool known =
        path_status(v->best) == CHAIN_TRUSTED && is_path(X509_STORE_CTX_get0_chain(ctx), v->best);
    return known ? 1 : v->verify(ctx);
}

/* @return X509_V_OK or the first error, which is where a client gives up */
static int openssl_verify(struct openssl_path *o, int level, const struct found_path *best,
                          int *depth)
{
    struct verification v = {.best = best};
    X509_STORE_CTX *ctx = o->ctx;
    CHECK(X509_STORE_CTX_init(ctx, o->store, sk_X509_value(o->list, 0), o->list) == 1 &&
          X509_STORE_CTX_set_default(ctx, "ssl_server") == 1);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)o->at);
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), level);
    v.verify = X509_STORE_CTX_get_verify(ctx);
    CHECK(X509_STORE_CTX_set_app_data(ctx, &v) == 1);
    X509_STORE_CTX_set_verify(ctx, verify_unless_known);
    int good = X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    *depth = good == 1 ? 0 : X509_STORE_CTX_get_error_depth(ctx);
    X509_STORE_CTX_cleanup(ctx);
    ERR_clear_error();
    /* A failure without a reason is told as one that has none. */
    return good == 1 ? X509_V_OK : error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED;
}

/* The only errors that depend on the level. Its tests stop nothing else from being found first. */
static bool depends_on_level(int error)
{
    return error == X509_V_ERR_EE_KEY_TOO_SMALL || error == X509_V_ERR_CA_KEY_TOO_SMALL ||
           error == X509_V_ERR_CA_MD_TOO_WEAK;
}

void openssl_path_judge(struct openssl_path *o, struct known_cert *const *certs, size_t count,
                        const struct found_path *best, struct openssl_verdict *out)
{
    int depth = 0;
    sk_X509_zero(o->list);
    for (size_t i = 0; i < count; i++) {
        CHECK(sk_X509_push(o->list, certs[i]->x509) > 0);
    }
    *out = (struct openssl_verdict){.asked = true};
    out->error = openssl_verify(o, LEVEL_DEFAULT, best, &out->depth);
    out->level_1_error =
        depends_on_level(out->error) ? openssl_verify(o, LEVEL_POSTFIX, best, &depth) : out->error;
}

const char *openssl_verdict_text(int error)
{
    return X509_verify_cert_error_string(error);
}
