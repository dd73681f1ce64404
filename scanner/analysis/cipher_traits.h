#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * What a cipher suite gives and lacks, by the parts of its name at IANA: the names are made of
 * them (RFC 5246 appendix C, RFC 8446 appendix B.4).
 */
enum cipher_trait {
    /* A new key for each session, so that the key of the certificate does not open it later: DHE, ECDHE,
     * SRP, the anonymous ones, all of TLS 1.3. */
    CIPHER_FORWARD_SECRET = 1 << 0,
    CIPHER_ANONYMOUS = 1 << 1, /* no certificate: RFC 7672 section 8.2 */
    CIPHER_NULL = 1 << 2,      /* no encryption */
    CIPHER_EXPORT = 1 << 3,    /* 40 bits */
    CIPHER_RC4 = 1 << 4,       /* RFC 7465 */
    CIPHER_DES = 1 << 5,       /* 56 bits or 40 */
    CIPHER_3DES = 1 << 6,
    CIPHER_CBC = 1 << 7,  /* MAC, then encryption: RFC 7366 section 1 */
    CIPHER_AEAD = 1 << 8, /* GCM, CCM, POLY1305: RFC 5116 section 1 */
};

/** RFC 9325 section 4.1: no NULL, no RC4, nothing under 112 bits; 3DES by the size of its blocks. */
#define CIPHER_BROKEN \
    (CIPHER_ANONYMOUS | CIPHER_NULL | CIPHER_EXPORT | CIPHER_RC4 | CIPHER_DES | CIPHER_3DES)

/** @return false, `traits` 0, for a suite without a name in observation/tls_names.h. */
bool cipher_traits_of(uint16_t suite, unsigned *traits);
