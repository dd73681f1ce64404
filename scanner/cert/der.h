#pragma once

#include "scanner/base/span.h"

/**
 * As much of DER (ITU-T X.690) as it takes to cut a certificate into its parts by octets, for
 * what must be hashed as encoded: OpenSSL would encode it again.
 */
struct der_parts {
    struct span tbs;  /* TBSCertificate, RFC 5280 section 4.1 */
    struct span spki; /* SubjectPublicKeyInfo inside it */
};

/** @return false, `out` unchanged, when `der` does not begin with a certificate in DER. Octets
 * behind it are not looked at. */
bool der_certificate_parts(struct span der, struct der_parts *out);
