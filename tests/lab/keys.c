/* The nonce of an ECDSA signature cannot be given through the newer interfaces of OpenSSL 3. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/lab/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "scanner/base/memory.h"
#include "tests/lab/der.h"

/* How many of each kind: enough that keys differ, few enough to be made in seconds. */
static const size_t leaf_counts[LAB_KEY_COUNT] = {
    [LAB_KEY_P256] = 64,    [LAB_KEY_P384] = 8,     [LAB_KEY_RSA_2048] = 8,
    [LAB_KEY_RSA_3072] = 2, [LAB_KEY_RSA_4096] = 1,
};

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

static bool make_file(struct key_pool *pool, const char *path)
{
    char part[1024];
    (void)snprintf(part, sizeof(part), "%s.part", path);
    FILE *file = fopen(part, "w");
    bool ok = file != NULL;
    struct key *key;
    enum lab_key kind;
    for (size_t n = 0; ok && (key = nth_key(pool, n, &kind)) != NULL; n++) {
        EVP_PKEY *pkey = make_key(kind);
        CHECK(pkey != NULL);
        ok = PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1;
        EVP_PKEY_free(pkey);
    }
    ok = (file == NULL || fclose(file) == 0) && ok;
    return ok && rename(part, path) == 0;
}

static bool load_file(struct key_pool *pool, FILE *file)
{
    struct key *key;
    enum lab_key kind;
    for (size_t n = 0; (key = nth_key(pool, n, &kind)) != NULL; n++) {
        EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        if (pkey == NULL) {
            return false;
        }
        fill_key(key, pkey);
    }
    return true;
}

bool key_pool_open(struct key_pool *pool, const char *path, struct buf *error)
{
    memset(pool, 0, sizeof(*pool));
    for (int k = 0; k < LAB_KEY_COUNT; k++) {
        pool->leaf[k] = memory_new(leaf_counts[k], sizeof(struct key));
    }
    FILE *file = fopen(path, "r");
    if (file == NULL && make_file(pool, path)) {
        file = fopen(path, "r");
    }
    if (file == NULL) {
        buf_putf(error, "%s: %s", path, strerror(errno));
        return false;
    }
    bool ok = load_file(pool, file);
    (void)fclose(file);
    if (!ok) {
        buf_putf(error, "%s: not a key pool of this program", path);
    }
    return ok;
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

static void sign_rsa(const struct key *key, struct span tbs, struct buf *signature)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t len = 0;
    CHECK(md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key->pkey) == 1);
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

void key_sign(const struct key *key, struct span tbs, struct buf *signature)
{
    if (key->rsa) {
        sign_rsa(key, tbs, signature);
    } else {
        sign_ec(key, tbs, signature);
    }
}

void key_put_signature_algorithm(const struct key *key, struct buf *out)
{
    size_t at = der_open(out, DER_SEQUENCE);
    if (key->rsa) {
        DER_PUT_OID(out, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"); /* sha256WithRSAEncryption */
        der_put(out, DER_NULL, (struct span){0});
    } else {
        DER_PUT_OID(out, "\x2a\x86\x48\xce\x3d\x04\x03\x02"); /* ecdsa-with-SHA256 */
    }
    der_close(out, at);
}
