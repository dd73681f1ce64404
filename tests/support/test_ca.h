#pragma once

/**
 * A small certificate authority for tests, header-only: keys and certificates made on the spot.
 *
 *     struct test_cert root = test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true});
 *     struct test_cert leaf = test_cert_new(&root, &(struct test_cert_params){.cn = "mx.test"});
 *
 * Failures stop the program: nothing here may be tested by accident.
 */

#include <stdio.h>
#include <time.h>

#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "scanner/base/check.h"
#include "scanner/base/span.h"

enum test_key {
    TEST_KEY_P256, /* cheap, therefore the default */
    TEST_KEY_P384,
    TEST_KEY_RSA2048,
    TEST_KEY_RSA1024,
    TEST_KEY_ED25519,
};

struct test_cert {
    EVP_PKEY *key;
    X509 *cert;
};

struct test_extension {
    int nid;
    const char *value; /* in the notation of x509v3_config(5) */
};

struct test_cert_params {
    const char *cn;
    const char *san; /* "DNS:a,DNS:b"; NULL: none */
    enum test_key key;
    bool ca;
    long serial;        /* 0: 1 */
    long from_s;        /* from now */
    long until_s;       /* from now; 0: a day */
    const EVP_MD *hash; /* NULL: SHA-256 */
    const struct test_extension *extensions;
    size_t extension_count;
    EVP_PKEY *use_key; /* of the subject, shared; NULL: a new one of kind `key` */
    bool version_1;    /* then without extensions */
    long at;           /* Unix time that from_s and until_s count from; 0: now */
    long depth;        /* pathLenConstraint + 1 of a CA; 0: none */
};

static inline EVP_PKEY *test_key_new(enum test_key kind)
{
    EVP_PKEY *key = NULL;
    switch (kind) {
    case TEST_KEY_P256:
        key = EVP_EC_gen("P-256");
        break;
    case TEST_KEY_P384:
        key = EVP_EC_gen("P-384");
        break;
    case TEST_KEY_RSA2048:
        key = EVP_RSA_gen(2048);
        break;
    case TEST_KEY_RSA1024:
        key = EVP_RSA_gen(1024);
        break;
    case TEST_KEY_ED25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    }
    CHECK(key != NULL);
    return key;
}

static inline void test_cert_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    CONF *none = NCONF_new(NULL); /* some extensions insist on a configuration */
    X509V3_set_nconf(&ctx, none);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (extension == NULL) {
        (void)fprintf(stderr, "extension %s = %s\n", OBJ_nid2sn(nid), value);
    }
    CHECK(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    NCONF_free(none);
}

static inline void test_cert_sign(X509 *cert, EVP_PKEY *key, const EVP_MD *hash)
{
    bool own_hash = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    CHECK(X509_sign(cert, key, own_hash ? NULL : hash ? hash : EVP_sha256()) > 0);
}

/** `issuer` NULL: self-signed. */
static inline struct test_cert test_cert_new(const struct test_cert *issuer,
                                             const struct test_cert_params *p)
{
    struct test_cert made = {.key = p->use_key, .cert = X509_new()};
    CHECK(made.key == NULL || EVP_PKEY_up_ref(made.key) == 1);
    made.key = made.key ? made.key : test_key_new(p->key);
    X509 *cert = made.cert;
    X509 *issuer_cert = issuer ? issuer->cert : cert;
    CHECK(cert != NULL &&
          X509_set_version(cert, p->version_1 ? X509_VERSION_1 : X509_VERSION_3) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(cert), p->serial ? p->serial : 1) == 1);
    time_t at = p->at ? p->at : time(NULL);
    long until_s = p->until_s ? p->until_s : 86400;
    CHECK(X509_time_adj(X509_getm_notBefore(cert), p->from_s, &at) != NULL);
    CHECK(X509_time_adj(X509_getm_notAfter(cert), until_s, &at) != NULL);
    X509_NAME *name = X509_get_subject_name(cert);
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)p->cn, -1,
                                     -1, 0) == 1);
    CHECK(X509_set_issuer_name(cert, X509_get_subject_name(issuer_cert)) == 1);
    CHECK(X509_set_pubkey(cert, made.key) == 1);
    if (p->ca && !p->version_1) {
        char value[64];
        (void)snprintf(value, sizeof(value),
                       p->depth ? "critical,CA:TRUE,pathlen:%ld" : "critical,CA:TRUE",
                       p->depth - 1);
        test_cert_extend(cert, issuer_cert, NID_basic_constraints, value);
    }
    if (p->san != NULL) {
        test_cert_extend(cert, issuer_cert, NID_subject_alt_name, p->san);
    }
    for (size_t i = 0; i < p->extension_count; i++) {
        test_cert_extend(cert, issuer_cert, p->extensions[i].nid, p->extensions[i].value);
    }
    test_cert_sign(cert, issuer ? issuer->key : made.key, p->hash);
    return made;
}

static inline void test_cert_free(struct test_cert *c)
{
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
    *c = (struct test_cert){0};
}

/** The caller frees `at` with OPENSSL_free(). */
static inline struct span test_cert_der(X509 *cert)
{
    unsigned char *at = NULL;
    int len = i2d_X509(cert, &at);
    CHECK(len > 0);
    return (struct span){at, (size_t)len};
}
