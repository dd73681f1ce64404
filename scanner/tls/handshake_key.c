#include "scanner/tls/handshake_key.h"

#include <string.h>

#include "scanner/observation/tls_names.h"

enum handshake_key handshake_key_shown(const struct seen_tls *seen)
{
    const char *scheme = tls_signature_scheme_name(seen->signature_scheme);
    const char *cipher = tls_cipher_name(seen->cipher); /* says it before TLS 1.3 */
    bool by_scheme = scheme != NULL && strncmp(scheme, "rsa_", strlen("rsa_")) == 0;
    bool by_cipher = scheme == NULL && cipher != NULL && strstr(cipher, "_RSA_") != NULL;
    return by_scheme || by_cipher ? HANDSHAKE_KEY_RSA : HANDSHAKE_KEY_ECDSA;
}
