#pragma once

#include "scanner/observation/seen_issuer.h"

/**
 * The caIssuers URL of a certificate (RFC 5280 section 4.2.2.1, RFC 3986), as far as it is asked: http
 * at port 80, as CAs have it, a host by name. HTTPS is not: who gets the issuer's certificate over
 * TLS has to have an issuer's certificate first.
 */
#define AIA_URL_MAX 1024 /* octets; our own bound */

struct aia_url {
    struct span host; /* as written; the caller makes a name of it */
    struct span path; /* with the query; may be empty */
};

/** @return NONE, else why it is not asked. Spans borrow from `url`. */
enum issuer_refusal aia_url_read(struct span url, struct aia_url *out);
