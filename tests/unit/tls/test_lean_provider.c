#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "scanner/base/check.h"
#include "scanner/base/span.h"
#include "scanner/tls/lean_provider.h"
#include "scanner/tls/tls_context.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define SHARE_LEN  32
#define OUT_MAX    64
#define OCTETS_MAX 512

TestSuite(lean_provider, .init = tls_process_init);

struct bench {
    OSSL_LIB_CTX *lib;
    OSSL_LIB_CTX *before;
    struct lean_provider *p;
};

static bool bench_init(struct bench *b)
{
    b->lib = OSSL_LIB_CTX_new();
    CHECK(b->lib != NULL);
    b->before = OSSL_LIB_CTX_set0_default(b->lib);
    b->p = lean_provider_load(b->lib);
    cr_expect_eq(b->p != NULL, OpenSSL_version_num() < 0x30200000UL);
    return b->p != NULL;
}

static void bench_deinit(struct bench *b)
{
    lean_provider_unload(b->p);
    (void)OSSL_LIB_CTX_set0_default(b->before);
    OSSL_LIB_CTX_free(b->lib);
}

static void share_of_new_key(struct bench *b, const char *query, uint8_t out[SHARE_LEN])
{
    size_t len = SHARE_LEN;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(b->lib, query, "X25519");
    CHECK(key != NULL && EVP_PKEY_get_raw_public_key(key, out, &len) == 1 && len == SHARE_LEN);
    EVP_PKEY_free(key);
}

Test(lean_provider, a_key_is_shown_so_often_and_no_more)
{
    struct bench b;
    uint8_t share[SHARE_LEN];
    uint8_t before[SHARE_LEN] = {0};
    if (bench_init(&b)) {
        for (size_t i = 0; i < 3 * LEAN_KEY_USES_MAX; i++) {
            share_of_new_key(&b, LEAN_QUERY, share);
            cr_expect_eq(memcmp(share, before, SHARE_LEN) != 0, i % LEAN_KEY_USES_MAX == 0, "%zu",
                         i);
            memcpy(before, share, SHARE_LEN);
        }
    }
    bench_deinit(&b);
}

Test(lean_provider, who_does_not_ask_for_it_gets_keys_of_his_own)
{
    struct bench b;
    uint8_t one[SHARE_LEN];
    uint8_t other[SHARE_LEN];
    if (bench_init(&b)) {
        share_of_new_key(&b, NULL, one);
        share_of_new_key(&b, NULL, other);
        cr_expect_neq(memcmp(one, other, SHARE_LEN), 0);
    }
    bench_deinit(&b);
}

/* The default provider derives it, too, or both refuse it. */
struct kdf_case {
    const char *name;
    const char *hash; /* NULL: none is named */
    int mode;
    size_t key_len; /* 0: none */
    size_t salt_len;
    size_t data_len;
    size_t label_len;
    size_t out_len;
    bool derived;
};

static const struct kdf_case kdf_cases[] = {
    {"expand", "SHA2-256", EVP_KDF_HKDF_MODE_EXPAND_ONLY, 32, 0, 32, 7, 32, true},
    {"expand, SHA-384", "SHA2-384", EVP_KDF_HKDF_MODE_EXPAND_ONLY, 48, 0, 48, 12, 48, true},
    {"a key", "SHA2-384", EVP_KDF_HKDF_MODE_EXPAND_ONLY, 48, 0, 0, 3, 32, true},
    {"a nonce", "SHA2-384", EVP_KDF_HKDF_MODE_EXPAND_ONLY, 48, 0, 0, 2, 12, true},
    {"a ticket", "SHA2-256", EVP_KDF_HKDF_MODE_EXPAND_ONLY, 32, 0, 255, 10, 32, true},
    {"early secret", "SHA2-256", EVP_KDF_HKDF_MODE_EXTRACT_ONLY, 0, 0, 0, 7, 32, true},
    {"with a PSK", "SHA2-256", EVP_KDF_HKDF_MODE_EXTRACT_ONLY, 32, 0, 0, 7, 32, true},
    {"of P-521", "SHA2-384", EVP_KDF_HKDF_MODE_EXTRACT_ONLY, 66, 48, 0, 7, 48, true},
    {"of a group of 4,096 bits", "SHA2-256", EVP_KDF_HKDF_MODE_EXTRACT_ONLY, 512, 32, 0, 7, 32,
     true},
    {"master secret", "SHA2-384", EVP_KDF_HKDF_MODE_EXTRACT_ONLY, 0, 48, 0, 7, 48, true},
    {"no hash", NULL, EVP_KDF_HKDF_MODE_EXPAND_ONLY, 32, 0, 32, 7, 32, false},
    {"another mode", "SHA2-256", EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, 32, 0, 32, 7, 32, false},
};

static bool derive(struct bench *b, const char *query, const struct kdf_case *c, size_t round,
                   uint8_t out[OUT_MAX])
{
    static uint8_t octets[3][OCTETS_MAX];
    int mode = c->mode;
    OSSL_PARAM params[8];
    OSSL_PARAM *p = params;
    for (size_t i = 0; i < COUNT(octets) * OCTETS_MAX; i++) {
        octets[i / OCTETS_MAX][i % OCTETS_MAX] = (uint8_t)(i * (round + 1) >> 3);
    }
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    if (c->hash != NULL) {
        *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)c->hash, 0);
    }
    if (c->key_len > 0) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, octets[0], c->key_len);
    }
    if (c->salt_len > 0) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, octets[1], c->salt_len);
    }
    if (c->data_len > 0) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, octets[2], c->data_len);
    }
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (char *)"tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (char *)"derived, traffic",
                                             c->label_len);
    *p = OSSL_PARAM_construct_end();
    EVP_KDF *kdf = EVP_KDF_fetch(b->lib, "TLS13-KDF", query);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    CHECK(ctx != NULL);
    memset(out, 0, OUT_MAX);
    bool derived = EVP_KDF_derive(ctx, out, c->out_len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return derived;
}

Test(lean_provider, secrets_are_those_of_the_default_provider)
{
    struct bench b;
    bool loaded = bench_init(&b);
    for (size_t i = 0; loaded && i < 8 * COUNT(kdf_cases); i++) {
        const struct kdf_case *c = &kdf_cases[i % COUNT(kdf_cases)];
        size_t round = i / COUNT(kdf_cases) / 2; /* each once more */
        uint8_t one[OUT_MAX];
        uint8_t other[OUT_MAX];
        cr_expect_eq(derive(&b, LEAN_QUERY, c, round, one), c->derived, "%s", c->name);
        cr_expect_eq(derive(&b, "provider=default", c, round, other), c->derived, "%s", c->name);
        cr_expect(!c->derived || memcmp(one, other, OUT_MAX) == 0, "%s", c->name);
    }
    bench_deinit(&b);
}

Test(lean_provider, without_it_nothing_else_is_needed)
{
    struct bench b;
    (void)bench_init(&b);
    lean_provider_unload(b.p);
    b.p = NULL;
    uint8_t share[SHARE_LEN];
    share_of_new_key(&b, "?provider=default", share);
    bench_deinit(&b);
}
