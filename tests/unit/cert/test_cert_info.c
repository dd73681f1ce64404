#include <criterion/criterion.h>
#include <openssl/bn.h>
#include <openssl/rsa.h>

#include "scanner/cert/cert_info.h"
#include "scanner/tls/fast_public_key.h"
#include "tests/support/test_ca.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define expect_text(span, text)                                                                  \
    cr_expect(span_eq((span), span_of(text)), "%s: \"%.*s\" for \"%s\"", #span, (int)(span).len, \
              (const char *)(span).at, (text))

/* Signs again after a change, and reads what comes out. */
static bool read_changed(const struct test_cert *c, struct cert_info *out)
{
    test_cert_sign(c->cert, c->key, NULL);
    struct span der = test_cert_der(c->cert);
    bool good = cert_info_read(der, out);
    OPENSSL_free((void *)(uintptr_t)der.at);
    return good;
}

static const struct test_extension many_extensions[] = {
    {NID_key_usage, "critical,digitalSignature,keyEncipherment"},
    {NID_ext_key_usage, "serverAuth,clientAuth,1.3.6.1.4.1.99999.7"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid"},
    {NID_info_access,
     "OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/a.crt,caIssuers;URI:ldap://ca.test/"},
    {NID_crl_distribution_points, "URI:http://crl.test/1,URI:http://crl.test/2"},
    {NID_certificate_policies, "2.23.140.1.2.1,1.3.6.1.4.1.99999.8"},
    {NID_tlsfeature, "status_request"},
};

Test(cert_info, every_field_of_a_usual_certificate)
{
    struct test_cert root = test_cert_new(
        NULL,
        &(struct test_cert_params){
            .cn = "Root, of \"Test\"",
            .ca = true,
            .extensions = (const struct test_extension[]){{NID_subject_key_identifier, "hash"}},
            .extension_count = 1});
    struct test_cert leaf = test_cert_new(
        &root, &(struct test_cert_params){
                   .cn = "mx.test",
                   .key = TEST_KEY_RSA2048,
                   .serial = 4660,
                   .san = "DNS:mx.test,DNS:*.mail.test,IP:192.0.2.1,IP:2001:db8::1,email:a@b.test,"
                          "URI:https://x.test/,RID:1.2.3.4",
                   .extensions = many_extensions,
                   .extension_count = COUNT(many_extensions)});
    struct span der = test_cert_der(leaf.cert);
    struct cert_info c;
    cr_assert(cert_info_read(der, &c));
    cr_expect_null(c.parse_error, "%s", c.parse_error);
    cr_expect_eq(c.der_len, der.len);
    cr_expect_eq(c.version, 3);
    expect_text(c.serial_number, "4660");
    expect_text(c.serial_hex, "1234");
    expect_text(c.subject_dn, "CN=mx.test");
    expect_text(c.issuer_dn, "CN=Root\\, of \\\"Test\\\"");
    expect_text(c.subject_cn, "mx.test");
    cr_expect(!c.self_issued && !c.serial_negative && !c.serial_truncated);
    cr_expect(c.not_before.valid && c.not_after.valid);
    cr_expect_eq(c.not_after.unix_s - c.not_before.unix_s, 86400);
    expect_text(c.key_algorithm, "RSA");
    expect_text(c.key_algorithm_oid, "1.2.840.113549.1.1.1");
    cr_expect_eq(c.key_bits, 2048U);
    expect_text(c.rsa_exponent, "65537");
    expect_text(c.key_curve, "");
    expect_text(c.signature_algorithm, "ecdsa-with-SHA256");
    expect_text(c.signature_algorithm_oid, "1.2.840.10045.4.3.2");
    expect_text(c.signature_hash, "SHA256");

    cr_expect(c.has_san);
    cr_assert_eq(c.dns_names.count, 2U);
    expect_text(c.dns_names.at[0], "mx.test");
    expect_text(c.dns_names.at[1], "*.mail.test");
    static const struct {
        enum cert_name_kind kind;
        const char *text;
    } others[] = {{CERT_NAME_IP, "192.0.2.1"},
                  {CERT_NAME_IP, "2001:db8::1"},
                  {CERT_NAME_EMAIL, "a@b.test"},
                  {CERT_NAME_URI, "https://x.test/"},
                  {CERT_NAME_RID, "1.2.3.4"}};
    cr_assert_eq(c.other_name_count, COUNT(others));
    for (size_t i = 0; i < COUNT(others); i++) {
        cr_expect_eq(c.other_names[i].kind, others[i].kind, "%s", others[i].text);
        expect_text(c.other_names[i].text, others[i].text);
    }

    cr_expect(!c.has_basic_constraints && !c.is_ca && c.pathlen == -1);
    cr_expect(c.has_key_usage);
    cr_expect_eq(c.key_usage,
                 1U << CERT_USAGE_DIGITAL_SIGNATURE | 1U << CERT_USAGE_KEY_ENCIPHERMENT);
    cr_assert_eq(c.ext_key_usage.count, 3U);
    expect_text(c.ext_key_usage.at[0], "serverAuth");
    expect_text(c.ext_key_usage.at[2], "1.3.6.1.4.1.99999.7");
    cr_expect(c.has_subject_key_id && c.subject_key_id.len == 20);
    cr_expect(c.has_authority_key_id && c.authority_key_id.len == 20);
    cr_assert(c.ocsp_urls.count == 1 && c.ca_issuer_urls.count == 2 && c.crl_urls.count == 2);
    expect_text(c.ocsp_urls.at[0], "http://ocsp.test/");
    expect_text(c.ca_issuer_urls.at[1], "ldap://ca.test/");
    expect_text(c.crl_urls.at[1], "http://crl.test/2");
    cr_assert_eq(c.policies.count, 2U);
    expect_text(c.policies.at[0], "2.23.140.1.2.1");
    cr_expect(c.must_staple && !c.is_precertificate && !c.has_sct_list && !c.duplicate_extension);
    cr_expect(!c.has_name_constraints && c.unknown_critical.count == 0);

    uint8_t want[32];
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(leaf.key, &spki);
    CHECK(len > 0 && EVP_Digest(spki, (size_t)len, want, NULL, EVP_sha256(), NULL) == 1);
    cr_expect_arr_eq(c.spki_sha256, want, 32, "RFC 6698 section 2.1.2, selector 1");
    OPENSSL_free(spki);
    unsigned char *tbs = NULL;
    len = i2d_re_X509_tbs(leaf.cert, &tbs);
    CHECK(len > 0 && EVP_Digest(tbs, (size_t)len, want, NULL, EVP_sha256(), NULL) == 1);
    cr_expect_arr_eq(c.tbs_sha256, want, 32);
    OPENSSL_free(tbs);
    CHECK(X509_digest(leaf.cert, EVP_sha256(), want, NULL) == 1);
    cr_expect_arr_eq(c.fingerprint_sha256, want, 32);
    CHECK(X509_digest(leaf.cert, EVP_sha1(), want, NULL) == 1);
    cr_expect_arr_eq(c.fingerprint_sha1, want, 20);
    cert_info_deinit(&c);

    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&leaf);
    test_cert_free(&root);
}

struct key_case {
    const char *algorithm;
    enum test_key key;
    uint32_t bits;
    const char *curve;
    const char *exponent;
    const char *signature;
    const char *hash;
};

static const struct key_case key_cases[] = {
    {"RSA", TEST_KEY_RSA2048, 2048, "", "65537", "sha256WithRSAEncryption", "SHA256"},
    {"RSA", TEST_KEY_RSA1024, 1024, "", "65537", "sha256WithRSAEncryption", "SHA256"},
    {"EC", TEST_KEY_P256, 256, "P-256", "", "ecdsa-with-SHA256", "SHA256"},
    {"EC", TEST_KEY_P384, 384, "P-384", "", "ecdsa-with-SHA256", "SHA256"},
    {"Ed25519", TEST_KEY_ED25519, 256, "", "", "ED25519", ""},
};

static void check_keys(const struct test_cert *certs)
{
    for (size_t i = 0; i < COUNT(key_cases); i++) {
        const struct key_case *k = &key_cases[i];
        struct span der = test_cert_der(certs[i].cert);
        struct cert_info c;
        cr_assert(cert_info_read(der, &c));
        cr_expect_null(c.parse_error);
        expect_text(c.key_algorithm, k->algorithm);
        cr_expect_eq(c.key_bits, k->bits, "%u", c.key_bits);
        expect_text(c.key_curve, k->curve);
        expect_text(c.rsa_exponent, k->exponent);
        expect_text(c.signature_algorithm, k->signature);
        expect_text(c.signature_hash, k->hash);
        cr_expect(c.self_issued && c.is_ca && c.has_basic_constraints);
        cert_info_deinit(&c);
        OPENSSL_free((void *)(uintptr_t)der.at);
    }
}

/* RFC 8017, 5480, 8410; and the same with fast public keys. */
Test(cert_info, keys_and_signatures)
{
    struct test_cert certs[COUNT(key_cases)];
    for (size_t i = 0; i < COUNT(key_cases); i++) {
        certs[i] = test_cert_new(
            NULL, &(struct test_cert_params){.cn = "Root", .key = key_cases[i].key, .ca = true});
    }
    check_keys(certs);
    bool on = fast_public_key_acquire();
    check_keys(certs);
    if (on) {
        fast_public_key_release();
    }
    for (size_t i = 0; i < COUNT(key_cases); i++) {
        test_cert_free(&certs[i]);
    }
}

static struct test_cert plain_cert(void)
{
    return test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
}

struct serial_case {
    const char *decimal; /* of the certificate */
    const char *want_hex;
    bool want_negative;
};

static const struct serial_case serial_cases[] = {
    {"0", "00", false},
    {"127", "7f", false},
    {"128", "80", false},
    {"-1", "-01", true},
    {"-128", "-80", true},
    {"-32768", "-8000", true},
    {"1461501637330902918203684832716283019655932542975",
     "ffffffffffffffffffffffffffffffffffffffff", false}, /* 20 octets: RFC 5280 4.1.2.2 */
};

Test(cert_info, serial_numbers)
{
    struct test_cert cert = plain_cert();
    struct cert_info c;
    for (size_t i = 0; i < COUNT(serial_cases); i++) {
        BIGNUM *n = NULL;
        CHECK(BN_dec2bn(&n, serial_cases[i].decimal) > 0);
        CHECK(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert.cert)) != NULL);
        BN_free(n);
        cr_assert(read_changed(&cert, &c));
        expect_text(c.serial_number, serial_cases[i].decimal);
        expect_text(c.serial_hex, serial_cases[i].want_hex);
        cr_expect_eq(c.serial_negative, serial_cases[i].want_negative);
        cert_info_deinit(&c);
    }
    uint8_t large[4000];
    memset(large, 0x55, sizeof(large));
    CHECK(ASN1_STRING_set(X509_get_serialNumber(cert.cert), large, sizeof(large)) == 1);
    cr_assert(read_changed(&cert, &c));
    cr_expect(c.serial_truncated && c.serial_number.len == 0);
    cr_expect_eq(c.serial_hex.len, 2U * CERT_SERIAL_MAX);
    cert_info_deinit(&c);
    test_cert_free(&cert);
}

struct time_case {
    int type;
    const char *raw;
    bool valid;
    int64_t unix_s;
};

/* RFC 5280 section 4.1.2.5. */
static const struct time_case time_cases[] = {
    {V_ASN1_UTCTIME, "700101000000Z", true, 0},
    {V_ASN1_UTCTIME, "491231235959Z", true, 2524607999},
    {V_ASN1_UTCTIME, "500101000000Z", true, -631152000},
    {V_ASN1_GENERALIZEDTIME, "20500101000000Z", true, 2524608000},
    {V_ASN1_GENERALIZEDTIME, "99991231235959Z", true, 253402300799},
    {V_ASN1_GENERALIZEDTIME, "00000101000000Z", true, -62167219200},
    {V_ASN1_GENERALIZEDTIME, "100000101000000Z", false, 0},
    {V_ASN1_UTCTIME, "701301000000Z", false, 0},
    {V_ASN1_UTCTIME, "", false, 0},
    {V_ASN1_UTCTIME, "soon", false, 0},
};

Test(cert_info, dates)
{
    struct test_cert cert = plain_cert();
    for (size_t i = 0; i < COUNT(time_cases); i++) {
        const struct time_case *t = &time_cases[i];
        struct cert_info c;
        ASN1_TIME *time = X509_getm_notAfter(cert.cert);
        CHECK(ASN1_STRING_set(time, t->raw, -1) == 1);
        time->type = t->type;
        if (!read_changed(&cert, &c)) {
            /* OpenSSL 3.5 refuses the whole certificate for a time that is too short to be one. */
            cr_assert(!t->valid && OpenSSL_version_num() >= 0x30500000UL, "%s", t->raw);
            continue;
        }
        cr_expect_eq(c.not_after.valid, t->valid, "%s", t->raw);
        cr_expect_eq(c.not_after.unix_s, t->unix_s, "%s: %ld", t->raw, (long)c.not_after.unix_s);
        expect_text(c.not_after.raw, t->raw);
        cr_expect_eq(c.parse_error == NULL, t->valid, "%s", t->raw);
        cert_info_deinit(&c);
    }
    test_cert_free(&cert);
}

struct name_case {
    const char *name;
    int type;
    struct span value;
    const char *want_dn;
    struct span want_cn;
};

static const struct name_case name_cases[] = {
    {"RFC 4514 section 2.4: escapes", V_ASN1_UTF8STRING, SPAN_INIT(" a+b,c=\"d\"<e>;#\\ "),
     "CN=\\ a\\+b\\,c=\\\"d\\\"\\<e\\>\\;#\\\\\\ ", SPAN_INIT(" a+b,c=\"d\"<e>;#\\ ")},
    {"UTF-8 stays", V_ASN1_UTF8STRING, SPAN_INIT("M\xc3\xbcnchen"), "CN=M\xc3\xbcnchen",
     SPAN_INIT("M\xc3\xbcnchen")},
    {"Latin-1 in a T61String", V_ASN1_T61STRING, SPAN_INIT("M\xfcnchen"), "CN=M\xc3\xbcnchen",
     SPAN_INIT("M\xc3\xbcnchen")},
    {"BMPString", V_ASN1_BMPSTRING, SPAN_INIT("\0m\0x"), "CN=mx", SPAN_INIT("mx")},
    {"NUL", V_ASN1_UTF8STRING, SPAN_INIT("a\0b"), "CN=a\\00b", SPAN_INIT("a\0b")},
};

Test(cert_info, distinguished_names)
{
    struct test_cert cert = plain_cert();
    for (size_t i = 0; i < COUNT(name_cases); i++) {
        const struct name_case *n = &name_cases[i];
        struct cert_info c;
        X509_NAME *name = X509_NAME_new();
        X509_NAME_ENTRY *entry = X509_NAME_ENTRY_create_by_NID(
            NULL, NID_commonName, V_ASN1_UTF8STRING, (const unsigned char *)"x", 1);
        ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        CHECK(ASN1_STRING_set(value, n->value.at, (int)n->value.len) == 1);
        value->type = n->type;
        CHECK(X509_NAME_add_entry(name, entry, -1, 0) == 1);
        CHECK(X509_set_subject_name(cert.cert, name) == 1);
        X509_NAME_ENTRY_free(entry);
        X509_NAME_free(name);
        cr_assert(read_changed(&cert, &c), "%s: %s", n->name, c.parse_error);
        expect_text(c.subject_dn, n->want_dn);
        cr_expect(span_eq(c.subject_cn, n->want_cn), "%s", n->name);
        cert_info_deinit(&c);
    }
    test_cert_free(&cert);
}

static void set_dns_names(X509 *cert, struct span name, size_t count)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    for (size_t i = 0; i < count; i++) {
        GENERAL_NAME *n = GENERAL_NAME_new();
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        CHECK(ASN1_STRING_set(text, name.at, (int)name.len) == 1);
        GENERAL_NAME_set0_value(n, GEN_DNS, text);
        CHECK(sk_GENERAL_NAME_push(names, n) > 0);
    }
    CHECK(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE) == 1);
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

Test(cert_info, names_as_they_are_and_as_many_as_are_kept)
{
    struct test_cert cert = plain_cert();
    struct cert_info c;
    set_dns_names(cert.cert, SPAN_LIT("good.test\0evil.test"), 1);
    cr_assert(read_changed(&cert, &c));
    cr_assert_eq(c.dns_names.count, 1U);
    cr_expect(span_eq(c.dns_names.at[0], SPAN_LIT("good.test\0evil.test")));
    cert_info_deinit(&c);

    set_dns_names(cert.cert, SPAN_LIT("\xff\x80"), 10000);
    cr_assert(read_changed(&cert, &c));
    cr_expect_eq(c.dns_names.count, (size_t)CERT_NAMES_MAX);
    cr_expect_eq(c.dns_names.total, 10000U);
    cr_expect(span_eq(c.dns_names.at[CERT_NAMES_MAX - 1], SPAN_LIT("\xff\x80")));
    cr_expect_null(c.parse_error);
    cert_info_deinit(&c);
    test_cert_free(&cert);
}

struct octets_case {
    const char *name;
    const char *oid;
    bool critical;
    struct span value; /* of the extension, DER */
    uint32_t want_scts;
    const char *want_error; /* NULL: none */
};

#define SCT_OID "1.3.6.1.4.1.11129.2.4.2"

static const struct octets_case octets_cases[] = {
    {"three SCTs (RFC 6962 3.3)", SCT_OID, false,
     SPAN_INIT("\x04\x0d\0\x0b\0\x02"
               "ab\0\x00\0\x03xyz"),
     3, NULL},
    {"no SCT", SCT_OID, false, SPAN_INIT("\x04\x02\0\0"), 0, NULL},
    {"an SCT over the end", SCT_OID, false, SPAN_INIT("\x04\x05\0\x03\0\x02x"), 0,
     "extension ct_precert_scts cannot be read"},
    {"a list that is no OCTET STRING", SCT_OID, false, SPAN_INIT("\x02\x01\x05"), 0,
     "extension ct_precert_scts cannot be read"},
    {"a list of no octets", SCT_OID, false, SPAN_INIT(""), 0,
     "extension ct_precert_scts cannot be read"},
    {"SAN of garbage", "2.5.29.17", false, SPAN_INIT("garbage"), 0,
     "extension subjectAltName cannot be read"},
    {"key usage of garbage", "2.5.29.15", true, SPAN_INIT("\x01"), 0,
     "extension keyUsage cannot be read"},
    {"path length of -1", "2.5.29.19", true, SPAN_INIT("\x30\x06\x01\x01\xff\x02\x01\xff"), 0,
     "a pathLenConstraint that is no length"},
    {"unknown and not critical", "1.3.6.1.4.1.99999.9", false, SPAN_INIT("x"), 0, NULL},
    {"unknown and critical (RFC 5280 4.2)", "1.3.6.1.4.1.99999.9", true, SPAN_INIT("x"), 0, NULL},
    {"an address of 5 octets", "2.5.29.17", false,
     SPAN_INIT("\x30\x07\x87\x05\x01\x02\x03\x04\x05"), 0, NULL},
};

static void add_octets(X509 *cert, const struct octets_case *o)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(o->oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    CHECK(ASN1_OCTET_STRING_set(value, o->value.at, (int)o->value.len) == 1);
    X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, oid, o->critical, value);
    CHECK(e != NULL && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

Test(cert_info, extensions_of_any_content)
{
    for (size_t i = 0; i < COUNT(octets_cases); i++) {
        const struct octets_case *o = &octets_cases[i];
        struct test_cert cert = plain_cert();
        struct cert_info c;
        add_octets(cert.cert, o);
        cr_assert(read_changed(&cert, &c), "%s", o->name);
        cr_expect_eq(c.has_sct_list, strcmp(o->oid, SCT_OID) == 0, "%s", o->name);
        cr_expect_eq(c.has_san, strcmp(o->oid, "2.5.29.17") == 0, "%s", o->name);
        cr_expect_eq(c.sct_count, o->want_scts, "%s", o->name);
        cr_expect((c.parse_error == NULL) == (o->want_error == NULL), "%s: %s", o->name,
                  c.parse_error);
        cr_expect(o->want_error == NULL || strcmp(c.parse_error, o->want_error) == 0, "%s: %s",
                  o->name, c.parse_error);
        bool unknown = o->critical && strcmp(o->oid, "1.3.6.1.4.1.99999.9") == 0;
        cr_expect_eq(c.unknown_critical.count, unknown ? 1U : 0U, "%s", o->name);
        cr_expect(!c.duplicate_extension && c.pathlen == -1);
        cert_info_deinit(&c);
        add_octets(cert.cert, o);
        cr_assert(read_changed(&cert, &c), "%s", o->name);
        cr_expect(c.duplicate_extension, "%s, twice (RFC 5280 4.2)", o->name);
        cr_expect_eq(c.sct_count, o->want_scts, "%s", o->name);
        cert_info_deinit(&c);
        test_cert_free(&cert);
    }
}

/* SEQUENCE { INTEGER of `octets` octets, INTEGER 3 }, RFC 8017 appendix A.1.1. */
static struct span rsa_key_of(size_t octets)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    size_t body = 4 + octets + 3;
    const uint8_t head[] = {0x30, 0x82, (uint8_t)(body >> 8),   (uint8_t)body,
                            0x02, 0x82, (uint8_t)(octets >> 8), (uint8_t)octets};
    buf_put(&b, (struct span){head, sizeof(head)});
    for (size_t i = 0; i < octets; i++) {
        buf_put_char(&b, 0x55);
    }
    buf_put(&b, SPAN_LIT("\x02\x01\x03"));
    return buf_span(&b);
}

struct spki_case {
    const char *name;
    const char *oid;
    size_t rsa_octets; /* 0: garbage instead of a key */
    bool readable;
    uint32_t bits;
    const char *algorithm;
};

static const struct spki_case spki_cases[] = {
    {"RSA of 160,000 bits", "1.2.840.113549.1.1.1", 20000, true, 159999, "RSA"},
    {"RSA of 512 bits", "1.2.840.113549.1.1.1", 64, true, 511, "RSA"},
    {"RSA of garbage", "1.2.840.113549.1.1.1", 0, false, 0, "RSA"},
    {"EC of garbage", "1.2.840.10045.2.1", 0, false, 0, "EC"},
    {"an algorithm of nobody", "1.3.6.1.4.1.99999.10", 0, false, 0, "1.3.6.1.4.1.99999.10"},
    {"GOST, which OpenSSL knows by name alone", "1.2.643.7.1.1.1.1", 0, false, 0, "gost2012_256"},
};

Test(cert_info, keys_of_any_size_and_kind)
{
    for (size_t i = 0; i < 2 * COUNT(spki_cases); i++) {
        const struct spki_case *s = &spki_cases[i / 2];
        struct test_cert cert = plain_cert();
        struct cert_info c;
        struct span key = s->rsa_octets ? rsa_key_of(s->rsa_octets) : SPAN_LIT("garbage");
        unsigned char *copy = OPENSSL_memdup(key.at, key.len);
        CHECK(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(cert.cert), OBJ_txt2obj(s->oid, 1),
                                     V_ASN1_NULL, NULL, copy, (int)key.len) == 1);
        test_cert_sign(cert.cert, cert.key, NULL);
        struct span der = test_cert_der(cert.cert);
        bool on = i % 2 == 1 && fast_public_key_acquire();
        cr_assert(cert_info_read(der, &c), "%s", s->name);
        OPENSSL_free((void *)(uintptr_t)der.at);
        if (on) {
            fast_public_key_release();
        }
        cr_expect_eq(c.key_unreadable, !s->readable, "%s", s->name);
        bool damaged = !s->readable && EVP_PKEY_type(OBJ_txt2nid(s->oid)) != NID_undef;
        cr_expect_eq(c.parse_error != NULL, damaged, "%s: %s", s->name, c.parse_error);
        cr_expect_eq(c.key_bits, s->bits, "%s: %u", s->name, c.key_bits);
        expect_text(c.key_algorithm, s->algorithm);
        expect_text(c.rsa_exponent, s->readable ? "3" : "");
        cert_info_deinit(&c);
        if (s->rsa_octets) {
            free((void *)(uintptr_t)key.at);
        }
        test_cert_free(&cert);
    }
}

Test(cert_info, what_is_no_certificate)
{
    struct test_cert cert =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test",
                                                       .san = "DNS:mx.test",
                                                       .extensions = many_extensions,
                                                       .extension_count = 3});
    struct span der = test_cert_der(cert.cert);
    struct cert_info c;
    for (size_t cut = 0; cut < der.len; cut++) {
        cr_expect_not(cert_info_read(span_take(der, cut), &c), "cut at %zu", cut);
        cr_expect_not_null(c.parse_error);
        cr_expect_eq(c.der_len, cut);
        cr_expect_eq(c.subject_dn.len, 0U);
        cert_info_deinit(&c);
    }

    struct buf longer = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&longer, der);
    buf_put_text(&longer, "more");
    cr_expect(cert_info_read(buf_span(&longer), &c));
    cr_expect_str_eq(c.parse_error, "4 octets behind the certificate");
    expect_text(c.subject_dn, "CN=mx.test");
    cert_info_deinit(&c);

    /* A subject that is not in the character set it names: OpenSSL reads no such certificate. */
    longer.len = der.len;
    for (size_t i = 0; i + 7 <= der.len; i++) {
        if (memcmp(longer.at + i, "mx.test", 7) == 0) {
            longer.at[i] = 0xff;
        }
    }
    cr_expect_not(cert_info_read(buf_span(&longer), &c));
    cr_expect_not_null(c.parse_error);
    cert_info_deinit(&c);
    buf_reset(&longer);
    buf_put(&longer, der);

    /* Every octet altered: whatever comes out, the identity is that of the octets. */
    for (size_t i = 0; i < der.len; i++) {
        uint8_t want[32];
        longer.len = der.len;
        longer.at[i] ^= 0x15;
        (void)cert_info_read(buf_span(&longer), &c);
        CHECK(EVP_Digest(longer.at, longer.len, want, NULL, EVP_sha256(), NULL) == 1);
        cr_expect_arr_eq(c.fingerprint_sha256, want, 32, "octet %zu", i);
        cert_info_deinit(&c);
        longer.at[i] ^= 0x15;
    }
    buf_deinit(&longer);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&cert);
}
