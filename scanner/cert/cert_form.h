#pragma once

#include "scanner/base/span.h"

/**
 * Is a certificate in the form that every parser of TLS libraries takes? GnuTLS and Go end the
 * handshake at what OpenSSL reads over: an extension that is there twice, a time that is none, a negative
 * serial number, a name that is no ASCII, a basicConstraints that is no DER, a
 * signature or a curve that they do not know.
 * Read straight from DER, because every endpoint needs it. "No" says only that some may refuse it.
 */
bool cert_form_is_plain(struct span der);
