#include <string.h>

#include <criterion/criterion.h>

#include "scanner/observation/tls_names.h"

struct name_case {
    const char *(*name)(uint16_t number);
    uint16_t number;
    const char *expected; /* NULL: none */
};

/* IANA "Transport Layer Security (TLS) Parameters": the first and last of each table, and gaps. */
static const struct name_case cases[] = {
    {tls_version_word, 0x0300, "SSLv3"},
    {tls_version_word, 0x0301, "TLSv1.0"},
    {tls_version_word, 0x0304, "TLSv1.3"},
    {tls_version_word, 0, NULL},
    {tls_version_word, 0x0305, NULL},
    {tls_cipher_name, 0x0001, "TLS_RSA_WITH_NULL_MD5"},
    {tls_cipher_name, 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {tls_cipher_name, 0x1301, "TLS_AES_128_GCM_SHA256"},
    {tls_cipher_name, 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {tls_cipher_name, 0xccae, "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256"},
    {tls_cipher_name, 0, NULL},
    {tls_cipher_name, 0xffff, NULL},
    {tls_group_name, 1, "sect163k1"},
    {tls_group_name, 23, "secp256r1"},
    {tls_group_name, 29, "x25519"},
    {tls_group_name, 0x11ec, "X25519MLKEM768"},
    {tls_group_name, 0x11ed, "SecP384r1MLKEM1024"},
    {tls_group_name, 0, NULL},
    {tls_signature_scheme_name, 0x0101, "rsa_md5"},
    {tls_signature_scheme_name, 0x0403, "ecdsa_secp256r1_sha256"},
    {tls_signature_scheme_name, 0x0804, "rsa_pss_rsae_sha256"},
    {tls_signature_scheme_name, 0x0906, "mldsa87"},
    {tls_signature_scheme_name, 0, NULL},
};

Test(tls_names, numbers_have_their_registered_names)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = cases[i].name(cases[i].number);
        if (cases[i].expected == NULL) {
            cr_expect_null(name, "%04x: %s", cases[i].number, name);
        } else {
            cr_assert_not_null(name, "%04x", cases[i].number);
            cr_expect_str_eq(name, cases[i].expected);
        }
    }
    /* RFC 8446 section 6; RFC 6066 section 3; -1 is "none" in observations. */
    cr_expect_str_eq(tls_alert_name(0), "close_notify");
    cr_expect_str_eq(tls_alert_name(40), "handshake_failure");
    cr_expect_str_eq(tls_alert_name(112), "unrecognized_name");
    cr_expect_str_eq(tls_alert_name(121), "ech_required");
    cr_expect_null(tls_alert_name(-1));
    cr_expect_null(tls_alert_name(256));
    cr_expect_null(tls_alert_name(65536 + 40));
}

static size_t names_of(const char *(*name)(uint16_t))
{
    size_t found = 0;
    for (uint32_t number = 0; number <= UINT16_MAX; number++) {
        found += name((uint16_t)number) != NULL;
    }
    return found;
}

static const char *alert(uint16_t number)
{
    return tls_alert_name(number);
}

/* The search needs ascending rows: one out of order could not be found. */
Test(tls_names, every_row_can_be_found)
{
    cr_expect_eq(names_of(tls_version_word), 5);
    cr_expect_eq(names_of(tls_cipher_name), 158);
    cr_expect_eq(names_of(tls_group_name), 52);
    cr_expect_eq(names_of(tls_signature_scheme_name), 31);
    cr_expect_eq(names_of(alert), 36);
}
