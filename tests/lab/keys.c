/* The nonce of an ECDSA signature cannot be given through the newer interfaces of OpenSSL 3. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/lab/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "scanner/base/memory.h"
#include "tests/lab/der.h"

/* How many of each kind: enough that keys differ, few enough to be made in seconds. */
static const size_t leaf_counts[LAB_KEY_COUNT] = {
    [LAB_KEY_P256] = 64,     [LAB_KEY_P384] = 8,          [LAB_KEY_RSA_2048] = 8,
    [LAB_KEY_RSA_3072] = 2,  [LAB_KEY_RSA_4096] = 1,      [LAB_KEY_RSA_1024] = 1,
    [LAB_KEY_RSA_E3] = 1,    [LAB_KEY_RSA_9216] = 1,      [LAB_KEY_P521] = 1,
    [LAB_KEY_SECP256K1] = 1, [LAB_KEY_ED25519] = 1,       [LAB_KEY_ED448] = 1,
    [LAB_KEY_RSA_16384] = 1, [LAB_KEY_P256_EXPLICIT] = 1,
};

static EVP_PKEY *make_rsa_e3(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *three = BN_new();
    CHECK(ctx != NULL && three != NULL && BN_set_word(three, 3) == 1);
    CHECK(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1);
    CHECK(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three) == 1);
    CHECK(EVP_PKEY_generate(ctx, &key) == 1);
    BN_free(three);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void push_number(OSSL_PARAM_BLD *build, const char *name, const BIGNUM *n)
{
    CHECK(n != NULL && OSSL_PARAM_BLD_push_BN(build, name, n) == 1);
}

/* RFC 7919 appendix A */
static BIGNUM *ffdhe(const char *name)
{
    char group_name[16];
    BIGNUM *p = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *group = NULL;
    (void)snprintf(group_name, sizeof(group_name), "%s", name);
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group_name, 0),
        OSSL_PARAM_END,
    };
    CHECK(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1);
    CHECK(EVP_PKEY_fromdata(ctx, &group, EVP_PKEY_KEY_PARAMETERS, params) == 1);
    CHECK(EVP_PKEY_get_bn_param(group, OSSL_PKEY_PARAM_FFC_P, &p) == 1);
    EVP_PKEY_free(group);
    EVP_PKEY_CTX_free(ctx);
    return p;
}

#define PRIMES_MAX 5 /* of a key, RFC 8017 section 3.2 */

/* Primes of such sizes would take half a minute and more to find; those of RFC 3526 and RFC 7919 are there already.
 * That everybody knows them matters to nobody here. With more of them a signature costs less. Takes them. */
static EVP_PKEY *make_rsa_of(BIGNUM *const *primes, size_t count)
{
    static const char *const factors[PRIMES_MAX] = {
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_FACTOR3,
        OSSL_PKEY_PARAM_RSA_FACTOR4, OSSL_PKEY_PARAM_RSA_FACTOR5};
    static const char *const exponents[PRIMES_MAX] = {
        OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_EXPONENT3,
        OSSL_PKEY_PARAM_RSA_EXPONENT4, OSSL_PKEY_PARAM_RSA_EXPONENT5};
    static const char *const coefficients[PRIMES_MAX] = {
        NULL, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_COEFFICIENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT3, OSSL_PKEY_PARAM_RSA_COEFFICIENT4};
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *n = BN_new();
    BIGNUM *phi = BN_new();
    BIGNUM *e = BN_new();
    BIGNUM *less[PRIMES_MAX];
    BIGNUM *exponent[PRIMES_MAX];
    BIGNUM *coefficient[PRIMES_MAX] = {NULL};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    CHECK(bn != NULL && n != NULL && phi != NULL && e != NULL && build != NULL);
    CHECK(BN_one(n) == 1 && BN_one(phi) == 1 && BN_set_word(e, 65537) == 1);
    for (size_t i = 0; i < count; i++) {
        CHECK(primes[i] != NULL);
        if (i == 1) { /* of the first two it is the other way round */
            coefficient[i] = BN_mod_inverse(NULL, primes[1], primes[0], bn);
        } else if (i > 1) {
            coefficient[i] = BN_mod_inverse(NULL, n, primes[i], bn);
        }
        less[i] = BN_dup(primes[i]);
        CHECK(less[i] != NULL && BN_sub_word(less[i], 1) == 1);
        CHECK(BN_mul(n, n, primes[i], bn) == 1 && BN_mul(phi, phi, less[i], bn) == 1);
    }
    BIGNUM *d = BN_mod_inverse(NULL, e, phi, bn);
    CHECK(d != NULL);
    push_number(build, OSSL_PKEY_PARAM_RSA_N, n);
    push_number(build, OSSL_PKEY_PARAM_RSA_E, e);
    push_number(build, OSSL_PKEY_PARAM_RSA_D, d);
    for (size_t i = 0; i < count; i++) {
        exponent[i] = BN_new();
        CHECK(exponent[i] != NULL && BN_mod(exponent[i], d, less[i], bn) == 1);
        push_number(build, factors[i], primes[i]);
        push_number(build, exponents[i], exponent[i]);
        if (i > 0) {
            push_number(build, coefficients[i], coefficient[i]);
        }
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    CHECK(ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1);
    CHECK(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1);

    for (size_t i = 0; i < count; i++) {
        BN_free(primes[i]);
        BN_free(less[i]);
        BN_free(exponent[i]);
        BN_free(coefficient[i]);
    }
    BN_free(n);
    BN_free(phi);
    BN_free(e);
    BN_free(d);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_CTX_free(bn);
    return key;
}

static EVP_PKEY *make_rsa_9216(void)
{
    BIGNUM *const primes[] = {BN_get_rfc3526_prime_6144(NULL), BN_get_rfc3526_prime_3072(NULL)};
    return make_rsa_of(primes, 2);
}

static EVP_PKEY *make_rsa_16384(void)
{
    BIGNUM *const primes[] = {BN_get_rfc3526_prime_4096(NULL), ffdhe("ffdhe4096"),
                              BN_get_rfc3526_prime_3072(NULL), ffdhe("ffdhe3072"),
                              BN_get_rfc3526_prime_2048(NULL)};
    return make_rsa_of(primes, PRIMES_MAX);
}

static EVP_PKEY *make_p256_explicit(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    CHECK(key != NULL &&
          EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
    return key;
}

static EVP_PKEY *make_key(enum lab_key kind)
{
    switch (kind) {
    case LAB_KEY_P256:
        return EVP_EC_gen("P-256");
    case LAB_KEY_P384:
        return EVP_EC_gen("P-384");
    case LAB_KEY_RSA_2048:
        return EVP_RSA_gen(2048);
    case LAB_KEY_RSA_3072:
        return EVP_RSA_gen(3072);
    case LAB_KEY_RSA_4096:
        return EVP_RSA_gen(4096);
    case LAB_KEY_RSA_1024:
        return EVP_RSA_gen(1024);
    case LAB_KEY_RSA_E3:
        return make_rsa_e3();
    case LAB_KEY_RSA_9216:
        return make_rsa_9216();
    case LAB_KEY_P521:
        return EVP_EC_gen("P-521");
    case LAB_KEY_SECP256K1:
        return EVP_EC_gen("secp256k1");
    case LAB_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case LAB_KEY_ED448:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    case LAB_KEY_RSA_16384:
        return make_rsa_16384();
    case LAB_KEY_P256_EXPLICIT:
        return make_p256_explicit();
    case LAB_KEY_COUNT:
        break;
    }
    UNREACHABLE("unknown lab_key");
}

static enum lab_key ca_kind(int i)
{
    bool ec = (i >= CA_KEY_EC && i < CA_KEY_PRIVATE_RSA) || i == CA_KEY_PRIVATE_EC;
    return ec ? LAB_KEY_P256 : LAB_KEY_RSA_2048;
}

/* Takes the reference of `pkey`. */
static void fill_key(struct key *k, EVP_PKEY *pkey)
{
    CHECK(pkey != NULL);
    k->pkey = pkey;
    k->rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
    int len = i2d_PUBKEY(pkey, &k->spki);
    CHECK(len > 0);
    k->spki_len = (size_t)len;
    X509_PUBKEY *pub = X509_PUBKEY_new();
    const uint8_t *bits = NULL;
    int bits_len = 0;
    CHECK(pub != NULL && X509_PUBKEY_set(&pub, pkey) == 1);
    CHECK(X509_PUBKEY_get0_param(NULL, &bits, &bits_len, NULL, pub) == 1);
    CHECK(SHA1(bits, (size_t)bits_len, k->id) != NULL);
    X509_PUBKEY_free(pub);
}

/* All keys in the order of the file; NULL at the end. */
static struct key *nth_key(struct key_pool *pool, size_t n, enum lab_key *kind)
{
    if (n < CA_KEY_COUNT) {
        *kind = ca_kind((int)n);
        return &pool->ca[n];
    }
    n -= CA_KEY_COUNT;
    for (int k = 0; k < LAB_KEY_COUNT; k++) {
        if (n < leaf_counts[k]) {
            *kind = (enum lab_key)k;
            return &pool->leaf[k][n];
        }
        n -= leaf_counts[k];
    }
    return NULL;
}

static size_t key_count(void)
{
    size_t count = CA_KEY_COUNT;
    for (int k = 0; k < LAB_KEY_COUNT; k++) {
        count += leaf_counts[k];
    }
    return count;
}

/* Makes the keys from number `from` on, and writes all of them. */
static bool make_rest(struct key_pool *pool, size_t from, const char *path)
{
    char part[1024];
    (void)snprintf(part, sizeof(part), "%s.part-%d", path, (int)getpid()); /* others may be at it */
    FILE *file = fopen(part, "w");
    bool ok = file != NULL;
    struct key *key;
    enum lab_key kind;
    for (size_t n = 0; ok && (key = nth_key(pool, n, &kind)) != NULL; n++) {
        if (n >= from) {
            fill_key(key, make_key(kind));
        }
        ok = PEM_write_PrivateKey(file, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    }
    ok = (file == NULL || fclose(file) == 0) && ok;
    return ok && rename(part, path) == 0;
}

/* @return how many keys there are in the file */
static size_t load_file(struct key_pool *pool, FILE *file)
{
    struct key *key;
    enum lab_key kind;
    size_t n = 0;
    for (; (key = nth_key(pool, n, &kind)) != NULL; n++) {
        EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        if (pkey == NULL) {
            break;
        }
        fill_key(key, pkey);
    }
    return n;
}

bool key_pool_open(struct key_pool *pool, const char *path, struct buf *error)
{
    memset(pool, 0, sizeof(*pool));
    for (int k = 0; k < LAB_KEY_COUNT; k++) {
        pool->leaf[k] = memory_new(leaf_counts[k], sizeof(struct key));
    }
    FILE *file = fopen(path, "r");
    size_t loaded = 0;
    if (file != NULL) {
        loaded = load_file(pool, file);
        (void)fclose(file);
        if (loaded == 0) {
            buf_putf(error, "%s: not a key pool of this program", path);
            return false;
        }
    } else if (errno != ENOENT) {
        buf_putf(error, "%s: %s", path, strerror(errno));
        return false;
    }
    ERR_clear_error(); /* the end of the file */
    if (loaded < key_count() && !make_rest(pool, loaded, path)) {
        buf_putf(error, "%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

void key_pool_close(struct key_pool *pool)
{
    struct key *key;
    enum lab_key kind;
    for (size_t n = 0; pool->leaf[0] != NULL && (key = nth_key(pool, n, &kind)) != NULL; n++) {
        EVP_PKEY_free(key->pkey);
        OPENSSL_free(key->spki);
    }
    for (int k = 0; k < LAB_KEY_COUNT; k++) {
        free(pool->leaf[k]);
        pool->leaf[k] = NULL;
    }
}

const struct key *key_pool_leaf(const struct key_pool *pool, enum lab_key kind, uint64_t draw)
{
    return &pool->leaf[kind][draw % leaf_counts[kind]];
}

static void sign_rsa(const struct key *key, enum key_digest digest, struct span tbs,
                     struct buf *signature)
{
    const EVP_MD *type = digest == KEY_SHA1  ? EVP_sha1()
                         : digest == KEY_MD5 ? EVP_md5()
                                             : EVP_sha256();
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t len = 0;
    CHECK(md != NULL && EVP_DigestSignInit(md, NULL, type, NULL, key->pkey) == 1);
    CHECK(EVP_DigestSign(md, NULL, &len, tbs.at, tbs.len) == 1);
    uint8_t *to = buf_room(signature, len);
    CHECK(to != NULL && EVP_DigestSign(md, to, &len, tbs.at, tbs.len) == 1);
    signature->len += len;
    EVP_MD_CTX_free(md);
}

/* k from (private key, digest), so that the same octets always get the same signature. Enough for a
 * lab; RFC 6979 is what a real signer would do. */
static BIGNUM *derive_nonce(const EC_KEY *ec, const uint8_t digest[32], const BIGNUM *order)
{
    uint8_t seed[32 + 66] = {0};
    uint8_t wide[SHA512_DIGEST_LENGTH];
    memcpy(seed, digest, 32);
    CHECK(BN_bn2binpad(EC_KEY_get0_private_key(ec), seed + 32, 66) == 66);
    CHECK(SHA512(seed, sizeof(seed), wide) != NULL);
    BIGNUM *k = BN_bin2bn(wide, sizeof(wide), NULL);
    BN_CTX *ctx = BN_CTX_new();
    CHECK(k != NULL && ctx != NULL && BN_nnmod(k, k, order, ctx) == 1 && !BN_is_zero(k));
    BN_CTX_free(ctx);
    return k;
}

static void sign_ec(const struct key *key, struct span tbs, struct buf *signature)
{
    /* The library's signing functions want a key that is not const; they do not change it. */
    EC_KEY *ec = EVP_PKEY_get1_EC_KEY(key->pkey);
    CHECK(ec != NULL);
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    const BIGNUM *order = EC_GROUP_get0_order(group);
    uint8_t digest[32];
    CHECK(SHA256(tbs.at, tbs.len, digest) != NULL);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *k = derive_nonce(ec, digest, order);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *r = BN_new();
    BIGNUM *inverse = BN_new();
    CHECK(ctx != NULL && point != NULL && r != NULL && inverse != NULL);
    CHECK(EC_POINT_mul(group, point, k, NULL, NULL, ctx) == 1);
    CHECK(EC_POINT_get_affine_coordinates(group, point, r, NULL, ctx) == 1);
    CHECK(BN_nnmod(r, r, order, ctx) == 1 && BN_mod_inverse(inverse, k, order, ctx) != NULL);
    ECDSA_SIG *sig = ECDSA_do_sign_ex(digest, sizeof(digest), inverse, r, ec);
    CHECK(sig != NULL);
    uint8_t *der = NULL;
    int len = i2d_ECDSA_SIG(sig, &der);
    CHECK(len > 0);
    buf_put(signature, (struct span){der, (size_t)len});
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    BN_free(inverse);
    BN_free(r);
    EC_POINT_free(point);
    BN_free(k);
    BN_CTX_free(ctx);
    EC_KEY_free(ec);
}

void key_sign(const struct key *key, enum key_digest digest, struct span tbs, struct buf *signature)
{
    CHECK(key->rsa || digest == KEY_SHA256);
    if (key->rsa) {
        sign_rsa(key, digest, tbs, signature);
    } else {
        sign_ec(key, tbs, signature);
    }
}

void key_put_signature_algorithm(const struct key *key, enum key_digest digest, struct buf *out)
{
    /* PKCS #1: md5WithRSAEncryption 4, sha1WithRSAEncryption 5, sha256WithRSAEncryption 11 */
    static const uint8_t last[] = {[KEY_MD5] = 4, [KEY_SHA1] = 5, [KEY_SHA256] = 11};
    size_t at = der_open(out, DER_SEQUENCE);
    if (key->rsa) {
        uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last[digest]};
        der_put(out, DER_OID, (struct span){oid, sizeof(oid)});
        der_put(out, DER_NULL, (struct span){0});
    } else {
        DER_PUT_OID(out, "\x2a\x86\x48\xce\x3d\x04\x03\x02"); /* ecdsa-with-SHA256 */
    }
    der_close(out, at);
}
