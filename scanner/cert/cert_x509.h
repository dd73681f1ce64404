#pragma once

#include <openssl/x509.h>

#include "scanner/cert/cert_info.h"

/** As cert_info_read(), and hands over OpenSSL's object as well: parsing is what costs most.
 * @return NULL where cert_info_read() returns false; else to be freed with X509_free(). */
X509 *cert_info_read_x509(struct span der, struct cert_info *out);
