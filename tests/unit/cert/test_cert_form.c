#include <criterion/criterion.h>

#include "scanner/cert/cert_form.h"
#include "tests/support/test_ca.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define EXTENSION(nid, text) \
    .extensions = &(const struct test_extension){nid, text}, .extension_count = 1

static const struct {
    const char *why;
    struct test_cert_params params;
    bool plain;
} rows[] = {
    {"as most are", {.san = "DNS:mx.test,DNS:*.mx.test"}, true},
    {"without extensions, RFC 5280 section 4.1.2.1", {.version_1 = true}, true},
    {"a CA", {.ca = true, .depth = 1}, true},
    {"an RSA key", {.key = TEST_KEY_RSA2048, .san = "DNS:mx.test"}, true},
    {"Ed25519, RFC 8410", {.key = TEST_KEY_ED25519}, true},
    {"a key usage", {EXTENSION(NID_key_usage, "critical,digitalSignature")}, true},
    {"a negative serial number, RFC 5280 section 4.1.2.2", {.serial = -5}, false},
    {"addresses and others", {.san = "IP:192.0.2.1,email:a@mx.test,URI:https://mx.test/"}, true},
};

Test(cert_form, what_every_parser_reads)
{
    struct test_cert ca = test_cert_new(NULL, &(struct test_cert_params){.cn = "CA", .ca = true});
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_cert_params params = rows[i].params;
        params.cn = "mx.test";
        struct test_cert made = test_cert_new(&ca, &params);
        struct span der = test_cert_der(made.cert);
        cr_expect_eq(cert_form_is_plain(der), rows[i].plain, "%s", rows[i].why);
        OPENSSL_free((void *)(uintptr_t)der.at);
        test_cert_free(&made);
    }
    test_cert_free(&ca);
}

/* Go knows P-224 to P-521 alone, and refuses the whole list for any other curve in it. */
Test(cert_form, other_curves)
{
    EVP_PKEY *key = EVP_EC_gen("secp256k1");
    struct test_cert made =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .use_key = key});
    struct span der = test_cert_der(made.cert);
    cr_expect_not(cert_form_is_plain(der));
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&made);
    EVP_PKEY_free(key);
}

/* Places `to` over the only `from` in the certificate: the signature is nobody's business here. */
static void patch(struct span der, struct span from, struct span to, uint8_t *copy)
{
    size_t found = 0;
    size_t at = 0;
    memcpy(copy, der.at, der.len);
    for (size_t i = 0; i + from.len <= der.len; i++) {
        if (memcmp(der.at + i, from.at, from.len) == 0) {
            found++;
            at = i;
        }
    }
    cr_assert_eq(found, 1, "%zu places", found);
    memcpy(copy + at, to.at, to.len);
}

static const struct {
    const char *why;
    struct span from;
    struct span to;
} patches[] = {
    {"subjectAltName becomes a second basicConstraints, RFC 5280 section 4.2",
     SPAN_INIT("\x55\x1d\x11"), SPAN_INIT("\x55\x1d\x13")},
    {"a dNSName that is no ASCII", SPAN_INIT("alt.test"), SPAN_INIT("alt.t\xe9st")},
    {"the length of basicConstraints is wrong",
     SPAN_INIT("\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"),
     SPAN_INIT("\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x01")},
};

Test(cert_form, what_some_refuse)
{
    struct test_cert made = test_cert_new(
        NULL, &(struct test_cert_params){.cn = "mx.test",
                                         .san = "DNS:alt.test",
                                         EXTENSION(NID_basic_constraints, "critical,CA:FALSE")});
    struct span der = test_cert_der(made.cert);
    uint8_t *copy = malloc(der.len);
    CHECK(copy != NULL);
    cr_expect(cert_form_is_plain(der));
    for (size_t i = 0; i < COUNT(patches); i++) {
        patch(der, patches[i].from, patches[i].to, copy);
        cr_expect_not(cert_form_is_plain((struct span){copy, der.len}), "%s", patches[i].why);
    }
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *cut = malloc(len > 0 ? len : 1);
        CHECK(cut != NULL);
        memcpy(cut, der.at, len);
        cr_expect_not(cert_form_is_plain((struct span){cut, len}), "%zu octets", len);
        free(cut);
    }
    for (size_t i = 0; i < der.len; i++) {
        memcpy(copy, der.at, der.len);
        copy[i] ^= 0x80;
        (void)cert_form_is_plain((struct span){copy, der.len});
    }
    free(copy);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&made);
}
