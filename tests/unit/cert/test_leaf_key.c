#include <criterion/criterion.h>

#include "scanner/cert/leaf_key.h"
#include "tests/support/test_ca.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define USAGE(text)                                                                \
    .extensions = &(const struct test_extension){NID_key_usage, "critical," text}, \
    .extension_count = 1

/** A key that test_ca.h has no word for: by OpenSSL's name of algorithm and group. */
static EVP_PKEY *key_of(const char *algorithm, const char *group)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    EVP_PKEY *key = NULL;
    CHECK(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1);
    CHECK(group == NULL || EVP_PKEY_CTX_set_group_name(ctx, group) == 1);
    CHECK(EVP_PKEY_keygen(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static const struct {
    const char *why;
    const char *algorithm;
    const char *group;
    struct test_cert_params params;
    struct leaf_key key;
} rows[] = {
    {"RFC 3279 section 2.3.1", NULL, NULL, {.key = TEST_KEY_RSA2048}, {2048, LEAF_KEY_RSA, 0}},
    {"a small one", NULL, NULL, {.key = TEST_KEY_RSA1024}, {1024, LEAF_KEY_RSA, 0}},
    {"RFC 4055 section 1.2", "RSA-PSS", NULL, {0}, {2048, LEAF_KEY_RSA_PSS, 0}},
    {"RFC 5480 section 2.1.1.1", NULL, NULL, {0}, {0, LEAF_KEY_P256, 0}},
    {"P-384", NULL, NULL, {.key = TEST_KEY_P384}, {0, LEAF_KEY_P384, 0}},
    {"P-521", "EC", "P-521", {0}, {0, LEAF_KEY_P521, 0}},
    {"RFC 5639", "EC", "brainpoolP256r1", {0}, {0, LEAF_KEY_EC_OTHER, 0}},
    {"RFC 8410", NULL, NULL, {.key = TEST_KEY_ED25519}, {0, LEAF_KEY_ED25519, 0}},
    {"RFC 8410, the other", "ED448", NULL, {0}, {0, LEAF_KEY_ED448, 0}},
    {"no key for signatures at all", "X25519", NULL, {0}, {0, LEAF_KEY_OTHER, 0}},
    {"RFC 5280 section 4.2.1.3",
     NULL,
     NULL,
     {USAGE("digitalSignature,keyEncipherment")},
     {0, LEAF_KEY_P256, LEAF_USAGE_LIMITED | LEAF_USAGE_SIGNS | LEAF_USAGE_ENCIPHERS}},
    {"it may not sign",
     NULL,
     NULL,
     {.key = TEST_KEY_RSA2048, USAGE("keyEncipherment")},
     {2048, LEAF_KEY_RSA, LEAF_USAGE_LIMITED | LEAF_USAGE_ENCIPHERS}},
    {"keyAgreement, of no use to TLS", NULL, NULL, {USAGE("keyAgreement")}, {0, LEAF_KEY_P256, 1}},
    {"that of a CA", NULL, NULL, {USAGE("keyCertSign,cRLSign")}, {0, LEAF_KEY_P256, 1}},
    {"a bit of the second octet", NULL, NULL, {USAGE("decipherOnly")}, {0, LEAF_KEY_P256, 1}},
};

Test(leaf_key, kind_size_and_usage)
{
    struct test_cert ca = test_cert_new(NULL, &(struct test_cert_params){.cn = "CA", .ca = true});
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_cert_params params = rows[i].params;
        EVP_PKEY *other =
            rows[i].algorithm != NULL ? key_of(rows[i].algorithm, rows[i].group) : NULL;
        struct leaf_key got;
        params.cn = "mx.test";
        params.use_key = other;
        struct test_cert made = test_cert_new(&ca, &params);
        struct span der = test_cert_der(made.cert);
        cr_expect(leaf_key_read(der, &got), "%s", rows[i].why);
        cr_expect(got.kind == rows[i].key.kind && got.bits == rows[i].key.bits &&
                      got.usage == rows[i].key.usage,
                  "%s: kind %d, %d bits, usage %d", rows[i].why, got.kind, got.bits, got.usage);
        OPENSSL_free((void *)(uintptr_t)der.at);
        test_cert_free(&made);
        EVP_PKEY_free(other);
    }
    test_cert_free(&ca);
}

/* Each prefix of a certificate, and each certificate with one octet changed, is read within bounds. */
Test(leaf_key, foreign_octets)
{
    struct test_cert made =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .key = TEST_KEY_RSA2048});
    struct span der = test_cert_der(made.cert);
    struct leaf_key got;
    cr_expect_not(leaf_key_read((struct span){0}, &got));
    cr_expect_eq(got.kind, LEAF_KEY_NONE);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *copy = malloc(len > 0 ? len : 1); /* a heap block of its own: ASan sees its end */
        CHECK(copy != NULL);
        memcpy(copy, der.at, len);
        cr_expect_not(leaf_key_read((struct span){copy, len}, &got), "%zu octets", len);
        free(copy);
    }
    uint8_t *copy = malloc(der.len);
    CHECK(copy != NULL);
    for (size_t i = 0; i < der.len; i++) {
        memcpy(copy, der.at, der.len);
        copy[i] ^= 0x80;
        (void)leaf_key_read((struct span){copy, der.len}, &got);
        cr_expect_lt(got.kind, LEAF_KEY_KIND_COUNT, "octet %zu", i);
    }
    free(copy);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&made);
}
