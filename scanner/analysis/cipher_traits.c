#include "scanner/analysis/cipher_traits.h"

#include <stddef.h>
#include <string.h>

#include "scanner/observation/tls_names.h"

static const struct {
    const char *part;
    unsigned traits;
} parts[] = {
    {"_DHE_", CIPHER_FORWARD_SECRET},
    {"_ECDHE_", CIPHER_FORWARD_SECRET},
    {"_SRP_", CIPHER_FORWARD_SECRET},
    {"_anon_", CIPHER_FORWARD_SECRET | CIPHER_ANONYMOUS},
    {"_NULL_", CIPHER_NULL},
    {"_EXPORT_", CIPHER_EXPORT},
    {"_RC4_", CIPHER_RC4},
    {"_DES_", CIPHER_DES},
    {"_DES40_", CIPHER_DES},
    {"_3DES_", CIPHER_3DES},
    {"_CBC_", CIPHER_CBC},
    {"_GCM_", CIPHER_AEAD},
    {"_CCM", CIPHER_AEAD},
    {"_POLY1305_", CIPHER_AEAD},
};

bool cipher_traits_of(uint16_t suite, unsigned *traits)
{
    const char *name = tls_cipher_name(suite);
    *traits = 0;
    if (name == NULL) {
        return false;
    }
    /* Suites of TLS 1.3 do not name a key exchange, which is always an ephemeral one here. */
    *traits |= strstr(name, "_WITH_") == NULL ? CIPHER_FORWARD_SECRET : 0U;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        *traits |= strstr(name, parts[i].part) != NULL ? parts[i].traits : 0U;
    }
    return true;
}
