#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scanner/base/check.h"
#include "scanner/base/span.h"
#include "scanner/tls/fast_public_key.h"
#include "scanner/tls/tls_context.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

TestSuite(fast_public_key, .init = tls_process_init);

static const char signed_text[] = "text";

struct curve_case {
    const char *name;
    const char *curve;
    const char *form;     /* of the point, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT */
    const char *encoding; /* of the curve, OSSL_PKEY_PARAM_EC_ENCODING */
    int spoil;            /* octet of the end of the key that is changed; 0: none */
    bool readable;
};

/* RFC 5480 section 2.1.1 and 2.2: a curve by name, a point in either form. */
static const struct curve_case cases[] = {
    {"P-256", "P-256", "uncompressed", "named_curve", 0, true},
    {"P-256, compressed point", "P-256", "compressed", "named_curve", 0, true},
    {"P-384", "P-384", "uncompressed", "named_curve", 0, true},
    {"P-521", "P-521", "uncompressed", "named_curve", 0, true},
    {"secp256k1: not among ours", "secp256k1", "uncompressed", "named_curve", 0, true},
    {"a curve by its parameters", "P-256", "uncompressed", "explicit", 0, true},
    {"a point that is not on P-256", "P-256", "uncompressed", "named_curve", 1, false},
    {"a point that is not on P-384", "P-384", "uncompressed", "named_curve", 1, false},
};

struct made_key {
    struct {
        uint8_t at[1024];
        int len;
    } spki;
    uint8_t signature[256];
    size_t signature_len;
};

/* With the lever off: it is for reading only. */
static struct made_key make_key(const struct curve_case *c)
{
    struct made_key made = {0};
    EVP_PKEY *key = EVP_EC_gen(c->curve);
    CHECK(key != NULL);
    CHECK(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                         c->form) == 1);
    CHECK(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, c->encoding) == 1);
    uint8_t *to = made.spki.at;
    made.spki.len = i2d_PUBKEY(key, &to);
    CHECK(made.spki.len > 0 && (size_t)made.spki.len < sizeof(made.spki.at));
    if (c->spoil > 0) {
        made.spki.at[made.spki.len - c->spoil] ^= 1;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    made.signature_len = sizeof(made.signature);
    CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
          EVP_DigestSign(ctx, made.signature, &made.signature_len, (const uint8_t *)signed_text,
                         strlen(signed_text)) == 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return made;
}

static bool verifies(EVP_PKEY *key, const struct made_key *made, const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, made->signature, made->signature_len, (const uint8_t *)text,
                                 strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static void check_key(const struct curve_case *c, const struct made_key *made, bool fast)
{
    const uint8_t *at = made->spki.at;
    X509_PUBKEY *spki = d2i_X509_PUBKEY(NULL, &at, made->spki.len);
    cr_assert_not_null(spki, "%s", c->name);
    EVP_PKEY *key = X509_PUBKEY_get0(spki);
    cr_expect_eq(key != NULL, c->readable, "%s, fast %d", c->name, fast);
    if (key != NULL) {
        cr_expect(verifies(key, made, signed_text), "%s, fast %d", c->name, fast);
        cr_expect(!verifies(key, made, "another"), "%s, fast %d", c->name, fast);
        cr_expect_eq(EVP_PKEY_eq(key, key), 1, "%s, fast %d", c->name, fast);
        cr_expect_geq(EVP_PKEY_get_bits(key), 256, "%s, fast %d", c->name, fast);
        cr_expect_geq((size_t)EVP_PKEY_get_size(key), made->signature_len, "%s, fast %d", c->name,
                      fast);
    }
    X509_PUBKEY_free(spki);
}

Test(fast_public_key, keys_of_curves_are_what_they_are_without_it)
{
    struct made_key made[COUNT(cases)];
    for (size_t i = 0; i < COUNT(cases); i++) {
        made[i] = make_key(&cases[i]);
        check_key(&cases[i], &made[i], false);
    }
    bool on = fast_public_key_acquire();
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_key(&cases[i], &made[i], on);
    }
    if (on) {
        fast_public_key_release();
    }
}

/* Two keys are compared, and one is written again, as octets show them. */
Test(fast_public_key, keys_compare_and_are_written)
{
    struct made_key one = make_key(&cases[0]);
    struct made_key other = make_key(&cases[0]);
    bool on = fast_public_key_acquire();
    const uint8_t *at[] = {one.spki.at, one.spki.at, other.spki.at};
    EVP_PKEY *keys[3];
    for (size_t i = 0; i < COUNT(keys); i++) {
        keys[i] = d2i_PUBKEY(NULL, &at[i], one.spki.len);
        cr_assert_not_null(keys[i]);
    }
    cr_expect_eq(EVP_PKEY_eq(keys[0], keys[1]), 1);
    cr_expect_eq(EVP_PKEY_eq(keys[0], keys[2]), 0);
    uint8_t *written = NULL;
    int len = i2d_PUBKEY(keys[0], &written);
    cr_expect_eq(len, one.spki.len);
    cr_expect_arr_eq(written, one.spki.at, (size_t)len);
    OPENSSL_free(written);
    for (size_t i = 0; i < COUNT(keys); i++) {
        EVP_PKEY_free(keys[i]);
    }
    if (on) {
        fast_public_key_release();
    }
}
