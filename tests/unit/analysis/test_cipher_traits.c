#include <criterion/criterion.h>

#include "scanner/analysis/cipher_traits.h"

struct trait_case {
    uint16_t suite;
    const char *name;
    bool known;
    unsigned traits;
};

#define FS CIPHER_FORWARD_SECRET

static const struct trait_case cases[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256 (RFC 8446 B.4)", true, FS | CIPHER_AEAD},
    {0x1305, "TLS_AES_128_CCM_8_SHA256", true, FS | CIPHER_AEAD},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (RFC 5289)", true, FS | CIPHER_AEAD},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 (RFC 5288)", true, FS | CIPHER_AEAD},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256 (RFC 5288)", true, CIPHER_AEAD},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 (RFC 7905)", true, FS | CIPHER_AEAD},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA (RFC 5246 A.5)", true, CIPHER_CBC},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA (RFC 8422)", true, FS | CIPHER_CBC},
    {0xc0aa, "TLS_PSK_DHE_WITH_AES_128_CCM_8 (RFC 6655)", true, FS | CIPHER_AEAD},
    {0xc0a4, "TLS_PSK_WITH_AES_128_CCM (RFC 6655)", true, CIPHER_AEAD},
    {0xc01d, "TLS_SRP_SHA_WITH_AES_128_CBC_SHA (RFC 5054)", true, FS | CIPHER_CBC},
    {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA (RFC 5246 A.5)", true,
     FS | CIPHER_ANONYMOUS | CIPHER_CBC},
    {0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA", true, FS | CIPHER_ANONYMOUS | CIPHER_RC4},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA (RFC 7465)", true, CIPHER_RC4},
    {0x0009, "TLS_RSA_WITH_DES_CBC_SHA (RFC 5469)", true, CIPHER_DES | CIPHER_CBC},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA: 3DES is not DES", true, CIPHER_3DES | CIPHER_CBC},
    {0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA (RFC 4346 A.5)", true,
     FS | CIPHER_EXPORT | CIPHER_DES | CIPHER_CBC},
    {0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5 (RFC 4346 A.5)", true, CIPHER_EXPORT | CIPHER_CBC},
    {0x003b, "TLS_RSA_WITH_NULL_SHA256 (RFC 5246 A.5)", true, CIPHER_NULL},
    {0x0000, "TLS_NULL_WITH_NULL_NULL: no suite (RFC 5246 A.5)", false, 0},
    {0x5600, "TLS_FALLBACK_SCSV: a signal, no suite (RFC 7507)", false, 0},
};

Test(cipher_traits, by_the_parts_of_the_name)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned traits = 0xffff;
        cr_expect_eq(cipher_traits_of(cases[i].suite, &traits), cases[i].known, "%s",
                     cases[i].name);
        cr_expect_eq(traits, cases[i].traits, "%s: %x", cases[i].name, traits);
    }
}
