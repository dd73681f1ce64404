#include <criterion/criterion.h>

#include "scanner/observation/tls_names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct name_case {
    unsigned number;
    const char *name;
};

static void check(const struct name_case *c, const char *name)
{
    cr_expect_eq(name == NULL, c->name == NULL, "0x%04x: %s", c->number, name ? name : "none");
    if (name != NULL && c->name != NULL) {
        cr_expect_str_eq(name, c->name, "0x%04x", c->number);
    }
}

/* IANA, "Transport Layer Security (TLS) Parameters": the ends of each range in use. */
static const struct name_case versions[] = {
    {0x0301, "TLSv1.0"}, {0x0302, "TLSv1.1"}, {0x0303, "TLSv1.2"},
    {0x0304, "TLSv1.3"}, {0x0305, NULL},      {0, NULL},
};
static const struct name_case ciphers[] = {
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0x0a0a, NULL}, /* GREASE, RFC 8701 */
    {0xffff, NULL},
};
static const struct name_case groups[] = {
    {23, "secp256r1"}, {24, "secp384r1"},  {25, "secp521r1"},          {29, "x25519"},
    {30, "x448"},      {256, "ffdhe2048"}, {0x11ec, "X25519MLKEM768"}, {0, NULL},
};
static const struct name_case schemes[] = {
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0, NULL},
};
static const struct name_case alerts[] = {
    {0, "close_notify"},        {10, "unexpected_message"},       {40, "handshake_failure"},
    {70, "protocol_version"},   {71, "insufficient_security"},    {80, "internal_error"},
    {112, "unrecognized_name"}, {120, "no_application_protocol"}, {254, NULL},
};

/* Rows name suites, and are read back. */
Test(tls_names, each_suite_is_found_by_its_name)
{
    unsigned named = 0;
    for (unsigned i = 0; i <= UINT16_MAX; i++) {
        const char *name = tls_cipher_name((uint16_t)i);
        uint16_t again = (uint16_t)~i;
        named += name != NULL;
        cr_expect(name == NULL || (tls_cipher_find(span_of(name), &again) && again == i), "%s",
                  name);
    }
    cr_expect_gt(named, 150U);
    uint16_t unchanged = 7;
    cr_expect_not(tls_cipher_find(SPAN_LIT("TLS_AES_128_GCM_SHA25"), &unchanged));
    cr_expect_not(tls_cipher_find((struct span){0}, &unchanged));
    cr_expect_eq(unchanged, 7);
}

Test(tls_names, are_those_of_iana)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        check(&versions[i], tls_version_word((uint16_t)versions[i].number));
    }
    for (size_t i = 0; i < COUNT(ciphers); i++) {
        check(&ciphers[i], tls_cipher_name((uint16_t)ciphers[i].number));
    }
    for (size_t i = 0; i < COUNT(groups); i++) {
        check(&groups[i], tls_group_name((uint16_t)groups[i].number));
    }
    for (size_t i = 0; i < COUNT(schemes); i++) {
        check(&schemes[i], tls_signature_scheme_name((uint16_t)schemes[i].number));
    }
    for (size_t i = 0; i < COUNT(alerts); i++) {
        check(&alerts[i], tls_alert_name((int)alerts[i].number));
    }
    cr_expect_null(tls_alert_name(-1), "none was seen");
}
