#pragma once

#include "scanner/base/buf.h"

/**
 * The names of a certificate that can identify a mail server, read straight from its DER, without
 * OpenSSL, because every endpoint needs them: dNSName entries of subjectAltName in their order
 * (RFC 5280 section 4.2.1.6), then the common names of the subject in theirs: the last one is the
 * most specific.
 *
 * The packed form is what a service keeps of its default certificate: entries of one octet
 * (enum cert_names_kind), a 16-bit big-endian length and the octets as in the certificate.
 * A common name in BMPString or UniversalString has two or four octets for each character, so
 * that it identifies nothing.
 *
 * The names are those of cert_info_read() wherever that reads subjectAltName and subject, in DER.
 * A subjectAltName that is no list of GeneralNames counts as absent, as it does in OpenSSL; of
 * names other than dNSName only the tag is looked at.
 */
/** Octets: the names of any list that TLS_LIST_MAX lets in. Further ones are dropped; our own bound. */
#define CERT_NAMES_PACKED_MAX (384U << 10)

enum cert_names_kind {
    CERT_NAMES_DNS = 1, /* dNSName */
    CERT_NAMES_CN = 2,  /* common name of the subject */
    /* The last entry, empty: there is an iPAddress and no dNSName. Some verifiers then look at no
     * common name (RFC 6125 section 6.4.4). */
    CERT_NAMES_ADDRESS = 3,
};

/** Appends the packed names of the certificate `der` to `packed`.
 * @return false, nothing appended, when `der` is no certificate. Without names nothing is
 * appended, and the result is true. */
bool cert_names_pack(struct span der, struct buf *packed);

/** Takes the next entry off `*packed`. @return false at the end or at octets of another form. */
bool cert_names_next(struct span *packed, enum cert_names_kind *kind, struct span *name);
