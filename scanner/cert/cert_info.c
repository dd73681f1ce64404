#include "scanner/cert/cert_info.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scanner/base/memory.h"
#include "scanner/cert/cert_info_private.h"
#include "scanner/cert/cert_x509.h"
#include "scanner/cert/der.h"

#define EXPONENT_BITS_MAX 512 /* larger RSA exponents are not written out; our own bound */

const struct vocabulary cert_name_kind_vocabulary = VOCABULARY_WORDS(CERT_NAME_KINDS);

const struct vocabulary cert_key_usage_vocabulary = VOCABULARY_WORDS(CERT_KEY_USAGES);

static void cert_digest(const EVP_MD *md, struct span s, uint8_t *out)
{
    CHECK(EVP_Digest(s.at, s.len, out, NULL, md, NULL) == 1);
}

static void read_identity(struct span der, struct cert_info *c)
{
    struct der_parts parts;
    c->der_len = der.len;
    cert_digest(EVP_sha256(), der, c->fingerprint_sha256);
    cert_digest(EVP_sha1(), der, c->fingerprint_sha1);
    if (der_certificate_parts(der, &parts)) {
        cert_digest(EVP_sha256(), parts.spki, c->spki_sha256);
        cert_digest(EVP_sha256(), parts.tbs, c->tbs_sha256);
    } else {
        cert_info_note(c, "not in DER");
    }
}

static void read_serial(const X509 *cert, struct cert_info *c)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    struct span magnitude = {ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)};
    c->serial_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    c->serial_truncated = magnitude.len > CERT_SERIAL_MAX;

    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    const char *sign = c->serial_negative ? "-" : "";
    buf_put_text(&text, sign);
    buf_put_hex(&text, span_take(magnitude, CERT_SERIAL_MAX));
    c->serial_hex = arena_copy(&c->memory->arena, buf_span(&text));
    if (!c->serial_truncated) {
        BIGNUM *n = BN_bin2bn(magnitude.at, (int)magnitude.len, NULL);
        char *decimal = n ? BN_bn2dec(n) : NULL;
        CHECK(decimal != NULL);
        buf_reset(&text);
        buf_put_text(&text, sign);
        buf_put_text(&text, decimal);
        c->serial_number = arena_copy(&c->memory->arena, buf_span(&text));
        OPENSSL_free(decimal);
        BN_free(n);
    }
    buf_deinit(&text);
}

/* The last one is the most specific, RFC 6125 section 2.3.1. */
static struct span common_name(struct arena *a, const X509_NAME *name)
{
    int found = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) {
        found = at;
    }
    if (found < 0) {
        return (struct span){0};
    }
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found));
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, value);
    if (len < 0) {
        return cert_text_of_string(a, value);
    }
    struct span text = arena_copy(a, (struct span){utf8, (size_t)len});
    OPENSSL_free(utf8);
    return text;
}

static void read_name_fields(const X509 *cert, struct cert_info *c)
{
    struct arena *a = &c->memory->arena;
    const X509_NAME *subject = X509_get_subject_name(cert);
    const X509_NAME *issuer = X509_get_issuer_name(cert);
    bool subject_cut = false;
    bool issuer_cut = false;
    c->subject_dn = cert_text_of_name(a, subject, &subject_cut);
    c->issuer_dn = cert_text_of_name(a, issuer, &issuer_cut);
    c->subject_cn = common_name(a, subject);
    c->self_issued = X509_NAME_cmp(subject, issuer) == 0;
    if (subject_cut || issuer_cut) {
        cert_info_note(c, "a distinguished name of over %d octets", CERT_DN_MAX);
    }
}

static struct span key_algorithm_name(struct arena *a, const ASN1_OBJECT *oid)
{
    switch (OBJ_obj2nid(oid)) {
    case NID_rsaEncryption:
        return SPAN_LIT("RSA");
    case NID_rsassaPss:
        return SPAN_LIT("RSA-PSS");
    case NID_X9_62_id_ecPublicKey:
        return SPAN_LIT("EC");
    case NID_ED25519:
        return SPAN_LIT("Ed25519");
    case NID_ED448:
        return SPAN_LIT("Ed448");
    case NID_dsa:
        return SPAN_LIT("DSA");
    default: /* OpenSSL's numbers */
        return cert_text_of_object(a, oid);
    }
}

/* The curve by its parameters (RFC 5480 section 2.1.1), whether or not the point is on it. */
static struct span curve_name(struct arena *a, const X509_ALGOR *algorithm)
{
    int type = V_ASN1_UNDEF;
    const void *value = NULL;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    if (type == V_ASN1_SEQUENCE) {
        return SPAN_LIT("explicit");
    }
    if (type != V_ASN1_OBJECT) {
        return (struct span){0};
    }
    const char *nist = EC_curve_nid2nist(OBJ_obj2nid(value));
    return nist ? span_of(nist) : cert_text_of_object(a, value);
}

static void read_rsa_exponent(EVP_PKEY *key, struct cert_info *c)
{
    BIGNUM *e = NULL;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
        BN_num_bits(e) <= EXPONENT_BITS_MAX) {
        char *decimal = BN_bn2dec(e);
        CHECK(decimal != NULL);
        c->rsa_exponent = arena_copy(&c->memory->arena, span_of(decimal));
        OPENSSL_free(decimal);
    }
    BN_free(e);
}

static void read_key_fields(const X509 *cert, struct cert_info *c)
{
    struct arena *a = &c->memory->arena;
    ASN1_OBJECT *oid = NULL;
    X509_ALGOR *algorithm = NULL;
    CHECK(X509_PUBKEY_get0_param(&oid, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(cert)) == 1);
    c->key_algorithm = key_algorithm_name(a, oid);
    c->key_algorithm_oid = cert_text_of_oid(a, oid);
    if (OBJ_obj2nid(oid) == NID_X9_62_id_ecPublicKey) {
        c->key_curve = curve_name(a, algorithm);
    }
    EVP_PKEY *key = X509_get0_pubkey(cert);
    if (key == NULL) {
        c->key_unreadable = true;
        if (EVP_PKEY_type(OBJ_obj2nid(oid)) != NID_undef) { /* else it may be well made */
            cert_info_note(c, "the public key cannot be read");
        }
        return;
    }
    int bits = EVP_PKEY_get_bits(key);
    int type = EVP_PKEY_get_base_id(key);
    c->key_bits = bits > 0 ? (uint32_t)bits : 0;
    if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS) {
        read_rsa_exponent(key, c);
    }
}

static void read_signature(X509 *cert, struct cert_info *c)
{
    struct arena *a = &c->memory->arena;
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;
    X509_get0_signature(NULL, &algorithm, cert);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    int nid = OBJ_obj2nid(oid);
    c->signature_algorithm_oid = cert_text_of_oid(a, oid);
    c->signature_algorithm =
        nid != NID_undef ? span_of(OBJ_nid2ln(nid)) : c->signature_algorithm_oid;

    int hash = NID_undef;
    if (nid == NID_rsassaPss) { /* the hash is in the parameters, RFC 4055 section 3.1 */
        (void)X509_get_signature_info(cert, &hash, NULL, NULL, NULL);
    } else {
        (void)OBJ_find_sigid_algs(nid, &hash, NULL);
    }
    if (hash != NID_undef) {
        c->signature_hash = span_of(OBJ_nid2sn(hash));
    }
}

X509 *cert_info_read_x509(struct span der, struct cert_info *out)
{
    *out = (struct cert_info){.pathlen = -1, .memory = memory_new(1, sizeof(*out->memory))};
    out->memory->arena = ARENA_INIT(&out->memory->pool);
    const unsigned char *at = der.at;
    ERR_clear_error();
    X509 *cert = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (cert == NULL) {
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        cert_info_note(out, "no certificate: %s", reason ? reason : "empty");
    }
    read_identity(der, out);
    if (cert != NULL) {
        struct arena *a = &out->memory->arena;
        size_t behind = der.len - (size_t)(at - der.at);
        if (behind > 0) {
            cert_info_note(out, "%zu octets behind the certificate", behind);
        }
        out->version = (int)X509_get_version(cert) + 1;
        read_serial(cert, out);
        read_name_fields(cert, out);
        out->not_before = cert_time_of(a, X509_get0_notBefore(cert));
        out->not_after = cert_time_of(a, X509_get0_notAfter(cert));
        if (!out->not_before.valid || !out->not_after.valid) {
            cert_info_note(out, "a date that is none");
        }
        read_key_fields(cert, out);
        read_signature(cert, out);
        cert_extensions_read(cert, out);
    }
    ERR_clear_error();
    return cert;
}

bool cert_info_read(struct span der, struct cert_info *out)
{
    X509 *cert = cert_info_read_x509(der, out);
    X509_free(cert);
    return cert != NULL;
}

void cert_info_deinit(struct cert_info *c)
{
    if (c->memory != NULL) {
        arena_reset(&c->memory->arena);
        arena_pool_deinit(&c->memory->pool);
        free(c->memory);
        c->memory = NULL;
    }
}
