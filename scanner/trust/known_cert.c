#include "scanner/trust/known_cert.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "scanner/cert/cert_x509.h"

#define SECURITY_BITS_MIN 112 /* OpenSSL's security level 2, NIST SP 800-57 part 1 table 2 */

static uint16_t time_faults(const X509 *cert, time_t at)
{
    /* 0: not in the form of RFC 5280 section 4.1.2.5. Equal counts as earlier. */
    int start = X509_cmp_time(X509_get0_notBefore(cert), &at);
    int end = X509_cmp_time(X509_get0_notAfter(cert), &at);
    unsigned faults = 0;
    faults |= start == 0 || end == 0 ? FAULT_BIT(BAD_TIME) : 0;
    faults |= start > 0 ? FAULT_BIT(NOT_YET_VALID) : 0;
    faults |= end < 0 ? FAULT_BIT(EXPIRED) : 0;
    return (uint16_t)faults;
}

static bool is_explicit_curve(const EVP_PKEY *key)
{
    int explicit_parameters = 0;
    return EVP_PKEY_get_id(key) == EVP_PKEY_EC &&
           (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                   &explicit_parameters) != 1 ||
            explicit_parameters != 0);
}

static void test_strength(struct known_cert *c)
{
    const EVP_PKEY *key = X509_get0_pubkey(c->x509);
    if (key == NULL || EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN) {
        c->faults_anywhere |= FAULT_BIT(WEAK_KEY);
    }
    c->explicit_curve = key != NULL && is_explicit_curve(key);
    /* Of an algorithm that is not known nothing is known; its signature is never good either. */
    int bits = 0;
    c->weak_signature =
        X509_get_signature_info(c->x509, NULL, NULL, &bits, NULL) == 1 && bits < SECURITY_BITS_MIN;
}

/* RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12, as OpenSSL's purpose "sslserver" reads them:
 * anyExtendedKeyUsage alone does not do, and a CA may be limited to serverAuth as well. */
static void test_usage(struct known_cert *c)
{
    uint32_t extended = X509_get_extended_key_usage(c->x509);
    unsigned both = extended & (XKU_SSL_SERVER | XKU_SGC) ? 0 : FAULT_BIT(EXTENDED_KEY_USAGE);
    bool serves = X509_check_purpose(c->x509, X509_PURPOSE_SSL_SERVER, 0) == 1;
    c->faults_as_leaf = (uint16_t)(both | (!serves && both == 0 ? FAULT_BIT(KEY_USAGE) : 0));

    unsigned usage = X509_get_key_usage(c->x509) & KU_KEY_CERT_SIGN ? 0 : FAULT_BIT(KEY_USAGE);
    bool says_ca = (c->flags & EXFLAG_CA) != 0;
    /* What X509_check_ca() tells beyond 1: a version 1 root, keyCertSign without
     * basicConstraints, Netscape's own extension. */
    bool old_ca = !says_ca && X509_check_ca(c->x509) > 1;
    unsigned issuer = both | usage;
    c->faults_as_issuer = (uint16_t)(issuer | (says_ca ? 0 : FAULT_BIT(NOT_CA)));
    c->faults_as_last = (uint16_t)(issuer | (says_ca || old_ca ? 0 : FAULT_BIT(NOT_CA)));
    if (c->faults_as_last == 0 && X509_check_purpose(c->x509, X509_PURPOSE_SSL_SERVER, 1) != 1) {
        c->faults_as_issuer |= FAULT_BIT(NOT_CA);
        c->faults_as_last |= FAULT_BIT(NOT_CA);
    }
}

static void test_extensions(struct known_cert *c)
{
    /* A proxy certificate (RFC 3820) is one more critical extension that is not processed here. */
    if ((c->flags & (EXFLAG_CRITICAL | EXFLAG_PROXY)) != 0) {
        c->faults_anywhere |= FAULT_BIT(UNKNOWN_CRITICAL);
    }
    if ((c->flags & EXFLAG_INVALID) != 0) {
        c->faults_anywhere |= FAULT_BIT(BAD_EXTENSION);
        return; /* nothing that OpenSSL says of its usage counts */
    }
    if (c->info.duplicate_extension) {
        c->faults_anywhere |= FAULT_BIT(BAD_EXTENSION);
    }
    test_usage(c);
    c->pathlen = X509_get_pathlen(c->x509);
    c->constraints = X509_get_ext_d2i(c->x509, NID_name_constraints, NULL, NULL);
}

void known_cert_init(struct known_cert *c, struct span der, time_t at)
{
    c->pathlen = -1;
    c->x509 = cert_info_read_x509(der, &c->info);
    if (c->x509 == NULL) {
        return;
    }
    c->flags = X509_get_extension_flags(c->x509);
    c->subject_hash = (uint32_t)X509_NAME_hash_ex(X509_get_subject_name(c->x509), NULL, NULL, NULL);
    c->issuer_hash = (uint32_t)X509_NAME_hash_ex(X509_get_issuer_name(c->x509), NULL, NULL, NULL);
    c->faults_anywhere = time_faults(c->x509, at);
    test_strength(c);
    test_extensions(c);
    ERR_clear_error();
}

void known_cert_deinit(struct known_cert *c)
{
    NAME_CONSTRAINTS_free(c->constraints);
    X509_free(c->x509);
    cert_info_deinit(&c->info);
}
